// `exact`, `prefix` and `regex` of Istio's StringMatch as a test of a text.
import { compileWholePattern } from '../../lib/pattern.ts';
import type { Field } from './reading.ts';

export type TextTest = (text: string) => boolean;

/** What a matcher asks for: that the thing is there at all, or a test of its value. */
export type Matcher = 'present' | TextTest;

export interface MatcherOptions {
  /** Upper and lower case are the same for `exact` and `prefix`; never for `regex`. */
  readonly ignoreCase?: boolean;
}

const NEVER: TextTest = () => false;

/**
 * An empty matcher, and the regex `*`, ask for presence only. A pattern that RE2 refuses matches nothing, and is
 * complained about.
 */
export function compileMatcher(field: Field, { ignoreCase = false }: MatcherOptions = {}): Matcher {
  field.only(['exact', 'prefix', 'regex']);
  const exact = field.at('exact').text();
  if (exact !== undefined) return ignoreCase ? sameWithoutCase(exact) : (text) => text === exact;
  const prefix = field.at('prefix').text();
  if (prefix !== undefined) {
    return ignoreCase ? startWithoutCase(prefix) : (text) => text.startsWith(prefix);
  }
  const regex = field.at('regex').text();
  if (regex === undefined || regex === '*') return 'present';
  return regexTest(field.at('regex'), regex);
}

function sameWithoutCase(exact: string): TextTest {
  const lower = exact.toLowerCase();
  return (text) => text.toLowerCase() === lower;
}

function startWithoutCase(prefix: string): TextTest {
  const lower = prefix.toLowerCase();
  return (text) => text.slice(0, lower.length).toLowerCase() === lower;
}

/** A test of the whole text. */
export function regexTest(field: Field, regex: string): TextTest {
  const compiled = compileWholePattern(regex);
  if (compiled.ok) return (text) => compiled.pattern.test(text);
  field.invalid(compiled.error);
  return NEVER;
}

/** Of a thing that may be missing. */
export function matches(matcher: Matcher, value: string | undefined): boolean {
  if (value === undefined) return false;
  return matcher === 'present' || matcher(value);
}

/** The opposite, where a missing value counts as empty text. */
export function matchesNot(matcher: Matcher, value: string | undefined): boolean {
  return matcher === 'present' ? value === undefined : !matcher(value ?? '');
}
