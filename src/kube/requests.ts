// Requests over a `Transport`: refusals become errors, a server that asks to wait is waited for, and none waits for
// ever. What the requests mean is left to `client.ts`.
import type { Json } from '../api/object.ts';
import { readAll, utf8, utf8Text } from '../lib/bytes.ts';
import { cancellation, sleep } from '../lib/clock.ts';
import {
  type Cancel,
  type Clock,
  type Duration,
  type Headers,
  type HttpResponse,
  type Transport,
  TransportError,
} from '../lib/ports.ts';
import { later, seconds } from '../lib/time.ts';
import { ApiError, type StatusObject } from './errors.ts';

export interface RequestOptions {
  readonly body?: Json;
  readonly contentType?: string;
  readonly accept?: string;
  readonly cancel?: Cancel;
}

export interface RequestsOptions {
  readonly transport: Transport;
  readonly userAgent?: string;
  /** How long to put up with a slow or busy server; without it no request ends by time and none is sent again. */
  readonly patience?: Patience;
}

export interface Patience {
  readonly clock: Clock;
  /** For an answer and its body (not for streams); 70 s if absent, longer than the server's own limit. */
  readonly timeout?: Duration;
}

const JSON_TYPE = 'application/json';
const TIMEOUT = seconds(70);
/** As client-go does it (rest.Request): so often, and only when the server says how long to wait. */
const MOST_TRIES = 10;
const LONGEST_WAIT_SECONDS = 60;

export interface WholeAnswer {
  readonly text: string;
  readonly headers: Headers;
}

export class Requests {
  readonly #options: RequestsOptions;

  constructor(options: RequestsOptions) {
    this.#options = options;
  }

  /** The whole answer as JSON. */
  async json<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
    const { text } = await this.whole(method, path, options);
    try {
      return JSON.parse(text) as T;
    } catch (error) {
      const start = text.slice(0, 200);
      const message = `${method} ${path}: the answer is not JSON: ${start}`;
      throw new TransportError('other', message, { cause: error });
    }
  }

  /** The whole answer as text. */
  whole(method: string, path: string, options: RequestOptions = {}): Promise<WholeAnswer> {
    return this.#inTime(`${method} ${path}`, options.cancel, async (cancel) => {
      const all = cancel === undefined ? options : { ...options, cancel };
      const response = await this.send(method, path, all);
      return { text: utf8Text(await readAll(response.body)), headers: response.headers };
    });
  }

  /** The answer with its body still to be read. Throws `ApiError` for a refusal. */
  async send(method: string, path: string, options: RequestOptions): Promise<HttpResponse> {
    let refusal: ApiError | undefined;
    for (let tries = 1; ; tries += 1) {
      const response = await this.#once(method, path, options).catch((error: unknown) => {
        // Given up while it was asked once more: what it has said so far tells more than that.
        throw options.cancel?.cancelled === true ? (refusal ?? error) : error;
      });
      if (response.status < 300) return response;
      const error = await errorOf(response);
      refusal = error;
      const clock = this.#options.patience?.clock;
      // A disruption budget's "not now" is for who evicts: he has other things to do meanwhile.
      const wait = isEviction(path) ? undefined : waitOf(response);
      if (clock === undefined || wait === undefined || tries >= MOST_TRIES) throw error;
      await sleep(clock, wait, options.cancel);
      if (options.cancel?.cancelled === true) throw error;
    }
  }

  #once(method: string, path: string, options: RequestOptions): Promise<HttpResponse> {
    const { body, contentType = JSON_TYPE, accept = JSON_TYPE, cancel } = options;
    const { transport, userAgent = 'slipway' } = this.#options;
    const headers: Record<string, string> = { accept, 'user-agent': userAgent };
    if (body !== undefined) headers['content-type'] = contentType;
    if (cancel?.cancelled === true) {
      const failure = new TransportError('cancelled', `${method} ${path} was cancelled`);
      return Promise.reject(failure);
    }
    return transport({
      method,
      path,
      headers,
      ...(body === undefined ? {} : { body: utf8(JSON.stringify(body)) }),
      ...(cancel === undefined ? {} : { cancel }),
    });
  }

  /** Runs `work` with a cancel that fires when time is up; the failure then says so. */
  async #inTime<T>(
    what: string,
    outer: Cancel | undefined,
    work: (cancel: Cancel | undefined) => Promise<T>,
  ): Promise<T> {
    const { patience } = this.#options;
    if (patience === undefined) return work(outer);
    const { clock, timeout = TIMEOUT } = patience;
    const inner = cancellation();
    let isLate = false;
    const stopTimer = clock.at(later(clock.now(), timeout), () => {
      isLate = true;
      inner.now();
    });
    const stopOuter = outer?.onCancel(() => inner.now());
    try {
      return await work(inner.cancel);
    } catch (error) {
      if (!isLate) throw error;
      const time = `${timeout / 1000} s`;
      const how =
        error instanceof ApiError
          ? `refused for ${time}: ${error.message}`
          : `no answer within ${time}`;
      throw new TransportError('timeout', `${what}: ${how}`, { cause: error });
    } finally {
      stopTimer();
      stopOuter?.();
    }
  }
}

/** How long the server asks to wait, in its header; undefined if it does not ask (RFC 9110, section 10.2.3). */
function waitOf({ status, headers }: HttpResponse): Duration | undefined {
  if (status !== 429 && status < 500) return undefined;
  const wanted = retryAfterOf({ headers });
  return wanted === undefined ? undefined : seconds(wanted);
}

export function isEviction(path: string): boolean {
  return /\/eviction(?:$|\?)/.test(path);
}

/** For how many seconds the server asks not to be asked, no longer than a minute; undefined if it does not say. */
export function retryAfterOf({ headers }: Pick<HttpResponse, 'headers'>): number | undefined {
  const wanted = retryAfter(headers['retry-after']);
  return wanted === undefined ? undefined : Math.min(wanted, LONGEST_WAIT_SECONDS);
}

function retryAfter(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

async function errorOf(response: HttpResponse): Promise<ApiError> {
  const text = utf8Text(await readAll(response.body));
  const wait = retryAfter(response.headers['retry-after']);
  try {
    return new ApiError(JSON.parse(text) as StatusObject, response.status, wait);
  } catch {
    // Not every server on the way speaks Status (proxies, load balancers).
    const message = text.trim() === '' ? undefined : text.trim().slice(0, 500);
    return new ApiError(message === undefined ? {} : { message }, response.status, wait);
  }
}
