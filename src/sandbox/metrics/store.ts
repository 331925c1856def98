// The sandbox's time series: samples by labels, in memory, for a bounded time and in a bounded number. It has no clock:
// "now" is the newest time that was appended. Entry point: `SeriesStore`. Reading is `select`, for the evaluator, and
// the lists of names, values and series.
import type { Duration, Instant } from '../../lib/ports.ts';
import { milliseconds } from '../../lib/time.ts';
import { type AppendOutcome, SampleChunks, type Samples } from './chunks.ts';
import {
  compareLabels,
  compareText,
  type LabelSet,
  type Labels,
  labelsOf,
  labelValue,
} from './labels.ts';
import type { Matcher } from './matcher.ts';
import { Postings } from './postings.ts';

export interface StoreOptions {
  /** Samples older than this, seen from the newest one, are forgotten. 2 h if absent. */
  readonly retention?: Duration;
  /** Beyond these numbers the oldest are dropped; 100,000 series and 8,000,000 samples if absent. */
  readonly maxSeries?: number;
  readonly maxSamples?: number;
  /** Told once for each of the two limits, when it is reached for the first time. */
  readonly onFull?: (message: string) => void;
}

/** A series by its name, for whoever appends to it again and again: no labels are sorted or looked up. */
export interface SeriesWriter {
  append(value: number, at: Instant): AppendOutcome;
  /** Says that the series has ended: from `at` on it has no value until the next sample. */
  markStale(at: Instant): AppendOutcome;
}

/** A series with its samples of the asked time, in order. */
export interface SelectedSeries extends Samples {
  readonly labels: Labels;
}

/** What the evaluator reads from. Series come ordered by their labels. */
export interface Queryable {
  select(matchers: readonly Matcher[], from: number, to: number): readonly SelectedSeries[];
}

/** Which series a list is about: any of the selectors matches, and there is a sample in the time. */
export interface Extent {
  readonly selectors?: readonly (readonly Matcher[])[];
  readonly from?: number;
  readonly to?: number;
}

interface Series {
  readonly labels: Labels;
  readonly chunks: SampleChunks;
  /** Place in the order of labels among all series; kept up to date by `#rank`. */
  rank: number;
}

const RETENTION = milliseconds(2 * 3_600_000);
const MAX_SERIES = 100_000;
const MAX_SAMPLES = 8_000_000;
/** A sweep costs a look at every series, so it is made this often within one retention. */
const SWEEPS = 16;

export class SeriesStore implements Queryable {
  readonly #retention: Duration;
  readonly #maxSeries: number;
  readonly #maxSamples: number;
  readonly #onFull: (message: string) => void;
  readonly #series = new Map<string, Series>();
  readonly #postings = new Postings<Series>();
  readonly #told = new Set<string>();
  #samples = 0;
  #newest = -Infinity;
  #sweptAt = -Infinity;
  /** Whether a series has begun since the ranks were given. One that has gone leaves the order as it is. */
  #isRanked = true;

  constructor(options: StoreOptions = {}) {
    this.#retention = options.retention ?? RETENTION;
    this.#maxSeries = options.maxSeries ?? MAX_SERIES;
    this.#maxSamples = options.maxSamples ?? MAX_SAMPLES;
    this.#onFull = options.onFull ?? (() => undefined);
  }

  get seriesCount(): number {
    return this.#series.size;
  }

  get sampleCount(): number {
    return this.#samples;
  }

  /** Adds one sample. A series takes samples in the order of time only. */
  append(labels: LabelSet, value: number, at: Instant): AppendOutcome {
    return this.#add(labelsOf(labels), { value, at, isStale: false });
  }

  /** Says that a series has ended (its target has gone): queries stop seeing it at `at`, not 5 minutes later. */
  markStale(labels: LabelSet, at: Instant): AppendOutcome {
    return this.#add(labelsOf(labels), { value: Number.NaN, at, isStale: true });
  }

  /** A writer stays good for ever: a series that was dropped meanwhile begins anew. */
  writer(set: LabelSet): SeriesWriter {
    const labels = labelsOf(set);
    return {
      append: (value, at) => this.#add(labels, { value, at, isStale: false }),
      markStale: (at) => this.#add(labels, { value: Number.NaN, at, isStale: true }),
    };
  }

