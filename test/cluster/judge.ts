// The checkers of test/sim/checkers over the log of a real API server. Entry point: `judged`.
//
// There a decision and what happens beside it overlap: what was decided before somebody else's change may be written
// after it. So a write that breaks a promise is looked at again as it would be without the latest changes of others, the
// last of them, the last two and so on, of all kinds and of each kind alone, as watches tell them. It counts if it breaks
// the promise in each of these views.
import { Store } from '../../src/sandbox/apiserver/store.ts';
import type { Author, Checker } from '../sim/checkers/checker.ts';
import { owed } from '../sim/checkers/ending.ts';
import { Scene } from '../sim/checkers/scene.ts';
import { allCheckers, type Broken, textOf, watchPromises } from '../sim/checkers/watch.ts';
import type { Logged } from './api-log.ts';
import type { Authors } from './authors.ts';

/** What a pass has taken at most from its snapshot to its last write, on a busy machine. */
const PASS_MS = 3000;

/** Promises that are about one moment of the clock, which real time does not have, and what stands in for them. */
export const NOT_JUDGED: readonly { readonly promise: string; readonly instead: string }[] = [
  {
    promise: '8: N passes write what one pass writes',
    instead: 'no write that changes nothing, and none at rest',
  },
];

/** Judged by what has been since the beginning, which no snapshot has: bounded time, commands, verdicts. */
const BY_HISTORY = /^(?:5|9|10):/;

interface Authored extends Logged {
  readonly author: Author;
}

/** What the changes break. */
export function judged(changes: readonly Logged[], authors: Authors): readonly string[] {
  const log = authored(changes, authors);
  const found = brokenBy(log)
    .filter(({ index, broken }) => !isExcused(log, index, broken.promise))
    .map(({ broken }) => textOf(broken));
  return [...found, ...authors.empty.map((write) => `${write} changes nothing (promise 8)`)];
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

function checkers(): readonly Checker[] {
  const left = new Set(NOT_JUDGED.map(({ promise }) => promise));
  return allCheckers().filter(({ promise }) => !left.has(promise));
}

interface Judgement {
  /** Of the change in the log. */
  readonly index: number;
  readonly broken: Broken;
}

/** All that is broken by a change after the first `from` ones. */
function brokenBy(log: readonly Authored[], from = 0): readonly Judgement[] {
  const replay = new Replay();
  for (const change of log.slice(0, from)) replay.put(change);
  let now: Authored | undefined;
  const broken = watchPromises({
    store: replay.store,
    author: () => now?.author ?? 'other',
    now: () => now?.at ?? 0,
    checkers: checkers(),
  });
  return log.slice(from).flatMap((change, offset) => {
    const before = broken.length;
    now = change;
    replay.put(change);
    return broken.slice(before).map((one) => ({ index: from + offset, broken: one }));
  });
}

/** Whether what others did lately explains it. */
function isExcused(log: readonly Authored[], index: number, promise: string): boolean {
  const change = log[index];
  if (change?.author !== 'controller' || BY_HISTORY.test(promise)) return false;
  const late = log
    .slice(0, index)
    .filter(({ author, at }) => author === 'other' && at >= change.at - PASS_MS)
    .toReversed();
  const kinds = [undefined, ...new Set(late.map(({ key }) => key))];
  return kinds.some((kind) => {
    const unseen = new Set<Authored>();
    return late
      .filter(({ key }) => kind === undefined || key === kind)
      .some((one) => {
        unseen.add(one);
        const view = log.slice(0, index).filter((other) => !unseen.has(other));
        const seen = brokenBy([...view, change], view.length);
        return !seen.some(({ broken }) => broken.promise === promise);
      });
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
