import { describe, expect, it } from 'vitest';
import type { Measurement, Metric, MetricResult } from '../../api/analysis.ts';
import { formatInstant, instant, later, seconds } from '../../lib/time.ts';
import { dueAction, firstInstant, isSwept, nextDue } from './schedule.ts';

const START = instant(Date.UTC(2026, 0, 1));
const at = (time: number) => later(START, seconds(time));
const stamp = (time: number) => formatInstant(at(time));

function metricOf(more: Partial<Metric> = {}): Metric {
  return { name: 'm', provider: { prometheus: { query: 'up' } }, ...more };
}

function resultOf(measurement: Measurement | undefined, more: Partial<MetricResult> = {}) {
  return {
    name: 'm',
    phase: 'Running',
    ...(measurement === undefined ? {} : { measurements: [measurement] }),
    ...more,
  };
}

const ended = (phase = 'Successful') =>
  resultOf({ phase, startedAt: stamp(0), finishedAt: stamp(10) }, { count: 1 });
const inFlight = (resumeAt?: number) =>
  resultOf({
    phase: 'Running',
    startedAt: stamp(0),
    ...(resumeAt === undefined ? {} : { resumeAt: stamp(resumeAt) }),
  });

interface Row {
  readonly reason: string;
  readonly metric?: Metric;
  readonly result?: MetricResult;
  readonly now: number;
  readonly isStarted?: boolean;
  readonly terminating?: boolean;
  readonly action: string | undefined;
  /** Seconds after the start at which time alone makes it due; undefined: never. */
  readonly next?: number | undefined;
}

const JUST_AFTER = 0.001;
const ENDLESS = metricOf({ interval: '60s' });
const JOB: Metric = { name: 'm', provider: { job: { spec: {} } } };

const ROWS: readonly Row[] = [
  { reason: 'a new metric begins at once', now: 0, action: 'run' },
  {
    reason: 'one with a delay waits for the run to have started',
    metric: metricOf({ initialDelay: '30s' }),
    isStarted: false,
    now: 5,
    action: undefined,
    next: 35,
  },
  {
    reason: 'one with a delay waits for it',
    metric: metricOf({ initialDelay: '30s' }),
    now: 29.999,
    action: undefined,
    next: 30,
  },
  {
    reason: 'a delay is over at its moment',
    metric: metricOf({ initialDelay: '30s' }),
    now: 30,
    action: 'run',
    next: 30,
  },
  {
    reason: 'a delay that cannot be read never ends',
    metric: metricOf({ initialDelay: 'soon' }),
    now: 99,
    action: undefined,
  },
  {
    reason: 'an interval is over strictly after it',
    metric: ENDLESS,
    result: ended(),
    now: 70,
    action: undefined,
    next: 70 + JUST_AFTER,
  },
  {
    reason: 'and just after it the next one begins',
    metric: ENDLESS,
    result: ended(),
    now: 70 + JUST_AFTER,
    action: 'run',
    next: 70 + JUST_AFTER,
  },
  {
    reason: 'an error is tried again after ten seconds, however long the interval',
    metric: ENDLESS,
    result: ended('Error'),
    now: 20 + JUST_AFTER,
    action: 'run',
    next: 20 + JUST_AFTER,
  },
  {
    reason: 'and however short',
    metric: metricOf({ interval: '1s' }),
    result: ended('Error'),
    now: 19,
    action: undefined,
    next: 20 + JUST_AFTER,
  },
  {
    reason: 'without an interval there is one measurement',
    result: ended(),
    now: 99,
    action: undefined,
  },
  {
    reason: 'but as many errors as it takes',
    result: { ...ended('Error'), count: 0, error: 1 },
    now: 99,
    action: 'run',
    next: 20 + JUST_AFTER,
  },
  {
    reason: 'a count that is reached ends it',
    metric: metricOf({ interval: '1s', count: 1 }),
    result: ended(),
    now: 99,
    action: undefined,
  },
  {
    reason: 'a count given as text counts',
    metric: metricOf({ interval: '1s', count: '2' }),
    result: ended(),
    now: 99,
    action: 'run',
    next: 11 + JUST_AFTER,
  },
  {
    reason: 'a count of 0 with an interval has no end',
    metric: metricOf({ interval: '1s', count: 0 }),
    result: { ...ended(), count: 50 },
    now: 99,
    action: 'run',
    next: 11 + JUST_AFTER,
  },
  {
    reason: 'an interval that cannot be read never ends',
    metric: metricOf({ interval: 'often', count: 2 }),
    result: ended(),
    now: 99,
    action: undefined,
  },
  {
    reason: 'a measurement in flight waits for its time',
    result: inFlight(20),
    now: 19,
    action: undefined,
    next: 20,
  },
  {
    reason: 'and is looked at then',
    result: inFlight(20),
    now: 20,
    action: 'resume',
    next: 20,
  },
  {
    reason: 'one that names no time is looked at whenever',
    result: inFlight(),
    now: 1,
    action: 'resume',
  },
  {
    reason: 'one in flight is ended with the run, at once',
    result: inFlight(20),
    now: 1,
    terminating: true,
    action: 'terminate',
    next: 20,
  },
  {
    reason: 'a run that ends begins nothing',
    now: 1,
    terminating: true,
    action: undefined,
  },
  {
    reason: 'but looks for a Job that nobody has recorded',
    metric: JOB,
    now: 1,
    terminating: true,
    action: 'sweep',
  },
  {
    reason: 'a metric that has ended is left alone',
    metric: JOB,
    result: { ...ended(), phase: 'Successful' },
    now: 99,
    terminating: true,
    action: undefined,
  },
];

describe('when a measurement is due', () => {
  it.each(ROWS)('$reason', (row) => {
    const { metric = metricOf(), result, now, isStarted = true, terminating = false } = row;
    const moment = { now: at(now), startedAt: isStarted ? START : undefined, terminating };
    const swept = isSwept(metric, result, moment) ? 'sweep' : undefined;
    expect(dueAction(metric, result, moment) ?? swept).toBe(row.action);
    const next = nextDue(metric, result, moment);
    const expected = row.next === undefined ? undefined : at(row.next);
    expect(next === undefined ? undefined : firstInstant(next)).toBe(expected);
  });
});
