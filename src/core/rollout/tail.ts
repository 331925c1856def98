// The end of every full pass: abort and pause fields, conditions, phase, duration (rollout.md 7.0, 7.4).
// Entry point: `withTail`.
import { normal, warning } from '../events.ts';
import type { PauseCondition, RolloutStatus } from '../../api/rollout.ts';
import { formatInstant } from '../../lib/time.ts';
import {
  conditionOf,
  type Conditions,
  replaced,
  wanted,
  type WantedCondition,
  withCondition,
  without,
} from './conditions.ts';
import { durationOf, type DurationFacts } from './duration.ts';
import { blueGreenOf } from './limits.ts';
import { isAborted, isCompleted, type Pass, rolloutRevision } from './pass.ts';
import { routedPhaseOf } from './phase.ts';
import {
  hasProgressed,
  invalidMessage,
  isHealthy,
  isTimedOut,
  progressDeadline,
  subjectOf,
} from './progress.ts';
import { isFastRollback, isInsideWindow } from './promotion.ts';
import { hashOf, isSaturated, setWith } from './sets.ts';
import { withWorkloadObserved } from './workload-scaling.ts';

export interface TailFacts {
  readonly isReset: boolean;
  /** A reset back to the stable set or inside the rollback window. */
  readonly isRollback: boolean;
  readonly isPromoted: boolean;
}

/** The status of a full pass, ready to be written. */
export function withTail(pass: Pass, base: RolloutStatus, facts: TailFacts): RolloutStatus {
  const { rollout } = pass;
  const observedGeneration = String(rollout.metadata.generation ?? 0);
  const current = { ...base, observedGeneration, conditions: validConditions(pass) };
  const observed = withWorkloadObserved(pass, current);
  abortAfterDeadline(pass, observed);
  const held = withPauses(pass, withAbort(pass, observed));
  const conditions = conditionsOf(pass, held);
  return withDuration(pass, withPhase(pass, { ...held, conditions }), facts);
}

/**
 * The status of an update that is frozen because its spec is invalid: a deadline that passes meanwhile is told, or
 * gives the update up where the spec asks for that.
 */
export function frozenStatus(pass: Pass, status: RolloutStatus): RolloutStatus {
  if (isAborted(pass) || isPaused(pass, status) || isCompleted(status)) return status;
  watchDeadline(pass, status);
  if (!isTimedOut(pass, status)) return status;
  abortAfterDeadline(pass, status);
  const next = withPauses(pass, withAbort(pass, status));
  const conditions =
    next.abort === true
      ? abortedCondition(pass, next.conditions ?? [])
      : overdueCondition(pass, next.conditions ?? []);
  return conditions === status.conditions ? status : withPhase(pass, { ...next, conditions });
}

export function withPhase(pass: Pass, status: RolloutStatus): RolloutStatus {
  const { rollout } = pass;
  const { phase, message } = routedPhaseOf(rollout, status);
  const next = { ...status, phase };
  if (message === '') delete next.message;
  else next.message = message;
  return next;
}

export function withDuration(pass: Pass, next: RolloutStatus, facts: TailFacts): RolloutStatus {
  const durationFacts: DurationFacts = {
    ...facts,
    isFast: facts.isRollback && isFastRollback(pass),
    isAborted: next.abort === true,
    next,
  };
  const duration = durationOf(pass, durationFacts);
  if (duration === next.duration) return next;
  const { duration: _before, ...rest } = next;
  return duration === undefined ? rest : { ...rest, duration };
}

/** A full pass has validated the spec; what is missing while an abort goes on stays told. */
function validConditions(pass: Pass): Conditions {
  const { stored, draft, now } = pass;
  const before = stored.conditions ?? [];
  if (draft.problem === undefined) return without(before, 'InvalidSpec');
  const message = invalidMessage(pass, draft.problem);
  if (conditionOf(stored, 'InvalidSpec')?.message === message) return before;
  return replaced(before, wanted('InvalidSpec', 'True', 'InvalidSpec', message), now);
}

/** `progressDeadlineAbort`: the deadline gives the update up (3.12). */
function abortAfterDeadline(pass: Pass, next: RolloutStatus): void {
  const { rollout, draft } = pass;
  if (rollout.spec.progressDeadlineAbort !== true || isAborted(pass) || isCompleted(next)) return;
  if (hasProgressed(pass, next) || !isTimedOut(pass, next)) return;
  // A blue-green that serves with all its pods waits for a verdict, not for progress.
  if (isHealthy(pass, next)) return;
  // A rollback inside the window takes every abort back: it would be given up and taken up again for ever.
  if (isInsideWindow(pass)) return;
  const message = `${subjectOf(pass)} has timed out progressing.`;
  draft.abortCause = message;
  draft.events.push(warning('RolloutAborted', message));
}

