// Values while an expression runs, and how a provider's result becomes one (analysis.md 10.4).

/** A moment in nanoseconds since 1970 with the zone it is shown in. */
export interface TimeValue {
  readonly kind: 'time';
  readonly ns: bigint;
  readonly zone: string;
}

export interface DurationValue {
  readonly kind: 'duration';
  readonly ns: bigint;
}

/** A named number of the language's host: a month or a weekday. Comparable with nothing but itself. */
export interface NamedValue {
  readonly kind: 'named';
  readonly type: 'time.Month' | 'time.Weekday' | '*time.Location';
  readonly value: bigint;
  readonly text: string;
}

export interface BytesValue {
  readonly kind: 'bytes';
  readonly text: string;
}

/** A record with a fixed set of fields, as typed provider answers are (CloudWatch). */
export interface StructValue {
  readonly kind: 'struct';
  readonly type: string;
  readonly fields: Readonly<Record<string, Value>>;
}

/** A function seen as a value; it can only be asked for its type. */
export interface FunctionValue {
  readonly kind: 'function';
  readonly name: string;
}

export type MapValue = ReadonlyMap<string | Value, Value>;

/** Integers are bigint (64 bit), floats are number, nil is undefined. */
export type Value =
  | undefined
  | boolean
  | bigint
  | number
  | string
  | readonly Value[]
  | MapValue
  | TimeValue
  | DurationValue
  | NamedValue
  | BytesValue
  | StructValue
  | FunctionValue;

/**
 * What a provider measured, as it hands it over. `json` is decoded JSON (numbers are floats); typed numbers and
 * arrays keep their type, which conditions are checked against; `nil-float64` is a typed number that is absent.
 */
export type ResultValue =
  | { readonly type: 'json'; readonly value: unknown }
  | { readonly type: 'float64'; readonly value: number }
  | { readonly type: 'float64[]'; readonly value: readonly number[] }
  | { readonly type: 'int'; readonly value: number }
  | { readonly type: 'nil-float64' }
  | { readonly type: 'any[] of int64'; readonly value: readonly number[] }
  | {
      readonly type: 'struct[]';
      readonly name: string;
      readonly value: readonly Readonly<Record<string, unknown>>[];
    };

/** Decoded JSON as a value: numbers are floats, null is nil. */
export function fromJson(json: unknown): Value {
  if (json === null || json === undefined) return undefined;
  if (typeof json === 'number' || typeof json === 'string' || typeof json === 'boolean')
    return json;
  if (Array.isArray(json)) return json.map(fromJson);
  if (typeof json !== 'object') return undefined;
  return new Map(Object.entries(json).map(([key, member]) => [key, fromJson(member)]));
}

export function fromResult(result: ResultValue): Value {
  switch (result.type) {
    case 'json':
      return fromJson(result.value);
    case 'int':
      return BigInt(Math.trunc(result.value));
    case 'nil-float64':
      return undefined;
    case 'any[] of int64':
      return result.value.map((item) => BigInt(Math.trunc(item)));
    case 'struct[]':
      return result.value.map((item) => ({
        kind: 'struct',
        type: result.name,
        fields: fieldsOf(item),
      }));
    default:
      return result.value;
  }
}

function fieldsOf(item: Readonly<Record<string, unknown>>): Readonly<Record<string, Value>> {
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, fromJson(value)]));
}

export function isArray(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

export function isMap(value: Value): value is MapValue {
  return value instanceof Map;
}

type Tagged = TimeValue | DurationValue | NamedValue | BytesValue | StructValue | FunctionValue;

export function isTagged(value: Value): value is Tagged {
  return typeof value === 'object' && 'kind' in value;
}

/** The value's type as run-time messages name it. */
export function typeName(value: Value): string {
  if (value === undefined) return '<nil>';
  if (typeof value === 'bigint') return 'int';
  if (typeof value === 'number') return 'float64';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'string') return 'string';
  if (isArray(value)) return '[]interface {}';
  if (isMap(value)) return 'map[string]interface {}';
  return taggedName(value);
}

function taggedName(value: Tagged): string {
  switch (value.kind) {
    case 'time':
      return 'time.Time';
    case 'duration':
      return 'time.Duration';
    case 'named':
    case 'struct':
      return value.type;
    case 'bytes':
      return '[]uint8';
    default:
      return 'func';
  }
}
