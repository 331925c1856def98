// How Go's types of our kinds and of pod templates are built, as plugins know them: Argo Rollouts 1.9, k8s.io/api 0.34.
// A field is `Name type`, or `Name=json type` where JSON does not call it `name`; `^` stands for the members of a struct
// that JSON has one level up. Read by go-types.ts; facts, checked against the real types by test/plugins.

export const REFERENCE_TYPES: Readonly<Record<string, string>> = {
  ALBStatus:
    'LoadBalancer AwsResourceRef, CanaryTargetGroup AwsResourceRef, StableTargetGroup AwsResourceRef, Ingress string',
  ALBTrafficRouting:
    'Ingress string, ServicePort int, RootService string, AnnotationPrefix string, StickinessConfig StickinessConfig, Ingresses []string',
  AWSElasticBlockStoreVolumeSource:
    'VolumeID string, FSType=fsType string, Partition int, ReadOnly bool',
  Affinity: 'NodeAffinity NodeAffinity, PodAffinity PodAffinity, PodAntiAffinity PodAntiAffinity',
  AmbassadorTrafficRouting: 'Mappings []string',
  AnalysisRun:
    'TypeMeta=^ TypeMeta, ObjectMeta=metadata ObjectMeta, Spec AnalysisRunSpec, Status AnalysisRunStatus',
  AnalysisRunArgument: 'Name string, Value string, ValueFrom ArgumentValueFrom',
  AnalysisRunMetadata: 'Labels map[string]string, Annotations map[string]string',
  AnalysisRunSpec:
    'Metrics []Metric, Args []Argument, Terminate bool, DryRun []DryRun, MeasurementRetention []MeasurementRetention, TTLStrategy=ttlStrategy TTLStrategy',
  AnalysisRunStatus:
    'Phase string, Message string, MetricResults []MetricResult, StartedAt time, RunSummary RunSummary, DryRunSummary RunSummary, CompletedAt time',
  AnalysisRunStrategy: 'SuccessfulRunHistoryLimit int, UnsuccessfulRunHistoryLimit int',
  AnalysisTemplateRef: 'TemplateName string, ClusterScope bool',
  AntiAffinity:
    'PreferredDuringSchedulingIgnoredDuringExecution PreferredDuringSchedulingIgnoredDuringExecution, RequiredDuringSchedulingIgnoredDuringExecution RequiredDuringSchedulingIgnoredDuringExecution',
  ApisixRoute: 'Name string, Rules []string',
  ApisixTrafficRouting: 'Route ApisixRoute',
  AppArmorProfile: 'Type string, LocalhostProfile string',
  AppMeshTrafficRouting:
    'VirtualService AppMeshVirtualService, VirtualNodeGroup AppMeshVirtualNodeGroup',
  AppMeshVirtualNodeGroup:
    'CanaryVirtualNodeRef AppMeshVirtualNodeReference, StableVirtualNodeRef AppMeshVirtualNodeReference',
  AppMeshVirtualNodeReference: 'Name string',
  AppMeshVirtualService: 'Name string, Routes []string',
  Argument: 'Name string, Value string, ValueFrom ValueFrom',
  ArgumentValueFrom: 'PodTemplateHashValue string, FieldRef FieldRef',
  Authentication: 'Sigv4 Sigv4Config, OAuth2=oauth2 OAuth2Config',
  AwsResourceRef: 'Name string, ARN=arn string, FullName string',
  AzureDiskVolumeSource:
    'DiskName string, DataDiskURI=diskURI string, CachingMode string, FSType=fsType string, ReadOnly bool, Kind string',
  AzureFileVolumeSource: 'SecretName string, ShareName string, ReadOnly bool',
  BlueGreenStatus:
    'PreviewSelector string, ActiveSelector string, ScaleUpPreviewCheckPoint bool, PrePromotionAnalysisRunStatus RolloutAnalysisRunStatus, PostPromotionAnalysisRunStatus RolloutAnalysisRunStatus',
  BlueGreenStrategy:
    'ActiveService string, PreviewService string, PreviewReplicaCount int, AutoPromotionEnabled bool, AutoPromotionSeconds int, MaxUnavailable IntOrString, ScaleDownDelaySeconds int, ScaleDownDelayRevisionLimit int, PrePromotionAnalysis RolloutAnalysis, AntiAffinity AntiAffinity, PostPromotionAnalysis RolloutAnalysis, PreviewMetadata PodTemplateMetadata, ActiveMetadata PodTemplateMetadata, AbortScaleDownDelaySeconds int',
  CSIVolumeSource:
    'Driver string, ReadOnly bool, FSType=fsType string, VolumeAttributes map[string]string, NodePublishSecretRef LocalObjectReference',
  CanaryStatus:
    'CurrentStepAnalysisRunStatus RolloutAnalysisRunStatus, CurrentBackgroundAnalysisRunStatus RolloutAnalysisRunStatus, CurrentExperiment string, Weights TrafficWeights, StablePingPong string, StepPluginStatuses []StepPluginStatus',
  CanaryStep:
    'SetWeight int, Pause RolloutPause, Experiment RolloutExperimentStep, Analysis RolloutAnalysis, SetCanaryScale SetCanaryScale, SetHeaderRoute SetHeaderRoute, SetMirrorRoute SetMirrorRoute, Plugin PluginStep',
  CanaryStrategy:
    'CanaryService string, StableService string, Steps []CanaryStep, TrafficRouting RolloutTrafficRouting, MaxUnavailable IntOrString, MaxSurge IntOrString, Analysis RolloutAnalysisBackground, AntiAffinity AntiAffinity, CanaryMetadata PodTemplateMetadata, StableMetadata PodTemplateMetadata, ScaleDownDelaySeconds int, ScaleDownDelayRevisionLimit int, AbortScaleDownDelaySeconds int, DynamicStableScale bool, PingPong PingPongSpec, MinPodsPerReplicaSet int, ReplicaProgressThreshold ReplicaProgressThreshold',
  Capabilities: 'Add []string, Drop []string',
  CephFSVolumeSource:
    'Monitors []string, Path string, User string, SecretFile string, SecretRef LocalObjectReference, ReadOnly bool',
  CinderVolumeSource:
    'VolumeID string, FSType=fsType string, ReadOnly bool, SecretRef LocalObjectReference',
  CloudWatchMetric: 'Interval string, MetricDataQueries []CloudWatchMetricDataQuery',
  CloudWatchMetricDataQuery:
    'Id string, Expression string, Label string, MetricStat CloudWatchMetricStat, Period IntOrString, ReturnData bool',
  CloudWatchMetricStat:
    'Metric CloudWatchMetricStatMetric, Period IntOrString, Stat string, Unit string',
  CloudWatchMetricStatMetric:
    'Dimensions []CloudWatchMetricStatMetricDimension, MetricName string, Namespace string',
  CloudWatchMetricStatMetricDimension: 'Name string, Value string',
  ClusterTrustBundleProjection:
    'Name string, SignerName string, LabelSelector LabelSelector, Optional bool, Path string',
  ConfigMapEnvSource: 'LocalObjectReference=^ LocalObjectReference, Optional bool',
  ConfigMapKeySelector: 'LocalObjectReference=^ LocalObjectReference, Key string, Optional bool',
  ConfigMapProjection:
    'LocalObjectReference=^ LocalObjectReference, Items []KeyToPath, Optional bool',
  ConfigMapVolumeSource:
    'LocalObjectReference=^ LocalObjectReference, Items []KeyToPath, DefaultMode int, Optional bool',
  Container:
    'Name string, Image string, Command []string, Args []string, WorkingDir string, Ports []ContainerPort, EnvFrom []EnvFromSource, Env []EnvVar, Resources ResourceRequirements, ResizePolicy []ContainerResizePolicy, RestartPolicy string, RestartPolicyRules []ContainerRestartRule, VolumeMounts []VolumeMount, VolumeDevices []VolumeDevice, LivenessProbe Probe, ReadinessProbe Probe, StartupProbe Probe, Lifecycle Lifecycle, TerminationMessagePath string, TerminationMessagePolicy string, ImagePullPolicy string, SecurityContext SecurityContext, Stdin bool, StdinOnce bool, TTY=tty bool',
  ContainerPort: 'Name string, HostPort int, ContainerPort int, Protocol string, HostIP string',
  ContainerResizePolicy: 'ResourceName string, RestartPolicy string',
  ContainerRestartRule: 'Action string, ExitCodes ContainerRestartRuleOnExitCodes',
  ContainerRestartRuleOnExitCodes: 'Operator string, Values []int',
  DatadogMetric:
    'Interval string, Query string, Queries map[string]string, Formula string, ApiVersion string, Aggregator string, SecretRef SecretRef',
  DownwardAPIProjection: 'Items []DownwardAPIVolumeFile',
  DownwardAPIVolumeFile:
    'Path string, FieldRef ObjectFieldSelector, ResourceFieldRef ResourceFieldSelector, Mode int',
  DownwardAPIVolumeSource: 'Items []DownwardAPIVolumeFile, DefaultMode int',
  DryRun: 'MetricName string',
  EmptyDirVolumeSource: 'Medium string, SizeLimit Quantity',
  EnvFromSource: 'Prefix string, ConfigMapRef ConfigMapEnvSource, SecretRef SecretEnvSource',
  EnvVar: 'Name string, Value string, ValueFrom EnvVarSource',
  EnvVarSource:
    'FieldRef ObjectFieldSelector, ResourceFieldRef ResourceFieldSelector, ConfigMapKeyRef ConfigMapKeySelector, SecretKeyRef SecretKeySelector, FileKeyRef FileKeySelector',
  EphemeralContainer:
    'EphemeralContainerCommon=^ EphemeralContainerCommon, TargetContainerName string',
  EphemeralContainerCommon:
    'Name string, Image string, Command []string, Args []string, WorkingDir string, Ports []ContainerPort, EnvFrom []EnvFromSource, Env []EnvVar, Resources ResourceRequirements, ResizePolicy []ContainerResizePolicy, RestartPolicy string, RestartPolicyRules []ContainerRestartRule, VolumeMounts []VolumeMount, VolumeDevices []VolumeDevice, LivenessProbe Probe, ReadinessProbe Probe, StartupProbe Probe, Lifecycle Lifecycle, TerminationMessagePath string, TerminationMessagePolicy string, ImagePullPolicy string, SecurityContext SecurityContext, Stdin bool, StdinOnce bool, TTY=tty bool',
  EphemeralVolumeSource: 'VolumeClaimTemplate PersistentVolumeClaimTemplate',
  ExecAction: 'Command []string',
  FCVolumeSource:
    'TargetWWNs []string, Lun int, FSType=fsType string, ReadOnly bool, WWIDs=wwids []string',
  FieldRef: 'FieldPath string',
  FileKeySelector: 'VolumeName string, Path string, Key string, Optional bool',
  FlexVolumeSource:
    'Driver string, FSType=fsType string, SecretRef LocalObjectReference, ReadOnly bool, Options map[string]string',
  FlockerVolumeSource: 'DatasetName string, DatasetUUID string',
  GCEPersistentDiskVolumeSource:
    'PDName=pdName string, FSType=fsType string, Partition int, ReadOnly bool',
  GRPCAction: 'Port int, Service string',
  GitRepoVolumeSource: 'Repository string, Revision string, Directory string',
  GlusterfsVolumeSource: 'EndpointsName=endpoints string, Path string, ReadOnly bool',
  GraphiteMetric: 'Address string, Query string',
  HTTPGetAction:
    'Path string, Port IntOrString, Host string, Scheme string, HTTPHeaders=httpHeaders []HTTPHeader',
  HTTPHeader: 'Name string, Value string',
  HeaderRoutingMatch: 'HeaderName string, HeaderValue StringMatch',
  HostAlias: 'IP=ip string, Hostnames []string',
  HostPathVolumeSource: 'Path string, Type string',
  ISCSIVolumeSource:
    'TargetPortal string, IQN=iqn string, Lun int, ISCSIInterface=iscsiInterface string, FSType=fsType string, ReadOnly bool, Portals []string, DiscoveryCHAPAuth=chapAuthDiscovery bool, SessionCHAPAuth=chapAuthSession bool, SecretRef LocalObjectReference, InitiatorName string',
  ImageVolumeSource: 'Reference string, PullPolicy string',
  InfluxdbMetric: 'Profile string, Query string',
  IstioDestinationRule:
    'Name string, CanarySubsetName string, StableSubsetName string, AdditionalSubsetNames []string',
  IstioTrafficRouting:
    'VirtualService IstioVirtualService, DestinationRule IstioDestinationRule, VirtualServices []IstioVirtualService',
  IstioVirtualService:
    'Name string, Routes []string, TLSRoutes=tlsRoutes []TLSRoute, TCPRoutes=tcpRoutes []TCPRoute',
  JobMetric: 'Metadata ObjectMeta, Spec JobSpec',
  JobSpec:
    'Parallelism int, Completions int, ActiveDeadlineSeconds int, PodFailurePolicy PodFailurePolicy, SuccessPolicy SuccessPolicy, BackoffLimit int, BackoffLimitPerIndex int, MaxFailedIndexes int, Selector LabelSelector, ManualSelector bool, Template PodTemplateSpec, TTLSecondsAfterFinished=ttlSecondsAfterFinished int, CompletionMode string, Suspend bool, PodReplacementPolicy string, ManagedBy string',
  KayentaMetric:
    'Address string, Application string, CanaryConfigName string, MetricsAccountName string, ConfigurationAccountName string, StorageAccountName string, Threshold KayentaThreshold, Scopes []KayentaScope, Lookback bool',
  KayentaScope: 'Name string, ControlScope ScopeDetail, ExperimentScope ScopeDetail',
  KayentaThreshold: 'Pass int, Marginal int',
  KeyToPath: 'Key string, Path string, Mode int',
  LabelSelector: 'MatchLabels map[string]string, MatchExpressions []LabelSelectorRequirement',
  LabelSelectorRequirement: 'Key string, Operator string, Values []string',
  Lifecycle: 'PostStart LifecycleHandler, PreStop LifecycleHandler, StopSignal string',
  LifecycleHandler:
    'Exec ExecAction, HTTPGet=httpGet HTTPGetAction, TCPSocket=tcpSocket TCPSocketAction, Sleep SleepAction',
  LocalObjectReference: 'Name string',
  MangedRoutes: 'Name string',
  Measurement:
    'Phase string, Message string, StartedAt time, FinishedAt time, Value string, Metadata map[string]string, ResumeAt time',
  MeasurementRetention: 'MetricName string, Limit int',
  Metric:
    'Name string, Interval string, InitialDelay string, Count IntOrString, SuccessCondition string, FailureCondition string, FailureLimit IntOrString, InconclusiveLimit IntOrString, ConsecutiveErrorLimit IntOrString, Provider MetricProvider, ConsecutiveSuccessLimit IntOrString',
  MetricProvider:
    'Prometheus PrometheusMetric, Kayenta KayentaMetric, Web WebMetric, Datadog DatadogMetric, Wavefront WavefrontMetric, NewRelic NewRelicMetric, Job JobMetric, CloudWatch CloudWatchMetric, Graphite GraphiteMetric, Influxdb InfluxdbMetric, SkyWalking=skywalking SkyWalkingMetric, Plugin map[string]json',
  MetricResult:
    'Name string, Phase string, Measurements []Measurement, Message string, Count int, Successful int, Failed int, Inconclusive int, Error int, ConsecutiveError int, DryRun bool, Metadata map[string]string, ConsecutiveSuccess int',
  NFSVolumeSource: 'Server string, Path string, ReadOnly bool',
  NewRelicMetric: 'Profile string, Query string, Timeout int',
  NginxTrafficRouting:
    'AnnotationPrefix string, StableIngress string, AdditionalIngressAnnotations map[string]string, StableIngresses []string, CanaryIngressAnnotations map[string]string',
  NodeAffinity:
    'RequiredDuringSchedulingIgnoredDuringExecution NodeSelector, PreferredDuringSchedulingIgnoredDuringExecution []PreferredSchedulingTerm',
  NodeSelector: 'NodeSelectorTerms []NodeSelectorTerm',
  NodeSelectorRequirement: 'Key string, Operator string, Values []string',
  NodeSelectorTerm:
    'MatchExpressions []NodeSelectorRequirement, MatchFields []NodeSelectorRequirement',
  OAuth2Config:
    'TokenURL=tokenUrl string, ClientID=clientId string, ClientSecret string, Scopes []string',
  ObjectFieldSelector: 'APIVersion=apiVersion string, FieldPath string',
  ObjectMeta:
    'Name string, GenerateName string, Namespace string, SelfLink string, UID=uid string, ResourceVersion string, Generation int, CreationTimestamp time, DeletionTimestamp time, DeletionGracePeriodSeconds int, Labels map[string]string, Annotations map[string]string, OwnerReferences []OwnerReference, Finalizers []string',
  ObjectRef: 'APIVersion=apiVersion string, Kind string, Name string, ScaleDown string',
  OwnerReference:
    'APIVersion=apiVersion string, Kind string, Name string, UID=uid string, Controller bool, BlockOwnerDeletion bool',
  PauseCondition: 'Reason string, StartTime time',
  PersistentVolumeClaimSpec:
    'AccessModes []string, Selector LabelSelector, Resources VolumeResourceRequirements, VolumeName string, StorageClassName string, VolumeMode string, DataSource TypedLocalObjectReference, DataSourceRef TypedObjectReference, VolumeAttributesClassName string',
  PersistentVolumeClaimTemplate: 'ObjectMeta=metadata ObjectMeta, Spec PersistentVolumeClaimSpec',
  PersistentVolumeClaimVolumeSource: 'ClaimName string, ReadOnly bool',
  PhotonPersistentDiskVolumeSource: 'PdID string, FSType=fsType string',
  PingPongSpec: 'PingService string, PongService string',
  PluginStep: 'Name string, Config json',
  PodAffinity:
    'RequiredDuringSchedulingIgnoredDuringExecution []PodAffinityTerm, PreferredDuringSchedulingIgnoredDuringExecution []WeightedPodAffinityTerm',
  PodAffinityTerm:
    'LabelSelector LabelSelector, Namespaces []string, TopologyKey string, NamespaceSelector LabelSelector, MatchLabelKeys []string, MismatchLabelKeys []string',
  PodAntiAffinity:
    'RequiredDuringSchedulingIgnoredDuringExecution []PodAffinityTerm, PreferredDuringSchedulingIgnoredDuringExecution []WeightedPodAffinityTerm',
  PodCertificateProjection:
    'SignerName string, KeyType string, MaxExpirationSeconds int, CredentialBundlePath string, KeyPath string, CertificateChainPath string',
  PodDNSConfig: 'Nameservers []string, Searches []string, Options []PodDNSConfigOption',
  PodDNSConfigOption: 'Name string, Value string',
  PodFailurePolicy: 'Rules []PodFailurePolicyRule',
  PodFailurePolicyOnExitCodesRequirement: 'ContainerName string, Operator string, Values []int',
  PodFailurePolicyOnPodConditionsPattern: 'Type string, Status string',
  PodFailurePolicyRule:
    'Action string, OnExitCodes PodFailurePolicyOnExitCodesRequirement, OnPodConditions []PodFailurePolicyOnPodConditionsPattern',
  PodOS: 'Name string',
  PodReadinessGate: 'ConditionType string',
  PodResourceClaim: 'Name string, ResourceClaimName string, ResourceClaimTemplateName string',
  PodSchedulingGate: 'Name string',
  PodSecurityContext:
    'SELinuxOptions=seLinuxOptions SELinuxOptions, WindowsOptions WindowsSecurityContextOptions, RunAsUser int, RunAsGroup int, RunAsNonRoot bool, SupplementalGroups []int, SupplementalGroupsPolicy string, FSGroup=fsGroup int, Sysctls []Sysctl, FSGroupChangePolicy=fsGroupChangePolicy string, SeccompProfile SeccompProfile, AppArmorProfile AppArmorProfile, SELinuxChangePolicy=seLinuxChangePolicy string',
  PodSpec:
    'Volumes []Volume, InitContainers []Container, Containers []Container, EphemeralContainers []EphemeralContainer, RestartPolicy string, TerminationGracePeriodSeconds int, ActiveDeadlineSeconds int, DNSPolicy=dnsPolicy string, NodeSelector map[string]string, ServiceAccountName string, DeprecatedServiceAccount=serviceAccount string, AutomountServiceAccountToken bool, NodeName string, HostNetwork bool, HostPID bool, HostIPC bool, ShareProcessNamespace bool, SecurityContext PodSecurityContext, ImagePullSecrets []LocalObjectReference, Hostname string, Subdomain string, Affinity Affinity, SchedulerName string, Tolerations []Toleration, HostAliases []HostAlias, PriorityClassName string, Priority int, DNSConfig=dnsConfig PodDNSConfig, ReadinessGates []PodReadinessGate, RuntimeClassName string, EnableServiceLinks bool, PreemptionPolicy string, Overhead map[string]Quantity, TopologySpreadConstraints []TopologySpreadConstraint, SetHostnameAsFQDN bool, OS=os PodOS, HostUsers bool, SchedulingGates []PodSchedulingGate, ResourceClaims []PodResourceClaim, Resources ResourceRequirements, HostnameOverride string',
  PodTemplateMetadata: 'Labels map[string]string, Annotations map[string]string',
  PodTemplateSpec: 'ObjectMeta=metadata ObjectMeta, Spec PodSpec',
  PortworxVolumeSource: 'VolumeID string, FSType=fsType string, ReadOnly bool',
  PreferredDuringSchedulingIgnoredDuringExecution: 'Weight int',
  PreferredSchedulingTerm: 'Weight int, Preference NodeSelectorTerm',
  Probe:
    'ProbeHandler=^ ProbeHandler, InitialDelaySeconds int, TimeoutSeconds int, PeriodSeconds int, SuccessThreshold int, FailureThreshold int, TerminationGracePeriodSeconds int',
  ProbeHandler:
    'Exec ExecAction, HTTPGet=httpGet HTTPGetAction, TCPSocket=tcpSocket TCPSocketAction, GRPC=grpc GRPCAction',
  ProjectedVolumeSource: 'Sources []VolumeProjection, DefaultMode int',
  PrometheusMetric:
    'Address string, Query string, Authentication Authentication, Timeout int, Insecure bool, Headers []WebMetricHeader, RangeQuery PrometheusRangeQueryArgs',
  PrometheusRangeQueryArgs: 'Start string, End string, Step string',
  QuobyteVolumeSource:
    'Registry string, Volume string, ReadOnly bool, User string, Group string, Tenant string',
  RBDVolumeSource:
    'CephMonitors=monitors []string, RBDImage=image string, FSType=fsType string, RBDPool=pool string, RadosUser=user string, Keyring string, SecretRef LocalObjectReference, ReadOnly bool',
  ReplicaProgressThreshold: 'Type string, Value int',
  RequiredDuringSchedulingIgnoredDuringExecution: '',
  ResourceClaim: 'Name string, Request string',
  ResourceFieldSelector: 'ContainerName string, Resource string, Divisor Quantity',
  ResourceRequirements:
    'Limits map[string]Quantity, Requests map[string]Quantity, Claims []ResourceClaim',
  RollbackWindowSpec: 'Revisions int',
  Rollout:
    'TypeMeta=^ TypeMeta, ObjectMeta=metadata ObjectMeta, Spec RolloutSpec, Status RolloutStatus',
  RolloutAnalysis:
    'Templates []AnalysisTemplateRef, Args []AnalysisRunArgument, DryRun []DryRun, MeasurementRetention []MeasurementRetention, AnalysisRunMetadata AnalysisRunMetadata',
  RolloutAnalysisBackground: 'RolloutAnalysis=^ RolloutAnalysis, StartingStep int',
  RolloutAnalysisRunStatus: 'Name string, Status string, Message string',
  RolloutCondition:
    'Type string, Status string, LastUpdateTime time, LastTransitionTime time, Reason string, Message string',
  RolloutExperimentStep:
    'Templates []RolloutExperimentTemplate, Duration string, Analyses []RolloutExperimentStepAnalysisTemplateRef, DryRun []DryRun, AnalysisRunMetadata AnalysisRunMetadata, ScaleDownDelaySeconds int',
  RolloutExperimentStepAnalysisTemplateRef:
    'Name string, TemplateName string, ClusterScope bool, Args []AnalysisRunArgument, RequiredForCompletion bool',
  RolloutExperimentTemplate:
    'Name string, SpecRef string, Replicas int, Metadata PodTemplateMetadata, Selector LabelSelector, Weight int, Service TemplateService',
  RolloutPause: 'Duration IntOrString',
  RolloutSpec:
    'Replicas int, Selector LabelSelector, Template PodTemplateSpec, WorkloadRef ObjectRef, MinReadySeconds int, RollbackWindow RollbackWindowSpec, Strategy RolloutStrategy, RevisionHistoryLimit int, Paused bool, ProgressDeadlineSeconds int, ProgressDeadlineAbort bool, RestartAt time, Analysis AnalysisRunStrategy',
  RolloutStatus:
    'Abort bool, PauseConditions []PauseCondition, ControllerPause bool, AbortedAt time, CurrentPodHash string, CurrentStepHash string, Replicas int, UpdatedReplicas int, ReadyReplicas int, AvailableReplicas int, CurrentStepIndex int, CollisionCount int, ObservedGeneration string, Conditions []RolloutCondition, Canary CanaryStatus, BlueGreen BlueGreenStatus, HPAReplicas=HPAReplicas int, Selector string, StableRS string, RestartedAt time, PromoteFull bool, Phase string, Message string, WorkloadObservedGeneration string, ALB=alb ALBStatus, ALBs=albs []ALBStatus',
  RolloutStrategy: 'BlueGreen BlueGreenStrategy, Canary CanaryStrategy',
  RolloutTrafficRouting:
    'Istio IstioTrafficRouting, Nginx NginxTrafficRouting, ALB=alb ALBTrafficRouting, SMI=smi SMITrafficRouting, Ambassador AmbassadorTrafficRouting, AppMesh AppMeshTrafficRouting, Traefik TraefikTrafficRouting, ManagedRoutes []MangedRoutes, Apisix ApisixTrafficRouting, Plugins map[string]json, MaxTrafficWeight int',
  RouteMatch: 'Method StringMatch, Path StringMatch, Headers map[string]StringMatch',
  RunSummary: 'Count int, Successful int, Failed int, Inconclusive int, Error int',
  SELinuxOptions: 'User string, Role string, Type string, Level string',
  SMITrafficRouting: 'RootService string, TrafficSplitName string',
  ScaleIOVolumeSource:
    'Gateway string, System string, SecretRef LocalObjectReference, SSLEnabled=sslEnabled bool, ProtectionDomain string, StoragePool string, StorageMode string, VolumeName string, FSType=fsType string, ReadOnly bool',
  ScopeDetail: 'Scope string, Region string, Step int, Start string, End string',
  SeccompProfile: 'Type string, LocalhostProfile string',
  SecretEnvSource: 'LocalObjectReference=^ LocalObjectReference, Optional bool',
  SecretKeyRef: 'Name string, Key string',
  SecretKeySelector: 'LocalObjectReference=^ LocalObjectReference, Key string, Optional bool',
  SecretProjection: 'LocalObjectReference=^ LocalObjectReference, Items []KeyToPath, Optional bool',
  SecretRef: 'Name string, Namespaced bool',
  SecretVolumeSource: 'SecretName string, Items []KeyToPath, DefaultMode int, Optional bool',
  SecurityContext:
    'Capabilities Capabilities, Privileged bool, SELinuxOptions=seLinuxOptions SELinuxOptions, WindowsOptions WindowsSecurityContextOptions, RunAsUser int, RunAsGroup int, RunAsNonRoot bool, ReadOnlyRootFilesystem bool, AllowPrivilegeEscalation bool, ProcMount string, SeccompProfile SeccompProfile, AppArmorProfile AppArmorProfile',
  ServiceAccountTokenProjection: 'Audience string, ExpirationSeconds int, Path string',
  SetCanaryScale: 'Weight int, Replicas int, MatchTrafficWeight bool',
  SetHeaderRoute: 'Name string, Match []HeaderRoutingMatch',
  SetMirrorRoute: 'Name string, Match []RouteMatch, Percentage int',
  Sigv4Config: 'Region string, Profile string, RoleARN=roleArn string',
  SkyWalkingMetric: 'Address string, Query string, Interval string',
  SleepAction: 'Seconds int',
  StepPluginStatus:
    'Index int, Name string, Operation string, Phase string, Message string, StartedAt time, UpdatedAt time, FinishedAt time, Backoff string, Executions int, Disabled bool, Status json',
  StickinessConfig: 'Enabled bool, DurationSeconds int',
  StorageOSVolumeSource:
    'VolumeName string, VolumeNamespace string, FSType=fsType string, ReadOnly bool, SecretRef LocalObjectReference',
  StringMatch: 'Exact string, Prefix string, Regex string',
  SuccessPolicy: 'Rules []SuccessPolicyRule',
  SuccessPolicyRule: 'SucceededIndexes string, SucceededCount int',
  Sysctl: 'Name string, Value string',
  TCPRoute: 'Port int',
  TCPSocketAction: 'Port IntOrString, Host string',
  TLSRoute: 'Port int, SNIHosts=sniHosts []string',
  TTLStrategy: 'SecondsAfterCompletion int, SecondsAfterFailure int, SecondsAfterSuccess int',
  TemplateService: 'Name string',
  Toleration: 'Key string, Operator string, Value string, Effect string, TolerationSeconds int',
  TopologySpreadConstraint:
    'MaxSkew int, TopologyKey string, WhenUnsatisfiable string, LabelSelector LabelSelector, MinDomains int, NodeAffinityPolicy string, NodeTaintsPolicy string, MatchLabelKeys []string',
  TraefikTrafficRouting: 'WeightedTraefikServiceName string',
  TrafficWeights:
    'Canary WeightDestination, Stable WeightDestination, Additional []WeightDestination, Verified bool',
  TypeMeta: 'Kind string, APIVersion=apiVersion string',
  TypedLocalObjectReference: 'APIGroup=apiGroup string, Kind string, Name string',
  TypedObjectReference: 'APIGroup=apiGroup string, Kind string, Name string, Namespace string',
  ValueFrom: 'SecretKeyRef SecretKeyRef, FieldRef FieldRef',
  Volume: 'Name string, VolumeSource=^ VolumeSource',
  VolumeDevice: 'Name string, DevicePath string',
  VolumeMount:
    'Name string, ReadOnly bool, RecursiveReadOnly string, MountPath string, SubPath string, MountPropagation string, SubPathExpr string',
  VolumeProjection:
    'Secret SecretProjection, DownwardAPI DownwardAPIProjection, ConfigMap ConfigMapProjection, ServiceAccountToken ServiceAccountTokenProjection, ClusterTrustBundle ClusterTrustBundleProjection, PodCertificate PodCertificateProjection',
  VolumeResourceRequirements: 'Limits map[string]Quantity, Requests map[string]Quantity',
  VolumeSource:
    'HostPath HostPathVolumeSource, EmptyDir EmptyDirVolumeSource, GCEPersistentDisk=gcePersistentDisk GCEPersistentDiskVolumeSource, AWSElasticBlockStore=awsElasticBlockStore AWSElasticBlockStoreVolumeSource, GitRepo GitRepoVolumeSource, Secret SecretVolumeSource, NFS=nfs NFSVolumeSource, ISCSI=iscsi ISCSIVolumeSource, Glusterfs GlusterfsVolumeSource, PersistentVolumeClaim PersistentVolumeClaimVolumeSource, RBD=rbd RBDVolumeSource, FlexVolume FlexVolumeSource, Cinder CinderVolumeSource, CephFS=cephfs CephFSVolumeSource, Flocker FlockerVolumeSource, DownwardAPI DownwardAPIVolumeSource, FC=fc FCVolumeSource, AzureFile AzureFileVolumeSource, ConfigMap ConfigMapVolumeSource, VsphereVolume VsphereVirtualDiskVolumeSource, Quobyte QuobyteVolumeSource, AzureDisk AzureDiskVolumeSource, PhotonPersistentDisk PhotonPersistentDiskVolumeSource, Projected ProjectedVolumeSource, PortworxVolume PortworxVolumeSource, ScaleIO ScaleIOVolumeSource, StorageOS=storageos StorageOSVolumeSource, CSI=csi CSIVolumeSource, Ephemeral EphemeralVolumeSource, Image ImageVolumeSource',
  VsphereVirtualDiskVolumeSource:
    'VolumePath string, FSType=fsType string, StoragePolicyName string, StoragePolicyID string',
  WavefrontMetric: 'Address string, Query string',
  WebMetric:
    'Method string, URL=url string, Headers []WebMetricHeader, Body string, TimeoutSeconds int, JSONPath=jsonPath string, Insecure bool, JSONBody=jsonBody json, Authentication Authentication',
  WebMetricHeader: 'Key string, Value string',
  WeightDestination: 'Weight int, ServiceName string, PodTemplateHash string',
  WeightedPodAffinityTerm: 'Weight int, PodAffinityTerm PodAffinityTerm',
  WindowsSecurityContextOptions:
    'GMSACredentialSpecName=gmsaCredentialSpecName string, GMSACredentialSpec=gmsaCredentialSpec string, RunAsUserName string, HostProcess bool',
};
