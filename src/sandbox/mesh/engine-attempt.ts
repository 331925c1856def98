// One attempt of a request on one endpoint: the pod's own proxy, the time it has, how it ended.
import { cancellation } from '../../lib/clock.ts';
import { type HttpResponse, type Stop, TransportError } from '../../lib/ports.ts';
import { emptyBody, type FailedAttempt, type FailedOutcome } from './engine-answers.ts';
import type { BodyEnd } from './engine-body.ts';
import type { EngineOptions } from './engine.ts';
import type { Exchange } from './engine-exchange.ts';
import { Deadline } from './engine-limits.ts';
import { hasProxy } from './engine-source.ts';
import type { Endpoint } from './plan.ts';

export interface Answered {
  readonly kind: 'answer';
  readonly endpoint: Endpoint;
  readonly response: HttpResponse;
  /** Breaks the upstream's side off. */
  cancel(): void;
  /** To be called once, when the body has ended. */
  finish(end: BodyEnd, bytes: number): void;
  /** Throws the body away. */
  discard(): void;
}

/** The caller went away or its time was over. */
export interface Ended {
  readonly kind: 'ended';
  readonly by: 'caller' | 'deadline';
}

export type Attempt = Answered | FailedAttempt | Ended;

export interface AttemptOptions {
  readonly exchange: Exchange;
  readonly endpoint: Endpoint;
  readonly deadline: Deadline;
  readonly perTryTimeoutMs: number | undefined;
}

type Interruption = Ended['by'] | 'attempt';

export async function attempt(engine: EngineOptions, options: AttemptOptions): Promise<Attempt> {
  const { exchange, endpoint, deadline, perTryTimeoutMs } = options;
  const upstream = engine.upstream(endpoint);
  if (upstream === undefined) return failed(options, 'connect-failure', refusalOf(endpoint));
  const isBehindProxy = endpoint.pod !== undefined && hasProxy(endpoint.pod.labels);
  if (isBehindProxy && !engine.mesh.accepts(endpoint)) return unaccepted(exchange, endpoint);
  const reached = exchange.reached(endpoint);
  const gone = cancellation();
  // What comes first: the answer, a failure, or an interruption. One promise, as this is run for every request.
  const { promise, resolve, reject } = Promise.withResolvers<HttpResponse | Interruption>();
  const interrupt = (by: Interruption) => (): void => {
    resolve(by);
    gone.now();
  };
  const perTry = new Deadline(engine.clock, perTryTimeoutMs);
  const stops: readonly (Stop | undefined)[] = [
    exchange.request.cancel?.onCancel(interrupt('caller')),
    deadline.onOver(interrupt('deadline')),
    perTry.onOver(interrupt('attempt')),
  ];
  try {
    upstream.send(exchange.outgoing(gone.cancel)).then(resolve, reject);
    const first = await promise;
    if (typeof first !== 'string') {
      return answered(options, { response: first, reached, cancel: () => gone.now() });
    }
    reached.end({ status: 0, flags: 'DC', bytes: 0 });
    return first === 'attempt'
      ? failed(options, 'attempt-timeout', undefined)
      : { kind: 'ended', by: first };
  } catch (error) {
    const kind = outcomeOf(error);
    if (kind === 'connect-failure') reached.forget();
    else reached.end({ status: 503, flags: 'UC', bytes: 0 });
    return failed(options, kind, error);
  } finally {
    perTry.stop();
    for (const stop of stops) stop?.();
  }
}

function answered(
  { endpoint }: AttemptOptions,
  made: {
    readonly response: HttpResponse;
    readonly reached: ReturnType<Exchange['reached']>;
    readonly cancel: () => void;
  },
): Answered {
  const { response, reached, cancel } = made;
  const finish = (end: BodyEnd, bytes: number): void => {
    const flags = end === 'whole' ? '-' : end === 'left' ? 'DC' : 'UC';
    reached.end({ status: response.status, flags, bytes, grpc: response.headers['grpc-status'] });
  };
  return {
    kind: 'answer',
    endpoint,
    response,
    cancel,
    finish,
    discard: () => {
      void drain(response).then(
        (bytes) => finish('whole', bytes),
        () => finish('broken', 0),
      );
    },
  };
}

/** The pod is selected by no Service any more: its proxy knows no such port. */
export function unaccepted(exchange: Exchange, endpoint: Endpoint): Answered {
  const reached = exchange.reached(endpoint);
  reached.end({ status: 503, flags: 'NC', bytes: 0 });
  const response = { status: 503, headers: { 'content-length': '0' }, body: emptyBody() };
  const nothing = (): void => undefined;
  return { kind: 'answer', endpoint, response, cancel: nothing, finish: nothing, discard: nothing };
}

/** What is discarded is still read, so that the connection can be used again; but not without end. */
const MOST_DISCARDED = 65_536;

async function drain({ body }: HttpResponse): Promise<number> {
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MOST_DISCARDED) break;
  }
  return bytes;
}

function failed(
  { endpoint }: AttemptOptions,
  kind: FailedOutcome['kind'],
  cause: unknown,
): FailedAttempt {
  return { kind: 'failed', outcome: { kind }, endpoint, cause };
}

export function refusalOf({ address, port }: Endpoint): TransportError {
  return new TransportError('refused', `${address}:${port} refused the connection`);
}

function outcomeOf(error: unknown): FailedOutcome['kind'] {
  if (!(error instanceof TransportError)) throw error;
  return error.kind === 'refused' || error.kind === 'timeout' ? 'connect-failure' : 'reset';
}
