// Runs conditions.json: the condition language against what the reference's own engine answered.
import { evaluateCondition, evaluateTime } from '../../src/expr/condition.ts';
import type { ResultValue } from '../../src/expr/value.ts';
import { formatInstant, instant } from '../../src/lib/time.ts';
import { type CaseResult, unknownKind } from './result.ts';

interface Case {
  readonly id: string;
  readonly kind: string;
  readonly condition?: string;
  readonly successCondition?: string;
  readonly failureCondition?: string;
  readonly resultType?: string;
  readonly result?: unknown;
  readonly expect: {
    readonly value?: boolean;
    readonly phase?: string;
    readonly time?: string;
    readonly error?: string;
    readonly match?: 'exact' | 'any-error';
  };
}

const NOW = instant(1_700_000_000_000);

function numberOf(value: unknown): number {
  if (value === 'NaN') return Number.NaN;
  if (value === '+Inf') return Infinity;
  return value === '-Inf' ? -Infinity : Number(value);
}

function resultOf(test: Case): ResultValue {
  const list = Array.isArray(test.result) ? test.result : [];
  switch (test.resultType) {
    case 'float64':
      return { type: 'float64', value: numberOf(test.result) };
    case 'float64[]':
      return { type: 'float64[]', value: list.map(numberOf) };
    case 'int':
      return { type: 'int', value: Number(test.result) };
    case 'nil-float64':
      return { type: 'nil-float64' };
    case 'any[] of int64':
      return { type: 'any[] of int64', value: list.map(Number) };
    case 'cloudwatch':
      return { type: 'struct[]', name: 'types.MetricDataResult', value: list };
    default:
      return { type: 'json', value: test.result };
  }
}

interface Answer {
  readonly value?: unknown;
  readonly phase?: string;
  readonly error?: string;
}

function conditionAnswer(test: Case): Answer {
  const outcome = evaluateCondition(test.condition ?? '', resultOf(test), NOW);
  return outcome.ok ? { value: outcome.value } : { error: outcome.error };
}

function timeAnswer(test: Case): Answer {
  const outcome = evaluateTime(test.condition ?? '', NOW);
  return outcome.ok ? { value: formatInstant(outcome.value) } : { error: outcome.error };
}

async function phaseAnswer(test: Case): Promise<Answer> {
  const { verdictOf } = await import('../../src/core/analysis/verdict.ts');
  const metric = {
    ...(test.successCondition === '' ? {} : { successCondition: test.successCondition ?? '' }),
    ...(test.failureCondition === '' ? {} : { failureCondition: test.failureCondition ?? '' }),
  };
  const verdict = verdictOf(metric, resultOf(test), NOW);
  return verdict.phase === 'Error'
    ? { phase: 'Error', error: verdict.message ?? '' }
    : { phase: verdict.phase };
}

function isExpected(test: Case, answer: Answer): boolean {
  const { expect } = test;
  if (expect.phase !== undefined && answer.phase !== expect.phase) return false;
  if (expect.error === undefined) {
    const wanted = expect.value ?? expect.time;
    return answer.error === undefined && (wanted === undefined || answer.value === wanted);
  }
  return expect.match === 'any-error' ? answer.error !== undefined : answer.error === expect.error;
}

const KINDS: Readonly<Record<string, (test: Case) => Answer | Promise<Answer>>> = {
  condition: conditionAnswer,
  evaluate: phaseAnswer,
  time: timeAnswer,
};

/** All cases of the file. */
export async function run(file: {
  readonly cases: readonly Case[];
}): Promise<readonly CaseResult[]> {
  const results: CaseResult[] = [];
  for (const test of file.cases) {
    const text = test.condition ?? `${test.successCondition} / ${test.failureCondition}`;
    const kind = KINDS[test.kind];
    if (kind === undefined) {
      results.push(unknownKind(`${test.id} ${text}`, test.kind));
      continue;
    }
    const answer = await kind(test);
    const ok = isExpected(test, answer);
    results.push({
      name: `${test.id} ${text}`,
      ok,
      ...(ok
        ? {}
        : { detail: `expected ${JSON.stringify(test.expect)}, got ${JSON.stringify(answer)}` }),
    });
  }
  return results;
}
