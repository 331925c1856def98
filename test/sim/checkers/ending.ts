// Promise 5: from any state with one healthy version, 100 % on it is reached in bounded time, whatever else fails.
import type { Rollout } from '../../../src/api/rollout.ts';
import { type Checker, NOTHING } from './checker.ts';
import { availableFor, KEYS, lanesOf, rolloutsOf, type Scene } from './scene.ts';

/** Longer than any propagation delay of a test, and than the pods of a test take to come. */
const BOUND_MS = 120_000;

/** Since when a Rollout could have been on its stable version, and whether it was told that it is not. */
interface Waiting {
  readonly since: number;
  readonly hash: string;
  isTold: boolean;
}

export function endingChecker(): Checker {
  const waiting = new Map<string, Waiting>();
  return {
    promise: '5: 100 % on a healthy version is reached in bounded time',
    see: ({ after, before, at, key }) => {
      if (key.endsWith('/events')) return NOTHING;
      return rolloutsOf(after).flatMap((rollout) => {
        const { uid = '', name } = rollout.metadata;
        const known = waiting.get(uid);
        // What stood until this change is judged by how it stood.
        const late = known === undefined ? NOTHING : lateProblems(before, { name, known, at });
        const hash = owedTo(after, rollout);
        if (hash === undefined) waiting.delete(uid);
        else if (known?.hash !== hash) waiting.set(uid, { since: at, hash, isTold: false });
        return late;
      });
    },
  };
}

/** The version that should get everything: the update is over or given up, its pods are ready; undefined if it does. */
function owedTo(scene: Scene, rollout: Rollout): string | undefined {
  const { stableRS = '', currentPodHash = '', abort, phase, message = '' } = rollout.status ?? {};
  const isOver = stableRS === currentPodHash || abort === true;
  const isBroken = phase === 'Degraded' && message.startsWith('InvalidSpec');
  const replicas = rollout.spec.replicas ?? 1;
  if (stableRS === '' || !isOver || isBroken || rollout.spec.paused === true || replicas === 0) {
    return undefined;
  }
  if (availableFor(scene, stableRS) < replicas) return undefined;
  const isServed = lanesOf(scene, rollout).every(
    ({ shares }) => (shares.get(stableRS) ?? 0) === 100 || shares.size === 0,
  );
  return isServed ? undefined : stableRS;
}

function lateProblems(
  scene: Scene,
  { name, known, at }: { readonly name: string; readonly known: Waiting; readonly at: number },
): readonly string[] {
  const rollout = scene.get<Rollout>(KEYS.rollouts, name);
  const took = at - known.since;
  if (known.isTold || took <= BOUND_MS || rollout === undefined) return NOTHING;
  if (owedTo(scene, rollout) !== known.hash) return NOTHING;
  known.isTold = true;
  return [`${name} does not have 100 % on ${known.hash} after ${took / 1000} s`];
}

/** What is still owed at the end of a run. */
export function owed(scene: Scene): readonly string[] {
  return rolloutsOf(scene).flatMap((rollout) => {
    const hash = owedTo(scene, rollout);
    return hash === undefined ? [] : [`${rollout.metadata.name} does not have 100 % on ${hash}`];
  });
}
