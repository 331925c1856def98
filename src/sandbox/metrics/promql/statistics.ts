// Sums, means, quantiles and straight lines, in the order of operations that Prometheus uses: floating-point results
// depend on it.

/** Neumaier's compensated sum: `total` is more exact than adding one after the other. */
export class ExactSum {
  #sum = 0;
  #lost = 0;

  add(value: number): void {
    const sum = this.#sum + value;
    this.#lost +=
      Math.abs(this.#sum) >= Math.abs(value) ? this.#sum - sum + value : value - sum + this.#sum;
    this.#sum = sum;
  }

  /** What has been summed up without the correction. */
  get plain(): number {
    return this.#sum;
  }

  /** The sum with what rounding had lost. */
  get corrected(): number {
    return this.#sum + this.#lost;
  }

  /** An infinite sum has no correction (it would be NaN). */
  get total(): number {
    return Number.isFinite(this.#sum) || Number.isNaN(this.#sum) ? this.corrected : this.#sum;
  }
}

function isInfinite(value: number): boolean {
  return value === Infinity || value === -Infinity;
}

/** Whether an infinite mean stays as it is when `value` joins it. */
export function meanStays(mean: number, value: number): boolean {
  if (!isInfinite(mean)) return false;
  if (isInfinite(value)) return mean > 0 === value > 0;
  return !Number.isNaN(value);
}

/** The quantile by linear interpolation between the two nearest ranks. Sorts `values`. */
export function quantileOf(q: number, values: number[]): number {
  if (values.length === 0 || Number.isNaN(q)) return Number.NaN;
  if (q < 0) return -Infinity;
  if (q > 1) return Infinity;
  values.sort(nanFirst);
  const rank = q * (values.length - 1);
  const lower = Math.max(0, Math.floor(rank));
  const upper = Math.min(values.length - 1, lower + 1);
  const weight = rank - Math.floor(rank);
  return (values[lower] ?? 0) * (1 - weight) + (values[upper] ?? 0) * weight;
}

function nanFirst(a: number, b: number): number {
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : -1;
  if (Number.isNaN(b)) return 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

export interface Line {
  readonly slope: number;
  /** The value at `origin`. */
  readonly intercept: number;
}

/** Least squares through points; times are milliseconds, the slope is by second. */
export function lineThrough(times: Float64Array, values: Float64Array, origin: number): Line {
  const [first = 0] = values;
  if (values.every((value) => value === first)) {
    // A constant has no slope, whatever rounding would say.
    if (isInfinite(first)) return { slope: Number.NaN, intercept: Number.NaN };
    return { slope: 0, intercept: first };
  }
  const [x, y, xy, xx] = [new ExactSum(), new ExactSum(), new ExactSum(), new ExactSum()];
  for (const [at, time] of times.entries()) {
    const seconds = (time - origin) / 1000;
    const value = values[at] ?? 0;
    x.add(seconds);
    y.add(value);
    xy.add(seconds * value);
    xx.add(seconds * seconds);
  }
  const count = times.length;
  const covariance = xy.corrected - (x.corrected * y.corrected) / count;
  const variance = xx.corrected - (x.corrected * x.corrected) / count;
  const slope = covariance / variance;
  return { slope, intercept: y.corrected / count - (slope * x.corrected) / count };
}
