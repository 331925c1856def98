// The status after a pass: reset and promotion of both strategies, abort and the next step of a canary (rollout.md 3.4,
// 3.6). Entry point: `canaryStatus`; of a blue-green `bluegreen/status.ts`.
import { normal } from '../events.ts';
import type { RolloutStatus } from '../../api/rollout.ts';
import { selectorText } from '../../api/selector.ts';
import { runReference } from './runs.ts';
import { canaryOf } from './limits.ts';
import { isAborted, isCompleted, type Pass, rolloutRevision } from './pass.ts';
import { stableAfterPromotion } from './ping-pong.ts';
import { isTimed } from './progress.ts';
import { isInsideWindow, promotionReason } from './promotion.ts';
import { availableOf, hashOf, setWith, sizeOf } from './sets.ts';
import { isStepComplete, stepText } from './steps.ts';
import { noteSetback } from './setback.ts';
import { type TailFacts, watchDeadline, withTail } from './tail.ts';
import { stepIndexOf, stepsOf } from './weights.ts';
import { retireWorkload } from './workload-scaling.ts';

export const NOTHING_NEW: TailFacts = { isReset: false, isRollback: false, isPromoted: false };

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Present<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

/** Members that are zero or empty are left out, as the wire has them. */
function present<T extends Readonly<Record<string, unknown>>>(members: T): Present<T> {
  const kept: Record<string, unknown> = {};
  // Without arrays in between it costs a third.
  for (const name in members) {
    const value = members[name];
    if (value !== undefined && value !== 0 && value !== '' && value !== false) kept[name] = value;
  }
  return kept as Present<T>;
}

/** The same for one member. */
function keep<Name extends keyof RolloutStatus>(
  status: Mutable<RolloutStatus>,
  name: Name,
  value: RolloutStatus[Name],
): void {
  if (value !== undefined && value !== 0 && value !== '' && value !== false) status[name] = value;
}

interface Sums {
  replicas: number;
  ready: number;
  available: number;
}

function sumsOf({ all }: Pass['sets']): Sums {
  const sums = { replicas: 0, ready: 0, available: 0 };
  for (const { status } of all) {
    sums.replicas += status?.replicas ?? 0;
    sums.ready += status?.readyReplicas ?? 0;
    sums.available += status?.availableReplicas ?? 0;
  }
  return sums;
}

/** Counters over all sets, and what the scale subresource reads: of a blue-green the set that serves. */
function count({ sets, rollout, draft }: Pass, into: Mutable<RolloutStatus>): void {
  const active = setWith(sets, draft.activeSelector);
  const { replicas, ready, available } = sumsOf(sets);
  const isWhole = active === undefined;
  keep(into, 'replicas', replicas);
  keep(into, 'updatedReplicas', sets.newSet?.status?.replicas ?? 0);
  keep(into, 'readyReplicas', isWhole ? ready : (active.status?.readyReplicas ?? 0));
  keep(into, 'availableReplicas', isWhole ? available : availableOf(active));
  keep(into, 'HPAReplicas', isWhole ? replicas : (active.status?.replicas ?? 0));
  keep(into, 'selector', selectorText((isWhole ? rollout : active).spec.selector));
}

/** What every full pass recomputes or carries over. Member by member: in every pass, copies would cost as much as it. */
export function baseStatus(pass: Pass): RolloutStatus {
  const { rollout, stored, sets, world, draft } = pass;
  const { alb, albs, duration, collisionCount, promoteFull, stableRS } = stored;
  const status: Mutable<RolloutStatus> = {};
  keep(status, 'alb', alb);
  keep(status, 'albs', albs);
  keep(status, 'duration', duration);
  keep(status, 'promoteFull', promoteFull);
  keep(status, 'stableRS', stableRS);
  if (collisionCount !== undefined) status.collisionCount = collisionCount;
  if (draft.restartedAt !== undefined) status.restartedAt = draft.restartedAt;
  count(pass, status);
  status.currentPodHash =
    sets.newSet === undefined ? world.hashes.podTemplate : hashOf(sets.newSet);
  if (canaryOf(rollout) !== undefined) status.currentStepHash = world.hashes.steps;
  status.canary = canaryBlock(pass);
  status.blueGreen = blueGreenBlock(pass);
  return status;
}

