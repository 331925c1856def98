import { describe, expect, it } from 'vitest';
import type { AnalysisRun } from '../../api/analysis.ts';
import { instant, later, seconds } from '../../lib/time.ts';
import { decide } from './decide.ts';

const NOW = instant(Date.UTC(2026, 0, 1));
const COMPLETED = '2026-01-01T00:00:00Z';

type Strategy = NonNullable<AnalysisRun['spec']['ttlStrategy']>;

/** Seconds after its end at which the run is deleted; undefined: never. */
function lifetime(phase: string, ttlStrategy: Strategy | undefined, completedAt = COMPLETED) {
  const run: AnalysisRun = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisRun',
    metadata: { name: 'run', namespace: 'shop', uid: 'u', resourceVersion: '1' },
    spec: { metrics: [], ...(ttlStrategy === undefined ? {} : { ttlStrategy }) },
    status: { phase, ...(completedAt === '' ? {} : { completedAt }) },
  };
  const world = { run, answers: [] };
  const first = decide(world, NOW);
  if (first.requeueAt === undefined) return first.writes.length === 0 ? undefined : 0;
  expect(first.writes).toEqual([]);
  const before = decide(world, later(first.requeueAt, seconds(-0.001)));
  expect(before.writes).toEqual([]);
  const [write] = decide(world, first.requeueAt).writes;
  expect(write).toMatchObject({ kind: 'delete', uid: 'u', resourceVersion: '1' });
  return (first.requeueAt - NOW) / 1000;
}

const ALL = { secondsAfterCompletion: 10, secondsAfterSuccess: 20, secondsAfterFailure: 30 };

describe('a run that has ended is deleted', () => {
  it.each([
    { phase: 'Successful', strategy: ALL, after: 21, reason: 'by the time for successes' },
    { phase: 'Failed', strategy: ALL, after: 31, reason: 'by the time for failures' },
    { phase: 'Error', strategy: ALL, after: 11, reason: 'an error is no failure' },
    { phase: 'Inconclusive', strategy: ALL, after: 11, reason: 'nor is an inconclusive one' },
    {
      phase: 'Successful',
      strategy: { secondsAfterCompletion: 10, secondsAfterFailure: 30 },
      after: 11,
      reason: 'by the time for all, if there is no own one',
    },
    {
      phase: 'Failed',
      strategy: { secondsAfterCompletion: 10, secondsAfterSuccess: 20 },
      after: 11,
      reason: 'by the time for all, if there is no own one',
    },
    {
      phase: 'Successful',
      strategy: { secondsAfterSuccess: 0 },
      after: 1,
      reason: 'after a whole second if the time is 0',
    },
    {
      phase: 'Failed',
      strategy: { secondsAfterSuccess: 20 },
      after: undefined,
      reason: 'never, if no time is for it',
    },
    { phase: 'Failed', strategy: {}, after: undefined, reason: 'never without times' },
    { phase: 'Failed', strategy: undefined, after: undefined, reason: 'never without a strategy' },
  ])('$reason: $phase after $after s', ({ phase, strategy, after }) => {
    expect(lifetime(phase, strategy)).toBe(after);
  });

  it('never, if it ended before it was measured, and at once if its time is over', () => {
    expect(lifetime('Error', ALL, '')).toBeUndefined();
    expect(lifetime('Error', ALL, '2025-12-31T00:00:00Z')).toBe(0);
  });
});
