// What every workload controller of the sandbox works with.
import type { Deployment, Job, Pod, ReplicaSet, Service } from '../../api/kubernetes.ts';
import type { KubeObject, ObjectRef, OwnerReference, ResourceType } from '../../api/object.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { EventRecorder } from '../../kube/events.ts';
import type { WatchCache } from '../../kube/watch-cache.ts';
import type { Clock, Random } from '../../lib/ports.ts';

export interface WorkloadCaches {
  readonly pods: WatchCache<Pod>;
  readonly replicaSets: WatchCache<ReplicaSet>;
  readonly deployments: WatchCache<Deployment>;
  readonly jobs: WatchCache<Job>;
  readonly services: WatchCache<Service>;
}

export interface WorkloadContext {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly caches: WorkloadCaches;
  readonly events: EventRecorder;
  readonly onProblem: (what: string, error: Error) => void;
}

export function refTo(resource: ResourceType, { metadata }: KubeObject): ObjectRef {
  const { namespace, name } = metadata;
  return { resource, name, ...(namespace === undefined ? {} : { namespace }) };
}

export function controlledBy({ apiVersion, kind, metadata }: KubeObject): OwnerReference {
  const { name, uid = '' } = metadata;
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}

export function controllerOf({ metadata }: KubeObject): OwnerReference | undefined {
  return metadata.ownerReferences?.find((owner) => owner.controller === true);
}

export function isPodReady({ status }: Pod): boolean {
  return (status?.conditions ?? []).some(
    ({ type, status: value }) => type === 'Ready' && value === 'True',
  );
}

export function tell(
  { events }: WorkloadContext,
  object: KubeObject,
  event: { readonly type: 'Normal' | 'Warning'; readonly reason: string; readonly message: string },
): void {
  const { name, namespace, uid = '' } = object.metadata;
  events.record({
    about: {
      apiVersion: object.apiVersion,
      kind: object.kind,
      name,
      uid,
      ...(namespace === undefined ? {} : { namespace }),
    },
    ...event,
  });
}
