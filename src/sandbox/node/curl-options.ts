// curl's command line: long and short options, values glued or apart, several URLs. Entry point: `curlOptions`.
import { base64, utf8 } from '../../lib/bytes.ts';

export interface CurlOptions {
  readonly urls: readonly string[];
  readonly method: string | undefined;
  readonly headers: readonly string[];
  /** Pieces of the body with where they come from. */
  readonly data: readonly DataPiece[];
  /** One for each URL, in order; standard output where there is none. */
  readonly outputs: readonly string[];
  readonly writeOut: string;
  readonly maxSeconds: number | undefined;
  readonly maxRedirects: number;
  readonly retries: number;
  readonly retryDelaySeconds: number | undefined;
  readonly flags: ReadonlySet<CurlFlag>;
}

export interface DataPiece {
  readonly kind: 'text' | 'binary' | 'raw' | 'json';
  readonly value: string;
}

export type CurlFlag =
  | 'silent'
  | 'show-error'
  | 'verbose'
  | 'include'
  | 'head'
  | 'location'
  | 'fail'
  | 'fail-with-body'
  | 'get'
  | 'globoff'
  | 'retry-connrefused'
  | 'retry-all-errors'
  | 'version';

export type ParsedCurl =
  | { readonly ok: true; readonly options: CurlOptions }
  | { readonly ok: false; readonly error: string };

type Taken = 'header' | 'output' | 'url' | 'write-out' | 'method' | 'max-time' | 'ignored-time';
type Value =
  | Taken
  | 'retry'
  | 'retry-delay'
  | 'max-redirs'
  | 'user'
  | 'header-of'
  | DataPiece['kind'];

/** Options that are only switched on, by every name; `ignored` ones mean nothing here. */
const SWITCHES: Readonly<Record<string, CurlFlag | 'ignored'>> = {
  s: 'silent',
  silent: 'silent',
  S: 'show-error',
  'show-error': 'show-error',
  v: 'verbose',
  verbose: 'verbose',
  i: 'include',
  include: 'include',
  I: 'head',
  head: 'head',
  L: 'location',
  location: 'location',
  f: 'fail',
  fail: 'fail',
  'fail-with-body': 'fail-with-body',
  G: 'get',
  get: 'get',
  g: 'globoff',
  globoff: 'globoff',
  'retry-connrefused': 'retry-connrefused',
  'retry-all-errors': 'retry-all-errors',
  V: 'version',
  version: 'version',
  k: 'ignored',
  insecure: 'ignored',
  N: 'ignored',
  'no-buffer': 'ignored',
  '#': 'ignored',
  'progress-bar': 'ignored',
  'no-progress-meter': 'ignored',
  '4': 'ignored',
  ipv4: 'ignored',
  'http1.1': 'ignored',
  'http1.0': 'ignored',
  compressed: 'ignored',
  'no-keepalive': 'ignored',
  q: 'ignored',
};

const VALUES: Readonly<Record<string, Value>> = {
  H: 'header',
  header: 'header',
  o: 'output',
  output: 'output',
  url: 'url',
  w: 'write-out',
  'write-out': 'write-out',
  X: 'method',
  request: 'method',
  m: 'max-time',
  'max-time': 'max-time',
  'connect-timeout': 'ignored-time',
  'retry-max-time': 'ignored-time',
  'keepalive-time': 'ignored-time',
  retry: 'retry',
  'retry-delay': 'retry-delay',
  'max-redirs': 'max-redirs',
  u: 'user',
  user: 'user',
  A: 'header-of',
  'user-agent': 'header-of',
  e: 'header-of',
  referer: 'header-of',
  b: 'header-of',
  cookie: 'header-of',
  d: 'text',
  data: 'text',
  'data-ascii': 'text',
  'data-binary': 'binary',
  'data-raw': 'raw',
  json: 'json',
};

/** Names of headers that have an option of their own. */
const HEADER_OF: Readonly<Record<string, string>> = {
  A: 'user-agent',
  'user-agent': 'user-agent',
  e: 'referer',
  referer: 'referer',
  b: 'cookie',
  cookie: 'cookie',
};

const MOST_REDIRECTS = 50;
const TRY = "curl: try 'curl --help' or 'curl --manual' for more information";

