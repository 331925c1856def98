// The syntax of `sh -c`: commands joined by `;`, `&&`, `||` and newlines, `for`, `while`, `until` and `if`, quotes,
// variables, `$(…)`, `$((…))`, and `>` to a file. What it does not know (pipes, functions, …) it refuses by name.
// Entry point: `parseScript`; shell.ts runs the result.

export type Part =
  | { readonly kind: 'text'; readonly text: string; readonly isQuoted: boolean }
  | { readonly kind: 'variable'; readonly name: string; readonly isQuoted: boolean }
  | { readonly kind: 'output'; readonly script: Script; readonly isQuoted: boolean }
  | { readonly kind: 'sum'; readonly text: string; readonly isQuoted: boolean };

export type Word = readonly Part[];

export interface Redirect {
  readonly from: 'stdout' | 'stderr';
  /** A file, or the other stream. */
  readonly to: Word | 'stdout' | 'stderr';
}

export type Command = { readonly redirects: readonly Redirect[]; readonly isNegated: boolean } & (
  | { readonly kind: 'simple'; readonly words: readonly Word[] }
  | {
      readonly kind: 'for';
      readonly name: string;
      readonly words: readonly Word[];
      readonly body: Script;
    }
  | {
      readonly kind: 'while';
      readonly until: boolean;
      readonly test: Script;
      readonly body: Script;
    }
  | { readonly kind: 'if'; readonly branches: readonly Branch[]; readonly otherwise: Script }
);

export interface Branch {
  readonly test: Script;
  readonly body: Script;
}

export interface Step {
  /** What stands before it: it runs always, after success, or after failure. */
  readonly join: ';' | '&&' | '||';
  readonly command: Command;
}

export type Script = readonly Step[];

export type ParsedScript =
  | { readonly ok: true; readonly script: Script }
  | { readonly ok: false; readonly error: string };

/** Reads a script. The error names what is not known. */
export function parseScript(text: string): ParsedScript {
  try {
    const parser = new Parser(text);
    const script = parser.list([]);
    parser.end();
    return { ok: true, script };
  } catch (error) {
    if (error instanceof SyntaxProblem) return { ok: false, error: error.message };
    throw error;
  }
}

class SyntaxProblem extends Error {}

