// Runs what shell-syntax.ts has read: loops, conditions, variables, output of commands, `test`. Entry point: `runShell`.
import { unreachable } from '../../lib/assert.ts';
import { concat, utf8, utf8Text } from '../../lib/bytes.ts';
import type { CommandPlace } from './commands.ts';
import {
  type Command,
  type Part,
  parseScript,
  type Redirect,
  type Script,
  type Word,
} from './shell-syntax.ts';
import { arithmetic, testOf } from './shell-values.ts';

/** Runs one command of the pod and gives its exit code. */
export type RunProgram = (words: readonly string[], place: CommandPlace) => Promise<number>;

const USAGE = 2;
/** Turns of a loop after which it is taken for endless. */
const MOST_TURNS = 1_000_000;

/** `sh -c SCRIPT NAME ARGS…`; gives the exit code. */
export async function runShell(
  args: readonly string[],
  place: CommandPlace,
  run: RunProgram,
): Promise<number> {
  const [option = '', text = '', ...positional] = args;
  if (!/^-[eux]*c$/.test(option)) {
    await place.stderr(utf8('sh: only `sh -c COMMANDS` is known to the builtin runner\n'));
    return USAGE;
  }
  const parsed = parseScript(text);
  if (!parsed.ok) {
    await place.stderr(utf8(`sh: ${parsed.error}\n`));
    return USAGE;
  }
  const shell = new Shell(place, run, positional);
  try {
    return await shell.script(parsed.script, place);
  } catch (error) {
    if (error instanceof Exit) return error.code;
    throw error;
  }
}

class Exit extends Error {
  readonly code: number;
  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code;
  }
}

/** Leaves the innermost loop, or goes on with its next turn. */
class Jump extends Error {
  readonly kind: 'break' | 'continue';
  constructor(kind: Jump['kind']) {
    super(kind);
    this.kind = kind;
  }
}

class Shell {
  readonly #run: RunProgram;
  readonly #variables: Map<string, string>;
  #code = 0;

  constructor(place: CommandPlace, run: RunProgram, positional: readonly string[]) {
    this.#run = run;
    this.#variables = new Map(Object.entries(place.env));
    positional.forEach((value, index) => this.#variables.set(String(index), value));
    const rest = positional.slice(1);
    this.#variables.set('#', String(rest.length)).set('@', rest.join(' ')).set('*', rest.join(' '));
  }

  async script(script: Script, place: CommandPlace): Promise<number> {
    for (const { join, command } of script) {
      if (place.cancel.cancelled) break;
      if (join === '&&' && this.#code !== 0) continue;
      if (join === '||' && this.#code === 0) continue;
      const code = await this.#command(command, place);
      this.#code = command.isNegated ? Number(code === 0) : code;
    }
    return this.#code;
  }

  async #command(command: Command, outer: CommandPlace): Promise<number> {
    const place = await this.#redirected(command.redirects, outer);
    if (place === undefined) return 1;
    switch (command.kind) {
      case 'simple':
        return this.#simple(await this.#words(command.words, place), command.words, place);
      case 'for': {
        const values = await this.#words(command.words, place);
        return this.#loop(place, command.body, (turn) => {
          const value = values[turn];
          if (value !== undefined) this.#variables.set(command.name, value);
          return Promise.resolve(value !== undefined);
        });
      }
      case 'while':
        return this.#loop(place, command.body, async () => {
          const holds = (await this.#tested(command.test, place)) === 0;
          return holds !== command.until;
        });
      case 'if': {
        for (const { test, body } of command.branches) {
          if ((await this.#tested(test, place)) === 0) return this.#inner(body, place);
        }
        return this.#inner(command.otherwise, place);
      }
      default:
        return unreachable(command);
    }
  }

  #tested(test: Script, place: CommandPlace): Promise<number> {
    return this.#inner(test, place);
  }

