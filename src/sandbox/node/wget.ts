// The builtin `wget`, small as in an image made for little else: `wget -qO- URL`. Entry point: `wget`.
import { utf8 } from '../../lib/bytes.ts';
import { cancellation } from '../../lib/clock.ts';
import { TransportError } from '../../lib/ports.ts';
import { later, seconds } from '../../lib/time.ts';
import type { CommandPlace } from './commands.ts';
import { authorityOf, redirected, type Target, targetOf } from './curl-urls.ts';
import { NoSuchHostError, type PodNetwork } from './network.ts';
import { reasonPhrase } from './reason-phrases.ts';

interface WgetOptions {
  readonly url: string;
  readonly isQuiet: boolean;
  readonly showsHeaders: boolean;
  readonly isSpider: boolean;
  readonly output: string;
  readonly headers: readonly string[];
  readonly postData: string | undefined;
  readonly timeoutSeconds: number | undefined;
}

const MOST_REDIRECTS = 10;
const USAGE =
  'usage: wget [-q] [-S] [-O -|/dev/null] [-T SECONDS] [--header H] [--post-data D] [--spider] URL\n';

class WgetError extends Error {}

export async function wget(
  args: readonly string[],
  place: CommandPlace,
  network: PodNetwork,
): Promise<number> {
  try {
    const options = optionsOf(args);
    await fetchAll(options, place, network);
    return 0;
  } catch (error) {
    if (!(error instanceof WgetError)) throw error;
    await place.stderr(utf8(`wget: ${error.message}\n`));
    return 1;
  }
}

const VALUED = new Set(['header', 'post-data', 'timeout', 'output-document']);
const SWITCHED = new Set(['spider', 'quiet', 'server-response', 'no-check-certificate']);
const SHORT: Readonly<Record<string, string>> = {
  q: 'quiet',
  S: 'server-response',
  O: 'output-document',
  T: 'timeout',
};

/** `-qO-` glued, `-O -` apart, long ones with `=` or apart. */
function optionsOf(args: readonly string[]): WgetOptions {
  const found = new Words(args);
  const [url] = found.urls;
  if (url === undefined || found.urls.length > 1)
    throw new WgetError(`one URL is needed\n${USAGE}`);
  const timeout = found.values('timeout').at(-1);
  return {
    url,
    isQuiet: found.has('quiet'),
    showsHeaders: found.has('server-response'),
    isSpider: found.has('spider'),
    output: found.values('output-document').at(-1) ?? '',
    headers: found.values('header'),
    postData: found.values('post-data').at(-1),
    timeoutSeconds: timeout === undefined ? undefined : Number(timeout),
  };
}

class Words {
  readonly urls: string[] = [];
  readonly #found = new Map<string, string[]>();
  readonly #rest: string[];

  constructor(args: readonly string[]) {
    this.#rest = [...args];
    for (let word = this.#rest.shift(); word !== undefined; word = this.#rest.shift()) {
      const long = /^--([a-z-]+)(?:=(.*))?$/s.exec(word);
      if (long !== null) this.#take(long[1] ?? '', long[2], word);
      else if (word.startsWith('-') && word !== '-') this.#letters(word.slice(1));
      else this.urls.push(word);
    }
  }

  has(name: string): boolean {
    return this.#found.has(name);
  }

  values(name: string): readonly string[] {
    return this.#found.get(name) ?? [];
  }

  #letters(letters: string): void {
    for (let at = 0; at < letters.length; at += 1) {
      const letter = letters.charAt(at);
      const name = SHORT[letter] ?? '';
      const glued = letters.slice(at + 1);
      this.#take(name, VALUED.has(name) && glued !== '' ? glued : undefined, `-${letter}`);
      if (VALUED.has(name)) return;
    }
  }

  #take(name: string, glued: string | undefined, shown: string): void {
    if (SWITCHED.has(name)) {
      this.#found.set(name, []);
      return;
    }
    if (!VALUED.has(name)) throw new WgetError(`unrecognized option '${shown}'\n${USAGE}`);
    const value = glued ?? this.#rest.shift();
    if (value === undefined)
      throw new WgetError(`option requires an argument '${shown}'\n${USAGE}`);
    this.#found.set(name, [...this.values(name), value]);
  }
}

