// When a new set becomes stable, and rollbacks that need no steps (rollout.md 3.5, 3.8).
import type { ReplicaSet } from '../../api/kubernetes.ts';
import { EXPERIMENT_NAME } from '../../api/names.ts';
import { conditionOf } from './conditions.ts';
import { blueGreenOf, canaryOf } from './limits.ts';
import { isAborted, type Pass } from './pass.ts';
import { progressThresholdMet } from './replicas.ts';
import { availableOf, byCreation, countsOf, deadlineOf, hashOf } from './sets.ts';
import { stepsOf } from './weights.ts';

function isOlder(set: ReplicaSet, than: ReplicaSet): boolean {
  return byCreation(set, than) < 0;
}

/** The new set is an older one, made before the stable set, and few enough were made in between. */
export function isInsideWindow({ rollout, sets }: Pass): boolean {
  const revisions = rollout.spec.rollbackWindow?.revisions ?? 0;
  const { newSet, stableSet, all } = sets;
  if (revisions <= 0 || newSet === undefined || stableSet === undefined) return false;
  if (!isOlder(newSet, stableSet)) return false;
  const between = all.filter(
    (set) =>
      isOlder(newSet, set) &&
      isOlder(set, stableSet) &&
      set.metadata.annotations?.[EXPERIMENT_NAME] === undefined,
  );
  return between.length < revisions;
}

/** A way back that skips steps and analysis: to the stable set itself, inside the window, or to one that still waits. */
export function isFastRollback(pass: Pass): boolean {
  const { sets, stored } = pass;
  const { newSet, stableSet } = sets;
  if (newSet === undefined || stableSet === undefined) return false;
  if (hashOf(newSet) === (stored.stableRS ?? '') || isInsideWindow(pass)) return true;
  return isStillUp(pass, newSet) && isOlder(newSet, stableSet);
}

/** An old set of a blue-green whose pods have not been taken away yet. */
function isStillUp({ rollout, now }: Pass, set: ReplicaSet): boolean {
  const deadline = deadlineOf(set);
  return blueGreenOf(rollout) !== undefined && deadline !== undefined && deadline > now;
}

/** Why the new set is to become stable now; undefined while something is missing. */
export function promotionReason(
  pass: Pass,
  { index, promoteFull }: { readonly index: number | undefined; readonly promoteFull: boolean },
): string | undefined {
  const { rollout, sets, stored } = pass;
  if ((stored.stableRS ?? '') === '') return isStartable(pass) ? 'Initial deploy' : undefined;
  if (isAborted(pass)) return undefined;
  if (!isWhole(pass)) return undefined;
  if (promoteFull) return 'Full promotion requested';
  if (isFastRollback(pass)) return rollbackReason(pass);
  const steps = stepsOf(rollout);
  const isAtEnd = steps.length === 0 || (index ?? 0) >= steps.length;
  if (!isAtEnd || !hasAllTraffic(pass)) return undefined;
  return sets.newSet === undefined ? undefined : `Completed all ${steps.length} canary steps`;
}

export function rollbackReason(pass: Pass): string {
  return isInsideWindow(pass) ? 'Rollback within window' : 'Fast rollback';
}

/** The first version is stable from the start: there is nothing that it could be compared with. */
function isStartable({ sets }: Pass): boolean {
  return sets.newSet !== undefined;
}

/** The first version never came to life and has no pod that answers: nobody loses anything (observed-defects 11). */
export function hasNothingToProtect({ stored, sets }: Pass): boolean {
  const hasStable = (stored.stableRS ?? '') !== '' && sets.stableSet !== sets.newSet;
  const wasHealthy = conditionOf(stored, 'Healthy') !== undefined;
  return hasStable && !wasHealthy && availableOf(sets.stableSet) === 0;
}

/** All pods of the new set are available, or as many as the threshold asks for. */
function isWhole({ rollout, sets, replicas }: Pass): boolean {
  const { newSet } = sets;
  if (newSet === undefined) return false;
  if (availableOf(newSet) >= replicas) return true;
  const threshold = canaryOf(rollout)?.replicaProgressThreshold;
  return threshold !== undefined && progressThresholdMet(threshold, countsOf(newSet), replicas);
}

/** With a router and steps the whole weight has been accepted for the new set before it becomes stable. */
function hasAllTraffic({ rollout, draft }: Pass): boolean {
  const canary = canaryOf(rollout);
  if (canary?.trafficRouting === undefined || stepsOf(rollout).length === 0) return true;
  const recorded = draft.weights?.canary;
  if (recorded === undefined) return true;
  return recorded.weight >= (canary.trafficRouting.maxTrafficWeight ?? 100);
}
