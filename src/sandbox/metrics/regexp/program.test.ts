import { describe, expect, it } from 'vitest';
import { compileRegexp } from './program.ts';

function compiled(text: string) {
  const result = compileRegexp(text);
  if (!result.ok) throw new Error(result.error);
  return result.regexp;
}

function groupsOf(pattern: string, text: string) {
  const found = compiled(pattern).match(text);
  if (found === undefined) return undefined;
  return Array.from({ length: found.length / 2 }, (_, at) => {
    const start = found[2 * at] ?? -1;
    return start < 0 ? null : text.slice(start, found[2 * at + 1]);
  });
}

describe('matching', () => {
  it.each([
    ['^(?:a|b)$', 'b', ['b']],
    ['^(?:a|b)$', 'ab', undefined],
    ['^(?:(a)|b)*$', 'ab', ['ab', 'a']],
    ['(a|ab)(c|bcd)(d*)', 'abcd', ['abcd', 'a', 'bcd', '']],
    ['a+?', 'aaa', ['a']],
    ['(?U)a+', 'aaa', ['a']],
    ['(?U)a+?', 'aaa', ['aaa']],
    ['x*', 'aaa', ['']],
    ['(?i)straße', 'STRAßE', ['STRAßE']],
    ['(?i:A)b', 'ab', ['ab']],
    ['(?i:A)b', 'aB', undefined],
    ['[^a]', '\n', ['\n']],
    ['.', '\n', undefined],
    ['(?s).', '\n', ['\n']],
    ['(?m)^b$', 'a\nb\nc', ['b']],
    ['^b$', 'a\nb', undefined],
    ['\\bfoo\\b', 'a foo b', ['foo']],
    ['[[:alpha:]]+', '12ab3', ['ab']],
    ['[[:^alpha:]]+', 'ab12', ['12']],
    ['\\p{Greek}+', 'abγδ', ['γδ']],
    ['\\PL+', 'ab12', ['12']],
    ['[\\d-]+', 'a1-2', ['1-2']],
    ['a{2,3}', 'aaaa', ['aaa']],
    ['a{,2}', 'a{,2}', ['a{,2}']],
    ['\\Qa.b\\E+', 'a.bb', ['a.bb']],
    ['\\x41\\x{1F600}\\101', 'A😀A', ['A😀A']],
    ['(?P<who>.)(?P<what>.)', 'xy', ['xy', 'x', 'y']],
    ['^(?:a)|(?:b)$', 'xb', ['b']],
    ['^(?:)$', '', ['']],
    ['(a*)*', 'b', ['', '']],
    ['', 'abc', ['']],
    ['^.$', '😀', ['😀']],
  ])('%s on %j gives %j', (pattern, text, groups) => {
    expect(groupsOf(pattern, text)).toEqual(groups);
    expect(compiled(pattern).test(text)).toBe(groups !== undefined);
  });

  it('takes time in proportion to the text, whatever the expression', () => {
    const regexp = compiled('^(?:(a+)+b|(a|a)*c|(.*)(.*)(.*)d)$');
    const started = performance.now();
    expect(regexp.test('a'.repeat(5000))).toBe(false);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

describe('errors', () => {
  it.each([
    ['(', 'missing closing ): `(`'],
    ['a)', 'unexpected ): `a)`'],
    ['*', 'missing argument to repetition operator: `*`'],
    ['a|*', 'missing argument to repetition operator: `*`'],
    ['a**', 'invalid nested repetition operator: `**`'],
    ['a{1001}', 'invalid repeat count: `{1001}`'],
    ['a{2,1}', 'invalid repeat count: `{2,1}`'],
    ['(a{100}){100}', 'invalid repeat count: `{100}`'],
    ['[a', 'missing closing ]: `[a`'],
    ['[z-a]', 'invalid character class range: `z-a`'],
    ['[[:nope:]]', 'invalid character class range: `[:nope:]`'],
    ['\\p{Nope}', 'invalid character class range: `\\p{Nope}`'],
    ['\\y', 'invalid escape sequence: `\\y`'],
    ['\\8', 'invalid escape sequence: `\\8`'],
    ['\\1', 'invalid escape sequence: `\\1`'],
    ['\\C', 'invalid escape sequence: `\\C`'],
    ['a\\', 'trailing backslash at end of expression: ``'],
    ['(?=a)', 'invalid or unsupported Perl syntax: `(?=`'],
    ['(?<n>a)', 'invalid or unsupported Perl syntax: `(?<`'],
    ['(?P<n a>x)', 'invalid named capture: `(?P<n a>`'],
    ['(?P<n', 'invalid named capture: `(?P<n`'],
  ])('%s is refused as Go refuses it', (pattern, error) => {
    expect(compileRegexp(pattern)).toEqual({ ok: false, error: `error parsing regexp: ${error}` });
  });
});
