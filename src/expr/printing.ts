// Values as text: `string()` as Go's %v prints them, and JSON (analysis.md 10.7).
import { utf8 } from '../lib/bytes.ts';
import { formatDuration, milliseconds } from '../lib/time.ts';
import { formatLayout } from './layout.ts';
import { formatFloat } from './numbers.ts';
import { compareText } from './operators.ts';
import { fail } from './problem.ts';
import { isArray, isMap, isTagged, type Value } from './value.ts';

/** The value as Go's %v prints it. */
export function printValue(value: Value): string {
  if (value === undefined) return '<nil>';
  if (typeof value === 'number') return formatFloat(value);
  if (isArray(value)) return `[${value.map(printValue).join(' ')}]`;
  if (isMap(value)) {
    const pairs = [...value].map(([key, member]) => [printValue(key), printValue(member)] as const);
    pairs.sort(([a], [b]) => compareText(a, b));
    return `map[${pairs.map(([key, member]) => `${key}:${member}`).join(' ')}]`;
  }
  return isTagged(value) ? printTagged(value) : String(value);
}

function printTagged(value: Extract<Value, { kind: string }>): string {
  switch (value.kind) {
    case 'time':
      return formatLayout(value, '2006-01-02 15:04:05.999999999 -0700 MST');
    case 'duration':
      return formatDuration(milliseconds(Number(value.ns) / 1e6));
    case 'named':
      return value.text;
    case 'bytes':
      return `[${[...utf8(value.text)].join(' ')}]`;
    case 'struct':
      return `{${Object.values(value.fields).map(printValue).join(' ')}}`;
    default:
      return value.name;
  }
}

function jsonString(text: string): string {
  return JSON.stringify(text).replace(/[<>&\u2028\u2029]/g, (character) => {
    return String.raw`\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** JSON with two blanks of indent, sorted keys, and `<>&` escaped, as Go writes it. */
export function printJson(value: Value, indent = ''): string {
  if (value === undefined) return 'null';
  if (typeof value === 'string') return jsonString(value);
  if (typeof value === 'number') return jsonNumber(value);
  const inner = `${indent}  `;
  if (isArray(value)) {
    if (value.length === 0) return '[]';
    return `[\n${value.map((item) => inner + printJson(item, inner)).join(',\n')}\n${indent}]`;
  }
  if (isMap(value) || (isTagged(value) && value.kind === 'struct')) {
    const entries = isMap(value) ? [...value] : Object.entries(value.fields);
    if (entries.length === 0) return '{}';
    const sorted = entries.map(([key, member]) => [printValue(key), member] as const);
    sorted.sort(([a], [b]) => compareText(a, b));
    const lines = sorted.map(
      ([key, member]) => `${inner}${jsonString(key)}: ${printJson(member, inner)}`,
    );
    return `{\n${lines.join(',\n')}\n${indent}}`;
  }
  return isTagged(value) ? jsonTagged(value) : String(value);
}

function jsonTagged(value: Extract<Value, { kind: string }>): string {
  if (value.kind === 'duration') return String(value.ns);
  if (value.kind === 'time')
    return jsonString(formatLayout(value, '2006-01-02T15:04:05.999999999Z07:00'));
  if (value.kind === 'named') return String(value.value);
  return fail(`json: unsupported type: ${value.kind}`);
}

/** Exponent only below 1e-6 and from 1e21 on, as in JSON of Go and of JavaScript alike. */
function jsonNumber(value: number): string {
  if (!Number.isFinite(value)) fail(`json: unsupported value: ${formatFloat(value)}`);
  return String(value).replace(/e-0?(\d)$/, 'e-0$1');
}
