// Static types and their rules (analysis.md 10.4).
import type { ResultValue } from './value.ts';

export type Type =
  | {
      readonly kind:
        | 'unknown'
        | 'nil'
        | 'bool'
        | 'int'
        | 'float'
        | 'string'
        | 'bytes'
        | 'time'
        | 'duration'
        | 'func';
    }
  | { readonly kind: 'array'; readonly element: Type; readonly name?: string }
  | { readonly kind: 'map' }
  | { readonly kind: 'named'; readonly name: string }
  | {
      readonly kind: 'struct';
      readonly name: string;
      readonly fields: Readonly<Record<string, Type>>;
    };

export const UNKNOWN: Type = { kind: 'unknown' };
export const NIL: Type = { kind: 'nil' };
export const BOOL: Type = { kind: 'bool' };
export const INT: Type = { kind: 'int' };
export const FLOAT: Type = { kind: 'float' };
export const STRING: Type = { kind: 'string' };
export const BYTES: Type = { kind: 'bytes' };
export const TIME: Type = { kind: 'time' };
export const DURATION: Type = { kind: 'duration' };
export const FUNC: Type = { kind: 'func' };
export const MAP: Type = { kind: 'map' };
export const ARRAY: Type = { kind: 'array', element: UNKNOWN };
export const FLOATS: Type = { kind: 'array', element: FLOAT, name: '[]float64' };

export function arrayOf(element: Type): Type {
  return { kind: 'array', element };
}

const NAMES: Readonly<Record<string, string>> = {
  unknown: 'unknown',
  nil: 'unknown',
  bool: 'bool',
  int: 'int',
  float: 'float64',
  string: 'string',
  bytes: '[]uint8',
  time: 'time.Time',
  duration: 'time.Duration',
  func: 'func',
  map: 'map[string]interface {}',
};

/** The type as compile-time messages name it; nil is printed like unknown. */
export function nameOf(type: Type): string {
  if (type.kind === 'array') return type.name ?? '[]interface {}';
  if (type.kind === 'named' || type.kind === 'struct') return type.name;
  return NAMES[type.kind] ?? type.kind;
}

export function isUnknown(type: Type): boolean {
  return type.kind === 'unknown';
}

export function isNumber(type: Type): boolean {
  return type.kind === 'int' || type.kind === 'float';
}

export function isOr(type: Type, ...kinds: readonly Type['kind'][]): boolean {
  return type.kind === 'unknown' || kinds.includes(type.kind);
}

/** Whether `==` between the two may be asked. */
export function isComparable(a: Type, b: Type): boolean {
  if (isUnknown(a) || isUnknown(b) || a.kind === 'nil' || b.kind === 'nil') return true;
  if (isNumber(a) && isNumber(b)) return true;
  if (a.kind !== b.kind) return false;
  return a.kind === 'named' || a.kind === 'struct' ? nameOf(a) === nameOf(b) : true;
}

export function sameType(a: Type, b: Type): boolean {
  return nameOf(a) === nameOf(b) && a.kind === b.kind;
}

/** The type that a result has before anything is evaluated. */
export function typeOfResult(result: ResultValue): Type {
  switch (result.type) {
    case 'json':
      return typeOfJson(result.value);
    case 'float64':
      return FLOAT;
    case 'float64[]':
      return FLOATS;
    case 'int':
      return INT;
    case 'nil-float64':
      return NIL;
    case 'any[] of int64':
      return ARRAY;
    default:
      return structsOf(result.name, result.value[0]);
  }
}

function typeOfJson(json: unknown): Type {
  if (json === null || json === undefined) return NIL;
  if (Array.isArray(json)) return ARRAY;
  switch (typeof json) {
    case 'number':
      return FLOAT;
    case 'string':
      return STRING;
    case 'boolean':
      return BOOL;
    default:
      return MAP;
  }
}

function structsOf(name: string, sample: Readonly<Record<string, unknown>> | undefined): Type {
  const fields = Object.entries(sample ?? {}).map(([field, value]): [string, Type] => {
    const isNumbers = Array.isArray(value) && value.every((item) => typeof item === 'number');
    return [field, isNumbers ? FLOATS : typeOfJson(value)];
  });
  return {
    kind: 'array',
    element: { kind: 'struct', name, fields: Object.fromEntries(fields) },
    name: `[]${name}`,
  };
}
