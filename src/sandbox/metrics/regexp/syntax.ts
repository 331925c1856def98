// RE2's regular expressions as a tree: the syntax that Prometheus accepts, with the error texts of Go's regexp
// package. Matching is in `program.ts`; entry point here: `parseRegexp`.
import { unreachable } from '../../../lib/assert.ts';
import { ClassReader } from './classes.ts';
import { readEscape } from './escapes.ts';
import { characterTest, type CharacterTest, type Flags, RegexpFailure } from './parts.ts';

export type Node =
  | { readonly kind: 'character'; readonly test: CharacterTest }
  | { readonly kind: 'assertion'; readonly what: Assertion }
  | { readonly kind: 'sequence'; readonly parts: readonly Node[] }
  | { readonly kind: 'choice'; readonly options: readonly Node[] }
  | { readonly kind: 'capture'; readonly index: number; readonly inner: Node }
  | {
      readonly kind: 'repeat';
      readonly inner: Node;
      readonly min: number;
      /** Infinity: any number of times. */
      readonly max: number;
      readonly isGreedy: boolean;
    };

export type Assertion = 'text-start' | 'text-end' | 'line-start' | 'line-end' | 'word' | 'no-word';

export interface Syntax {
  readonly root: Node;
  /** Number of groups, the whole match not counted. */
  readonly groups: number;
  /** The groups of a name: several may share one. */
  readonly names: ReadonlyMap<string, readonly number[]>;
}

/** An open group: the alternatives that are complete, and the one that is being read. */
interface Group {
  readonly flags: Flags;
  readonly index: number | undefined;
  readonly options: Node[];
  current: Node[];
}

const MAX_REPEAT = 1000;
const MAX_DEPTH = 1000;

export type ParsedRegexp =
  | { readonly ok: true; readonly syntax: Syntax }
  | { readonly ok: false; readonly error: string };

/** Parses a whole expression; the error reads `error parsing regexp: ...`. */
export function parseRegexp(text: string): ParsedRegexp {
  try {
    return { ok: true, syntax: new Parser(text).parse() };
  } catch (error) {
    if (!(error instanceof RegexpFailure)) throw error;
    return { ok: false, error: `error parsing regexp: ${error.message}` };
  }
}

class Parser {
  readonly #text: string;
  #at = 0;
  #flags: Flags = { isFolding: false, isMultiline: false, dotMatchesNewline: false, isLazy: false };
  readonly #open: Group[] = [];
  #group: Group;
  #groups = 0;
  readonly #names = new Map<string, readonly number[]>();
  /** Where the repetition that has just been read began; a second one behind it is an error. */
  #repeatAt: number | undefined;

  constructor(text: string) {
    this.#text = text;
    this.#group = this.#newGroup(undefined);
  }

  #newGroup(index: number | undefined): Group {
    return { flags: this.#flags, index, options: [], current: [] };
  }

  parse(): Syntax {
    while (this.#at < this.#text.length) {
      const before = this.#at;
      const isRepeat = this.#repetition() || this.#step();
      this.#repeatAt = isRepeat === 'repeat' ? before : undefined;
    }
    if (this.#open.length > 0) throw new RegexpFailure('missing closing )', this.#text);
    return { root: closed(this.#group), groups: this.#groups, names: this.#names };
  }

  #read(): string {
    const character = String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0);
    this.#at += character.length;
    return character;
  }

  #push(node: Node): void {
    this.#group.current.push(node);
  }

  #literal(character: string): void {
    const code = character.codePointAt(0) ?? 0;
    const test = characterTest({ ranges: [[code, code]], patterns: [] }, this.#flags);
    this.#push({ kind: 'character', test });
  }

