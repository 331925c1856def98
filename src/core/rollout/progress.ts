// Health, progress and deadlines of an update, as conditions tell them (rollout.md 3.12, 7.3, 7.4).
import type { RolloutStatus } from '../../api/rollout.ts';
import { type Instant, later, milliseconds, parseInstant, seconds } from '../../lib/time.ts';
import { conditionOf } from './conditions.ts';
import { blueGreenOf } from './limits.ts';
import { isCompleted, type Pass } from './pass.ts';
import { deadlineTextOf } from './sets.ts';
import { hasLostPods, reached, type Reached, reachedOf } from './setback.ts';
import { currentStepOf, stepsOf } from './weights.ts';

const DEFAULT_DEADLINE_SECONDS = 600;

/** All pods are of the new version and available; of a canary's old version none is left. */
export function isHealthy(pass: Pass, next: RolloutStatus): boolean {
  const { rollout, stored, replicas } = pass;
  return (
    (next.updatedReplicas ?? 0) === replicas &&
    (next.availableReplicas ?? 0) === replicas &&
    stored.observedGeneration === String(rollout.metadata.generation ?? 0) &&
    (blueGreenOf(rollout) === undefined ? isCanaryWhole(pass, next) : isServing(pass, next))
  );
}

function isCanaryWhole({ rollout, replicas }: Pass, next: RolloutStatus): boolean {
  const steps = stepsOf(rollout).length;
  const index = next.currentStepIndex;
  const isAtEnd = steps === 0 || index === undefined || index === steps;
  return isAtEnd && isCompleted(next) && (next.replicas ?? 0) === replicas;
}

/** The Services of a blue-green name the new set. */
function isServing({ rollout }: Pass, { blueGreen, currentPodHash }: RolloutStatus): boolean {
  const hasPreview = (blueGreenOf(rollout)?.previewService ?? '') !== '';
  return (
    blueGreen?.activeSelector === currentPodHash &&
    (!hasPreview || blueGreen?.previewSelector === currentPodHash)
  );
}

/** Pods that are not of the new version, and what the update points at. */
function situationOf(status: RolloutStatus) {
  const { replicas = 0, updatedReplicas = 0, blueGreen } = status;
  return {
    old: replicas - updatedReplicas,
    identity: [
      status.stableRS,
      status.currentStepHash,
      blueGreen?.activeSelector,
      blueGreen?.previewSelector,
    ].join('/'),
  };
}

/** Whether the pass brings the update further, compared with what is stored. */
export function hasProgressed(pass: Pass, next: RolloutStatus): boolean {
  const { stored } = pass;
  const before = situationOf(stored);
  const after = situationOf(next);
  const from = stored.currentStepIndex;
  const to = next.currentStepIndex;
  return (
    after.old < before.old ||
    before.identity !== after.identity ||
    (from !== undefined && to !== undefined && from !== to) ||
    hasMorePods(pass, next)
  );
}

/** More pods than there have been, or fewer because fewer are wanted; not what was lost and has come back. */
function hasMorePods(pass: Pass, next: RolloutStatus): boolean {
  const { stored } = pass;
  const before = reachedOf(stored);
  const after = reachedOf(next);
  if (stored.currentPodHash !== next.currentPodHash && before.updated !== after.updated)
    return true;
  const mark = reached(pass);
  const isShrunk = after.updated < before.updated && !hasLostPods(pass, next);
  const isMore = (member: keyof Reached) => after[member] > Math.max(before[member], mark[member]);
  return isShrunk || isMore('updated') || isMore('ready') || isMore('available');
}

/** A step, a pause, or a set on its way out that may take as long as it likes. */
function isTimeless({ rollout, stored, sets }: Pass, next: RolloutStatus): boolean {
  const step = currentStepOf({ ...rollout, status: next });
  const isIndefinite =
    step?.experiment !== undefined || step?.analysis !== undefined || step?.pause !== undefined;
  return (
    isIndefinite ||
    conditionOf(stored, 'Paused')?.status === 'True' ||
    sets.others.some((set) => deadlineTextOf(set) !== '')
  );
}

const UNTIMED: ReadonlySet<string> = new Set(['RolloutAborted', 'RolloutPaused']);

/** The moment at which progress has been missing for too long; undefined while that is not looked at. */
export function progressDeadline(pass: Pass, next: RolloutStatus): Instant | undefined {
  const condition = conditionOf(next, 'Progressing');
  if (condition === undefined || UNTIMED.has(condition.reason) || isTimeless(pass, next)) {
    return undefined;
  }
  const since = parseInstant(condition.lastUpdateTime);
  if (since === undefined) return undefined;
  const limit = pass.rollout.spec.progressDeadlineSeconds ?? DEFAULT_DEADLINE_SECONDS;
  return later(later(since, seconds(limit)), milliseconds(1));
}

/** Amid an update, or a loss of health, that is told of when it comes no further in time. */
export function isTimed(pass: Pass, next: RolloutStatus): boolean {
  const isDone = conditionOf(next, 'Progressing')?.reason === 'NewReplicaSetAvailable';
  return !isDone && progressDeadline(pass, next) !== undefined;
}

/** Whether the deadline has passed, or had passed before and nothing has moved since. */
export function isTimedOut(pass: Pass, next: RolloutStatus): boolean {
  const condition = conditionOf(next, 'Progressing');
  const deadline = progressDeadline(pass, next);
  if (deadline === undefined) return false;
  return condition?.reason === 'ProgressDeadlineExceeded' || pass.now >= deadline;
}

/** `ReplicaSet "x"`, or the Rollout while there is no new set. */
export function subjectOf({ sets, rollout }: Pass): string {
  const { newSet } = sets;
  return newSet === undefined
    ? `Rollout "${rollout.metadata.name}"`
    : `ReplicaSet "${newSet.metadata.name}"`;
}

/** The message of the condition InvalidSpec. */
export function invalidMessage({ rollout }: Pick<Pass, 'rollout'>, problem: string): string {
  return `The Rollout "${rollout.metadata.name}" is invalid: ${problem}`;
}

/** Whether what is missing while an abort goes on has been told already. */
export function isProblemTold(pass: Pass): boolean {
  const { problem } = pass.draft;
  if (problem === undefined) return false;
  return conditionOf(pass.stored, 'InvalidSpec')?.message === invalidMessage(pass, problem);
}
