// Reads gob: values as the sender defines their types, whatever they are. Entry point: `GobDecoder.next`.
//
// What is nonsense throws a GobError; what never ends is refused by its length before it is read.
import { concat } from '../../lib/bytes.ts';
import type { Body } from '../../lib/ports.ts';
import { GobReader, Incomplete } from './reader.ts';
import { BASIC_IDS, GobError, GobNamed, type GobType, type GobValue, WIRE } from './types.ts';

/** More than any object of an API server has. */
const LONGEST_MESSAGE = 16 * 1024 * 1024;
const DEEPEST = 100;

/** A type as it came: parts are ids. */
interface Defined {
  readonly sort: number;
  readonly name: string;
  readonly parts: readonly number[];
  readonly fields: readonly { readonly name: string; readonly id: number }[];
}

export class GobDecoder {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #types = new Map<number, Defined>();
  #pending: Uint8Array = new Uint8Array();

  constructor(incoming: Body) {
    this.#source = incoming[Symbol.asyncIterator]();
  }

  /** The next value; undefined when nothing more comes. */
  async next(): Promise<GobValue | undefined> {
    const messages: Uint8Array[] = [];
    for (;;) {
      const message = await this.#message(messages.length === 0);
      if (message === undefined) return undefined;
      messages.push(message);
      const reader = readerOf(messages);
      try {
        return this.#topLevel(reader);
      } catch (error) {
        if (!(error instanceof Incomplete)) throw error;
      }
    }
  }

  /** One message; undefined where the stream ends, which is an error inside of a value. */
  async #message(mayEnd: boolean): Promise<Uint8Array | undefined> {
    const length = await this.#length(mayEnd);
    if (length === undefined) return undefined;
    if (length > LONGEST_MESSAGE) throw new GobError(`a message of ${length} bytes`);
    while (this.#pending.length < length) {
      if (!(await this.#more())) throw new GobError('the stream ends in the middle of a message');
    }
    const message = this.#pending.subarray(0, length);
    this.#pending = this.#pending.subarray(length);
    return message;
  }

  async #length(mayEnd: boolean): Promise<number | undefined> {
    for (;;) {
      const reader = new GobReader(this.#pending, new Set());
      try {
        const length = reader.small();
        this.#pending = this.#pending.subarray(this.#pending.length - reader.left);
        return length;
      } catch (error) {
        if (!(error instanceof Incomplete)) throw error;
        if (await this.#more()) continue;
        if (mayEnd && this.#pending.length === 0) return undefined;
        throw new GobError('the stream ends in the middle of a value');
      }
    }
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#source.next();
    if (done === true) return false;
    this.#pending = concat([this.#pending, value]);
    return true;
  }

  #topLevel(reader: GobReader): GobValue {
    const id = this.#definitions(reader, false);
    return this.#whole(reader, id, 0);
  }

  /** Takes in what is defined; gives the id of the value that follows. */
  #definitions(reader: GobReader, isInside: boolean): number {
    for (;;) {
      if (reader.left === 0) throw new Incomplete();
      const id = reader.id();
      if (id >= 0) return id;
      this.#types.set(-id, definition(reader));
      // Inside of an interface definitions that share a message are told apart by their lengths.
      if (isInside && !reader.isAtStart) reader.small();
    }
  }

  #whole(reader: GobReader, id: number, depth: number): GobValue {
    const isStruct = this.#types.get(id)?.sort === WIRE.struct;
    if (!isStruct && reader.small() !== 0) throw new GobError('a value that is none');
    return this.#value(reader, id, depth);
  }

