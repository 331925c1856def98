// Types and values of gob, the encoding of Go's net/rpc: what may be written, and what comes out of reading.
// The wire format is told in the documentation of Go's package encoding/gob.

export type GobType =
  | {
      readonly kind: 'bool' | 'int' | 'uint' | 'float' | 'bytes' | 'string' | 'interface';
    }
  | { readonly kind: 'slice'; readonly of: GobType }
  | { readonly kind: 'map'; readonly key: GobType; readonly value: GobType }
  /** `name` tells it from every other struct; fields are asked for when they are needed: a type may contain itself. */
  | { readonly kind: 'struct'; readonly name: string; fields(): readonly GobField[] }
  /** A type that encodes itself (GobEncoder), such as time.Time; its values are bytes. */
  | { readonly kind: 'encoded'; readonly name: string };

export interface GobField {
  readonly name: string;
  readonly type: GobType;
}

export interface GobStruct {
  readonly [field: string]: GobValue | undefined;
}

/** A value of a registered type, as Go sends what stands behind an interface. */
export class GobNamed {
  readonly name: string;
  readonly type: GobType;
  readonly value: GobValue;

  constructor(name: string, type: GobType, value: GobValue) {
    this.name = name;
    this.type = type;
    this.value = value;
  }
}

/** Integers beyond 2^53 are bigints; a struct has the fields that were sent; a nil interface is null. */
export type GobValue =
  | boolean
  | number
  | bigint
  | string
  | null
  | Uint8Array
  | readonly GobValue[]
  | ReadonlyMap<GobValue, GobValue>
  | GobStruct
  | GobNamed;

/** What was read is no gob, or not what was agreed on. */
export class GobError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'GobError';
  }
}

/** Ids that both sides know. */
export const BASIC_IDS = {
  bool: 1,
  int: 2,
  uint: 3,
  float: 4,
  bytes: 5,
  string: 6,
  interface: 8,
} as const;

/** Ids from here on are given by the sender. */
export const FIRST_OWN_ID = 65;

/** Fields of the struct that defines a type on the wire, by their number. */
export const WIRE = { array: 0, slice: 1, struct: 2, map: 3, encoded: 4, binary: 5, text: 6 };

export function isStruct(value: GobValue | undefined): value is GobStruct {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Uint8Array) &&
    !(value instanceof Map) &&
    !(value instanceof GobNamed)
  );
}
