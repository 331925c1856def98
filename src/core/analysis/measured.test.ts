import { describe, expect, it } from 'vitest';
import type { MetricResult } from '../../api/analysis.ts';
import { instant, later, seconds } from '../../lib/time.ts';
import type { Measured } from '../decision.ts';
import { type Taken, trimmed, withMeasurement } from './measured.ts';

const NOW = instant(Date.UTC(2026, 0, 1));
const STAMP = '2026-01-01T00:00:00Z';

function taken(measured: Partial<Measured>, more: Partial<Taken> = {}): Taken {
  return {
    metric: { name: 'm', provider: { job: { spec: {} } } },
    action: 'run',
    measured: { startedAt: NOW, ...measured },
    now: NOW,
    dryRun: false,
    secrets: [],
    ...more,
  };
}

const COUNTED: MetricResult = {
  name: 'm',
  phase: 'Running',
  count: 6,
  successful: 1,
  failed: 2,
  inconclusive: 3,
  error: 4,
  consecutiveError: 2,
  consecutiveSuccess: 5,
};

function counters(result: MetricResult) {
  const { count, successful, failed, inconclusive, error } = result;
  const { consecutiveError = 0, consecutiveSuccess = 0 } = result;
  return [count, successful, failed, inconclusive, error, consecutiveError, consecutiveSuccess];
}

describe('a measurement', () => {
  it.each([
    { outcome: { phase: 'Successful' as const }, counts: [7, 2, 2, 3, 4, 0, 6] },
    { outcome: { phase: 'Failed' as const }, counts: [7, 1, 3, 3, 4, 0, 0] },
    { outcome: { phase: 'Inconclusive' as const }, counts: [7, 1, 2, 4, 4, 0, 0] },
    { outcome: { error: 'down' }, counts: [6, 1, 2, 3, 5, 3, 0] },
    { outcome: { phase: 'Running' as const }, counts: [6, 1, 2, 3, 4, 2, 5] },
  ])('counts by its outcome: $outcome', ({ outcome, counts }) => {
    expect(counters(withMeasurement(COUNTED, taken(outcome)))).toEqual(counts);
  });

  it('makes the result of its metric, if it is the first', () => {
    const measured = { error: 'down', metricMetadata: { Query: 'up' } };
    expect(withMeasurement(undefined, taken(measured, { dryRun: true }))).toEqual({
      name: 'm',
      phase: 'Running',
      dryRun: true,
      metadata: { Query: 'up' },
      error: 1,
      consecutiveError: 1,
      measurements: [{ phase: 'Error', startedAt: STAMP, finishedAt: STAMP, message: 'down' }],
    });
  });

  it('does not change the metadata of a result that is there', () => {
    const measured = { phase: 'Successful', metricMetadata: { Query: 'up' } } as const;
    expect(withMeasurement(COUNTED, taken(measured)).metadata).toBeUndefined();
  });

  it('has a value unless it could not be judged', () => {
    const result = { type: 'json', value: { a: 1 } } as const;
    const metric = { name: 'm', provider: { web: { url: 'u' } }, successCondition: 'result.b.c' };
    const last = (one: Taken) => withMeasurement(undefined, one).measurements?.at(-1);
    expect(last(taken({ result, value: '{"a":1}' }, { metric }))?.value).toBeUndefined();
    const judged = { ...metric, successCondition: 'result.a == 1' };
    expect(last(taken({ result, value: '{"a":1}' }, { metric: judged }))?.value).toBe('{"a":1}');
  });

  describe('in flight', () => {
    const running = withMeasurement(
      undefined,
      taken({ phase: 'Running', metadata: { 'job-name': 'j' }, resumeAt: NOW }),
    );
    const at = later(NOW, seconds(5));
    const goneOn = (measured: Partial<Measured>, action: Taken['action'] = 'resume') =>
      withMeasurement(running, taken({ startedAt: at, ...measured }, { action, now: at }));

    it('is stored with the time at which it goes on', () => {
      expect(running.measurements).toEqual([
        { phase: 'Running', startedAt: STAMP, metadata: { 'job-name': 'j' }, resumeAt: STAMP },
      ]);
    });

    it('is the same one when it goes on, begun when it began', () => {
      const { measurements } = goneOn({ phase: 'Running', resumeAt: later(at, seconds(3)) });
      expect(measurements).toEqual([
        {
          phase: 'Running',
          startedAt: STAMP,
          metadata: { 'job-name': 'j' },
          resumeAt: '2026-01-01T00:00:08Z',
        },
      ]);
    });

    it('ends once, and does not go on after it', () => {
      expect(goneOn({ phase: 'Successful' })).toMatchObject({ count: 1, successful: 1 });
      expect(goneOn({ phase: 'Successful' }).measurements).toEqual([
        {
          phase: 'Successful',
          startedAt: STAMP,
          finishedAt: '2026-01-01T00:00:05Z',
          metadata: { 'job-name': 'j' },
        },
      ]);
    });

    it.each([
      { phase: 'Successful' as const, message: 'Metric Terminated' },
      { phase: 'Inconclusive' as const, message: 'Metric Terminated' },
      { phase: 'Failed' as const, message: 'own' },
    ])('that is ended as $phase says "$message"', ({ phase, message }) => {
      const [last] = goneOn({ phase, message: 'own' }, 'terminate').measurements ?? [];
      expect(last).toMatchObject({ phase, message });
    });
  });
});

describe('of many measurements', () => {
  const measurements = Array.from({ length: 12 }, (_one, index) => ({
    phase: 'Successful',
    value: String(index),
  }));
  const result = { ...COUNTED, measurements };

  it.each([
    { limit: undefined, kept: 10, reason: 'ten are kept' },
    { limit: 3, kept: 3, reason: 'as many as the rule says are kept' },
    { limit: 20, kept: 12, reason: 'all are kept if the rule says so' },
    { limit: 0, kept: 10, reason: 'ten are kept if the rule says none' },
    { limit: -1, kept: 10, reason: 'ten are kept if the rule makes no sense' },
  ])('$reason, the newest, and all count', ({ limit, kept }) => {
    const next = trimmed(result, limit);
    expect(next.measurements?.map(({ value }) => value)).toEqual(
      measurements.slice(-kept).map(({ value }) => value),
    );
    expect(next.count).toBe(6);
  });
});
