// From words to a command and its exit status (cli.md 1.2). Entry point: `runCommandLine`.
import { ConfigError } from '../kube/config-error.ts';
import { ApiError } from '../kube/errors.ts';
import { editDistance } from '../lib/edit-distance.ts';
import { ProcessError, TransportError } from '../lib/ports.ts';
import {
  type Command,
  CommandError,
  type Context,
  type Group,
  type Leaf,
  UsageError,
  type Values,
} from './command.ts';
import { GLOBAL_FLAGS, parseFlags, VERSION_FLAG } from './flags.ts';
import { helpText, usageText } from './usage.ts';

export type MakeContext = (flags: Context['flags']) => Context;

interface Found {
  readonly command: Command;
  readonly path: string;
  /** Words that are left for it. */
  readonly words: readonly string[];
}

function isNamed(command: Command, name: string): boolean {
  if (command.name === name) return true;
  return command.kind === 'leaf' && (command.aliases ?? []).includes(name);
}

/** Flags may stand before the command's name: those with a value take the next word along. */
function firstWord(words: readonly string[]): number {
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (!word.startsWith('-')) return at;
    const isLong = word.startsWith('--');
    const flag = GLOBAL_FLAGS.find((one) =>
      isLong ? one.name === word.slice(2) : one.shorthand === word.slice(1),
    );
    if (flag !== undefined && flag.type !== 'bool') at += 1;
  }
  return -1;
}

/** The deepest command that words name, and the words that are left for it. */
export function findCommand(root: Group, words: readonly string[]): Found {
  let group = root;
  let path = root.name;
  let rest = words;
  for (;;) {
    const at = firstWord(rest);
    const name = at < 0 ? undefined : rest[at];
    const child = group.children.find((one) => name !== undefined && isNamed(one, name));
    if (child === undefined) return { command: group, path, words: rest };
    rest = rest.filter((_word, index) => index !== at);
    path = `${path} ${child.name}`;
    if (child.kind === 'leaf') return { command: child, path, words: rest };
    group = child;
  }
}

/** Runs the command that `words` name; what goes wrong is told on stderr. */
export async function runCommandLine(
  root: Group,
  words: readonly string[],
  makeContext: MakeContext,
): Promise<number> {
  const bare = makeContext(parseFlags([], GLOBAL_FLAGS).values);
  const { terminal } = bare;
  const found = findCommand(root, words);
  try {
    return found.command.kind === 'group'
      ? runGroup(found.command, found, bare)
      : await runLeaf(found.command, found, makeContext);
  } catch (error) {
    if (error instanceof UsageError) {
      terminal.err(usageText(found.command, found.path));
      return 1;
    }
    terminal.err(`Error: ${messageOf(error)}\n`);
    return 1;
  }
}

/** Messages for people; a bug keeps its trace. */
function messageOf(error: unknown): string {
  const isKnown =
    error instanceof CommandError ||
    error instanceof ApiError ||
    error instanceof TransportError ||
    error instanceof ProcessError ||
    error instanceof ConfigError ||
    isRefusedBySystem(error);
  if (isKnown) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** What the machine does not let us do (a file that may not be written) is no bug of ours. */
function isRefusedBySystem(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error;
}

/** A group does nothing of its own: it shows how it is used. */
function runGroup(group: Group, { path, words }: Found, { terminal }: Context): number {
  const isRoot = !path.includes(' ');
  const at = firstWord(words);
  const unknown = at < 0 ? undefined : words[at];
  if (unknown !== undefined && isRoot) {
    terminal.err(`Error: ${unknownCommand(group, unknown)}\n`);
    terminal.err(`Run '${path} --help' for usage.\n`);
    return 1;
  }
  const own = group.version === undefined ? [] : [VERSION_FLAG];
  const { wantsHelp, values } = parseFlags(words, [...own, ...GLOBAL_FLAGS]);
  if (wantsHelp) terminal.out(helpText(group, path));
  else if (values.bool('version')) terminal.out(`${path} version ${group.version ?? ''}\n`);
  else {
    terminal.err(usageText(group, path));
    return 1;
  }
  return 0;
}

function unknownCommand(group: Group, word: string): string {
  const text = `unknown command ${JSON.stringify(word)} for ${JSON.stringify(group.name)}`;
  const typed = word.toLowerCase();
  const near = group.children
    .filter((child) => child.kind === 'group' || child.isHidden !== true)
    .map(({ name }) => name)
    .filter((name) => editDistance(name, typed) <= 2 || name.startsWith(typed));
  return near.length === 0
    ? text
    : `${text}\n\nDid you mean this?\n${near.map((name) => `\t${name}\n`).join('')}`;
}

async function runLeaf(
  leaf: Leaf,
  { path, words }: Found,
  makeContext: MakeContext,
): Promise<number> {
  const areArguments = leaf.unknownFlags === 'arguments';
  const parsed = parseFlags(
    areArguments ? ['--', ...words] : words,
    [...leaf.flags, ...GLOBAL_FLAGS],
    {
      ignoresUnknown: leaf.unknownFlags === 'ignored',
    },
  );
  const context = makeContext(parsed.values);
  if (parsed.wantsHelp) {
    context.terminal.out(helpText(leaf, path));
    return 0;
  }
  for (const text of parsed.deprecations) context.terminal.err(`${text}\n`);
  checkLogLevel(parsed.values);
  if (parsed.args.length < leaf.minArgs || parsed.args.length > leaf.maxArgs)
    throw new UsageError();
  return leaf.run(context, parsed.args);
}

const LOG_LEVELS: readonly string[] = [
  'panic',
  'fatal',
  'error',
  'warn',
  'warning',
  'info',
  'debug',
  'trace',
];

function checkLogLevel(flags: Values): void {
  const level = flags.text('loglevel');
  if (LOG_LEVELS.includes(level.toLowerCase())) return;
  throw new CommandError(
    `--loglevel ${JSON.stringify(level)} is no level: use debug, info, warn or error`,
  );
}
