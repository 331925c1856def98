// All checkers over the API server's log. Entry point: `watchPromises`.
import type { Rollout } from '../../../src/api/rollout.ts';
import type { Store, StoreChange } from '../../../src/sandbox/apiserver/store.ts';
import { availabilityChecker } from './availability.ts';
import { calmChecker } from './calm.ts';
import { readinessChecker, referenceChecker, sizeChecker } from './capacity.ts';
import type { Author, Checker } from './checker.ts';
import { commandsChecker } from './commands.ts';
import { endingChecker } from './ending.ts';
import { ownershipChecker } from './ownership.ts';
import { KEYS, Scene } from './scene.ts';
import { verdictsChecker } from './verdicts.ts';
import { weightsChecker } from './weights.ts';

/** The ten promises of design.md "Traffic safety", in their order. */
export function allCheckers(): readonly Checker[] {
  return [
    weightsChecker(),
    readinessChecker(),
    sizeChecker(),
    referenceChecker(),
    endingChecker(),
    availabilityChecker(),
    ownershipChecker(),
    calmChecker(),
    commandsChecker(),
    verdictsChecker(),
  ];
}

export interface Watched {
  readonly store: Store;
  /** Who makes the change that is being told. */
  readonly author: () => Author;
  readonly now: () => number;
  /** All of them if absent. */
  readonly checkers?: readonly Checker[];
}

/** A promise that was broken, by which change, and when. */
export interface Broken {
  readonly promise: string;
  readonly problem: string;
  readonly change: string;
  readonly at: number;
}

export function textOf({ promise, problem, change, at }: Broken): string {
  return `${new Date(at).toISOString()} after ${change}: ${problem} (promise ${promise})`;
}

/** Remembers how many pods were wanted of each Rollout, over the moment of an edit. */
class Wanted {
  readonly #least = new Map<string, { readonly at: number; readonly replicas: number }>();

  see(key: string, { object, before }: StoreChange, at: number): void {
    if (key !== KEYS.rollouts) return;
    const { uid = '' } = object.metadata;
    const was = this.at(before as Rollout | undefined, at) ?? Number.POSITIVE_INFINITY;
    const { replicas = 1 } = (object as Rollout).spec;
    this.#least.set(uid, { at, replicas: Math.min(was, replicas) });
  }

  at(rollout: Rollout | undefined, at: number): number | undefined {
    if (rollout === undefined) return undefined;
    const known = this.#least.get(rollout.metadata.uid ?? '');
    return known?.at === at ? known.replicas : (rollout.spec.replicas ?? 1);
  }
}

/** Gathers what changes break from now on. */
export function watchPromises(watched: Watched): readonly Broken[] {
  const { store, author, now, checkers = allCheckers() } = watched;
  const found: Broken[] = [];
  const wanted = new Wanted();
  store.observe((key, change) => {
    const { object, before, type } = change;
    const { namespace, name } = object.metadata;
    if (namespace === undefined) return;
    const at = now();
    wanted.see(key, change, at);
    const entry = {
      author: author(),
      key,
      change,
      at,
      replicasOf: (rollout: Rollout) => wanted.at(rollout, at) ?? 1,
      before: new Scene(store, namespace, { key, name, object: before }),
      after: new Scene(store, namespace),
    };
    for (const { promise, see } of checkers) {
      for (const problem of see(entry)) {
        const what = `${type} ${object.kind} ${name} by ${entry.author}`;
        found.push({ promise, problem, change: what, at });
      }
    }
  });
  return found;
}
