import { expect, test } from 'vitest';
import { Latencies } from './latencies.ts';
import { Tally } from './tally.ts';
import { parseUntil } from './until.ts';
import { instant, milliseconds } from '../../lib/time.ts';

test('percentiles are exact to half a percent, in whatever order durations come', () => {
  const latencies = new Latencies();
  for (let ms = 1000; ms >= 1; ms -= 1) latencies.add(ms);
  for (const [share, exact] of [
    [0.5, 500],
    [0.9, 900],
    [0.99, 990],
    [1, 1000],
  ] as const) {
    const found = latencies.percentileMs(share);
    expect(found).toBeGreaterThanOrEqual(exact * 0.995);
    expect(found).toBeLessThanOrEqual(exact * 1.006);
  }
  expect(latencies.maxMs).toBe(1000);
});

test('nothing has no percentile', () => {
  expect(new Latencies().percentileMs(0.99)).toBe(0);
});

test('the table has versions, shares, statuses, and failures apart with the first of them', () => {
  const tally = new Tally();
  for (let number = 0; number < 8; number += 1) {
    tally.add({ latencyMs: 2, status: 200, version: '1.0.0', detail: '' }, number * 100);
  }
  tally.add({ latencyMs: 5, status: 500, version: '2.0.0', detail: 'web-2 UH boom' }, 900);
  tally.add({ latencyMs: 10_000, status: 0, version: '-', detail: 'no answer in time' }, 1500);
  expect(tally.table()).toBe(
    [
      'VERSION  REQUESTS  SHARE   P50     P90     P95     P99     MAX     STATUS',
      '-        1         10.0%   10.00s  10.00s  10.00s  10.00s  10.00s  none:1',
      '1.0.0    8         80.0%   2.0ms   2.0ms   2.0ms   2.0ms   2.0ms   200:8',
      '2.0.0    1         10.0%   5.0ms   5.0ms   5.0ms   5.0ms   5.0ms   500:1',
      'all      10        100.0%  2.0ms   5.0ms   10.00s  10.00s  10.00s  none:1 200:8 500:1',
      '',
      '2 requests failed (20.00%): no answer, or a status from 500 on.',
      '  0.9s  500  web-2 UH boom',
      '  1.5s  no answer  no answer in time',
      '',
    ].join('\n'),
  );
  expect(tally.failed).toBe(2);
});

test('without a failure the table says so', () => {
  const tally = new Tally();
  tally.add({ latencyMs: 2, status: 404, version: '1.0.0', detail: '' }, 0);
  expect(tally.table()).toContain('No request failed.');
});

const UNTIL: readonly { readonly text: string; readonly until: unknown }[] = [
  { text: 'rollout healthy web', until: { kind: 'rollout', phase: 'Healthy', name: 'web' } },
  { text: 'rollout Degraded web', until: { kind: 'rollout', phase: 'Degraded', name: 'web' } },
  {
    text: '2026-01-02T15:04:05Z',
    until: { kind: 'moment', at: instant(Date.UTC(2026, 0, 2, 15, 4, 5)) },
  },
  { text: '90s', until: { kind: 'duration', duration: milliseconds(90_000) } },
];

test.each(UNTIL)('--until $text', ({ text, until }) => {
  expect(parseUntil(text)).toEqual({ ok: true, until });
});

test.each(['rollout healthy', 'rollout sick web', 'soon', 'rollout healthy a b'])(
  '--until %s is refused with the way to write it',
  (text) => {
    const parsed = parseUntil(text);
    expect(parsed.ok).toBe(false);
    expect(parsed.ok ? '' : parsed.error).toMatch(/rollout healthy NAME/);
  },
);
