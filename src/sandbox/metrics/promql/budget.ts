// What one query may cost. Evaluation is not interrupted by anything else in the process, so it counts its own work.
import type { Clock, Instant } from '../../../lib/ports.ts';
import { QueryFailure } from './problems.ts';

export interface Limits {
  /** Samples that a query may load and make; 10,000,000 if absent (Prometheus: five times as many): some 250 MB. */
  readonly maxSamples?: number;
  /** Samples that a query may look at, again and again; 100,000,000 if absent: two seconds or so. */
  readonly maxWork?: number;
}

const MAX_SAMPLES = 10_000_000;
const MAX_WORK = 100_000_000;
const CLOCK_EVERY = 1_000_000;

export class Budget {
  readonly #clock: Clock;
  readonly #deadline: Instant;
  readonly #maxSamples: number;
  readonly #maxWork: number;
  #samples = 0;
  #work = 0;
  #nextLook = CLOCK_EVERY;

  constructor(clock: Clock, deadline: Instant, limits: Limits) {
    this.#clock = clock;
    this.#deadline = deadline;
    this.#maxSamples = limits.maxSamples ?? MAX_SAMPLES;
    this.#maxWork = limits.maxWork ?? MAX_WORK;
  }

  /** Before `count` samples are made or loaded. */
  samples(count: number): void {
    this.#samples += count;
    if (this.#samples > this.#maxSamples) {
      throw new QueryFailure(
        'query processing would load too many samples into memory in query execution',
      );
    }
    this.work(count);
  }

  /** Before `count` samples are looked at. */
  work(count: number): void {
    this.#work += count;
    if (this.#work > this.#maxWork) throw timedOut();
    if (this.#work < this.#nextLook) return;
    this.#nextLook = this.#work + CLOCK_EVERY;
    if (this.#clock.now() > this.#deadline) throw timedOut();
  }
}

function timedOut(): QueryFailure {
  return new QueryFailure('query timed out in expression evaluation', 'timeout');
}
