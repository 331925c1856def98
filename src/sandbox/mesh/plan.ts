// What joins routing and the data plane of the mesh: a request's head goes in, a plan for it comes out. Routing (this
// folder) does no I/O; the data plane sends, waits, retries and counts as the plan says. Entry point: `Mesh`.
import { unreachable } from '../../lib/assert.ts';
import type { Headers, Stop } from '../../lib/ports.ts';

/**
 * Decides where requests go (traffic.md 5.1, 5.2).
 *
 * Guarantees: a plan is made of one state of the routes and never changes afterwards; a change of an object holds from
 * the next request on. Only the endpoints behind a `Destination` stay alive, so that a retry sees the pods of its own
 * moment. Chance (weights, faults, mirror samples, endpoints) comes from one seeded source.
 */
export interface Mesh {
  plan(head: RequestHead, caller: Caller): Plan;
  /** The same for a connection that is not HTTP: its `tcp` or `tls` routes, weights per connection. */
  planConnection(head: ConnectionHead, caller: Caller): ConnectionPlan;
  /**
   * Whether the proxy beside the endpoint's pod takes requests for that port: some Service must still select the pod.
   * If not it answers 503 with flag NC, seen on the server's side only.
   */
  accepts(endpoint: Endpoint): boolean;
  /** Where requests from outside the cluster may enter. */
  gateways(): readonly GatewayListener[];
  /** Called after every change of what `plan` or `gateways` would say. */
  onChange(listener: () => void): Stop;
}

export interface RequestHead {
  readonly method: string;
  /** Path and query as they were sent, beginning with `/`. */
  readonly path: string;
  /** The Host header: a name or address, with or without port. */
  readonly authority: string;
  readonly scheme: 'http' | 'https';
  /** Names in lower case; several of one name joined by commas. Without `host`. */
  readonly headers: Headers;
  /** What the connection was opened to, if that is not what `authority` says (`curl -H 'Host: …'`). */
  readonly connectedTo?: { readonly host: string; readonly port: number };
}

export interface ConnectionHead {
  readonly host: string;
  readonly port: number;
  /** Server name of the TLS hello, if the connection begins with one. */
  readonly sni?: string;
}

export type Caller = PodCaller | GatewayCaller | OutsideCaller;

