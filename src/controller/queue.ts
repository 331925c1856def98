// The queue of keys: any event means "look again". One pass per key at a time, the most urgent first, back-off per key,
// timers.
import { Heap } from '../lib/heap.ts';
import type { Clock, Duration, Instant, Random, Stop } from '../lib/ports.ts';
import { later } from '../lib/time.ts';
import { backOff } from './back-off.ts';

/** What a pass says of its key: nothing more to do, or look again after a back-off. */
export type PassResult = 'done' | 'retry';

export interface QueueOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Passes running at the same time. */
  readonly workers: number;
  readonly run: (key: string) => Promise<PassResult>;
  /** Whether those that run have more to ask than they may: then no other pass begins beside them. Never, if absent. */
  readonly isCrowded?: () => boolean;
  /** How much a key's pass matters now; all the same if absent. */
  readonly urgency?: (key: string) => number;
  /** A pass threw: a bug of ours. The key is tried again with back-off. */
  readonly onFailure: (key: string, error: unknown) => void;
  readonly watcher?: QueueWatcher;
}

/** Told of the way of each key; must not throw. */
export interface QueueWatcher {
  /** It waits for its pass. */
  added(key: string): void;
  /** Its pass begins. */
  started(key: string): void;
  ended(key: string): void;
  /** The pass wants another one after a pause. */
  retried(key: string): void;
}

/** By how much sooner than it came a key counts as having come, for each unit of urgency: none waits for ever. */
const AHEAD_MS = 600_000;

interface Ready {
  readonly key: string;
  readonly rank: number;
  readonly order: number;
}

interface Entry {
  running: boolean;
  dirty: boolean;
  failures: number;
  timer?: { readonly at: Instant; readonly stop: Stop };
}

/**
 * Keys wait in the order of their urgency when they were added, and those of one urgency in the order they were added. So
 * of many that want to move at once some are done early, instead of all late. A key that is added while its pass runs gets one more pass after
 * it. A key whose pass failed waits before the next one (`back-off.ts`), the longer the more failed in a row.
 */
export class Queue {
  readonly #options: QueueOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #ready = new Heap<Ready>((a, b) => a.rank - b.rank || a.order - b.order);
  #order = 0;
  #running = 0;
  #stopped = false;
  #idleWaiters: (() => void)[] = [];

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  /** Keys whose pass runs or waits for a worker (timers do not count). */
  get busy(): number {
    return this.#running + this.#ready.size;
  }

  add(key: string): void {
    if (this.#stopped) return;
    const entry = this.#entry(key);
    if (entry.dirty) return;
    entry.dirty = true;
    this.#options.watcher?.added(key);
    if (entry.running) return;
    this.#makeReady(key);
    this.#start();
  }

  /** Looks again at `at`; an earlier moment that is set already stays. */
  addAt(key: string, at: Instant): void {
    if (this.#stopped) return;
    const entry = this.#entry(key);
    if (entry.timer !== undefined && entry.timer.at <= at) return;
    entry.timer?.stop();
    const stop = this.#options.clock.at(at, () => {
      delete entry.timer;
      this.add(key);
    });
    entry.timer = { at, stop };
  }

  /** Takes the key's timer off: a new decision sets its own. */
  forgetTimer(key: string): void {
    const entry = this.#entries.get(key);
    entry?.timer?.stop();
    if (entry !== undefined) delete entry.timer;
  }

  /** No new passes; resolves when those that run have ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    while (this.#ready.size > 0) this.#ready.pop();
    for (const entry of this.#entries.values()) entry.timer?.stop();
    if (this.#running === 0) return;
    await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
  }

  #entry(key: string): Entry {
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = { running: false, dirty: false, failures: 0 };
      this.#entries.set(key, entry);
    }
    return entry;
  }

  #makeReady(key: string): void {
    const { clock, urgency } = this.#options;
    const rank = clock.now() - (urgency?.(key) ?? 0) * AHEAD_MS;
    this.#ready.push({ key, rank, order: this.#order++ });
  }

  #start(): void {
    while (!this.#stopped && this.#hasRoom()) {
      const next = this.#ready.pop();
      if (next === undefined) return;
      this.#running++;
      void this.#pass(next.key);
    }
  }

  #hasRoom(): boolean {
    if (this.#running === 0) return true;
    // Passes that wait for their requests could not be overtaken by more urgent ones.
    return this.#running < this.#options.workers && this.#options.isCrowded?.() !== true;
  }

  async #pass(key: string): Promise<void> {
    const entry = this.#entry(key);
    entry.running = true;
    entry.dirty = false;
    this.#options.watcher?.started(key);
    let result: PassResult = 'retry';
    try {
      result = await this.#options.run(key);
    } catch (error) {
      this.#options.onFailure(key, error);
    }
    entry.running = false;
    this.#options.watcher?.ended(key);
    this.#running--;
    this.#settle(key, entry, result);
    if (this.#running === 0) for (const resolve of this.#idleWaiters.splice(0)) resolve();
    this.#start();
  }

  #settle(key: string, entry: Entry, result: PassResult): void {
    if (this.#stopped) return;
    if (result === 'done') entry.failures = 0;
    else {
      this.#options.watcher?.retried(key);
      this.addAt(key, later(this.#options.clock.now(), this.#backOff(entry)));
    }
    if (entry.dirty) this.#makeReady(key);
    else if (entry.timer === undefined && entry.failures === 0) this.#entries.delete(key);
  }

  #backOff(entry: Entry): Duration {
    entry.failures++;
    return backOff(entry.failures - 1, this.#options.random);
  }
}
