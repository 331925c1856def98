// A measurement's phase from the conditions of its metric (analysis.md 9).
import { evaluateCondition, isNoData, type Outcome } from '../../expr/condition.ts';
import type { ResultValue } from '../../expr/value.ts';
import type { Instant } from '../../lib/ports.ts';

export interface Verdict {
  readonly phase: 'Successful' | 'Failed' | 'Inconclusive' | 'Error';
  /** Why it could not be judged; only with phase Error. */
  readonly message?: string;
}

const NO_DATA = 'metric result is nil or empty: no data returned from the metric provider';

function failed(name: string, source: string, error: string): Verdict {
  return {
    phase: 'Error',
    message: `could not evaluate ${name} ${JSON.stringify(source)}: ${error}`,
  };
}

/**
 * Judges a result: both conditions are evaluated, success first. Without conditions a measurement is
 * Successful; when neither of two holds it is Inconclusive. No data never counts as success: a condition that
 * cannot be evaluated on it is an Error that says so.
 */
export function verdictOf(
  metric: { readonly successCondition?: string; readonly failureCondition?: string },
  result: ResultValue,
  now: Instant,
): Verdict {
  const success = metric.successCondition ?? '';
  const failure = metric.failureCondition ?? '';
  const evaluated = (source: string): Outcome<boolean> | undefined =>
    source === '' ? undefined : evaluateCondition(source, result, now);
  const cause = (error: string) => (isNoData(result) ? NO_DATA : error);
  const succeeded = evaluated(success);
  if (succeeded?.ok === false) return failed('successCondition', success, cause(succeeded.error));
  const failing = evaluated(failure);
  if (failing?.ok === false) return failed('failureCondition', failure, cause(failing.error));
  if (failing?.value === true) return { phase: 'Failed' };
  if (succeeded === undefined) return { phase: 'Successful' };
  if (succeeded.value) return { phase: 'Successful' };
  return { phase: failing === undefined ? 'Failed' : 'Inconclusive' };
}
