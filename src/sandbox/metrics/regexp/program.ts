// Regular expressions as small programs, run over all possibilities at once: the cost is the length of the text times
// that of the program, whatever the expression. The first alternative wins, as in Go. Entry point: `compileRegexp`.
import { unreachable } from '../../../lib/assert.ts';
import type { CharacterTest } from './parts.ts';
import { type Assertion, type Node, parseRegexp, type Syntax } from './syntax.ts';

type Instruction =
  | { readonly kind: 'character'; readonly test: CharacterTest }
  /** Goes on at both; `first` is preferred. */
  | { readonly kind: 'split'; first: number; second: number }
  | { readonly kind: 'jump'; to: number }
  | { readonly kind: 'save'; readonly slot: number }
  | { readonly kind: 'assertion'; readonly what: Assertion }
  | { readonly kind: 'match' };

/** Where a match and its groups begin and end, two numbers each; -1 for a group that took no part. */
export type Match = readonly number[];

export interface Regexp {
  readonly names: ReadonlyMap<string, readonly number[]>;
  readonly test: (text: string) => boolean;
  /** The leftmost match; undefined if there is none. */
  readonly match: (text: string) => Match | undefined;
}

export type CompiledRegexp =
  | { readonly ok: true; readonly regexp: Regexp }
  | { readonly ok: false; readonly error: string };

const MAX_PROGRAM = 20_000;

/** A regular expression in RE2's syntax; the error reads as in Go: `error parsing regexp: ...`. */
export function compileRegexp(text: string): CompiledRegexp {
  const parsed = parseRegexp(text);
  if (!parsed.ok) return parsed;
  const program = programOf(parsed.syntax);
  if (program === undefined) {
    return { ok: false, error: `error parsing regexp: expression too large: \`${text}\`` };
  }
  const slots = 2 * (parsed.syntax.groups + 1);
  return {
    ok: true,
    regexp: {
      names: parsed.syntax.names,
      test: (subject) => new Run(program, subject, 0).search() !== undefined,
      match: (subject) => new Run(program, subject, slots).search(),
    },
  };
}

/** Undefined if it grew too large. */
function programOf({ root }: Syntax): readonly Instruction[] | undefined {
  const program: Instruction[] = [{ kind: 'save', slot: 0 }];
  if (!emit(program, root)) return undefined;
  program.push({ kind: 'save', slot: 1 }, { kind: 'match' });
  return program;
}

/** Appends the instructions of a node; false if there are too many. */
function emit(program: Instruction[], node: Node): boolean {
  if (program.length > MAX_PROGRAM) return false;
  switch (node.kind) {
    case 'character':
      program.push({ kind: 'character', test: node.test });
      return true;
    case 'assertion':
      program.push({ kind: 'assertion', what: node.what });
      return true;
    case 'sequence':
      return node.parts.every((part) => emit(program, part));
    case 'choice':
      return emitChoice(program, node.options);
    case 'capture': {
      program.push({ kind: 'save', slot: 2 * node.index });
      if (!emit(program, node.inner)) return false;
      program.push({ kind: 'save', slot: 2 * node.index + 1 });
      return true;
    }
    case 'repeat':
      return emitRepeat(program, node);
    default:
      return unreachable(node);
  }
}

function emitChoice(program: Instruction[], options: readonly Node[]): boolean {
  const ends: { kind: 'jump'; to: number }[] = [];
  for (const [at, option] of options.entries()) {
    if (at === options.length - 1) {
      if (!emit(program, option)) return false;
      break;
    }
    const split = { kind: 'split' as const, first: program.length + 1, second: 0 };
    program.push(split);
    if (!emit(program, option)) return false;
    const jump = { kind: 'jump' as const, to: 0 };
    program.push(jump);
    ends.push(jump);
    split.second = program.length;
  }
  for (const jump of ends) jump.to = program.length;
  return true;
}

function emitRepeat(
  program: Instruction[],
  { inner, min, max, isGreedy }: Extract<Node, { kind: 'repeat' }>,
): boolean {
  if (max === Infinity) return emitLoop(program, { inner, min, isGreedy });
  for (let count = 0; count < min; count += 1) if (!emit(program, inner)) return false;
  const splits: Split[] = [];
  for (let count = min; count < max; count += 1) {
    splits.push(newSplit(program));
    if (!emit(program, inner)) return false;
  }
  for (const split of splits) leave(split, program.length, isGreedy);
  return true;
}

