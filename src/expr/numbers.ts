// Numbers as Go reads and prints them: literals, strict parsing of text, shortest printing.
import type { Node } from './ast.ts';
import { fail, quoted } from './problem.ts';

const INT_MIN = -(2n ** 63n);
const INT_MAX = 2n ** 63n - 1n;

/** The node of a number literal (analysis.md 10.2). */
export function literalNumber(text: string): Node {
  const bare = text.replaceAll('_', '');
  const isBased = /^0[xXoObB]/.test(bare);
  if (!isBased && /[.eE]/.test(bare)) return { kind: 'float', value: literalFloat(bare) };
  if (isBased && !/^0[xX][\da-fA-F]+$|^0[oO][0-7]+$|^0[bB][01]+$/.test(bare)) {
    return fail(
      `invalid integer literal: strconv.ParseInt: parsing ${quoted(text)}: invalid syntax`,
    );
  }
  const value = BigInt(isBased ? bare.toLowerCase() : bare.replace(/^0+(?=\d)/, ''));
  if (value > INT_MAX) {
    fail(`invalid integer literal: strconv.ParseInt: parsing ${quoted(text)}: value out of range`);
  }
  return { kind: 'int', value };
}

function literalFloat(text: string): number {
  const failed = (why: string) =>
    fail(`invalid float literal: strconv.ParseFloat: parsing ${quoted(text)}: ${why}`);
  if (!/^(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) failed('invalid syntax');
  const value = Number(text);
  if (!Number.isFinite(value)) failed('value out of range');
  return value;
}

/** Go's strconv.ParseInt(text, 10, 64). */
export function parseInt64(text: string): bigint {
  if (!/^[+-]?\d+$/.test(text)) {
    fail(`strconv.ParseInt: parsing ${quoted(text)}: invalid syntax`);
  }
  const value = BigInt(text.replace(/^\+/, ''));
  if (value < INT_MIN || value > INT_MAX) {
    fail(`strconv.ParseInt: parsing ${quoted(text)}: value out of range`);
  }
  return value;
}

/** Go's strconv.ParseFloat(text, 64), without hexadecimal floats. */
export function parseFloat64(text: string): number {
  const special = /^([+-]?)(inf|infinity|nan)$/i.exec(text);
  if (special !== null) {
    const isNaN = (special[2] ?? '').toLowerCase() === 'nan';
    if (isNaN && special[1] === '') return Number.NaN;
    if (!isNaN) return special[1] === '-' ? -Infinity : Infinity;
  }
  const bare = text.replace(/(?<=\d)_(?=\d)/g, '');
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(bare)) {
    fail(`strconv.ParseFloat: parsing ${quoted(text)}: invalid syntax`);
  }
  const value = Number(bare);
  if (!Number.isFinite(value))
    fail(`strconv.ParseFloat: parsing ${quoted(text)}: value out of range`);
  return value;
}

/** 64-bit signed wrap-around. */
export function wrap(value: bigint): bigint {
  return BigInt.asIntN(64, value);
}

/** A float in shortest digits, with exponent iff the decimal one is below -4 or from 6 on (analysis.md 10.7). */
export function formatFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [mantissa = '', exponentText = '0'] = value.toExponential().split('e');
  const exponent = Number(exponentText);
  if (exponent >= -4 && exponent < 6) return plain(value);
  const sign = exponent < 0 ? '-' : '+';
  return `${mantissa}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

/** Digits without exponent. */
function plain(value: number): string {
  const text = String(value);
  if (!text.includes('e')) return text;
  return value.toFixed(20).replace(/0+$/, '').replace(/\.$/, '');
}
