// JSON as Go's structs and back: what a plugin gets of our objects, and what its answers are as JSON.
// Entry point: `goTypes`.
//
// What Go would refuse to read (a text where a number belongs) is left out, as is what its types do not have.
import type { Json } from '../../api/object.ts';
import { fromBase64, utf8, utf8Text } from '../../lib/bytes.ts';
import { formatInstant, parseInstant } from '../../lib/time.ts';
import { instantOf, isZeroTime, TIME, timeBytes } from '../gob/time.ts';
import { GobError, type GobStruct, type GobType, type GobValue, isStruct } from '../gob/types.ts';

interface JsonObject {
  readonly [key: string]: Json;
}

export interface GoTypes {
  type(name: string): GobType;
  /** A JSON value as that type; undefined if there is none. */
  value(name: string, json: Json | undefined): GobValue | undefined;
  /** An answer as JSON; undefined if it is not of that type. Throws a GobError for members that cannot be read. */
  json(name: string, value: GobValue | undefined): Json | undefined;
}

interface Field {
  readonly name: string;
  /** `^`: its members are one level up in JSON. */
  readonly json: string;
  readonly type: string;
}

/** Types by their descriptions (`reference-types.ts` tells how these are written). */
export function goTypes(descriptions: Readonly<Record<string, string>>): GoTypes {
  return new Types(descriptions);
}

const INT_OR_STRING: GobType = {
  kind: 'struct',
  name: 'IntOrString',
  fields: () => [
    { name: 'Type', type: { kind: 'int' } },
    { name: 'IntVal', type: { kind: 'int' } },
    { name: 'StrVal', type: { kind: 'string' } },
  ],
};

/** Of a quantity Go's encoder sees nothing but how it is to be printed: its amount is lost on the way. */
const QUANTITY: GobType = {
  kind: 'struct',
  name: 'Quantity',
  fields: () => [{ name: 'Format', type: { kind: 'string' } }],
};

const BASIC = {
  bool: { kind: 'bool' },
  int: { kind: 'int' },
  float: { kind: 'float' },
  string: { kind: 'string' },
  json: { kind: 'bytes' },
  bytes: { kind: 'bytes' },
  time: TIME,
  IntOrString: INT_OR_STRING,
  Quantity: QUANTITY,
} as const satisfies Readonly<Record<string, GobType>>;

type BasicName = keyof typeof BASIC;

function isBasic(name: string): name is BasicName {
  return name in BASIC;
}

class Types implements GoTypes {
  readonly #descriptions: Readonly<Record<string, string>>;
  readonly #types = new Map<string, GobType>();
  readonly #fields = new Map<string, readonly Field[]>();

  constructor(descriptions: Readonly<Record<string, string>>) {
    this.#descriptions = descriptions;
  }

  type(name: string): GobType {
    const known = this.#types.get(name);
    if (known !== undefined) return known;
    const made = this.#make(name);
    this.#types.set(name, made);
    return made;
  }

  value(name: string, json: Json | undefined): GobValue | undefined {
    if (json === undefined || (json === null && name !== 'json')) return undefined;
    if (isBasic(name)) return basicValue(name, json);
    const item = itemOf(name);
    if (item === undefined) return isObject(json) ? this.#struct(name, json) : undefined;
    if (!item.isMap) {
      if (!Array.isArray(json)) return undefined;
      return present(json.map((one: Json) => this.value(item.type, one)));
    }
    if (!isObject(json)) return undefined;
    const entries = Object.entries(json).flatMap(([key, one]) => {
      const value = this.value(item.type, one);
      return value === undefined ? [] : [[key, value] as const];
    });
    return new Map<GobValue, GobValue>(entries);
  }

  json(name: string, value: GobValue | undefined): Json | undefined {
    if (value === undefined || value === null) return undefined;
    if (isBasic(name)) return basicJson(name, value);
    const item = itemOf(name);
    if (item === undefined) return isStruct(value) ? this.#object(name, value) : undefined;
    if (!item.isMap) {
      if (!Array.isArray(value)) return undefined;
      return present(value.map((one: GobValue) => this.json(item.type, one)));
    }
    if (!(value instanceof Map)) return undefined;
    const entries = [...value].flatMap(([key, one]) => {
      const member = this.json(item.type, one);
      return member === undefined ? [] : [[String(key), member] as const];
    });
    return Object.fromEntries(entries);
  }

