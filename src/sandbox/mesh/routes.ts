// The form that both route APIs are compiled to: what a plan is made from. Values only; made anew when an object changes.
import type { HeaderOperation, RetryPolicy } from './plan.ts';
import type { RoutedRequest } from './request.ts';
import type { WeightedPick } from './weights.ts';

/** One way to a place: tried in order, the first that holds is taken. */
export interface HttpRoute {
  readonly name?: string;
  readonly match: HttpMatch;
  readonly fault?: Fault;
  readonly action: HttpAction;
}

export interface HttpMatch {
  /** Whether the route is there at all for this caller, port and scope; it is left out otherwise. */
  readonly applies: (request: RoutedRequest) => boolean;
  readonly holds: (request: RoutedRequest) => boolean;
  /** How much of the path was asked for: its length, or `whole`. Rewriting replaces that. */
  readonly matched: number | 'whole';
}

export type HttpAction = RouteAction | RedirectAction | DirectAction;

export interface RouteAction {
  readonly kind: 'route';
  readonly destinations: readonly WeightedDestination[];
  /** Draws among `destinations`; -1: nothing may be chosen. */
  readonly pick: WeightedPick;
  /** Answer where the destination does not exist. */
  readonly missingStatus: 503 | 500;
  readonly rewrite?: PathRewrite;
  readonly authority?: string;
  readonly timeoutMs?: number;
  readonly retry: RetryPolicy;
  readonly mirrors: readonly MirrorRule[];
}

export interface WeightedDestination {
  readonly weight: number;
  /** Undefined: it names what cannot be used. */
  readonly to: DestinationRef | undefined;
  readonly requestHeaders: readonly HeaderOperation[];
  readonly responseHeaders: readonly HeaderOperation[];
  /** Holds where the route itself sets none. */
  readonly authority?: string;
}

/** Where to, by name; looked up anew for every request. */
export interface DestinationRef {
  readonly host: string;
  readonly subset?: string;
  /** Absent: the Service's only port, or else the port that was asked. */
  readonly port?: number;
}

export interface MirrorRule {
  readonly to: DestinationRef;
  readonly percent: number;
}

export interface RedirectAction {
  readonly kind: 'redirect';
  readonly status: number;
  readonly scheme?: string;
  readonly host?: string;
  readonly port?: number | 'of-request';
  readonly path?: PathRewrite;
  readonly responseHeaders: readonly HeaderOperation[];
}

export interface DirectAction {
  readonly kind: 'direct';
  readonly status: number;
  readonly body: string;
  readonly responseHeaders: readonly HeaderOperation[];
}

export type PathRewrite =
  /** What was matched is replaced. */
  | { readonly kind: 'matched'; readonly by: string }
  /** As `matched`, by whole segments: never `//` and never nothing. */
  | { readonly kind: 'segments'; readonly by: string }
  | { readonly kind: 'full'; readonly by: string }
  | { readonly kind: 'regex'; readonly pattern: RegExp; readonly by: string };

export interface Fault {
  readonly delay?: { readonly percent: number; readonly ms: number };
  readonly abort?: {
    readonly percent: number;
    readonly status: number;
    readonly grpcStatus?: number;
  };
}

/** Routes of connections that are not HTTP. */
export interface ConnectionRoute {
  readonly applies: (connection: RoutedConnection) => boolean;
  readonly destinations: readonly { readonly weight: number; readonly to: DestinationRef }[];
  readonly pick: WeightedPick;
}

export interface RoutedConnection {
  readonly caller: RoutedRequest['caller'];
  readonly scope: string;
  readonly port: number;
  readonly sni?: string;
}

export const MESH = 'mesh';
