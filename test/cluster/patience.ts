// What is played in real time goes wrong on a machine that is too slow for it: a moment of two seconds is over before it has
// been seen. So the machine is watched meanwhile, and what differs is played again if it was too slow, never otherwise.
// Entry point: `differencesInTime`.
import { NAMESPACES } from '../../src/api/resources.ts';
import { systemClock } from '../../src/host/clock.ts';
import { createClient } from '../../src/kube/client.ts';
import { cancellation, sleep } from '../../src/lib/clock.ts';
import { milliseconds } from '../../src/lib/time.ts';
import { transportOf } from './control-plane.ts';
import { clusterFacts } from './facts.ts';

/** How long a play may take at most: it may have to be played thrice. */
export const LONGEST_MS = 600_000;

const TRIES = 3;
/** The API server answers a small question within some milliseconds. */
const SLOW_MS = 500;
const EVERY = milliseconds(250);

/** Plays until nothing differs; gives those of a play on a machine that was fast enough, or of the last one. */
export async function differencesInTime(
  name: string,
  play: () => Promise<readonly string[]>,
): Promise<readonly string[]> {
  for (let turn = 1; ; turn += 1) {
    const machine = await watchMachine();
    const found = await failuresOf(play);
    const slowest = await machine.end();
    if (found.length === 0) return found;
    const patience = `the API server answered within ${slowest} ms`;
    if (turn === TRIES || slowest < SLOW_MS) return [...found, patience];
    process.stderr.write(`${name}: played again, ${patience} only; ${found[0] ?? ''}\n`);
  }
}

/** What differs, or why it could not be played to its end. */
async function failuresOf(play: () => Promise<readonly string[]>): Promise<readonly string[]> {
  try {
    return await play();
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
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
