// Dates by Go's reference layouts (`2006-01-02 15:04:05`): reading and printing.
import { type Civil, civilAt, momentOf, offsetAt, NS_PER_SECOND, weekdayOf } from './calendar.ts';
import type { TimeValue } from './value.ts';

export const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const;
export const WEEKDAYS = [
  'Sunday',
  'Monday',
  'Tuesday',
  'Wednesday',
  'Thursday',
  'Friday',
  'Saturday',
] as const;

const RFC3339 = '2006-01-02T15:04:05Z07:00';

/** Tried in this order for a date without layout (analysis.md 10.7). */
export const DEFAULT_LAYOUTS: readonly string[] = [
  '2006-01-02',
  '15:04:05',
  '2006-01-02 15:04:05',
  RFC3339,
  '02 Jan 06 15:04 MST',
  'Monday, 02-Jan-06 15:04:05 MST',
  'Mon, 02 Jan 2006 15:04:05 MST',
];

const ELEMENT =
  /2006|January|Jan|Monday|Mon|MST|Z07:00|Z0700|-07:00|-0700|-07|15|PM|pm|01|02|03|04|05|06|[.,]0+|[.,]9+|_2|1|2|3|4|5/g;

interface Draft {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  nanosecond: number;
  afternoon?: boolean;
  offset?: string;
}

interface Reader {
  readonly pattern: string;
  read?(text: string, draft: Draft): void;
}

function month(text: string): number {
  return MONTHS.findIndex((name) => name.toLowerCase().startsWith(text.toLowerCase())) + 1;
}

const TWO = String.raw`(\d{2})`;
const ONE_OR_TWO = String.raw`(\d{1,2})`;
const NAME = '([A-Za-z]+)';
const number = (field: 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second') => {
  return (text: string, draft: Draft) => {
    draft[field] = Number(text);
  };
};
const offset = (text: string, draft: Draft) => {
  draft.offset = text;
};

const READERS: Readonly<Record<string, Reader>> = {
  '2006': { pattern: String.raw`(\d{4})`, read: number('year') },
  '06': {
    pattern: TWO,
    read: (text, draft) => {
      draft.year = Number(text) + (Number(text) >= 69 ? 1900 : 2000);
    },
  },
  January: { pattern: NAME, read: (text, draft) => void (draft.month = month(text)) },
  Jan: { pattern: '([A-Za-z]{3})', read: (text, draft) => void (draft.month = month(text)) },
  '01': { pattern: TWO, read: number('month') },
  '1': { pattern: ONE_OR_TWO, read: number('month') },
  '02': { pattern: TWO, read: number('day') },
  _2: { pattern: String.raw`\s?(\d{1,2})`, read: number('day') },
  '2': { pattern: ONE_OR_TWO, read: number('day') },
  '15': { pattern: TWO, read: number('hour') },
  '03': { pattern: TWO, read: number('hour') },
  '3': { pattern: ONE_OR_TWO, read: number('hour') },
  '04': { pattern: TWO, read: number('minute') },
  '4': { pattern: ONE_OR_TWO, read: number('minute') },
  '05': { pattern: String.raw`(\d{2}(?:\.\d+)?)`, read: readSeconds },
  '5': { pattern: ONE_OR_TWO, read: number('second') },
  PM: { pattern: '(AM|PM)', read: (text, draft) => void (draft.afternoon = text === 'PM') },
  pm: { pattern: '(am|pm)', read: (text, draft) => void (draft.afternoon = text === 'pm') },
  Monday: { pattern: NAME },
  Mon: { pattern: '([A-Za-z]{3})' },
  MST: { pattern: String.raw`([A-Z]{3,5}|[+-]\d{2})`, read: offset },
  'Z07:00': { pattern: String.raw`(Z|[+-]\d{2}:\d{2})`, read: offset },
  Z0700: { pattern: String.raw`(Z|[+-]\d{4})`, read: offset },
  '-07:00': { pattern: String.raw`([+-]\d{2}:\d{2})`, read: offset },
  '-0700': { pattern: String.raw`([+-]\d{4})`, read: offset },
  '-07': { pattern: String.raw`([+-]\d{2})`, read: offset },
};

function readSeconds(text: string, draft: Draft): void {
  const [whole = '0', fraction = ''] = text.split('.');
  draft.second = Number(whole);
  draft.nanosecond = Number(fraction.padEnd(9, '0').slice(0, 9));
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}

