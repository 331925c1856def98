import { expect, it } from 'vitest';
import { compileWholePattern } from './pattern.ts';

it.each([
  { pattern: 'a|b', text: 'b', is: true, reason: 'alternatives are held together' },
  { pattern: 'a|b', text: 'bc', is: false, reason: 'the end counts' },
  { pattern: 'a|b', text: 'xa', is: false, reason: 'the beginning counts' },
  { pattern: '(?i)abc', text: 'ABC', is: true, reason: 'flags hold for the whole' },
  { pattern: '(?P<v>v\\d+)', text: 'v12', is: true, reason: "RE2's way of naming groups" },
  { pattern: '.*', text: '', is: true, reason: 'nothing is a whole too' },
])('the whole of "$text" against /$pattern/: $is ($reason)', ({ pattern, text, is }) => {
  const compiled = compileWholePattern(pattern);
  expect(compiled.ok && compiled.pattern.test(text)).toBe(is);
});

it('a whole pattern that RE2 would refuse is refused', () => {
  expect(compileWholePattern('(?=x)')).toMatchObject({ ok: false });
});
