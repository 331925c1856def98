// The weight in effect at a step, and the way back after an abort (rollout.md 4.2, 4.4; traffic.md 1.5).
import type { CanaryStep, CanaryStrategy, Rollout, TrafficWeights } from '../../api/rollout.ts';
import { canaryOf, desiredReplicas, isRouted, maxWeightOf } from './limits.ts';

/** A ReplicaSet as the arithmetic sees it. */
export interface SetCounts {
  readonly hash: string;
  /** spec.replicas; 0 when absent. */
  readonly spec: number;
  /** status.availableReplicas. */
  readonly available: number;
  /** status.replicas. */
  readonly created?: number;
}

export function stepsOf(rollout: Rollout): readonly CanaryStep[] {
  return canaryOf(rollout)?.steps ?? [];
}

/** Index of the step being executed; the number of steps or more when all are done. */
export function stepIndexOf(rollout: Rollout): number {
  return rollout.status?.currentStepIndex ?? 0;
}

export function currentStepOf(rollout: Rollout): CanaryStep | undefined {
  return stepsOf(rollout)[stepIndexOf(rollout)];
}

/** Pods for a share of the traffic: ceil(weight x replicas / max). 10 pods at 20 -> 2; 3 pods at 34 -> 2. */
export function replicasForWeight(replicas: number, weight: number, maxWeight: number): number {
  return Math.ceil((weight * replicas) / maxWeight);
}

/** A routed set that has pods at all has `minPodsPerReplicaSet` of them, but no more than the whole rollout. */
export function atLeastMinimum(
  count: number,
  strategy: CanaryStrategy | undefined,
  replicas: number,
): number {
  const minimum = strategy?.minPodsPerReplicaSet;
  if (count === 0 || minimum === undefined || strategy?.trafficRouting === undefined) return count;
  return Math.max(count, Math.min(minimum, replicas));
}

/** The setWeight step nearest to `index` (inclusive, or strictly before it); 0 if there is none. */
export function nearestSetWeight(rollout: Rollout, index: number, inclusive = true): number {
  const last = inclusive ? index : index - 1;
  const found = stepsOf(rollout).findLast((step, at) => at <= last && step.setWeight !== undefined);
  return found?.setWeight ?? 0;
}

/** The rollout serves one version: nothing is being updated. */
export function isFullyPromoted(rollout: Rollout): boolean {
  return (rollout.status?.stableRS ?? '') === (rollout.status?.currentPodHash ?? '');
}

type CanaryScale = NonNullable<CanaryStep['setCanaryScale']>;

/** The setCanaryScale in force at the current step, if it sizes the canary by itself (4.5). */
export function canaryScaleInForce(rollout: Rollout): CanaryScale | undefined {
  const canary = canaryOf(rollout);
  if (canary === undefined || !isRouted(rollout) || currentStepOf(rollout) === undefined)
    return undefined;
  const keepsAfterAbort = canary.abortScaleDownDelaySeconds === 0;
  if (rollout.status?.abort === true && !keepsAfterAbort) return undefined;
  const index = stepIndexOf(rollout);
  const scale = stepsOf(rollout).findLast(
    (step, at) => at <= index && step.setCanaryScale !== undefined,
  )?.setCanaryScale;
  return scale === undefined || scale.matchTrafficWeight === true ? undefined : scale;
}

export interface SetPair {
  readonly canary?: SetCounts;
  readonly stable?: SetCounts;
}

/** The weight that the step list asks for, without looking at sets: what `get rollout` calls SetWeight. */
export function currentSetWeight(rollout: Rollout): number {
  if (rollout.status?.abort === true) return 0;
  if (currentStepOf(rollout) === undefined) return maxWeightOf(canaryOf(rollout));
  return nearestSetWeight(rollout, stepIndexOf(rollout));
}

/** The weight in effect, by which sets are sized (4.2). */
export function desiredCanaryWeight(rollout: Rollout, sets: SetPair): number {
  const { status } = rollout;
  const maxWeight = maxWeightOf(canaryOf(rollout));
  const stableHash = status?.stableRS ?? '';
  if (status?.promoteFull === true || stableHash === '' || isFullyPromoted(rollout))
    return maxWeight;
  const scale = canaryScaleInForce(rollout);
  if (scale?.replicas !== undefined) return 0;
  if (scale?.weight !== undefined) return scale.weight;
  if (status?.abort === true) return abortStepDownWeight(rollout, sets);
  if (currentStepOf(rollout) === undefined) return maxWeight;
  return nearestSetWeight(rollout, stepIndexOf(rollout));
}

/**
 * After an abort with dynamicStableScale traffic goes back along the step weights, each only as the stable set
 * has grown: the last setWeight whose pods are fewer than those that the canary still has to stand in for.
 */
function abortStepDownWeight(rollout: Rollout, { canary, stable }: SetPair): number {
  const strategy = canaryOf(rollout);
  if (strategy?.dynamicStableScale !== true || canary === undefined || stable === undefined)
    return 0;
  const replicas = desiredReplicas(rollout);
  const missing = replicas - stable.available;
  const isDelayed = (strategy.abortScaleDownDelaySeconds ?? 0) !== 0;
  const standIn = isDelayed ? missing : Math.max(missing, canary.available);
  return lastWeightBelow(rollout, standIn);
}

/** Sets are counted as they are sized: one that is held at its minimum does not hold its traffic too. */
function lastWeightBelow(rollout: Rollout, pods: number): number {
  const strategy = canaryOf(rollout);
  const replicas = desiredReplicas(rollout);
  const podsFor = (weight: number) =>
    atLeastMinimum(replicasForWeight(replicas, weight, maxWeightOf(strategy)), strategy, replicas);
  const found = stepsOf(rollout).findLast(
    ({ setWeight }) => setWeight !== undefined && podsFor(setWeight) < pods,
  );
  return found?.setWeight ?? 0;
}

/** The weight on the way back to the stable set; it never rises above the recorded one (traffic.md 1.5). */
export function backOffWeight(
  rollout: Rollout,
  sets: SetPair,
  recorded: TrafficWeights | undefined,
): number {
  const strategy = canaryOf(rollout);
  const replicas = desiredReplicas(rollout);
  const { canary, stable } = sets;
  const isDynamic = strategy?.dynamicStableScale === true;
  if (!isDynamic || canary === undefined || stable === undefined || replicas === 0) return 0;
  const maxWeight = maxWeightOf(strategy);
  // A canary that is kept for good after an abort (delay 0) never shrinks: its traffic must not wait for that.
  const isKept = strategy?.abortScaleDownDelaySeconds === 0;
  const down = isKept
    ? lastWeightBelow(rollout, replicas - stable.available)
    : abortStepDownWeight(rollout, sets);
  const next = rollout.status?.abort === true ? down : stepWeight(rollout, maxWeight);
  const carried = Math.floor((maxWeight * stable.available) / replicas);
  const excess = Math.max(0, maxWeight - carried);
  if (recorded === undefined) return Math.max(excess, next);
  const current = recorded.canary.weight;
  if (next <= 0) return Math.min(excess, current);
  return carried < maxWeight - next ? current : Math.min(next, current);
}

function stepWeight(rollout: Rollout, maxWeight: number): number {
  return currentStepOf(rollout) === undefined
    ? maxWeight
    : nearestSetWeight(rollout, stepIndexOf(rollout));
}
