import { describe, expect, it } from 'vitest';
import { apartWhileAborted, withoutHalfReady } from './compare.ts';

const at = (...templates: readonly string[]) => ({ templates, analyses: { must: '' } });
const NONE = at('Progressing', 'Progressing');
const HALF = at('Progressing', 'Running');
const ALL = at('Running', 'Running');

describe('templates of an experiment that may be found ready together', () => {
  it.each([
    { what: 'one after the other', path: [NONE, HALF, ALL], left: [NONE, ALL] },
    { what: 'both at once', path: [NONE, ALL], left: [NONE, ALL] },
    { what: 'one falls back', path: [NONE, HALF, ALL, HALF, ALL], left: [NONE, ALL, HALF, ALL] },
    {
      what: 'one fails',
      path: [NONE, HALF, at('Failed', 'Running')],
      left: [NONE, HALF, at('Failed', 'Running')],
    },
    {
      what: 'something else changes meanwhile',
      path: [NONE, { ...HALF, analyses: { must: 'Pending' } }, ALL],
      left: [NONE, { ...HALF, analyses: { must: 'Pending' } }, ALL],
    },
  ])('$what', ({ path, left }) => {
    expect(withoutHalfReady(path)).toEqual(left);
  });
});

const aborted = (step: number, run: string) => ({ step, abort: true, analysisRuns: { run } });
const RETRIED = { step: 0, analysisRuns: { run: 'Successful' } };
const RECORDED = [
  { step: 1, analysisRuns: { run: 'Running' } },
  aborted(1, 'Running'),
  aborted(1, 'Successful'),
  aborted(0, 'Successful'),
  RETRIED,
];

describe('what an aborted Rollout ends, beside its own changes', () => {
  const alike = (path: readonly Readonly<Record<string, unknown>>[]) =>
    expect(apartWhileAborted(path)).toEqual(apartWhileAborted(RECORDED));
  const [running, ...rest] = RECORDED;

  it('may end after them', () => {
    alike([
      running ?? {},
      aborted(1, 'Running'),
      aborted(0, 'Running'),
      aborted(0, 'Successful'),
      RETRIED,
    ]);
  });

  it('may end with them', () => {
    alike([running ?? {}, aborted(1, 'Running'), aborted(0, 'Successful'), RETRIED]);
  });

  it.each([
    { what: 'does not end', path: [aborted(1, 'Running'), aborted(0, 'Running'), RETRIED] },
    { what: 'ends otherwise', path: [aborted(1, 'Running'), aborted(0, 'Failed'), RETRIED] },
    { what: 'ends before the abort', path: [{ ...RETRIED, step: 1 }, ...rest] },
    { what: 'sees the Rollout stay where it is', path: [...rest.slice(0, 2), RETRIED] },
  ])('is told apart when it $what', ({ path }) => {
    expect(apartWhileAborted([running ?? {}, ...path])).not.toEqual(apartWhileAborted(RECORDED));
  });
});
