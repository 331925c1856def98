// The commands that pods of the builtin runner know: echo, env, hostname, cat, sleep, true, false, and `sh -c` of these.
// Anything else ends with 127 and says so. Entry point: `runCommand`.
import { utf8 } from '../../lib/bytes.ts';
import { sleep } from '../../lib/clock.ts';
import type { Body, Cancel, Clock } from '../../lib/ports.ts';
import { milliseconds } from '../../lib/time.ts';

export interface CommandPlace {
  readonly clock: Clock;
  readonly hostname: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: Body | undefined;
  readonly stdout: (chunk: Uint8Array) => Promise<void>;
  readonly stderr: (chunk: Uint8Array) => Promise<void>;
  readonly cancel: Cancel;
}

const NOT_FOUND = 127;
const USAGE = 2;

type Builtin = (args: readonly string[], place: CommandPlace) => Promise<number>;

const BUILTINS: Readonly<Record<string, Builtin>> = {
  echo: async (args, { stdout }) => {
    const isBare = args[0] === '-n';
    const text = (isBare ? args.slice(1) : args).join(' ');
    await stdout(utf8(isBare ? text : `${text}\n`));
    return 0;
  },
  env: async (_args, { env, stdout }) => {
    const lines = Object.entries(env).map(([name, value]) => `${name}=${value}\n`);
    await stdout(utf8(lines.join('')));
    return 0;
  },
  hostname: async (_args, { hostname, stdout }) => {
    await stdout(utf8(`${hostname}\n`));
    return 0;
  },
  cat,
  sleep: waits,
  true: () => Promise.resolve(0),
  false: () => Promise.resolve(1),
  ':': () => Promise.resolve(0),
  sh: shell,
};

/** `/bin/sh` and `sh` are the same program. */
function programOf(command: string): string {
  return command.split('/').at(-1) ?? command;
}

/** Whether the runner knows the command; containers whose command it does not know are only simulated. */
export function isKnownCommand([program]: readonly string[]): boolean {
  return program !== undefined && Object.hasOwn(BUILTINS, programOf(program));
}

/** Runs it and gives its exit code. */
export async function runCommand(command: readonly string[], place: CommandPlace): Promise<number> {
  const [program, ...args] = command;
  const builtin = program === undefined ? undefined : BUILTINS[programOf(program)];
  if (builtin !== undefined) return builtin(args, place);
  const known = Object.keys(BUILTINS).filter((name) => name !== ':');
  const text =
    `${program ?? ''}: not found: pods of the sandbox's builtin runner know ` +
    `${known.join(', ')} (sh only with -c)\n`;
  await place.stderr(utf8(text));
  return NOT_FOUND;
}

async function cat(args: readonly string[], place: CommandPlace): Promise<number> {
  const files = args.filter((arg) => arg !== '-');
  for (const file of files) {
    if (file === '/etc/hostname') await place.stdout(utf8(`${place.hostname}\n`));
    else {
      await place.stderr(utf8(`cat: ${file}: No such file or directory\n`));
      return 1;
    }
  }
  if (files.length === 0 && place.stdin !== undefined) {
    for await (const chunk of place.stdin) await place.stdout(chunk);
  }
  return 0;
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

async function waits(args: readonly string[], { clock, stderr, cancel }: CommandPlace) {
  const [text = ''] = args;
  const match = /^(\d+(?:\.\d+)?)([smhd])?$/.exec(text);
  if (text === 'infinity' || text === 'inf') {
    await forever(cancel);
    return 0;
  }
  if (match === null) {
    await stderr(utf8(`sleep: invalid time interval '${text}'\n`));
    return 1;
  }
  const seconds = Number(match[1]) * (UNITS[match[2] ?? 's'] ?? 1);
  await sleep(clock, milliseconds(seconds * 1000), cancel);
  return 0;
}

/** Until it is cancelled. */
export function forever(cancel: Cancel): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  cancel.onCancel(() => resolve(undefined));
  return promise;
}

async function shell(args: readonly string[], place: CommandPlace): Promise<number> {
  const [option, script = ''] = args;
  if (option !== '-c') {
    await place.stderr(utf8('sh: only `sh -c COMMANDS` is known to the builtin runner\n'));
    return USAGE;
  }
  const parsed = scriptOf(script, place.env);
  if (!parsed.ok) {
    await place.stderr(utf8(`sh: ${parsed.error}\n`));
    return USAGE;
  }
  let code = 0;
  for (const { join, words } of parsed.commands) {
    if (join === '&&' && code !== 0) continue;
    if (join === '||' && code === 0) continue;
    if (place.cancel.cancelled) break;
    const [program] = words;
    if (program === 'exit') return Number(words[1] ?? String(code));
    code = await runCommand(words, place);
  }
  return code;
}

interface ShellCommand {
  /** What stands before it: it runs always, after success, or after failure. */
  readonly join: ';' | '&&' | '||';
  readonly words: readonly string[];
}

type Parsed =
  | { readonly ok: true; readonly commands: readonly ShellCommand[] }
  | { readonly ok: false; readonly error: string };

const TOKEN =
  /\s+|(&&|\|\||;|\n)|'([^']*)'|"((?:[^"\\]|\\.)*)"|([^\s;&|'"<>()$`]+|\$\{?\w+\}?|\$\?)|(.)/gsy;

/** Commands joined by `;`, `&&`, `||`, with quotes and variables; no pipes, no redirection. */
function scriptOf(script: string, env: Readonly<Record<string, string>>): Parsed {
  const commands: ShellCommand[] = [];
  let words: string[] = [];
  let join: ShellCommand['join'] = ';';
  let isGlued = false;
  const push = (text: string): void => {
    const last = words.pop();
    if (isGlued && last !== undefined) words.push(last + text);
    else {
      if (last !== undefined) words.push(last);
      words.push(text);
    }
    isGlued = true;
  };
  const close = (): void => {
    if (words.length > 0) commands.push({ join, words });
    words = [];
  };
  for (const match of script.matchAll(TOKEN)) {
    const [, separator, single, double, bare, other] = match;
    if (separator !== undefined) {
      close();
      join = separator === '&&' || separator === '||' ? separator : ';';
      isGlued = false;
    } else if (single !== undefined) push(single);
    else if (double !== undefined) push(expanded(double.replaceAll(/\\(.)/gs, '$1'), env));
    else if (bare !== undefined) push(expanded(bare, env));
    else if (other === undefined) isGlued = false;
    else return { ok: false, error: `${JSON.stringify(other)} is not known to the builtin runner` };
  }
  close();
  return { ok: true, commands };
}

function expanded(text: string, env: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\{?(\w+)\}?/g, (_whole, name: string) => env[name] ?? '');
}
