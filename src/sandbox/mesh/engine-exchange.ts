// One request on its way through the mesh: what is sent upstream, what comes back to the caller, what is counted of it.
import { bodyOf, concat } from '../../lib/bytes.ts';
import {
  type Body,
  type ByteStream,
  type Cancel,
  type Clock,
  type Headers,
  type HttpRequest,
  type HttpResponse,
  type Instant,
  TransportError,
} from '../../lib/ports.ts';
import { emptyBody, type LocalAnswer, localParts } from './engine-answers.ts';
import type { Answered } from './engine-attempt.ts';
import { type BodyEnd, Repeatable, Watched } from './engine-body.ts';
import type { EngineOptions, MeshAnswer, MeshRequest, Source } from './engine.ts';
import type { Deadline } from './engine-limits.ts';
import { hasProxy } from './engine-source.ts';
import { countedStream } from './engine-stream.ts';
import {
  type Endpoint,
  type Forward,
  type HeaderOperation,
  type Mirror,
  type Respond,
  type ResponseFlag,
  withOperations,
} from './plan.ts';

export interface ExchangeOptions {
  readonly request: MeshRequest;
  readonly source: Source;
  readonly plan: Forward | Respond;
  /** A copy: only the pod's proxy counts it, and its answer goes nowhere. */
  readonly mirror?: Mirror;
}

interface PodSide {
  readonly status: number;
  readonly flags: string;
  readonly bytes: number;
  readonly grpc?: string | undefined;
}

