// Quantiles of classic histograms: buckets are series that differ in `le` only.
import { type Labels, labelValue, METRIC_NAME, withoutLabels } from '../labels.ts';
import { parseFloatLikeGo } from './literals.ts';
import type { Row } from './rows.ts';

const BOUND = 'le';

/** The buckets of one histogram, in no order. */
export interface Histogram {
  readonly labels: Labels;
  readonly buckets: readonly { readonly bound: number; readonly row: Row }[];
}

/** Series without a bound that is a number belong to no histogram. */
export function histogramsOf(rows: readonly Row[]): readonly Histogram[] {
  const histograms = new Map<string, { labels: Labels; buckets: { bound: number; row: Row }[] }>();
  for (const row of rows) {
    const bound = boundOf(labelValue(row.labels, BOUND));
    if (bound === undefined) continue;
    const { key } = withoutLabels(row.labels, [BOUND]);
    const known = histograms.get(key);
    if (known === undefined) {
      const labels = withoutLabels(row.labels, [BOUND, METRIC_NAME]);
      histograms.set(key, { labels, buckets: [{ bound, row }] });
    } else known.buckets.push({ bound, row });
  }
  return [...histograms.values()];
}

function boundOf(text: string): number | undefined {
  const bound = parseFloatLikeGo(text);
  const isOutOfRange = bound !== undefined && !Number.isFinite(bound) && /[0-9]/.test(text);
  return isOutOfRange ? undefined : bound;
}

interface Bucket {
  readonly bound: number;
  readonly count: number;
}

/** The quantile by linear interpolation within the bucket it falls into. */
export function quantileOfBuckets(q: number, unsorted: readonly Bucket[]): number {
  if (Number.isNaN(q)) return Number.NaN;
  if (q < 0) return -Infinity;
  if (q > 1) return Infinity;
  const sorted = [...unsorted].sort((a, b) => a.bound - b.bound);
  if (sorted.at(-1)?.bound !== Infinity) return Number.NaN;
  const buckets = monotonic(united(sorted));
  const total = buckets.at(-1)?.count ?? 0;
  if (buckets.length < 2 || total === 0) return Number.NaN;
  const rank = q * total;
  const last = buckets.length - 1;
  const found = buckets.findIndex(({ count }, index) => index < last && count >= rank);
  const at = found < 0 ? last : found;
  return interpolated(buckets[at], buckets[at - 1], rank);
}

/** Where `rank` lies in a bucket; `below` is the next smaller one. */
function interpolated(
  { bound, count }: Bucket = { bound: Infinity, count: 0 },
  below: Bucket | undefined,
  rank: number,
): number {
  // Nothing is known of what lies above the largest bound.
  if (bound === Infinity) return below?.bound ?? Number.NaN;
  if (below === undefined) return bound <= 0 ? bound : 0 + bound * (rank / count);
  return below.bound + (bound - below.bound) * ((rank - below.count) / (count - below.count));
}

/** Buckets with the same bound (`1` and `1.0`) count together. */
function united(sorted: readonly Bucket[]): readonly Bucket[] {
  const buckets: Bucket[] = [];
  for (const bucket of sorted) {
    const last = buckets.at(-1);
    if (last?.bound === bucket.bound) {
      buckets[buckets.length - 1] = { bound: bucket.bound, count: last.count + bucket.count };
    } else buckets.push(bucket);
  }
  return buckets;
}

/** Scrapes and rates may leave a bucket below a smaller one; it is lifted to it. */
function monotonic(buckets: readonly Bucket[]): readonly Bucket[] {
  let [{ count: most } = { count: 0 }] = buckets;
  return buckets.map(({ bound, count }) => {
    if (count > most) most = count;
    return count < most ? { bound, count: most } : { bound, count };
  });
}
