// The commands that pods of the builtin runner know: echo, env, hostname, cat, seq, sleep, true, false, curl, wget, and
// `sh -c` of these.
// Anything else ends with 127 and says so. Entry point: `runCommand`.
import { utf8 } from '../../lib/bytes.ts';
import { sleep } from '../../lib/clock.ts';
import type { Body, Cancel, Clock } from '../../lib/ports.ts';
import { milliseconds } from '../../lib/time.ts';
import { curl } from './curl.ts';
import { NoSuchHostError, type PodNetwork } from './network.ts';
import { runShell } from './shell.ts';
import { wget } from './wget.ts';

export interface CommandPlace {
  readonly clock: Clock;
  readonly hostname: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: Body | undefined;
  readonly stdout: (chunk: Uint8Array) => Promise<void>;
  readonly stderr: (chunk: Uint8Array) => Promise<void>;
  readonly cancel: Cancel;
  /** Absent: the pod reaches nothing. */
  readonly network?: PodNetwork;
}

const NOT_FOUND = 127;
const NO_NETWORK: PodNetwork = {
  send: ({ connectedTo }) => Promise.reject(new NoSuchHostError(connectedTo.host)),
};
const MOST_NUMBERS = 1_000_000;

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
  seq,
  curl: (args, place) => curl(args, place, place.network ?? NO_NETWORK),
  wget: (args, place) => wget(args, place, place.network ?? NO_NETWORK),
  sh: (args, place) => runShell(args, place, runCommand),
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

async function seq(args: readonly string[], { stdout, stderr }: CommandPlace): Promise<number> {
  const numbers = args.map(Number);
  if (args.length === 0 || args.length > 3 || numbers.some((number) => !Number.isInteger(number))) {
    await stderr(
      utf8('seq: the builtin runner knows seq [FIRST [STEP]] LAST with whole numbers\n'),
    );
    return 1;
  }
  const last = numbers.at(-1) ?? 0;
  const first = numbers.length > 1 ? (numbers[0] ?? 1) : 1;
  const step = numbers.length > 2 ? (numbers[1] ?? 1) : 1;
  const count = step === 0 ? 0 : Math.max(0, Math.floor((last - first) / step) + 1);
  if (count > MOST_NUMBERS) {
    await stderr(utf8(`seq: more than ${MOST_NUMBERS} numbers\n`));
    return 1;
  }
  const lines = Array.from({ length: count }, (_, index) => `${first + index * step}\n`);
  await stdout(utf8(lines.join('')));
  return 0;
}
