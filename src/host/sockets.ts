// Requests to real addresses over pools of connections (undici), streamed both ways. Entry point: `createSockets`.
import type { Duplex } from 'node:stream';
import { type Dispatcher, Pool } from 'undici';
import {
  type ByteStream,
  type Headers,
  type HttpRequest,
  type Sockets,
  type Switched,
  TransportError,
} from '../lib/ports.ts';
import { bodyOf } from '../lib/bytes.ts';
import { duplexStream } from './byte-stream.ts';

export interface SocketsOptions {
  /** Connections to one address; what is more waits. */
  readonly connections?: number;
}

const CONNECTIONS = 512;
const CONNECT_TIMEOUT_MS = 10_000;
const IDLE_MS = 60_000;
/** What is read ahead of whoever reads the answer. */
const READ_AHEAD = 65_536;

export function createSockets({ connections = CONNECTIONS }: SocketsOptions = {}): Sockets {
  const pools = new Map<string, Pool>();
  const poolFor = (address: string, port: number): Pool => {
    const origin = `http://${address.includes(':') ? `[${address}]` : address}:${port}`;
    const known = pools.get(origin);
    if (known !== undefined) return known;
    const made = new Pool(origin, {
      connections,
      pipelining: 1,
      keepAliveTimeout: IDLE_MS,
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { timeout: CONNECT_TIMEOUT_MS },
    });
    pools.set(origin, made);
    return made;
  };
  return {
    send: (address, port) => {
      const pool = poolFor(address, port);
      return async (request) => (await exchange(pool, request, undefined)).answer;
    },
    switchProtocols: (address, port) => {
      const pool = poolFor(address, port);
      return (request) => exchange(pool, request, request.headers['upgrade']);
    },
    close: async () => {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()));
    },
  };
}

function exchange(
  pool: Pool,
  request: HttpRequest,
  upgrade: string | undefined,
): Promise<Switched> {
  const { promise, resolve, reject } = Promise.withResolvers<Switched>();
  const handler = new Handler(request, { resolve, reject });
  const body = request.body ?? request.stream;
  pool.dispatch(
    {
      path: request.path,
      method: request.method,
      headers: rawHeaders(request.headers, upgrade !== undefined),
      // The library takes any async iterable; its types name streams only.
      ...(body === undefined ? {} : { body: body as Uint8Array }),
      ...(upgrade === undefined ? {} : { upgrade }),
      blocking: false,
    },
    handler,
  );
  return promise;
}

/** The library writes these by itself when it is asked to upgrade. */
const UPGRADE_HEADERS: ReadonlySet<string> = new Set(['upgrade', 'connection']);

function rawHeaders(headers: Headers, isUpgrade: boolean): string[] {
  const raw: string[] = [];
  for (const name in headers) {
    if (isUpgrade && UPGRADE_HEADERS.has(name)) continue;
    raw.push(name, headers[name] ?? '');
  }
  return raw;
}

interface Waiting {
  readonly resolve: (switched: Switched) => void;
  readonly reject: (error: Error) => void;
}

/** One request: gives the answer at its head, then its body as it is read. */
class Handler implements Dispatcher.DispatchHandler, AsyncIterableIterator<Uint8Array> {
  readonly #waiting: Waiting;
  readonly #chunks: Uint8Array[] = [];
  readonly #cancel: HttpRequest['cancel'];
  #controller: Dispatcher.DispatchController | undefined;
  #buffered = 0;
  #isOver = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;
  #stopWatching: (() => void) | undefined;

  constructor(request: HttpRequest, waiting: Waiting) {
    this.#waiting = waiting;
    this.#cancel = request.cancel;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    this.#stopWatching = this.#cancel?.onCancel(() => {
      controller.abort(new TransportError('cancelled', 'the request was left'));
    });
  }

  onRequestUpgrade(
    _controller: Dispatcher.DispatchController,
    statusCode: number,
    headers: Record<string, string | string[] | undefined>,
    socket: Duplex,
  ): void {
    this.#stopWatching?.();
    const stream: ByteStream = duplexStream(socket);
    const answer = { status: statusCode, ...headersOf(headers), body: bodyOf(new Uint8Array()) };
    this.#waiting.resolve({ answer, stream });
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    statusCode: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (statusCode < 200) return;
    this.#waiting.resolve({ answer: { status: statusCode, ...headersOf(headers), body: this } });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    if (this.#buffered > READ_AHEAD) controller.pause();
    this.#wake?.();
  }

  onResponseEnd(): void {
    this.#stopWatching?.();
    this.#isOver = true;
    this.#wake?.();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#stopWatching?.();
    this.#isOver = true;
    this.#error = transportError(error);
    this.#waiting.reject(this.#error);
    this.#wake?.();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    while (this.#chunks.length === 0) {
      if (this.#error !== undefined) throw this.#error;
      if (this.#isOver) return { done: true, value: undefined };
      const { promise, resolve } = Promise.withResolvers<undefined>();
      this.#wake = () => resolve(undefined);
      await promise;
    }
    const chunk = this.#chunks.shift() ?? new Uint8Array();
    this.#buffered -= chunk.length;
    if (this.#controller?.paused === true && this.#buffered <= READ_AHEAD)
      this.#controller.resume();
    return { done: false, value: chunk };
  }

  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (!this.#isOver) this.#controller?.abort(new TransportError('cancelled', 'nobody reads on'));
    return Promise.resolve({ done: true, value: undefined });
  }
}

function headersOf(raw: Record<string, string | string[] | undefined>): {
  readonly headers: Headers;
  readonly cookies?: readonly string[];
} {
  const headers: Record<string, string> = {};
  let cookies: readonly string[] | undefined;
  for (const name in raw) {
    const value = raw[name];
    if (value === undefined) continue;
    if (name === 'set-cookie') cookies = Array.isArray(value) ? value : [value];
    else headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return cookies === undefined ? { headers } : { headers, cookies };
}

const KINDS: Readonly<Record<string, TransportError['kind']>> = {
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'refused',
  ENETUNREACH: 'refused',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  UND_ERR_SOCKET: 'reset',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
};

function transportError(error: Error): TransportError {
  if (error instanceof TransportError) return error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return new TransportError(KINDS[code] ?? 'other', error.message, { cause: error });
}