function canaryBlock({ stored, draft }: Pass): NonNullable<RolloutStatus['canary']> {
  const { stablePingPong } = stored.canary ?? {};
  const { experiment } = draft;
  return present({
    currentStepAnalysisRunStatus: runReference(draft.runs.Step),
    currentBackgroundAnalysisRunStatus: runReference(draft.runs.Background),
    currentExperiment: isKept(experiment?.status?.phase) ? experiment?.metadata.name : undefined,
    weights: draft.weights,
    stablePingPong,
    stepPluginStatuses: emptyIsNone(draft.stepPlugins.entries),
  });
}

function emptyIsNone<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list;
}

function blueGreenBlock({ draft }: Pass): NonNullable<RolloutStatus['blueGreen']> {
  return present({
    previewSelector: draft.previewSelector,
    activeSelector: draft.activeSelector,
    prePromotionAnalysisRunStatus: runReference(draft.runs.PrePromotion),
    postPromotionAnalysisRunStatus: runReference(draft.runs.PostPromotion),
  });
}

/** A failed or inconclusive experiment is over; a successful one counts until the step is left. */
function isKept(phase: string | undefined): boolean {
  return phase !== 'Failed' && phase !== 'Error' && phase !== 'Inconclusive';
}

/** A full promotion that is over. */
function withoutFull(status: RolloutStatus): RolloutStatus {
  if (status.promoteFull === undefined) return status;
  const { promoteFull: _full, ...rest } = status;
  return rest;
}

function withIndex(status: RolloutStatus, index: number | undefined): RolloutStatus {
  return index === undefined ? status : { ...status, currentStepIndex: index };
}

export function finished(pass: Pass, status: RolloutStatus, facts: TailFacts): RolloutStatus {
  const next = withTail(pass, status, facts);
  if (isTimed(pass, pass.stored)) noteSetback(pass, next);
  watchDeadline(pass, next);
  return next;
}

/** Whether template or steps are not those of the last status: then this pass only begins the update anew. */
export function isChanged({ stored, sets, world }: Pass): boolean {
  const { currentStepHash = '', currentPodHash = '' } = stored;
  if (currentStepHash === '' || currentStepHash !== world.hashes.steps) return true;
  return currentPodHash !== '' && hashOf(sets.newSet) !== currentPodHash;
}

/** Neither pauses nor an abort stand in the way. */
export function hurry({ draft }: Pass): void {
  draft.arePausesCleared = true;
  draft.isAbortRemoved = true;
  draft.abortCause = undefined;
}

export function canaryStatus(pass: Pass): RolloutStatus {
  const { rollout, stored } = pass;
  const count = stepsOf(rollout).length;
  const isHurried = stored.promoteFull === true || isInsideWindow(pass);
  if (isHurried) hurry(pass);
  const index = count === 0 ? undefined : isHurried ? count : stepIndexOf(rollout);
  const base = baseStatus(pass);
  const reason = promotionReason(pass, { index, promoteFull: stored.promoteFull === true });
  if (reason !== undefined) return promoted(pass, base, reason);
  if (isAborted(pass)) {
    const back = count === 0 ? undefined : isCompleted(stored) ? count : 0;
    return finished(pass, withIndex(base, back), NOTHING_NEW);
  }
  if (!isHurried && isStepComplete(pass)) return stepped(pass, base);
  return finished(pass, withIndex(base, index), NOTHING_NEW);
}

