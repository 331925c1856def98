// The counters of one proxy of the mesh as Prometheus' series: a counter and three histograms for each set of labels.
import type { Instant } from '../../lib/ports.ts';
import { BUCKETS, type Cell, type Histogram } from '../mesh/telemetry.ts';
import type { SeriesGroup, Target } from './collect-target.ts';
import { METRIC_NAME } from './labels.ts';
import type { SeriesWriter } from './store.ts';

const BOUNDS: readonly string[] = [...BUCKETS.map(String), '+Inf'];

export class CellSeries implements SeriesGroup {
  readonly #cell: Cell;
  readonly #requests: SeriesWriter;
  readonly #histograms: readonly HistogramSeries[];

  constructor(cell: Cell, target: Target) {
    this.#cell = cell;
    const writer = (name: string, more: Readonly<Record<string, string>> = {}) =>
      target.writer({ ...cell.labels, ...more, [METRIC_NAME]: name });
    this.#requests = writer('istio_requests_total');
    this.#histograms = [
      new HistogramSeries(cell.duration, 'istio_request_duration_milliseconds', writer),
      new HistogramSeries(cell.requestBytes, 'istio_request_bytes', writer),
      new HistogramSeries(cell.responseBytes, 'istio_response_bytes', writer),
    ];
  }

  append(at: Instant): void {
    this.#requests.append(this.#cell.requests, at);
    for (const histogram of this.#histograms) histogram.append(at);
  }

  end(at: Instant): void {
    this.#requests.markStale(at);
    for (const histogram of this.#histograms) histogram.end(at);
  }
}

type MakeWriter = (name: string, more?: Readonly<Record<string, string>>) => SeriesWriter;

class HistogramSeries implements SeriesGroup {
  readonly #histogram: Histogram;
  readonly #buckets: readonly SeriesWriter[];
  readonly #sum: SeriesWriter;
  readonly #count: SeriesWriter;

  constructor(histogram: Histogram, name: string, writer: MakeWriter) {
    this.#histogram = histogram;
    this.#buckets = BOUNDS.map((le) => writer(`${name}_bucket`, { le }));
    this.#sum = writer(`${name}_sum`);
    this.#count = writer(`${name}_count`);
  }

  append(at: Instant): void {
    let total = 0;
    for (const [index, bucket] of this.#buckets.entries()) {
      total += this.#histogram.counts[index] ?? 0;
      bucket.append(total, at);
    }
    this.#sum.append(this.#histogram.sum, at);
    this.#count.append(total, at);
  }

  end(at: Instant): void {
    for (const writer of [...this.#buckets, this.#sum, this.#count]) writer.markStale(at);
  }
}
