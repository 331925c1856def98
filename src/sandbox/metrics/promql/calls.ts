// Calls of functions. Those of one value are in `numeric-functions.ts`, those over ranges in `range-functions.ts`;
// here is how they get their arguments, and those that look at a whole vector.
import { METRIC_NAME, NO_LABELS, withoutName } from '../labels.ts';
import { type Call, type Expression, typeOf, unwrapped } from './ast.ts';
import { histogramsOf, quantileOfBuckets } from './histogram.ts';
import { absentLabels, labelJoiner, labelReplacer } from './label-functions.ts';
import { NUMERIC_FUNCTIONS } from './numeric-functions.ts';
import { QueryFailure } from './problems.ts';
import { RANGE_FUNCTIONS, type RangeFunction } from './range-functions.ts';
import { ranked } from './ranking.ts';
import {
  distinct,
  haveOneName,
  type Grid,
  mapped,
  merged,
  type Row,
  samplesAt,
  scalarRow,
  stepwise,
  timeOf,
  valuesOf,
} from './rows.ts';
import { type Context, type Evaluate, type RawSeries, ranged, sampleTimes } from './selection.ts';

interface Frame {
  readonly grid: Grid;
  readonly context: Context;
  readonly evaluate: Evaluate;
}

export function called(call: Call, frame: Frame): readonly Row[] {
  const { name } = call.signature;
  const ofRange = RANGE_FUNCTIONS.get(name);
  if (ofRange !== undefined) return overRange(call, ofRange, frame);
  const isNumeric = NUMERIC_FUNCTIONS.has(name);
  return isNumeric ? numeric(call, frame) : ofVector(call, frame);
}

function evaluated(expression: Expression | undefined, frame: Frame): readonly Row[] {
  if (expression === undefined) return [];
  return frame.evaluate(expression, frame.grid, frame.context);
}

/** The values of scalar arguments at a step, in their order. */
function parametersAt(rows: readonly Row[], at: number): readonly number[] {
  return rows.map(({ values }) => values[at] ?? Number.NaN);
}

function scalarRows(args: readonly Expression[], frame: Frame): readonly Row[] {
  return args
    .filter((arg) => typeOf(arg) === 'scalar')
    .flatMap((arg) => evaluated(arg, frame).slice(0, 1));
}

function numeric({ signature, args }: Call, frame: Frame): readonly Row[] {
  const change = NUMERIC_FUNCTIONS.get(signature.name);
  if (change === undefined) return [];
  const { grid, context } = frame;
  const [operand, ...others] = args;
  const rows =
    operand === undefined
      ? // Calendar functions without an argument tell about now.
        [scalarRow(grid, (at) => Math.floor(timeOf(grid, at) / 1000))]
      : evaluated(operand, frame);
  const parameters = scalarRows(others, frame);
  context.budget.samples(rows.length * grid.count);
  return merged(
    rows.map((row) => ({
      labels: withoutName(row.labels),
      values: mapped(row, (value, at) => change(value, parametersAt(parameters, at))),
    })),
  );
}

function overRange({ signature, args }: Call, apply: RangeFunction, frame: Frame): readonly Row[] {
  const matrix = args.map(unwrapped).find((arg) => typeOf(arg) === 'matrix');
  if (matrix?.kind !== 'range' && matrix?.kind !== 'subquery') return [];
  const { grid, context } = frame;
  const parameters = scalarRows(args, frame);
  // Sorting looks at a sample more than once.
  const weight = signature.name === 'quantile_over_time' ? 8 : 1;
  const { series, windowAt } = ranged(matrix, frame);
  const rows: Row[] = [];
  for (const one of series) {
    const { labels } = one;
    const windows = new Windows(one);
    let isEmpty = true;
    const values = valuesOf(grid, (at) => {
      const ends = windowAt(at);
      const window = windows.at(ends.start, ends.end);
      context.budget.work((1 + window.values.length) * weight);
      if (window.values.length === 0) return undefined;
      const value = apply(
        { ...window, ...ends, now: timeOf(grid, at) },
        parametersAt(parameters, at),
      );
      if (value !== undefined) isEmpty = false;
      return value;
    });
    if (isEmpty) continue;
    context.budget.samples(grid.count);
    // This one is like an offset: what it gives is still the series itself.
    const keepsName = signature.name === 'last_over_time';
    rows.push({ labels: keepsName ? labels : withoutName(labels), values });
  }
  // Equal labels can only come about where names are dropped that had differed.
  const results = haveOneName(series) ? rows : distinct(rows);
  return signature.name === 'absent_over_time' ? absent(results, matrix, frame) : results;
}

/** The samples of a series within one window after the other. */
class Windows {
  readonly #series: RawSeries;
  #low = 0;
  #high = 0;

