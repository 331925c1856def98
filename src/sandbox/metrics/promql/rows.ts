// What an expression is worth at each step of a query: one row for each series, with a value for each step at which
// there is one. A scalar is a single row without labels and without gaps.
import { type Labels, labelValue, METRIC_NAME, NO_LABELS } from '../labels.ts';
import { QueryFailure } from './problems.ts';

/** The moments of an evaluation: `count` of them, `step` apart. Milliseconds. */
export interface Grid {
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

export interface Row {
  readonly labels: Labels;
  readonly values: readonly (number | undefined)[];
}

/** One series at one step. */
export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

export function timeOf({ start, step }: Grid, at: number): number {
  return start + at * step;
}

export function gridOf(start: number, end: number, step: number): Grid {
  return { start, step, count: end < start ? 0 : Math.floor((end - start) / step) + 1 };
}

/** The steps of a grid, each made by `valueAt`. */
export function valuesOf(
  { count }: Grid,
  valueAt: (at: number) => number | undefined,
): (number | undefined)[] {
  const values: (number | undefined)[] = [];
  for (let at = 0; at < count; at += 1) values.push(valueAt(at));
  return values;
}

export function scalarRow(grid: Grid, valueAt: (at: number) => number): Row {
  return { labels: NO_LABELS, values: valuesOf(grid, valueAt) };
}

/** A row's values, made anew where there are any. */
export function mapped(
  { values }: Row,
  change: (value: number, at: number) => number | undefined,
): (number | undefined)[] {
  return values.map((value, at) => (value === undefined ? undefined : change(value, at)));
}

/** The series that have a value at a step. */
export function samplesAt(rows: readonly Row[], at: number): Sample[] {
  const samples: Sample[] = [];
  for (const { labels, values } of rows) {
    const value = values[at];
    if (value !== undefined) samples.push({ labels, value });
  }
  return samples;
}

function sameLabels(): QueryFailure {
  return new QueryFailure('vector cannot contain metrics with the same labelset');
}

/** Makes one row of those with equal labels; refuses if two have a value at the same step. */
export function merged(rows: readonly Row[]): readonly Row[] {
  const byLabels = new Map<string, Row>();
  for (const row of rows) {
    const known = byLabels.get(row.labels.key);
    byLabels.set(row.labels.key, known === undefined ? row : united(known, row));
  }
  return byLabels.size === rows.length ? rows : [...byLabels.values()];
}

function united({ labels, values }: Row, other: Row): Row {
  const both = values.map((value, at) => {
    const second = other.values[at];
    if (value !== undefined && second !== undefined) throw sameLabels();
    return value ?? second;
  });
  return { labels, values: both };
}

/** Whether all series have the same name; without it they then differ as before. */
export function haveOneName(all: readonly { readonly labels: Labels }[]): boolean {
  const [first] = all;
  if (first === undefined) return true;
  const name = labelValue(first.labels, METRIC_NAME);
  return all.every(({ labels }) => labelValue(labels, METRIC_NAME) === name);
}

/** Refuses rows with equal labels, even if they never have a value at the same step. */
export function distinct(rows: readonly Row[]): readonly Row[] {
  if (new Set(rows.map(({ labels }) => labels.key)).size !== rows.length) throw sameLabels();
  return rows;
}

/** Evaluates step by step and collects the series again, in the order in which they came. */
export function stepwise(grid: Grid, samplesOf: (at: number) => readonly Sample[]): readonly Row[] {
  const rows = new Map<string, { labels: Labels; values: (number | undefined)[] }>();
  for (let at = 0; at < grid.count; at += 1) {
    for (const { labels, value } of samplesOf(at)) {
      let row = rows.get(labels.key);
      if (row === undefined) {
        row = { labels, values: valuesOf(grid, () => undefined) };
        rows.set(labels.key, row);
      }
      if (row.values[at] !== undefined) throw sameLabels();
      row.values[at] = value;
    }
  }
  return [...rows.values()];
}
