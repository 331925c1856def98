// All checkers over the API server's log. Entry point: `watchPromises`.
import type { Store } from '../../../src/sandbox/apiserver/store.ts';
import { availabilityChecker } from './availability.ts';
import { calmChecker } from './calm.ts';
import { readinessChecker, referenceChecker, sizeChecker } from './capacity.ts';
import type { Author, Checker } from './checker.ts';
import { commandsChecker } from './commands.ts';
import { endingChecker } from './ending.ts';
import { ownershipChecker } from './ownership.ts';
import { Scene } from './scene.ts';
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

/** Gathers what changes break from now on. */
export function watchPromises(watched: Watched): readonly Broken[] {
  const { store, author, now, checkers = allCheckers() } = watched;
  const found: Broken[] = [];
  store.observe((key, change) => {
    const { object, before, type } = change;
    const { namespace, name } = object.metadata;
    if (namespace === undefined) return;
    const entry = {
      author: author(),
      key,
      change,
      at: now(),
      before: new Scene(store, namespace, { key, name, object: before }),
      after: new Scene(store, namespace),
    };
    for (const { promise, see } of checkers) {
      for (const problem of see(entry)) {
        const what = `${type} ${object.kind} ${name} by ${entry.author}`;
        found.push({ promise, problem, change: what, at: entry.at });
      }
    }
  });
  return found;
}
