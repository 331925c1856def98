// Functions over ranges: what a window of samples of one series is worth.
import { QueryFailure } from './problems.ts';
import { goFixed } from './shift.ts';
import { ExactSum, lineThrough, meanStays, quantileOf } from './statistics.ts';

/** The samples of a series within a window, at least one; times and the ends of the window in milliseconds. */
export interface Window {
  readonly times: Float64Array;
  readonly values: Float64Array;
  readonly start: number;
  readonly end: number;
  /** The moment of the evaluation: `end`, unless the selector is shifted. */
  readonly now: number;
}

/** Undefined: there is no result at this step. `parameters` are the function's other arguments, in their order. */
export type RangeFunction = (window: Window, parameters: readonly number[]) => number | undefined;

export const RANGE_FUNCTIONS: ReadonlyMap<string, RangeFunction> = new Map<string, RangeFunction>([
  ['absent_over_time', () => 1],
  ['avg_over_time', ({ values }) => averageOf(values)],
  ['changes', ({ values }) => countPairs(values, (a, b) => a !== b && !areNaN(a, b))],
  ['count_over_time', ({ values }) => values.length],
  ['delta', (window) => extrapolated(window, { isCounter: false, isRate: false })],
  ['deriv', deriv],
  ['holt_winters', holtWinters],
  ['idelta', (window) => lastChange(window, false)],
  ['increase', (window) => extrapolated(window, { isCounter: true, isRate: false })],
  ['irate', (window) => lastChange(window, true)],
  ['last_over_time', ({ values }) => values.at(-1)],
  ['max_over_time', ({ values }) => best(values, (value, known) => value > known)],
  ['min_over_time', ({ values }) => best(values, (value, known) => value < known)],
  ['predict_linear', predictLinear],
  ['present_over_time', () => 1],
  ['quantile_over_time', ({ values }, [q = 0]) => quantileOf(q, [...values])],
  ['rate', (window) => extrapolated(window, { isCounter: true, isRate: true })],
  ['resets', ({ values }) => countPairs(values, (a, b) => b < a)],
  ['stddev_over_time', ({ values }) => Math.sqrt(varianceOf(values))],
  ['stdvar_over_time', ({ values }) => varianceOf(values)],
  ['sum_over_time', ({ values }) => sumOf(values)],
]);

function areNaN(a: number, b: number): boolean {
  return Number.isNaN(a) && Number.isNaN(b);
}

function countPairs(
  values: Float64Array,
  counts: (previous: number, value: number) => boolean,
): number {
  let count = 0;
  for (let at = 1; at < values.length; at += 1) {
    if (counts(values[at - 1] ?? 0, values[at] ?? 0)) count += 1;
  }
  return count;
}

function best(values: Float64Array, isBetter: (value: number, known: number) => boolean): number {
  let [known = Number.NaN] = values;
  for (const value of values) if (isBetter(value, known) || Number.isNaN(known)) known = value;
  return known;
}

function sumOf(values: Float64Array): number {
  const sum = new ExactSum();
  for (const value of values) sum.add(value);
  return sum.total;
}

function averageOf(values: Float64Array): number {
  const mean = new ExactSum();
  for (const [at, value] of values.entries()) {
    if (meanStays(mean.plain, value)) continue;
    const count = at + 1;
    mean.add(value / count - mean.plain / count);
  }
  return mean.total;
}

function varianceOf(values: Float64Array): number {
  const mean = new ExactSum();
  const squares = new ExactSum();
  for (const [at, value] of values.entries()) {
    const delta = value - mean.corrected;
    mean.add(delta / (at + 1));
    squares.add(delta * (value - mean.corrected));
  }
  return squares.corrected / values.length;
}

/**
 * The change over a window, as if the series went on at its pace up to the window's ends.
 *
 * `change × (covered + before + after) / covered`; what lies before the first and behind the last sample counts whole
 * if it is shorter than 1.1 mean distances, else as half a distance. A counter is not carried back beyond its zero.
 * Samples 10, 20, 30 at 15, 30, 45 s in [0, 60]: 20 × (30 + 15 + 15) / 30 = 40, a rate of 2/3 by second.
 * Samples 1, 2, 3 as `delta` at 30, 40, 50 s in [0, 60]: 2 × (20 + 5 + 10) / 20 = 3.5.
 */
function extrapolated(
  { times, values, start, end }: Window,
  { isCounter, isRate }: { isCounter: boolean; isRate: boolean },
): number | undefined {
  if (values.length < 2) return undefined;
  const [first = 0] = values;
  const last = values[values.length - 1] ?? 0;
  const change = isCounter ? withResets(last - first, values) : last - first;
  const [firstTime = 0] = times;
  const lastTime = times[times.length - 1] ?? 0;
  const covered = (lastTime - firstTime) / 1000;
  const distance = covered / (values.length - 1);
  let before = (firstTime - start) / 1000;
  const after = (end - lastTime) / 1000;
  if (isCounter && change > 0 && first >= 0) {
    const toZero = covered * (first / change);
    if (toZero < before) before = toZero;
  }
  const reach = (gap: number) => (gap < distance * 1.1 ? gap : distance / 2);
  const factor = (covered + reach(before) + reach(after)) / covered;
  return change * (isRate ? factor / ((end - start) / 1000) : factor);
}

/** A counter that fell began anew: what it had reached before is added. */
function withResets(difference: number, values: Float64Array): number {
  let change = difference;
  for (let at = 1; at < values.length; at += 1) {
    const previous = values[at - 1] ?? 0;
    if ((values[at] ?? 0) < previous) change += previous;
  }
  return change;
}

function lastChange({ times, values }: Window, isRate: boolean): number | undefined {
  if (values.length < 2) return undefined;
  const last = values.at(-1) ?? 0;
  const previous = values.at(-2) ?? 0;
  const change = isRate && last < previous ? last : last - previous;
  const interval = (times.at(-1) ?? 0) - (times.at(-2) ?? 0);
  if (interval === 0) return undefined;
  return isRate ? change / (interval / 1000) : change;
}

function deriv({ times, values }: Window): number | undefined {
  return values.length < 2 ? undefined : lineThrough(times, values, times[0] ?? 0).slope;
}

function predictLinear(
  { times, values, now }: Window,
  [seconds = 0]: readonly number[],
): number | undefined {
  if (values.length < 2) return undefined;
  const { slope, intercept } = lineThrough(times, values, now);
  return slope * seconds + intercept;
}

function holtWinters(
  { values }: Window,
  [smoothing = 0, trend = 0]: readonly number[],
): number | undefined {
  const refused = (what: string, letters: string, value: number): QueryFailure =>
    new QueryFailure(
      `invalid ${what} factor. Expected: 0 < ${letters} < 1, got: ${goFixed(value)}`,
    );
  if (smoothing <= 0 || smoothing >= 1) throw refused('smoothing', 'sf', smoothing);
  if (trend <= 0 || trend >= 1) throw refused('trend', 'tf', trend);
  const [first = 0, second = 0] = values;
  if (values.length < 2) return undefined;
  let previous = 0;
  let level = first;
  let slope = second - first;
  for (let at = 1; at < values.length; at += 1) {
    const measured = smoothing * (values[at] ?? 0);
    // The first slope is that of the first two samples.
    if (at > 1) slope = trend * (level - previous) + (1 - trend) * slope;
    previous = level;
    level = measured + (1 - smoothing) * (level + slope);
  }
  return level;
}
