// From selectors and subqueries to series: which samples an expression reads at which step.
import { unreachable } from '../../../lib/assert.ts';
import { type Labels, NO_LABELS } from '../labels.ts';
import type { Queryable } from '../store.ts';
import type { Expression, RangeSelector, Selector, Shift, Subquery } from './ast.ts';
import type { Budget } from './budget.ts';
import { type Grid, gridOf, type Row, timeOf, valuesOf } from './rows.ts';
import { dependsOnTime } from './signatures.ts';

/** What stays the same during one query. */
export interface Context {
  readonly source: Queryable;
  readonly budget: Budget;
  /** The ends of the whole query: what `@ start()` and `@ end()` mean, in subqueries too. */
  readonly start: number;
  readonly end: number;
}

/** A sample counts for this long, unless its series is said to have ended. */
/** A sample this old is no value any more. */
export const LOOKBACK_MS = 5 * 60_000;

/** The step of a subquery that names none. */
export const DEFAULT_STEP_MS = 60_000;

/** The moment of a selector at a step: shifted by its `offset`, or fixed by `@`. */
export function momentAt(
  { offsetMs, moment }: Shift,
  { start, end }: Context,
  time: number,
): number {
  if (moment === undefined) return time - offsetMs;
  const fixed = moment === 'start()' ? start : moment === 'end()' ? end : moment;
  return fixed - offsetMs;
}

/** Whether an expression is worth the same at every step, so that one evaluation is enough. */
export function isFixed(expression: Expression): boolean {
  switch (expression.kind) {
    case 'number':
    case 'string':
      return true;
    case 'parentheses':
      return isFixed(expression.inner);
    case 'unary':
      return isFixed(expression.operand);
    case 'binary':
      return isFixed(expression.left) && isFixed(expression.right);
    case 'call':
      return !dependsOnTime(expression.signature) && expression.args.every(isFixed);
    case 'aggregation':
      // As in Prometheus the parameter is not asked: the k of `topk` is then that of the first step.
      return isFixed(expression.operand);
    case 'selector':
    case 'subquery':
      return expression.moment !== undefined;
    case 'range':
      return isFixed(expression.selector);
    default:
      return unreachable(expression);
  }
}

/** For each series and step the sample in force, as `valueOf` sees it. */
function inForce(
  selector: Selector,
  { grid, context }: { grid: Grid; context: Context },
  valueOf: (value: number, time: number) => number,
): readonly Row[] {
  if (grid.count === 0) return [];
  const { source, budget } = context;
  const moments: number[] = [];
  for (let step = 0; step < grid.count; step += 1) {
    moments.push(momentAt(selector, context, timeOf(grid, step)));
  }
  const first = moments[0] ?? 0;
  const last = moments[grid.count - 1] ?? 0;
  const rows: Row[] = [];
  for (const { labels, times, values, stale } of source.select(
    selector.matchers,
    first - LOOKBACK_MS,
    last,
  )) {
    budget.samples(times.length + grid.count);
    let next = 0;
    let isEmpty = true;
    const found = valuesOf(grid, (step) => {
      const moment = moments[step] ?? 0;
      while (next < times.length && (times[next] ?? 0) <= moment) next += 1;
      const time = times[next - 1];
      if (time === undefined || time < moment - LOOKBACK_MS || stale?.[next - 1] === 1) {
        return undefined;
      }
      isEmpty = false;
      return valueOf(values[next - 1] ?? 0, time);
    });
    if (!isEmpty) rows.push({ labels, values: found });
  }
  return rows;
}

export function selected(selector: Selector, grid: Grid, context: Context): readonly Row[] {
  return inForce(selector, { grid, context }, (value) => value);
}

/** When the samples in force were taken, in seconds. */
export function sampleTimes(selector: Selector, grid: Grid, context: Context): readonly Row[] {
  return inForce(selector, { grid, context }, (_, time) => time / 1000);
}

/** A series as it was sampled, stale marks left out. */
export interface RawSeries {
  readonly labels: Labels;
  readonly times: Float64Array;
  readonly values: Float64Array;
}

/** Series and the window of them that counts at each step. */
export interface Ranged {
  readonly series: readonly RawSeries[];
  readonly windowAt: (step: number) => { readonly start: number; readonly end: number };
}

export type Evaluate = (expression: Expression, grid: Grid, context: Context) => readonly Row[];

export function ranged(
  expression: RangeSelector | Subquery,
  { grid, context, evaluate }: { grid: Grid; context: Context; evaluate: Evaluate },
): Ranged {
  const shift = expression.kind === 'range' ? expression.selector : expression;
  const windowAt = (step: number) => {
    const end = momentAt(shift, context, timeOf(grid, step));
    return { start: end - expression.rangeMs, end };
  };
  if (grid.count === 0) return { series: [], windowAt };
  const from = windowAt(0).start;
  const to = windowAt(grid.count - 1).end;
  if (expression.kind === 'range') {
    return { series: rawSeries(expression.selector, { from, to, context }), windowAt };
  }
  const stepMs = expression.stepMs === 0 ? DEFAULT_STEP_MS : expression.stepMs;
  // Steps of subqueries are multiples of their length, so that they do not move with the query.
  const fitting = gridOf(Math.ceil(from / stepMs) * stepMs, to, stepMs);
  // Even if no step fits, Prometheus evaluates once what is the same at every step, and a query shows that sample.
  const isOnce = fitting.count === 0 && isFixed(expression.inner);
  const inner = isOnce ? { ...fitting, count: 1 } : fitting;
  context.budget.samples(inner.count);
  const rows = evaluate(expression.inner, inner, context);
  return { series: rows.map((row) => sampled(row, inner)), windowAt };
}

function rawSeries(
  selector: Selector,
  { from, to, context }: { from: number; to: number; context: Context },
): readonly RawSeries[] {
  return context.source
    .select(selector.matchers, from, to)
    .map(({ labels, times, values, stale }) => {
      context.budget.samples(times.length);
      if (stale === undefined) return { labels, times, values };
      const isKept = (_: number, at: number) => stale[at] !== 1;
      return { labels, times: times.filter(isKept), values: values.filter(isKept) };
    });
}

function sampled({ labels, values }: Row, grid: Grid): RawSeries {
  const times: number[] = [];
  const present: number[] = [];
  for (const [at, value] of values.entries()) {
    if (value === undefined) continue;
    times.push(timeOf(grid, at));
    present.push(value);
  }
  return { labels, times: Float64Array.from(times), values: Float64Array.from(present) };
}

/** A row that has the same value at every step. */
export function repeated(rows: readonly Row[], { count }: Grid, budget: Budget): readonly Row[] {
  budget.samples(rows.length * count);
  return rows.map(({ labels, values: [value] }) => ({
    labels: labels.names.length === 0 ? NO_LABELS : labels,
    values: valuesOf({ start: 0, step: 0, count }, () => value),
  }));
}
