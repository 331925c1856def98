// JSON as Go writes it: compact, members sorted, `<>&` and two line separators escaped (providers.md 1.3).
import { compareText } from '../expr/operators.ts';

/** Text of decoded JSON; an integer may be a bigint. What is not there is null. */
export function jsonText(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return `[${value.map(jsonText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return 'null';
  const members = Object.entries(value).toSorted(([a], [b]) => compareText(a, b));
  return `{${members.map(([name, member]) => `${quoted(name)}:${jsonText(member)}`).join(',')}}`;
}

function quoted(text: string): string {
  return JSON.stringify(text).replace(/[<>&\u2028\u2029]/g, (character) => {
    return String.raw`\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
