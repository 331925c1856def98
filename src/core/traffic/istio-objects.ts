// VirtualService and DestinationRule as far as the router reads them. Whatever else they hold is kept.
import type { KubeObject } from '../../api/object.ts';

export interface Destination {
  readonly destination?: {
    readonly host?: string;
    readonly subset?: string;
    readonly port?: { readonly number?: number };
  };
  readonly weight?: number;
}

export interface RouteMatch {
  readonly port?: number;
  readonly sniHosts?: readonly string[];
}

export interface Route {
  readonly name?: string;
  readonly match?: readonly RouteMatch[];
  readonly route?: readonly Destination[];
  readonly mirror?: unknown;
}

export type Protocol = 'http' | 'tls' | 'tcp';
export const PROTOCOLS: readonly Protocol[] = ['http', 'tls', 'tcp'];

export interface VirtualService extends KubeObject {
  readonly spec?: Readonly<Record<string, unknown>>;
}

export interface Subset {
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface DestinationRule extends KubeObject {
  readonly spec?: {
    readonly host?: string;
    readonly subsets?: readonly Subset[];
  };
}

type JsonRecord = Readonly<Record<string, unknown>>;

function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isRoute(value: unknown): value is Route {
  if (!isRecord(value)) return false;
  const { route, match, name } = value;
  const isList = (list: unknown) =>
    list === undefined || (Array.isArray(list) && list.every(isRecord));
  return isList(route) && isList(match) && (name === undefined || typeof name === 'string');
}

/** The routes of a protocol; undefined if the VirtualService has none, `invalid` if they cannot be read. */
export function routesOf(
  virtualService: VirtualService,
  protocol: Protocol,
): readonly Route[] | 'invalid' | undefined {
  const routes = virtualService.spec?.[protocol];
  if (routes === undefined || routes === null) return undefined;
  return Array.isArray(routes) && routes.every(isRoute) ? routes : 'invalid';
}

/** The object with the routes of a protocol replaced; everything else is shared. */
export function withRoutes(
  virtualService: VirtualService,
  protocol: Protocol,
  routes: readonly Route[],
): VirtualService {
  return { ...virtualService, spec: { ...virtualService.spec, [protocol]: routes } };
}