/** Characters that end a word when they are not quoted. */
const BREAKS = new Set([' ', '\t', '\n', ';', '&', '|', '<', '>', '(', ')']);
const RESERVED = new Set([
  'do',
  'done',
  'then',
  'else',
  'elif',
  'fi',
  '{',
  '}',
  'case',
  'esac',
  'function',
]);

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  end(): void {
    this.#blank(true);
    if (this.#at < this.#text.length) throw this.#unknown(this.#text.charAt(this.#at));
  }

  /** Commands up to one of the words in `stops`, which is left. */
  list(stops: readonly string[]): Script {
    const steps: Step[] = [];
    let join: Step['join'] = ';';
    for (;;) {
      this.#blank(true);
      const isOver = this.#at >= this.#text.length || this.#peek() === ')';
      if (isOver || stops.includes(this.#bare())) {
        if (join !== ';') throw new SyntaxProblem(`a command is missing after ${join}`);
        return steps;
      }
      steps.push({ join, command: this.#command() });
      join = this.#separator();
    }
  }

  #separator(): Step['join'] {
    this.#blank(false);
    for (const mark of ['&&', '||'] as const) if (this.#take(mark)) return mark;
    if (this.#take(';') || this.#peek() === '\n' || this.#peek() === ')' || this.#peek() === '') {
      return ';';
    }
    throw this.#unknown(this.#peek());
  }

  #command(): Command {
    const isNegated = this.#bare() === '!';
    if (isNegated) this.#word();
    this.#blank(false);
    const first = this.#bare();
    const made = this.#compound(first);
    if (made !== undefined) return { ...made, isNegated, redirects: this.#redirects() };
    if (RESERVED.has(first)) throw this.#unknown(first);
    const words: Word[] = [];
    const redirects: Redirect[] = [];
    for (;;) {
      redirects.push(...this.#redirects());
      if (this.#peek() === '' || BREAKS.has(this.#peek())) break;
      words.push(this.#word());
    }
    if (words.length + redirects.length === 0) throw this.#unknown(this.#peek());
    return { kind: 'simple', words, isNegated, redirects };
  }

  #compound(first: string) {
    switch (first) {
      case 'for':
        return this.#for();
      case 'while':
      case 'until': {
        this.#word();
        const test = this.list(['do']);
        return { kind: 'while', until: first === 'until', test, body: this.#body() } as const;
      }
      case 'if':
        return this.#if();
      default:
        return undefined;
    }
  }

  #for() {
    this.#word();
    this.#blank(false);
    const name = this.#bare();
    if (!/^[A-Za-z_]\w*$/.test(name)) throw this.#unknown(name);
    this.#word();
    this.#blank(true);
    this.#expect('in');
    const words: Word[] = [];
    for (;;) {
      this.#blank(false);
      if (this.#peek() === '' || BREAKS.has(this.#peek())) break;
      words.push(this.#word());
    }
    this.#take(';');
    return { kind: 'for', name, words, body: this.#body() } as const;
  }

  #body(): Script {
    this.#blank(true);
    this.#expect('do');
    const body = this.list(['done']);
    this.#expect('done');
    return body;
  }

  #if() {
    const branches: Branch[] = [];
    let word = 'if';
    while (word === 'if' || word === 'elif') {
      this.#word();
      const test = this.list(['then']);
      this.#expect('then');
      branches.push({ test, body: this.list(['elif', 'else', 'fi']) });
      word = this.#bare();
    }
    let otherwise: Script = [];
    if (word === 'else') {
      this.#word();
      otherwise = this.list(['fi']);
    }
    this.#expect('fi');
    return { kind: 'if', branches, otherwise } as const;
  }

  #redirects(): readonly Redirect[] {
    const found: Redirect[] = [];
    for (;;) {
      this.#blank(false);
      const match = /^(?:(&)|([12]))?>{1,2}/.exec(this.#text.slice(this.#at, this.#at + 4));
      if (match === null) return found;
      this.#at += match[0].length;
      if (this.#take('&1')) found.push({ from: 'stderr', to: 'stdout' });
      else if (this.#take('&2')) found.push({ from: 'stdout', to: 'stderr' });
      else {
        this.#blank(false);
        const to = this.#word();
        const both = match[1] !== undefined;
        if (both || match[2] !== '2') found.push({ from: 'stdout', to });
        if (both || match[2] === '2') found.push({ from: 'stderr', to });
      }
    }
  }

  #word(): Word {
    this.#blank(false);
    const parts: Part[] = [];
    for (;;) {
      const character = this.#peek();
      if (character === '' || BREAKS.has(character)) break;
      if (character === "'") parts.push(this.#single());
      else if (character === '"') parts.push(...this.#double());
      else if (character === '$') parts.push(this.#dollar(false));
      else if (character === '`') throw this.#unknown('`');
      else parts.push({ kind: 'text', text: this.#plain(), isQuoted: false });
    }
    if (parts.length === 0) throw this.#unknown(this.#peek());
    return parts;
  }

  #plain(): string {
    if (this.#take('\\')) {
      this.#at += 1;
      return this.#text.charAt(this.#at - 1);
    }
    const start = this.#at;
    while (
      this.#at < this.#text.length &&
      !/["'$`\\]/.test(this.#peek()) &&
      !BREAKS.has(this.#peek())
    ) {
      this.#at += 1;
    }
    return this.#text.slice(start, this.#at);
  }

  #single(): Part {
    const end = this.#text.indexOf("'", this.#at + 1);
    if (end < 0) throw new SyntaxProblem("a ' is never closed");
    const text = this.#text.slice(this.#at + 1, end);
    this.#at = end + 1;
    return { kind: 'text', text, isQuoted: true };
  }

  #double(): readonly Part[] {
    this.#at += 1;
    const parts: Part[] = [{ kind: 'text', text: '', isQuoted: true }];
    for (;;) {
      const character = this.#peek();
      if (character === '') throw new SyntaxProblem('a " is never closed');
      if (this.#take('"')) return parts;
      if (character === '$') parts.push(this.#dollar(true));
      else if (character === '`') throw this.#unknown('`');
      else {
        const isEscaped = character === '\\' && /["$\\`\n]/.test(this.#text.charAt(this.#at + 1));
        if (isEscaped) this.#at += 1;
        parts.push({ kind: 'text', text: this.#peek(), isQuoted: true });
        this.#at += 1;
      }
    }
  }

  #dollar(isQuoted: boolean): Part {
    if (this.#take('$((')) {
      const end = this.#text.indexOf('))', this.#at);
      if (end < 0) throw new SyntaxProblem('a $(( is never closed');
      const text = this.#text.slice(this.#at, end);
      this.#at = end + 2;
      return { kind: 'sum', text, isQuoted };
    }
    if (this.#take('$(')) {
      const script = this.list([]);
      if (!this.#take(')')) throw new SyntaxProblem('a $( is never closed');
      return { kind: 'output', script, isQuoted };
    }
    const match = /^\$(?:\{(\w+|[?#@*])\}|([A-Za-z_]\w*|[0-9?#@*]))/.exec(
      this.#text.slice(this.#at),
    );
    if (match === null) {
      if (this.#text.charAt(this.#at + 1) === '{') throw this.#unknown('${');
      this.#at += 1;
      return { kind: 'text', text: '$', isQuoted };
    }
    this.#at += match[0].length;
    return { kind: 'variable', name: match[1] ?? match[2] ?? '', isQuoted };
  }

  /** The word ahead if it is unquoted text, for words of the grammar. */
  #bare(): string {
    return /^[^\s;&|<>()$"'`\\]*/.exec(this.#text.slice(this.#at))?.[0] ?? '';
  }

  #expect(word: string): void {
    this.#blank(true);
    if (this.#bare() !== word) {
      throw new SyntaxProblem(`${word} is missing before ${JSON.stringify(this.#bare())}`);
    }
    this.#at += word.length;
  }

  #blank(withLines: boolean): void {
    const pattern = withLines ? /(?:[ \t\n]|\\\n|#[^\n]*)*/y : /(?:[ \t]|\\\n|(?<=[ \t])#[^\n]*)*/y;
    pattern.lastIndex = this.#at;
    this.#at += pattern.exec(this.#text)?.[0].length ?? 0;
  }

  #peek(): string {
    return this.#text.charAt(this.#at);
  }

  #take(mark: string): boolean {
    if (!this.#text.startsWith(mark, this.#at)) return false;
    this.#at += mark.length;
    return true;
  }

  #unknown(what: string): SyntaxProblem {
    const shown = what === '' ? 'the end of the script' : JSON.stringify(what);
    return new SyntaxProblem(`${shown} is not known to the builtin runner here`);
  }
}
