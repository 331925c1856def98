// `{{ … }}` placeholders in templates (analysis.md 4). Entry points: `substitute`, `resolveMetric`.
import type { Argument, Metric } from '../../api/analysis.ts';

export type Substituted<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: string };

const START = '{{';
const END = '}}';

/**
 * Replaces every placeholder whose trimmed inner text is a key of `values`. Unknown ones leave substitution
 * going; the last of them is the error. Substituted text is not scanned again.
 */
export function substitute(
  template: string,
  values: ReadonlyMap<string, string>,
): Substituted<string> {
  let result = '';
  let at = 0;
  let unknown: string | undefined;
  for (;;) {
    const start = template.indexOf(START, at);
    if (start < 0) break;
    const inner = start + START.length;
    const end = template.indexOf(END, inner);
    if (end < 0) {
      const text = JSON.stringify(template);
      const rest = JSON.stringify(template.slice(inner));
      return {
        ok: false,
        error: `Cannot find end tag=${JSON.stringify(END)} in the template=${text} starting from ${rest}`,
      };
    }
    const name = template.slice(inner, end);
    const value = values.get(name.trim());
    if (value === undefined) unknown = name;
    result += template.slice(at, start) + (value ?? '');
    at = end + END.length;
  }
  if (unknown !== undefined) return { ok: false, error: `failed to resolve {{${unknown}}}` };
  return { ok: true, value: result + template.slice(at) };
}

/** The values of `{{args.NAME}}`; an argument without value is an error, used or not. */
export function argumentValues(
  args: readonly Argument[],
  quote: (value: string) => string = (value) => value,
): Substituted<ReadonlyMap<string, string>> {
  const values = new Map<string, string>();
  for (const { name, value } of args) {
    if (value === undefined) return { ok: false, error: `argument "${name}" was not supplied` };
    values.set(`args.${name}`, quote(value));
  }
  return { ok: true, value: values };
}

export function substituteArguments(
  template: string,
  args: readonly Argument[],
  quote?: (value: string) => string,
): Substituted<string> {
  const values = argumentValues(args, quote);
  return values.ok ? substitute(template, values.value) : values;
}

const SHORT: Readonly<Record<string, string>> = {
  '"': String.raw`\"`,
  '\\': String.raw`\\`,
  '\u0007': String.raw`\a`,
  '\b': String.raw`\b`,
  '\f': String.raw`\f`,
  '\n': String.raw`\n`,
  '\r': String.raw`\r`,
  '\t': String.raw`\t`,
  '\v': String.raw`\v`,
};
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

function hex(code: number, length: number): string {
  return code.toString(16).padStart(length, '0');
}

/** Text as Go quotes it, without the quotes: how values enter the JSON of a metric. */
export function quoteValue(value: string): string {
  let result = '';
  for (const character of value) {
    const code = character.codePointAt(0) ?? 0;
    const short = SHORT[character];
    if (short !== undefined) result += short;
    else if (PRINTABLE.test(character)) result += character;
    else if (code < 0x80) result += String.raw`\x${hex(code, 2)}`;
    else result += code > 0xffff ? String.raw`\U${hex(code, 8)}` : String.raw`\u${hex(code, 4)}`;
  }
  return result;
}

/** Members in the order of the reference's serialisation; others go last. */
const MEMBERS = [
  'name',
  'interval',
  'initialDelay',
  'count',
  'successCondition',
  'failureCondition',
  'failureLimit',
  'inconclusiveLimit',
  'consecutiveErrorLimit',
  'provider',
  'consecutiveSuccessLimit',
];

function serialised(metric: Metric): string {
  const entries = Object.entries(metric).filter(([, value]) => value !== undefined && value !== '');
  const place = ([name]: readonly [string, unknown]) => {
    const at = MEMBERS.indexOf(name);
    return at < 0 ? MEMBERS.length : at;
  };
  return JSON.stringify(Object.fromEntries(entries.toSorted((a, b) => place(a) - place(b))));
}

/** The metric with all placeholders replaced; it is substituted as a whole, as JSON text. */
export function resolveMetric(metric: Metric, args: readonly Argument[]): Substituted<Metric> {
  const text = substituteArguments(serialised(metric), args, quoteValue);
  if (!text.ok) return text;
  try {
    return { ok: true, value: JSON.parse(text.value) as Metric };
  } catch {
    return { ok: false, error: badEscape(text.value) };
  }
}

/** Go knows escapes that JSON does not; a value with such a character cannot be written there. */
function badEscape(text: string): string {
  const found = /\\(?:\\\\)*([^"\\/bfnrtu])/.exec(text.replace(/\\\\/g, ''));
  const character = found?.[1] ?? '}';
  return `invalid character '${character}' in string escape code`;
}
