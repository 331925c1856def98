// Members, elements and slices of run-time values (analysis.md 10.5).
import { utf8, utf8Text } from '../lib/bytes.ts';
import { whole } from './builtin.ts';
import { printValue } from './printing.ts';
import { fail } from './problem.ts';
import { isArray, isMap, isTagged, typeName, type Value } from './value.ts';

/** `base[key]`, which is also `base.key`. */
export function elementAt(base: Value, key: Value): Value {
  if (isArray(base)) return itemAt(base, key);
  if (isMap(base)) return base.get(key);
  if (isTagged(base) && base.kind === 'struct' && typeof key === 'string') return base.fields[key];
  if (typeof base === 'string') return byteAt(base, key);
  const shown = printValue(key);
  return fail(`cannot fetch ${shown} from ${typeName(base)}`);
}

function indexOf(key: Value, length: number): number {
  if (typeof key === 'string') return fail('invalid operation: int(string)');
  const given = Number(whole(key));
  return given < 0 ? given + length : given;
}

function itemAt(items: readonly Value[], key: Value): Value {
  const at = indexOf(key, items.length);
  if (at < 0 || at >= items.length) {
    fail(`index out of range: ${at} (array length is ${items.length})`);
  }
  return items[at];
}

function byteAt(text: string, key: Value): Value {
  const bytes = utf8(text);
  const at = indexOf(key, bytes.length);
  const byte = bytes[at];
  return byte === undefined
    ? fail(`index out of range: ${at} (array length is ${bytes.length})`)
    : BigInt(byte);
}

/** `base[from:to]`: negative bounds count from the end, others are clamped, a crossed pair gives nothing. */
export function sliceOf(base: Value, from: Value, to: Value): Value {
  if (isArray(base)) {
    const [start, end] = bounds(from, to, base.length);
    return base.slice(start, end);
  }
  if (typeof base !== 'string') return fail(`cannot slice ${typeName(base)}`);
  const bytes = utf8(base);
  const [start, end] = bounds(from, to, bytes.length);
  return utf8Text(bytes.slice(start, end));
}

function bounds(from: Value, to: Value, length: number): readonly [number, number] {
  const clamp = (bound: Value, absent: number): number => {
    if (bound === undefined) return absent;
    const given = Number(whole(bound));
    return Math.min(Math.max(given < 0 ? given + length : given, 0), length);
  };
  const end = clamp(to, length);
  return [Math.min(clamp(from, 0), end), end];
}
