// The mesh's proxies as one function: takes a request of a caller, does what its plan says (plan.ts) and gives the answer
// that the caller would get. Routing is the plan's; sockets are the upstreams'. Entry point: `createEngine`.
//
// Flow: plan -> injected delay -> mirrors -> attempts, each on an endpoint of its own -> answer or a proxy's own answer.
// Guarantees: one record at the caller's proxy for each request, one at the pod's proxy for each attempt that reached it;
// a caller that goes away takes its upstream request with it; nothing is read from an upstream faster than the caller reads.
import { sleep } from '../../lib/clock.ts';
import {
  type Clock,
  type Headers,
  type HttpRequest,
  type HttpResponse,
  type Random,
  type SwitchProtocols,
  type Transport,
  TransportError,
} from '../../lib/ports.ts';
import { milliseconds } from '../../lib/time.ts';
import { failedAnswer, type LocalAnswer, noHealthyUpstream, timedOut } from './engine-answers.ts';
import { attempt, type Attempt, type Ended } from './engine-attempt.ts';
import { Exchange } from './engine-exchange.ts';
import { Deadline } from './engine-limits.ts';
import { type MeshSwitched, switchOver } from './engine-switch.ts';
import {
  type Caller,
  type Endpoint,
  type EndpointPod,
  type Forward,
  isRetried,
  type Mesh,
  type Mirror,
  type RequestHead,
  type Respond,
  type ResponseFlag,
  type RetryPolicy,
  type Unreachable,
} from './plan.ts';
import type { Telemetry } from './telemetry.ts';

/** What an endpoint really is: a function, or a socket somewhere. */
export interface Upstream {
  readonly send: Transport;
  /** Absent: it never leaves HTTP and answers such requests as any other. */
  readonly switchProtocols?: SwitchProtocols;
}

export interface EngineOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly mesh: Mesh;
  readonly telemetry: Telemetry;
  /** Undefined: nothing listens there, connections are refused. */
  readonly upstream: (endpoint: Endpoint) => Upstream | undefined;
}

/** Who calls: how it is routed, and as which pod it is counted. */
export interface Source {
  readonly caller: Caller;
  readonly pod?: EndpointPod;
}

export interface MeshRequest extends HttpRequest {
  /** Default `http`. */
  readonly scheme?: 'http' | 'https';
  readonly connectedTo?: RequestHead['connectedTo'];
}

/** What came of a request, with what only a proxy knows of it. */
export interface MeshAnswer extends HttpResponse {
  readonly flags: readonly ResponseFlag[];
  /** The last one that was tried. */
  readonly endpoint?: Endpoint;
}

export interface Engine {
  /** Throws `UnreachableError` if the caller's connection leads nowhere, `TransportError` if it broke. */
  send(request: MeshRequest, source: Source): Promise<MeshAnswer>;
  /** The same for a request with an `upgrade` header. Bytes flow if the answer is 101, else it is an answer as any. */
  switchProtocols(request: MeshRequest, source: Source): Promise<MeshSwitched>;
}

/** The caller's own network says no: the name does not resolve, or nothing listens there. */
export class UnreachableError extends TransportError {
  readonly plan: Unreachable;
  constructor(plan: Unreachable) {
    const what = `${plan.host}:${plan.port}`;
    super('refused', `cannot reach ${what}: ${plan.reason}`);
    this.name = 'UnreachableError';
    this.plan = plan;
  }
}

/** Copies under way at one time; more are not sent. */
const MOST_MIRRORS = 1024;
/** The longest request that is copied. */
const LONGEST_MIRRORED = 1_048_576;
const LONGEST_BACKOFF_FACTOR = 10;
const NEVER = { cancelled: false, onCancel: () => () => undefined };

export function createEngine(options: EngineOptions): Engine {
  return new Proxies(options);
}

class Proxies implements Engine {
  readonly #options: EngineOptions;
  #mirrors = 0;

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  async send(request: MeshRequest, source: Source): Promise<MeshAnswer> {
    const plan = this.#options.mesh.plan(new Head(request), source.caller);
    if (plan.kind === 'unreachable') throw new UnreachableError(plan);
    const exchange = new Exchange(this.#options, { request, source, plan });
    if (plan.delayMs > 0) await this.#wait(plan.delayMs, exchange);
    if (plan.kind === 'respond') return exchange.local(respondAnswer(plan));
    if (source.caller.kind === 'outside') return this.#bare(plan, exchange);
    return this.#forward(plan, exchange);
  }

  async switchProtocols(request: MeshRequest, source: Source): Promise<MeshSwitched> {
    const plan = this.#options.mesh.plan(new Head(request), source.caller);
    const plainly = (plain: MeshRequest): Promise<MeshAnswer> => this.send(plain, source);
    if (plan.kind !== 'forward') return { answer: await plainly(request) };
    return switchOver(this.#options, { plan, request, source, plainly });
  }

  async #forward(plan: Forward, exchange: Exchange): Promise<MeshAnswer> {
    if (plan.mirrors.length > 0) await this.#mirrorAll(plan, exchange);
    const { clock } = this.#options;
    const deadline = new Deadline(clock, plan.timeoutMs);
    const tried: Endpoint[] = [];
    for (let retries = 0; ; retries += 1) {
      const endpoint = plan.destination.pickEndpoint(tried);
      if (endpoint === undefined) return exchange.local(noHealthyUpstream(), deadline);
      tried.push(endpoint);
      const made = await attempt(this.#options, {
        exchange,
        endpoint,
        deadline,
        perTryTimeoutMs: plan.retry.perTryTimeoutMs,
      });
      if (made.kind === 'ended') return this.#ended(made, { exchange, deadline });
      const isLast = retries >= plan.retry.attempts || !exchange.isRepeatable;
      const wantsMore = isRetried(plan.retry, outcomeOf(made));
      if (!wantsMore || isLast) {
        const isExhausted = wantsMore && plan.retry.attempts > 0 && retries >= plan.retry.attempts;
        if (made.kind === 'answer') return exchange.answer(made, { deadline, isExhausted });
        return exchange.local(failedAnswer(made, { retries, isExhausted }), deadline);
      }
      if (made.kind === 'answer') made.discard();
      const end = await this.#backOff(plan.retry, { retry: retries + 1, exchange, deadline });
      if (end !== undefined) return this.#ended({ kind: 'ended', by: end }, { exchange, deadline });
    }
  }