  /** Reads one element that is no repetition. */
  #step(): undefined {
    const character = this.#text.charAt(this.#at);
    switch (character) {
      case '(':
        this.#openGroup();
        return;
      case ')':
        this.#closeGroup();
        return;
      case '|':
        this.#group.options.push(sequence(this.#group.current));
        this.#group.current = [];
        break;
      case '^':
        this.#push({
          kind: 'assertion',
          what: this.#flags.isMultiline ? 'line-start' : 'text-start',
        });
        break;
      case '$':
        this.#push({ kind: 'assertion', what: this.#flags.isMultiline ? 'line-end' : 'text-end' });
        break;
      case '.':
        this.#push({ kind: 'character', test: this.#dot() });
        break;
      case '[':
        this.#class();
        return;
      case '\\':
        this.#escape();
        return;
      default:
        this.#literal(this.#read());
        return;
    }
    this.#at += 1;
  }

  #dot(): CharacterTest {
    return this.#flags.dotMatchesNewline ? () => true : (code) => code !== 10;
  }

  #openGroup(): void {
    if (this.#open.length >= MAX_DEPTH) {
      throw new RegexpFailure('expression nests too deeply', this.#text);
    }
    if (this.#text.startsWith('(?', this.#at)) {
      this.#perlGroup();
      return;
    }
    this.#at += 1;
    this.#enter(++this.#groups);
  }

  #enter(index: number | undefined): void {
    this.#open.push(this.#group);
    this.#group = this.#newGroup(index);
  }

  #closeGroup(): void {
    const outer = this.#open.pop();
    if (outer === undefined) throw new RegexpFailure('unexpected )', this.#text);
    this.#at += 1;
    const { index, flags } = this.#group;
    const inner = closed(this.#group);
    this.#group = outer;
    this.#flags = flags;
    this.#push(index === undefined ? inner : { kind: 'capture', index, inner });
  }

  #perlGroup(): void {
    const rest = this.#text.slice(this.#at);
    if (rest.startsWith('(?P<') && rest.length > 4) {
      this.#namedGroup(rest);
      return;
    }
    let isNegative = false;
    let sawFlag = false;
    let flags = this.#flags;
    for (let at = 2; at < rest.length; at += 1) {
      const character = rest.charAt(at);
      const changed = changedFlags(flags, character, !isNegative);
      if (changed !== undefined) {
        flags = changed;
        sawFlag = true;
      } else if (character === '-' && !isNegative) {
        isNegative = true;
        sawFlag = false;
      } else if ((character === ':' || character === ')') && (!isNegative || sawFlag)) {
        this.#at += at + 1;
        if (character === ':') this.#enter(undefined);
        this.#flags = flags;
        return;
      } else {
        const shown = String.fromCodePoint(rest.codePointAt(at) ?? 0);
        throw new RegexpFailure('invalid or unsupported Perl syntax', rest.slice(0, at) + shown);
      }
    }
    throw new RegexpFailure('invalid or unsupported Perl syntax', rest);
  }

  #namedGroup(rest: string): void {
    const end = rest.indexOf('>');
    if (end < 0) throw new RegexpFailure('invalid named capture', rest);
    const name = rest.slice(4, end);
    if (!/^[0-9A-Za-z_]+$/.test(name)) {
      throw new RegexpFailure('invalid named capture', rest.slice(0, end + 1));
    }
    this.#groups += 1;
    this.#names.set(name, [...(this.#names.get(name) ?? []), this.#groups]);
    this.#at += end + 1;
    this.#enter(this.#groups);
  }

  #class(): void {
    const reader = new ClassReader(this.#text, this.#at);
    const set = reader.read();
    this.#at = reader.at;
    this.#push({ kind: 'character', test: characterTest(set, this.#flags) });
  }

  #escape(): void {
    const next = this.#text.charAt(this.#at + 1);
    const assertion = ASSERTIONS[next];
    if (assertion !== undefined) {
      this.#push({ kind: 'assertion', what: assertion });
      this.#at += 2;
      return;
    }
    if (next === 'Q') {
      const from = this.#at + 2;
      const end = this.#text.indexOf('\\E', from);
      const literal = this.#text.slice(from, end < 0 ? undefined : end);
      for (const character of literal) this.#literal(character);
      this.#at = end < 0 ? this.#text.length : end + 2;
      return;
    }
    const reader = new ClassReader(this.#text, this.#at);
    const set = reader.readEscapedClass();
    if (set !== undefined) {
      this.#at = reader.at;
      this.#push({ kind: 'character', test: characterTest(set, this.#flags) });
      return;
    }
    const { code, end } = readEscape(this.#text, this.#at);
    this.#at = end;
    this.#literal(String.fromCodePoint(code));
  }

  /** Reads a repetition if there is one here. */
  #repetition(): 'repeat' | undefined {
    const found = this.#repeatCounts();
    if (found === undefined) return undefined;
    const before = this.#at;
    const { min, max } = found;
    let end = found.end;
    if (min > MAX_REPEAT || (max !== Infinity && (max > MAX_REPEAT || min > max))) {
      throw new RegexpFailure('invalid repeat count', this.#text.slice(before, end));
    }
    const isLazy = this.#text.charAt(end) === '?';
    if (isLazy) end += 1;
    if (this.#repeatAt !== undefined) {
      const both = this.#text.slice(this.#repeatAt, end);
      throw new RegexpFailure('invalid nested repetition operator', both);
    }
    const shown = this.#text.slice(before, end);
    const inner = this.#group.current.pop();
    if (inner === undefined) {
      throw new RegexpFailure('missing argument to repetition operator', shown);
    }
    const node: Node = { kind: 'repeat', inner, min, max, isGreedy: isLazy === this.#flags.isLazy };
    if (found.isCounted && repeats(node) > MAX_REPEAT) {
      throw new RegexpFailure('invalid repeat count', shown);
    }
    this.#push(node);
    this.#at = end;
    return 'repeat';
  }

  #repeatCounts(): { min: number; max: number; end: number; isCounted: boolean } | undefined {
    const end = this.#at + 1;
    switch (this.#text.charAt(this.#at)) {
      case '*':
        return { min: 0, max: Infinity, end, isCounted: false };
      case '+':
        return { min: 1, max: Infinity, end, isCounted: false };
      case '?':
        return { min: 0, max: 1, end, isCounted: false };
      case '{':
        return countsOf(this.#text, this.#at);
      default:
        return undefined;
    }
  }
}

const ASSERTIONS: Readonly<Record<string, Assertion>> = {
  A: 'text-start',
  z: 'text-end',
  b: 'word',
  B: 'no-word',
};

const COUNTS = /\{(0|[1-9][0-9]*)(,(0|[1-9][0-9]*)?)?\}/y;

/** `{n}`, `{n,}` or `{n,m}`; anything else is a literal brace. */
function countsOf(
  text: string,
  at: number,
): { min: number; max: number; end: number; isCounted: boolean } | undefined {
  const pattern = new RegExp(COUNTS);
  pattern.lastIndex = at;
  const found = pattern.exec(text);
  if (found === null) return undefined;
  const [all, least, more, most] = found;
  const min = Number(least);
  const max = more === undefined ? min : most === undefined ? Infinity : Number(most);
  return { min, max, end: at + all.length, isCounted: true };
}

function changedFlags(flags: Flags, character: string, isOn: boolean): Flags | undefined {
  switch (character) {
    case 'i':
      return { ...flags, isFolding: isOn };
    case 'm':
      return { ...flags, isMultiline: isOn };
    case 's':
      return { ...flags, dotMatchesNewline: isOn };
    case 'U':
      return { ...flags, isLazy: isOn };
    default:
      return undefined;
  }
}

function sequence(parts: readonly Node[]): Node {
  const [only] = parts;
  return only !== undefined && parts.length === 1 ? only : { kind: 'sequence', parts };
}

function closed({ options, current }: Group): Node {
  const last = sequence(current);
  return options.length === 0 ? last : { kind: 'choice', options: [...options, last] };
}

/** How often the innermost element is counted out: nested counts multiply. */
function repeats(node: Node): number {
  switch (node.kind) {
    case 'character':
    case 'assertion':
      return 1;
    case 'capture':
      return repeats(node.inner);
    case 'sequence':
      return Math.max(1, ...node.parts.map(repeats));
    case 'choice':
      return Math.max(1, ...node.options.map(repeats));
    case 'repeat': {
      const own = node.max === Infinity ? node.min : node.max;
      return Math.max(1, own) * repeats(node.inner);
    }
    default:
      return unreachable(node);
  }
}
