// The machine's clock and chance.
import { seededRandom } from '../lib/random.ts';
import type { Clock, Instant, Random, Stop } from '../lib/ports.ts';
import { instant } from '../lib/time.ts';

/** The longest time that a timer of the runtime can wait. */
const LONGEST_MS = 2 ** 31 - 1;

/** Real time. Timers keep the process alive while they wait. */
export const systemClock: Clock = {
  now: () => instant(Date.now()),
  at: (at, run) => wait(at, run),
};

function wait(at: Instant, run: () => void): Stop {
  let timer: NodeJS.Timeout;
  const plan = (): void => {
    const left = at - Date.now();
    timer = left > LONGEST_MS ? setTimeout(plan, LONGEST_MS) : setTimeout(run, Math.max(0, left));
  };
  plan();
  return () => clearTimeout(timer);
}

/** Chance from a seed of the machine's own. */
export function systemRandom(): Random {
  // The global one: importing Node's module would cost every command 20 ms at its start.
  return seededRandom(crypto.getRandomValues(new Uint8Array(8)).join('.'));
}
