// PromQL queries over a source of series. Entry points: `instantQuery` and `rangeQuery`; both give a value or a
// problem with Prometheus' own words, and neither runs longer than its budget.
import type { Clock, Instant } from '../../../lib/ports.ts';
import { compareLabels, type Labels } from '../labels.ts';
import type { Queryable } from '../store.ts';
import { type Expression, typeName, typeOf, unwrapped } from './ast.ts';
import { Budget, type Limits } from './budget.ts';
import { evaluate } from './evaluator.ts';
import { parse } from './parser.ts';
import { QueryFailure } from './problems.ts';
import { type Grid, gridOf, type Row, type Sample, samplesAt, timeOf } from './rows.ts';
import { type Context, isFixed, ranged } from './selection.ts';

/** A series with its samples; times in milliseconds. */
export interface Series {
  readonly labels: Labels;
  readonly times: readonly number[];
  readonly values: readonly number[];
}

export type QueryValue =
  | { readonly type: 'scalar'; readonly time: number; readonly value: number }
  | { readonly type: 'string'; readonly time: number; readonly value: string }
  | { readonly type: 'vector'; readonly time: number; readonly samples: readonly Sample[] }
  | { readonly type: 'matrix'; readonly series: readonly Series[] };

export interface QueryProblem {
  /** `syntax`: the expression itself is wrong; `type`: it has no value of the asked kind. */
  readonly kind: 'syntax' | 'type' | 'execution' | 'timeout';
  readonly message: string;
}

export type QueryResult =
  | { readonly ok: true; readonly value: QueryValue }
  | { readonly ok: false; readonly problem: QueryProblem };

export interface QueryOptions {
  readonly source: Queryable;
  readonly clock: Clock;
  /** No later than this the query is given up. */
  readonly deadline: Instant;
  readonly limits?: Limits;
}

/** The value of an expression at one moment (milliseconds). */
export function instantQuery(text: string, time: number, options: QueryOptions): QueryResult {
  const parsed = parse(text);
  if (!parsed.ok) return { ok: false, problem: { kind: 'syntax', message: parsed.error } };
  const context = contextOf({ start: time, end: time }, options);
  return guarded(() => instantValue(parsed.expression, time, context));
}

/** The values of an expression at steps from `start` to `end` (milliseconds). */
export function rangeQuery(
  text: string,
  { start, end, step }: { readonly start: number; readonly end: number; readonly step: number },
  options: QueryOptions,
): QueryResult {
  const parsed = parse(text);
  if (!parsed.ok) return { ok: false, problem: { kind: 'syntax', message: parsed.error } };
  const type = typeOf(parsed.expression);
  if (type !== 'vector' && type !== 'scalar') {
    const message = `invalid expression type "${typeName(type)}" for range query, must be Scalar or instant Vector`;
    return { ok: false, problem: { kind: 'type', message } };
  }
  const context = contextOf({ start, end }, options);
  const grid = gridOf(start, end, step);
  return guarded(() => {
    const rows = evaluate(parsed.expression, grid, context);
    return { type: 'matrix', series: ordered(rows.map((row) => pointsOf(row, grid))) };
  });
}

function contextOf(
  { start, end }: { start: number; end: number },
  { source, clock, deadline, limits }: QueryOptions,
): Context {
  return { source, budget: new Budget(clock, deadline, limits ?? {}), start, end };
}

function guarded(run: () => QueryValue): QueryResult {
  try {
    return { ok: true, value: run() };
  } catch (error) {
    if (!(error instanceof QueryFailure)) throw error;
    return { ok: false, problem: { kind: error.kind, message: error.message } };
  }
}

function instantValue(expression: Expression, time: number, context: Context): QueryValue {
  const grid: Grid = { start: time, step: 1, count: 1 };
  const bare = unwrapped(expression);
  if (expression.kind === 'string') return { type: 'string', time, value: expression.value };
  if (bare.kind === 'string') {
    // Prometheus stumbles over the parentheses; whoever meant this gets the same answer from us.
    throw new QueryFailure(
      'unexpected result in StepInvariantExpr evaluation: *parser.StepInvariantExpr',
    );
  }
  if (bare.kind === 'range' || bare.kind === 'subquery') {
    const series = rangeValue(bare, grid, context);
    if (expression !== bare && isFixed(bare) && series.some(({ times }) => times.length !== 1)) {
      // The parentheses again: what is fixed in time must then be a single sample.
      throw new QueryFailure('unexpected number of samples');
    }
    return { type: 'matrix', series };
  }
  const rows = evaluate(expression, grid, context);
  const samples = samplesAt(rows, 0);
  if (typeOf(expression) !== 'scalar') return { type: 'vector', time, samples };
  return { type: 'scalar', time, value: samples[0]?.value ?? Number.NaN };
}

function rangeValue(
  expression: Extract<Expression, { kind: 'range' | 'subquery' }>,
  grid: Grid,
  context: Context,
): readonly Series[] {
  const { series } = ranged(expression, { grid, context, evaluate });
  return ordered(
    series.map(({ labels, times, values }) => ({ labels, times: [...times], values: [...values] })),
  );
}

function pointsOf({ labels, values }: Row, grid: Grid): Series {
  const times: number[] = [];
  const present: number[] = [];
  for (const [at, value] of values.entries()) {
    if (value === undefined) continue;
    times.push(timeOf(grid, at));
    present.push(value);
  }
  return { labels, times, values: present };
}

function ordered(series: readonly Series[]): readonly Series[] {
  return series
    .filter(({ times }) => times.length > 0)
    .sort((a, b) => compareLabels(a.labels, b.labels));
}