/** Headers that belong to one connection, and those that the proxy answers for itself. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authorization',
  'transfer-encoding',
  'upgrade',
  'expect',
]);

export class Exchange {
  readonly request: MeshRequest;
  readonly #engine: EngineOptions;
  readonly #options: ExchangeOptions;
  readonly #start: Instant;
  #bytes: Uint8Array | undefined;
  #stream: Repeatable | undefined;
  #endpoint: Endpoint | undefined;

  constructor(engine: EngineOptions, options: ExchangeOptions) {
    this.#engine = engine;
    this.#options = options;
    this.request = options.request;
    this.#start = engine.clock.now();
    this.#bytes = options.request.body;
    const { stream } = options.request;
    this.#stream = stream === undefined ? undefined : new Repeatable(stream);
  }

  /** Whether the whole request can be sent once more. */
  get isRepeatable(): boolean {
    return this.#stream?.isRepeatable ?? true;
  }

  /** Has the whole body in memory if it is no longer than `limit`; else it stays a stream and this gives false. */
  async gather(limit: number): Promise<boolean> {
    const stream = this.#stream;
    if (stream === undefined) return true;
    const chunks: Uint8Array[] = [];
    const rest = stream.open();
    for (;;) {
      const { done, value } = await rest.next();
      if (done === true) break;
      chunks.push(value);
      if (stream.bytes > limit) {
        this.#stream = new Repeatable(joined(chunks, rest));
        return false;
      }
    }
    this.#bytes = concat(chunks);
    this.#stream = undefined;
    return true;
  }

  copyFor(mirror: Mirror): Exchange {
    const { request, source, plan } = this.#options;
    const { stream: _gathered, cancel: _independent, ...bare } = request;
    const body = this.#bytes === undefined ? {} : { body: this.#bytes };
    return new Exchange(this.#engine, { request: { ...bare, ...body }, source, plan, mirror });
  }

  /** The request as the endpoint gets it. */
  outgoing(cancel: Cancel | undefined): HttpRequest {
    const { plan, mirror, request } = this.#options;
    const { method } = request;
    const body = this.#stream?.open();
    const isForward = plan.kind === 'forward';
    const authority = isForward ? plan.authority : (request.headers['host'] ?? '');
    const headers = this.#outgoingHeaders();
    headers['host'] = mirror?.authority ?? authority;
    return {
      method,
      path: isForward ? plan.path : request.path,
      headers,
      ...(cancel === undefined ? {} : { cancel }),
      ...(this.#bytes === undefined ? {} : { body: this.#bytes }),
      ...(body === undefined ? {} : { stream: body }),
    };
  }

  #outgoingHeaders(): Record<string, string> {
    const { plan, request } = this.#options;
    const scheme = request.scheme ?? 'http';
    const operations = plan.kind === 'forward' ? plan.requestHeaders : [];
    if (operations.length > 0) {
      const headers = { ...request.headers, 'x-forwarded-proto': scheme };
      return endToEnd(withOperations(headers, operations));
    }
    const headers = endToEnd(request.headers);
    headers['x-forwarded-proto'] = scheme;
    return headers;
  }

  /** An endpoint is at work for it: counted as load now, and at the pod's proxy when it ends. */
  reached(endpoint: Endpoint): { end(side: PodSide): void; forget(): void } {
    this.#endpoint = endpoint;
    const begun = this.#engine.clock.now();
    endpoint.load.active += 1;
    let isOver = false;
    const leave = (): boolean => {
      if (isOver) return false;
      isOver = true;
      endpoint.load.active -= 1;
      return true;
    };
    return {
      forget: () => void leave(),
      end: (side) => {
        if (leave() && endpoint.pod !== undefined && hasProxy(endpoint.pod.labels)) {
          this.#record({ reporter: 'destination', since: begun, side });
        }
      },
    };
  }

  /** The proxy's own answer. */
  local(answer: LocalAnswer, deadline?: Deadline): MeshAnswer {
    deadline?.stop();
    const { plan } = this.#options;
    const { headers, bytes } = localParts(answer);
    const flags = unique([...(plan.kind === 'forward' ? plan.flags : []), ...answer.flags]);
    this.#finish({ status: answer.status, flags: shown(flags), bytes: bytes.length });
    const isBare = this.request.method === 'HEAD';
    return {
      status: answer.status,
      headers: withOperations({ ...headers, server: 'envoy' }, plan.responseHeaders),
      body: isBare ? emptyBody() : bodyOf(bytes),
      flags,
      ...(this.#endpoint === undefined ? {} : { endpoint: this.#endpoint }),
    };
  }

  /** The endpoint's answer, counted when its body has ended. */
  answer(
    made: Answered,
    { deadline, isExhausted }: { readonly deadline: Deadline; readonly isExhausted: boolean },
  ): MeshAnswer {
    const { plan } = this.#options;
    const { response } = made;
    const own: readonly ResponseFlag[] = plan.kind === 'forward' ? plan.flags : [];
    const flags: readonly ResponseFlag[] = isExhausted ? [...own, 'URX'] : own;
    const finish = (end: BodyEnd, bytes: number): void => {
      stopWatching?.();
      stopDeadline();
      deadline.stop();
      if (end !== 'whole') made.cancel();
      made.finish(end, bytes);
      const cause = end === 'whole' ? [] : [end === 'left' ? 'DC' : deadline.isOver ? 'UT' : 'UC'];
      const grpc = response.headers['grpc-status'];
      this.#finish({ status: response.status, flags: shown([...flags, ...cause]), bytes, grpc });
    };
    const isBare = isBodiless(this.request.method, response.status);
    if (isBare) void response.body[Symbol.asyncIterator]().return?.();
    const body = new Watched(isBare ? emptyBody() : response.body, finish);
    const broken = (why: string) => (): void =>
      body.interrupt(new TransportError('reset', `the answer was broken off: ${why}`));
    const stopDeadline = deadline.onOver(broken('its time was over'));
    const stopWatching = this.request.cancel?.onCancel(broken('the caller left'));
    return {
      status: response.status,
      headers: this.#answerHeaders(response.headers, plan.responseHeaders),
      ...(response.cookies === undefined ? {} : { cookies: response.cookies }),
      body,
      flags,
      endpoint: made.endpoint,
    };
  }

  /** An endpoint's word on leaving HTTP; `finish` is told the length of what came when it is over. */
  switched(made: {
    readonly answer: HttpResponse;
    readonly stream: ByteStream | undefined;
    readonly endpoint: Endpoint;
    readonly upgrade: string;
    readonly finish: (bytes: number) => void;
  }): { readonly answer: MeshAnswer; readonly stream?: ByteStream } {
    const { plan } = this.#options;
    const { answer, endpoint } = made;
    const flags = plan.kind === 'forward' ? plan.flags : [];
    const finish = (bytes: number): void => {
      made.finish(bytes);
      this.#finish({ status: answer.status, flags: shown(flags), bytes });
    };
    const headers = withOperations(endToEnd(answer.headers), plan.responseHeaders);
    if (made.stream === undefined) {
      const body = new Watched(answer.body, (_end, bytes) => finish(bytes));
      return { answer: { ...answer, headers, body, flags, endpoint } };
    }
    const switching = { ...headers, connection: 'Upgrade', upgrade: made.upgrade };
    return {
      answer: { ...answer, headers: switching, flags, endpoint },
      stream: countedStream(made.stream, finish),
    };
  }

  get clock(): Clock {
    return this.#engine.clock;
  }

  /** The caller went away: what it would see, counted. */
  left(): TransportError {
    this.#finish({ status: 0, flags: 'DC', bytes: 0 });
    return new TransportError('cancelled', `${this.request.method} ${this.request.path} was left`);
  }

  /** Nothing is to be counted any more. */
  end(): void {
    if (this.#stream !== undefined) void this.#stream.close();
  }

  #answerHeaders(headers: Headers, operations: readonly HeaderOperation[]): Headers {
    const isOutside = this.#options.source.caller.kind === 'outside';
    if (isOutside) return endToEnd(headers);
    const tookMs = Math.max(0, Math.round(this.#engine.clock.now() - this.#start));
    const own = endToEnd(headers);
    own['x-envoy-upstream-service-time'] = String(tookMs);
    own['server'] = 'envoy';
    return withOperations(own, operations);
  }

  #finish(side: PodSide): void {
    this.end();
    const { source } = this.#options;
    if (source.caller.kind === 'outside') return;
    this.#record({ reporter: 'source', since: this.#start, side });
  }

  #record(seen: {
    readonly reporter: 'source' | 'destination';
    readonly since: Instant;
    readonly side: PodSide;
  }): void {
    const { request, source, plan, mirror } = this.#options;
    const { status, flags, bytes, grpc = '' } = seen.side;
    const service = plan.kind === 'forward' ? plan.destination.service : plan.service;
    this.#engine.telemetry.record({
      reporter: seen.reporter,
      source,
      service: mirror === undefined ? service : mirror.destination.service,
      pod: this.#endpoint?.pod,
      status,
      flags,
      grpcStatus: grpc,
      isGrpc: (request.headers['content-type'] ?? '').startsWith('application/grpc'),
      durationMs: this.#engine.clock.now() - seen.since,
      requestBytes: sizeOf(request.headers) + (this.#stream?.bytes ?? this.#bytes?.length ?? 0),
      responseBytes: bytes,
    });
  }
}

async function* joined(chunks: readonly Uint8Array[], rest: Body): AsyncGenerator<Uint8Array> {
  yield* chunks;
  yield* rest;
}

function sizeOf(headers: Headers): number {
  let size = 0;
  for (const name in headers) size += name.length + (headers[name]?.length ?? 0);
  return size;
}

/** Without what belongs to one connection only; `connection` may name more of it. */
function endToEnd(headers: Headers): Record<string, string> {
  const named = headers['connection']?.toLowerCase().split(',');
  const rest: Record<string, string> = {};
  for (const name in headers) {
    if (HOP_BY_HOP.has(name)) continue;
    if (named?.some((one) => one.trim() === name) === true) continue;
    rest[name] = headers[name] ?? '';
  }
  return rest;
}

/** Whether an answer never has a body, whatever its headers say of its length. */
function isBodiless(method: string, status: number): boolean {
  return method === 'HEAD' || status === 204 || status === 304;
}

function unique(flags: readonly ResponseFlag[]): readonly ResponseFlag[] {
  return flags.length < 2 ? flags : [...new Set(flags)];
}

function shown(flags: readonly string[]): string {
  return flags.length === 0 ? '-' : flags.join(',');
}
