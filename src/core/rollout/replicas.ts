// How many pods each set should have (rollout.md 4.3, 4.5, 4.9, 4.10). Pure arithmetic; equations stand with each rule.
import type { CanaryStrategy, Rollout, TrafficWeights } from '../../api/rollout.ts';
import { canaryOf, desiredReplicas, isRouted, limitsOf, maxWeightOf } from './limits.ts';
import {
  atLeastMinimum,
  canaryScaleInForce,
  desiredCanaryWeight,
  isFullyPromoted,
  replicasForWeight,
  type SetCounts,
} from './weights.ts';

export interface Counts {
  readonly canary: number;
  readonly stable: number;
}

export interface CanarySets {
  /** The set of the current template. */
  readonly canary?: SetCounts;
  readonly stable?: SetCounts;
  readonly others: readonly SetCounts[];
}

interface Shares {
  readonly replicas: number;
  readonly weight: number;
  readonly maxWeight: number;
  readonly maxSurge: number;
}

/**
 * The pair of counts whose ratio is nearest to the weight. With two pods or more and a weight between, neither
 * is zero; with surge allowed the sum may be one more than `replicas`.
 * 3 pods at 50, no surge -> 2 and 1. 3 pods at 10 with surge -> 1 and 3.
 */
export function weightedApproximation(shares: Shares): Counts {
  const { replicas, weight, maxWeight, maxSurge } = shares;
  if (replicas === 0) return { canary: 0, stable: 0 };
  const exact = (replicas * weight) / maxWeight;
  const up = Math.ceil(exact);
  const down = Math.floor(exact);
  const zeroAllowed = weight === maxWeight || weight === 0 || (replicas === 1 && maxSurge === 0);
  const downFits = (total: number) =>
    ((total * weight) / maxWeight) % 1 !== 0.5 && (down !== 0 || zeroAllowed);
  const options: (readonly [number, number])[] = [];
  if (up < replicas || zeroAllowed) options.push([up, replicas]);
  if (downFits(replicas)) options.push([down, replicas]);
  if (maxSurge > 0) {
    options.push([up, replicas + 1]);
    if (downFits(replicas + 1)) options.push([down, replicas + 1]);
  }
  const distance = ([count, total]: readonly [number, number]) =>
    Math.abs((count * maxWeight) / total - weight);
  const [first, ...rest] = options;
  if (first === undefined) return { canary: 0, stable: replicas };
  const [canary, total] = rest.reduce(
    (best, option) => (distance(option) < distance(best) ? option : best),
    first,
  );
  return { canary, stable: total - canary };
}

/** What a set counts for when pods are taken away: its available pods, or its size if that is what is wanted. */
export function replicasForScaleDown(
  set: SetCounts | undefined,
  ignoreAvailability: boolean,
): number {
  if (set === undefined) return 0;
  return set.spec < set.available || ignoreAvailability ? set.spec : set.available;
}

/** One pass of a canary without router: the next sizes on the way to the weight, within surge and unavailable. */
export function basicCanaryReplicas(rollout: Rollout, sets: CanarySets): Counts {
  const replicas = desiredReplicas(rollout);
  const { maxSurge, maxUnavailable } = limitsOf(rollout);
  const wanted = wantedCounts(rollout, sets, maxSurge);
  const grown = grow(sets, wanted, replicas + maxSurge);
  // Old sets go first: nothing of the two shrinks while others have pods.
  if (sets.others.some((set) => set.spec > 0)) {
    return rollout.status?.abort === true ? withoutDeadCanary(sets, wanted, grown) : grown;
  }
  const minAvailable = replicas - maxUnavailable;
  const increasing = sets.canary === undefined || wanted.canary >= sets.canary.spec;
  const have =
    replicasForScaleDown(sets.canary, !increasing) + replicasForScaleDown(sets.stable, increasing);
  if (have <= minAvailable) return grown;
  const shrink: Shrink = {
    limit: replicas + maxSurge,
    minAvailable,
    down: have - minAvailable,
    isSame: sets.stable?.hash === sets.canary?.hash && sets.canary !== undefined,
  };
  return increasing
    ? drainStable(sets, wanted, grown, shrink)
    : drainCanary(sets, wanted, grown, shrink);
}