  #make(name: string): GobType {
    if (isBasic(name)) return BASIC[name];
    const item = itemOf(name);
    if (item === undefined) {
      const fields = () =>
        this.#fieldsOf(name).map((field) => ({ name: field.name, type: this.type(field.type) }));
      return { kind: 'struct', name, fields };
    }
    const of = this.type(item.type);
    return item.isMap ? { kind: 'map', key: BASIC.string, value: of } : { kind: 'slice', of };
  }

  #fieldsOf(name: string): readonly Field[] {
    const known = this.#fields.get(name);
    if (known !== undefined) return known;
    const text = this.#descriptions[name] ?? '';
    const fields = text.split(', ').flatMap((one) => (one === '' ? [] : [fieldOf(one)]));
    this.#fields.set(name, fields);
    return fields;
  }

  #struct(name: string, json: JsonObject): GobStruct {
    const members = this.#fieldsOf(name).flatMap((field) => {
      const value =
        field.json === '^'
          ? this.#struct(field.type, json)
          : this.value(field.type, json[field.json]);
      return value === undefined ? [] : [[field.name, value] as const];
    });
    return Object.fromEntries(members);
  }

  #object(name: string, value: GobStruct): JsonObject {
    const members = this.#fieldsOf(name).flatMap((field): (readonly [string, Json])[] => {
      const member = this.json(field.type, value[field.name]);
      if (member === undefined) return [];
      return field.json === '^' && isObject(member)
        ? Object.entries(member)
        : [[field.json, member]];
    });
    return Object.fromEntries(members);
  }
}

/** `Name type` or `Name=json type`. */
function fieldOf(text: string): Field {
  const [names = '', type = ''] = text.split(' ');
  const [name = '', json = `${name.charAt(0).toLowerCase()}${name.slice(1)}`] = names.split('=');
  return { name, json, type };
}

/** What a slice or a map is made of; undefined for a struct. */
function itemOf(name: string): { readonly isMap: boolean; readonly type: string } | undefined {
  if (name.startsWith('[]')) return { isMap: false, type: name.slice(2) };
  const found = /^map\[string\](.+)$/.exec(name);
  return found === null ? undefined : { isMap: true, type: found[1] ?? '' };
}

function present<T>(all: readonly (T | undefined)[]): readonly T[] {
  return all.filter((one) => one !== undefined);
}

function isObject(json: Json | undefined): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

function basicValue(name: BasicName, json: Json): GobValue | undefined {
  switch (name) {
    case 'bool':
      return typeof json === 'boolean' ? json : undefined;
    case 'int':
      return typeof json === 'number' ? Math.trunc(json) : undefined;
    case 'float':
      return typeof json === 'number' ? json : undefined;
    case 'string':
      return typeof json === 'string' ? json : undefined;
    case 'json':
      return utf8(JSON.stringify(json));
    default:
      return encodedValue(name, json);
  }
}

function encodedValue(name: BasicName, json: Json): GobValue | undefined {
  if (name === 'IntOrString') {
    if (typeof json === 'number') return { IntVal: Math.trunc(json) };
    return typeof json === 'string' ? { Type: 1, StrVal: json } : undefined;
  }
  if (typeof json === 'number' && name === 'Quantity') return { Format: 'DecimalSI' };
  if (typeof json !== 'string') return undefined;
  if (name === 'Quantity') return { Format: quantityFormat(json) };
  if (name === 'bytes') return fromBase64(json);
  const at = parseInstant(json);
  return at === undefined ? undefined : timeBytes(at);
}

function quantityFormat(text: string): string {
  if (/[KMGTPE]i$/.test(text)) return 'BinarySI';
  return /[eE][+-]?\d+$/.test(text) ? 'DecimalExponent' : 'DecimalSI';
}

/** Of what plugins answer: neither quantities nor texts-or-numbers are among it. */
function basicJson(name: BasicName, value: GobValue): Json | undefined {
  switch (name) {
    case 'bool':
      return typeof value === 'boolean' ? value : undefined;
    case 'int':
    case 'float':
      return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : undefined;
    case 'string':
      return typeof value === 'string' ? value : undefined;
    case 'json':
      return value instanceof Uint8Array ? parsedJson(value) : undefined;
    case 'time':
      return value instanceof Uint8Array ? timeText(value) : undefined;
    default:
      return undefined;
  }
}

function timeText(bytes: Uint8Array): string | undefined {
  const at = instantOf(bytes);
  return isZeroTime(at) ? undefined : formatInstant(at);
}

/** Nothing is none. */
function parsedJson(bytes: Uint8Array): Json | undefined {
  if (bytes.length === 0) return undefined;
  try {
    return JSON.parse(utf8Text(bytes)) as Json;
  } catch {
    throw new GobError('a member that should be JSON is none');
  }
}
