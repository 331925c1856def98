import { describe, expect, it } from 'vitest';
import { instant } from '../../lib/time.ts';
import { conditionsWith, verdictOf } from './condition.ts';
import type { Problem } from './reading.ts';

const CORS: Problem = { reason: 'FieldNotSupported', path: 'spec.a', message: 'is not done' };
const GONE: Problem = { reason: 'ReferenceNotFound', path: 'spec.b', message: 'is not there' };
const EPOCH = '1970-01-01T00:00:00Z';

describe('what the mesh says of an object', () => {
  it('names every place, the gravest first', () => {
    expect(verdictOf([CORS, GONE])).toEqual({
      status: 'False',
      reason: 'ReferenceNotFound',
      message: 'spec.b: is not there; spec.a: is not done',
    });
  });

  it('says the same once, and not more than eight things', () => {
    const many = Array.from({ length: 10 }, (_, n) => ({ ...CORS, path: `spec.x[${n}]` }));
    expect(verdictOf([CORS, CORS]).message).toBe('spec.a: is not done');
    expect(verdictOf(many).message).toMatch(/spec\.x\[7\]: is not done; and 2 more$/);
  });
});

describe('the condition', () => {
  const bad = verdictOf([CORS]);
  const good = verdictOf([]);
  const other = { type: 'Ready', status: 'True' };

  it('is not written on an object that never had a trouble', () => {
    expect(conditionsWith([other], good, instant(0))).toBeUndefined();
  });

  it('stands beside those of others', () => {
    expect(conditionsWith([other], bad, instant(0))).toEqual([
      other,
      { type: 'FullyApplied', ...bad, lastTransitionTime: EPOCH },
    ]);
  });

  it('is not written again while it says the same', () => {
    const first = conditionsWith([], bad, instant(0)) ?? [];
    expect(conditionsWith(first, bad, instant(5000))).toBeUndefined();
  });

  it('keeps its time while only its words change, and takes a new one with its status', () => {
    const first = conditionsWith([], bad, instant(0)) ?? [];
    const second = conditionsWith(first, verdictOf([CORS, GONE]), instant(5000)) ?? [];
    expect(second[0]?.lastTransitionTime).toBe(EPOCH);
    const third = conditionsWith(second, good, instant(9000)) ?? [];
    expect(third).toEqual([
      {
        type: 'FullyApplied',
        status: 'True',
        reason: 'Applied',
        message: '',
        lastTransitionTime: '1970-01-01T00:00:09Z',
      },
    ]);
  });
});
