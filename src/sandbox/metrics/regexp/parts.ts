// What the readers of regular expressions share: flags, errors, and sets of characters as tests.

export interface Flags {
  readonly isFolding: boolean;
  readonly isMultiline: boolean;
  readonly dotMatchesNewline: boolean;
  readonly isLazy: boolean;
}

/** A mistake in a regular expression: what, and the part that is wrong. */
export class RegexpFailure extends Error {
  constructor(what: string, part: string) {
    super(`${what}: \`${part}\``);
    this.name = 'RegexpFailure';
  }
}

/** Code points: ranges, and classes of Unicode as JavaScript writes them (`\p{Lu}`). */
export interface CharacterSet {
  readonly ranges: readonly (readonly [number, number])[];
  readonly patterns: readonly string[];
  readonly isNegated?: boolean;
}

export type CharacterTest = (code: number) => boolean;

function hex(code: number): string {
  return `\\u{${code.toString(16)}}`;
}

/** Whether a code point is in the set, upper and lower case being one if the flags say so. */
export function characterTest(set: CharacterSet, { isFolding }: Flags): CharacterTest {
  const isNegated = set.isNegated === true;
  const [only] = set.ranges;
  if (!isFolding && set.patterns.length === 0) {
    if (only !== undefined && set.ranges.length === 1) {
      const [low, high] = only;
      return (code) => (code >= low && code <= high) !== isNegated;
    }
    const { ranges } = set;
    return (code) => ranges.some(([low, high]) => code >= low && code <= high) !== isNegated;
  }
  // The folding of single characters is Unicode's simple folding in both languages. Each part is asked by itself and
  // negation comes last, so that "not a" under folding means neither a nor A.
  const sources = [
    ...set.ranges.map(([low, high]) => `[${hex(low)}-${hex(high)}]`),
    ...set.patterns,
  ];
  const source = sources.length === 0 ? '(?!)' : `^(?:${sources.join('|')})$`;
  const pattern = new RegExp(source, isFolding ? 'iu' : 'u');
  return (code) => pattern.test(String.fromCodePoint(code)) !== isNegated;
}
