// Whom a change in a cache wakes: the object itself, its owner, and whoever names it. Entry point: `followChanges`.
import type { KubeObject } from '../api/object.ts';
import { ROLLOUTS } from '../api/resources.ts';
import type { WatchCache } from '../kube/watch-cache.ts';
import type { Stop } from '../lib/ports.ts';
import type { Caches, DecidedCaches } from './caches.ts';
import type { Dependents } from './dependents.ts';
import { keyOf } from './key.ts';
import type { Kind } from './kind.ts';
import type { ManagedObjects } from './managed-objects.ts';
import type { ReferredKind } from './references.ts';
import { isOtherWorkload, type WorkloadCaches } from './workloads.ts';

export interface FollowPorts {
  readonly caches: Caches;
  readonly workloadCaches: WorkloadCaches;
  readonly decided: DecidedCaches;
  readonly managedObjects: Pick<ManagedObjects, 'follow'>;
  readonly dependents: Pick<Dependents, 'of'>;
  readonly kinds: readonly Kind[];
  /** Told of each key that is to be looked at again. */
  readonly wake: (key: string) => void;
}

/** Follows all caches; what is returned ends that. */
export function followChanges(ports: FollowPorts): readonly Stop[] {
  return [
    ...followOwn(ports),
    ...followOwned(ports),
    ...followReferred(ports),
    ...followWorkloads(ports),
    ports.managedObjects.follow((manager) => wake(ports, ROLLOUTS.plural, manager)),
  ];
}

function wake(
  ports: FollowPorts,
  plural: string,
  metadata: { readonly namespace?: string; readonly name: string },
): void {
  ports.wake(keyOf(plural, metadata.namespace ?? '', metadata.name));
}

function followOwn(ports: FollowPorts): readonly Stop[] {
  return ports.decided.map(([plural, cache]) =>
    cache.onChange(({ before, after }) => {
      const object = after ?? before;
      if (object !== undefined) wake(ports, plural, object.metadata);
    }),
  );
}

function followOwned(ports: FollowPorts): readonly Stop[] {
  const { replicaSets, experiments, analysisRuns, services } = ports.caches;
  const owned: readonly WatchCache<KubeObject>[] = [
    replicaSets,
    experiments,
    analysisRuns,
    services,
  ];
  return owned.map((cache) =>
    cache.onChange(({ before, after }) => {
      if (before !== undefined) wakeOwner(ports, before);
      if (after !== undefined) wakeOwner(ports, after);
    }),
  );
}

function followReferred(ports: FollowPorts): readonly Stop[] {
  const { caches } = ports;
  const referred: readonly (readonly [ReferredKind, WatchCache<KubeObject>])[] = [
    ['services', caches.services],
    ['virtualservices', caches.virtualServices],
    ['destinationrules', caches.destinationRules],
    ['analysistemplates', caches.analysisTemplates],
    ['clusteranalysistemplates', caches.clusterAnalysisTemplates],
  ];
  return referred.map(([kind, cache]) =>
    cache.onChange(({ before, after }) => wakeDependents(ports, kind, after ?? before)),
  );
}

function followWorkloads(ports: FollowPorts): readonly Stop[] {
  const { deployments, podTemplates, replicaSets } = ports.workloadCaches;
  const workloads: readonly (readonly [ReferredKind, WatchCache<KubeObject>])[] = [
    ['deployments', deployments],
    ['podtemplates', podTemplates],
    ['replicasets', replicaSets],
  ];
  return workloads.map(([kind, cache]) =>
    cache.onChange((change) => {
      if (isOtherWorkload(change)) wakeDependents(ports, kind, change.after ?? change.before);
    }),
  );
}

function wakeDependents(
  ports: FollowPorts,
  kind: ReferredKind,
  object: KubeObject | undefined,
): void {
  if (object === undefined) return;
  const { namespace = '', name } = object.metadata;
  for (const key of ports.dependents.of({ kind, namespace, name })) ports.wake(key);
}

function wakeOwner(ports: FollowPorts, object: KubeObject): void {
  const owner = object.metadata.ownerReferences?.find((reference) => reference.controller === true);
  if (owner === undefined) return wakeAdopters(ports, object);
  const kind = ports.kinds.find(({ resource }) => {
    return resource.kind === owner.kind && owner.apiVersion.startsWith(`${resource.group}/`);
  });
  const namespace = object.metadata.namespace ?? '';
  if (kind !== undefined) wake(ports, kind.resource.plural, { namespace, name: owner.name });
}

/** A set without owner may be adopted by any Rollout of its namespace. */
function wakeAdopters(ports: FollowPorts, object: KubeObject): void {
  if (object.kind !== 'ReplicaSet') return;
  for (const rollout of ports.caches.rollouts.list(object.metadata.namespace)) {
    wake(ports, ROLLOUTS.plural, rollout.metadata);
  }
}