/** The moment that `text` tells in `layout`; clocks without zone are those of `zone`. */
export function parseLayout(text: string, layout: string, zone: string): TimeValue | undefined {
  const readers: Reader[] = [];
  let pattern = '';
  let last = 0;
  for (const match of layout.matchAll(ELEMENT)) {
    pattern += escaped(layout.slice(last, match.index));
    last = match.index + match[0].length;
    const reader = READERS[match[0]];
    pattern += reader?.pattern ?? '';
    if (reader !== undefined) readers.push(reader);
  }
  const found = new RegExp(`^${pattern}${escaped(layout.slice(last))}$`).exec(text);
  if (found === null) return undefined;
  const draft: Draft = { year: 0, month: 1, day: 1, hour: 0, minute: 0, second: 0, nanosecond: 0 };
  for (const [index, reader] of readers.entries()) reader.read?.(found[index + 1] ?? '', draft);
  return momentFrom(draft, zone);
}

function momentFrom(draft: Draft, zone: string): TimeValue | undefined {
  if (draft.afternoon !== undefined) draft.hour = (draft.hour % 12) + (draft.afternoon ? 12 : 0);
  if (!isPossible(draft)) return undefined;
  const told =
    draft.offset === undefined || /^[A-Z]{2,}$/.test(draft.offset) ? undefined : draft.offset;
  const shown =
    draft.offset === undefined ? zone : told === undefined || told === 'Z' ? 'UTC' : normal(told);
  const ns = momentOf(draft, shown);
  return ns === undefined ? undefined : { kind: 'time', ns, zone: shown };
}

function normal(text: string): string {
  const digits = text.replace(':', '').padEnd(5, '0');
  return `${digits.slice(0, 3)}:${digits.slice(3)}`;
}

function isPossible(draft: Draft): boolean {
  const { year, month: monthNumber, day, hour, minute, second } = draft;
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][monthNumber - 1];
  return days !== undefined && day >= 1 && day <= days && hour < 24 && minute < 60 && second < 60;
}

function padded(value: number, length = 2): string {
  return String(value).padStart(length, '0');
}

function offsetText(seconds: number, separator: string): string {
  const size = Math.abs(seconds);
  return `${seconds < 0 ? '-' : '+'}${padded(Math.floor(size / 3600))}${separator}${padded(Math.floor((size % 3600) / 60))}`;
}

/** The moment in `layout`, as shown in its own zone. */
export function formatLayout(time: TimeValue, layout: string): string {
  const civil = civilAt(time.ns, time.zone);
  const seconds = offsetAt(time.zone, Number(time.ns / NS_PER_SECOND)) ?? 0;
  return layout.replace(ELEMENT, (element) =>
    printed(element, civil, { seconds, zone: time.zone }),
  );
}

function printed(element: string, civil: Civil, shown: { seconds: number; zone: string }): string {
  const hour12 = civil.hour % 12 === 0 ? 12 : civil.hour % 12;
  const table: Readonly<Record<string, string>> = {
    '2006': padded(civil.year, 4),
    '06': padded(civil.year % 100),
    January: MONTHS[civil.month - 1] ?? '',
    Jan: (MONTHS[civil.month - 1] ?? '').slice(0, 3),
    '01': padded(civil.month),
    '1': String(civil.month),
    '02': padded(civil.day),
    _2: String(civil.day).padStart(2, ' '),
    '2': String(civil.day),
    '15': padded(civil.hour),
    '03': padded(hour12),
    '3': String(hour12),
    '04': padded(civil.minute),
    '4': String(civil.minute),
    '05': padded(civil.second),
    '5': String(civil.second),
    PM: civil.hour >= 12 ? 'PM' : 'AM',
    pm: civil.hour >= 12 ? 'pm' : 'am',
    Monday: WEEKDAYS[weekdayOf(civil)] ?? '',
    Mon: (WEEKDAYS[weekdayOf(civil)] ?? '').slice(0, 3),
    MST: shown.seconds === 0 ? 'UTC' : offsetText(shown.seconds, '').slice(0, 3),
    'Z07:00': shown.seconds === 0 ? 'Z' : offsetText(shown.seconds, ':'),
    Z0700: shown.seconds === 0 ? 'Z' : offsetText(shown.seconds, ''),
    '-07:00': offsetText(shown.seconds, ':'),
    '-0700': offsetText(shown.seconds, ''),
    '-07': offsetText(shown.seconds, ':').slice(0, 3),
  };
  return table[element] ?? fraction(element, civil.nanosecond);
}

/** `.000` prints that many digits, `.999` leaves out zeros at the end. */
function fraction(element: string, nanosecond: number): string {
  const digits = padded(nanosecond, 9).slice(0, element.length - 1);
  if (element.charAt(1) === '0') return `${element.charAt(0)}${digits}`;
  const short = digits.replace(/0+$/, '');
  return short === '' ? '' : `${element.charAt(0)}${short}`;
}
