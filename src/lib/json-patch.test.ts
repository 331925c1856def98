import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonEqual } from './equal.ts';
import { applyJsonPatch } from './json-patch.ts';
import { mergePatch, mergePatchOf } from './merge-patch.ts';

const withoutNull = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.integer(),
    fc.string(),
    fc.boolean(),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('value')),
  ),
})).value;

describe('merge patches', () => {
  it('the patch between two documents turns the one into the other', () => {
    const documents = fc.dictionary(fc.constantFrom('a', 'b', 'c'), withoutNull);
    fc.assert(
      fc.property(documents, documents, (before, after) => {
        const patch = mergePatchOf(before, after);
        expect(patch === undefined).toBe(jsonEqual(before, after));
        expect(jsonEqual(mergePatch(before, patch ?? {}), after)).toBe(true);
      }),
    );
  });

  it('sends an absent member as null and a list whole', () => {
    expect(mergePatchOf({ a: 1, b: [1, 2], c: { d: 1 } }, { b: [1], c: { d: 2 } })).toEqual({
      a: null,
      b: [1],
      c: { d: 2 },
    });
  });
});

describe('JSON patches', () => {
  it('apply to a copy', () => {
    const before = { a: [1] };
    const outcome = applyJsonPatch(before, [{ op: 'add', path: '/a/-', value: 2 }]);
    expect(outcome).toEqual({ ok: true, document: { a: [1, 2] } });
    expect(before).toEqual({ a: [1] });
  });

  it.each([
    { operations: {}, reason: 'not a list' },
    { operations: [{ op: 'test', path: '/a', value: 2 }], reason: 'a failed test' },
    { operations: [{ op: 'remove', path: '/b' }], reason: 'no such member' },
  ])('are refused whole: $reason', ({ operations }) => {
    expect(applyJsonPatch({ a: 1 }, operations)).toMatchObject({ ok: false });
  });
});
