// How fast the API server answers, as a thread of tests sees it. Entry points: `watchMachine`, `turn`.
import { NAMESPACES } from '../../src/api/resources.ts';
import { systemClock } from '../../src/host/clock.ts';
import { createClient } from '../../src/kube/client.ts';
import { cancellation, sleep } from '../../src/lib/clock.ts';
import { milliseconds } from '../../src/lib/time.ts';
import { transportOf } from './control-plane.ts';
import { clusterFacts } from './facts.ts';

const EVERY = milliseconds(250);
/** So many answers in a row, none slower: the one that began last has got over its beginning. */
const CALM_ANSWERS = 4;
const CALM_MS = 150;
/** Nobody waits longer once it is his turn: a machine may be slow all the time. */
const LONGEST_TURN_MS = 5000;
/** What went wrong on a slow machine is worth a longer wait. */
const LONGEST_AGAIN_MS = 60_000;

/** Told how long each answer took, in ms: without end if there was none. */
type Listener = (ms: number) => void;

export interface MachineWatch {
  /** The longest time that an answer took until now, in ms. */
  end(): Promise<number>;
}

const listeners = new Set<Listener>();
let asking: ReturnType<typeof startAsking> | undefined;

function listen(listener: Listener): void {
  listeners.add(listener);
  asking ??= startAsking();
}

/** Who is the last to leave waits until nothing is asked any more. */
async function leave(listener: Listener): Promise<void> {
  listeners.delete(listener);
  if (listeners.size > 0) return;
  const ending = asking;
  asking = undefined;
  await ending?.end();
}

/** Asks a small question again and again, and tells all that listen. */
function startAsking() {
  const stop = cancellation();
  let due: number = systemClock.now();
  const ask = async (): Promise<void> => {
    const reach = await transportOf(clusterFacts().kubeconfig);
    const client = createClient({ transport: reach.send, userAgent: 'patience' });
    while (!stop.cancel.cancelled) {
      due = systemClock.now() + EVERY;
      await sleep(systemClock, EVERY, stop.cancel);
      // Read from etcd.
      const isAnswered = await client.get({ resource: NAMESPACES, name: 'default' }).then(
        () => true,
        () => false,
      );
      if (stop.cancel.cancelled) break;
      const took = isAnswered ? systemClock.now() - due : Number.POSITIVE_INFINITY;
      for (const listener of listeners) listener(took);
    }
    reach.close();
  };
  const asked = ask();
  return {
    /** For how long the next answer has been waited for, in ms. */
    waited: () => systemClock.now() - due,
    end: () => {
      stop.now();
      return asked;
    },
  };
}

/** Times the API server's answers until its `end`. */
export function watchMachine(): MachineWatch {
  let longest = 0;
  const listener: Listener = (ms) => {
    longest = Math.max(longest, ms);
  };
  listen(listener);
  return {
    end: async () => {
      longest = Math.max(longest, asking?.waited() ?? 0);
      await leave(listener);
      return longest;
    },
  };
}

let last: Promise<void> = Promise.resolve();

/** Resolves when the caller may begin, perhaps `again`: one of the thread after the other, on a machine that keeps up. */
export function turn({ again = false } = {}): Promise<void> {
  last = last.then(() => calm(again ? LONGEST_AGAIN_MS : LONGEST_TURN_MS));
  return last;
}

async function calm(longest: number): Promise<void> {
  const end = systemClock.now() + longest;
  const { promise, resolve } = Promise.withResolvers<void>();
  let quick = 0;
  const listener: Listener = (ms) => {
    quick = ms < CALM_MS ? quick + 1 : 0;
    if (quick === CALM_ANSWERS || systemClock.now() > end) resolve();
  };
  listen(listener);
  await promise;
  await leave(listener);
}