async function fetchAll(
  options: WgetOptions,
  place: CommandPlace,
  network: PodNetwork,
): Promise<void> {
  let { url } = options;
  for (let turn = 0; turn <= MOST_REDIRECTS; turn += 1) {
    const parsed = targetOf(url);
    if (!parsed.ok) throw new WgetError(`bad address '${url}'`);
    const next = await once(options, { place, network, target: parsed.target });
    if (next === undefined) return;
    url = redirected(parsed.target, next);
  }
  throw new WgetError('too many redirections');
}

/** Where it is to be looked for next; undefined when it has been printed. */
async function once(
  options: WgetOptions,
  at: { readonly place: CommandPlace; readonly network: PodNetwork; readonly target: Target },
): Promise<string | undefined> {
  const { place, network, target } = at;
  const over = cancellation();
  const { timeoutSeconds } = options;
  const stopTimer =
    timeoutSeconds === undefined
      ? undefined
      : place.clock.at(later(place.clock.now(), seconds(timeoutSeconds)), () => over.now());
  const stopWatching = place.cancel.onCancel(() => over.now());
  if (!options.isQuiet) await place.stderr(utf8(`Connecting to ${target.host}:${target.port}\n`));
  try {
    const response = await network.send({
      ...requestOf(options, target),
      scheme: target.scheme,
      connectedTo: { host: target.host, port: target.port },
      cancel: over.cancel,
    });
    const { status, headers } = response;
    const first = `HTTP/1.1 ${status} ${reasonPhrase(status)}`;
    if (options.showsHeaders) {
      const lines = [first, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)];
      await place.stderr(utf8(lines.map((line) => `  ${line}\n`).join('')));
    }
    if (status >= 300 && status < 400 && headers['location'] !== undefined)
      return headers['location'];
    if (status >= 400) throw new WgetError(`server returned error: ${first}`);
    for await (const chunk of response.body)
      if (!options.isSpider) await write(options, place, chunk);
    return undefined;
  } catch (error) {
    if (over.cancel.cancelled) throw new WgetError('download timed out');
    throw wgetErrorOf(error, target);
  } finally {
    stopTimer?.();
    stopWatching();
  }
}

async function write(
  { output }: WgetOptions,
  place: CommandPlace,
  chunk: Uint8Array,
): Promise<void> {
  if (output === '/dev/null') return;
  if (output !== '-') {
    const shown = output === '' ? 'a file' : output;
    throw new WgetError(`can't open '${shown}': the builtin runner has no files, use -O -`);
  }
  await place.stdout(chunk);
}

function requestOf({ headers, postData }: WgetOptions, target: Target) {
  const body = postData === undefined ? undefined : utf8(postData);
  const own = headers.map((line) => {
    const [name = '', value = ''] = line.split(/:\s*(.*)/s);
    return [name.toLowerCase(), value] as const;
  });
  return {
    method: body === undefined ? 'GET' : 'POST',
    path: target.path,
    headers: {
      host: authorityOf(target),
      'user-agent': 'Wget',
      ...(body === undefined
        ? {}
        : {
            'content-type': 'application/x-www-form-urlencoded',
            'content-length': String(body.length),
          }),
      ...Object.fromEntries(own),
    },
    ...(body === undefined ? {} : { body }),
  };
}

function wgetErrorOf(error: unknown, { host, port }: Target): unknown {
  if (error instanceof NoSuchHostError) return new WgetError(`bad address '${host}:${port}'`);
  if (!(error instanceof TransportError)) return error;
  if (error.kind === 'refused') {
    return new WgetError(`can't connect to remote host (${host}): Connection refused`);
  }
  return new WgetError('error getting response: Connection reset by peer');
}