  /** Without a proxy beside the caller: one attempt, and failures as the network shows them. */
  async #bare(plan: Forward, exchange: Exchange): Promise<MeshAnswer> {
    const endpoint = plan.destination.pickEndpoint();
    const deadline = new Deadline(this.#options.clock, undefined);
    if (endpoint === undefined) throw refused(plan);
    const made = await attempt(this.#options, {
      exchange,
      endpoint,
      deadline,
      perTryTimeoutMs: undefined,
    });
    if (made.kind === 'answer') return exchange.answer(made, { deadline, isExhausted: false });
    if (made.kind === 'failed') {
      exchange.end();
      throw made.cause instanceof Error ? made.cause : refused(plan);
    }
    return this.#ended(made, { exchange, deadline });
  }

  #ended(
    { by }: Ended,
    { exchange, deadline }: { readonly exchange: Exchange; readonly deadline: Deadline },
  ): MeshAnswer {
    if (by === 'deadline') return exchange.local(timedOut([]), deadline);
    deadline.stop();
    throw exchange.left();
  }

  async #wait(delayMs: number, exchange: Exchange): Promise<void> {
    const cancel = exchange.request.cancel ?? NEVER;
    await sleep(this.#options.clock, milliseconds(delayMs), cancel);
    if (cancel.cancelled) throw exchange.left();
  }

  /** What ended the wait before its time. */
  async #backOff(
    { backoffMs }: RetryPolicy,
    wait: { readonly retry: number; readonly exchange: Exchange; readonly deadline: Deadline },
  ): Promise<Ended['by'] | undefined> {
    const { clock, random } = this.#options;
    const factor = Math.min(2 ** wait.retry - 1, LONGEST_BACKOFF_FACTOR);
    const longest = milliseconds(random.next() * backoffMs * factor);
    if (longest > 0)
      await wait.deadline.during(sleep(clock, longest, wait.exchange.request.cancel));
    if (wait.exchange.request.cancel?.cancelled === true) return 'caller';
    return wait.deadline.isOver ? 'deadline' : undefined;
  }

  async #mirrorAll({ mirrors }: Forward, exchange: Exchange): Promise<void> {
    if (!(await exchange.gather(LONGEST_MIRRORED))) return;
    for (const mirror of mirrors) {
      if (this.#mirrors >= MOST_MIRRORS) return;
      this.#mirrors += 1;
      void this.#mirror(mirror, exchange).finally(() => {
        this.#mirrors -= 1;
      });
    }
  }

  /** Sent once and forgotten: its answer is read and thrown away, its failure is nobody's. */
  async #mirror(mirror: Mirror, original: Exchange): Promise<void> {
    const { clock } = this.#options;
    const endpoint = mirror.destination.pickEndpoint();
    if (endpoint === undefined) return;
    const exchange = original.copyFor(mirror);
    const made = await attempt(this.#options, {
      exchange,
      endpoint,
      deadline: new Deadline(clock, undefined),
      perTryTimeoutMs: undefined,
    });
    if (made.kind === 'answer') made.discard();
  }
}

/** What routes look at; few look at headers, so they are made when somebody does. */
class Head implements RequestHead {
  readonly method: string;
  readonly path: string;
  readonly authority: string;
  readonly scheme: 'http' | 'https';
  readonly connectedTo?: NonNullable<RequestHead['connectedTo']>;
  readonly #all: Headers;
  #headers: Headers | undefined;

  constructor({ method, path, headers, scheme = 'http', connectedTo }: MeshRequest) {
    this.method = method;
    this.path = path;
    this.authority = headers['host'] ?? '';
    this.scheme = scheme;
    if (connectedTo !== undefined) this.connectedTo = connectedTo;
    this.#all = headers;
  }

  get headers(): Headers {
    if (this.#headers === undefined) {
      const { host: _authority, ...headers } = this.#all;
      this.#headers = headers;
    }
    return this.#headers;
  }
}

function respondAnswer({ status, headers, body, flags }: Respond): LocalAnswer {
  return { status, headers, body, flags };
}

function outcomeOf(made: Exclude<Attempt, Ended>) {
  if (made.kind === 'failed') return made.outcome;
  const grpc = made.response.headers['grpc-status'];
  return {
    kind: 'answer',
    status: made.response.status,
    ...(grpc === undefined ? {} : { grpcStatus: Number(grpc) }),
  } as const;
}

function refused({ destination }: Forward): TransportError {
  const { service, port } = destination;
  return new TransportError('refused', `${service.host}:${port} refused the connection`);
}