  constructor(series: RawSeries) {
    this.#series = series;
  }

  /** Both ends included. Windows are asked for in the order of time. */
  at(start: number, end: number): { times: Float64Array; values: Float64Array } {
    const { times, values } = this.#series;
    while (this.#low < times.length && (times[this.#low] ?? 0) < start) this.#low += 1;
    while (this.#high < times.length && (times[this.#high] ?? 0) <= end) this.#high += 1;
    return {
      times: times.subarray(this.#low, this.#high),
      values: values.subarray(this.#low, this.#high),
    };
  }
}

/** One series with the value 1 at the steps at which none of the rows has a value. */
function absent(rows: readonly Row[], selector: Expression, { grid }: Frame): readonly Row[] {
  const values = valuesOf(grid, (at) =>
    rows.some((row) => row.values[at] !== undefined) ? undefined : 1,
  );
  if (values.every((value) => value === undefined)) return [];
  return [{ labels: absentLabels(selector), values }];
}

function ofVector(call: Call, frame: Frame): readonly Row[] {
  const { grid, context } = frame;
  const [first, second] = call.args;
  const { name } = call.signature;
  switch (name) {
    case 'absent': {
      const rows = evaluated(first, frame);
      return first === undefined ? [] : absent(rows, unwrapped(first), frame);
    }
    case 'histogram_quantile':
      return quantiles(evaluated(first, frame), evaluated(second, frame), frame);
    case 'histogram_count':
    case 'histogram_fraction':
    case 'histogram_sum':
      // Only native histograms have these, and no series here is one: as in Prometheus, floats are passed over.
      for (const arg of call.args) evaluated(arg, frame);
      return [];
    case 'label_join':
    case 'label_replace':
      return relabelled(call, frame);
    case 'pi':
      return [scalarRow(grid, () => Math.PI)];
    case 'scalar':
      return [onlyValues(evaluated(first, frame), grid)];
    case 'sort':
    case 'sort_desc':
      return sorted(evaluated(first, frame), grid, name === 'sort_desc');
    case 'time':
      return [scalarRow(grid, (at) => timeOf(grid, at) / 1000)];
    case 'timestamp':
      return timestamps(first, frame);
    case 'vector':
      return evaluated(first, frame).map(({ values }) => ({ labels: NO_LABELS, values }));
    default:
      context.budget.work(1);
      throw new QueryFailure(`function ${name} is not built`);
  }
}

/** The value of the only series at each step, or NaN. */
function onlyValues(rows: readonly Row[], grid: Grid): Row {
  return scalarRow(grid, (at) => {
    const [only, ...others] = samplesAt(rows, at);
    return only === undefined || others.length > 0 ? Number.NaN : only.value;
  });
}

/** The order of series means something at a single step only. */
function sorted(rows: readonly Row[], grid: Grid, isDescending: boolean): readonly Row[] {
  if (grid.count !== 1) return rows;
  return stepwise(grid, (at) => ranked(samplesAt(rows, at), isDescending));
}

function timestamps(operand: Expression | undefined, frame: Frame): readonly Row[] {
  if (operand === undefined) return [];
  const { grid, context } = frame;
  const inner = unwrapped(operand);
  const rows =
    inner.kind === 'selector'
      ? sampleTimes(inner, grid, context)
      : evaluated(operand, frame).map((row) => ({
          labels: row.labels,
          values: mapped(row, (_, at) => timeOf(grid, at) / 1000),
        }));
  return merged(rows.map(({ labels, values }) => ({ labels: withoutName(labels), values })));
}

function relabelled({ signature, args }: Call, frame: Frame): readonly Row[] {
  const [operand, ...others] = args;
  const texts = others.map((arg) => {
    const text = unwrapped(arg);
    return text.kind === 'string' ? text.value : '';
  });
  const rows = evaluated(operand, frame);
  if (frame.grid.count === 0) return [];
  const change = signature.name === 'label_join' ? labelJoiner(texts) : labelReplacer(texts);
  frame.context.budget.work(rows.length * (1 + METRIC_NAME.length));
  return merged(rows.map(({ labels, values }) => ({ labels: change(labels), values })));
}

function quantiles(
  [q]: readonly Row[],
  rows: readonly Row[],
  { grid, context }: Frame,
): readonly Row[] {
  context.budget.samples(rows.length * grid.count);
  return merged(
    histogramsOf(rows).map(({ labels, buckets }) => ({
      labels,
      values: valuesOf(grid, (at) => {
        const present = buckets.flatMap(({ bound, row }) => {
          const count = row.values[at];
          return count === undefined ? [] : [{ bound, count }];
        });
        if (present.length === 0) return undefined;
        return quantileOfBuckets(q?.values[at] ?? Number.NaN, present);
      }),
    })),
  );
}
