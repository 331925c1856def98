// Which Rollout goes first when there is more to do than may be asked of the API server. Entry point: `urgencyOf`.
import type { Rollout } from '../api/rollout.ts';

/** An abort ends what may be hurting somebody. */
const ABORT = 4;
/** Promoted, with traffic or pods still on their way. */
const LAST = 3;
export const RUNS_URGENCY = LAST;
/** An update that has begun; up to one more for its steps. */
const MOVING = 1;
/** One that has not begun, and what is left to tidy up after one that is done. */
const REST = 0;

/**
 * The nearer its end, the sooner: of a thousand that are updated at once the first are done long before the last. Step 2
 * of 4 -> 1.5.
 */
export function urgencyOf(rollout: Rollout | undefined): number {
  if (rollout === undefined) return REST;
  const { stableRS = '', currentPodHash = '', phase = '', abort } = rollout.status ?? {};
  const isOver = stableRS === currentPodHash;
  if (abort === true && !isOver) return ABORT;
  if (!isSeen(rollout) || currentPodHash === '' || phase === 'Healthy') return REST;
  return isOver ? LAST : MOVING + progressOf(rollout);
}

function isSeen({ metadata, status }: Rollout): boolean {
  return status?.observedGeneration === String(metadata.generation ?? 0);
}

function progressOf({ spec, status }: Rollout): number {
  const steps = spec.strategy?.canary?.steps?.length ?? 0;
  return steps === 0 ? 0 : Math.min(1, (status?.currentStepIndex ?? 0) / steps);
}
