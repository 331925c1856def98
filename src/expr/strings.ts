// String, raw string and bytes literals with their escapes (analysis.md 10.2).
import { fail } from './problem.ts';

interface Scanned {
  readonly value: string;
  readonly end: number;
}

const SIMPLE: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
};

/** The literal that starts with a quote at `start`. */
export function scanString(source: string, start: number): Scanned {
  const quote = source.charAt(start);
  let value = '';
  let at = start + 1;
  for (;;) {
    const character = source.charAt(at);
    if (character === '' || character === '\n') fail('literal not terminated');
    if (character === quote) return { value, end: at + 1 };
    if (character === '\\') {
      const escape = scanEscape(source, at + 1, quote);
      value += escape.value;
      at = escape.end;
    } else {
      value += character;
      at++;
    }
  }
}

function scanEscape(source: string, at: number, quote: string): Scanned {
  const character = source.charAt(at);
  if (character === '') fail('literal not terminated');
  const simple = SIMPLE[character];
  if (simple !== undefined) return { value: simple, end: at + 1 };
  if (character === quote) return { value: quote, end: at + 1 };
  switch (character) {
    case 'x':
      return hex(source, at + 1, 2);
    case 'u':
      return source.charAt(at + 1) === '{' ? braced(source, at + 2) : hex(source, at + 1, 4);
    case 'U':
      return hex(source, at + 1, 8);
    default:
      return octal(source, at);
  }
}

function fromCode(digits: string, base: number, end: number): Scanned {
  const code = Number.parseInt(digits, base);
  if (code > 0x10ffff) fail('invalid char escape');
  return { value: String.fromCodePoint(code), end };
}

function hex(source: string, at: number, length: number): Scanned {
  const digits = source.slice(at, at + length);
  if (digits.length < length || !/^[\da-fA-F]+$/.test(digits)) fail('invalid char escape');
  return fromCode(digits, 16, at + length);
}

function braced(source: string, at: number): Scanned {
  const end = source.indexOf('}', at);
  const digits = source.slice(at, end);
  if (end < 0 || !/^[\da-fA-F]{1,6}$/.test(digits)) fail('invalid char escape');
  return fromCode(digits, 16, end + 1);
}

function octal(source: string, at: number): Scanned {
  const digits = source.slice(at, at + 3);
  if (!/^[0-3][0-7]{2}$/.test(digits)) fail('invalid char escape');
  return fromCode(digits, 8, at + 3);
}

/** Between backticks: no escapes, a doubled backtick is one. */
export function scanRawString(source: string, start: number): Scanned {
  let value = '';
  let at = start + 1;
  for (;;) {
    const end = source.indexOf('`', at);
    if (end < 0) fail('literal not terminated');
    value += source.slice(at, end);
    if (source.charAt(end + 1) !== '`') return { value, end: end + 1 };
    value += '`';
    at = end + 2;
  }
}

/** `b"…"`: one character of the result for each byte. */
export function scanBytes(source: string, start: number): Scanned {
  return scanString(source, start + 1);
}
