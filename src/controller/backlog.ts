// How far Kubernetes' ReplicaSet controller is behind with our sets, and who waits to add to it. Entry point: `Backlog`.
//
// It takes sets in the order in which they changed. If all of a thousand updates began at once, every later step of
// every one of them would wait behind all that have begun, and none would be done before nearly all are. So an update of
// a Rollout that is at rest begins only while few sets are unread: the controller is kept busy, and what has begun is
// not kept waiting. Whoever is under way already, or goes back to a set that is there, never waits here. And
// while updates wait, and until those that began last are nearly done, what others have left behind is cleared away a
// little later: old pods serve nobody, but removing them is as much work for everybody as starting new ones.
import type { ReplicaSet } from '../api/kubernetes.ts';
import { ROLLOUTS } from '../api/resources.ts';
import type { Change, WatchCache } from '../kube/watch-cache.ts';
import type { Clock, Duration, Instant, Stop } from '../lib/ports.ts';
import { later, seconds } from '../lib/time.ts';
import { keyOf } from './key.ts';

export interface BacklogOptions {
  readonly clock: Clock;
  /** Tells that a key that was not let do something may now. */
  readonly wake: (key: string) => void;
}

/** So many keep every worker of the ReplicaSet controller busy (it has 5 unless told otherwise). */
const LIMIT = 16;
/** With fewer it has time for what is less urgent. */
const CALM = 4;
/** While so many as `LIMIT` have begun within this time they are under way, and come first. */
const LATELY = seconds(20);
/** What stands for so long is no sign of work: one set that nobody reads holds nobody up for ever. */
const STALE = seconds(30);
/** Nothing is left lying for longer. */
const LEFT = seconds(120);

export class Backlog {
  readonly #options: BacklogOptions;
  /** Sets whose last change the ReplicaSet controller has yet to act on, and since when. */
  readonly #unread = new Map<string, Instant>();
  /** Keys that were let go on, and whose sets have not been seen to change yet. */
  readonly #begun = new Map<string, Instant>();
  /** When the last of them began, as many as `LIMIT`. */
  readonly #beginnings: Instant[] = [];
  /** Keys that wait, by namespace: each has its turn, so that none waits for all of another. */
  readonly #waiting = new Map<string, Set<string>>();
  /** Keys whose old sets stay a little, and since when: the first for the longest. */
  readonly #uncleared = new Map<string, Instant>();
  #timer: Stop | undefined;
  #isStopped = false;

  constructor(options: BacklogOptions) {
    this.#options = options;
  }

