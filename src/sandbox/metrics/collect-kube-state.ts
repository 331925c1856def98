// The few series of kube-state-metrics that rollout templates and dashboards ask for, from the objects themselves.
// Entry points: `podSamples`, `replicaSetSamples`, `deploymentSamples`.
import type { ContainerStatus, Deployment, Pod, ReplicaSet } from '../../api/kubernetes.ts';
import type { KubeObject } from '../../api/object.ts';
import { parseInstant } from '../../lib/time.ts';
import { METRIC_NAME, type LabelSet } from './labels.ts';

export interface ObjectSample {
  readonly labels: LabelSet;
  readonly value: number;
}

const PHASES = ['Pending', 'Succeeded', 'Failed', 'Unknown', 'Running'] as const;
const CONDITIONS = ['true', 'false', 'unknown'] as const;

function sample(name: string, labels: LabelSet, value: number): ObjectSample {
  return { labels: { ...labels, [METRIC_NAME]: name }, value };
}

/** Label names as metrics may have them. */
export function metricLabel(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_]/g, '_');
}

function prefixed(prefix: string, labels: Readonly<Record<string, string>>): LabelSet {
  return Object.fromEntries(
    Object.entries(labels).map(([name, value]) => [`${prefix}${metricLabel(name)}`, value]),
  );
}

function ownerOf({ metadata }: KubeObject): { readonly kind: string; readonly name: string } {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  return { kind: owner?.kind ?? '', name: owner?.name ?? '' };
}

function createdSeconds({ metadata }: KubeObject): number {
  return (parseInstant(metadata.creationTimestamp ?? '') ?? 0) / 1000;
}

export function* podSamples(pod: Pod): Generator<ObjectSample> {
  const { namespace = '', name, uid = '' } = pod.metadata;
  const own = { namespace, pod: name, uid };
  yield* podFacts(pod, own);
  yield* podState(pod, own);
  for (const container of pod.status?.containerStatuses ?? [])
    yield* containerSamples(own, container);
}

function* podFacts(pod: Pod, own: LabelSet): Generator<ObjectSample> {
  const { kind, name: creator } = ownerOf(pod);
  const { status, spec, metadata } = pod;
  yield sample(
    'kube_pod_info',
    {
      ...own,
      host_ip: status?.hostIP ?? '',
      pod_ip: status?.podIP ?? '',
      node: spec.nodeName ?? '',
      created_by_kind: kind,
      created_by_name: creator,
    },
    1,
  );
  yield sample('kube_pod_created', own, createdSeconds(pod));
  yield sample('kube_pod_labels', { ...own, ...prefixed('label_', metadata.labels ?? {}) }, 1);
  const owner = { owner_kind: kind, owner_name: creator, owner_is_controller: String(kind !== '') };
  yield sample('kube_pod_owner', { ...own, ...owner }, 1);
}

function* podState({ status }: Pod, own: LabelSet): Generator<ObjectSample> {
  const phase = status?.phase ?? 'Pending';
  for (const one of PHASES) {
    yield sample('kube_pod_status_phase', { ...own, phase: one }, Number(one === phase));
  }
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')?.status ?? 'Unknown';
  for (const condition of CONDITIONS) {
    const holds = ready.toLowerCase() === condition;
    yield sample('kube_pod_status_ready', { ...own, condition }, Number(holds));
  }
}

function* containerSamples(pod: LabelSet, status: ContainerStatus): Generator<ObjectSample> {
  const own = { ...pod, container: status.name };
  const { image = '', imageID = '', containerID = '', state } = status;
  const images = { image, image_id: imageID, container_id: containerID };
  yield sample('kube_pod_container_info', { ...own, ...images }, 1);
  yield sample('kube_pod_container_status_ready', own, Number(status.ready));
  yield sample('kube_pod_container_status_restarts_total', own, status.restartCount);
  const { running, waiting, terminated } = state ?? {};
  yield sample('kube_pod_container_status_running', own, Number(running !== undefined));
  yield sample('kube_pod_container_status_waiting', own, Number(waiting !== undefined));
  yield sample('kube_pod_container_status_terminated', own, Number(terminated !== undefined));
  if (waiting?.reason !== undefined) {
    yield sample('kube_pod_container_status_waiting_reason', { ...own, reason: waiting.reason }, 1);
  }
  if (terminated?.reason !== undefined) {
    const reason = { ...own, reason: terminated.reason };
    yield sample('kube_pod_container_status_terminated_reason', reason, 1);
  }
}

export function* replicaSetSamples(set: ReplicaSet): Generator<ObjectSample> {
  const { namespace = '', name, labels = {} } = set.metadata;
  const own = { namespace, replicaset: name };
  const { kind, name: owner } = ownerOf(set);
  const { spec, status } = set;
  yield sample('kube_replicaset_created', own, createdSeconds(set));
  yield sample('kube_replicaset_labels', { ...own, ...prefixed('label_', labels) }, 1);
  const owned = { owner_kind: kind, owner_name: owner, owner_is_controller: String(kind !== '') };
  yield sample('kube_replicaset_owner', { ...own, ...owned }, 1);
  yield sample('kube_replicaset_spec_replicas', own, spec.replicas ?? 1);
  yield sample('kube_replicaset_status_replicas', own, status?.replicas ?? 0);
  yield sample('kube_replicaset_status_ready_replicas', own, status?.readyReplicas ?? 0);
  const labelled = status?.fullyLabeledReplicas ?? 0;
  yield sample('kube_replicaset_status_fully_labeled_replicas', own, labelled);
  const observed = status?.observedGeneration ?? 0;
  yield sample('kube_replicaset_status_observed_generation', own, observed);
}

export function* deploymentSamples(deployment: Deployment): Generator<ObjectSample> {
  const { namespace = '', name, labels = {}, generation = 0 } = deployment.metadata;
  const own = { namespace, deployment: name };
  const { spec, status } = deployment;
  yield sample('kube_deployment_created', own, createdSeconds(deployment));
  yield sample('kube_deployment_labels', { ...own, ...prefixed('label_', labels) }, 1);
  yield sample('kube_deployment_metadata_generation', own, generation);
  yield sample('kube_deployment_spec_paused', own, Number(spec.paused ?? false));
  yield sample('kube_deployment_spec_replicas', own, spec.replicas ?? 1);
  yield* deploymentState(status, own);
}

function* deploymentState(status: Deployment['status'], own: LabelSet): Generator<ObjectSample> {
  yield sample('kube_deployment_status_replicas', own, status?.replicas ?? 0);
  yield sample('kube_deployment_status_replicas_ready', own, status?.readyReplicas ?? 0);
  yield sample('kube_deployment_status_replicas_available', own, status?.availableReplicas ?? 0);
  const unavailable = status?.unavailableReplicas ?? 0;
  yield sample('kube_deployment_status_replicas_unavailable', own, unavailable);
  yield sample('kube_deployment_status_replicas_updated', own, status?.updatedReplicas ?? 0);
  const observed = status?.observedGeneration ?? 0;
  yield sample('kube_deployment_status_observed_generation', own, observed);
}
