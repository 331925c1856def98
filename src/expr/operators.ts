// What operators do to run-time values (analysis.md 10.5).
import { compareNumbers, isEqual, isNumeric } from './equality.ts';
import { wrap } from './numbers.ts';
import { fail } from './problem.ts';
import {
  type DurationValue,
  isArray,
  isMap,
  isTagged,
  type TimeValue,
  typeName,
  type Value,
} from './value.ts';

type Num = number | bigint;

function mismatch(operator: string, a: Value, b: Value): never {
  return fail(`invalid operation: ${typeName(a)} ${operator} ${typeName(b)}`);
}

function isTime(value: Value): value is TimeValue {
  return isTagged(value) && value.kind === 'time';
}

function isDuration(value: Value): value is DurationValue {
  return isTagged(value) && value.kind === 'duration';
}

function duration(ns: bigint): DurationValue {
  return { kind: 'duration', ns: wrap(ns) };
}

function arithmetic(
  a: Num,
  b: Num,
  ops: { int: (a: bigint, b: bigint) => bigint; float: (a: number, b: number) => number },
): Num {
  if (typeof a === 'bigint' && typeof b === 'bigint') return wrap(ops.int(a, b));
  return ops.float(Number(a), Number(b));
}

export function add(a: Value, b: Value): Value {
  if (isNumeric(a) && isNumeric(b)) {
    return arithmetic(a, b, { int: (x, y) => x + y, float: (x, y) => x + y });
  }
  if (typeof a === 'string' && typeof b === 'string') return a + b;
  if (isTime(a) && isDuration(b)) return { ...a, ns: a.ns + b.ns };
  if (isDuration(a) && isTime(b)) return { ...b, ns: a.ns + b.ns };
  if (isDuration(a) && isDuration(b)) return duration(a.ns + b.ns);
  return mismatch('+', a, b);
}

export function subtract(a: Value, b: Value): Value {
  if (isNumeric(a) && isNumeric(b)) {
    return arithmetic(a, b, { int: (x, y) => x - y, float: (x, y) => x - y });
  }
  if (isTime(a) && isTime(b)) return duration(a.ns - b.ns);
  if (isTime(a) && isDuration(b)) return { ...a, ns: a.ns - b.ns };
  if (isDuration(a) && isDuration(b)) return duration(a.ns - b.ns);
  return mismatch('-', a, b);
}

export function multiply(a: Value, b: Value): Value {
  if (isNumeric(a) && isNumeric(b)) {
    return arithmetic(a, b, { int: (x, y) => x * y, float: (x, y) => x * y });
  }
  if (isDuration(a) && isNumeric(b)) return scaled(a, b);
  if (isNumeric(a) && isDuration(b)) return scaled(b, a);
  if (isDuration(a) && isDuration(b)) return duration(a.ns * b.ns);
  return mismatch('*', a, b);
}

function scaled(value: DurationValue, by: Num): DurationValue {
  if (typeof by === 'bigint') return duration(value.ns * by);
  return duration(BigInt(Math.trunc(Number(value.ns) * by)));
}

export function divide(a: Value, b: Value): Value {
  if (isNumeric(a) && isNumeric(b)) return Number(a) / Number(b);
  return mismatch('/', a, b);
}

export function modulo(a: Value, b: Value): Value {
  if (typeof a !== 'bigint' || typeof b !== 'bigint') return mismatch('%', a, b);
  return b === 0n ? fail('runtime error: integer divide by zero') : a % b;
}

export function power(a: Value, b: Value): Value {
  if (isNumeric(a) && isNumeric(b)) return Number(a) ** Number(b);
  return mismatch('**', a, b);
}

/** Negative, zero, positive, or NaN; strings byte-wise. */
function order(operator: string, a: Value, b: Value): number {
  if (isNumeric(a) && isNumeric(b)) return compareNumbers(a, b);
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  if ((isTime(a) && isTime(b)) || (isDuration(a) && isDuration(b))) {
    return compareNumbers(a.ns, b.ns);
  }
  return mismatch(operator, a, b);
}

/** By code point, which is the order of the UTF-8 bytes. */
export function compareText(a: string, b: string): number {
  const left = [...a];
  const right = [...b];
  for (let index = 0; index < Math.min(left.length, right.length); index++) {
    const difference = (left[index]?.codePointAt(0) ?? 0) - (right[index]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

export function isLess(a: Value, b: Value): boolean {
  return order('<', a, b) < 0;
}

export function compare(operator: string, a: Value, b: Value): boolean {
  const by = order(operator, a, b);
  switch (operator) {
    case '<':
      return by < 0;
    case '<=':
      return by <= 0;
    case '>':
      return by > 0;
    default:
      return by >= 0;
  }
}

export function contains(
  a: Value,
  b: Value,
  operator: 'contains' | 'startsWith' | 'endsWith',
): boolean {
  if (a === undefined || b === undefined) return false;
  if (typeof a !== 'string') return notText(a);
  if (typeof b !== 'string') return notText(b);
  if (operator === 'contains') return a.includes(b);
  return operator === 'startsWith' ? a.startsWith(b) : a.endsWith(b);
}

export function notText(value: Value): never {
  const name = value === undefined ? 'nil' : typeName(value);
  return fail(`interface conversion: interface {} is ${name}, not string`);
}

export function isIn(item: Value, container: Value): boolean {
  if (container === undefined) return false;
  if (isArray(container)) return container.some((member) => isEqual(item, member));
  if (isMap(container))
    return typeof item === 'string'
      ? container.has(item)
      : item === undefined
        ? false
        : notText(item);
  if (isTagged(container) && container.kind === 'struct') {
    return typeof item === 'string' ? item in container.fields : notText(item);
  }
  return fail(`operator "in" not defined on ${typeName(container)}`);
}

export function negate(value: Value): Value {
  if (typeof value === 'bigint') return wrap(-value);
  if (typeof value === 'number') return -value;
  if (isDuration(value)) return duration(-value.ns);
  return fail(`invalid operation: - ${typeName(value)}`);
}

/** The whole numbers from `a` to `b`, both included. */
export function range(a: Value, b: Value, budget: (elements: number) => void): readonly Value[] {
  const from = asWhole('..', a, b, a);
  const to = asWhole('..', a, b, b);
  if (to < from) return [];
  budget(Number(to - from) + 1);
  return Array.from({ length: Number(to - from) + 1 }, (_, index) => from + BigInt(index));
}

function asWhole(operator: string, a: Value, b: Value, value: Value): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return BigInt(Math.trunc(value));
  return mismatch(operator, a, b);
}
