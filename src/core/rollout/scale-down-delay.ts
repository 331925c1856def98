// How long sets that serve no more keep their pods (rollout.md 4.7).
import type { ReplicaSet } from '../../api/kubernetes.ts';
import { formatInstant, type Instant, later, seconds } from '../../lib/time.ts';
import { blueGreenOf, canaryOf, isRouted } from './limits.ts';
import type { Pass } from './pass.ts';
import { isPaced, propagationDelay, trafficSettlesAt } from './propagation.ts';
import { deadlineOf, deadlineTextOf, sizeOf } from './sets.ts';

export const DEFAULT_DELAY_SECONDS = 30;

export interface Delayed {
  readonly size: number;
  readonly deadline?: string;
}

/** When a set that serves no more may go: after the delay, counted from when every proxy knows. */
export function deadlineAfter(pass: Pass, delaySeconds: number): Instant {
  return later(later(pass.now, seconds(delaySeconds)), propagationDelay(pass));
}

/** Decides set after set, newest first, which may wait: as many as the limit of waiting revisions allows. */
export function delayCounter(pass: Pass): (set: ReplicaSet) => Delayed {
  const { rollout, now, draft } = pass;
  const strategy = canaryOf(rollout) ?? blueGreenOf(rollout);
  const limit = strategy?.scaleDownDelayRevisionLimit ?? Number.POSITIVE_INFINITY;
  const delaySeconds = strategy?.scaleDownDelaySeconds ?? DEFAULT_DELAY_SECONDS;
  let waiting = 0;
  return (set) => {
    if (delaySeconds <= 0) return { size: 0 };
    const size = sizeOf(set);
    waiting += 1;
    if (waiting > limit) return { size: 0 };
    if (deadlineTextOf(set) === '') {
      if (isShort(pass, delaySeconds)) return shortlyDelayed(pass, size, delaySeconds);
      const deadline = deadlineAfter(pass, delaySeconds);
      draft.moments.push(deadline);
      return { size, deadline: formatInstant(deadline) };
    }
    const deadline = deadlineOf(set);
    if (deadline === undefined || deadline <= now) return { size: 0 };
    draft.moments.push(deadline);
    return { size };
  };
}

/** A delay within what proxies are given anyway: it needs no mark of its own on the set. */
function isShort(pass: Pass, delaySeconds: number): boolean {
  return isPaced(pass) && isRouted(pass.rollout) && seconds(delaySeconds) <= propagationDelay(pass);
}

/** Counted from the last change of traffic, which the routes themselves tell of. */
function shortlyDelayed(pass: Pass, size: number, delaySeconds: number): Delayed {
  const settled = trafficSettlesAt(pass);
  if (settled === undefined) return { size: 0 };
  const deadline = later(settled, seconds(delaySeconds));
  if (deadline <= pass.now) return { size: 0 };
  pass.draft.moments.push(deadline);
  return { size };
}
