// The time that a change of an object takes to reach the proxies. In a real mesh every object arrives in its own time:
// a VirtualService before or after the DestinationRule written in the same second, endpoints sooner than either, because
// they are pushed without waiting for the rest of the configuration.
import type { Clock, Duration, Instant, Random, Stop } from '../../lib/ports.ts';
import { instant } from '../../lib/time.ts';

export interface PropagationOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** No change arrives later than this; 0: at once. */
  readonly longest: Duration;
}

/** How much sooner than configuration endpoints arrive. */
const ENDPOINTS_SHARE = 0.1;
/** The earliest arrival as a share of the latest. */
const EARLIEST = 0.5;

export type Speed = 'configuration' | 'endpoints';

/**
 * Changes of one object arrive in the order in which they were made; each after a time of its own, drawn between half of
 * the longest and the longest (endpoints: of a tenth of it).
 */
export class Propagation {
  readonly #options: PropagationOptions;
  readonly #last = new Map<string, Instant>();
  readonly #timers = new Set<Stop>();

  constructor(options: PropagationOptions) {
    this.#options = options;
  }

  send(key: string, speed: Speed, apply: () => void): void {
    const { clock, random, longest } = this.#options;
    if (longest <= 0) {
      apply();
      return;
    }
    const span = speed === 'endpoints' ? longest * ENDPOINTS_SHARE : longest;
    const delay = span * (EARLIEST + (1 - EARLIEST) * random.next());
    const due = instant(Math.max(this.#last.get(key) ?? 0, clock.now() + delay));
    this.#last.set(key, due);
    const stop = clock.at(due, () => {
      this.#timers.delete(stop);
      if (this.#last.get(key) === due) this.#last.delete(key);
      apply();
    });
    this.#timers.add(stop);
  }

  stop(): void {
    for (const stop of this.#timers) stop();
    this.#timers.clear();
    this.#last.clear();
  }
}
