// Aggregations: many series of a vector become one for each group, or the best of each group.
import { unreachable } from '../../../lib/assert.ts';
import {
  isLabelName,
  type Labels,
  METRIC_NAME,
  onlyLabels,
  withLabel,
  withoutLabels,
} from '../labels.ts';
import { numberText } from './format.ts';
import { QueryFailure } from './problems.ts';
import { TopValues } from './ranking.ts';
import { type Grid, type Row, type Sample, samplesAt, valuesOf } from './rows.ts';
import { meanStays, quantileOf } from './statistics.ts';
import type { Aggregator } from './tokens.ts';

interface Grouping {
  readonly labels: readonly string[];
  readonly isWithout: boolean;
}

/** The labels of the group that a series belongs to. */
function groupOf(labels: Labels, { labels: names, isWithout }: Grouping): Labels {
  return isWithout ? withoutLabels(labels, [METRIC_NAME, ...names]) : onlyLabels(labels, names);
}

/** The rows of one group, in their order. */
export interface Group {
  readonly labels: Labels;
  readonly rows: readonly Row[];
}

/** Groups in the order of their first rows. */
export function groupsOf(rows: readonly Row[], grouping: Grouping): readonly Group[] {
  const groups = new Map<string, { labels: Labels; rows: Row[] }>();
  for (const row of rows) {
    const labels = groupOf(row.labels, grouping);
    const known = groups.get(labels.key);
    if (known === undefined) groups.set(labels.key, { labels, rows: [row] });
    else known.rows.push(row);
  }
  return [...groups.values()];
}

type Summary = Exclude<Aggregator, 'count_values' | 'topk' | 'bottomk'>;

/** Each group as one row. `parameterAt` gives the q of a quantile. */
export function summarized(
  operator: Summary,
  groups: readonly Group[],
  { grid, parameterAt }: { grid: Grid; parameterAt: (at: number) => number },
): readonly Row[] {
  return groups.map(({ labels, rows }) => ({
    labels,
    values: valuesOf(grid, (at) => {
      const values: number[] = [];
      for (const row of rows) {
        const value = row.values[at];
        if (value !== undefined) values.push(value);
      }
      return values.length === 0 ? undefined : summary(operator, values, parameterAt(at));
    }),
  }));
}

function summary(operator: Summary, values: number[], parameter: number): number {
  switch (operator) {
    case 'sum':
      return values.reduce((sum, value) => sum + value);
    case 'avg':
      return averageOf(values);
    case 'min':
      return values.reduce((known, value) =>
        value < known || Number.isNaN(known) ? value : known,
      );
    case 'max':
      return values.reduce((known, value) =>
        value > known || Number.isNaN(known) ? value : known,
      );
    case 'count':
      return values.length;
    case 'group':
      return 1;
    case 'stddev':
      return Math.sqrt(varianceOf(values));
    case 'stdvar':
      return varianceOf(values);
    case 'quantile':
      return quantileOf(parameter, values);
    default:
      return unreachable(operator);
  }
}

function averageOf(values: readonly number[]): number {
  let [mean = 0] = values;
  for (let at = 1; at < values.length; at += 1) {
    const value = values[at] ?? 0;
    if (meanStays(mean, value)) continue;
    // Divided first: a sum of large values could overflow.
    mean += value / (at + 1) - mean / (at + 1);
  }
  return mean;
}

/** Welford's method. A group of one varies by 0, even if its value is NaN or infinite. */
function varianceOf(values: readonly number[]): number {
  let [mean = 0] = values;
  let squares = 0;
  for (let at = 1; at < values.length; at += 1) {
    const value = values[at] ?? 0;
    const delta = value - mean;
    mean += delta / (at + 1);
    squares += delta * (value - mean);
  }
  return squares / values.length;
}

const MAX_INTEGER = 2 ** 63;

/** The best series of each group at a step. */
export function chosen(
  operator: 'topk' | 'bottomk',
  groups: readonly Group[],
  { at, count }: { readonly at: number; readonly count: number },
): readonly Sample[] {
  if (!(Math.abs(count) <= MAX_INTEGER)) {
    throw new QueryFailure(`Scalar value ${goGeneral(count)} overflows int64`);
  }
  const whole = Math.trunc(count);
  if (whole < 1) return [];
  return groups.flatMap(({ rows }) => {
    const best = new TopValues(whole, operator === 'topk');
    for (const sample of samplesAt(rows, at)) best.add(sample);
    return best.sorted();
  });
}

/** Go's `%v` of a float, as far as numbers beyond 64 bits need it. */
function goGeneral(value: number): string {
  if (!Number.isFinite(value)) return numberText(value);
  return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
}

/** `count_values`: one series for each value in each group, the value being a label. */
export function countedValues(
  samples: readonly Sample[],
  label: string,
  { labels, isWithout }: Grouping,
): readonly Sample[] {
  if (!isLabelName(label)) throw new QueryFailure(`invalid label name "${label}"`);
  const grouping = { labels: isWithout ? labels : [...labels, label], isWithout };
  const counts = new Map<string, { labels: Labels; value: number }>();
  for (const sample of samples) {
    const named = withLabel(sample.labels, label, numberText(sample.value));
    const group = groupOf(named, grouping);
    const known = counts.get(group.key);
    if (known === undefined) counts.set(group.key, { labels: group, value: 1 });
    else known.value += 1;
  }
  return [...counts.values()];
}
