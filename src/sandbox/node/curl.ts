// The builtin `curl`: the flags that people use against a Service, curl's own words and exit codes. Requests go through
// the pod's network, so a sidecar routes and counts them. Entry point: `curl`.
import { concat, utf8, utf8Text, readAll } from '../../lib/bytes.ts';
import { cancellation, sleep } from '../../lib/clock.ts';
import type { HttpResponse } from '../../lib/ports.ts';
import { instant, later, seconds } from '../../lib/time.ts';
import type { CommandPlace } from './commands.ts';
import { type CurlOptions, curlOptions } from './curl-options.ts';
import {
  CurlError,
  curlErrorOf,
  FAILED,
  REFUSED,
  TIMEOUT,
  TOO_MANY_REDIRECTS,
  UNWRITTEN,
  USAGE,
} from './curl-errors.ts';
import { requestFor } from './curl-request.ts';
import { expanded, redirected, type Target, targetOf, urlOf } from './curl-urls.ts';
import { type Transfer, writtenOut } from './curl-write-out.ts';
import type { PodNetwork } from './network.ts';
import { reasonPhrase } from './reason-phrases.ts';

const INTERRUPTED = 130;
const TRANSIENT: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);
const FIRST_RETRY_SECONDS = 1;
const LAST_RETRY_SECONDS = 600;

export async function curl(
  args: readonly string[],
  place: CommandPlace,
  network: PodNetwork,
): Promise<number> {
  const parsed = curlOptions(args);
  if (!parsed.ok) {
    await place.stderr(utf8(parsed.error));
    return USAGE;
  }
  const { options } = parsed;
  if (options.flags.has('version')) {
    await place.stdout(utf8("curl 7.88.1 (the sandbox's builtin runner)\nProtocols: http\n"));
    return 0;
  }
  const urls = options.urls.flatMap((url) =>
    options.flags.has('globoff') ? [url] : expanded(url),
  );
  if (urls.length === 0) {
    await place.stderr(utf8('curl: no URL specified!\n' + TRY));
    return USAGE;
  }
  let code = 0;
  for (const [index, url] of urls.entries()) {
    if (place.cancel.cancelled) return INTERRUPTED;
    code = await new Run({ options, place, network, output: options.outputs[index] }).transfer(url);
  }
  return code;
}

const TRY = "curl: try 'curl --help' or 'curl --manual' for more information\n";

interface RunOptions {
  readonly options: CurlOptions;
  readonly place: CommandPlace;
  readonly network: PodNetwork;
  readonly output: string | undefined;
}

/** One URL, from its first request over redirects and retries to what is printed of it. */
class Run {
  readonly #run: RunOptions;
  #over = cancellation();
  #start = instant(0);
  #firstMs = 0;
  #headerBytes = 0;
  #bodyBytes = 0;
  #sentBytes = 0;
  #redirects = 0;
  #last:
    | { readonly target: Target; readonly method: string; readonly response?: HttpResponse }
    | undefined;

  constructor(run: RunOptions) {
    this.#run = run;
  }

  async transfer(url: string): Promise<number> {
    const { options, place } = this.#run;
    for (let retry = 0; ; retry += 1) {
      const { code, error, isTransient } = await this.#tried(url);
      if (isTransient && retry < options.retries && !place.cancel.cancelled) {
        await this.#pause(retry, options.retries - retry);
        continue;
      }
      if (error !== '') await this.#complain(code, error);
      await this.#writeOut(url, code, error);
      return code;
    }
  }

