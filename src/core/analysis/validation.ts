// Whether a run's metrics and rules make sense, after substitution (analysis.md 5).
import type { DryRun, MeasurementRetention, Metric } from '../../api/analysis.ts';
import { compilePattern } from '../../lib/pattern.ts';
import { parseDuration } from '../../lib/time.ts';
import { intOf } from './metric.ts';
import type { Substituted } from './substitution.ts';

/** Providers that a metric sets; each plugin counts. */
export function providerCount(metric: Metric): number {
  return Object.entries(metric.provider ?? {}).reduce((sum, [name, settings]) => {
    if (settings === undefined || settings === null) return sum;
    return name === 'plugin' && typeof settings === 'object'
      ? sum + Object.keys(settings).length
      : sum + 1;
  }, 0);
}

/** The first problem of the list; undefined if there is none. */
export function metricsProblem(
  metrics: readonly Metric[],
  countProviders: (metric: Metric, index: number) => number = providerCount,
): string | undefined {
  if (metrics.length === 0) return 'no metrics specified';
  const seen = new Set<string>();
  for (const [index, metric] of metrics.entries()) {
    if (seen.has(metric.name)) return `metrics[${index}]: duplicate name '${metric.name}'`;
    seen.add(metric.name);
    const problem = metricProblem(metric, countProviders(metric, index));
    if (problem !== undefined) return `metrics[${index}]: ${problem}`;
  }
  return undefined;
}

function metricProblem(metric: Metric, providers: number): string | undefined {
  return (
    limitProblem(metric) ??
    countProblem(metric) ??
    timeProblem(metric) ??
    providerProblem(providers)
  );
}

function limitProblem(metric: Metric): string | undefined {
  const successes = intOf(metric.consecutiveSuccessLimit);
  const failures = intOf(metric.failureLimit);
  if (successes < 0) return 'consecutiveSuccessLimit must be >= 0';
  if (failures < -1) return 'failureLimit must be >= 0, or -1 to be disabled';
  if (successes === 0 && failures === -1) {
    return 'failureLimit and consecutiveSuccessLimit cannot both be disabled';
  }
  if (intOf(metric.inconclusiveLimit) < 0) return 'inconclusiveLimit must be >= 0';
  return metric.consecutiveErrorLimit !== undefined && intOf(metric.consecutiveErrorLimit) < 0
    ? 'consecutiveErrorLimit must be >= 0'
    : undefined;
}

function countProblem(metric: Metric): string | undefined {
  const count = intOf(metric.count);
  const failures = intOf(metric.failureLimit);
  const successes = intOf(metric.consecutiveSuccessLimit);
  if (count <= 0) return undefined;
  if (failures >= 0 && count < failures + successes) {
    return (
      `count (${count}) must be >= failureLimit + consecutiveSuccessLimit ` +
      `(${failures} + ${successes}) if both >= 0`
    );
  }
  if (failures === -1 && count < successes) return 'count must be >= consecutiveSuccessLimit';
  if (count < intOf(metric.inconclusiveLimit)) return 'count must be >= inconclusiveLimit';
  return count > 1 && (metric.interval ?? '') === ''
    ? 'interval must be specified when count > 1'
    : undefined;
}

function timeProblem(metric: Metric): string | undefined {
  const interval = parseDuration(metric.interval ?? '0');
  if ((metric.interval ?? '') !== '' && !interval.ok)
    return `invalid interval string: ${interval.error}`;
  const delay = parseDuration(metric.initialDelay ?? '0');
  if ((metric.initialDelay ?? '') !== '' && !delay.ok)
    return `invalid startDelay string: ${delay.error}`;
  return undefined;
}

function providerProblem(providers: number): string | undefined {
  if (providers === 0) return 'no provider specified';
  return providers > 1 ? 'multiple providers specified' : undefined;
}

/** The names that rules match (unanchored RE2); a rule that matches none is an error, a bad pattern matches none. */
export function matchedNames(
  rules: readonly string[],
  names: readonly string[],
  field: 'dryRun' | 'measurementRetention',
): Substituted<readonly string[]> {
  const matched = new Set<string>();
  for (const [index, rule] of rules.entries()) {
    const compiled = compilePattern(rule);
    const found = compiled.ok ? names.filter((name) => compiled.pattern.test(name)) : [];
    if (found.length === 0) {
      return { ok: false, error: `${field}[${index}]: Rule didn't match any metric name(s)` };
    }
    for (const name of found) matched.add(name);
  }
  return { ok: true, value: names.filter((name) => matched.has(name)) };
}

export interface MetricRules {
  readonly dryRun: ReadonlySet<string>;
  /** Measurements to keep, by metric; later rules win. */
  readonly retention: ReadonlyMap<string, number>;
}

/** The rules of a run applied to its metrics' names. */
export function metricRules(
  names: readonly string[],
  dryRun: readonly DryRun[],
  retention: readonly MeasurementRetention[],
): Substituted<MetricRules> {
  const dry = matchedNames(
    dryRun.map((rule) => rule.metricName),
    names,
    'dryRun',
  );
  if (!dry.ok) return dry;
  const kept = new Map<string, number>();
  for (const [index, rule] of retention.entries()) {
    const matched = matchedNames([rule.metricName], names, 'measurementRetention');
    if (!matched.ok) {
      const error = `measurementRetention[${index}]: Rule didn't match any metric name(s)`;
      return { ok: false, error };
    }
    for (const name of matched.value) kept.set(name, rule.limit);
  }
  return { ok: true, value: { dryRun: new Set(dry.value), retention: kept } };
}
