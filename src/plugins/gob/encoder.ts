// Writes gob: values of known types, each type defined once before it is used. Entry point: `GobEncoder.encode`.
//
// An encoder belongs to one stream: what it has defined there it does not define again.
import { unreachable } from '../../lib/assert.ts';
import { concat } from '../../lib/bytes.ts';
import {
  BASIC_IDS,
  FIRST_OWN_ID,
  GobError,
  GobNamed,
  type GobType,
  type GobValue,
  isStruct,
  WIRE,
} from './types.ts';
import { GobWriter } from './writer.ts';

export class GobEncoder {
  readonly #ids = new Map<string, number>();
  readonly #defined = new Set<string>();

  /** The messages that send `value`: definitions of types that the other side does not know yet, then the value. */
  encode(type: GobType, value: GobValue): Uint8Array {
    const messages: Uint8Array[] = [];
    this.#define(type, messages);
    if (value instanceof GobNamed) this.#define(value.type, messages);
    const writer = new GobWriter();
    writer.int(this.#idOf(type));
    this.#whole(writer, type, value);
    return concat([...messages, framed(writer.bytes)]);
  }

  /** Outside of a struct a value stands behind a zero, as if it were the only field of one. */
  #whole(writer: GobWriter, type: GobType, value: GobValue): void {
    if (type.kind !== 'struct') writer.uint(0);
    this.#value(writer, type, value);
  }

  #idOf(type: GobType): number {
    if (isBasic(type)) return BASIC_IDS[type.kind];
    const key = keyOf(type);
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const id = FIRST_OWN_ID + this.#ids.size;
    this.#ids.set(key, id);
    return id;
  }

  #define(type: GobType, messages: Uint8Array[]): void {
    if (isBasic(type) || this.#defined.has(keyOf(type))) return;
    this.#defined.add(keyOf(type));
    const writer = new GobWriter();
    writer.int(-this.#idOf(type));
    this.#definition(writer, type);
    messages.push(framed(writer.bytes));
    for (const part of partsOf(type)) this.#define(part, messages);
  }

  /** A struct with one field, which names the sort of type; in it first what all types have, then the parts. */
  #definition(writer: GobWriter, type: Exclude<GobType, Basic>): void {
    writer.uint(WIRE[type.kind] + 1);
    writer.uint(1);
    const name = type.kind === 'struct' || type.kind === 'encoded' ? type.name : '';
    if (name !== '') {
      writer.uint(1);
      writer.text(name);
    }
    writer.uint(name === '' ? 2 : 1);
    writer.int(this.#idOf(type));
    writer.uint(0);
    if (type.kind === 'struct') this.#fields(writer, type.fields());
    else {
      for (const part of partsOf(type)) {
        writer.uint(1);
        writer.int(this.#idOf(part));
      }
    }
    writer.uint(0);
    writer.uint(0);
  }

  #fields(writer: GobWriter, fields: readonly { name: string; type: GobType }[]): void {
    if (fields.length === 0) return;
    writer.uint(1);
    writer.uint(fields.length);
    for (const field of fields) {
      writer.uint(1);
      writer.text(field.name);
      writer.uint(1);
      writer.int(this.#idOf(field.type));
      writer.uint(0);
    }
  }

  #value(writer: GobWriter, type: GobType, value: GobValue): void {
    switch (type.kind) {
      case 'bool':
        return writer.uint(value === true ? 1 : 0);
      case 'int':
        return writer.int(numberOf(value));
      case 'uint':
        return writer.uint(numberOf(value));
      case 'float':
        return writer.float(Number(numberOf(value)));
      case 'string':
        return writer.text(typeof value === 'string' ? value : mismatch('string', value));
      case 'bytes':
      case 'encoded':
        return writer.counted(value instanceof Uint8Array ? value : mismatch('bytes', value));
      case 'interface':
        return this.#named(writer, value);
      case 'slice':
        return this.#slice(writer, type.of, value);
      case 'map':
        return this.#map(writer, type, value);
      case 'struct':
        return this.#struct(writer, type, value);
      default:
        return unreachable(type);
    }
  }

  /** The name under which Go knows the type, its id, and the value with its length in front. */
  #named(writer: GobWriter, value: GobValue): void {
    if (value === null) return writer.uint(0);
    if (!(value instanceof GobNamed)) return mismatch('interface', value);
    writer.text(value.name);
    writer.int(this.#idOf(value.type));
    const inner = new GobWriter();
    this.#whole(inner, value.type, value.value);
    writer.counted(inner.bytes);
  }

  #slice(writer: GobWriter, of: GobType, value: GobValue): void {
    const items = Array.isArray(value) ? value : mismatch('slice', value);
    writer.uint(items.length);
    for (const item of items) this.#value(writer, of, item);
  }

  #map(writer: GobWriter, type: GobType & { kind: 'map' }, value: GobValue): void {
    const entries = value instanceof Map ? value : mismatch('map', value);
    writer.uint(entries.size);
    for (const [key, item] of entries) {
      this.#value(writer, type.key, key);
      this.#value(writer, type.value, item);
    }
  }

  /** Fields that are zero are left out; of the others each is preceded by its distance from the one before. */
  #struct(writer: GobWriter, type: GobType & { kind: 'struct' }, value: GobValue): void {
    const struct = isStruct(value) ? value : mismatch(type.name, value);
    let last = -1;
    for (const [index, field] of type.fields().entries()) {
      const member = struct[field.name];
      if (member === undefined || isZero(member)) continue;
      writer.uint(index - last);
      last = index;
      this.#value(writer, field.type, member);
    }
    writer.uint(0);
  }
}

type Basic = { readonly kind: keyof typeof BASIC_IDS };

function isBasic(type: GobType): type is Basic {
  return type.kind in BASIC_IDS;
}

/** Types that are the same have the same key. */
function keyOf(type: GobType): string {
  switch (type.kind) {
    case 'slice':
      return `[]${keyOf(type.of)}`;
    case 'map':
      return `map[${keyOf(type.key)}]${keyOf(type.value)}`;
    case 'struct':
    case 'encoded':
      return type.name;
    default:
      return type.kind;
  }
}

function partsOf(type: GobType): readonly GobType[] {
  switch (type.kind) {
    case 'slice':
      return [type.of];
    case 'map':
      return [type.key, type.value];
    case 'struct':
      return type.fields().map((field) => field.type);
    default:
      return [];
  }
}

function framed(message: Uint8Array): Uint8Array {
  const length = new GobWriter();
  length.uint(message.length);
  return concat([length.bytes, message]);
}

/** What need not be sent as the field of a struct. An empty map and an empty struct differ from none at all. */
function isZero(value: GobValue): boolean {
  if (value instanceof Uint8Array || Array.isArray(value)) return value.length === 0;
  return value === false || value === 0 || value === 0n || value === '' || value === null;
}

function numberOf(value: GobValue): number | bigint {
  return typeof value === 'number' || typeof value === 'bigint' ? value : mismatch('number', value);
}

function mismatch(wanted: string, value: GobValue): never {
  throw new GobError(`cannot write ${typeof value} as ${wanted}`);
}
