// `status.duration`: how long an update has taken and how long it waited for people (rollout.md 7.8).
import type { RolloutStatus } from '../../api/rollout.ts';
import { between, formatInstant, type Instant, parseInstant } from '../../lib/time.ts';
import { blueGreenOf } from './limits.ts';
import type { Pass } from './pass.ts';
import { availableOf } from './sets.ts';
import { currentStepOf } from './weights.ts';

export type UpdateDuration = NonNullable<RolloutStatus['duration']>;

export interface DurationFacts {
  /** The template or the steps changed in this pass. */
  readonly isReset: boolean;
  readonly isRollback: boolean;
  readonly isFast: boolean;
  /** The stable hash changes in this pass. */
  readonly isPromoted: boolean;
  readonly isAborted: boolean;
  readonly next: RolloutStatus;
}

/** The next value of the field; undefined if there never was an update. */
export function durationOf(pass: Pass, facts: DurationFacts): UpdateDuration | undefined {
  const begun = started(pass, facts);
  if (begun === undefined || begun.finishedAt !== undefined) return begun;
  return finished(pass, facts, manualPause(pass, facts, begun));
}

function at(now: Instant): string {
  return formatInstant(now);
}

function started(pass: Pass, facts: DurationFacts): UpdateDuration | undefined {
  const current = pass.stored.duration;
  const fresh = (): UpdateDuration => ({ rolloutStartedAt: at(pass.now) });
  const isOpen = current !== undefined && current.finishedAt === undefined;
  if (isOpen) {
    if (!facts.isReset) return current;
    const completionStatus = facts.isFast ? 'FastRolledBack' : 'RolledBack';
    return facts.isRollback ? { ...current, completionStatus } : fresh();
  }
  return isUpdateBegun(pass, facts) || isRetry(pass, facts) ? fresh() : current;
}

function isUpdateBegun({ stored, sets, replicas }: Pass, facts: DurationFacts): boolean {
  const { stableRS, currentPodHash } = facts.next;
  const isFirst = (stored.currentPodHash ?? '') === '' && currentPodHash !== undefined;
  const isStable = stableRS !== undefined && stableRS === currentPodHash;
  const isThere = isStable && availableOf(sets.newSet) >= replicas;
  return (facts.isReset || isFirst) && !isThere;
}

function isRetry({ stored }: Pass, { next }: DurationFacts): boolean {
  return stored.abortedAt !== undefined && stored.abort !== true && next.abort !== true;
}

function needsPerson(pass: Pass, { next }: DurationFacts): boolean {
  if (pass.rollout.spec.paused === true) return true;
  return (next.pauseConditions ?? []).some(({ reason }) => {
    if (reason === 'BlueGreenPause') {
      return blueGreenOf(pass.rollout)?.autoPromotionEnabled === false;
    }
    if (reason !== 'CanaryPauseStep') return true;
    return currentStepOf(pass.rollout)?.pause?.duration === undefined;
  });
}

function manualPause(pass: Pass, facts: DurationFacts, duration: UpdateDuration): UpdateDuration {
  const since = duration.manualPauseStartedAt;
  if (needsPerson(pass, facts)) {
    return since === undefined ? { ...duration, manualPauseStartedAt: at(pass.now) } : duration;
  }
  if (since === undefined) return duration;
  const { manualPauseStartedAt: _since, ...rest } = duration;
  const start = parseInstant(since) ?? pass.now;
  const waited = Math.trunc(between(start, pass.now) / 1000);
  const total = (duration.totalManualPauseDurationSeconds ?? 0) + waited;
  return total === 0 ? rest : { ...rest, totalManualPauseDurationSeconds: total };
}

function finished(pass: Pass, facts: DurationFacts, duration: UpdateDuration): UpdateDuration {
  const { now, sets, replicas, stored } = pass;
  if (facts.isAborted) {
    return {
      ...duration,
      completionStatus: duration.completionStatus ?? 'Aborted',
      finishedAt: at(now),
    };
  }
  const isFull = stored.promoteFull === true;
  const completionStatus =
    duration.completionStatus ??
    (facts.isPromoted ? (isFull ? 'FastPromoted' : 'Promoted') : undefined);
  if (completionStatus === undefined) return duration;
  const isWhole = availableOf(sets.newSet) >= replicas;
  return { ...duration, completionStatus, ...(isWhole ? { finishedAt: at(now) } : {}) };
}
