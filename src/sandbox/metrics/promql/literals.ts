// Numbers, strings and durations of PromQL as values. Each gives the value, or what Prometheus says is wrong.
import { quoted } from './quote.ts';

export type Read<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: string };

const MAX_INTEGER = 2n ** 63n - 1n;

/** A number literal: decimal, octal with a leading 0, hexadecimal, `Inf` or `NaN` in any case. */
export function readNumber(text: string): Read<number> {
  const integer = readInteger(text);
  if (integer !== undefined) return { ok: true, value: integer };
  const value = parseFloatLikeGo(text);
  if (value === undefined) return notANumber(text, 'invalid syntax');
  if (!Number.isFinite(value) && /^[0-9.]/.test(text))
    return notANumber(text, 'value out of range');
  return { ok: true, value };
}

function notANumber(text: string, why: string): Read<number> {
  const error = `error parsing number: strconv.ParseFloat: parsing ${quoted(text)}: ${why}`;
  return { ok: false, error };
}

function readInteger(text: string): number | undefined {
  const isOctal = /^0[0-7]+$/.test(text);
  if (!isOctal && !/^(0|[1-9][0-9]*|0[xX][0-9a-fA-F]+)$/.test(text)) return undefined;
  const value = BigInt(isOctal ? `0o${text.slice(1)}` : text);
  return value > MAX_INTEGER ? undefined : Number(value);
}

const DECIMAL = /^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$/;
const HEXADECIMAL = /^([+-]?)0[xX]([0-9a-fA-F]*)\.?([0-9a-fA-F]*)[pP]([+-]?[0-9]+)$/;
const SPECIAL = /^([+-]?)(inf|infinity)$/i;

/**
 * A floating-point number as Go's strconv reads it; undefined if it is none. Decimal numbers beyond the range of
 * a float become infinite.
 */
export function parseFloatLikeGo(text: string): number | undefined {
  if (DECIMAL.test(text)) return Number(text);
  if (/^nan$/i.test(text)) return Number.NaN;
  const special = SPECIAL.exec(text);
  if (special !== null) return special[1] === '-' ? -Infinity : Infinity;
  const [, sign, whole = '', fraction = '', exponent = '0'] = HEXADECIMAL.exec(text) ?? [];
  if (sign === undefined || whole + fraction === '') return undefined;
  const digits = Number(`0x${whole}${fraction}`);
  return (sign === '-' ? -1 : 1) * digits * 2 ** (Number(exponent) - 4 * fraction.length);
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

const ESCAPE = /\\([0-7]{3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)/gsu;

/** The text of a string token, whose escapes the lexer has found to be well formed. */
export function readString(token: string): string {
  const inner = token.slice(1, -1);
  if (token.startsWith('`')) return inner;
  return fromBytes(
    inner.replaceAll(ESCAPE, (_, escape: string) => {
      const digits = /^[0-7]{3}$/.test(escape)
        ? ([escape, 8] as const)
        : ([escape.slice(1), 16] as const);
      if (/^([0-7]{3}|x..)$/.test(escape)) return byteMark(Number.parseInt(digits[0], digits[1]));
      if (escape.length > 1) return String.fromCodePoint(Number.parseInt(digits[0], digits[1]));
      return ESCAPES[escape] ?? escape;
    }),
  );
}

// `\x..` and octal escapes are bytes of UTF-8, not characters: they wait as private marks until all are known.
const MARK = 0xdc00;

function byteMark(byte: number): string {
  return byte < 0x80 ? String.fromCodePoint(byte) : String.fromCharCode(MARK + byte);
}

function fromBytes(text: string): string {
  return text.replaceAll(/(?<![\ud800-\udbff])[\udc80-\udcff]+/g, (marks) => {
    const bytes = Array.from(marks, (mark) => mark.charCodeAt(0) - MARK);
    const encoded = bytes.map((byte) => `%${byte.toString(16)}`).join('');
    try {
      return decodeURIComponent(encoded);
    } catch {
      // Not UTF-8: every byte becomes what JSON would show for it.
      return '\uFFFD'.repeat(bytes.length);
    }
  });
}

const DURATION = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;

const UNITS_MS: readonly number[] = [
  365 * 86_400_000,
  7 * 86_400_000,
  86_400_000,
  3_600_000,
  60_000,
  1000,
  1,
];

/** Nanoseconds in 64 bits are what Prometheus counts in. */
const MAX_DURATION_MS = Number(MAX_INTEGER / 1_000_000n);

/** A duration in milliseconds: `1h30m`, units from large to small, each at most once. Zero is refused. */
export function readDuration(text: string): Read<number> {
  if (text === '0') return { ok: false, error: 'duration must be greater than 0' };
  if (text === '') return { ok: false, error: 'empty duration string' };
  const parts = DURATION.exec(text);
  if (parts === null) {
    return { ok: false, error: `not a valid duration string: ${quoted(text)}` };
  }
  const value = UNITS_MS.reduce((sum, unit, at) => sum + unit * Number(parts[at + 1] ?? 0), 0);
  if (value > MAX_DURATION_MS) return { ok: false, error: 'duration out of range' };
  if (value === 0) return { ok: false, error: 'duration must be greater than 0' };
  return { ok: true, value };
}
