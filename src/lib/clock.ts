// Waiting on a clock, cancelling, and a clock that runs faster than another.
import { instant, later } from './time.ts';
import type { Cancel, Clock, Duration, Instant, Stop } from './ports.ts';
import { Timers } from './timers.ts';

/** Resolves after `duration`, or at once when `cancel` is cancelled. */
export function sleep(clock: Clock, duration: Duration, cancel?: Cancel): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const stopTimer = clock.at(later(clock.now(), duration), () => resolve(undefined));
  const stopWatching = cancel?.onCancel(() => resolve(undefined));
  return promise.then(() => {
    stopTimer();
    stopWatching?.();
    return undefined;
  });
}

/** A `Cancel` and the call that cancels it. Cancelling twice is harmless. */
export function cancellation(): { readonly cancel: Cancel; now(): void } {
  return new Cancellation();
}

/** One is made for each request, so it keeps no list before somebody waits. */
class Cancellation implements Cancel {
  #waiting: Set<() => void> | undefined;
  #isCancelled = false;

  get cancel(): Cancel {
    return this;
  }

  get cancelled(): boolean {
    return this.#isCancelled;
  }

  onCancel(run: () => void): Stop {
    if (this.#isCancelled) {
      run();
      return () => undefined;
    }
    this.#waiting ??= new Set();
    const waiting = this.#waiting.add(run);
    return () => waiting.delete(run);
  }

  now(): void {
    if (this.#isCancelled) return;
    this.#isCancelled = true;
    const runs = [...(this.#waiting ?? [])];
    this.#waiting = undefined;
    for (const run of runs) run();
  }
}

/** A clock `speed` times as fast as `base`; both show the same time when it is made. */
export class ScaledClock implements Clock {
  readonly #base: Clock;
  readonly #speed: number;
  readonly #origin: Instant;
  readonly #timers = new Timers({
    now: () => this.now(),
    wake: (at, run) => this.#base.at(this.#wakeMoment(at), run),
  });

  constructor(base: Clock, speed: number) {
    this.#base = base;
    this.#speed = speed;
    this.#origin = base.now();
  }

  /** Rounded up: there this clock shows `at` or later. */
  #wakeMoment(at: Instant): Instant {
    const moment = Math.ceil(this.#origin + (at - this.#origin) / this.#speed);
    const now = this.#base.now();
    // Should rounding show a little less than `at` there, the alarm must not ring for ever at that moment.
    return instant(moment <= now && this.now() < at ? now + 1 : moment);
  }

  now(): Instant {
    return instant(this.#origin + (this.#base.now() - this.#origin) * this.#speed);
  }

  at(at: Instant, run: () => void): Stop {
    return this.#timers.at(at, run);
  }
}