/**
 * Given up, pods of the canary that never came are in the way of those of the stable set, and of nobody else's: they go.
 * 4 pods, surge 1: stable 3 of 4, an older set 1, the canary 1 without an available pod -> 0 and 3, then 0 and 4.
 */
function withoutDeadCanary({ canary }: CanarySets, wanted: Counts, grown: Counts): Counts {
  if (canary === undefined || grown.stable >= wanted.stable) return grown;
  const alive = Math.max(wanted.canary, Math.min(canary.spec, canary.available));
  return { ...grown, canary: Math.min(grown.canary, alive) };
}

function wantedCounts(rollout: Rollout, sets: CanarySets, maxSurge: number): Counts {
  const replicas = desiredReplicas(rollout);
  if (sets.stable === undefined || sets.stable.hash === sets.canary?.hash) {
    return { canary: replicas, stable: 0 };
  }
  const maxWeight = maxWeightOf(canaryOf(rollout));
  const weight = desiredCanaryWeight(rollout, sets);
  return weightedApproximation({ replicas, weight, maxWeight, maxSurge });
}

function grow(sets: CanarySets, wanted: Counts, ceiling: number): Counts {
  const canary = sets.canary?.spec ?? 0;
  const stable = sets.stable?.spec ?? 0;
  const others = sets.others.reduce((sum, set) => sum + set.spec, 0);
  const total = others + canary + (sets.stable?.hash === sets.canary?.hash ? 0 : stable);
  let room = ceiling - total;
  let nextStable = stable;
  if (sets.stable !== undefined && stable < wanted.stable && room > 0) {
    nextStable = Math.min(wanted.stable, stable + room);
    room -= nextStable - stable;
  }
  const nextCanary =
    canary < wanted.canary && room > 0 ? Math.min(wanted.canary, canary + room) : canary;
  return { canary: nextCanary, stable: nextStable };
}

interface Shrink {
  /** Pods that may exist at all. */
  readonly limit: number;
  readonly minAvailable: number;
  /** Pods that may be taken away now. */
  readonly down: number;
  readonly isSame: boolean;
}

function drainStable(sets: CanarySets, wanted: Counts, grown: Counts, shrink: Shrink): Counts {
  if (sets.stable === undefined || shrink.isSame) return grown;
  const spec = sets.stable.spec;
  const stable = spec > wanted.stable ? Math.max(wanted.stable, spec - shrink.down) : grown.stable;
  const fitted = withinLimits(
    { target: stable, available: sets.stable.available },
    {
      target: grown.canary,
      available: sets.canary?.available ?? 0,
      exists: sets.canary !== undefined,
    },
    shrink,
  );
  return { canary: fitted.other, stable: fitted.drain };
}

function drainCanary(sets: CanarySets, wanted: Counts, grown: Counts, shrink: Shrink): Counts {
  const { canary } = sets;
  if (canary === undefined) return grown;
  const target =
    canary.spec > wanted.canary ? Math.max(wanted.canary, canary.spec - shrink.down) : grown.canary;
  const fitted = withinLimits(
    { target, available: canary.available },
    {
      target: grown.stable,
      available: sets.stable?.available ?? 0,
      exists: sets.stable !== undefined,
    },
    shrink,
  );
  return { canary: fitted.drain, stable: fitted.other };
}

/** Repairs a pair that is above the ceiling without going below the floor (4.3 step 8). */
function withinLimits(
  drain: { readonly target: number; readonly available: number },
  other: { readonly target: number; readonly available: number; readonly exists: boolean },
  { limit, minAvailable }: Shrink,
): { readonly drain: number; readonly other: number } {
  const over = Math.max(0, other.target + drain.target - limit);
  let kept = other.exists ? other.target - over : other.target;
  const available = Math.min(drain.available, drain.target) + Math.min(other.available, kept);
  const lost = Math.max(0, other.available - kept);
  const need = Math.max(0, minAvailable - available);
  kept += Math.min(lost, need);
  return { drain: drain.target - Math.max(0, kept + drain.target - limit), other: kept };
}

/**
 * Sizes of a canary behind a router (4.5). Stable stays whole unless dynamicStableScale is on; then both follow
 * the weights, and neither goes below what the recorded weights still send it.
 * 10 pods at 10 -> 1 and 10; with dynamicStableScale and 10/90 recorded -> 1 and 9.
 */
