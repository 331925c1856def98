// Promise 6: ready pods never fall below replicas - maxUnavailable through our doing.
import type { Pod, ReplicaSet } from '../../../src/api/kubernetes.ts';
import type { Rollout } from '../../../src/api/rollout.ts';
import { isControlledBy } from '../../../src/core/ownership.ts';
import { limitsOf } from '../../../src/core/rollout/limits.ts';
import { type Checker, type Entry, NOTHING } from './checker.ts';
import { KEYS, ownSets, rolloutsOf, type Scene } from './scene.ts';

export function availabilityChecker(): Checker {
  return {
    promise: '6: ready pods never fall below replicas - maxUnavailable through our doing',
    see: (entry) => {
      if (entry.author !== 'controller') return NOTHING;
      if (entry.key === KEYS.sets) return setProblems(entry);
      return entry.key === KEYS.pods ? podProblems(entry) : NOTHING;
    },
  };
}

function floorOf({ replicasOf }: Entry, rollout: Rollout, least = 0): number {
  const replicas = replicasOf(rollout);
  const { maxUnavailable } = limitsOf({ ...rollout, spec: { ...rollout.spec, replicas } });
  return Math.max(0, replicas - Math.max(least, maxUnavailable));
}

/** Pods that are available and may stay. */
function keptBy(scene: Scene, rollout: Rollout): number {
  return ownSets(scene, rollout).reduce((sum, { spec, status }) => {
    return sum + Math.min(spec.replicas ?? 1, status?.availableReplicas ?? 0);
  }, 0);
}

function setProblems(entry: Entry): readonly string[] {
  const { before, after, change } = entry;
  const size = (set: unknown) => (set as ReplicaSet | undefined)?.spec.replicas ?? 1;
  const isGone = change.type === 'DELETED';
  const isSmaller = change.before !== undefined && size(change.object) < size(change.before);
  if (!isGone && !isSmaller) return NOTHING;
  return rolloutsOf(after).flatMap((rollout) => {
    if (!isControlledBy(change.object, rollout.metadata.uid)) return NOTHING;
    const left = keptBy(after, rollout);
    const floor = floorOf(entry, rollout);
    return left < Math.min(floor, keptBy(before, rollout))
      ? [`${left} ready pods of ${rollout.metadata.name} are left, ${floor} must be`]
      : NOTHING;
  });
}

function isReady({ metadata, status }: Pod): boolean {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return metadata.deletionTimestamp === undefined && ready?.status === 'True';
}

function podsOf(scene: Scene, rollout: Rollout): readonly Pod[] {
  const sets = new Set(ownSets(scene, rollout).map(({ metadata }) => metadata.uid));
  return scene
    .list<Pod>(KEYS.pods)
    .filter(({ metadata }) => (metadata.ownerReferences ?? []).some(({ uid }) => sets.has(uid)));
}

/** A pod that we evict was not needed. A restart takes one at a time even if none may be unavailable (rollout.md 3.10). */
function podProblems(entry: Entry): readonly string[] {
  const { before, after, change } = entry;
  const isTaken =
    change.type === 'DELETED' || change.object.metadata.deletionTimestamp !== undefined;
  const was = change.before as Pod | undefined;
  if (!isTaken || was === undefined || !isReady(was)) return NOTHING;
  return rolloutsOf(after).flatMap((rollout) => {
    const had = podsOf(before, rollout).filter(isReady).length;
    const left = podsOf(after, rollout).filter(isReady).length;
    const floor = floorOf(entry, rollout, 1);
    return left < had && left < floor
      ? [`pod ${was.metadata.name} is taken: ${left} ready pods are left, ${floor} must be`]
      : NOTHING;
  });
}
