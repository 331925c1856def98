// The checkers of test/sim/checkers over the log of a real API server. Entry point: `judged`.
//
// There a decision and what happens beside it overlap: what was decided before somebody else's change may be written
// after it. So the log is read again and again, each time with the changes of others a little later, and a promise counts
// as broken by a change that breaks it every time.
import { Scene } from '../sim/checkers/scene.ts';
import { owed } from '../sim/checkers/ending.ts';
import type { Author, Checker } from '../sim/checkers/checker.ts';
import { allCheckers, type Broken, textOf, watchPromises } from '../sim/checkers/watch.ts';
import { Store } from '../../src/sandbox/apiserver/store.ts';
import type { Logged } from './api-log.ts';
import type { Authors } from './authors.ts';

/** How long ago a pass may have made its snapshot when it writes, up to what it has taken on a busy machine. */
const DELAYS_MS = [0, 100, 250, 500, 750, 1000, 1500, 2000, 3000];

/** Promises that are about one moment of the clock, which real time does not have, and what stands in for them. */
export const NOT_JUDGED: readonly { readonly promise: string; readonly instead: string }[] = [
  {
    promise: '8: N passes write what one pass writes',
    instead: 'no write that changes nothing, and none at rest',
  },
];

interface Authored extends Logged {
  readonly author: Author;
}

/** What the changes break, and what is owed at their end. */
export function judged(changes: readonly Logged[], authors: Authors): readonly string[] {
  const log = authored(changes, authors);
  let found = brokenBy(log);
  for (const delay of DELAYS_MS) {
    if (found.length === 0) break;
    const late = (one: Authored) => one.at + (one.author === 'controller' ? 0 : delay);
    const delayed = brokenBy(log.toSorted((a, b) => late(a) - late(b)));
    found = found.filter(({ change, broken }) =>
      delayed.some((one) => one.change === change && one.broken.promise === broken.promise),
    );
  }
  return [
    ...found.map(({ broken }) => textOf(broken)),
    ...authors.empty.map((write) => `${write} changes nothing (promise 8)`),
  ];
}

/** Versions that should get all traffic at the end of the changes, and do not. */
export function owedAfter(changes: readonly Logged[], namespace: string): readonly string[] {
  const replay = new Replay();
  for (const change of changes) replay.put(change);
  return owed(new Scene(replay.store, namespace));
}

function authored(changes: readonly Logged[], authors: Authors): readonly Authored[] {
  const going = new Set<string>();
  let at = 0;
  return changes.map((change) => {
    const { deletionTimestamp, uid = '' } = change.object.metadata;
    const isTaken = deletionTimestamp !== undefined && !going.has(uid);
    if (deletionTimestamp !== undefined) going.add(uid);
    at = Math.max(at, change.at);
    return { ...change, at, author: authors.hasMade(change, isTaken) ? 'controller' : 'other' };
  });
}

interface Judgement {
  readonly change: number;
  readonly broken: Broken;
}

function checkers(): readonly Checker[] {
  const left = new Set(NOT_JUDGED.map(({ promise }) => promise));
  return allCheckers().filter(({ promise }) => !left.has(promise));
}

function brokenBy(log: readonly Authored[]): readonly Judgement[] {
  const replay = new Replay();
  let now: Authored | undefined;
  const broken = watchPromises({
    store: replay.store,
    author: () => now?.author ?? 'other',
    now: () => now?.at ?? 0,
    checkers: checkers(),
  });
  return log.flatMap((change) => {
    const before = broken.length;
    now = change;
    replay.put(change);
    return broken.slice(before).map((one) => ({ change: change.revision, broken: one }));
  });
}

/** A store that is told changes in any order and keeps the newest of each object. */
class Replay {
  readonly store = new Store();
  readonly #newest = new Map<string, number>();

  put({ key, type, object, revision }: Logged): void {
    const { uid = '' } = object.metadata;
    if ((this.#newest.get(uid) ?? 0) >= revision) return;
    this.#newest.set(uid, revision);
    if (type === 'DELETED') this.store.remove(key, object);
    else this.store.put(key, object);
  }
}
