// Conditions that tell of pauses, resumes and retries, written in a pass of their own (rollout.md 3.2 A).
import type { RolloutStatus } from '../../api/rollout.ts';
import {
  conditionOf,
  type Conditions,
  wanted,
  type WantedCondition,
  withCondition,
} from './conditions.ts';
import { formatInstant } from '../../lib/time.ts';
import { isCompleted, type Pass } from './pass.ts';
import { withDuration, withPhase } from './tail.ts';
import { workloadGeneration } from './workload.ts';

/** The status to write if something has to be told; then the pass ends. */
export function pauseBookkeeping(pass: Pass): RolloutStatus | undefined {
  const { rollout, stored, draft } = pass;
  const observedGeneration = String(rollout.metadata.generation ?? 0);
  if (stored.observedGeneration !== observedGeneration || !isWorkloadSeen(pass)) return undefined;
  const conditions = bookedConditions(pass);
  if (conditions === (stored.conditions ?? [])) return undefined;
  draft.reasons.push({ code: 'PauseRecorded', message: 'telling of a pause, a resume or a retry' });
  const next = withPhase(pass, { ...stored, ...abortTime(pass), conditions });
  return withDuration(pass, next, { isReset: false, isRollback: false, isPromoted: false });
}

/** A workload with another template begins an update, as another generation of the Rollout does. */
function isWorkloadSeen({ world, stored }: Pass): boolean {
  const generation = workloadGeneration(world.workload);
  return generation === undefined || generation === stored.workloadObservedGeneration;
}

/**
 * What judges an update goes by the time of an abort that is no more: it begins anew. A client that takes that time
 * away together with the abort means the same (pitfall 29); the next full pass takes it away.
 */
function abortTime({ stored, now }: Pass): RolloutStatus {
  const isRetry = conditionOf(stored, 'Progressing')?.reason === 'RolloutAborted';
  return isRetry ? { abortedAt: stored.abortedAt ?? formatInstant(now) } : {};
}

function bookedConditions(pass: Pass): Conditions {
  const { stored, now } = pass;
  let conditions: Conditions = stored.conditions ?? [];
  for (const condition of dueConditions(pass)) {
    conditions = withCondition(conditions, condition, now);
  }
  return conditions;
}

function dueConditions({ rollout, stored }: Pass): readonly WantedCondition[] {
  const reason = conditionOf(stored, 'Progressing')?.reason;
  if (reason === 'RolloutAborted') {
    if (stored.abort === true) return [];
    return [wanted('Progressing', 'Unknown', 'RolloutRetry', 'Retrying Rollout after abort')];
  }
  const isPaused = (stored.pauseConditions ?? []).length > 0 || rollout.spec.paused === true;
  const due: WantedCondition[] = [];
  if (isPaused !== (reason === 'RolloutPaused') && !isCompleted(stored)) {
    due.push(
      isPaused
        ? wanted('Progressing', 'Unknown', 'RolloutPaused', 'Rollout is paused')
        : wanted('Progressing', 'Unknown', 'RolloutResumed', 'Rollout is resumed'),
    );
  }
  if (isPaused !== (conditionOf(stored, 'Paused')?.status === 'True')) {
    const status = isPaused ? 'True' : 'False';
    due.push(wanted('Paused', status, 'RolloutPaused', 'Rollout is paused'));
  }
  return due;
}
