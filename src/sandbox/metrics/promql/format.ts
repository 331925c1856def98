// Numbers and labels as Prometheus prints them.
import type { Labels } from '../labels.ts';
import { quoted } from './quote.ts';

/** Shortest digits that give the number again, never an exponent; `+Inf`, `-Inf`, `NaN`. */
export function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const text = String(value);
  const exponent = text.indexOf('e');
  return exponent < 0
    ? text
    : withoutExponent(text.slice(0, exponent), Number(text.slice(exponent + 1)));
}

/** `1.5`, 21 -> 1500…; `-1.5`, -7 -> `-0.00000015` */
function withoutExponent(mantissa: string, exponent: number): string {
  const sign = mantissa.startsWith('-') ? '-' : '';
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.');
  const digits = whole + fraction;
  return exponent < 0
    ? `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`
    : sign + digits.padEnd(exponent + 1, '0');
}

/** A number in a vector or a range: as `numberText`, but very large and very small ones have an exponent. */
export function sampleText(value: number): string {
  const size = Math.abs(value);
  if (!Number.isFinite(value) || size === 0 || (size >= 1e-6 && size < 1e21)) {
    return numberText(value);
  }
  // Go writes at least two digits of the exponent.
  return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
}

/** `{a="b", c="d"}` */
export function labelsText({ names, values }: Labels): string {
  return `{${names.map((name, at) => `${name}=${quoted(values[at] ?? '')}`).join(', ')}}`;
}
