import { describe, expect, it } from 'vitest';
import { isRetried, type RetryConditions, type RetryPolicy, withOperations } from './plan.ts';

const NEVER: RetryConditions = {
  connectFailure: false,
  refusedStream: false,
  reset: false,
  serverErrors: false,
  statuses: new Set(),
  grpcStatuses: new Set(),
};

function policy(on: Partial<RetryConditions>): RetryPolicy {
  return { attempts: 2, backoffMs: 25, on: { ...NEVER, ...on } };
}

describe('whether an attempt is repeated', () => {
  const answered = (status: number) => ({ kind: 'answer', status }) as const;
  it.each([
    {
      reason: 'asked for',
      on: { connectFailure: true },
      outcome: { kind: 'connect-failure' },
      is: true,
    },
    {
      reason: 'a failed connection is no reset',
      on: { reset: true },
      outcome: { kind: 'connect-failure' },
      is: false,
    },
    {
      reason: 'asked for',
      on: { refusedStream: true },
      outcome: { kind: 'refused-stream' },
      is: true,
    },
    { reason: 'asked for', on: { reset: true }, outcome: { kind: 'reset' }, is: true },
    {
      reason: 'an attempt out of time counts as reset',
      on: { reset: true },
      outcome: { kind: 'attempt-timeout' },
      is: true,
    },
    {
      reason: 'the answer was good',
      on: { serverErrors: true },
      outcome: answered(200),
      is: false,
    },
    {
      reason: 'the lowest server error',
      on: { serverErrors: true },
      outcome: answered(500),
      is: true,
    },
    { reason: 'just below', on: { serverErrors: true }, outcome: answered(499), is: false },
    {
      reason: 'a status by its number',
      on: { statuses: new Set([409]) },
      outcome: answered(409),
      is: true,
    },
    {
      reason: 'gRPC unavailable',
      on: { grpcStatuses: new Set([14]) },
      outcome: { ...answered(200), grpcStatus: 14 },
      is: true,
    },
    {
      reason: 'no gRPC answer',
      on: { grpcStatuses: new Set([14]) },
      outcome: answered(200),
      is: false,
    },
  ] as const)('$outcome with $on: $is ($reason)', ({ on, outcome, is }) => {
    expect(isRetried(policy(on), outcome)).toBe(is);
  });
});

describe('header operations', () => {
  it('are done one after the other, whatever the case of their names', () => {
    const headers = { a: '1', b: '2', c: '3' };
    const changed = withOperations(headers, [
      { kind: 'remove', name: 'B' },
      { kind: 'set', name: 'A', value: 'x' },
      { kind: 'add', name: 'c', value: '4' },
      { kind: 'add', name: 'd', value: '5' },
    ]);
    expect(changed).toEqual({ a: 'x', c: '3,4', d: '5' });
    expect(headers).toEqual({ a: '1', b: '2', c: '3' });
  });

  it('that are none leave the very same headers', () => {
    const headers = { a: '1' };
    expect(withOperations(headers, [])).toBe(headers);
  });
});
