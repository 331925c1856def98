// The new set after an abort: it keeps its pods for a while, so that traffic has left before they do (rollout.md 4.8).
import type { ReplicaSet } from '../../api/kubernetes.ts';
import { formatInstant } from '../../lib/time.ts';
import type { Pass } from './pass.ts';
import { deadlineAfter, DEFAULT_DELAY_SECONDS } from './scale-down-delay.ts';
import { scaleSet } from './set-scaling.ts';
import { availableOf, deadlineOf, deadlineTextOf, sizeOf } from './sets.ts';

export interface AbortDelay {
  readonly delaySeconds: number | undefined;
  /** It is still sent traffic, and stays whatever its deadline says. */
  readonly isHeld: boolean;
}

/** Whether it was scaled; undefined: its mark cannot be read, the usual size applies. */
export function scaleAborted(
  pass: Pass,
  set: ReplicaSet,
  { delaySeconds = DEFAULT_DELAY_SECONDS, isHeld }: AbortDelay,
): boolean | undefined {
  const { now, draft, sets, replicas } = pass;
  const size = sizeOf(set);
  if (deadlineTextOf(set) === '') {
    const isStableWhole = availableOf(sets.stableSet) >= replicas;
    const deadline = deadlineAfter(pass, delaySeconds);
    if (isStableWhole && size > 0) draft.moments.push(deadline);
    return scaleSet(pass, set, {
      size,
      ...(isStableWhole ? { deadline: formatInstant(deadline) } : {}),
    });
  }
  const deadline = deadlineOf(set);
  if (deadline === undefined) return undefined;
  if (deadline > now && size > 0 && !isHeld) draft.moments.push(deadline);
  const target = deadline > now || isHeld ? size : 0;
  return scaleSet(pass, set, { size: target, keepsDeadline: true });
}
