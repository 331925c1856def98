import { describe, expect, it } from 'vitest';
import { withoutHalfReady } from './compare.ts';

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