function withAbort(pass: Pass, status: RolloutStatus): RolloutStatus {
  const { stored, now } = pass;
  if (!isAborted(pass) && status.abort === undefined && status.abortedAt === undefined)
    return status;
  const { abort: _abort, abortedAt: _at, ...rest } = status;
  if (!isAborted(pass)) return rest;
  // A full promotion that is given up is over, else the next pass would take the abort back.
  if (pass.draft.abortCause !== undefined) delete rest.promoteFull;
  return { ...rest, abort: true, abortedAt: stored.abortedAt ?? formatInstant(now) };
}

/** While aborted there are no pauses. Else the stored ones, less those removed, with those that are new. */
function withPauses(pass: Pass, status: RolloutStatus): RolloutStatus {
  const { stored, draft, now } = pass;
  if (isPauseFree(pass, status)) return status;
  const { pauseConditions: _conditions, controllerPause: _pause, ...rest } = status;
  if (status.abort === true || draft.arePausesCleared) return tellPauses(pass, rest);
  const kept = (stored.pauseConditions ?? []).filter(
    ({ reason }) => ![...draft.pausesRemoved].some((removed) => removed === reason),
  );
  const added: PauseCondition[] = [...draft.pausesAdded]
    .filter((reason) => !kept.some((condition) => condition.reason === reason))
    .map((reason) => ({ reason, startTime: formatInstant(now) }));
  const all = [...kept, ...added];
  if (all.length === 0) {
    return tellPauses(pass, draft.keepsApproval ? { ...rest, controllerPause: true } : rest);
  }
  const isOurs = stored.controllerPause === true || added.length > 0;
  return tellPauses(pass, {
    ...rest,
    pauseConditions: all,
    ...(isOurs ? { controllerPause: true } : {}),
  });
}

/** Neither were there pauses nor are there any now: nothing to take over and nothing to tell. */
function isPauseFree({ stored, draft }: Pass, status: RolloutStatus): boolean {
  return (
    stored.pauseConditions === undefined &&
    status.pauseConditions === undefined &&
    status.controllerPause === undefined &&
    draft.pausesAdded.size === 0 &&
    !draft.keepsApproval
  );
}

function tellPauses({ stored, draft }: Pass, next: RolloutStatus): RolloutStatus {
  const before = (stored.pauseConditions ?? []).length > 0;
  const [pause] = next.pauseConditions ?? [];
  if (!before && pause !== undefined) {
    draft.events.push(normal('RolloutPaused', `Rollout is paused (${pause.reason})`));
  }
  if (before && pause === undefined && next.abort !== true) {
    draft.events.push(normal('RolloutResumed', 'Rollout is resumed'));
  }
  return next;
}

function conditionsOf(pass: Pass, next: RolloutStatus): Conditions {
  const healthy = healthyCondition(pass, next);
  const progressed = progressCondition(pass, next, healthy);
  const available = availableCondition(pass, next, progressed);
  const failure = failureCondition(pass, available);
  return completedCondition(pass, next, failure);
}

function isPaused({ rollout }: Pass, next: RolloutStatus): boolean {
  return rollout.spec.paused === true || (next.pauseConditions ?? []).length > 0;
}

function healthyCondition(pass: Pass, next: RolloutStatus): Conditions {
  const conditions = next.conditions ?? [];
  if (!isPaused(pass, next) && isHealthy(pass, next)) {
    const healthy = wanted('Healthy', 'True', 'RolloutHealthy', 'Rollout is healthy');
    return withCondition(conditions, healthy, pass.now);
  }
  if (conditionOf(next, 'Healthy') === undefined) return conditions;
  const unhealthy = wanted('Healthy', 'False', 'RolloutHealthy', 'Rollout is not healthy');
  return withCondition(conditions, unhealthy, pass.now);
}

