// Requests that leave HTTP (WebSockets): routed as any other, then bytes both ways until one side ends.
import { type Switched, TransportError } from '../../lib/ports.ts';
import { failedAnswer, noHealthyUpstream } from './engine-answers.ts';
import { refusalOf, unaccepted } from './engine-attempt.ts';
import { Exchange } from './engine-exchange.ts';
import { Deadline } from './engine-limits.ts';
import type { EngineOptions, MeshAnswer, MeshRequest, Source, Upstream } from './engine.ts';
import { hasProxy } from './engine-source.ts';
import { type Endpoint, type Forward, isRetried } from './plan.ts';

export interface MeshSwitched extends Switched {
  readonly answer: MeshAnswer;
}

export interface SwitchOptions {
  readonly plan: Forward;
  readonly request: MeshRequest;
  readonly source: Source;
  /** For an endpoint that never leaves HTTP: the request as any other. */
  readonly plainly: (request: MeshRequest) => Promise<MeshAnswer>;
}

const CONNECT_FAILURE = { kind: 'connect-failure' } as const;

export async function switchOver(
  engine: EngineOptions,
  { plan, request, source, plainly }: SwitchOptions,
): Promise<MeshSwitched> {
  const exchange = new Exchange(engine, { request, source, plan });
  const tried: Endpoint[] = [];
  for (;;) {
    const endpoint = plan.destination.pickEndpoint(tried);
    if (endpoint === undefined) return { answer: exchange.local(noHealthyUpstream()) };
    const upstream = engine.upstream(endpoint);
    if (upstream !== undefined) {
      if (upstream.switchProtocols === undefined) return { answer: await plainly(request) };
      if (isRefusedByProxy(engine, endpoint)) return refusedByProxy(exchange, endpoint);
      const switched = await trySwitch(upstream, exchange, endpoint);
      if (switched !== undefined) return switched;
    }
    const retries = tried.length;
    tried.push(endpoint);
    if (retries < plan.retry.attempts && isRetried(plan.retry, CONNECT_FAILURE)) continue;
    const cause = refusalOf(endpoint);
    const failed = { kind: 'failed', outcome: CONNECT_FAILURE, endpoint, cause } as const;
    return { answer: exchange.local(failedAnswer(failed, { retries, isExhausted: retries > 0 })) };
  }
}

function isRefusedByProxy({ mesh }: EngineOptions, endpoint: Endpoint): boolean {
  return endpoint.pod !== undefined && hasProxy(endpoint.pod.labels) && !mesh.accepts(endpoint);
}

function refusedByProxy(exchange: Exchange, endpoint: Endpoint): MeshSwitched {
  const made = unaccepted(exchange, endpoint);
  const deadline = new Deadline(exchange.clock, undefined);
  return { answer: exchange.answer(made, { deadline, isExhausted: false }) };
}

/** Undefined: the endpoint refused the connection. */
async function trySwitch(
  upstream: Upstream,
  exchange: Exchange,
  endpoint: Endpoint,
): Promise<MeshSwitched | undefined> {
  const { request } = exchange;
  const reached = exchange.reached(endpoint);
  const upgrade = request.headers['upgrade'] ?? '';
  try {
    const outgoing = exchange.outgoing(request.cancel);
    const headers = { ...outgoing.headers, connection: 'Upgrade', upgrade };
    const switched = await upstream.switchProtocols?.({ ...outgoing, headers });
    if (switched === undefined) return undefined;
    const { answer, stream } = switched;
    const finish = (bytes: number): void => {
      reached.end({ status: answer.status, flags: '-', bytes });
    };
    return exchange.switched({ answer, endpoint, stream, finish, upgrade });
  } catch (error) {
    const isRefused =
      error instanceof TransportError && (error.kind === 'refused' || error.kind === 'timeout');
    if (isRefused) {
      reached.forget();
      return undefined;
    }
    reached.end({ status: 503, flags: 'UC', bytes: 0 });
    if (!(error instanceof TransportError)) throw error;
    const outcome = { kind: 'reset' } as const;
    const failed = { kind: 'failed', outcome, endpoint, cause: error } as const;
    return { answer: exchange.local(failedAnswer(failed, { retries: 0, isExhausted: false })) };
  }
}