/** A pod with a proxy of the mesh beside it. */
export interface PodCaller {
  readonly kind: 'pod';
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** A request that entered through a gateway's listener. */
export interface GatewayCaller {
  readonly kind: 'gateway';
  readonly listener: GatewayListener;
}

/** Anything without a proxy: no routes, no retries; the Service alone spreads it over its pods. */
export interface OutsideCaller {
  readonly kind: 'outside';
  /** Where short names are looked up. */
  readonly namespace: string;
}

export interface GatewayListener {
  /** Which API the Gateway belongs to: `networking.istio.io` or `gateway.networking.k8s.io`. */
  readonly api: 'istio' | 'kubernetes';
  readonly namespace: string;
  readonly name: string;
  readonly port: number;
  readonly protocol: string;
  /** Names of all listeners that share this port, sorted; `*` takes every host. */
  readonly hosts: readonly string[];
}

export type Plan = Respond | Forward | Unreachable;

/** Envoy's short names of what went wrong (traffic.md 5.2). */
export type ResponseFlag = 'NR' | 'NC' | 'UH' | 'UF' | 'UC' | 'UT' | 'FI' | 'DI' | 'URX';

/** The proxy answers by itself; no pod sees the request. */
export interface Respond {
  readonly kind: 'respond';
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
  /** Empty for redirects and direct responses. */
  readonly flags: readonly ResponseFlag[];
  /** To wait before answering (an injected delay). */
  readonly delayMs: number;
  /** The Service that was meant, where one was. */
  readonly service?: ServiceName;
  /** What to do to the headers of the answer. */
  readonly responseHeaders: readonly HeaderOperation[];
}

/** The request goes to a pod of `destination`. */
export interface Forward {
  readonly kind: 'forward';
  readonly destination: Destination;
  /** After rewriting. */
  readonly path: string;
  readonly authority: string;
  /** In this order; see `withOperations`. */
  readonly requestHeaders: readonly HeaderOperation[];
  readonly responseHeaders: readonly HeaderOperation[];
  /** To wait before the first attempt (an injected delay); `DI` is then among the flags. */
  readonly delayMs: number;
  readonly flags: readonly ResponseFlag[];
  /** For all attempts together, without `delayMs`; absent: no limit. Beyond it 504 with flag UT. */
  readonly timeoutMs?: number;
  readonly retry: RetryPolicy;
  /** Copies to send and forget, drawn already; method, path and headers are those of the request. */
  readonly mirrors: readonly Mirror[];
}

/** The client gets no HTTP answer: the name does not resolve, or nothing listens there. */
export interface Unreachable {
  readonly kind: 'unreachable';
  readonly host: string;
  readonly port: number;
  /** `external`: a name outside the cluster, which the mesh would leave to the network. */
  readonly reason: 'no-such-host' | 'no-such-port' | 'refused' | 'external';
}

export type ConnectionPlan =
  | { readonly kind: 'forward'; readonly destination: Destination }
  /** The proxy closes the connection. */
  | { readonly kind: 'close'; readonly flag: ResponseFlag }
  | Unreachable;

export interface Mirror {
  readonly destination: Destination;
  readonly authority: string;
}

export interface ServiceName {
  readonly namespace: string;
  readonly name: string;
  /** `NAME.NAMESPACE.svc.cluster.local`. */
  readonly host: string;
}

/** One port of a Service, or of one of its subsets. The same object as long as that exists. */
export interface Destination {
  /** As Envoy names it: `outbound|80|canary|mock-server.default.svc.cluster.local`. */
  readonly cluster: string;
  readonly service: ServiceName;
  readonly port: number;
  readonly subset?: string;
  /** The ready pods of this moment. */
  readonly endpoints: readonly Endpoint[];
  /**
   * The endpoint for the next attempt, by the load balancer of the DestinationRule; undefined: none is ready (503, UH).
   * Those in `tried` are taken only if there is no other.
   */
  pickEndpoint(tried?: readonly Endpoint[]): Endpoint | undefined;
}

export interface Endpoint {
  /** Address and port inside the cluster; the node knows where that really is. */
  readonly address: string;
  readonly port: number;
  readonly pod?: EndpointPod;
  /** The data plane adds one when it sends a request there and takes it off at its end. */
  readonly load: { active: number };
}

export interface EndpointPod {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly owner?: { readonly kind: string; readonly name: string };
}

export type HeaderOperation =
  | { readonly kind: 'set' | 'add'; readonly name: string; readonly value: string }
  | { readonly kind: 'remove'; readonly name: string };

export interface RetryPolicy {
  /** Beyond the first; 0: none. */
  readonly attempts: number;
  /** Absent: what is left of the whole time. */
  readonly perTryTimeoutMs?: number;
  /** Before attempt n + 1 wait a random time below this × (2^n − 1), at most ten times this. */
  readonly backoffMs: number;
  readonly on: RetryConditions;
}

/** What Envoy's `retry_on` comes down to; the broader words have set the narrower ones too. */
export interface RetryConditions {
  readonly connectFailure: boolean;
  readonly refusedStream: boolean;
  /** The connection broke before an answer, or the time of the attempt ran out. */
  readonly reset: boolean;
  /** Every status from 500 on. */
  readonly serverErrors: boolean;
  readonly statuses: ReadonlySet<number>;
  /** By `grpc-status` of the answer's headers. */
  readonly grpcStatuses: ReadonlySet<number>;
}

/** How one attempt ended. */
export type AttemptOutcome =
  | { readonly kind: 'connect-failure' | 'refused-stream' | 'reset' | 'attempt-timeout' }
  | { readonly kind: 'answer'; readonly status: number; readonly grpcStatus?: number };

/** Whether such an end asks for another attempt; how many there may be is the caller's to count. */
export function isRetried({ on }: RetryPolicy, outcome: AttemptOutcome): boolean {
  switch (outcome.kind) {
    case 'connect-failure':
      return on.connectFailure;
    case 'refused-stream':
      return on.refusedStream;
    case 'reset':
    case 'attempt-timeout':
      return on.reset;
    case 'answer':
      return (
        (on.serverErrors && outcome.status >= 500) ||
        on.statuses.has(outcome.status) ||
        (outcome.grpcStatus !== undefined && on.grpcStatuses.has(outcome.grpcStatus))
      );
    default:
      return unreachable(outcome);
  }
}

/** The headers after all operations, one after the other; the given ones are left alone. */
export function withOperations(headers: Headers, operations: readonly HeaderOperation[]): Headers {
  if (operations.length === 0) return headers;
  const changed = new Map(Object.entries(headers));
  for (const operation of operations) {
    const name = operation.name.toLowerCase();
    const before = changed.get(name);
    if (operation.kind === 'remove') changed.delete(name);
    else if (operation.kind === 'add' && before !== undefined)
      changed.set(name, `${before},${operation.value}`);
    else changed.set(name, operation.value);
  }
  return Object.fromEntries(changed);
}
