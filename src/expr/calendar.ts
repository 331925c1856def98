// Days, clocks and zones of the proleptic Gregorian calendar, without the host's Date.

export interface Civil {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly nanosecond: number;
}

export const NS_PER_SECOND = 1_000_000_000n;
const SECONDS_PER_DAY = 86_400;

/** Days since 1970-01-01 of a civil date; years of 400 form a cycle of 146,097 days that begins in March. */
export function daysOf(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra =
    yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

function dateOf(days: number): { year: number; month: number; day: number } {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1;
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}

/** The zone's offset from UTC in seconds at a moment; undefined for an unknown zone. */
export function offsetAt(zone: string, epochSeconds: number): number | undefined {
  const fixed = /^([+-])(\d{2}):?(\d{2})$/.exec(zone);
  if (fixed !== null) {
    const size = Number(fixed[2]) * 3600 + Number(fixed[3]) * 60;
    return fixed[1] === '-' ? -size : size;
  }
  if (zone === '' || zone === 'UTC' || zone === 'Local' || zone === 'GMT') return 0;
  if (!isZone(zone)) return undefined;
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    timeZoneName: 'longOffset',
  }).formatToParts(epochSeconds * 1000);
  const name = parts.find((part) => part.type === 'timeZoneName')?.value ?? 'GMT';
  return name === 'GMT' ? 0 : offsetAt(name.slice(3), 0);
}

export function isZone(zone: string): boolean {
  if (zone === 'UTC' || zone === 'Local' || zone === '') return true;
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: zone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** What clocks and calendars in `zone` show at a moment. */
export function civilAt(ns: bigint, zone: string): Civil {
  const whole = ns >= 0n ? ns / NS_PER_SECOND : -((-ns + NS_PER_SECOND - 1n) / NS_PER_SECOND);
  const epochSeconds = Number(whole);
  const local = epochSeconds + (offsetAt(zone, epochSeconds) ?? 0);
  const days = Math.floor(local / SECONDS_PER_DAY);
  const secondOfDay = local - days * SECONDS_PER_DAY;
  return {
    ...dateOf(days),
    hour: Math.floor(secondOfDay / 3600),
    minute: Math.floor((secondOfDay % 3600) / 60),
    second: secondOfDay % 60,
    nanosecond: Number(ns - whole * NS_PER_SECOND),
  };
}

/** The moment at which clocks in `zone` show `civil`; undefined for an unknown zone. */
export function momentOf(civil: Civil, zone: string): bigint | undefined {
  const local =
    daysOf(civil.year, civil.month, civil.day) * SECONDS_PER_DAY +
    civil.hour * 3600 +
    civil.minute * 60 +
    civil.second;
  const guess = offsetAt(zone, local);
  if (guess === undefined) return undefined;
  const offset = offsetAt(zone, local - guess) ?? guess;
  return BigInt(local - offset) * NS_PER_SECOND + BigInt(civil.nanosecond);
}

/** Sunday is 0. */
export function weekdayOf(civil: Civil): number {
  return (((daysOf(civil.year, civil.month, civil.day) + 4) % 7) + 7) % 7;
}

export function yearDayOf(civil: Civil): number {
  return daysOf(civil.year, civil.month, civil.day) - daysOf(civil.year, 1, 1) + 1;
}
