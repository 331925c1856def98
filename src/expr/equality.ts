// Equality of run-time values (analysis.md 10.5).
import { isArray, isMap, isTagged, type MapValue, type Value } from './value.ts';

/** Numbers by value across int and float, arrays element by element, maps by deep identity, nil only with nil. */
export function isEqual(a: Value, b: Value): boolean {
  if (isNumeric(a) && isNumeric(b)) return compareNumbers(a, b) === 0;
  if (isArray(a) && isArray(b)) {
    return a.length === b.length && a.every((item, index) => isEqual(item, b[index]));
  }
  return isIdentical(a, b);
}

export function isNumeric(value: Value): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

/** Negative, zero, positive; NaN when one of them is NaN. */
export function compareNumbers(a: number | bigint, b: number | bigint): number {
  if (typeof a === 'number' && typeof b === 'number') return a === b ? 0 : a - b;
  if (typeof a === 'bigint' && typeof b === 'bigint') return a < b ? -1 : Number(a > b);
  const left = Number(a);
  const right = Number(b);
  return left === right ? 0 : left - right;
}

function isIdentical(a: Value, b: Value): boolean {
  if (isArray(a) || isArray(b)) {
    return (
      isArray(a) &&
      isArray(b) &&
      a.length === b.length &&
      a.every((item, index) => isIdentical(item, b[index]))
    );
  }
  if (isMap(a) || isMap(b)) return isMap(a) && isMap(b) && areMapsIdentical(a, b);
  if (isTagged(a) || isTagged(b)) return isTagged(a) && isTagged(b) && areTaggedEqual(a, b);
  return a === b;
}

function areMapsIdentical(a: MapValue, b: MapValue): boolean {
  return (
    a.size === b.size &&
    [...a].every(([key, value]) => b.has(key) && isIdentical(value, b.get(key)))
  );
}

function areTaggedEqual(
  a: Extract<Value, { kind: string }>,
  b: Extract<Value, { kind: string }>,
): boolean {
  if (a.kind === 'time' && b.kind === 'time') return a.ns === b.ns;
  if (a.kind === 'duration' && b.kind === 'duration') return a.ns === b.ns;
  if (a.kind === 'named' && b.kind === 'named') return a.type === b.type && a.value === b.value;
  if (a.kind === 'bytes' && b.kind === 'bytes') return a.text === b.text;
  if (a.kind === 'struct' && b.kind === 'struct') {
    return areMapsIdentical(new Map(Object.entries(a.fields)), new Map(Object.entries(b.fields)));
  }
  return false;
}
