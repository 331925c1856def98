// The labels that Istio's proxies write (traffic.md 5.3, 5.4). Entry point: `labelsOfRecord`.
import type { EndpointPod } from './plan.ts';
import type { TelemetryRecord } from './telemetry.ts';

export type MeshLabels = Readonly<Record<string, string>>;

/** How the pods of a Rollout are named: after the Rollout (since 2024), or after their ReplicaSet (before). */
export type WorkloadNaming = 'current' | 'replica-set';

const UNKNOWN = 'unknown';
const CLUSTER = 'Kubernetes';
const DEPLOYMENT_HASH = 'pod-template-hash';
const ROLLOUT_HASH = 'rollouts-pod-template-hash';

/** The workload that a pod is counted under. */
export function workloadOf({ name, labels, owner }: EndpointPod, naming: WorkloadNaming): string {
  const own = labels['service.istio.io/workload-name'];
  if (own !== undefined && own !== '') return own;
  if (owner === undefined) return name;
  if (owner.kind !== 'ReplicaSet') return owner.name;
  const hashes = naming === 'current' ? [DEPLOYMENT_HASH, ROLLOUT_HASH] : [DEPLOYMENT_HASH];
  for (const key of hashes) {
    const suffix = `-${labels[key] ?? ''}`;
    if (suffix !== '-' && owner.name.endsWith(suffix)) return owner.name.slice(0, -suffix.length);
  }
  return owner.name;
}

interface Identity {
  readonly workload: string;
  readonly namespace: string;
  readonly app: string;
  readonly version: string;
  readonly service: string;
  readonly revision: string;
  readonly principal: string;
  readonly cluster: string;
}

const NOBODY: Identity = {
  workload: UNKNOWN,
  namespace: UNKNOWN,
  app: UNKNOWN,
  version: UNKNOWN,
  service: UNKNOWN,
  revision: UNKNOWN,
  principal: UNKNOWN,
  cluster: UNKNOWN,
};

function identityOf(pod: EndpointPod | undefined, naming: WorkloadNaming): Identity {
  if (pod === undefined) return NOBODY;
  const { labels, namespace } = pod;
  const first = (...keys: readonly string[]): string | undefined =>
    keys.map((key) => labels[key]).find((value) => value !== undefined && value !== '');
  const workload = workloadOf(pod, naming);
  return {
    workload,
    namespace,
    app: labels['app'] ?? '',
    version: labels['version'] ?? '',
    service: first('service.istio.io/canonical-name', 'app.kubernetes.io/name', 'app') ?? workload,
    revision:
      first('service.istio.io/canonical-revision', 'app.kubernetes.io/version', 'version') ??
      'latest',
    principal: `spiffe://cluster.local/ns/${namespace}/sa/default`,
    cluster: CLUSTER,
  };
}

/** Both sides know each other only where both have a proxy. */
export function labelsOfRecord(entry: TelemetryRecord, naming: WorkloadNaming): MeshLabels {
  const { reporter, service, isGrpc, status, grpcStatus, flags } = entry;
  const from = identityOf(entry.source.pod, naming);
  const to = identityOf(entry.pod, naming);
  const isMutual = entry.source.pod !== undefined && entry.pod !== undefined;
  return {
    reporter,
    source_workload: from.workload,
    source_workload_namespace: from.namespace,
    source_canonical_service: from.service,
    source_canonical_revision: from.revision,
    source_principal: isMutual ? from.principal : UNKNOWN,
    source_app: from.app,
    source_version: from.version,
    source_cluster: from.cluster,
    destination_workload: to.workload,
    destination_workload_namespace: to.namespace,
    destination_canonical_service: to.service,
    destination_canonical_revision: to.revision,
    destination_principal: isMutual ? to.principal : UNKNOWN,
    destination_app: to.app,
    destination_version: to.version,
    destination_cluster: to.cluster,
    destination_service: service?.host ?? UNKNOWN,
    destination_service_name: service?.name ?? UNKNOWN,
    destination_service_namespace: service?.namespace ?? UNKNOWN,
    request_protocol: isGrpc ? 'grpc' : 'http',
    response_code: String(status),
    grpc_response_status: grpcStatus,
    response_flags: flags,
    connection_security_policy: reporter === 'source' ? UNKNOWN : isMutual ? 'mutual_tls' : 'none',
  };
}
