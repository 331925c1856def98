// A clock that stands still until it is told to move: hours of rollout in a second, the same every time.
import { Heap } from './heap.ts';
import { later } from './time.ts';
import type { Clock, Duration, Instant, Stop } from './ports.ts';

interface Timer {
  readonly at: Instant;
  readonly order: number;
  readonly run: () => void;
  stopped: boolean;
}

/**
 * Time moves only through `advance`, `advanceTo` and `runUntil`. Timers fire in the order of their moments
 * (equal moments: in the order they were set); after each moment `idle` is awaited, which must resolve when
 * all work that is ready now has been done (host: some turns of the event loop).
 */
export class VirtualClock implements Clock {
  readonly #timers = new Heap<Timer>((a, b) => a.at - b.at || a.order - b.order);
  readonly #idle: () => Promise<void>;
  #now: Instant;
  #order = 0;

  constructor(options: { start: Instant; idle: () => Promise<void> }) {
    this.#now = options.start;
    this.#idle = options.idle;
  }

  now(): Instant {
    return this.#now;
  }

  at(at: Instant, run: () => void): Stop {
    const timer: Timer = { at, order: this.#order++, run, stopped: false };
    this.#timers.push(timer);
    return () => {
      timer.stopped = true;
    };
  }

  /** The moment of the next timer; undefined if none is set. */
  next(): Instant | undefined {
    for (;;) {
      const timer = this.#timers.peek();
      if (timer === undefined || !timer.stopped) return timer?.at;
      this.#timers.pop();
    }
  }

  advance(duration: Duration): Promise<void> {
    return this.advanceTo(later(this.#now, duration));
  }

  /** Lets everything happen that is due up to and including `until`, then stands at `until`. */
  async advanceTo(until: Instant): Promise<void> {
    await this.#idle();
    for (let next = this.next(); next !== undefined && next <= until; next = this.next()) {
      await this.#fire(next);
    }
    if (until > this.#now) this.#now = until;
  }

  /**
   * Moves from timer to timer until `done` holds; gives whether it did before `limit` and before the
   * timers ran out.
   */
  async runUntil(done: () => boolean, limit: Instant): Promise<boolean> {
    await this.#idle();
    while (!done()) {
      const next = this.next();
      if (next === undefined || next > limit) return false;
      await this.#fire(next);
    }
    return true;
  }

  async #fire(next: Instant): Promise<void> {
    if (next > this.#now) this.#now = next;
    for (let due = this.next(); due !== undefined && due <= next; due = this.next()) {
      this.#timers.pop()?.run();
    }
    await this.#idle();
  }
}
