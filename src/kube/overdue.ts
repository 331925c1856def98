// When a watch that its server should have ended is taken for dead. Entry point: `whenOverdue`.
import type { Clock, Instant, Stop } from '../lib/ports.ts';
import { between, later, seconds } from '../lib/time.ts';

/** How long its end may be on the way. */
const GRACE = seconds(10);
/** A timer that is later than this has waited for the process: it was busy, or the machine was asleep. */
const LATE_MS = 1000;

/**
 * Calls `run` once the end of a watch, due at `end`, is overdue. Only time in which the process had its turn counts: when
 * it wakes up everything is due at once, and what has come in meanwhile is yet to be read. On a clock that runs sixty
 * times as fast the grace is a sixth of a second, and any process is that busy now and then.
 */
export function whenOverdue(clock: Clock, end: Instant, run: () => void): Stop {
  const wait = (): Stop => {
    const due = later(clock.now(), GRACE);
    return clock.at(due, () => {
      if (between(due, clock.now()) > LATE_MS) stop = wait();
      else run();
    });
  };
  let stop = clock.at(end, () => {
    stop = wait();
  });
  return () => stop();
}
