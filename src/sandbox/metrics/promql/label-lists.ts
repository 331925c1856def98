// Lists of matchers in braces and of labels in parentheses.
import { unreachable } from '../../../lib/assert.ts';
import { isLabelName } from '../labels.ts';
import { equalMatcher, type Matcher, type MatchOperator } from '../matcher.ts';
import { regexpMatcher } from '../regexp/matcher.ts';
import { readString } from './literals.ts';
import { ParseFailure } from './problems.ts';
import { canNameLabel, type Token } from './tokens.ts';
import { type Tokens, Unexpected } from './token-reader.ts';

/** Matchers in braces. */
export function readMatchers(tokens: Tokens): readonly Matcher[] {
  tokens.take();
  const matchers: Matcher[] = [];
  while (tokens.takeIf('}') === undefined) {
    matchers.push(readMatcher(tokens));
    if (tokens.takeIf(',') !== undefined) continue;
    tokens.expect('}', 'label matching', '"," or "}"');
    break;
  }
  return matchers;
}

function readMatcher(tokens: Tokens): Matcher {
  const name = tokens.expect('identifier', 'label matching', 'identifier or "}"');
  const { kind } = tokens.peek();
  if (kind !== '=' && kind !== '!=' && kind !== '=~' && kind !== '!~') {
    throw new Unexpected(tokens.peek(), 'label matching', 'label matching operator');
  }
  tokens.take();
  const value = readString(tokens.expect('string', 'label matching', 'string').text);
  return matcherOf(name, kind, value);
}

/** Labels in parentheses. */
export function readLabelList(tokens: Tokens): readonly string[] {
  tokens.expect('(', 'grouping opts', '"("');
  const labels: string[] = [];
  while (tokens.takeIf(')') === undefined) {
    const token = tokens.peek();
    if (!canNameLabel(token) || !isLabelName(token.text)) {
      throw new Unexpected(token, 'grouping opts', 'label');
    }
    labels.push(tokens.take().text);
    if (tokens.takeIf(',') !== undefined) continue;
    tokens.expect(')', 'grouping opts', '"," or ")"');
    break;
  }
  return labels;
}

function matcherOf(name: Token, operator: MatchOperator, value: string): Matcher {
  switch (operator) {
    case '=':
      return equalMatcher(name.text, value);
    case '!=':
      return { name: name.text, operator, value, matches: (text) => text !== value };
    case '=~':
    case '!~': {
      const made = regexpMatcher(name.text, operator, value);
      if (!made.ok) throw new ParseFailure(name.start, made.error);
      return made.matcher;
    }
    default:
      return unreachable(operator);
  }
}