  #add(
    labels: Labels,
    { value, at, isStale }: { value: number; at: Instant; isStale: boolean },
  ): AppendOutcome {
    const time = Math.round(at) as Instant;
    if (time < this.#newest - this.#retention) return 'late';
    const known = this.#series.get(labels.key);
    // There is nothing to end where nothing has begun.
    if (isStale && (known === undefined || known.chunks.isStale)) return 'known';
    const series = known ?? this.#begin(labels);
    const outcome = series.chunks.append(value, time, isStale);
    if (outcome !== 'added') return outcome;
    this.#samples += 1;
    if (time > this.#newest) this.#newest = time;
    if (this.#samples > this.#maxSamples) this.#makeRoomForSamples();
    else if (this.#newest - this.#sweptAt >= this.#retention / SWEEPS) this.#sweep();
    return outcome;
  }

  #begin(labels: Labels): Series {
    if (this.#series.size >= this.#maxSeries) this.#makeRoomForSeries();
    const series = { labels, chunks: new SampleChunks(), rank: 0 };
    this.#isRanked = false;
    this.#series.set(labels.key, series);
    this.#postings.add(labels, series);
    return series;
  }

  #sweep(): void {
    this.#sweptAt = this.#newest;
    this.#dropBefore(this.#newest - this.#retention);
  }

  #dropBefore(time: number): void {
    for (const series of this.#series.values()) {
      this.#samples -= series.chunks.dropBefore(time);
      if (series.chunks.count === 0) this.#forget(series);
    }
  }

  #forget(series: Series): void {
    this.#samples -= series.chunks.count;
    this.#series.delete(series.labels.key);
    this.#postings.remove(series.labels, series);
  }

  #tellOnce(what: string, message: string): void {
    if (this.#told.has(what)) return;
    this.#told.add(what);
    this.#onFull(message);
  }

  /** An eighth of the kept time goes at once, so that it is not done again with the next sample. */
  #makeRoomForSamples(): void {
    this.#tellOnce(
      'samples',
      `the metrics store is full (${this.#maxSamples} samples): the oldest samples are dropped`,
    );
    while (this.#samples > this.#maxSamples) {
      let oldest = Infinity;
      for (const { chunks } of this.#series.values()) oldest = Math.min(oldest, chunks.firstTime);
      // At least a millisecond further, at most to the newest sample, which stays.
      const next = Math.floor(oldest + (this.#newest - oldest) / 8);
      if (oldest >= this.#newest) break;
      this.#dropBefore(Math.max(next, oldest + 1));
    }
  }

  /** The twentieth of the series that has been silent longest goes. */
  #makeRoomForSeries(): void {
    this.#tellOnce(
      'series',
      `the metrics store is full (${this.#maxSeries} series): the series without a new sample for longest are dropped`,
    );
    const bySilence = [...this.#series.values()].sort(
      (a, b) => a.chunks.lastTime - b.chunks.lastTime,
    );
    for (const series of bySilence.slice(0, Math.ceil(this.#maxSeries / 20))) this.#forget(series);
  }

  select(matchers: readonly Matcher[], from: number, to: number): readonly SelectedSeries[] {
    const selected: SelectedSeries[] = [];
    for (const series of this.#matching(matchers)) {
      if (series.chunks.lastTime < from || series.chunks.firstTime > to) continue;
      const samples = series.chunks.between(Math.max(from, this.#oldestKept), to);
      if (samples.times.length > 0) selected.push({ labels: series.labels, ...samples });
    }
    return selected;
  }

  /** What is older has been forgotten, whether it has been swept yet or not. */
  get #oldestKept(): number {
    return this.#newest - this.#retention;
  }

  #matching(matchers: readonly Matcher[]): readonly Series[] {
    this.#rank();
    return this.#postings
      .candidates(matchers)
      .filter(({ labels }) =>
        matchers.every(({ name, matches }) => matches(labelValue(labels, name))),
      )
      .sort((a, b) => a.rank - b.rank);
  }

  /** Comparing labels is dear, and series begin far less often than they are asked for. */
  #rank(): void {
    if (this.#isRanked) return;
    const ordered = [...this.#series.values()].sort((a, b) => compareLabels(a.labels, b.labels));
    for (const [rank, series] of ordered.entries()) series.rank = rank;
    this.#isRanked = true;
  }

  /** The series of an extent, ordered by their labels. */
  seriesLabels(extent: Extent = {}): readonly Labels[] {
    const { selectors = [[]], from = -Infinity, to = Infinity } = extent;
    const found = new Map<string, Labels>();
    for (const matchers of selectors) {
      for (const { labels, chunks } of this.#matching(matchers)) {
        const first = Math.max(chunks.firstTime, this.#oldestKept);
        if (first <= to && chunks.lastTime >= Math.max(from, first)) found.set(labels.key, labels);
      }
    }
    return [...found.values()].sort(compareLabels);
  }

  labelNames(extent: Extent = {}): readonly string[] {
    const names = new Set<string>();
    for (const labels of this.seriesLabels(extent)) {
      for (const name of labels.names) names.add(name);
    }
    return [...names].sort(compareText);
  }

  labelValues(name: string, extent: Extent = {}): readonly string[] {
    const values = new Set<string>();
    for (const labels of this.seriesLabels(extent)) {
      const value = labelValue(labels, name);
      if (value !== '') values.add(value);
    }
    return [...values].sort(compareText);
  }
}