  #value(reader: GobReader, id: number, depth: number): GobValue {
    if (depth > DEEPEST) throw new GobError(`nested more than ${DEEPEST} deep`);
    const type = this.#types.get(id);
    if (type === undefined) return this.#basic(reader, id, depth);
    switch (type.sort) {
      case WIRE.struct:
        return this.#struct(reader, type, depth);
      case WIRE.map:
        return this.#map(reader, type, depth);
      case WIRE.slice:
      case WIRE.array:
        return this.#slice(reader, type, depth);
      default:
        return reader.counted();
    }
  }

  #basic(reader: GobReader, id: number, depth: number): GobValue {
    switch (id) {
      case BASIC_IDS.bool:
        return reader.uint() !== 0;
      case BASIC_IDS.int:
        return reader.int();
      case BASIC_IDS.uint:
        return reader.uint();
      case BASIC_IDS.float:
        return reader.float();
      case BASIC_IDS.bytes:
        return reader.counted();
      case BASIC_IDS.string:
        return reader.text();
      case BASIC_IDS.interface:
        return this.#named(reader, depth);
      default:
        throw new GobError(`a value of the type ${id}, which was not defined`);
    }
  }

  #named(reader: GobReader, depth: number): GobValue {
    const name = reader.text();
    if (name === '') return null;
    const id = this.#definitions(reader, true);
    reader.small();
    return new GobNamed(name, UNKNOWN, this.#whole(reader, id, depth + 1));
  }

  #slice(reader: GobReader, { parts }: Defined, depth: number): GobValue {
    const [item = 0] = parts;
    const count = reader.count();
    return Array.from({ length: count }, () => this.#value(reader, item, depth + 1));
  }

  #map(reader: GobReader, { parts }: Defined, depth: number): GobValue {
    const [key = 0, item = 0] = parts;
    const entries = new Map<GobValue, GobValue>();
    for (let left = reader.count(); left > 0; left -= 1) {
      const name = this.#value(reader, key, depth + 1);
      entries.set(name, this.#value(reader, item, depth + 1));
    }
    return entries;
  }

  #struct(reader: GobReader, { name, fields }: Defined, depth: number): GobValue {
    const members: [string, GobValue][] = [];
    for (const number of fieldNumbers(reader)) {
      const field = fields[number];
      if (field === undefined) throw new GobError(`field ${number} of ${name}, which has no such`);
      members.push([field.name, this.#value(reader, field.id, depth + 1)]);
    }
    return Object.fromEntries(members);
  }
}

/** The sender's own type of a value behind an interface is not kept. */
const UNKNOWN: GobType = { kind: 'interface' };

function readerOf(messages: readonly Uint8Array[]): GobReader {
  const starts = new Set<number>();
  let at = 0;
  for (const message of messages) {
    starts.add(at);
    at += message.length;
  }
  return new GobReader(concat(messages), starts);
}

/** Numbers of the fields that follow; each is to be read before the next is asked for. */
function* fieldNumbers(reader: GobReader): Generator<number> {
  let number = -1;
  for (let step = reader.small(); step !== 0; step = reader.small()) {
    number += step;
    yield number;
  }
}

/** What a type is made of, from the struct that tells it. */
function definition(reader: GobReader): Defined {
  let defined: Defined | undefined;
  for (const sort of fieldNumbers(reader)) defined = sortOf(reader, sort);
  if (defined === undefined) throw new GobError('a type without a definition');
  return defined;
}

function sortOf(reader: GobReader, sort: number): Defined {
  if (sort > WIRE.text) throw new GobError(`a sort of type ${sort}`);
  let name = '';
  let fields: Defined['fields'] = [];
  const parts: number[] = [];
  for (const number of fieldNumbers(reader)) {
    if (number === 0) name = commonName(reader);
    else if (sort === WIRE.struct) fields = fieldsOf(reader);
    else parts.push(reader.id());
  }
  return { sort, name, parts, fields };
}

/** The name of a type; its id is repeated beside it. */
function commonName(reader: GobReader): string {
  let name = '';
  for (const number of fieldNumbers(reader)) {
    if (number === 0) name = reader.text();
    else reader.id();
  }
  return name;
}

function fieldsOf(reader: GobReader): Defined['fields'] {
  const count = reader.count();
  return Array.from({ length: count }, () => {
    let name = '';
    let id = 0;
    for (const number of fieldNumbers(reader)) {
      if (number === 0) name = reader.text();
      else id = reader.id();
    }
    return { name, id };
  });
}
