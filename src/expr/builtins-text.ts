// Builtins about text, base64 and JSON (analysis.md 10.7).
import { base64, fromBase64, utf8, utf8Text } from '../lib/bytes.ts';
import { type Builtin, text, typed, unary, whole } from './builtin.ts';
import { printJson, printValue } from './printing.ts';
import { fail } from './problem.ts';
import { ARRAY, arrayOf, BOOL, INT, STRING, type Type, UNKNOWN } from './types.ts';
import { fromJson, isArray, typeName, type Value } from './value.ts';

const STRINGS = arrayOf(STRING);
const one: readonly Type[] = [STRING];
const two: readonly Type[] = [STRING, STRING];
const three: readonly Type[] = [STRING, STRING, STRING];

function trimmed(value: string, characters: string): string {
  const set = new Set(characters);
  const all = [...value];
  let from = 0;
  let to = all.length;
  while (from < to && set.has(all[from] ?? '')) from++;
  while (to > from && set.has(all[to - 1] ?? '')) to--;
  return all.slice(from, to).join('');
}

/** At most `limit` parts, the last with all the rest; negative: all. `keep` leaves the separator on the parts. */
function splitAt(
  value: string,
  separator: string,
  limit: number,
  keep: boolean,
): readonly string[] {
  if (limit === 0) return [];
  const parts = separator === '' ? [...value] : value.split(separator);
  const cut = limit > 0 && parts.length > limit;
  const head = cut ? parts.slice(0, limit - 1) : parts;
  const joined = cut ? [...head, parts.slice(limit - 1).join(separator)] : head;
  return keep
    ? joined.map((part, index) => (index < joined.length - 1 ? part + separator : part))
    : joined;
}

function limitOf(value: Value): number {
  return value === undefined ? -1 : Number(whole(value));
}

function replaced(args: readonly Value[]): string {
  const [value = '', from = '', to = ''] = args.slice(0, 3).map(text);
  const limit = limitOf(args[3]);
  if (limit < 0) return value.replaceAll(from, () => to);
  const parts = splitAt(value, from, limit + 1, false);
  return parts.join(to);
}

const MAX_REPEAT = 1_000_000n;

function repeated(value: Value, times: Value): string {
  const count = whole(times);
  if (count < 0n) fail(`invalid argument for repeat (expected positive integer, got ${count})`);
  if (count > MAX_REPEAT) fail('memory budget exceeded');
  return text(value).repeat(Number(count));
}

function joined(list: Value, separator: Value): string {
  if (!isArray(list))
    return fail(`interface conversion: interface {} is ${typeName(list)}, not []string`);
  return list.map(text).join(separator === undefined ? '' : text(separator));
}

function byteIndex(value: string, at: number): bigint {
  return at < 0 ? -1n : BigInt(utf8(value.slice(0, at)).length);
}

function parsedJson(source: string): Value {
  try {
    return fromJson(JSON.parse(source));
  } catch {
    const start = source.trimStart();
    if (start === '') return fail('unexpected end of JSON input');
    const character = [...start][0] ?? '';
    if (!/^[-[{"\dtfn]/.test(character)) {
      fail(`invalid character '${character}' looking for beginning of value`);
    }
    return fail(`invalid JSON: ${JSON.stringify(source)}`);
  }
}

function decoded(source: string): string {
  const bytes = fromBase64(source);
  return bytes === undefined ? fail('illegal base64 data at input byte 0') : utf8Text(bytes);
}

export const TEXT_BUILTINS: Readonly<Record<string, Builtin>> = {
  trim: typed('trim', [one, two], STRING, ([value, set]) =>
    set === undefined ? text(value).trim() : trimmed(text(value), text(set)),
  ),
  trimPrefix: typed('trimPrefix', [two], STRING, ([value, prefix]) => {
    return text(value).startsWith(text(prefix))
      ? text(value).slice(text(prefix).length)
      : text(value);
  }),
  trimSuffix: typed('trimSuffix', [two], STRING, ([value, suffix]) => {
    const end = text(value).length - text(suffix).length;
    return text(value).endsWith(text(suffix)) ? text(value).slice(0, end) : text(value);
  }),
  upper: typed('upper', [one], STRING, ([value]) => text(value).toUpperCase()),
  lower: typed('lower', [one], STRING, ([value]) => text(value).toLowerCase()),
  split: typed('split', [two, [...two, INT]], STRINGS, ([value, separator, limit]) =>
    splitAt(text(value), text(separator), limitOf(limit), false),
  ),
  splitAfter: typed('splitAfter', [two, [...two, INT]], STRINGS, ([value, separator, limit]) =>
    splitAt(text(value), text(separator), limitOf(limit), true),
  ),
  replace: typed('replace', [three, [...three, INT]], STRING, replaced),
  repeat: typed('repeat', [[STRING, INT]], STRING, ([value, times]) => repeated(value, times)),
  join: typed('join', [[ARRAY], [ARRAY, STRING]], STRING, ([list, separator]) =>
    joined(list, separator),
  ),
  indexOf: typed('indexOf', [two], INT, ([value, part]) =>
    byteIndex(text(value), text(value).indexOf(text(part))),
  ),
  lastIndexOf: typed('lastIndexOf', [two], INT, ([value, part]) =>
    byteIndex(text(value), text(value).lastIndexOf(text(part))),
  ),
  hasPrefix: typed('hasPrefix', [two], BOOL, ([value, part]) => text(value).startsWith(text(part))),
  hasSuffix: typed('hasSuffix', [two], BOOL, ([value, part]) => text(value).endsWith(text(part))),
  string: typed('string', [[UNKNOWN]], STRING, ([value]) => printValue(value)),
  toJSON: typed('toJSON', [[UNKNOWN]], STRING, ([value]) => printJson(value)),
  fromJSON: typed('fromJSON', [one], UNKNOWN, ([value]) => parsedJson(text(value))),
  toBase64: typed('toBase64', [one], STRING, ([value]) => base64(utf8(text(value)))),
  fromBase64: typed('fromBase64', [one], STRING, ([value]) => decoded(text(value))),
  len: unary('len', ['array', 'map', 'string', 'bytes'], INT, (value) => lengthOf(value)),
};

function lengthOf(value: Value): bigint {
  if (typeof value === 'string') return BigInt([...value].length);
  if (isArray(value)) return BigInt(value.length);
  if (value instanceof Map) return BigInt(value.size);
  if (typeof value === 'object' && 'kind' in value && value.kind === 'bytes') {
    return BigInt([...value.text].length);
  }
  return fail(`invalid argument for len (type ${typeName(value)})`);
}
