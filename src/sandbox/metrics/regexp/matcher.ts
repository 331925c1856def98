// Matchers of labels by regular expression, anchored at both ends as Prometheus does it.
import type { Matcher } from '../matcher.ts';
import { compileRegexp } from './program.ts';
import { parseRegexp } from './syntax.ts';

export type MadeMatcher =
  | { readonly ok: true; readonly matcher: Matcher }
  | { readonly ok: false; readonly error: string };

/** Answers that are remembered; label values repeat from series to series. */
const MAX_REMEMBERED = 10_000;

export function regexpMatcher(name: string, operator: '=~' | '!~', value: string): MadeMatcher {
  const compiled = compileRegexp(anchored(value));
  if (!compiled.ok) return compiled;
  // An expression that closes the anchor's group itself is whole only together with it; Prometheus looks at both.
  const alone = parseRegexp(value);
  if (!alone.ok) return alone;
  const { regexp } = compiled;
  const remembered = new Map<string, boolean>();
  const matches = (text: string): boolean => {
    const known = remembered.get(text);
    if (known !== undefined) return known;
    const answer = regexp.test(text) === (operator === '=~');
    if (remembered.size < MAX_REMEMBERED) remembered.set(text, answer);
    return answer;
  };
  return { ok: true, matcher: { name, operator, value, matches } };
}

export function anchored(pattern: string): string {
  return `^(?:${pattern})$`;
}