function progressCondition(pass: Pass, next: RolloutStatus, conditions: Conditions): Conditions {
  if (next.abort === true) return abortedCondition(pass, conditions);
  const { now } = pass;
  const subject = subjectOf(pass);
  // An update that is held tells its pause, however well its pods are: a blue-green judged after its switch.
  const isHeld = isPaused(pass, next) && !isCompleted(next);
  if (!isHeld && isHealthy(pass, next)) {
    const message = `${subject} has successfully progressed.`;
    const done = wanted('Progressing', 'True', 'NewReplicaSetAvailable', message);
    return withCondition(conditions, done, now);
  }
  const becameUnhealthy =
    conditionOf(pass.stored, 'Healthy')?.status === 'True' &&
    conditionOf({ conditions: [...conditions] }, 'Healthy')?.status === 'False';
  if (hasProgressed(pass, next) || becameUnhealthy) {
    return replaced(conditions, movingCondition(pass, next, becameUnhealthy), now);
  }
  const current = { ...next, conditions: [...conditions] };
  return isTimedOut(pass, current) ? overdueCondition(pass, conditions) : conditions;
}

function overdueCondition(pass: Pass, conditions: Conditions): Conditions {
  const message = `${subjectOf(pass)} has timed out progressing.`;
  const late = wanted('Progressing', 'False', 'ProgressDeadlineExceeded', message);
  return withCondition(conditions, late, pass.now);
}

function movingCondition(
  pass: Pass,
  next: RolloutStatus,
  becameUnhealthy: boolean,
): WantedCondition {
  if (isCompleted(next) && becameUnhealthy) {
    const message = 'Rollout does not have minimum availability';
    return wanted('Progressing', 'True', 'ReplicaSetNotAvailable', message);
  }
  const message = `${subjectOf(pass)} is progressing.`;
  return wanted('Progressing', 'True', 'ReplicaSetUpdated', message);
}

function abortedCondition(pass: Pass, conditions: Conditions): Conditions {
  const { draft, now, rollout } = pass;
  const text = `Rollout aborted update to revision ${rolloutRevision(rollout)}`;
  const cause = draft.abortCause ?? '';
  const message = cause === '' ? text : `${text}: ${cause}`;
  const next = withCondition(
    conditions,
    wanted('Progressing', 'False', 'RolloutAborted', message),
    now,
  );
  if (next !== conditions) draft.events.push(warning('RolloutAborted', message));
  return next;
}

function availableCondition(pass: Pass, next: RolloutStatus, conditions: Conditions): Conditions {
  const { rollout, sets, replicas, now } = pass;
  const active = setWith(sets, next.blueGreen?.activeSelector ?? '');
  const isAvailable =
    blueGreenOf(rollout) === undefined
      ? (next.availableReplicas ?? 0) >= replicas
      : isSaturated(active, replicas);
  const condition = isAvailable
    ? wanted('Available', 'True', 'AvailableReason', 'Rollout has minimum availability')
    : wanted('Available', 'False', 'AvailableReason', 'Rollout does not have minimum availability');
  return withCondition(conditions, condition, now);
}

/** Why a set cannot have its pods, as the set itself tells it: the new one's, else the first that tells one. */
function failureCondition({ sets, now }: Pass, conditions: Conditions): Conditions {
  const ordered = sets.newSet === undefined ? sets.all : [sets.newSet, ...sets.all];
  for (const set of ordered) {
    const found = set.status?.conditions?.find(({ type }) => type === 'ReplicaFailure');
    if (found === undefined) continue;
    const { status, reason = '', message = '' } = found;
    const known = status === 'True' || status === 'False' ? status : 'Unknown';
    return withCondition(conditions, wanted('ReplicaFailure', known, reason, message), now);
  }
  return without(conditions, 'ReplicaFailure');
}

function completedCondition(pass: Pass, next: RolloutStatus, conditions: Conditions): Conditions {
  const { now, draft, rollout, sets } = pass;
  const done = isCompleted(next);
  const condition = wanted(
    'Completed',
    done ? 'True' : 'False',
    'RolloutCompleted',
    'RolloutCompleted',
  );
  const changed = withCondition(conditions, condition, now);
  if (changed !== conditions && !done) {
    const revision = rolloutRevision(rollout);
    const hash = hashOf(sets.newSet);
    const message = `Rollout not completed, started update to revision ${revision} (${hash})`;
    draft.events.push(normal('RolloutNotCompleted', message));
  }
  return changed;
}

/** Wakes the Rollout when the deadline for progress would pass. */
export function watchDeadline(pass: Pass, next: RolloutStatus): void {
  const reason = conditionOf(next, 'Progressing')?.reason;
  // By the condition, not by the phase: the phase may be Healthy while a stable set lacks pods, and Progressing while
  // nothing but a restart is waited for.
  if (reason === 'ProgressDeadlineExceeded' || isHealthy(pass, next)) return;
  const deadline = progressDeadline(pass, next);
  if (deadline !== undefined && deadline > pass.now) pass.draft.moments.push(deadline);
}
