// Laws 1 and 4 for AnalysisRuns in every state of their measurements, in flight ones and Jobs included: stories seldom
// come there.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { AnalysisRun, Metric } from '../../src/api/analysis.ts';
import { decide } from '../../src/core/analysis/decide.ts';
import { deepFreeze } from '../../src/lib/freeze.ts';
import { formatInstant, type Instant, instant, later, seconds } from '../../src/lib/time.ts';
import { holdsAtOnce } from './runs.ts';

const START = instant(Date.UTC(2026, 0, 1));
const stamp = (offset: number) => formatInstant(later(START, seconds(offset)));

const PROVIDERS: readonly Metric['provider'][] = [
  { prometheus: { query: 'up' } },
  { job: { spec: {} } },
];

const METRIC = fc.record(
  {
    provider: fc.constantFrom(...PROVIDERS),
    interval: fc.constantFrom('5s', '17s', '1m'),
    initialDelay: fc.constantFrom('7s', '0s'),
    count: fc.constantFrom<number | string>(0, 1, 3, '3'),
    failureLimit: fc.constantFrom(0, 2),
    consecutiveErrorLimit: fc.constantFrom(0, 1),
    consecutiveSuccessLimit: fc.constantFrom(0, 2),
  },
  { requiredKeys: ['provider'] },
);

const MEASUREMENT = fc.oneof(
  fc.record({
    phase: fc.constantFrom('Successful', 'Failed', 'Inconclusive', 'Error'),
    startedAt: fc.constant(stamp(0)),
    finishedAt: fc.integer({ min: 0, max: 30 }).map(stamp),
  }),
  fc.record({
    phase: fc.constant('Running'),
    startedAt: fc.constant(stamp(0)),
    resumeAt: fc.integer({ min: 0, max: 60 }).map(stamp),
  }),
);

const RESULT = fc.record(
  {
    phase: fc.constantFrom('Running', 'Successful', 'Failed'),
    measurements: fc.array(MEASUREMENT, { minLength: 1, maxLength: 1 }),
    count: fc.integer({ min: 0, max: 3 }),
    failed: fc.integer({ min: 0, max: 2 }),
    error: fc.integer({ min: 0, max: 2 }),
    consecutiveError: fc.integer({ min: 0, max: 2 }),
    consecutiveSuccess: fc.integer({ min: 0, max: 2 }),
  },
  { requiredKeys: ['phase', 'measurements'] },
);

const PARTS = fc.array(fc.tuple(METRIC, fc.option(RESULT)), { minLength: 1, maxLength: 3 });

const RUN = fc
  .record({
    parts: PARTS,
    terminate: fc.boolean(),
    ttl: fc.option(fc.constantFrom(0, 25)),
  })
  .map(({ parts, terminate, ttl }): AnalysisRun => {
    const metrics = parts.map(([metric], index) => ({ ...metric, name: `m${index}` }));
    const results = parts.flatMap(([, result], index) =>
      result === null ? [] : [{ ...result, name: `m${index}` }],
    );
    return {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'AnalysisRun',
      metadata: { name: 'run', namespace: 'shop', uid: 'u', resourceVersion: '1' },
      spec: {
        metrics,
        ...(terminate ? { terminate } : {}),
        ...(ttl === null ? {} : { ttlStrategy: { secondsAfterCompletion: ttl } }),
      },
      status: { phase: 'Running', startedAt: stamp(0), metricResults: results },
    };
  });

/** The run after its status has been written until nothing changes; undefined while it asks or is deleted. */
function atRest(run: AnalysisRun, now: Instant): AnalysisRun | undefined {
  let current = run;
  for (let turn = 0; turn < 5; turn += 1) {
    const { status, asks, writes } = decide(deepFreeze({ run: current, answers: [] }), now);
    if (asks.length > 0 || writes.length > 0) return undefined;
    if (JSON.stringify(status) === JSON.stringify(current.status)) return current;
    current = { ...current, status };
  }
  throw new Error('never at rest');
}

it('a run at rest stays so until the moment that it names, and then it does something', () => {
  const law = fc.property(
    RUN,
    fc.integer({ min: 30, max: 40 }),
    fc.double({ min: 0, max: 1, noNaN: true }),
    (run, offset, part) => {
      const now = later(START, seconds(offset));
      const rest = atRest(run, now);
      fc.pre(rest !== undefined);
      const world = { run: rest, answers: [] };
      const { requeueAt } = decide(world, now);
      const end = requeueAt ?? later(now, seconds(10_000));
      expect(end).toBeGreaterThan(now);
      const expected = { ...decide(world, now), reasons: [] };
      for (const at of [now + Math.floor((end - now - 1) * part), end - 1]) {
        expect({ ...decide(world, instant(at)), reasons: [] }).toEqual(expected);
      }
      if (requeueAt === undefined) return;
      const { asks, writes } = decide(world, requeueAt);
      expect(asks.length + writes.length).toBeGreaterThan(0);
    },
  );
  holdsAtOnce(law, 300);
});
