// The Deployment of the controller: two replicas, of which one leads, under the strictest of the Pod Security Standards
// (https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted).
import { labelled, type Manifest, NAME, nameOf, selectorOf } from './manifest.ts';

export interface DeploymentOptions {
  readonly namespace: string;
  readonly image: string;
  readonly isNamespaced: boolean;
  /** Empty for the instance of objects without its label. */
  readonly instance: string;
}

/** The image's working folder, which plugins are kept below. */
const HOME = '/home/argo-rollouts';

/** No one's on a usual node, and the reference's. */
const USER = 999;

export function deployment(options: DeploymentOptions): Manifest {
  const { namespace, instance } = options;
  const name = nameOf(instance);
  const selector = selectorOf(name);
  const spec = {
    replicas: 2,
    selector: { matchLabels: selector },
    template: {
      metadata: { labels: selector },
      spec: {
        affinity: apart(selector),
        containers: [container(options)],
        nodeSelector: { 'kubernetes.io/os': 'linux' },
        securityContext: {
          runAsGroup: USER,
          runAsNonRoot: true,
          runAsUser: USER,
          // Group of the folders below, so that the user may write there.
          fsGroup: USER,
          seccompProfile: { type: 'RuntimeDefault' },
        },
        serviceAccountName: name,
        volumes: [
          { name: 'plugin-bin', emptyDir: {} },
          { name: 'tmp', emptyDir: {} },
        ],
      },
    },
  };
  return labelled('apps/v1', 'Deployment', { name, namespace, app: name }, { spec });
}

/** A node that is lost does not take both, where there is another node. */
function apart(selector: Readonly<Record<string, string>>) {
  const podAffinityTerm = {
    labelSelector: { matchLabels: selector },
    topologyKey: 'kubernetes.io/hostname',
  };
  return {
    podAntiAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm }],
    },
  };
}

function argsOf({ isNamespaced, instance }: DeploymentOptions): readonly string[] {
  return [
    'controller',
    ...(isNamespaced ? ['--namespaced'] : []),
    ...(instance === '' ? [] : ['--instance-id', instance]),
  ];
}

function container(options: DeploymentOptions) {
  return {
    name: NAME,
    image: options.image,
    args: argsOf(options),
    env: [
      { name: 'POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
      // Compiled code is kept there over a restart of the container.
      { name: 'XDG_CACHE_HOME', value: '/tmp' },
    ],
    ports: [
      { name: 'metrics', containerPort: 8090, protocol: 'TCP' },
      { name: 'healthz', containerPort: 8080, protocol: 'TCP' },
    ],
    livenessProbe: {
      httpGet: { path: '/healthz', port: 'healthz' },
      failureThreshold: 3,
      initialDelaySeconds: 30,
      periodSeconds: 20,
      timeoutSeconds: 10,
    },
    // A replica that waits for its turn is ready: the update of the Deployment must not wait for it to lead.
    readinessProbe: {
      httpGet: { path: '/readyz', port: 'healthz' },
      periodSeconds: 10,
      timeoutSeconds: 5,
    },
    // No limit of CPU time: a leader that is held up loses its lease.
    resources: {
      requests: { cpu: '100m', memory: '256Mi' },
      limits: { 'ephemeral-storage': '1Gi', memory: '1Gi' },
    },
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
    },
    volumeMounts: [
      { name: 'plugin-bin', mountPath: `${HOME}/plugin-bin` },
      { name: 'tmp', mountPath: '/tmp' },
    ],
  };
}
