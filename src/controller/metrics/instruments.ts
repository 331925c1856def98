// What is counted as it happens: counters and histograms, one series for each set of label values.
import type { Family, HistogramSample } from './exposition.ts';
import { type MetricName, type MetricRow, rowOf, type ValuesOf } from './table.ts';

type IsOver = (values: readonly string[]) => boolean;

/** Parts the values of a key; names of Kubernetes and texts of ours do not hold it. */
const BETWEEN = '\u0000';

/** Series in the order of their values, so that two scrapes read alike. */
function ordered<T>(series: ReadonlyMap<string, T>): readonly T[] {
  return [...series.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}

export class Counter<N extends MetricName<'counter'>> {
  readonly #row: MetricRow;
  readonly #series = new Map<string, { readonly values: readonly string[]; value: number }>();

  constructor(name: N) {
    this.#row = rowOf(name);
  }

  add(values: ValuesOf<N>): void {
    const key = values.join(BETWEEN);
    const one = this.#series.get(key);
    if (one === undefined) this.#series.set(key, { values, value: 1 });
    else one.value += 1;
  }

  family(): Family {
    return { row: this.#row, samples: ordered(this.#series) };
  }

  forget(isOver: IsOver): void {
    for (const [key, { values }] of this.#series) if (isOver(values)) this.#series.delete(key);
  }
}

interface Observed extends HistogramSample {
  readonly counts: number[];
  count: number;
  sum: number;
}

export class Histogram<N extends MetricName<'histogram'>> {
  readonly #row: MetricRow;
  readonly #series = new Map<string, Observed>();

  constructor(name: N) {
    this.#row = rowOf(name);
  }

  observe(values: ValuesOf<N>, value: number): void {
    const key = values.join(BETWEEN);
    const { buckets = [] } = this.#row;
    const one = this.#series.get(key) ?? { values, counts: buckets.map(() => 0), count: 0, sum: 0 };
    this.#series.set(key, one);
    const at = buckets.findIndex((bound) => value <= bound);
    if (at >= 0) one.counts[at] = (one.counts[at] ?? 0) + 1;
    one.count += 1;
    one.sum += value;
  }

  family(): Family {
    return { row: this.#row, histograms: ordered(this.#series) };
  }

  forget(isOver: IsOver): void {
    for (const [key, { values }] of this.#series) if (isOver(values)) this.#series.delete(key);
  }
}
