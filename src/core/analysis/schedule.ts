// When measurements are due and when time alone makes the next one due (analysis.md 6.1, 6.3).
import type { Measurement, Metric, MetricResult } from '../../api/analysis.ts';
import {
  type Duration,
  type Instant,
  later,
  milliseconds,
  parseDuration,
  parseInstant,
  seconds,
} from '../../lib/time.ts';
import { isCompleted } from './assess.ts';
import { effectiveCount } from './metric.ts';

export type DueAction = 'run' | 'resume' | 'terminate';

export interface Moment {
  readonly now: Instant;
  /** `status.startedAt`; unset until the first assessment. */
  readonly startedAt: Instant | undefined;
  readonly terminating: boolean;
}

/** After an error, and when no interval says otherwise. */
const DEFAULT_WAIT = seconds(10);
/** "Strictly after" in the clock's own grain. */
const JUST_AFTER = milliseconds(1);

function inFlight(measurement: Measurement): boolean {
  return measurement.finishedAt === undefined || measurement.finishedAt === null;
}

function parsed(text: string | undefined): Duration | undefined {
  const duration = parseDuration(text ?? '');
  return duration.ok ? duration.duration : undefined;
}

function instantOf(text: string | null | undefined): Instant | undefined {
  return text === undefined || text === null ? undefined : parseInstant(text);
}

/** What to do for the metric at this moment; undefined: nothing. */
export function dueAction(
  metric: Metric,
  result: MetricResult | undefined,
  moment: Moment,
): DueAction | undefined {
  if (isCompleted(result?.phase)) return undefined;
  const last = result?.measurements?.at(-1);
  if (last !== undefined && inFlight(last)) {
    if (moment.terminating) return 'terminate';
    const resumeAt = instantOf(last.resumeAt);
    return resumeAt !== undefined && resumeAt > moment.now ? undefined : 'resume';
  }
  if (moment.terminating) return undefined;
  const next = startsAt(metric, { result, last }, moment);
  return next !== undefined && firstInstant(next) <= moment.now ? 'run' : undefined;
}

/**
 * Whether to look for a Job that was created for a measurement which was never recorded: it must not outlive its run.
 * Asked for a metric that is not due.
 */
export function isSwept(
  metric: Metric,
  result: MetricResult | undefined,
  { terminating }: Moment,
): boolean {
  return terminating && metric.provider.job !== undefined && !isCompleted(result?.phase);
}

interface History {
  readonly result: MetricResult | undefined;
  readonly last: Measurement | undefined;
}

/** A moment from which on a measurement is due; `isExclusive`: not yet at the moment itself. */
export interface DueFrom {
  readonly at: Instant;
  readonly isExclusive: boolean;
}

/** The first instant of the clock at which it is due. */
export function firstInstant({ at, isExclusive }: DueFrom): Instant {
  return isExclusive ? later(at, JUST_AFTER) : at;
}

/** From when on the next measurement may start; undefined: never, as things are. */
function startsAt(metric: Metric, history: History, moment: Moment): DueFrom | undefined {
  const { result, last } = history;
  if (last === undefined) {
    if ((metric.initialDelay ?? '') === '') return { at: moment.now, isExclusive: false };
    const delay = parsed(metric.initialDelay);
    if (delay === undefined || moment.startedAt === undefined) return undefined;
    return { at: later(moment.startedAt, delay), isExclusive: false };
  }
  const count = effectiveCount(metric);
  if (count !== undefined && (result?.count ?? 0) >= count) return undefined;
  const wait = waitAfter(metric, last);
  const finished = instantOf(last.finishedAt);
  if (wait === undefined || finished === undefined) return undefined;
  return { at: later(finished, wait), isExclusive: true };
}

function waitAfter(metric: Metric, last: Measurement): Duration | undefined {
  if (last.phase === 'Error' || (metric.interval ?? '') === '') return DEFAULT_WAIT;
  return parsed(metric.interval);
}

/** From when on the metric is due by time alone; a measurement after an interval starts strictly after it. */
export function nextDue(
  metric: Metric,
  result: MetricResult | undefined,
  moment: Moment,
): DueFrom | undefined {
  if (isCompleted(result?.phase)) return undefined;
  const last = result?.measurements?.at(-1);
  if (last !== undefined && inFlight(last)) {
    const at = instantOf(last.resumeAt);
    return at === undefined ? undefined : { at, isExclusive: false };
  }
  if (last === undefined && (metric.initialDelay ?? '') === '') return undefined;
  const begun = { ...moment, startedAt: moment.startedAt ?? moment.now };
  return startsAt(metric, { result, last }, begun);
}
