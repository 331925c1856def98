import { describe, expect, it } from 'vitest';
import type { ResultValue } from '../../expr/value.ts';
import { instant } from '../../lib/time.ts';
import { verdictOf } from './verdict.ts';

const NOW = instant(0);
const ONE: ResultValue = { type: 'float64', value: 1 };
const TRUE = 'result == 1';
const FALSE = 'result == 2';

function phase(success: string | undefined, failure: string | undefined, result = ONE): string {
  const conditions = {
    ...(success === undefined ? {} : { successCondition: success }),
    ...(failure === undefined ? {} : { failureCondition: failure }),
  };
  const { phase, message = '' } = verdictOf(conditions, result, NOW);
  return message === '' ? phase : `${phase}: ${message}`;
}

describe('a measurement is', () => {
  it.each([
    { success: undefined, failure: undefined, verdict: 'Successful' },
    { success: '', failure: '', verdict: 'Successful' },
    { success: TRUE, failure: undefined, verdict: 'Successful' },
    { success: FALSE, failure: undefined, verdict: 'Failed' },
    { success: undefined, failure: TRUE, verdict: 'Failed' },
    { success: undefined, failure: FALSE, verdict: 'Successful' },
    { success: TRUE, failure: TRUE, verdict: 'Failed' },
    { success: FALSE, failure: TRUE, verdict: 'Failed' },
    { success: TRUE, failure: FALSE, verdict: 'Successful' },
    { success: FALSE, failure: FALSE, verdict: 'Inconclusive' },
  ])('$verdict for success "$success" and failure "$failure"', ({ success, failure, verdict }) => {
    expect(phase(success, failure)).toBe(verdict);
  });

  const NO_DATA = 'metric result is nil or empty: no data returned from the metric provider';

  it.each<{
    reason: string;
    verdict: string;
    success?: string;
    failure?: string;
    result?: ResultValue;
  }>([
    {
      reason: 'a condition that makes no sense',
      success: 'result ==',
      verdict: 'Error: could not evaluate successCondition "result ==": unexpected token EOF',
    },
    {
      reason: 'a failure condition that makes no sense, though it is a success',
      success: TRUE,
      failure: '"x"',
      verdict: String.raw`Error: could not evaluate failureCondition "\"x\"": expected bool, but got string`,
    },
    {
      reason: 'an empty list, if a condition needs one element',
      success: 'result[0] == 1',
      result: { type: 'float64[]', value: [] },
      verdict: `Error: could not evaluate successCondition "result[0] == 1": ${NO_DATA}`,
    },
    {
      reason: 'nothing, if a condition needs something',
      failure: 'result > 1',
      result: { type: 'json', value: null },
      verdict: `Error: could not evaluate failureCondition "result > 1": ${NO_DATA}`,
    },
    {
      reason: 'an empty list that the condition counts on',
      success: 'len(result) == 0 || result[0] == 1',
      result: { type: 'float64[]', value: [] },
      verdict: 'Successful',
    },
    {
      reason: 'no number, which is neither more nor less',
      success: 'result[0] >= 0.95',
      result: { type: 'float64[]', value: [Number.NaN] },
      verdict: 'Failed',
    },
    {
      reason: 'no number under two conditions',
      success: 'result[0] >= 0.95',
      failure: 'result[0] < 0.95',
      result: { type: 'float64[]', value: [Number.NaN] },
      verdict: 'Inconclusive',
    },
    {
      reason: 'data that nobody asked for is a success without conditions',
      result: { type: 'json', value: null },
      verdict: 'Successful',
    },
  ])('judged for $reason', ({ success, failure, result, verdict }) => {
    expect(phase(success, failure, result)).toBe(verdict);
  });
});