  async #tried(url: string) {
    const { options } = this.#run;
    this.#begin();
    const isEager = options.flags.has('retry-all-errors');
    try {
      await this.#follow(url);
      const status = this.#last?.response?.status ?? 0;
      const isTransient = TRANSIENT.has(status) || (isEager && status >= 400);
      return { code: 0, error: '', isTransient };
    } catch (error) {
      const { code, message } = curlErrorOf(error, {
        last: this.#last?.target,
        elapsed: this.#elapsed,
      });
      const status = this.#last?.response?.status ?? 0;
      const isRefused = code === REFUSED && options.flags.has('retry-connrefused');
      const isTransient = isEager || isRefused || code === TIMEOUT || TRANSIENT.has(status);
      return { code, error: message, isTransient };
    }
  }

  #begin(): void {
    this.#over = cancellation();
    this.#start = this.#run.place.clock.now();
    this.#bodyBytes = 0;
    this.#redirects = 0;
    this.#last = undefined;
  }

  get #elapsed(): number {
    return this.#run.place.clock.now() - this.#start;
  }

  async #follow(first: string): Promise<void> {
    const { options } = this.#run;
    let url = first;
    let turns = 0;
    let isPlain = false;
    for (;;) {
      const response = await this.#once(url, isPlain);
      const { location } = response.headers;
      const isRedirect = response.status >= 300 && response.status < 400 && location !== undefined;
      if (!isRedirect || !options.flags.has('location')) return;
      turns += 1;
      if (turns > options.maxRedirects) {
        throw new CurlError(
          TOO_MANY_REDIRECTS,
          `Maximum (${options.maxRedirects}) redirects followed`,
        );
      }
      this.#redirects = turns;
      // As browsers do: what was posted is asked for with GET at the new place.
      isPlain ||= [301, 302, 303].includes(response.status);
      const target = this.#last?.target;
      url = target === undefined ? location : redirected(target, location);
    }
  }

  /** One request and its answer, printed. */
  async #once(url: string, isPlain: boolean): Promise<HttpResponse> {
    const parsed = targetOf(url);
    if (!parsed.ok) throw new CurlError(parsed.code, parsed.error);
    const { place } = this.#run;
    const data = isPlain ? undefined : await this.#data();
    const target = this.#targetWith(parsed.target, data);
    const request = requestFor(this.#run.options, { target, data: this.#bodyOf(data), isPlain });
    this.#last = { target, method: request.method };
    this.#sentBytes = request.body?.length ?? 0;
    await this.#trace('> ', [
      `${request.method} ${target.path} HTTP/1.1`,
      ...linesOf(request.headers),
    ]);
    const stopTimer = this.#startTimer();
    const stopWatching = place.cancel.onCancel(() => this.#over.now());
    try {
      const response = await this.#inTime(
        this.#run.network.send({
          ...request,
          scheme: target.scheme,
          connectedTo: { host: target.host, port: target.port },
          cancel: this.#over.cancel,
        }),
      );
      this.#firstMs = this.#elapsed;
      this.#last = { target, method: request.method, response };
      await this.#show(response, request.method);
      return response;
    } finally {
      stopTimer?.();
      stopWatching();
    }
  }

  #targetWith(target: Target, data: Uint8Array | undefined): Target {
    if (!this.#run.options.flags.has('get') || data === undefined) return target;
    const mark = target.path.includes('?') ? '&' : '?';
    return { ...target, path: target.path + mark + utf8Text(data) };
  }

  #bodyOf(data: Uint8Array | undefined): Uint8Array | undefined {
    return this.#run.options.flags.has('get') ? undefined : data;
  }

  async #data(): Promise<Uint8Array | undefined> {
    const { options, place } = this.#run;
    if (options.data.length === 0) return undefined;
    const pieces: Uint8Array[] = [];
    for (const { kind, value } of options.data) {
      if (pieces.length > 0 && kind !== 'json') pieces.push(utf8('&'));
      if (kind === 'raw' || !value.startsWith('@')) pieces.push(utf8(value));
      else if (value === '@-') {
        const read = place.stdin === undefined ? utf8('') : await readAll(place.stdin);
        pieces.push(kind === 'text' ? utf8(utf8Text(read).replaceAll(/[\r\n]/g, '')) : read);
      } else {
        const text = `Warning: Couldn't read data from file "${value.slice(1)}", this makes an empty POST.\n`;
        await place.stderr(utf8(text));
      }
    }
    return concat(pieces);
  }

  #startTimer() {
    const { options, place } = this.#run;
    if (options.maxSeconds === undefined) return undefined;
    const at = later(this.#start, seconds(options.maxSeconds));
    return place.clock.at(at, () => this.#over.now());
  }

  async #inTime<T>(work: Promise<T>): Promise<T> {
    const { promise, reject } = Promise.withResolvers<never>();
    const stop = this.#over.cancel.onCancel(() => {
      const text = `Operation timed out after ${Math.round(this.#elapsed)} milliseconds with ${this.#bodyBytes} bytes received`;
      reject(new CurlError(this.#run.place.cancel.cancelled ? INTERRUPTED : TIMEOUT, text));
    });
    try {
      return await Promise.race([work, promise]);
    } finally {
      stop();
    }
  }

  async #show(response: HttpResponse, method: string): Promise<void> {
    const { options, output } = this.#run;
    const { flags } = options;
    const head = [
      `HTTP/1.1 ${response.status} ${reasonPhrase(response.status)}`,
      ...linesOf(response.headers),
    ];
    for (const cookie of response.cookies ?? []) head.push(`set-cookie: ${cookie}`);
    const text = `${head.join('\r\n')}\r\n\r\n`;
    this.#headerBytes += text.length;
    await this.#trace('< ', head);
    const isRefused = response.status >= 400 && (flags.has('fail') || flags.has('fail-with-body'));
    const refusal = new CurlError(FAILED, `The requested URL returned error: ${response.status}`);
    if (isRefused && !flags.has('fail-with-body')) {
      await response.body[Symbol.asyncIterator]().return?.();
      throw refusal;
    }
    const write = this.#writerTo(output);
    if (flags.has('include') || method === 'HEAD') await write(utf8(text));
    await this.#copy(response, write);
    if (isRefused) throw refusal;
  }

  async #copy(response: HttpResponse, write: (chunk: Uint8Array) => Promise<void>): Promise<void> {
    const follows =
      this.#run.options.flags.has('location') && response.headers['location'] !== undefined;
    const chunks = response.body[Symbol.asyncIterator]();
    for (;;) {
      const { done, value } = await this.#inTime(chunks.next());
      if (done === true) break;
      this.#bodyBytes += value.length;
      if (!follows) await write(value);
    }
    if (this.#run.options.flags.has('verbose')) {
      await this.#run.place.stderr(
        utf8(`* Connection #0 to host ${this.#last?.target.host ?? ''} left intact\n`),
      );
    }
  }

  #writerTo(output: string | undefined): (chunk: Uint8Array) => Promise<void> {
    const { place } = this.#run;
    if (output === undefined || output === '-') return place.stdout;
    if (output === '/dev/null') return () => Promise.resolve();
    if (output === '/dev/stderr') return place.stderr;
    throw new CurlError(
      UNWRITTEN,
      `Failure writing output to destination: the builtin runner has no file ${output}`,
    );
  }

  async #trace(mark: string, lines: readonly string[]): Promise<void> {
    const { options, place } = this.#run;
    if (!options.flags.has('verbose')) return;
    const text = [...lines, ''].map((line) => `${mark}${line}\r\n`).join('');
    await place.stderr(utf8(text));
  }

  async #complain(code: number, error: string): Promise<void> {
    const { flags } = this.#run.options;
    if (flags.has('silent') && !flags.has('show-error')) return;
    if (code === INTERRUPTED) return;
    await this.#run.place.stderr(utf8(`curl: (${code}) ${error}\n`));
  }

  async #pause(retry: number, left: number): Promise<void> {
    const { options, place } = this.#run;
    const delay =
      options.retryDelaySeconds ?? Math.min(LAST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2 ** retry);
    if (!options.flags.has('silent')) {
      const text = `Warning: Problem: transient error. Will retry in ${delay} seconds. ${left} retries left.\n`;
      await place.stderr(utf8(text));
    }
    await sleep(place.clock, seconds(delay), place.cancel);
  }

  async #writeOut(url: string, code: number, error: string): Promise<void> {
    const { options, place } = this.#run;
    if (options.writeOut === '') return;
    const { text, unknown } = writtenOut(options.writeOut, this.#finished(url, code, error));
    for (const name of unknown) {
      await place.stderr(utf8(`curl: unknown --write-out variable: '${name}'\n`));
    }
    await place.stdout(utf8(text));
  }

  #finished(url: string, code: number, error: string): Transfer {
    const { target, method = 'GET', response } = this.#last ?? {};
    const location = response?.headers['location'];
    return {
      url: target === undefined ? url : urlOf(target),
      method,
      scheme: target?.scheme ?? 'http',
      port: target?.port ?? 0,
      status: response?.status ?? 0,
      headers: response?.headers ?? {},
      headerBytes: this.#headerBytes,
      bodyBytes: this.#bodyBytes,
      sentBytes: this.#sentBytes,
      redirects: this.#redirects,
      redirectUrl:
        target === undefined || location === undefined ? '' : redirected(target, location),
      firstMs: this.#firstMs,
      totalMs: this.#elapsed,
      code,
      error,
    };
  }
}

function linesOf(headers: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
}
