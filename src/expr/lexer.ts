// Text to tokens (analysis.md 10.2). Entry point: `tokens`.
import { ExprError, fail } from './problem.ts';
import { scanBytes, scanRawString, scanString } from './strings.ts';

export type TokenKind =
  | 'Identifier'
  | 'Number'
  | 'String'
  | 'Bytes'
  | 'Operator'
  | 'Bracket'
  | 'EOF';

export interface Token {
  readonly kind: TokenKind;
  readonly value: string;
  /** The text could not be read from here on; told when the parser gets here, not before. */
  readonly error?: string;
}

const WORD_OPERATORS: ReadonlySet<string> = new Set([
  'not',
  'in',
  'or',
  'and',
  'matches',
  'contains',
  'startsWith',
  'endsWith',
  'let',
  'if',
  'else',
]);

// Longest first: the scanner takes the first that fits.
const OPERATORS: readonly string[] = [
  '||',
  '&&',
  '==',
  '!=',
  '<=',
  '>=',
  '**',
  '??',
  '?.',
  '::',
  '..',
  '|',
  '&',
  '<',
  '>',
  '+',
  '-',
  '*',
  '/',
  '%',
  '^',
  '!',
  '?',
  ':',
  ',',
  ';',
  '.',
  '#',
  '=',
];

const BRACKETS = '()[]{}';
const SPACE = /[ \t\r\n\v\f\u0085\u00a0]/;
const WORD_START = /[\p{L}_$]/u;
const WORD = /[\p{L}\p{Nd}_$]*/uy;
const ALPHANUMERIC = /[\p{L}\p{Nd}_$]/u;

/** All tokens of the text, the last one of kind EOF. What cannot be read is an EOF with its error. */
export function tokens(source: string): readonly Token[] {
  const found: Token[] = [];
  try {
    let at = skipBlank(source, 0);
    while (at < source.length) {
      const { token, end } = scan(source, at);
      found.push(token);
      at = skipBlank(source, end);
    }
    found.push({ kind: 'EOF', value: '' });
  } catch (error) {
    if (!(error instanceof ExprError)) throw error;
    found.push({ kind: 'EOF', value: '', error: error.message });
  }
  return found;
}

function skipBlank(source: string, from: number): number {
  let at = from;
  for (;;) {
    if (SPACE.test(source.charAt(at))) at++;
    else if (source.startsWith('//', at)) {
      const end = source.indexOf('\n', at);
      at = end < 0 ? source.length : end;
    } else if (source.startsWith('/*', at)) {
      const end = source.indexOf('*/', at + 2);
      if (end < 0) fail('unclosed comment');
      at = end + 2;
    } else return at;
  }
}

interface Scanned {
  readonly token: Token;
  readonly end: number;
}

function scan(source: string, at: number): Scanned {
  const character = String.fromCodePoint(source.codePointAt(at) ?? 0);
  if (character === '"' || character === "'") return literal('String', scanString(source, at));
  if (character === '`') return literal('String', scanRawString(source, at));
  if (/^b["']/.test(source.slice(at, at + 2))) return literal('Bytes', scanBytes(source, at));
  if (/^(\d|\.\d)/.test(source.slice(at, at + 2))) return scanNumber(source, at);
  if (WORD_START.test(character)) return scanWord(source, at);
  if (BRACKETS.includes(character)) {
    return { token: { kind: 'Bracket', value: character }, end: at + 1 };
  }
  const operator = OPERATORS.find((candidate) => source.startsWith(candidate, at));
  if (operator !== undefined) {
    return { token: { kind: 'Operator', value: operator }, end: at + operator.length };
  }
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return fail(`unrecognized character: U+${code} '${character}'`);
}

function literal(kind: TokenKind, scanned: { value: string; end: number }): Scanned {
  return { token: { kind, value: scanned.value }, end: scanned.end };
}

function scanWord(source: string, at: number): Scanned {
  WORD.lastIndex = at;
  const value = WORD.exec(source)?.[0] ?? '';
  const kind = WORD_OPERATORS.has(value) ? 'Operator' : 'Identifier';
  return { token: { kind, value }, end: at + value.length };
}

const DIGITS: Readonly<Record<string, RegExp>> = {
  x: /[\da-fA-F_]*/y,
  o: /[0-7_]*/y,
  b: /[01_]*/y,
};
const DECIMAL = /[\d_]*/y;

function run(pattern: RegExp, source: string, at: number): number {
  pattern.lastIndex = at;
  return at + (pattern.exec(source)?.[0].length ?? 0);
}

/** A number ends before `..`, which is a range; a letter right after it is an error. */
function scanNumber(source: string, start: number): Scanned {
  const base = source.charAt(start) === '0' ? source.charAt(start + 1).toLowerCase() : '';
  const digits = DIGITS[base] ?? DECIMAL;
  let end = run(digits, source, DIGITS[base] === undefined ? start : start + 2);
  if (source.charAt(end) === '.') {
    if (source.charAt(end + 1) === '.') return number(source, start, end);
    end = run(digits, source, end + 1);
  }
  if (/[eE]/.test(source.charAt(end))) {
    end++;
    if (/[+-]/.test(source.charAt(end))) end++;
    end = run(digits, source, end);
  }
  const next = source.codePointAt(end);
  if (next !== undefined && ALPHANUMERIC.test(String.fromCodePoint(next))) {
    fail(`bad number syntax: ${JSON.stringify(source.slice(start, end + 1))}`);
  }
  return number(source, start, end);
}

function number(source: string, start: number, end: number): Scanned {
  return { token: { kind: 'Number', value: source.slice(start, end) }, end };
}
