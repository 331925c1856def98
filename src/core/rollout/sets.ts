// The ReplicaSets of a Rollout: which is new, which is stable, and their numbers (rollout.md 2.5, 2.9).
import type { ReplicaSet } from '../../api/kubernetes.ts';
import {
  DESIRED_REPLICAS,
  HASH_LABEL,
  REVISION,
  REVISION_HISTORY,
  SCALE_DOWN_DEADLINE,
} from '../../api/names.ts';
import type { Rollout } from '../../api/rollout.ts';
import { matchesSelector } from '../../api/selector.ts';
import { type Instant, parseInstant } from '../../lib/time.ts';
import { controllerOf, isControlledBy } from '../ownership.ts';
import type { CanarySets } from './replicas.ts';
import { isMadeOf } from './user-template.ts';
import type { SetCounts } from './weights.ts';
import type { RolloutWorld } from './world.ts';

export interface RolloutSets {
  /** The set of the current template; undefined until it is created. */
  readonly newSet: ReplicaSet | undefined;
  readonly stableSet: ReplicaSet | undefined;
  /** All but new and stable, oldest first. */
  readonly others: readonly ReplicaSet[];
  /** All owned ones, oldest first. */
  readonly all: readonly ReplicaSet[];
}

export function hashOf(set: ReplicaSet | undefined): string {
  return set?.metadata.labels?.[HASH_LABEL] ?? '';
}

/** spec.replicas as the API server stores it. */
export function sizeOf(set: ReplicaSet | undefined): number {
  return set === undefined ? 0 : (set.spec.replicas ?? 1);
}

export function availableOf(set: ReplicaSet | undefined): number {
  return set?.status?.availableReplicas ?? 0;
}

/** A numeric annotation; undefined if it is absent or no number. */
function numberOf(set: ReplicaSet | undefined, key: string): number | undefined {
  const text = set?.metadata.annotations?.[key];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

export function revisionOf(set: ReplicaSet | undefined): number | undefined {
  return numberOf(set, REVISION);
}

/** Newest revision first; without a readable one last. */
export function byRevision(a: ReplicaSet, b: ReplicaSet): number {
  return (revisionOf(b) ?? -1) - (revisionOf(a) ?? -1);
}

/** Size of the whole rollout when the set was last scaled. */
export function desiredAnnotationOf(set: ReplicaSet | undefined): number | undefined {
  return numberOf(set, DESIRED_REPLICAS);
}

export function deadlineTextOf(set: ReplicaSet | undefined): string {
  return set?.metadata.annotations?.[SCALE_DOWN_DEADLINE] ?? '';
}

export function deadlineOf(set: ReplicaSet | undefined): Instant | undefined {
  return parseInstant(deadlineTextOf(set));
}

/** The revision that it was made as; a way back gives it a later one. */
function firstRevisionOf(set: ReplicaSet): number {
  const [first = ''] = (set.metadata.annotations?.[REVISION_HISTORY] ?? '').split(',');
  return /^\d+$/.test(first) ? Number(first) : (revisionOf(set) ?? 0);
}

/** In the order in which they were made. Times are whole seconds: within one, revisions tell (pitfall 32). */
export function byCreation(a: ReplicaSet, b: ReplicaSet): number {
  const first = a.metadata.creationTimestamp ?? '';
  const second = b.metadata.creationTimestamp ?? '';
  if (first !== second) return first < second ? -1 : 1;
  return firstRevisionOf(a) - firstRevisionOf(b);
}

function byAge(a: ReplicaSet, b: ReplicaSet): number {
  const order = byCreation(a, b);
  if (order !== 0) return order;
  return a.metadata.name < b.metadata.name ? -1 : Number(a.metadata.name > b.metadata.name);
}

/** Owned sets by their roles. */
export function setsOf(world: RolloutWorld): RolloutSets {
  const { rollout } = world;
  const all = world.replicaSets
    .filter((set) => isControlledBy(set, rollout.metadata.uid) && isSelected(rollout, set))
    .toSorted(byAge);
  const newSet = newSetOf(world, all);
  const stableHash = rollout.status?.stableRS ?? '';
  const isStable = (set: ReplicaSet | undefined) => stableHash !== '' && hashOf(set) === stableHash;
  const stableSet = isStable(newSet) ? newSet : all.find(isStable);
  const others = all.filter((set) => set !== newSet && set !== stableSet);
  return { newSet, stableSet, others, all };
}

function isSelected({ spec }: Rollout, set: ReplicaSet): boolean {
  return spec.selector === undefined || matchesSelector(spec.selector, set.metadata.labels ?? {});
}

/**
 * By hash, of either form, or by an equal template. An adopted set without a hash is never it: it could not become
 * stable, and no Service could tell its pods from others.
 */
function newSetOf(
  { rollout, hashes }: RolloutWorld,
  all: readonly ReplicaSet[],
): ReplicaSet | undefined {
  const live = all.filter((set) => set.metadata.deletionTimestamp === undefined);
  return (
    live.find((set) => hashOf(set) === hashes.podTemplate) ??
    live.find((set) => hashOf(set) === hashes.podTemplateCurrent) ??
    live.find((set) => hashOf(set) !== '' && isMadeOf(set, rollout.spec.template))
  );
}

/** Made for the whole rollout as it is wanted now, and all of it available. */
export function isSaturated(set: ReplicaSet | undefined, replicas: number): boolean {
  return (
    desiredAnnotationOf(set) === replicas &&
    sizeOf(set) === replicas &&
    availableOf(set) === replicas
  );
}

/** The owned set with that hash; undefined for an empty one. */
export function setWith({ all }: RolloutSets, hash: string): ReplicaSet | undefined {
  return hash === '' ? undefined : all.find((set) => hashOf(set) === hash);
}

/** The numbers of a set that the arithmetic works on. */
export function countsOf(set: ReplicaSet): SetCounts {
  return {
    hash: hashOf(set),
    spec: sizeOf(set),
    available: availableOf(set),
    created: set.status?.replicas ?? 0,
  };
}

export function canarySetsOf({ newSet, stableSet, others }: RolloutSets): CanarySets {
  return {
    ...(newSet === undefined ? {} : { canary: countsOf(newSet) }),
    ...(stableSet === undefined ? {} : { stable: countsOf(stableSet) }),
    others: others.map(countsOf),
  };
}

export interface Claims {
  /** Orphans that the selector matches. */
  readonly adopt: readonly ReplicaSet[];
  /** Owned sets that it no longer matches. */
  readonly release: readonly ReplicaSet[];
}

/** Which sets change hands (2.9). Sets of other owners are left alone. */
export function claimsOf({ rollout, replicaSets }: RolloutWorld): Claims {
  const adopt = replicaSets.filter(
    (set) =>
      controllerOf(set) === undefined &&
      set.metadata.deletionTimestamp === undefined &&
      isSelected(rollout, set),
  );
  const release = replicaSets.filter(
    (set) => isControlledBy(set, rollout.metadata.uid) && !isSelected(rollout, set),
  );
  return { adopt: rollout.spec.selector === undefined ? [] : adopt, release };
}
