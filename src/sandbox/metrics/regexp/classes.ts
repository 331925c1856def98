// Classes of characters in RE2's syntax: `[a-z]`, `[[:alpha:]]`, `\d`, `\p{Greek}`.
import { readEscape } from './escapes.ts';
import { type CharacterSet, RegexpFailure } from './parts.ts';

type Ranges = readonly (readonly [number, number])[];

const DIGITS: Ranges = [[48, 57]];
const LOWER: Ranges = [[97, 122]];
const UPPER: Ranges = [[65, 90]];
const ALPHA: Ranges = [...UPPER, ...LOWER];
const WORD: Ranges = [...DIGITS, ...ALPHA, [95, 95]];

const PERL: Readonly<Record<string, Ranges>> = {
  d: DIGITS,
  s: [
    [9, 10],
    [12, 13],
    [32, 32],
  ],
  w: WORD,
};

const POSIX: Readonly<Record<string, Ranges>> = {
  alnum: [...DIGITS, ...ALPHA],
  alpha: ALPHA,
  ascii: [[0, 0x7f]],
  blank: [
    [9, 9],
    [32, 32],
  ],
  cntrl: [
    [0, 0x1f],
    [0x7f, 0x7f],
  ],
  digit: DIGITS,
  graph: [[0x21, 0x7e]],
  lower: LOWER,
  print: [[0x20, 0x7e]],
  punct: [
    [0x21, 0x2f],
    [0x3a, 0x40],
    [0x5b, 0x60],
    [0x7b, 0x7e],
  ],
  space: [
    [9, 13],
    [32, 32],
  ],
  upper: UPPER,
  word: WORD,
  xdigit: [...DIGITS, [65, 70], [97, 102]],
};

const LAST = 0x10ffff;

function inverted(ranges: Ranges): Ranges {
  const gaps: (readonly [number, number])[] = [];
  let next = 0;
  for (const [low, high] of [...ranges].sort(([a], [b]) => a - b)) {
    if (low > next) gaps.push([next, low - 1]);
    next = Math.max(next, high + 1);
  }
  if (next <= LAST) gaps.push([next, LAST]);
  return gaps;
}

/** Reads a class that begins at `at`; `at` then stands behind it. */
export class ClassReader {
  readonly #text: string;
  #at: number;
  readonly #ranges: (readonly [number, number])[] = [];
  readonly #patterns: string[] = [];

  constructor(text: string, at: number) {
    this.#text = text;
    this.#at = at;
  }

  get at(): number {
    return this.#at;
  }

  /** `\d`, `\pL` and their like; undefined if the backslash begins no class. */
  readEscapedClass(): CharacterSet | undefined {
    if (!this.#perlClass() && !this.#unicodeClass()) return undefined;
    return { ranges: this.#ranges, patterns: this.#patterns };
  }

  /** A class in brackets. */
  read(): CharacterSet {
    const whole = this.#text.slice(this.#at);
    this.#at += 1;
    const isNegated = this.#text.charAt(this.#at) === '^';
    if (isNegated) this.#at += 1;
    for (let isFirst = true; isFirst || this.#text.charAt(this.#at) !== ']'; isFirst = false) {
      if (this.#posixClass() || this.#unicodeClass() || this.#perlClass()) continue;
      this.#range(whole);
    }
    this.#at += 1;
    return { ranges: this.#ranges, patterns: this.#patterns, isNegated };
  }

  #range(whole: string): void {
    const start = this.#at;
    const low = this.#character(whole);
    let high = low;
    const next = this.#text.charAt(this.#at + 1);
    if (this.#text.charAt(this.#at) === '-' && next !== ']' && next !== '') {
      this.#at += 1;
      high = this.#character(whole);
      if (high < low) {
        const shown = this.#text.slice(start, this.#at);
        throw new RegexpFailure('invalid character class range', shown);
      }
    }
    this.#ranges.push([low, high]);
  }

  #character(whole: string): number {
    const code = this.#text.codePointAt(this.#at);
    if (code === undefined) throw new RegexpFailure('missing closing ]', whole);
    if (code === 92) {
      const escape = readEscape(this.#text, this.#at);
      this.#at = escape.end;
      return escape.code;
    }
    this.#at += code > 0xffff ? 2 : 1;
    return code;
  }

  #posixClass(): boolean {
    if (!this.#text.startsWith('[:', this.#at)) return false;
    const end = this.#text.indexOf(':]', this.#at + 2);
    if (end < 0) return false;
    const name = this.#text.slice(this.#at + 2, end);
    const isNegated = name.startsWith('^');
    const bare = isNegated ? name.slice(1) : name;
    const ranges = Object.hasOwn(POSIX, bare) ? POSIX[bare] : undefined;
    if (ranges === undefined) {
      const shown = this.#text.slice(this.#at, end + 2);
      throw new RegexpFailure('invalid character class range', shown);
    }
    this.#ranges.push(...(isNegated ? inverted(ranges) : ranges));
    this.#at = end + 2;
    return true;
  }

  #perlClass(): boolean {
    const letter = this.#text.charAt(this.#at) === '\\' ? this.#text.charAt(this.#at + 1) : '';
    const ranges = /^[dswDSW]$/.test(letter) ? PERL[letter.toLowerCase()] : undefined;
    if (ranges === undefined) return false;
    this.#ranges.push(...(letter === letter.toLowerCase() ? ranges : inverted(ranges)));
    this.#at += 2;
    return true;
  }

  #unicodeClass(): boolean {
    const rest = this.#text.slice(this.#at);
    if (!/^\\[pP]./su.test(rest)) return false;
    const inBraces = /^\\[pP]\{([^}]*)\}/.exec(rest);
    if (inBraces === null && rest.startsWith('{', 2)) {
      throw new RegexpFailure('invalid character class range', rest);
    }
    const single = String.fromCodePoint(rest.codePointAt(2) ?? 0);
    const shown = inBraces?.[0] ?? rest.slice(0, 2 + single.length);
    const written = inBraces?.[1] ?? single;
    const name = written.replace(/^\^/, '');
    const isNegated = (rest.charAt(1) === 'P') !== written.startsWith('^');
    const pattern = unicodePattern(name, isNegated);
    if (pattern === undefined) throw new RegexpFailure('invalid character class range', shown);
    this.#patterns.push(pattern);
    this.#at += shown.length;
    return true;
  }
}

const CATEGORY =
  /^(Cc|Cf|Co|Cs|L|Ll|Lm|Lo|Lt|Lu|M|Mc|Me|Mn|N|Nd|Nl|No|P|Pc|Pd|Pe|Pf|Pi|Po|Ps|S|Sc|Sk|Sm|So|Z|Zl|Zp|Zs)$/;

/** The class in JavaScript's own syntax; undefined if Unicode has no such category or script. */
function unicodePattern(name: string, isNegated: boolean): string | undefined {
  const letter = isNegated ? 'P' : 'p';
  if (name === 'Any') return `\\${letter}{Any}`;
  // Go's class C has no unassigned characters.
  if (name === 'C') return `[${isNegated ? '^' : ''}\\p{Cc}\\p{Cf}\\p{Co}\\p{Cs}]`;
  if (CATEGORY.test(name)) return `\\${letter}{${name}}`;
  const pattern = `\\${letter}{Script=${name}}`;
  if (!/^[A-Z][A-Za-z_]+$/.test(name)) return undefined;
  try {
    return new RegExp(pattern, 'u').source;
  } catch {
    return undefined;
  }
}
