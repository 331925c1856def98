// The status of a blue-green after a pass, and why its new set becomes stable (rollout.md 3.5, 6.4, 6.5).
import type { RolloutStatus } from '../../../api/rollout.ts';
import { blueGreenOf } from '../limits.ts';
import { isAborted, type Pass } from '../pass.ts';
import { isFastRollback, isInsideWindow, rollbackReason } from '../promotion.ts';
import { hasSucceeded } from '../runs.ts';
import { availableOf, hashOf } from '../sets.ts';
import { baseStatus, finished, hurry, NOTHING_NEW, promoted } from '../status.ts';
import { hasCheckPoint, isAnalysed, isPauseOver, keepApproval } from './gates.ts';

export function blueGreenStatus(pass: Pass): RolloutStatus {
  if (pass.stored.promoteFull === true || isInsideWindow(pass)) hurry(pass);
  const base = baseStatus(pass);
  const reason = promotionReason(pass);
  if (reason !== undefined) return promoted(pass, base, reason);
  if (isAtCheckPoint(pass)) {
    const blueGreen = { ...base.blueGreen, scaleUpPreviewCheckPoint: true };
    return finished(pass, { ...base, blueGreen }, NOTHING_NEW);
  }
  keepApproval(pass);
  return finished(pass, base, NOTHING_NEW);
}

/** From here on the preview grows to its full size; an abort takes that back. */
function isAtCheckPoint(pass: Pass): boolean {
  const { rollout, sets } = pass;
  const count = blueGreenOf(rollout)?.previewReplicaCount;
  if (count === undefined || isAborted(pass)) return false;
  if (hasCheckPoint(pass)) return true;
  return isAnalysed(pass) && isPauseOver(pass) && availableOf(sets.newSet) === count;
}

function promotionReason(pass: Pass): string | undefined {
  const { rollout, stored, sets, draft } = pass;
  if (sets.newSet === undefined) return undefined;
  if ((stored.stableRS ?? '') === '' || hasNothingToProtect(pass)) return 'Initial deploy';
  if (draft.activeSelector !== hashOf(sets.newSet)) return undefined;
  if (stored.promoteFull === true) return 'Full promotion requested';
  if (isFastRollback(pass)) return rollbackReason(pass);
  if (isAborted(pass)) return undefined;
  const { templates = [] } = blueGreenOf(rollout)?.postPromotionAnalysis ?? {};
  if (templates.length > 0 && !hasSucceeded(pass, draft.runs.PostPromotion)) return undefined;
  return 'Completed blue-green update';
}

/** The stable set never served and has no pod that answers: a first version that never started (observed-defects 11). */
function hasNothingToProtect({ stored, sets, draft }: Pass): boolean {
  const served = draft.activeSelector !== '' || (stored.blueGreen?.activeSelector ?? '') !== '';
  return !served && sets.stableSet !== sets.newSet && availableOf(sets.stableSet) === 0;
}