  /** A script inside a command: success if it is empty. */
  #inner(script: Script, place: CommandPlace): Promise<number> {
    this.#code = 0;
    return this.script(script, place);
  }

  async #loop(
    place: CommandPlace,
    body: Script,
    goesOn: (turn: number) => Promise<boolean>,
  ): Promise<number> {
    let code = 0;
    for (let turn = 0; turn < MOST_TURNS && !place.cancel.cancelled; turn += 1) {
      if (!(await goesOn(turn))) break;
      try {
        code = await this.#inner(body, place);
      } catch (error) {
        if (!(error instanceof Jump)) throw error;
        if (error.kind === 'break') break;
      }
    }
    return code;
  }

  async #simple(
    words: readonly string[],
    written: readonly Word[],
    place: CommandPlace,
  ): Promise<number> {
    const count = assignments(written);
    const pairs = words.slice(0, count).map((word) => word.split(/=(.*)/s));
    const [program, ...args] = words.slice(count);
    if (program === undefined) {
      for (const [name = '', value = ''] of pairs) this.#variables.set(name, value);
      return count > 0 ? 0 : this.#code;
    }
    const builtin = await this.#builtin(program, args, place);
    if (builtin !== undefined) return builtin;
    const own = Object.fromEntries(pairs.map(([name = '', value = '']) => [name, value]));
    const env = { ...place.env, ...own };
    return this.#run([program, ...args], { ...place, env });
  }

  /** Commands that change the shell itself. */
  async #builtin(program: string, args: readonly string[], place: CommandPlace) {
    switch (program) {
      case 'exit':
        throw new Exit(Number(args[0] ?? this.#code) & 255);
      case 'break':
      case 'continue':
        throw new Jump(program);
      case 'set':
        return 0;
      case 'export':
        for (const word of args.filter((one) => one.includes('='))) {
          const [name = '', value = ''] = word.split(/=(.*)/s);
          this.#variables.set(name, value);
        }
        return 0;
      case 'test':
      case '[': {
        const terms = program === '[' && args.at(-1) === ']' ? args.slice(0, -1) : args;
        const result = testOf(terms);
        if (typeof result === 'boolean') return result ? 0 : 1;
        await place.stderr(utf8(`sh: ${program}: ${result}\n`));
        return USAGE;
      }
      default:
        return undefined;
    }
  }

  async #redirected(
    redirects: readonly Redirect[],
    place: CommandPlace,
  ): Promise<CommandPlace | undefined> {
    let next = place;
    for (const { from, to } of redirects) {
      const target = typeof to === 'string' ? to : (await this.#words([to], place)).join(' ');
      const stream = streamOf(target, next);
      if (stream === undefined) {
        const text = `sh: ${target}: the builtin runner writes to /dev/null, /dev/stdout and /dev/stderr only\n`;
        await place.stderr(utf8(text));
        return undefined;
      }
      next = { ...next, [from]: stream };
    }
    return next;
  }

  async #words(words: readonly Word[], place: CommandPlace): Promise<readonly string[]> {
    const fields: string[] = [];
    for (const word of words) fields.push(...(await this.#fields(word, place)));
    return fields;
  }

  /** One word becomes none, one or several: what is not quoted is split at blanks. */
  async #fields(word: Word, place: CommandPlace): Promise<readonly string[]> {
    const fields: string[] = [];
    let open: string | undefined;
    for (const part of word) {
      const value = await this.#value(part, place);
      if (part.kind === 'text' || part.isQuoted || isAssignment(word)) {
        open = (open ?? '') + value;
        continue;
      }
      const [first = '', ...rest] = value.split(/\s+/);
      if (first !== '') open = (open ?? '') + first;
      for (const next of rest) {
        if (open !== undefined) fields.push(open);
        open = next === '' ? undefined : next;
      }
    }
    if (open !== undefined) fields.push(open);
    return fields;
  }

  async #value(part: Part, place: CommandPlace): Promise<string> {
    switch (part.kind) {
      case 'text':
        return part.text;
      case 'variable':
        return this.#variable(part.name);
      case 'sum':
        return String(arithmetic(part.text, (name) => this.#variable(name)));
      case 'output': {
        const chunks: Uint8Array[] = [];
        const stdout = (chunk: Uint8Array): Promise<void> => {
          chunks.push(chunk);
          return Promise.resolve();
        };
        await this.script(part.script, { ...place, stdout });
        return utf8Text(concat(chunks)).replace(/\n+$/, '');
      }
      default:
        return unreachable(part);
    }
  }

  #variable(name: string): string {
    return name === '?' ? String(this.#code) : (this.#variables.get(name) ?? '');
  }
}

function streamOf(target: string, place: CommandPlace) {
  switch (target) {
    case 'stdout':
    case '/dev/stdout':
      return place.stdout;
    case 'stderr':
    case '/dev/stderr':
      return place.stderr;
    case '/dev/null':
      return () => Promise.resolve();
    default:
      return undefined;
  }
}

/** Whether a word is `NAME=…`, as it is written. */
function isAssignment([first]: Word): boolean {
  return first?.kind === 'text' && !first.isQuoted && /^[A-Za-z_]\w*=/.test(first.text);
}

/** How many words at the beginning set variables. */
function assignments(words: readonly Word[]): number {
  const end = words.findIndex((word) => !isAssignment(word));
  return end < 0 ? words.length : end;
}
