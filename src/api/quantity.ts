// Resource quantities as Kubernetes prints them (rollout.md 2.2): kept as written when that is canonical already.

const BINARY: Readonly<Record<string, number>> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 };
const DECIMAL: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  '': 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const DECIMAL_SUFFIX = new Map(Object.entries(DECIMAL).map(([suffix, power]) => [power, suffix]));
const QUANTITY = /^([+-]?)(\d*)(?:\.(\d*))?(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]|[eE][+-]?\d+)?$/;

interface Parsed {
  readonly negative: boolean;
  /** Integer digits without leading zeros, `0` if there are none. */
  readonly whole: string;
  readonly fraction: string;
  readonly suffix: string;
}

function parsed(text: string): Parsed | undefined {
  const found = QUANTITY.exec(text.trim());
  if (found === null) return undefined;
  const [, sign = '', digits = '', fraction = '', suffix = ''] = found;
  if (digits === '' && fraction === '') return undefined;
  return { negative: sign === '-', whole: digits.replace(/^0+/, '') || '0', fraction, suffix };
}

function isVerbatimBinary({ whole, fraction }: Parsed, power: number): boolean {
  const room = 15 - whole.length - Math.floor(power * 0.3) - 1;
  return fraction === '' && room >= 0 && Number(BigInt(whole) % 8n) !== 0;
}

function isVerbatimDecimal({ whole, fraction }: Parsed, power: number): boolean {
  const scale = power - fraction.length;
  const digits = whole + fraction;
  return (
    digits.length <= 18 &&
    scale >= -9 &&
    scale % 3 === 0 &&
    !digits.endsWith('000') &&
    !digits.startsWith('0')
  );
}

/** Exact value times 10^9, rounded up. */
function nanos(
  quantity: Parsed,
  power: { readonly base: 2 | 10; readonly exponent: number },
): bigint {
  let numerator = BigInt(quantity.whole + quantity.fraction);
  let denominator = 10n ** BigInt(quantity.fraction.length);
  const factor = BigInt(power.base) ** BigInt(Math.abs(power.exponent));
  if (power.exponent >= 0) numerator *= factor;
  else denominator *= factor;
  const scaled = numerator * 1_000_000_000n;
  // Away from zero for positive numbers is up; for negative ones up is toward zero.
  const cut = scaled / denominator;
  const isExact = cut * denominator === scaled;
  if (quantity.negative) return -cut;
  return isExact ? cut : cut + 1n;
}

function printBinary(value: bigint): string | undefined {
  const NANO = 1_000_000_000n;
  if (value % NANO !== 0n) return undefined;
  let whole = value / NANO;
  if (whole < 1024n && whole > -1024n) return undefined;
  let power = 0;
  while (power < 60 && whole % 1024n === 0n) {
    whole /= 1024n;
    power += 10;
  }
  const suffix = Object.entries(BINARY).find(([, exponent]) => exponent === power)?.[0] ?? '';
  return `${whole}${suffix}`;
}

function printDecimal(value: bigint, exponential: boolean): string {
  let mantissa = value;
  let power = -9;
  while (mantissa % 10n === 0n) {
    mantissa /= 10n;
    power++;
  }
  while (power % 3 !== 0 || power > 18) {
    mantissa *= 10n;
    power--;
  }
  if (exponential) return power === 0 ? `${mantissa}` : `${mantissa}e${power}`;
  return `${mantissa}${DECIMAL_SUFFIX.get(power) ?? ''}`;
}

/** The canonical text of a quantity; text that is none is given back as it is. */
export function canonicalQuantity(quantity: string | number): string {
  const text = String(quantity);
  const found = parsed(text);
  if (found === undefined) return text;
  const { suffix } = found;
  const binary = BINARY[suffix];
  const isExponential = /^[eE][+-]?\d+$/.test(suffix);
  const exponent = isExponential ? Number(suffix.slice(1)) : (DECIMAL[suffix] ?? 0);
  if (binary !== undefined ? isVerbatimBinary(found, binary) : isVerbatimDecimal(found, exponent)) {
    return text;
  }
  const power =
    binary === undefined ? { base: 10 as const, exponent } : { base: 2 as const, exponent: binary };
  const value = nanos(found, power);
  if (value === 0n) return '0';
  return (
    (binary === undefined ? undefined : printBinary(value)) ?? printDecimal(value, isExponential)
  );
}
