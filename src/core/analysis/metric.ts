// Numbers of a metric as they count: IntOrString values, defaults, effective count (analysis.md 1).
import type { Metric } from '../../api/analysis.ts';

/** A count given as number or text; text that is no number is 0. */
export function intOf(value: number | string | undefined): number {
  if (value === undefined) return 0;
  if (typeof value === 'number') return value;
  return /^[+-]?\d+$/.test(value) ? Number(value) : 0;
}

const DEFAULT_CONSECUTIVE_ERRORS = 4;

export interface MetricLimits {
  /** Undefined: measurements go on until the run ends. */
  readonly count: number | undefined;
  readonly failureLimit: number;
  readonly inconclusiveLimit: number;
  readonly consecutiveErrorLimit: number;
  readonly consecutiveSuccessLimit: number;
}

export function limitsOfMetric(metric: Metric): MetricLimits {
  return {
    count: effectiveCount(metric),
    failureLimit: intOf(metric.failureLimit),
    inconclusiveLimit: intOf(metric.inconclusiveLimit),
    consecutiveErrorLimit:
      metric.consecutiveErrorLimit === undefined
        ? DEFAULT_CONSECUTIVE_ERRORS
        : intOf(metric.consecutiveErrorLimit),
    consecutiveSuccessLimit: intOf(metric.consecutiveSuccessLimit),
  };
}

/** Absent or 0: one measurement without interval, endless with one. A negative count is reached already. */
export function effectiveCount(metric: Metric): number | undefined {
  const count = intOf(metric.count);
  if (count !== 0) return count;
  return (metric.interval ?? '') === '' ? 1 : undefined;
}
