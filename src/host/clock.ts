// The machine's clock and chance.
import { seededRandom } from '../lib/random.ts';
import type { Clock, Instant, Random, Stop } from '../lib/ports.ts';
import { instant } from '../lib/time.ts';
import { Timers } from '../lib/timers.ts';

/** The longest time that a timer of the runtime can wait. */
const LONGEST_MS = 2 ** 31 - 1;

/** Real time. Timers keep the process alive while they wait. */
export const systemClock: Clock = realClock();

function realClock(): Clock {
  const now = (): Instant => instant(Date.now());
  const timers = new Timers({ now, wake });
  return { now, at: (at, run) => timers.at(at, run) };
}

/** The runtime's timers may be a millisecond early and cannot wait for ever: `Timers` makes up for both. */
function wake(at: Instant, run: () => void): Stop {
  const left = Math.min(Math.max(0, Math.ceil(at - Date.now())), LONGEST_MS);
  const timer = setTimeout(run, left);
  return () => clearTimeout(timer);
}

/** Chance from a seed of the machine's own. */
export function systemRandom(): Random {
  // The global one: importing Node's module would cost every command 20 ms at its start.
  return seededRandom(crypto.getRandomValues(new Uint8Array(8)).join('.'));
}
