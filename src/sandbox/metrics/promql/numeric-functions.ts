// Functions of one value: arithmetic, trigonometry, calendar. The name of the metric goes, the labels stay.
import { calendarOf } from './calendar.ts';

/** `parameters` are the function's other arguments at the same step. Undefined: no result. */
type NumericFunction = (value: number, parameters: readonly number[]) => number | undefined;

export const NUMERIC_FUNCTIONS: ReadonlyMap<string, NumericFunction> = new Map<
  string,
  NumericFunction
>([
  ['abs', Math.abs],
  ['acos', Math.acos],
  ['acosh', Math.acosh],
  ['asin', Math.asin],
  ['asinh', Math.asinh],
  ['atan', Math.atan],
  ['atanh', Math.atanh],
  ['ceil', Math.ceil],
  ['clamp', clamped],
  ['clamp_max', (value, [high = 0]) => lesser(high, value)],
  ['clamp_min', (value, [low = 0]) => greater(low, value)],
  ['cos', Math.cos],
  ['cosh', Math.cosh],
  ['day_of_month', (value) => calendarOf(value).dayOfMonth],
  ['day_of_week', (value) => calendarOf(value).dayOfWeek],
  ['day_of_year', (value) => calendarOf(value).dayOfYear],
  ['days_in_month', (value) => calendarOf(value).daysInMonth],
  ['deg', (value) => (value * 180) / Math.PI],
  ['exp', Math.exp],
  ['floor', Math.floor],
  ['hour', (value) => calendarOf(value).hour],
  ['ln', Math.log],
  ['log10', Math.log10],
  ['log2', Math.log2],
  ['minute', (value) => calendarOf(value).minute],
  ['month', (value) => calendarOf(value).month],
  ['rad', (value) => (value * Math.PI) / 180],
  ['round', (value, [nearest = 1]) => rounded(value, nearest)],
  ['sgn', (value) => (value < 0 ? -1 : value > 0 ? 1 : value)],
  ['sin', Math.sin],
  ['sinh', Math.sinh],
  ['sqrt', Math.sqrt],
  ['tan', Math.tan],
  ['tanh', Math.tanh],
  ['year', (value) => calendarOf(value).year],
]);

function clamped(value: number, [low = 0, high = 0]: readonly number[]): number | undefined {
  return high < low ? undefined : greater(low, lesser(high, value));
}

/** Halves go up. Multiplied by the inverse: dividing by a number like 0.1 would round once more. */
function rounded(value: number, nearest: number): number {
  const inverse = 1 / nearest;
  return Math.floor(value * inverse + 0.5) / inverse;
}

// In Go an infinite bound wins over NaN; in JavaScript NaN always wins.
function greater(a: number, b: number): number {
  return a === Infinity || b === Infinity ? Infinity : Math.max(a, b);
}

function lesser(a: number, b: number): number {
  return a === -Infinity || b === -Infinity ? -Infinity : Math.min(a, b);
}
