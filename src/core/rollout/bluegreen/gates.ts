// What a blue-green waits for before its new set gets the production traffic (rollout.md 4.10, 6.1, 6.2).
import {
  formatInstant,
  type Instant,
  later,
  milliseconds,
  parseInstant,
  seconds,
} from '../../../lib/time.ts';
import { blueGreenOf } from '../limits.ts';
import { hasPause, isAborted, isHalted, type Pass } from '../pass.ts';
import { isFastRollback } from '../promotion.ts';
import { blueGreenNewReplicas } from '../replicas.ts';
import { storedRun } from '../runs.ts';
import { availableOf, hashOf, sizeOf } from '../sets.ts';

/** Pods that the new set should have now: as many as a preview needs, later all. */
export function newSize({ rollout, sets, draft }: Pass): number {
  const active = draft.activeSelector === '' ? undefined : draft.activeSelector;
  return blueGreenNewReplicas(rollout, hashOf(sets.newSet), active);
}

/** The new set has all pods that it should have now. */
export function isReady(pass: Pass): boolean {
  const { newSet } = pass.sets;
  const size = newSize(pass);
  return newSet !== undefined && sizeOf(newSet) === size && availableOf(newSet) === size;
}

/** Nobody is asked and nothing is analysed: the way back, a full promotion, or it serves already. */
export function isFastTracked(pass: Pass): boolean {
  const { stored, sets, draft } = pass;
  return (
    isFastRollback(pass) ||
    stored.promoteFull === true ||
    draft.activeSelector === hashOf(sets.newSet)
  );
}

/** The analysis before the switch has passed, or there is none. A retry does not go by the run of before. */
export function isAnalysed(pass: Pass): boolean {
  const { templates = [] } = blueGreenOf(pass.rollout)?.prePromotionAnalysis ?? {};
  if (templates.length === 0) return true;
  return (
    pass.stored.abortedAt === undefined &&
    storedRun(pass, 'PrePromotion')?.status?.phase === 'Successful'
  );
}

function promotesItself({ rollout }: Pass): boolean {
  return blueGreenOf(rollout)?.autoPromotionEnabled !== false;
}

function needsPause(pass: Pass): boolean {
  return !promotesItself(pass) || (blueGreenOf(pass.rollout)?.autoPromotionSeconds ?? 0) > 0;
}

export function hasCheckPoint({ stored }: Pass): boolean {
  return stored.blueGreen?.scaleUpPreviewCheckPoint === true;
}

/** From this moment on the pause ends by itself; undefined if only a person ends it. */
function pauseEnd(pass: Pass, since: Instant | undefined): Instant | undefined {
  const after = blueGreenOf(pass.rollout)?.autoPromotionSeconds ?? 0;
  if (!promotesItself(pass) || after <= 0 || since === undefined) return undefined;
  return later(later(since, seconds(after)), milliseconds(1));
}

function pausedSince({ stored }: Pass): Instant | undefined {
  const pause = stored.pauseConditions?.find(({ reason }) => reason === 'BlueGreenPause');
  return parseInstant(pause?.startTime ?? '');
}

/** A person has taken the pause away. */
function isApproved(pass: Pass): boolean {
  return pass.stored.controllerPause === true && !hasPause(pass, 'BlueGreenPause');
}

/** The pause is over, or there is none to be made. */
export function isPauseOver(pass: Pass): boolean {
  if (pass.draft.pausesAdded.has('BlueGreenPause')) return false;
  if (!needsPause(pass) || hasCheckPoint(pass) || isApproved(pass)) return true;
  const end = pauseEnd(pass, pausedSince(pass));
  return end !== undefined && pass.now >= end;
}

/** Begins the pause before the switch, or ends it. */
export function pauseBeforeSwitch(pass: Pass): void {
  const { draft } = pass;
  if (isAborted(pass) || isHalted(pass) || !isReady(pass)) return;
  const isHeld = hasPause(pass, 'BlueGreenPause');
  if (isFastTracked(pass) || hasCheckPoint(pass) || !needsPause(pass)) {
    if (isHeld) draft.pausesRemoved.add('BlueGreenPause');
    return;
  }
  if (!isAnalysed(pass)) return;
  if (isHeld) waitOrEnd(pass);
  else if (!isApproved(pass)) begin(pass);
}

function waitOrEnd(pass: Pass): void {
  const { draft } = pass;
  if (isPauseOver(pass)) {
    draft.pausesRemoved.add('BlueGreenPause');
    return;
  }
  const end = pauseEnd(pass, pausedSince(pass));
  if (end !== undefined) draft.moments.push(end);
  const message =
    end === undefined
      ? 'the preview waits to be promoted'
      : `the preview is promoted at ${formatInstant(end)}`;
  draft.reasons.push({ code: 'PausedBeforeSwitch', message });
}

function begin(pass: Pass): void {
  const { draft, now } = pass;
  draft.pausesAdded.add('BlueGreenPause');
  const end = pauseEnd(pass, parseInstant(formatInstant(now)));
  if (end !== undefined) draft.moments.push(end);
  draft.reasons.push({
    code: 'PausedBeforeSwitch',
    message: 'the preview is ready; the pause before its promotion begins',
  });
}

/** An approval that cannot be acted on yet, say while a pod is away, is not forgotten. */
export function keepApproval(pass: Pass): void {
  const { draft, sets } = pass;
  const isSwitched = draft.activeSelector === hashOf(sets.newSet);
  draft.keepsApproval =
    isApproved(pass) &&
    isAnalysed(pass) &&
    needsPause(pass) &&
    !isSwitched &&
    !isAborted(pass) &&
    !isFastTracked(pass);
}
