import { expect, it } from 'vitest';
import { promtoolSays } from '../../../test/support/promtool.ts';
import { exposition, type Family, numberText } from './exposition.ts';
import { Counter, Histogram } from './instruments.ts';
import { METRICS, type MetricRow } from './table.ts';

function textOf(...families: readonly Family[]): string {
  const text = [...exposition(families)].join('');
  expect(promtoolSays(text)).toEqual([]);
  return text;
}

it('label values and help are escaped, labels are in order of their names', () => {
  const row: MetricRow = {
    name: 'some_metric',
    type: 'gauge',
    labels: ['b', 'a'],
    help: 'One \\ two\nthree "four".',
  };
  const samples = [{ values: ['a "b" \\ c\nd', 'é {x="y"} 1'], value: 1.5 }];
  expect(textOf({ row, samples })).toBe(
    '# HELP some_metric One \\\\ two\\nthree "four".\n# TYPE some_metric gauge\n' +
      'some_metric{a="é {x=\\"y\\"} 1",b="a \\"b\\" \\\\ c\\nd"} 1.5\n',
  );
});

it.each([
  [0, '0'],
  [-0, '0'],
  [1, '1'],
  [-3.25, '-3.25'],
  [0.01, '0.01'],
  [0.0001, '0.0001'],
  [0.00001, '1e-05'],
  [1e-8, '1e-08'],
  [28_800, '28800'],
  [999_999, '999999'],
  [1_000_000, '1e+06'],
  [1_234_567.5, '1.2345675e+06'],
  [1e100, '1e+100'],
  [Number.NaN, 'NaN'],
  [Number.POSITIVE_INFINITY, '+Inf'],
  [Number.NEGATIVE_INFINITY, '-Inf'],
])('%d is written as Go writes it: %s', (value, text) => {
  expect(numberText(value)).toBe(text);
});

it('a bucket counts what is at its bound and below, the last one everything', () => {
  const histogram = new Histogram('rollout_reconcile');
  for (const value of [0.01, 0.011, 0.2, 7]) histogram.observe(['shop', 'web'], value);
  const of = 'name="web",namespace="shop"';
  expect(textOf(histogram.family()).split('\n').slice(2)).toEqual([
    `rollout_reconcile_bucket{${of},le="0.01"} 1`,
    `rollout_reconcile_bucket{${of},le="0.15"} 2`,
    `rollout_reconcile_bucket{${of},le="0.25"} 3`,
    `rollout_reconcile_bucket{${of},le="0.5"} 3`,
    `rollout_reconcile_bucket{${of},le="1"} 3`,
    `rollout_reconcile_bucket{${of},le="+Inf"} 4`,
    `rollout_reconcile_sum{${of}} 7.221`,
    `rollout_reconcile_count{${of}} 4`,
    '',
  ]);
});

it('series are in order and can be forgotten; a family without any is left out', () => {
  const counter = new Counter('slipway_decisions_total');
  counter.add(['Rollout', 'b']);
  counter.add(['Rollout', 'a']);
  counter.add(['Rollout', 'b']);
  expect(textOf(counter.family()).split('\n').slice(2, 4)).toEqual([
    'slipway_decisions_total{kind="Rollout",reason="a"} 1',
    'slipway_decisions_total{kind="Rollout",reason="b"} 2',
  ]);
  counter.forget(() => true);
  expect(textOf(counter.family())).toBe('');
});

it('many series come in parts, none of them lost', () => {
  const counter = new Counter('slipway_watch_restarts_total');
  for (let at = 0; at < 1234; at += 1) counter.add([`kind-${at}`]);
  const parts = [...exposition([counter.family()])];
  expect(parts.length).toBe(4);
  expect(parts.join('').split('\n').length).toBe(1234 + 3);
});

it('the table names each metric once, with sound names and ascending bounds', () => {
  expect(new Set(METRICS.map(({ name }) => name)).size).toBe(METRICS.length);
  for (const row of METRICS as readonly MetricRow[]) {
    expect(row.name).toMatch(/^[a-z][a-z0-9_]*$/);
    for (const label of row.labels) expect(label).toMatch(/^[a-z][a-z0-9_]*$/);
    expect(row.buckets !== undefined).toBe(row.type === 'histogram');
    const bounds = row.buckets ?? [];
    expect([...bounds].sort((a, b) => a - b)).toEqual(bounds);
  }
});