export function trafficRoutedReplicas(
  rollout: Rollout,
  sets: { readonly canary?: SetCounts; readonly stable?: SetCounts },
  recorded: TrafficWeights | undefined,
): Counts {
  const replicas = desiredReplicas(rollout);
  const strategy = canaryOf(rollout);
  const maxWeight = maxWeightOf(strategy);
  const weight = desiredCanaryWeight(rollout, sets);
  const fixed = isInUpdate(rollout) ? canaryScaleInForce(rollout)?.replicas : undefined;
  const share = replicasForWeight(replicas, weight, maxWeight);
  if (strategy?.dynamicStableScale !== true) {
    return { canary: fixed ?? atLeastMinimum(share, strategy, replicas), stable: replicas };
  }
  let stable = replicasForWeight(replicas, maxWeight - weight, maxWeight);
  let canary = fixed ?? share;
  if (recorded !== undefined) {
    stable = Math.max(stable, replicasForWeight(replicas, recorded.stable.weight, maxWeight));
    if (rollout.status?.abort === true) {
      canary = Math.max(canary, replicasForWeight(replicas, recorded.canary.weight, maxWeight));
    }
  }
  return {
    canary: atLeastMinimum(canary, strategy, replicas),
    stable: atLeastMinimum(stable, strategy, replicas),
  };
}

function isInUpdate(rollout: Rollout): boolean {
  const { status } = rollout;
  return (
    status?.promoteFull !== true && (status?.stableRS ?? '') !== '' && !isFullyPromoted(rollout)
  );
}

/** Next sizes of a canary, with or without router. */
export function canaryReplicas(
  rollout: Rollout,
  sets: CanarySets,
  recorded: TrafficWeights | undefined,
): Counts {
  return isRouted(rollout)
    ? trafficRoutedReplicas(rollout, sets, recorded)
    : basicCanaryReplicas(rollout, sets);
}

type Threshold = NonNullable<CanaryStrategy['replicaProgressThreshold']>;

const TOLERANCE = 1e-10;

/** Whether a set is far enough on its way to `desired` (4.9): all of it, or the configured part. */
export function progressThresholdMet(
  threshold: Threshold | undefined,
  set: SetCounts | undefined,
  desired: number,
): boolean {
  if (threshold === undefined || set === undefined || threshold.value < 0) {
    return set !== undefined && set.spec === desired && set.available === desired;
  }
  if (!threshold.type.startsWith('Percent')) return set.available >= threshold.value;
  return desired === 0 || (set.available / desired) * 100 >= threshold.value - TOLERANCE;
}

/** Whether the sets have the sizes that the current step asks for (4.9, last paragraph). */
export function atDesiredCounts(
  rollout: Rollout,
  sets: CanarySets,
  recorded: TrafficWeights | undefined,
): boolean {
  const routed = isRouted(rollout);
  const strategy = canaryOf(rollout);
  const counts = routed
    ? trafficRoutedReplicas(rollout, sets, recorded)
    : wantedCounts(rollout, sets, limitsOf(rollout).maxSurge);
  if (!progressThresholdMet(strategy?.replicaProgressThreshold, sets.canary, counts.canary))
    return false;
  const skipsStable = routed && strategy?.dynamicStableScale === true;
  const { stable } = sets;
  if (!skipsStable && (stable?.spec !== counts.stable || (stable.created ?? 0) !== counts.stable)) {
    return false;
  }
  return routed || sets.others.every((set) => set.available === 0);
}

/** Size of a blue-green's new set (4.10); `activeHash` is the hash of the set that serves now. */
export function blueGreenNewReplicas(
  rollout: Rollout,
  newHash: string,
  activeHash: string | undefined,
): number {
  const replicas = desiredReplicas(rollout);
  const preview = rollout.spec.strategy?.blueGreen?.previewReplicaCount;
  if (preview === undefined || activeHash === undefined || activeHash === newHash) return replicas;
  if (rollout.status?.promoteFull === true) return replicas;
  if (newHash !== (rollout.status?.currentPodHash ?? '')) return preview;
  return !isPaused(rollout) && rollout.status?.blueGreen?.scaleUpPreviewCheckPoint === true
    ? replicas
    : preview;
}

/** Held by its user or by the controller. */
export function isPaused(rollout: Rollout): boolean {
  return rollout.spec.paused === true || (rollout.status?.pauseConditions ?? []).length > 0;
}