  /** How many wait to begin. */
  get waiting(): number {
    return [...this.#waiting.values()].reduce((sum, keys) => sum + keys.size, 0);
  }

  /** Whether many updates wait, or have begun lately: what is not urgent should wait until they are through. */
  get hasManyUpdates(): boolean {
    const [first] = this.#beginnings;
    if (this.#waiting.size > 0) return true;
    if (first === undefined || this.#beginnings.length < LIMIT) return false;
    return !isOver(first, LATELY, this.#options.clock.now());
  }

  /** Follows the sets until what is returned is called; then nobody is woken any more. */
  follow(replicaSets: Pick<WatchCache<ReplicaSet>, 'onChange'>): Stop {
    const unsubscribe = replicaSets.onChange((change) => this.#look(change));
    return () => {
      this.#isStopped = true;
      unsubscribe();
      this.#timer?.();
    };
  }

  /** Whether the Rollout of `key` may have a new set now; if not it is woken when it may. */
  mayBegin(key: string, namespace: string): boolean {
    // One that failed to begin tries again in the place that it has: it takes up no more of it by that.
    if (this.#begun.has(key)) return true;
    if (this.#waiting.size === 0 && this.#inHand < LIMIT) {
      this.#begin(key);
      return true;
    }
    this.#wait(key, namespace);
    return false;
  }

  /** Whether old sets of the Rollout of `key` may go now; if not it is woken when they may. */
  mayClear(key: string): boolean {
    if (this.#begun.has(key)) return true;
    const now = this.#options.clock.now();
    const since = this.#uncleared.get(key) ?? now;
    if (this.#isCalm || isOver(since, LEFT, now)) {
      this.#uncleared.delete(key);
      this.#begun.set(key, now);
      return true;
    }
    this.#uncleared.set(key, since);
    this.#arm();
    return false;
  }

  /** The Rollout of `key` has nothing to begin or to clear away, or is gone: others may have its place. */
  forget(key: string, namespace: string): void {
    this.#uncleared.delete(key);
    const keys = this.#waiting.get(namespace);
    keys?.delete(key);
    if (keys?.size === 0) this.#waiting.delete(namespace);
    if (this.#begun.delete(key)) this.#invite();
  }

  #begin(key: string): void {
    const now = this.#options.clock.now();
    this.#begun.set(key, now);
    this.#beginnings.push(now);
    if (this.#beginnings.length > LIMIT) this.#beginnings.shift();
  }

  get #isCalm(): boolean {
    return !this.hasManyUpdates && this.#inHand < CALM;
  }

  #look({ before, after }: Change<ReplicaSet>): void {
    const key = ownerKeyOf(after ?? before);
    if (key === undefined) return;
    const uid = (after ?? before)?.metadata.uid ?? '';
    const isUnread = after !== undefined && !isRead(after);
    // It may be acted on so soon that it is never seen unread.
    const isOther = before?.metadata.generation !== after?.metadata.generation;
    if (isUnread || isOther) this.#begun.delete(key);
    if (!isUnread) this.#unread.delete(uid);
    else if (!this.#unread.has(uid)) this.#unread.set(uid, this.#options.clock.now());
    this.#invite();
  }

  /** How much the ReplicaSet controller has to do. */
  get #inHand(): number {
    const now = this.#options.clock.now();
    let count = 0;
    for (const since of [this.#unread, this.#begun]) {
      for (const at of since.values()) if (!isOver(at, STALE, now)) count += 1;
    }
    return count;
  }

  #wait(key: string, namespace: string): void {
    const keys = this.#waiting.get(namespace) ?? new Set();
    this.#waiting.set(namespace, keys.add(key));
    this.#invite();
  }

  #invite(): void {
    if (this.#isStopped) return;
    while (this.#waiting.size > 0 && this.#inHand < LIMIT) {
      const key = this.#next();
      this.#begin(key);
      this.#options.wake(key);
    }
    for (const key of this.#uncleared.keys()) {
      if (!this.#isCalm) break;
      this.#letClear(key);
    }
    this.#arm();
  }

  #letClear(key: string): void {
    this.#uncleared.delete(key);
    this.#begun.set(key, this.#options.clock.now());
    this.#options.wake(key);
  }

  /** The first of the namespace whose turn it is, which then is the last to have the next. */
  #next(): string {
    const [[namespace, keys] = ['', new Set<string>()]] = this.#waiting;
    const [key = ''] = keys;
    keys.delete(key);
    this.#waiting.delete(namespace);
    if (keys.size > 0) this.#waiting.set(namespace, keys);
    return key;
  }

  #arm(): void {
    this.#timer?.();
    this.#timer = undefined;
    if (this.#isStopped || this.#waiting.size + this.#uncleared.size === 0) return;
    const { clock } = this.#options;
    const now = clock.now();
    const inHand = [...this.#unread.values(), ...this.#begun.values()];
    const [oldest] = this.#uncleared.values();
    const [beginning = now] = this.#beginnings;
    const ends = [
      ...inHand.map((since) => later(since, STALE)),
      ...(oldest === undefined ? [] : [later(oldest, LEFT), later(beginning, LATELY)]),
    ].filter((end) => end > now);
    const first = ends.reduce((least, end) => (end < least ? end : least), later(now, STALE));
    this.#timer = clock.at(first, () => this.#timeIsUp());
  }

  #timeIsUp(): void {
    const now = this.#options.clock.now();
    for (const [key, since] of this.#uncleared) {
      if (!isOver(since, LEFT, now)) break;
      this.#letClear(key);
    }
    this.#invite();
  }
}

/** Of the Rollout whose set it is; undefined if it is none's. */
function ownerKeyOf(set: ReplicaSet | undefined): string | undefined {
  const owner = set?.metadata.ownerReferences?.find(({ controller }) => controller === true);
  if (owner?.kind !== ROLLOUTS.kind) return undefined;
  return keyOf(ROLLOUTS.plural, set?.metadata.namespace ?? '', owner.name);
}

/** Whether the ReplicaSet controller has acted on its last change. */
function isRead({ metadata, status }: ReplicaSet): boolean {
  return (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
}

function isOver(since: Instant, limit: Duration, now: Instant): boolean {
  return later(since, limit) <= now;
}
