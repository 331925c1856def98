// Builtins about numbers and times, and the helpers that conditions add (analysis.md 10.1, 10.7).
import { parseDuration } from '../lib/time.ts';
import { type Builtin, counted, printed, text, typed, unary, whole } from './builtin.ts';
import { isZone } from './calendar.ts';
import { isNumeric } from './equality.ts';
import { DEFAULT_LAYOUTS, parseLayout } from './layout.ts';
import { location, LOCATION_TYPE } from './methods.ts';
import { parseFloat64, parseInt64, wrap } from './numbers.ts';
import { add, isLess } from './operators.ts';
import { printValue } from './printing.ts';
import { ExprError, fail } from './problem.ts';
import { BOOL, DURATION, FLOAT, INT, isOr, STRING, TIME, type Type, UNKNOWN } from './types.ts';
import { isArray, type TimeValue, typeName, type Value } from './value.ts';

type Num = number | bigint;

function invalid(name: string, value: Value): never {
  return fail(`invalid argument for ${name} (type ${typeName(value)})`);
}

function numeric(name: string, value: Value): Num {
  return isNumeric(value) ? value : invalid(name, value);
}

/** Numbers of all arguments, nested arrays opened. A lone nil has none. */
function flatNumbers(name: string, values: readonly Value[]): readonly Num[] {
  return values.flatMap((value): readonly Num[] =>
    isArray(value) ? flatNumbers(name, value) : [numeric(name, value)],
  );
}

/** max and min keep the type of the chosen number; of nothing they are nil. */
function extreme(name: string, isBetter: (candidate: Num, held: Num) => boolean): Builtin {
  return {
    check: (args) => checkSeries(name, args, UNKNOWN),
    call(args) {
      if (args.length === 1 && args[0] === undefined) return undefined;
      let held: Num | undefined;
      for (const value of flatNumbers(name, args)) {
        if (held === undefined || isBetter(value, held)) held = value;
      }
      return held;
    },
  };
}

function checkSeries(name: string, args: readonly Type[], whenArrays: Type): Type {
  if (args.length === 0) fail(`not enough arguments to call ${name}`);
  for (const arg of args) {
    if (!isOr(arg, 'int', 'float', 'array'))
      fail(`invalid argument for ${name} (type ${printed(arg)})`);
  }
  const [first] = args;
  return args.length === 1 &&
    first !== undefined &&
    (first.kind === 'int' || first.kind === 'float')
    ? first
    : whenArrays;
}

function mean(args: readonly Value[]): number {
  const all = flatNumbers('mean', args).map(Number);
  return all.length === 0 ? 0 : all.reduce((sum, value) => sum + value, 0) / all.length;
}

function median(args: readonly Value[]): number {
  const all = flatNumbers('median', args).map(Number);
  all.sort((a, b) => a - b);
  const middle = Math.floor(all.length / 2);
  if (all.length === 0) return 0;
  const upper = all[middle] ?? 0;
  return all.length % 2 === 1 ? upper : ((all[middle - 1] ?? 0) + upper) / 2;
}

function rounding(name: string, apply: (value: number) => number): Builtin {
  return unary(name, ['int', 'float'], FLOAT, (value) => apply(Number(numeric(name, value))));
}

/** Half away from zero. */
function round(value: number): number {
  return Math.sign(value) * Math.round(Math.abs(value));
}

function toInt(value: Value): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return cut(value);
  if (typeof value !== 'string') return invalid('int', value);
  try {
    return parseInt64(value);
  } catch (error) {
    if (!(error instanceof ExprError)) throw error;
    return fail(`invalid operation: int(${value})`);
  }
}

/** Toward zero; what does not fit 64 bits becomes the least integer, as the host's conversion does. */
function cut(value: number): bigint {
  return Number.isFinite(value) ? wrap(BigInt(Math.trunc(value))) : -(2n ** 63n);
}

function toFloat(value: Value): number {
  if (isNumeric(value)) return Number(value);
  if (typeof value !== 'string') return invalid('float', value);
  try {
    return parseFloat64(value);
  } catch (error) {
    if (!(error instanceof ExprError)) throw error;
    return fail(`invalid operation: float(${value})`);
  }
}

function asInt(value: Value): bigint {
  if (isNumeric(value)) return typeof value === 'bigint' ? value : cut(value);
  if (typeof value === 'string') return parseInt64(value);
  return fail(`asInt() not supported on ${typeName(value)} ${printValue(value)}`);
}

function asFloat(value: Value): number {
  if (isNumeric(value)) return Number(value);
  if (typeof value === 'string') return parseFloat64(value);
  return fail(`asFloat() not supported on ${typeName(value)} ${printValue(value)}`);
}

function floatArgument(value: Value, isLiteral: boolean): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint' && isLiteral) return Number(value);
  return fail(
    `interface conversion: interface {} is ${value === undefined ? 'nil' : typeName(value)}, not float64`,
  );
}

