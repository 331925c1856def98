// How long to wait after failures: longer each time, spread by chance, so that many that failed together do not come
// back together.
import type { Duration, Random } from '../lib/ports.ts';
import { milliseconds } from '../lib/time.ts';

const FIRST_MS = 5;
const LONGEST_MS = 10_000;

/** After `failures` earlier ones: 5 ms, 10 ms ... 10 s, each with up to half as much again. */
export function backOff(failures: number, random: Random): Duration {
  const base = Math.min(FIRST_MS * 2 ** failures, LONGEST_MS);
  return milliseconds(Math.round(base * (1 + random.next() / 2)));
}
