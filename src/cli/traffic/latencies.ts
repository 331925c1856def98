// Many durations in little memory: counted in steps of half a percent, which is as exact as percentiles need.

const STEP = Math.log(1.005);
const SHORTEST_MS = 0.001;

export class Latencies {
  readonly #counts = new Map<number, number>();
  #count = 0;
  #max = 0;

  add(ms: number): void {
    const step = Math.ceil(Math.log(Math.max(ms, SHORTEST_MS) / SHORTEST_MS) / STEP);
    this.#counts.set(step, (this.#counts.get(step) ?? 0) + 1);
    this.#count += 1;
    if (ms > this.#max) this.#max = ms;
  }

  get count(): number {
    return this.#count;
  }

  get maxMs(): number {
    return this.#max;
  }

  /** The duration that `share` of all did not exceed; 0 if there are none. */
  percentileMs(share: number): number {
    const wanted = Math.ceil(this.#count * share);
    let seen = 0;
    for (const [step, count] of [...this.#counts].toSorted(([a], [b]) => a - b)) {
      seen += count;
      if (seen >= wanted) return Math.min(this.#max, SHORTEST_MS * Math.exp(step * STEP));
    }
    return 0;
  }
}
