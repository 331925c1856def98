// An open-loop load generator: requests begin at their moments whether or not earlier ones have been answered, and their
// time counts from that moment, so that a server that stalls cannot hide it. Entry point: `startLoad`.
import { type Dispatcher, Pool } from 'undici';
import type { Headers, Random } from '../lib/ports.ts';

export interface LoadOptions {
  /** `http://host:port` of the proxy that takes the requests. */
  readonly origin: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly body?: string;
  readonly requestsPerSecond: number;
  /** Absent: until it is stopped. */
  readonly total?: number;
  /** Requests under way at one time; those that are due wait, and their time runs. */
  readonly concurrency: number;
  readonly timeoutMs: number;
  /** Spreads the moments within their slots, so that they do not beat with anything periodic. */
  readonly random: Random;
  readonly onResult: (result: LoadResult) => void;
}

export interface LoadResult {
  /** From the moment at which it was to begin. */
  readonly latencyMs: number;
  /** 0: no answer came. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Its beginning. */
  readonly body: string;
  /** Why there was no whole answer. */
  readonly error: string;
}

export interface Load {
  /** Begins no more; those under way are still waited for, up to their time. */
  stop(): void;
  /** Resolves when the last one has ended. */
  readonly done: Promise<void>;
  /** How many are under way. */
  readonly active: number;
  /** How many were due and never began, because too many were under way until the end. */
  readonly unsent: number;
}

const LOOK_MS = 1;
const SWEEP_MS = 50;
const MOST_BODY = 4096;

export function startLoad(options: LoadOptions): Load {
  return new Generator(options);
}

class Generator implements Load {
  readonly done: Promise<void>;
  readonly #options: LoadOptions;
  readonly #pool: Pool;
  readonly #request: Dispatcher.DispatchOptions;
  readonly #flights = new Set<Flight>();
  readonly #finish: () => void;
  readonly #timers: readonly NodeJS.Timeout[];
  readonly #startMs = performance.now();
  #begun = 0;
  #nextAt: number;
  #isStopped = false;
  #stoppedAt: number | undefined;
  /** After the last moment by as long as an answer may take: who is not through by then never will be. */
  readonly #lastMs: number;

  constructor(options: LoadOptions) {
    this.#options = options;
    const { total = Infinity, requestsPerSecond, timeoutMs } = options;
    this.#lastMs = this.#startMs + (total / requestsPerSecond) * 1000 + timeoutMs;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.done = promise;
    this.#finish = () => resolve();
    this.#pool = new Pool(options.origin, {
      connections: options.concurrency,
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: 60_000,
    });
    this.#request = {
      path: options.path,
      method: options.method,
      headers: Object.entries(options.headers).flat(),
      ...(options.body === undefined ? {} : { body: options.body }),
      blocking: false,
    };
    this.#nextAt = this.#momentOf(0);
    this.#timers = [
      setInterval(() => this.#beginDue(), LOOK_MS),
      setInterval(() => this.#sweep(), SWEEP_MS),
    ];
  }

  get active(): number {
    return this.#flights.size;
  }

  get unsent(): number {
    const { total = Infinity, requestsPerSecond } = this.#options;
    if (this.#stoppedAt === undefined) return 0;
    const due = Math.floor(((this.#stoppedAt - this.#startMs) / 1000) * requestsPerSecond);
    return Math.max(0, Math.min(due, total) - this.#begun);
  }

  stop(): void {
    this.#end();
    this.#endIfOver();
  }

  #end(): void {
    this.#isStopped = true;
    this.#stoppedAt ??= performance.now();
  }

  #momentOf(number: number): number {
    const slotMs = 1000 / this.#options.requestsPerSecond;
    return this.#startMs + (number + this.#options.random.next()) * slotMs;
  }

  #beginDue(): void {
    const { total = Infinity, concurrency } = this.#options;
    const now = performance.now();
    while (
      !this.#isStopped &&
      this.#nextAt <= now &&
      this.#begun < total &&
      this.#flights.size < concurrency
    ) {
      this.#begin(this.#nextAt);
      this.#begun += 1;
      this.#nextAt = this.#momentOf(this.#begun);
    }
    if (this.#begun >= total || now > this.#lastMs) this.#end();
    this.#endIfOver();
  }

  #begin(dueAt: number): void {
    const flight = new Flight(dueAt, performance.now() + this.#options.timeoutMs, (one) => {
      this.#flights.delete(one);
      this.#options.onResult(one.result());
    });
    this.#flights.add(flight);
    this.#pool.dispatch(this.#request, flight);
  }

  #sweep(): void {
    const now = performance.now();
    for (const flight of this.#flights) if (flight.deadline <= now) flight.abort();
  }

  #endIfOver(): void {
    if (!this.#isStopped || this.#flights.size > 0) return;
    for (const timer of this.#timers) clearInterval(timer);
    void this.#pool.destroy().then(this.#finish, this.#finish);
  }
}

class Flight implements Dispatcher.DispatchHandler {
  readonly deadline: number;
  readonly #dueAt: number;
  readonly #onEnd: (flight: Flight) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #headers: LoadResult['headers'] = {};
  #body = '';
  #error = '';
  #endAt = 0;
  #isOver = false;

  constructor(dueAt: number, deadline: number, onEnd: (flight: Flight) => void) {
    this.#dueAt = dueAt;
    this.deadline = deadline;
    this.#onEnd = onEnd;
  }

  abort(): void {
    const error = new Error('no answer in time');
    if (this.#controller === undefined) this.#end(error.message);
    else this.#controller.abort(error);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isOver) controller.abort(new Error('no answer in time'));
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: LoadResult['headers'],
  ): void {
    if (status < 200) return;
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#body.length < MOST_BODY) this.#body += chunk.toString('utf8', 0, MOST_BODY);
  }

  onResponseEnd(): void {
    this.#end('');
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#end(error.message);
  }

  result(): LoadResult {
    return {
      latencyMs: this.#endAt - this.#dueAt,
      // An answer that broke off in its middle is none.
      status: this.#error === '' ? this.#status : 0,
      headers: this.#headers,
      body: this.#body,
      error: this.#error,
    };
  }

  #end(error: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#error = error;
    this.#endAt = performance.now();
    this.#onEnd(this);
  }
}
