// What is played in real time goes wrong on a machine that is too slow for it: a moment of two seconds is over before it has
// been seen, or while it is read. So the machine is watched meanwhile, and what differs is played again if it was too slow,
// never otherwise.
// Entry point: `differencesInTime`.
import { NAMESPACES } from '../../src/api/resources.ts';
import { systemClock } from '../../src/host/clock.ts';
import { createClient } from '../../src/kube/client.ts';
import { cancellation, sleep } from '../../src/lib/clock.ts';
import { milliseconds } from '../../src/lib/time.ts';
import { MomentPassed } from '../replay/player.ts';
import { transportOf } from './control-plane.ts';
import { clusterFacts } from './facts.ts';

/** How long a play may take at most: it may have to be played thrice. */
export const LONGEST_MS = 600_000;

const TRIES = 3;
/**
 * The API server answers a small question within some milliseconds. The shortest moments last for 1.5 s after they are known
 * to be ones of rest, and four questions are asked of them, one after the other.
 */
const SLOW_MS = 300;
const EVERY = milliseconds(250);

/** Plays until nothing differs; gives those of a play on a machine that was fast enough, or of the last one. */
export async function differencesInTime(
  name: string,
  play: () => Promise<readonly string[]>,
): Promise<readonly string[]> {
  for (let turn = 1; ; turn += 1) {
    const machine = await watchMachine();
    const { found, isOver = false } = await failuresOf(play);
    const slowest = await machine.end();
    if (found.length === 0) return found;
    const patience = `the API server answered within ${slowest} ms`;
    const isSlow = isOver || slowest >= SLOW_MS;
    if (turn === TRIES || !isSlow) return [...found, patience];
    process.stderr.write(`${name}: played again, ${patience} only; ${found[0] ?? ''}\n`);
  }
}

interface Failures {
  readonly found: readonly string[];
  /** Whether a moment of rest was over before it had been read. */
  readonly isOver?: boolean;
}

/** What differs, or why it could not be played to its end. */
async function failuresOf(play: () => Promise<readonly string[]>): Promise<Failures> {
  try {
    return { found: await play() };
  } catch (error) {
    const found = [error instanceof Error ? error.message : String(error)];
    return { found, isOver: error instanceof MomentPassed };
  }
}

/** Asks the API server a small question again and again; `end` tells the longest time that an answer took. */
async function watchMachine(): Promise<{ end(): Promise<number> }> {
  const reach = await transportOf(clusterFacts().kubeconfig);
  const client = createClient({ transport: reach.send, userAgent: 'patience' });
  const stop = cancellation();
  const ask = async (): Promise<number> => {
    let longest = 0;
    while (!stop.cancel.cancelled) {
      const due = systemClock.now() + EVERY;
      await sleep(systemClock, EVERY, stop.cancel);
      // Read from etcd.
      await client.get({ resource: NAMESPACES, name: 'default' });
      if (!stop.cancel.cancelled) longest = Math.max(longest, systemClock.now() - due);
    }
    return longest;
  };
  const asking = ask();
  return {
    end: async () => {
      stop.now();
      const longest = await asking;
      reach.close();
      return longest;
    },
  };
}
