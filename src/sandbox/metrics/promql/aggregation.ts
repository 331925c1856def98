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
import type { Sample } from './rows.ts';
import { meanStays, quantileOf } from './statistics.ts';
import type { Aggregator } from './tokens.ts';

export interface Grouping {
  readonly labels: readonly string[];
  readonly isWithout: boolean;
}

/** The labels of the group that a series belongs to. */
export function groupOf(labels: Labels, { labels: names, isWithout }: Grouping): Labels {
  return isWithout ? withoutLabels(labels, [METRIC_NAME, ...names]) : onlyLabels(labels, names);
}

/** A sample and its group. */
export interface Grouped extends Sample {
  readonly group: Labels;
}

function byGroup(samples: readonly Grouped[]): readonly (readonly Grouped[])[] {
  const groups = new Map<string, Grouped[]>();
  for (const sample of samples) {
    const known = groups.get(sample.group.key);
    if (known === undefined) groups.set(sample.group.key, [sample]);
    else known.push(sample);
  }
  return [...groups.values()];
}

/** One step of an aggregation. `parameter` is the k or q of those that have one. */
export function aggregated(
  operator: Exclude<Aggregator, 'count_values'>,
  samples: readonly Grouped[],
  parameter: number,
): readonly Sample[] {
  if (operator === 'topk' || operator === 'bottomk') return chosen(operator, samples, parameter);
  return byGroup(samples).map((members) => ({
    labels: members[0]?.group ?? EMPTY,
    value: summary(
      operator,
      members.map(({ value }) => value),
      parameter,
    ),
  }));
}

const EMPTY = onlyLabels({ names: [], values: [], key: '' }, []);

function summary(
  operator: Exclude<Aggregator, 'count_values' | 'topk' | 'bottomk'>,
  values: number[],
  parameter: number,
): number {
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

function chosen(
  operator: 'topk' | 'bottomk',
  samples: readonly Grouped[],
  parameter: number,
): readonly Sample[] {
  if (!(Math.abs(parameter) <= MAX_INTEGER)) {
    throw new QueryFailure(`Scalar value ${goGeneral(parameter)} overflows int64`);
  }
  const count = Math.trunc(parameter);
  if (count < 1) return [];
  return byGroup(samples).flatMap((members) => {
    const best = new TopValues(count, operator === 'topk');
    for (const member of members) best.add(member);
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
  const withValues = samples.map(({ labels: all, value }) => {
    const named = withLabel(all, label, numberText(value));
    return { labels: named, value, group: groupOf(named, grouping) };
  });
  return byGroup(withValues).map((members) => ({
    labels: members[0]?.group ?? EMPTY,
    value: members.length,
  }));
}