/** The last of the wanted rounds leads back to its own beginning; `x*` is that or nothing, so that an empty round counts. */
function emitLoop(
  program: Instruction[],
  { inner, min, isGreedy }: { inner: Node; min: number; isGreedy: boolean },
): boolean {
  for (let count = 1; count < min; count += 1) if (!emit(program, inner)) return false;
  const entry = min === 0 ? newSplit(program) : undefined;
  const start = program.length;
  if (!emit(program, inner)) return false;
  const end = program.length + 1;
  program.push({ kind: 'split', first: isGreedy ? start : end, second: isGreedy ? end : start });
  if (entry !== undefined) leave(entry, end, isGreedy);
  return true;
}

interface Split {
  readonly instruction: { kind: 'split'; first: number; second: number };
}

/** Goes into the loop or past it; where "past" is, `leave` says when it is known. */
function newSplit(program: Instruction[]): Split {
  const at = program.length;
  const instruction = { kind: 'split' as const, first: at + 1, second: at + 1 };
  program.push(instruction);
  return { instruction };
}

function leave({ instruction }: Split, to: number, isGreedy: boolean): void {
  if (isGreedy) instruction.second = to;
  else instruction.first = to;
}

/** A way through the program: where it stands and what it has captured. */
interface Thread {
  readonly at: number;
  readonly captures: readonly number[];
}

class Run {
  readonly #program: readonly Instruction[];
  readonly #text: string;
  readonly #slots: number;
  /** Position at which an instruction was last reached, plus one: a second way to it can be left out. */
  readonly #reached: Int32Array;

  constructor(program: readonly Instruction[], text: string, slots: number) {
    this.#program = program;
    this.#text = text;
    this.#slots = slots;
    this.#reached = new Int32Array(program.length);
  }

  search(): Match | undefined {
    let found: Match | undefined;
    let threads: readonly Thread[] = [];
    for (let at = 0; at <= this.#text.length; ) {
      // A match may begin anywhere, but one that began earlier wins.
      const current = found === undefined ? [...threads, ...this.#begun(at)] : threads;
      const step = this.#step(current, at);
      found = step.found ?? found;
      if (found !== undefined && (this.#slots === 0 || step.survivors.length === 0)) return found;
      threads = step.survivors;
      at = step.next;
    }
    return found;
  }

  #begun(at: number): readonly Thread[] {
    const threads: Thread[] = [];
    this.#follow(threads, { at: 0, captures: Array.from({ length: this.#slots }, () => -1) }, at);
    return threads;
  }

  /** Takes all threads over one character. Those behind one that has matched are less preferred and end. */
  #step(
    threads: readonly Thread[],
    at: number,
  ): { found: Match | undefined; survivors: readonly Thread[]; next: number } {
    const code = this.#text.codePointAt(at);
    const next = at + (code !== undefined && code > 0xffff ? 2 : 1);
    const survivors: Thread[] = [];
    for (const thread of threads) {
      const instruction = this.#program[thread.at];
      if (instruction?.kind === 'match') return { found: thread.captures, survivors, next };
      if (instruction?.kind !== 'character' || code === undefined) continue;
      if (instruction.test(code)) {
        this.#follow(survivors, { at: thread.at + 1, captures: thread.captures }, next);
      }
    }
    return { found: undefined, survivors, next };
  }

  /** Adds the threads that `thread` becomes without reading a character, in order of preference. */
  #follow(threads: Thread[], thread: Thread, position: number): void {
    const pending: Thread[] = [thread];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      const { at, captures } = next;
      if (this.#reached[at] === position + 1) continue;
      this.#reached[at] = position + 1;
      const instruction = this.#program[at];
      switch (instruction?.kind) {
        case 'jump':
          pending.push({ at: instruction.to, captures });
          break;
        case 'split':
          pending.push({ at: instruction.second, captures }, { at: instruction.first, captures });
          break;
        case 'save':
          pending.push({ at: at + 1, captures: this.#saved(captures, instruction.slot, position) });
          break;
        case 'assertion':
          if (holds(instruction.what, this.#text, position)) pending.push({ at: at + 1, captures });
          break;
        case 'character':
        case 'match':
          threads.push(next);
          break;
        case undefined:
          break;
      }
    }
  }

  #saved(captures: readonly number[], slot: number, position: number): readonly number[] {
    return slot < captures.length ? captures.with(slot, position) : captures;
  }
}

function isWordCharacter(character: string): boolean {
  return /^[0-9A-Za-z_]$/.test(character);
}

function holds(what: Assertion, text: string, at: number): boolean {
  switch (what) {
    case 'text-start':
      return at === 0;
    case 'text-end':
      return at >= text.length;
    case 'line-start':
      return at === 0 || text.charAt(at - 1) === '\n';
    case 'line-end':
      return at >= text.length || text.charAt(at) === '\n';
    case 'word':
    case 'no-word': {
      const isBorder = isWordCharacter(text.charAt(at - 1)) !== isWordCharacter(text.charAt(at));
      return isBorder === (what === 'word');
    }
    default:
      return unreachable(what);
  }
}
