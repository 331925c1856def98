// Escapes of single characters in RE2's syntax.
import { RegexpFailure } from './parts.ts';

const LETTERS: Readonly<Record<string, number>> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 };

const MAX_CODE_POINT = 0x10ffff;

/** The character that the escape at `at` (a backslash) stands for, and where it ends. */
export function readEscape(text: string, at: number): { code: number; end: number } {
  const rest = text.slice(at);
  if (rest === '\\') throw new RegexpFailure('trailing backslash at end of expression', '');
  const character = String.fromCodePoint(rest.codePointAt(1) ?? 0);
  const after = 1 + character.length;
  const letter = LETTERS[character];
  if (letter !== undefined) return { code: letter, end: at + after };
  const octal = /^\\(0[0-7]{0,2}|[1-7][0-7]{1,2})/.exec(rest);
  if (octal !== null) {
    return { code: Number.parseInt(octal[1] ?? '', 8), end: at + octal[0].length };
  }
  if (character === 'x') return readHex(rest, at);
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80 && !/[0-9A-Za-z]/.test(character)) return { code, end: at + after };
  throw new RegexpFailure('invalid escape sequence', rest.slice(0, after));
}

function readHex(rest: string, at: number): { code: number; end: number } {
  const short = /^\\x([0-9A-Fa-f]{2})/.exec(rest);
  if (short !== null) return { code: Number.parseInt(short[1] ?? '', 16), end: at + 4 };
  const long = /^\\x\{([0-9A-Fa-f]+)\}/.exec(rest);
  const code = Number.parseInt(long?.[1] ?? '', 16);
  if (long !== null && code <= MAX_CODE_POINT) return { code, end: at + long[0].length };
  throw new RegexpFailure('invalid escape sequence', wrongHex(rest));
}

/** Go shows what it had read when it noticed. */
function wrongHex(rest: string): string {
  if (!rest.startsWith('\\x{')) return [...rest].slice(0, 4).join('');
  for (let at = 3; at < rest.length; at += 1) {
    const isTooLarge = Number.parseInt(rest.slice(3, at + 1), 16) > MAX_CODE_POINT;
    if (!/[0-9A-Fa-f]/.test(rest.charAt(at)) || isTooLarge) return rest.slice(0, at + 1);
  }
  return rest;
}
