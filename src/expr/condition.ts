// The condition language at work: a condition gives a boolean, a time expression an instant, or the reason why not.
// Entry points: `evaluateCondition`, `evaluateTime`, `isNoData`.
import { instant, type Instant } from '../lib/time.ts';
import { checkTypes } from './checker.ts';
import { evaluate } from './evaluator.ts';
import { parse } from './parser.ts';
import { ExprError, fail } from './problem.ts';
import { conditionEnvironment, type Environment, timeEnvironment } from './scope.ts';
import { fromResult, isArray, isTagged, type ResultValue, typeName, type Value } from './value.ts';

export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: string };

const overspent = () => fail('memory budget exceeded');

/**
 * Evaluates a success or failure condition against a provider's result (analysis.md 9, 10). `now` is what
 * `now()` gives. Errors are the language's own texts, without position; nothing is thrown.
 */
export function evaluateCondition(
  source: string,
  result: ResultValue,
  now: Instant = instant(0),
): Outcome<boolean> {
  const outcome = run(source, () => conditionEnvironment(result, now, overspent));
  if (!outcome.ok) return outcome;
  const { value } = outcome;
  if (typeof value === 'boolean') return { ok: true, value };
  return { ok: false, error: `expected bool, but got ${typeName(value)}` };
}

/** Evaluates the start or end of a range query (providers.md 2). */
export function evaluateTime(source: string, now: Instant): Outcome<Instant> {
  const outcome = run(source, () => timeEnvironment(now, overspent));
  if (!outcome.ok) return outcome;
  const { value } = outcome;
  if (isTagged(value) && value.kind === 'time') {
    return { ok: true, value: instant(Number(value.ns / 1_000_000n)) };
  }
  return { ok: false, error: `expected time.Time, but got ${typeName(value)}` };
}

/** Whether a provider gave nothing to judge: nil or an empty array (analysis.md 9). */
export function isNoData(result: ResultValue): boolean {
  const value = fromResult(result);
  return value === undefined || (isArray(value) && value.length === 0);
}

function run(source: string, environment: () => Environment): Outcome<Value> {
  try {
    const node = parse(source);
    const inside = environment();
    checkTypes(node, inside);
    return { ok: true, value: evaluate(node, inside) };
  } catch (error) {
    if (error instanceof ExprError) return { ok: false, error: error.message };
    // A deep nesting ends the host's stack; anything else is a bug of ours and goes on as one.
    if (error instanceof RangeError) return { ok: false, error: 'expression is nested too deeply' };
    throw error;
  }
}
