// One condition on a label, as selectors of series write it.

export type MatchOperator = '=' | '!=' | '=~' | '!~';

/** `matches` takes the label's value, empty if the series has no such label. */
export interface Matcher {
  readonly name: string;
  readonly operator: MatchOperator;
  /** What stands to the right of the operator. */
  readonly value: string;
  readonly matches: (value: string) => boolean;
}

export function equalMatcher(name: string, value: string): Matcher {
  return { name, operator: '=', value, matches: (text) => text === value };
}
