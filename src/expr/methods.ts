// Methods of times, durations, months and weekdays (analysis.md 10.5), with Go's names.
import { formatDuration, milliseconds } from '../lib/time.ts';
import { type Civil, civilAt, isZone, weekdayOf, yearDayOf } from './calendar.ts';
import { formatLayout, MONTHS, WEEKDAYS } from './layout.ts';
import { fail } from './problem.ts';
import { BOOL, DURATION, FLOAT, INT, STRING, TIME, type Type } from './types.ts';
import { isTagged, type NamedValue, type TimeValue, typeName, type Value } from './value.ts';

interface Method {
  readonly params: readonly Type[];
  readonly result: Type;
  call(self: Value, args: readonly Value[]): Value;
}

const MONTH: Type = { kind: 'named', name: 'time.Month' };
const WEEKDAY: Type = { kind: 'named', name: 'time.Weekday' };
const LOCATION: Type = { kind: 'named', name: '*time.Location' };

function time(value: Value): TimeValue {
  if (isTagged(value) && value.kind === 'time') return value;
  return fail(`cannot use ${typeName(value)} as time.Time`);
}

function span(value: Value): bigint {
  if (isTagged(value) && value.kind === 'duration') return value.ns;
  return fail(`cannot use ${typeName(value)} as time.Duration`);
}

function named(value: Value): NamedValue {
  if (isTagged(value) && value.kind === 'named') return value;
  return fail(`cannot use ${typeName(value)} as a named number`);
}

function part(of: (civil: Civil) => number): Method {
  return {
    params: [],
    result: INT,
    call: (self) => BigInt(of(civilAt(time(self).ns, time(self).zone))),
  };
}

function unix(unit: bigint): Method {
  return { params: [], result: INT, call: (self) => floorDivide(time(self).ns, unit) };
}

function floorDivide(value: bigint, by: bigint): bigint {
  return value >= 0n ? value / by : -((-value + by - 1n) / by);
}

function relation(holds: (a: bigint, b: bigint) => boolean): Method {
  return {
    params: [TIME],
    result: BOOL,
    call: (self, [other]) => holds(time(self).ns, time(other).ns),
  };
}

const TIME_METHODS: Readonly<Record<string, Method>> = {
  Year: part((civil) => civil.year),
  Day: part((civil) => civil.day),
  Hour: part((civil) => civil.hour),
  Minute: part((civil) => civil.minute),
  Second: part((civil) => civil.second),
  Nanosecond: part((civil) => civil.nanosecond),
  YearDay: part(yearDayOf),
  Unix: unix(1_000_000_000n),
  UnixMilli: unix(1_000_000n),
  UnixMicro: unix(1000n),
  UnixNano: unix(1n),
  Month: {
    params: [],
    result: MONTH,
    call: (self) => monthOf(civilAt(time(self).ns, time(self).zone)),
  },
  Weekday: {
    params: [],
    result: WEEKDAY,
    call: (self) => weekday(civilAt(time(self).ns, time(self).zone)),
  },
  After: relation((a, b) => a > b),
  Before: relation((a, b) => a < b),
  Equal: relation((a, b) => a === b),
  Sub: {
    params: [TIME],
    result: DURATION,
    call: (self, [other]) => ({ kind: 'duration', ns: time(self).ns - time(other).ns }),
  },
  Add: {
    params: [DURATION],
    result: TIME,
    call: (self, [by]) => ({ ...time(self), ns: time(self).ns + span(by) }),
  },
  UTC: { params: [], result: TIME, call: (self) => ({ ...time(self), zone: 'UTC' }) },
  In: {
    params: [LOCATION],
    result: TIME,
    call: (self, [zone]) => ({ ...time(self), zone: named(zone).text }),
  },
  IsZero: {
    params: [],
    result: BOOL,
    call: (self) => time(self).ns === -62_135_596_800_000_000_000n,
  },
  Format: {
    params: [STRING],
    result: STRING,
    call: (self, [layout]) => formatLayout(time(self), typeof layout === 'string' ? layout : ''),
  },
  String: {
    params: [],
    result: STRING,
    call: (self) => formatLayout(time(self), '2006-01-02 15:04:05.999999999 -0700 MST'),
  },
};

function monthOf(civil: Civil): NamedValue {
  return {
    kind: 'named',
    type: 'time.Month',
    value: BigInt(civil.month),
    text: MONTHS[civil.month - 1] ?? '',
  };
}

function weekday(civil: Civil): NamedValue {
  const day = weekdayOf(civil);
  return { kind: 'named', type: 'time.Weekday', value: BigInt(day), text: WEEKDAYS[day] ?? '' };
}

function inUnits(ns: number): Method {
  return { params: [], result: FLOAT, call: (self) => Number(span(self)) / ns };
}

function wholeUnits(ns: bigint): Method {
  return { params: [], result: INT, call: (self) => span(self) / ns };
}

const DURATION_METHODS: Readonly<Record<string, Method>> = {
  Hours: inUnits(3_600_000_000_000),
  Minutes: inUnits(60_000_000_000),
  Seconds: inUnits(1_000_000_000),
  Milliseconds: wholeUnits(1_000_000n),
  Microseconds: wholeUnits(1000n),
  Nanoseconds: wholeUnits(1n),
  Abs: {
    params: [],
    result: DURATION,
    call: (self) => ({ kind: 'duration', ns: span(self) < 0n ? -span(self) : span(self) }),
  },
  String: {
    params: [],
    result: STRING,
    call: (self) => formatDuration(milliseconds(Number(span(self)) / 1e6)),
  },
};

const NAMED_METHODS: Readonly<Record<string, Method>> = {
  String: { params: [], result: STRING, call: (self) => named(self).text },
};

function methodsOf(kind: string): Readonly<Record<string, Method>> {
  if (kind === 'time') return TIME_METHODS;
  if (kind === 'duration') return DURATION_METHODS;
  return kind === 'named' ? NAMED_METHODS : {};
}

/** The method of a static type; undefined if it has none of that name. */
export function staticMethod(
  type: Type,
  name: string,
): Pick<Method, 'params' | 'result'> | undefined {
  return methodsOf(type.kind)[name];
}

/** Calls a method of a run-time value. */
export function callMethod(self: Value, name: string, args: readonly Value[]): Value {
  const method = isTagged(self) ? methodsOf(self.kind)[name] : undefined;
  if (method === undefined) return fail(`cannot fetch ${name} from ${typeName(self)}`);
  return method.call(self, args);
}

/** The zone of that name as a value. */
export function location(name: string): NamedValue {
  if (!isZone(name)) fail(`unknown time zone ${name}`);
  return { kind: 'named', type: '*time.Location', value: 0n, text: name === '' ? 'UTC' : name };
}

export const LOCATION_TYPE = LOCATION;