/** The update starts over, or is over at once if it leads back to what runs already. */
export function resetStatus(pass: Pass): RolloutStatus {
  const { rollout, sets, stored, draft } = pass;
  const count = stepsOf(rollout).length;
  draft.arePausesCleared = true;
  draft.isAbortRemoved = true;
  draft.restartedAt = rollout.spec.restartAt;
  draft.stepPlugins.entries = [];
  const toStable = hashOf(sets.newSet) !== '' && hashOf(sets.newSet) === (stored.stableRS ?? '');
  const inWindow = isInsideWindow(pass) && sizeOf(sets.newSet) > 0;
  if (count > 0 && (toStable || inWindow)) {
    draft.events.push(
      normal(
        'SkipSteps',
        toStable
          ? 'Rollback to stable ReplicaSets'
          : 'Rollback to active ReplicaSets within RollbackWindow',
      ),
    );
  }
  draft.reasons.push({ code: 'UpdateBegins', message: 'the template or the steps have changed' });
  const base = withoutFull(baseStatus(pass));
  const index = count === 0 ? undefined : toStable || inWindow ? count : 0;
  const facts = { isReset: true, isRollback: toStable || inWindow, isPromoted: false };
  return finished(pass, withIndex(base, index), facts);
}

/** As if there had been no version before: the next pass deploys this one as the first. */
export function anewStatus(pass: Pass): RolloutStatus {
  const { stableRS = '', ...status } = resetStatus(pass);
  const message = `ReplicaSet ${stableRS} never had an available pod: the update goes straight to full`;
  pass.draft.reasons.unshift({ code: 'UpdateBegins', message });
  return status;
}

export function promoted(pass: Pass, base: RolloutStatus, reason: string): RolloutStatus {
  const { rollout, draft, stored } = pass;
  draft.arePausesCleared = true;
  draft.isAbortRemoved = true;
  retireWorkload(pass);
  const length = stepsOf(rollout).length;
  const status = withIndex(withoutFull(base), length === 0 ? undefined : length);
  const hash = base.currentPodHash ?? '';
  if ((stored.stableRS ?? '') === hash) return finished(pass, status, NOTHING_NEW);
  const revision = rolloutRevision(rollout);
  const message = `Rollout completed update to revision ${revision} (${hash}): ${reason}`;
  draft.events.push(normal('RolloutCompleted', message));
  draft.reasons.push({ code: 'Promoted', message });
  const stablePingPong = stableAfterPromotion(rollout);
  const canary =
    stablePingPong === undefined ? status.canary : { ...status.canary, stablePingPong };
  const next = { ...status, stableRS: hash, ...(canary === undefined ? {} : { canary }) };
  return finished(pass, next, { ...NOTHING_NEW, isPromoted: true });
}

function stepped(pass: Pass, base: RolloutStatus): RolloutStatus {
  const { rollout, draft } = pass;
  const steps = stepsOf(rollout);
  const index = stepIndexOf(rollout);
  const step = steps[index];
  draft.pausesRemoved.add('CanaryPauseStep');
  const text = step === undefined ? 'invalid' : stepText(step);
  const message = `Rollout step ${index + 1}/${steps.length} completed (${text})`;
  draft.events.push(normal('RolloutStepCompleted', message));
  draft.reasons.unshift({ code: 'StepCompleted', message });
  const {
    currentStepAnalysisRunStatus: _run,
    currentExperiment: _experiment,
    ...canary
  } = base.canary ?? {};
  return finished(pass, withIndex({ ...base, canary }, index + 1), NOTHING_NEW);
}

/**
 * After a pass that only scaled: what is stored, with counters of now (3.2 C). A template or steps that came with the
 * new size have not been looked at yet, so their generation does not count as observed (pitfall 7).
 */
export function scaledStatus(pass: Pass): RolloutStatus {
  const { stored } = pass;
  const counted: Mutable<RolloutStatus> = {};
  count(pass, counted);
  const { availableReplicas, HPAReplicas, selector } = counted;
  const { availableReplicas: _available, HPAReplicas: _scaled, ...rest } = stored;
  const next = { ...rest, ...present({ availableReplicas, HPAReplicas, selector }) };
  const status = finished(pass, next, NOTHING_NEW);
  const { observedGeneration } = stored;
  if (!isUnseen(pass) || observedGeneration === undefined) return status;
  return { ...status, observedGeneration };
}

function isUnseen(pass: Pass): boolean {
  const { stored, sets, rollout } = pass;
  if (canaryOf(rollout) !== undefined) return isChanged(pass);
  return (stored.currentPodHash ?? '') !== hashOf(sets.newSet);
}