function bits(name: string, apply: (a: bigint, b: bigint) => bigint): Builtin {
  return typed(name, [[INT, INT]], INT, ([a, b]) => wrap(apply(whole(a), whole(b))));
}

function shift(name: string, apply: (value: bigint, by: bigint) => bigint): Builtin {
  return bits(name, (value, by) => {
    if (by < 0n) fail(`invalid operation: negative shift count ${by} (type int)`);
    return by > 64n ? apply(value, 64n) : apply(value, by);
  });
}

function duration(value: Value): Value {
  const parsed = parseDuration(text(value));
  if (!parsed.ok) return fail(parsed.error);
  return { kind: 'duration', ns: BigInt(Math.round(parsed.duration * 1e6)) };
}

function date(args: readonly Value[]): TimeValue {
  const [value, layout, zone] = args.map(text);
  if (zone !== undefined && !isZone(zone)) fail(`unknown time zone ${zone}`);
  const layouts = layout === undefined ? DEFAULT_LAYOUTS : [layout];
  for (const candidate of layouts) {
    const time = parseLayout(value ?? '', candidate, zone ?? 'UTC');
    if (time !== undefined) return time;
  }
  return fail(
    layout === undefined
      ? `invalid date ${value}`
      : `parsing time ${JSON.stringify(value)} as ${JSON.stringify(layout)}: cannot parse`,
  );
}

/** Helpers of every condition; range-query times have isNaN and isInf alone. */
export const FLOAT_HELPERS: Readonly<Record<string, Builtin>> = {
  isNaN: typed('isNaN', [[FLOAT]], BOOL, ([value]) => Number.isNaN(floatArgument(value, true))),
  isInf: typed('isInf', [[FLOAT]], BOOL, ([value]) => {
    return Math.abs(floatArgument(value, true)) === Infinity;
  }),
};

export const CAST_HELPERS: Readonly<Record<string, Builtin>> = {
  asInt: typed('asInt', [[UNKNOWN]], INT, ([value]) => asInt(value)),
  asFloat: typed('asFloat', [[UNKNOWN]], FLOAT, ([value]) => asFloat(value)),
};

/** `isNil` and `default` look at the whole result, whatever their argument is (analysis.md 10.1). */
export function resultHelpers(result: Value): Readonly<Record<string, Builtin>> {
  return {
    isNil: typed('isNil', [[UNKNOWN]], BOOL, () => result === undefined),
    default: typed('default', [[UNKNOWN, UNKNOWN]], UNKNOWN, ([, fallback]) =>
      result === undefined ? fallback : result,
    ),
  };
}

function now(): Builtin {
  return {
    check(args) {
      counted('now', args, 0, 0);
      return TIME;
    },
    call: (_args, around) => ({ kind: 'time', ns: around.nowNs, zone: 'UTC' }),
  };
}

export const NUMBER_BUILTINS: Readonly<Record<string, Builtin>> = {
  abs: unary(
    'abs',
    ['int', 'float'],
    (arg) => arg,
    (value) => {
      const number = numeric('abs', value);
      return isLess(number, 0n) ? (typeof number === 'bigint' ? wrap(-number) : -number) : number;
    },
  ),
  ceil: rounding('ceil', Math.ceil),
  floor: rounding('floor', Math.floor),
  round: rounding('round', round),
  max: extreme('max', (candidate, held) => isLess(held, candidate)),
  min: extreme('min', (candidate, held) => isLess(candidate, held)),
  mean: { check: (args) => (checkSeries('mean', args, FLOAT), FLOAT), call: mean },
  median: { check: (args) => (checkSeries('median', args, FLOAT), FLOAT), call: median },
  int: unary('int', ['int', 'float', 'string'], INT, toInt),
  float: unary('float', ['int', 'float', 'string'], FLOAT, toFloat),
  bitand: bits('bitand', (a, b) => a & b),
  bitor: bits('bitor', (a, b) => a | b),
  bitxor: bits('bitxor', (a, b) => a ^ b),
  bitnand: bits('bitnand', (a, b) => a & ~b),
  bitnot: typed('bitnot', [[INT]], INT, ([value]) => wrap(~whole(value))),
  bitshl: shift('bitshl', (value, by) => value << by),
  bitshr: shift('bitshr', (value, by) => value >> by),
  bitushr: shift('bitushr', (value, by) => BigInt.asUintN(64, value) >> by),
  now: now(),
  duration: typed('duration', [[STRING]], DURATION, ([value]) => duration(value)),
  date: typed('date', [[STRING], [STRING, STRING], [STRING, STRING, STRING]], TIME, date),
  timezone: typed('timezone', [[STRING]], LOCATION_TYPE, ([name]) => location(text(name))),
};

/** The sum of an array, from the integer 0. */
export function sumOf(values: readonly Value[]): Value {
  return values.reduce<Value>(
    (sum, value) => (sum === 0n && isNumeric(value) ? value : add(value, sum)),
    0n,
  );
}
