// Reading flags as users of kubectl write them: `--name=value`, `--name value`, `-n value`, `-nvalue`, anywhere between
// the arguments; `--` ends them (cli.md 1.1).
import { parseDuration } from '../lib/time.ts';
import { CommandError, type Flag, type Values } from './command.ts';

export const GLOBAL_FLAGS: readonly Flag[] = [
  text('as', 'Username to impersonate for the operation'),
  list('as-group', 'Group to impersonate for the operation, this flag can be repeated'),
  text('as-uid', 'UID to impersonate for the operation'),
  text('cache-dir', 'Cache directory; nothing is cached by this program'),
  text('certificate-authority', 'Path to a cert file for the certificate authority'),
  text('client-certificate', 'Path to a client certificate file for TLS'),
  text('client-key', 'Path to a client key file for TLS'),
  text('cluster', 'The name of the kubeconfig cluster to use'),
  text('context', 'The name of the kubeconfig context to use'),
  bool('disable-compression', 'Opt out of response compression'),
  bool('insecure-skip-tls-verify', "Do not check the server's certificate"),
  { ...text('kubeconfig', 'Path to the kubeconfig file to use for CLI requests') },
  { ...int('kloglevel', '0', 'Log level of the API client'), shorthand: 'v' },
  { ...text('loglevel', 'Log level for this program'), default: 'info' },
  { ...text('namespace', 'The namespace scope for this CLI request'), shorthand: 'n' },
  {
    ...text('request-timeout', 'Time to wait for a single request; 0 waits for ever'),
    default: '0',
  },
  { ...text('server', 'The address and port of the Kubernetes API server'), shorthand: 's' },
  text('tls-server-name', 'Server name to use for certificate validation'),
  text('token', 'Bearer token for authentication to the API server'),
  text('user', 'The name of the kubeconfig user to use'),
];

export function text(name: string, usage: string): Flag {
  return { name, type: 'string', default: '', usage };
}

export function bool(name: string, usage: string, byDefault = false): Flag {
  return { name, type: 'bool', default: String(byDefault), usage };
}

export function int(name: string, byDefault: string, usage: string): Flag {
  return { name, type: 'int', default: byDefault, usage };
}

export function list(name: string, usage: string): Flag {
  return { name, type: 'list', default: '[]', usage };
}

export interface ParsedLine {
  readonly args: readonly string[];
  readonly values: Values;
  /** Flags that were used and will go away. */
  readonly deprecations: readonly string[];
  readonly wantsHelp: boolean;
}

/** Of a root that has a version. */
export const VERSION_FLAG: Flag = bool('version', 'print the version of this program');

const HELP: Flag = { ...bool('help', 'help for the command'), shorthand: 'h' };

export interface ParseOptions {
  /** Flags that are not known are passed over instead of being an error. */
  readonly ignoresUnknown?: boolean;
}

/** Reads a command line against the flags that it may have. Throws `CommandError` for unknown or bad ones. */
export function parseFlags(
  words: readonly string[],
  flags: readonly Flag[],
  { ignoresUnknown = false }: ParseOptions = {},
): ParsedLine {
  const reader = new Reader([...flags, HELP], ignoresUnknown);
  const args: string[] = [];
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--') {
      args.push(...rest);
      break;
    }
    if (word.startsWith('--')) reader.long(word.slice(2), rest);
    else if (word.startsWith('-') && word !== '-') reader.short(word.slice(1), rest);
    else args.push(word);
  }
  return {
    args,
    values: reader.values(),
    deprecations: reader.deprecations,
    wantsHelp: reader.values().bool('help'),
  };
}

class Reader {
  readonly deprecations: string[] = [];
  readonly #flags: readonly Flag[];
  readonly #ignoresUnknown: boolean;
  readonly #found = new Map<string, string[]>();

  constructor(flags: readonly Flag[], ignoresUnknown: boolean) {
    this.#flags = flags;
    this.#ignoresUnknown = ignoresUnknown;
  }

  long(word: string, rest: string[]): void {
    const [name = '', given] = word.split(/=(.*)/s);
    if (name === '' || name.startsWith('-')) {
      throw new CommandError(`bad flag syntax: --${word}`);
    }
    const flag = this.#flags.find((one) => one.name === name);
    if (flag === undefined) {
      if (this.#ignoresUnknown) return;
      throw new CommandError(`unknown flag: --${name}`);
    }
    if (flag.deprecated !== undefined) {
      this.deprecations.push(`Flag --${flag.name} has been deprecated, ${flag.deprecated}`);
    }
    this.#take(flag, `--${name}`, { given, rest });
  }

  /** Several letters in one word: all but the last are switches. */
  short(word: string, rest: string[]): void {
    for (let at = 0; at < word.length; at += 1) {
      const letter = word.charAt(at);
      const left = word.slice(at);
      const flag = this.#flags.find((one) => one.shorthand === letter);
      if (flag === undefined) {
        if (this.#ignoresUnknown) return;
        throw new CommandError(`unknown shorthand flag: '${letter}' in -${left}`);
      }
      if (flag.deprecated !== undefined) {
        this.deprecations.push(`Flag shorthand -${letter} has been deprecated, ${flag.deprecated}`);
      }
      const after = left.slice(1);
      if (flag.type === 'bool' && !after.startsWith('=')) {
        this.#set(flag, 'true');
        continue;
      }
      const given = after === '' ? undefined : after.replace(/^=/, '');
      this.#take(flag, `'${letter}' in -${left}`, { given, rest });
      return;
    }
  }

  #take(
    flag: Flag,
    shown: string,
    { given, rest }: { readonly given: string | undefined; readonly rest: string[] },
  ): void {
    if (given === undefined && flag.type === 'bool') {
      this.#set(flag, 'true');
      return;
    }
    const value = given ?? rest.shift();
    if (value === undefined) throw new CommandError(`flag needs an argument: ${shown}`);
    const problem = valueProblem(flag, value);
    if (problem !== undefined) {
      const names =
        flag.shorthand === undefined ? `--${flag.name}` : `-${flag.shorthand}, --${flag.name}`;
      throw new CommandError(
        `invalid argument ${JSON.stringify(value)} for "${names}" flag: ${problem}`,
      );
    }
    this.#set(flag, value);
  }

  #set(flag: Flag, text: string): void {
    const value = flag.type === 'bool' ? String(BOOLS.get(text)) : text;
    const before = this.#found.get(flag.name) ?? [];
    this.#found.set(flag.name, flag.type === 'list' ? [...before, value] : [value]);
  }

  values(): Values {
    const text = (name: string): string => {
      const flag = this.#flags.find((one) => one.name === name);
      return this.#found.get(name)?.at(-1) ?? flag?.default ?? '';
    };
    return {
      has: (name) => this.#found.has(name),
      text,
      bool: (name) => text(name) === 'true',
      int: (name) => Number(text(name)),
      list: (name) => this.#found.get(name) ?? [],
    };
  }
}

/** Every way in which Go reads a truth value. */
const BOOLS: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'true', 'TRUE', 'True'].map((word) => [word, true] as const),
  ...['0', 'f', 'F', 'false', 'FALSE', 'False'].map((word) => [word, false] as const),
]);

function valueProblem({ type }: Flag, value: string): string | undefined {
  switch (type) {
    case 'bool':
      return BOOLS.has(value)
        ? undefined
        : `strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`;
    case 'int':
      return /^[+-]?\d+$/.test(value)
        ? undefined
        : `strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`;
    case 'duration': {
      const parsed = parseDuration(value);
      return parsed.ok ? undefined : parsed.error;
    }
    default:
      return undefined;
  }
}
