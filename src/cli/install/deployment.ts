// The Deployment of the controller: two replicas, of which one leads, under the strictest of the Pod Security Standards
// (https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted).
import { labelled, type Manifest, NAME, SELECTOR } from './manifest.ts';

export interface DeploymentOptions {
  readonly namespace: string;
  readonly image: string;
  readonly isNamespaced: boolean;
}

/** The image's working folder, which plugins are kept below. */
const HOME = '/home/argo-rollouts';

/** No one's on a usual node, and the reference's. */
const USER = 999;

export function deployment({ namespace, image, isNamespaced }: DeploymentOptions): Manifest {
  const spec = {
    replicas: 2,
    selector: { matchLabels: SELECTOR },
    template: {
      metadata: { labels: SELECTOR },
      spec: {
        affinity: APART,
        containers: [container(image, isNamespaced)],
        nodeSelector: { 'kubernetes.io/os': 'linux' },
        securityContext: {
          runAsGroup: USER,
          runAsNonRoot: true,
          runAsUser: USER,
          // Group of the folders below, so that the user may write there.
          fsGroup: USER,
          seccompProfile: { type: 'RuntimeDefault' },
        },
        serviceAccountName: NAME,
        volumes: [
          { name: 'plugin-bin', emptyDir: {} },
          { name: 'tmp', emptyDir: {} },
        ],
      },
    },
  };
  return labelled('apps/v1', 'Deployment', { name: NAME, namespace }, { spec });
}

/** A node that is lost does not take both, where there is another node. */
const APART = {
  podAntiAffinity: {
    preferredDuringSchedulingIgnoredDuringExecution: [
      {
        weight: 100,
        podAffinityTerm: {
          labelSelector: { matchLabels: SELECTOR },
          topologyKey: 'kubernetes.io/hostname',
        },
      },
    ],
  },
} as const;

function container(image: string, isNamespaced: boolean) {
  return {
    name: NAME,
    image,
    args: ['controller', ...(isNamespaced ? ['--namespaced'] : [])],
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
      ...probe,
      failureThreshold: 3,
      initialDelaySeconds: 30,
      periodSeconds: 20,
      timeoutSeconds: 10,
    },
    readinessProbe: { ...probe, periodSeconds: 10, timeoutSeconds: 5 },
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

const probe = { httpGet: { path: '/healthz', port: 'healthz' } } as const;
