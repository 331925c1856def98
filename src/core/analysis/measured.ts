// What a provider's answer makes of a metric's result: the measurement, its verdict, the counters, and secrets kept
// out of messages (analysis.md 6.2, 8.3).
import type { Measurement, Metric, MetricResult } from '../../api/analysis.ts';
import { formatInstant, type Instant } from '../../lib/time.ts';
import type { Measured } from '../decision.ts';
import { type AnalysisPhase, isCompleted } from './assess.ts';
import { redacted, redactedValues } from './redaction.ts';
import type { DueAction } from './schedule.ts';
import { verdictOf } from './verdict.ts';

export interface Taken {
  readonly metric: Metric;
  readonly action: DueAction;
  readonly measured: Measured;
  readonly now: Instant;
  readonly dryRun: boolean;
  /** Values that must not appear in what is stored. */
  readonly secrets: readonly string[];
}

/** The result with the answer worked in; `before` is undefined for a metric's first measurement. */
export function withMeasurement(before: MetricResult | undefined, taken: Taken): MetricResult {
  const held: MetricResult = before ?? firstResult(taken);
  const measurements = held.measurements ?? [];
  const resumed = taken.action === 'run' ? undefined : measurements.at(-1);
  const measurement = measurementOf(resumed, taken);
  const kept = resumed === undefined ? measurements : measurements.slice(0, -1);
  return { ...counted(held, measurement.phase), measurements: [...kept, measurement] };
}

function firstResult({ metric, dryRun, measured, secrets }: Taken): MetricResult {
  const metadata = redactedValues(measured.metricMetadata ?? {}, secrets);
  return {
    name: metric.name,
    phase: 'Running',
    ...(dryRun ? { dryRun: true } : {}),
    ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
  };
}

function measurementOf(resumed: Measurement | undefined, taken: Taken): Measurement {
  const { measured, now } = taken;
  const { phase, message } = judged(taken);
  const text = redacted(message ?? '', taken.secrets);
  const finishedAt = isCompleted(phase) ? formatInstant(measured.finishedAt ?? now) : undefined;
  const { resumeAt: _due, ...before } = resumed ?? {};
  return {
    ...before,
    phase,
    startedAt: resumed?.startedAt ?? formatInstant(measured.startedAt),
    ...(text === '' ? {} : { message: text }),
    ...(finishedAt === undefined ? {} : { finishedAt }),
    ...(hasValue(measured, phase) ? { value: shown(measured, taken.secrets) } : {}),
    ...(measured.metadata === undefined
      ? {}
      : { metadata: redactedValues(measured.metadata, taken.secrets) }),
    ...(measured.resumeAt === undefined ? {} : { resumeAt: formatInstant(measured.resumeAt) }),
  };
}

/** What could not be judged has no value. */
function hasValue({ value }: Measured, phase: AnalysisPhase): boolean {
  return value !== undefined && value !== '' && phase !== 'Error';
}

/** A number is no secret, whatever its digits; what a server says in words may be one. */
function shown({ value = '', result }: Measured, secrets: readonly string[]): string {
  const isWords = result?.type === 'json' && typeof result.value !== 'number';
  return isWords ? redacted(value, secrets) : value;
}

const TERMINATED: ReadonlySet<string> = new Set(['Successful', 'Inconclusive']);

function judged({ metric, action, measured, now }: Taken): {
  readonly phase: AnalysisPhase;
  readonly message?: string;
} {
  if (measured.error !== undefined) return { phase: 'Error', message: measured.error };
  const verdict =
    measured.phase === undefined && measured.result !== undefined
      ? verdictOf(metric, measured.result, now)
      : { phase: measured.phase ?? 'Running' };
  const message = 'message' in verdict ? verdict.message : measured.message;
  if (action === 'terminate' && TERMINATED.has(verdict.phase)) {
    return { phase: verdict.phase, message: 'Metric Terminated' };
  }
  return { phase: verdict.phase, ...(message === undefined ? {} : { message }) };
}

const plus = (value: number | undefined): number => (value ?? 0) + 1;

/** The counters after a measurement of that phase; one that goes on counts nothing yet. */
function counted(result: MetricResult, phase: string): MetricResult {
  const { consecutiveError: _errors, consecutiveSuccess, ...rest } = result;
  switch (phase) {
    case 'Successful': {
      const successes = plus(consecutiveSuccess);
      const count = plus(rest.count);
      return { ...rest, count, successful: plus(rest.successful), consecutiveSuccess: successes };
    }
    case 'Failed':
      return { ...rest, count: plus(rest.count), failed: plus(rest.failed) };
    case 'Inconclusive':
      return { ...rest, count: plus(rest.count), inconclusive: plus(rest.inconclusive) };
    case 'Error':
      return { ...rest, error: plus(rest.error), consecutiveError: plus(result.consecutiveError) };
    default:
      return result;
  }
}

const DEFAULT_RETENTION = 10;

/** How many measurements stay; a limit that is not positive means ten. */
export function retention(limit: number | undefined): number {
  return limit !== undefined && limit > 0 ? limit : DEFAULT_RETENTION;
}

/** The newest measurements only; counters stay. */
export function trimmed(result: MetricResult, limit: number | undefined): MetricResult {
  const keep = retention(limit);
  const { measurements } = result;
  if (measurements === undefined || measurements.length <= keep) return result;
  return { ...result, measurements: measurements.slice(-keep) };
}
