import { describe, expect, it } from 'vitest';
import { redacted } from './redaction.ts';

describe('a secret is never told', () => {
  it.each([
    { secrets: ['abc'], text: 'no abc, abcd', told: 'no *****, *****d', reason: 'wherever it is' },
    { secrets: ['a', 'abc'], text: 'abc', told: '*****', reason: 'not even in part' },
    { secrets: [''], text: 'abc', told: 'abc', reason: 'but an empty one hides nothing' },
    { secrets: [], text: 'abc', told: 'abc', reason: 'and no secret hides nothing' },
    { secrets: ['a b&c'], text: '?q=a%20b%26c', told: '?q=*****', reason: 'in an address' },
    { secrets: ['a b&c'], text: 'q=a+b%26c', told: 'q=*****', reason: 'in a form' },
    { secrets: ['a"b\n'], text: String.raw`{"a\"b\n"}`, told: '{"*****"}', reason: 'in JSON' },
    { secrets: ['a&b'], text: String.raw`a\u0026b`, told: '*****', reason: 'in the JSON of Go' },
    { secrets: ['$&'], text: 'x$&y', told: 'x*****y', reason: 'whatever its characters' },
  ])('$reason: $text', ({ secrets, text, told }) => {
    expect(redacted(text, secrets)).toBe(told);
  });
});
