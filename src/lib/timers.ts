// Timers over something that can only wake: in the order of their moments, and never early. What makes a clock of the
// machine's alarm, or of another clock.
import { Heap } from './heap.ts';
import type { Instant, Stop } from './ports.ts';

interface Timer {
  readonly at: Instant;
  readonly order: number;
  readonly run: () => void;
  stopped: boolean;
}

export interface Alarm {
  now(): Instant;
  /** Calls once, at `at` or thereabouts, never at once. */
  wake(at: Instant, run: () => void): Stop;
}

/** Those of one moment are called in the order in which they were set. One alarm is set at a time, for the first. */
export class Timers {
  readonly #alarm: Alarm;
  readonly #timers = new Heap<Timer>((a, b) => a.at - b.at || a.order - b.order);
  #order = 0;
  #set: { readonly at: Instant; readonly stop: Stop } | undefined;

  constructor(alarm: Alarm) {
    this.#alarm = alarm;
  }

  at(at: Instant, run: () => void): Stop {
    const timer: Timer = { at, order: this.#order++, run, stopped: false };
    this.#timers.push(timer);
    this.#arm();
    return () => {
      timer.stopped = true;
      // An alarm that nobody waits for would keep the process alive.
      this.#arm();
    };
  }

  /** Sets the alarm for the first timer, if it is not set for it already. */
  #arm(): void {
    const next = this.#next();
    if (next !== undefined && next.at === this.#set?.at) return;
    this.#set?.stop();
    this.#set =
      next === undefined
        ? undefined
        : { at: next.at, stop: this.#alarm.wake(next.at, () => this.#ring()) };
  }

  #next(): Timer | undefined {
    for (;;) {
      const timer = this.#timers.peek();
      if (timer === undefined || !timer.stopped) return timer;
      this.#timers.pop();
    }
  }

  /** Calls what is due. An alarm that rings early calls nothing and is set again. */
  #ring(): void {
    this.#set = undefined;
    try {
      for (let next = this.#next(); next !== undefined; next = this.#next()) {
        if (next.at > this.#alarm.now()) return;
        this.#timers.pop();
        next.run();
      }
    } finally {
      this.#arm();
    }
  }
}