/** The error is what curl prints; its exit code is 2. */
export function curlOptions(args: readonly string[]): ParsedCurl {
  const reader = new Reader(args);
  const error = reader.read();
  if (error !== undefined) return { ok: false, error: `curl: ${error}\n${TRY}\n` };
  return { ok: true, options: reader.options() };
}

class Reader {
  readonly #rest: string[];
  readonly #flags = new Set<CurlFlag>();
  readonly #lists = { url: [] as string[], header: [] as string[], output: [] as string[] };
  readonly #data: DataPiece[] = [];
  readonly #texts = new Map<Value, string>();

  constructor(args: readonly string[]) {
    this.#rest = [...args];
  }

  /** What is wrong, if anything. */
  read(): string | undefined {
    for (let word = this.#rest.shift(); word !== undefined; word = this.#rest.shift()) {
      const error = this.#word(word);
      if (error !== undefined) return error;
    }
    return undefined;
  }

  options(): CurlOptions {
    const number = (name: Value): number | undefined => {
      const text = this.#texts.get(name);
      return text === undefined ? undefined : Number(text);
    };
    const maxSeconds = number('max-time');
    return {
      urls: this.#lists.url,
      method: this.#texts.get('method'),
      headers: this.#lists.header,
      data: this.#data,
      outputs: this.#lists.output,
      writeOut: this.#texts.get('write-out') ?? '',
      maxSeconds: maxSeconds === 0 ? undefined : maxSeconds,
      maxRedirects: number('max-redirs') ?? MOST_REDIRECTS,
      retries: number('retry') ?? 0,
      retryDelaySeconds: number('retry-delay'),
      flags: this.#flags,
    };
  }

  #word(word: string): string | undefined {
    if (!word.startsWith('-') || word === '-') {
      this.#lists.url.push(word);
      return undefined;
    }
    return word.startsWith('--') ? this.#long(word.slice(2)) : this.#short(word.slice(1));
  }

  #long(name: string): string | undefined {
    const shown = `option --${name}`;
    const flag = name.length > 1 ? SWITCHES[name] : undefined;
    if (flag !== undefined) return this.#on(flag);
    const kind = name.length > 1 ? VALUES[name] : undefined;
    if (kind === undefined) return `${shown}: is unknown`;
    return this.#value({ kind, name, shown, value: this.#rest.shift() });
  }

  #short(letters: string): string | undefined {
    for (let at = 0; at < letters.length; at += 1) {
      const letter = letters.charAt(at);
      const shown = `option -${letter}`;
      const flag = SWITCHES[letter];
      if (flag !== undefined) {
        this.#on(flag);
        continue;
      }
      const kind = VALUES[letter];
      if (kind === undefined) return `option -${letters}: is unknown`;
      const glued = letters.slice(at + 1);
      const value = glued === '' ? this.#rest.shift() : glued;
      return this.#value({ kind, name: letter, shown, value });
    }
    return undefined;
  }

  #on(flag: CurlFlag | 'ignored'): undefined {
    if (flag !== 'ignored') this.#flags.add(flag);
    return undefined;
  }

  #value(given: {
    readonly kind: Value;
    readonly name: string;
    readonly shown: string;
    readonly value: string | undefined;
  }): string | undefined {
    const { kind, name, shown, value } = given;
    if (value === undefined) return `${shown}: requires parameter`;
    switch (kind) {
      case 'url':
      case 'header':
      case 'output':
        this.#lists[kind].push(value);
        return undefined;
      case 'header-of':
        this.#lists.header.push(`${HEADER_OF[name] ?? name}: ${value}`);
        return undefined;
      case 'user':
        this.#lists.header.push(`authorization: Basic ${base64Text(value)}`);
        return undefined;
      case 'text':
      case 'binary':
      case 'raw':
      case 'json':
        this.#data.push({ kind, value });
        return undefined;
      case 'write-out':
      case 'method':
        this.#texts.set(kind, value);
        return undefined;
      default:
        if (!/^\d+(\.\d+)?$/.test(value)) return `${shown}: expected a proper numerical parameter`;
        this.#texts.set(kind, value);
        return undefined;
    }
  }
}

function base64Text(text: string): string {
  return base64(utf8(text));
}
