// Schemas of the server's own kinds, as far as our sandbox serves them; what they do not list is refused by strict
// clients and dropped for others, as a cluster does it.
import { podTemplate } from '../../api/pod-template.ts';
import { labelSelector } from '../../api/label-selector.ts';
import { type OpenApi, openApi } from '../../schema/open-api.ts';
import {
  any,
  boolean,
  integer,
  intOrString,
  list,
  long,
  map,
  object,
  type ObjectSchema,
  opened,
  type Schema,
  text,
  time,
} from '../../schema/schema.ts';

const condition = opened(
  object({
    type: text,
    status: text,
    reason: text,
    message: text,
    lastTransitionTime: time,
    lastUpdateTime: time,
  }),
);
const loose = opened(object({}));

/** The vocabulary makes the pod template an object schema; its members are known by name. */
function memberOf(schema: Schema<unknown>, name: string): Schema<unknown> {
  return (schema as ObjectSchema<unknown>).fields[name] ?? any;
}

const podSpec = memberOf(podTemplate, 'spec');

function kind<K extends string>(
  fields: Readonly<Record<K, Schema<unknown>>>,
  doc: string,
  ...required: readonly NoInfer<K>[]
): OpenApi {
  const shape = openApi(object(fields));
  return { ...shape, description: doc, ...(required.length === 0 ? {} : { required }) };
}

const counts = { replicas: integer, readyReplicas: integer, availableReplicas: integer };

export const SCHEMAS = {
  namespace: kind(
    { spec: object({ finalizers: list(text) }), status: loose },
    'Namespace provides a scope for names.',
  ),
  node: kind({ spec: loose, status: loose }, 'Node is a worker that runs pods.'),
  pod: kind(
    { spec: podSpec, status: loose },
    'Pod is a collection of containers on one host.',
    'spec',
  ),
  service: kind(
    {
      spec: object({
        ports: list(
          object(
            {
              name: text,
              port: integer,
              targetPort: intOrString,
              protocol: text,
              nodePort: integer,
              appProtocol: text,
            },
            'port',
          ),
        ),
        selector: map(text),
        clusterIP: text,
        clusterIPs: list(text),
        type: text,
        sessionAffinity: text,
        externalName: text,
        externalIPs: list(text),
        externalTrafficPolicy: text,
        internalTrafficPolicy: text,
        ipFamilies: list(text),
        ipFamilyPolicy: text,
        loadBalancerIP: text,
        loadBalancerClass: text,
        loadBalancerSourceRanges: list(text),
        allocateLoadBalancerNodePorts: boolean,
        healthCheckNodePort: integer,
        publishNotReadyAddresses: boolean,
        sessionAffinityConfig: any,
        trafficDistribution: text,
      }),
      status: loose,
    },
    'Service is a named set of pods with a stable address.',
    'spec',
  ),
  endpoints: kind({ subsets: list(loose) }, 'Endpoints are the addresses behind a Service.'),
  endpointSlice: kind(
    { addressType: text, endpoints: list(loose), ports: list(loose) },
    'EndpointSlice is a part of the addresses behind a Service.',
  ),
  configMap: kind(
    { data: map(text), binaryData: map(text), immutable: boolean },
    'ConfigMap holds configuration data for pods to consume.',
  ),
  secret: kind(
    { data: map(text), stringData: map(text), type: text, immutable: boolean },
    'Secret holds secret data of a certain type.',
  ),
  serviceAccount: kind(
    {
      secrets: list(loose),
      imagePullSecrets: list(loose),
      automountServiceAccountToken: boolean,
    },
    'ServiceAccount is an identity for processes in pods.',
  ),
  event: kind(
    {
      involvedObject: loose,
      reason: text,
      message: text,
      type: text,
      count: integer,
      source: object({ component: text, host: text }),
      firstTimestamp: { ...time, nullable: true } as Schema<string>,
      lastTimestamp: { ...time, nullable: true } as Schema<string>,
      eventTime: any,
      series: any,
      action: text,
      related: any,
      reportingComponent: text,
      reportingInstance: text,
    },
    'Event is a report of something that happened to an object.',
  ),
  deployment: kind(
    {
      spec: object(
        {
          replicas: integer,
          selector: labelSelector,
          template: podTemplate,
          strategy: object({
            type: text,
            rollingUpdate: object({ maxSurge: intOrString, maxUnavailable: intOrString }),
          }),
          minReadySeconds: integer,
          revisionHistoryLimit: integer,
          paused: boolean,
          progressDeadlineSeconds: integer,
        },
        'selector',
        'template',
      ),
      status: opened(
        object({
          ...counts,
          updatedReplicas: integer,
          unavailableReplicas: integer,
          observedGeneration: long,
          collisionCount: integer,
          conditions: list(condition),
        }),
      ),
    },
    'Deployment enables declarative updates for pods and ReplicaSets.',
    'spec',
  ),
  replicaSet: kind(
    {
      spec: object(
        {
          replicas: integer,
          minReadySeconds: integer,
          selector: labelSelector,
          template: podTemplate,
        },
        'selector',
      ),
      status: opened(
        object({
          ...counts,
          fullyLabeledReplicas: integer,
          observedGeneration: long,
          conditions: list(condition),
        }),
      ),
    },
    'ReplicaSet ensures that a number of pod replicas are running.',
    'spec',
  ),
  podTemplate: kind(
    { template: podTemplate },
    'PodTemplate describes pods that others make copies of.',
  ),
  job: kind(
    {
      spec: object(
        {
          parallelism: integer,
          completions: integer,
          activeDeadlineSeconds: long,
          backoffLimit: integer,
          selector: labelSelector,
          manualSelector: boolean,
          template: podTemplate,
          ttlSecondsAfterFinished: integer,
          completionMode: text,
          suspend: boolean,
          podFailurePolicy: any,
          podReplacementPolicy: text,
          successPolicy: any,
          backoffLimitPerIndex: integer,
          maxFailedIndexes: integer,
          managedBy: text,
        },
        'template',
      ),
      status: loose,
    },
    'Job runs pods until a number of them has succeeded.',
    'spec',
  ),
  ingress: kind(
    { spec: loose, status: loose },
    'Ingress is a collection of rules by which outside requests reach Services.',
    'spec',
  ),
  role: kind(
    {
      rules: list(
        object({
          verbs: list(text),
          apiGroups: list(text),
          resources: list(text),
          resourceNames: list(text),
          nonResourceURLs: list(text),
        }),
      ),
      aggregationRule: any,
    },
    'Role says what may be done; in the sandbox everybody may do everything.',
  ),
  roleBinding: kind(
    {
      subjects: list(object({ kind: text, apiGroup: text, name: text, namespace: text })),
      roleRef: object({ apiGroup: text, kind: text, name: text }),
    },
    'RoleBinding gives a role to users; in the sandbox everybody may do everything.',
    'roleRef',
  ),
  lease: kind({ spec: loose }, 'Lease is held by one of several processes.'),
  crd: kind(
    { spec: loose, status: loose },
    'CustomResourceDefinition adds a kind to the API.',
    'spec',
  ),
} as const satisfies Readonly<Record<string, OpenApi>>;
