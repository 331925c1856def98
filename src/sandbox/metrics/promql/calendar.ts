// Dates of unix times in UTC, for all seconds that fit into 64 bits, as Go counts them. No dependence on Date, which
// ends at the year 275760.

export interface Calendar {
  readonly year: number;
  readonly month: number;
  readonly dayOfMonth: number;
  /** 0 is Sunday. */
  readonly dayOfWeek: number;
  readonly dayOfYear: number;
  readonly daysInMonth: number;
  readonly hour: number;
  readonly minute: number;
}

const DAY = 86_400;
const CYCLE_YEARS = 400;
const CYCLE_DAYS = 146_097;

const SMALLEST = -(2n ** 63n);
/** Go counts in 64 bits from this year on; times before 1970 by more than that wrap around. */
const EPOCH_YEAR = -292_277_022_399;
const EPOCH_OFFSET = 9_223_372_028_715_321_600n;
const WRAP = 2n ** 64n;

/** The date of a time in seconds; fractions are cut. NaN and what does not fit is the smallest time there is. */
export function calendarOf(seconds: number): Calendar {
  const isSafe = Math.abs(seconds) < 2 ** 63;
  const whole = isSafe ? BigInt(Math.trunc(seconds)) : SMALLEST;
  const absolute = (((whole + EPOCH_OFFSET) % WRAP) + WRAP) % WRAP;
  const days = Number(absolute / BigInt(DAY));
  const ofDay = Number(absolute % BigInt(DAY));
  return { ...dateOf(days), hour: Math.floor(ofDay / 3600), minute: Math.floor(ofDay / 60) % 60 };
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

function monthLengths(year: number): readonly number[] {
  return [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
}

/** The date that is `days` after the first of January of the epoch year, a Monday like that of 2001. */
function dateOf(days: number): Omit<Calendar, 'hour' | 'minute'> {
  const cycles = Math.floor(days / CYCLE_DAYS);
  let rest = days % CYCLE_DAYS;
  let year = EPOCH_YEAR + cycles * CYCLE_YEARS;
  while (rest >= (isLeap(year) ? 366 : 365)) {
    rest -= isLeap(year) ? 366 : 365;
    year += 1;
  }
  const lengths = monthLengths(year);
  let inMonth = rest;
  let month = 0;
  while (inMonth >= (lengths[month] ?? 31)) {
    inMonth -= lengths[month] ?? 31;
    month += 1;
  }
  return {
    year,
    month: month + 1,
    dayOfMonth: inMonth + 1,
    dayOfWeek: (days + 1) % 7,
    dayOfYear: rest + 1,
    daysInMonth: lengths[month] ?? 31,
  };
}
