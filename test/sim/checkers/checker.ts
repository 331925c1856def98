// What a checker is: it is shown every change in the API server's log, in order, and says which promise it breaks.
import type { Rollout } from '../../../src/api/rollout.ts';
import type { StoreChange } from '../../../src/sandbox/apiserver/store.ts';
import type { Scene } from './scene.ts';

/** Who made a change: our controller, or anybody else (users, workloads, nodes, pods). */
export type Author = 'controller' | 'other';

export interface Entry {
  readonly author: Author;
  /** Group and plural of the object. */
  readonly key: string;
  readonly change: StoreChange;
  /** Milliseconds since 1970 by the cluster's clock. */
  readonly at: number;
  /** The namespace before and after the change. */
  readonly before: Scene;
  readonly after: Scene;
  /** The least that was wanted of the Rollout at this moment: what was decided before an edit may still be under way. */
  readonly replicasOf: (rollout: Rollout) => number;
}

export interface Checker {
  /** Number and sentence of the promise (design.md "Traffic safety"). */
  readonly promise: string;
  /** What the change breaks, in words; empty if nothing. */
  readonly see: (entry: Entry) => readonly string[];
}

export const NOTHING: readonly string[] = [];
