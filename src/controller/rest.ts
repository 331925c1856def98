// Tells when nothing has been done for a while. Entry point: `Rest`.
import type { Clock, Duration, Instant, Stop } from '../lib/ports.ts';
import { later } from '../lib/time.ts';

export interface RestOptions {
  readonly clock: Clock;
  /** How long nothing is done before it counts as rest. */
  readonly after: Duration;
  /** Called once each time. */
  readonly onRest: () => void;
}

export class Rest {
  readonly #options: RestOptions;
  #last: Instant;
  #timer: Stop | undefined;

  constructor(options: RestOptions) {
    this.#options = options;
    this.#last = options.clock.now();
  }

  /** Something is done at this moment. Costs next to nothing: one timer runs, however often it is called. */
  touch(): void {
    this.#last = this.#options.clock.now();
    if (this.#timer === undefined) this.#arm();
  }

  stop(): void {
    this.#timer?.();
    this.#timer = undefined;
  }

  #arm(): void {
    const { clock, after } = this.#options;
    this.#timer = clock.at(later(this.#last, after), () => this.#ring());
  }

  #ring(): void {
    const { clock, after, onRest } = this.#options;
    if (later(this.#last, after) > clock.now()) return this.#arm();
    this.#timer = undefined;
    onRest();
  }
}
