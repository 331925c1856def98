// The two weights of a canary's header (cli.md 3.3).
import type { ReplicaSet } from '../api/kubernetes.ts';
import type { Rollout } from '../api/rollout.ts';
import { canaryOf, isRouted, maxWeightOf } from '../core/rollout/limits.ts';
import { currentSetWeight, currentStepOf } from '../core/rollout/weights.ts';

/** What reaches the canary now: its share of available pods, or what the routers were told. */
export function actualWeightOf(rollout: Rollout, canarySet: ReplicaSet | undefined): number {
  const max = maxWeightOf(canaryOf(rollout));
  if (currentStepOf(rollout) === undefined) return max;
  const available = rollout.status?.availableReplicas ?? 0;
  if (available === 0) return 0;
  if (isRouted(rollout)) {
    return rollout.status?.canary?.weights?.canary.weight ?? currentSetWeight(rollout);
  }
  return Math.trunc(((canarySet?.status?.availableReplicas ?? 0) * max) / available);
}
