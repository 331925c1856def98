// Sizes of a blue-green's sets (rollout.md 4.7, 4.8, 6.3): stable whole, the new one as its preview needs, others after
// a delay. All in one pass; a pause does not stop it. Entry point: `scaleBlueGreen`.
import { scaleAborted } from '../abort-scaling.ts';
import { blueGreenOf } from '../limits.ts';
import { hasPause, type Pass } from '../pass.ts';
import { referencedHashes } from '../references.ts';
import { delayCounter } from '../scale-down-delay.ts';
import { scaleSet } from '../set-scaling.ts';
import { byRevision, hashOf, sizeOf } from '../sets.ts';
import { hasSucceeded, storedRun } from '../runs.ts';
import { shrinkWorkload } from '../workload-scaling.ts';
import { newSize } from './gates.ts';

export function scaleBlueGreen(pass: Pass): void {
  const { sets, replicas } = pass;
  const { stableSet, newSet } = sets;
  if (stableSet !== undefined && stableSet !== newSet) {
    scaleSet(pass, stableSet, { size: replicas, deadline: null });
  }
  scaleNew(pass);
  shrinkWorkload(pass);
  scaleOthers(pass);
}

function scaleNew(pass: Pass): void {
  const { sets, rollout, stored, draft } = pass;
  const { newSet } = sets;
  if (newSet === undefined) return;
  const delaySeconds = blueGreenOf(rollout)?.abortScaleDownDelaySeconds;
  const isGivenUp = stored.abort === true && sets.stableSet !== undefined;
  if (isGivenUp && draft.activeSelector === hashOf(newSet)) {
    // It still serves: its time begins when the active Service has gone back.
    scaleSet(pass, newSet, { size: sizeOf(newSet) });
    return;
  }
  // A delay of 0 means never.
  if (isGivenUp && delaySeconds !== 0) {
    const done = scaleAborted(pass, newSet, { delaySeconds, isHeld: false });
    if (done !== undefined) return;
  }
  scaleSet(pass, newSet, { size: newSize(pass), deadline: null });
}

function scaleOthers(pass: Pass): void {
  const { sets } = pass;
  if (hasPause(pass, 'InconclusiveAnalysisRun') || awaitsVerdict(pass)) return;
  const referenced = referencedHashes(pass);
  const delayed = delayCounter(pass);
  const others = sets.others.filter((set) => sizeOf(set) > 0 && !referenced.has(hashOf(set)));
  for (const set of others.toSorted(byRevision)) scaleSet(pass, set, delayed(set));
}

/** While production is judged after the switch, nothing that one could go back to is taken away. */
function awaitsVerdict(pass: Pass): boolean {
  const { rollout, stored, sets } = pass;
  const { postPromotionAnalysis, scaleDownDelaySeconds } = blueGreenOf(rollout) ?? {};
  const hash = hashOf(sets.newSet);
  const isJudged = hash !== (stored.stableRS ?? '') && stored.blueGreen?.activeSelector === hash;
  return (
    postPromotionAnalysis !== undefined &&
    scaleDownDelaySeconds === undefined &&
    isJudged &&
    !hasSucceeded(pass, storedRun(pass, 'PostPromotion'))
  );
}
