// From a request's head to its plan: which routes govern it, which of them holds, and what that one says.
import { unreachable } from '../../lib/assert.ts';
import type { Random } from '../../lib/ports.ts';
import type { HostTable } from './host-table.ts';
import { covers, resolvedHost, splitAuthority } from './names.ts';
import { locationOf, rewrittenPath } from './path-rewrite.ts';
import type {
  Caller,
  Destination,
  Forward,
  Mirror,
  Plan,
  RequestHead,
  Respond,
  ResponseFlag,
  ServiceName,
} from './plan.ts';
import { Routed, type RoutedRequest } from './request.ts';
import { NOTHING, respond, unhealthy } from './responses.ts';
import { scopeOf } from './scope.ts';
import { planDefault, planPlain } from './plan-service.ts';
import { type Fault, type HttpRoute, MESH, type MirrorRule, type RouteAction } from './routes.ts';
import type { ServiceEntry } from './service-entry.ts';
import type { Services } from './services.ts';
import { namespaceOf } from './source-match.ts';
import { isDrawn } from './weights.ts';

export interface Tables {
  readonly services: Services;
  readonly hosts: HostTable;
  readonly random: Random;
}

export function planRequest(tables: Tables, head: RequestHead, caller: Caller): Plan {
  const { host, port: written } = splitAuthority(head.authority);
  const asked = head.connectedTo?.port ?? written ?? (head.scheme === 'https' ? 443 : 80);
  if (caller.kind === 'gateway') return planAtGateway(tables, { head, caller, host });
  const namespace = namespaceOf(caller);
  const found = serviceAt(tables, host, namespace);
  const connected = connectedService(tables, head, namespace);
  if (caller.kind === 'outside') {
    // Nobody on the way reads the Host header.
    const service = connected ?? found;
    return planPlain(tables.services, { head, namespace, service, host, port: asked });
  }
  const service = found ?? connected;
  const origin = { head, caller, scope: MESH, port: asked };
  // Routes are found by the name that was asked for, not by what the connection was opened to.
  const routes = tables.hosts.httpRoutes(found?.name.host ?? host.toLowerCase(), {
    scope: MESH,
    namespace,
  });
  if (routes !== undefined && (service === undefined || service.hasPort(asked))) {
    const plan = planByRoutes(tables, routes, new Routed(origin));
    if (plan !== undefined) return plan;
  }
  return planDefault(tables.services, { head, namespace, service, host, port: asked });
}

/** Whatever listens under a name or an address. */
function serviceAt(
  { services }: Tables,
  host: string,
  namespace: string,
): ServiceEntry | undefined {
  return services.find(resolvedHost(host, namespace)) ?? services.atAddress(host);
}

function connectedService(
  tables: Tables,
  { connectedTo }: RequestHead,
  namespace: string,
): ServiceEntry | undefined {
  return connectedTo === undefined ? undefined : serviceAt(tables, connectedTo.host, namespace);
}

/** A gateway knows no Services by itself: without a route there is nothing. */
function planAtGateway(
  tables: Tables,
  {
    head,
    caller,
    host,
  }: {
    readonly head: RequestHead;
    readonly caller: Caller & { readonly kind: 'gateway' };
    readonly host: string;
  },
): Plan {
  const { listener } = caller;
  const name = host.toLowerCase();
  const scope = scopeOf(caller);
  const routes = listener.hosts.some((one) => covers(one, name))
    ? tables.hosts.httpRoutes(name, { scope, namespace: listener.namespace })
    : undefined;
  if (routes === undefined) return respond({ status: 404, flags: ['NR'] });
  const routed = new Routed({ head, caller, scope, port: listener.port });
  return planByRoutes(tables, routes, routed) ?? respond({ status: 404, flags: ['NR'] });
}

/**
 * The first route that holds. Undefined: none of them is there for this caller and port, so that the host is as if it
 * had no routes.
 */
function planByRoutes(
  tables: Tables,
  routes: readonly HttpRoute[],
  request: RoutedRequest,
): Plan | undefined {
  let isGoverned = false;
  for (const route of routes) {
    if (!route.match.applies(request)) continue;
    isGoverned = true;
    if (route.match.holds(request)) return planRoute(tables, route, request);
  }
  return isGoverned ? respond({ status: 404, flags: ['NR'] }) : undefined;
}

function planRoute(tables: Tables, route: HttpRoute, request: RoutedRequest): Plan {
  const { fault, action, match } = route;
  const delayMs = delayOf(fault, tables.random);
  const aborted = abortOf(fault, tables.random);
  if (aborted !== undefined) {
    const flags: readonly ResponseFlag[] = delayMs > 0 ? ['DI', 'FI'] : ['FI'];
    return respond({ ...aborted, flags, delayMs, ...meantBy(tables, route) });
  }
  const flags: readonly ResponseFlag[] = delayMs > 0 ? ['DI'] : NOTHING;
  switch (action.kind) {
    case 'redirect': {
      const headers = { location: locationOf(request, action, match.matched) };
      const { status, responseHeaders } = action;
      return respond({ status, headers, responseHeaders, delayMs, flags });
    }
    case 'direct': {
      const { status, body, responseHeaders } = action;
      return respond({ status, body, responseHeaders, delayMs, flags });
    }
    case 'route':
      return planForward(tables, { action, matched: match.matched, request, delayMs, flags });
    default:
      return unreachable(action);
  }
}

function delayOf(fault: Fault | undefined, random: Random): number {
  if (fault?.delay === undefined) return 0;
  return isDrawn(fault.delay.percent, random) ? fault.delay.ms : 0;
}

function abortOf(
  fault: Fault | undefined,
  random: Random,
): Pick<Respond, 'status' | 'body' | 'headers'> | undefined {
  if (fault?.abort === undefined || !isDrawn(fault.abort.percent, random)) return undefined;
  const { status, grpcStatus } = fault.abort;
  const headers: Respond['headers'] =
    grpcStatus === undefined ? {} : { 'grpc-status': String(grpcStatus) };
  return { status, headers, body: 'fault filter abort' };
}

/** The Service that an aborted request would have gone to, where it is the only one. */
function meantBy({ services }: Tables, { action }: HttpRoute): { readonly service?: ServiceName } {
  if (action.kind !== 'route') return {};
  const hosts = new Set(action.destinations.map(({ to }) => to?.host));
  const [host] = hosts;
  if (hosts.size !== 1 || host === undefined) return {};
  const service = services.find(host)?.name;
  return service === undefined ? {} : { service };
}

interface ForwardOptions {
  readonly action: RouteAction;
  readonly matched: HttpRoute['match']['matched'];
  readonly request: RoutedRequest;
  readonly delayMs: number;
  readonly flags: readonly ResponseFlag[];
}

function planForward(tables: Tables, options: ForwardOptions): Plan {
  const { action, matched, request, delayMs, flags } = options;
  const { head } = request;
  const chosen = action.destinations[action.pick(tables.random)];
  const destination = chosen?.to && lookUp(tables, chosen.to, request);
  if (chosen === undefined || destination === undefined) {
    return missing(tables, { action, host: chosen?.to?.host, delayMs, flags });
  }
  if (destination.endpoints.length === 0) return unhealthy(destination, { delayMs, flags });
  const authority = action.authority ?? chosen.authority ?? head.authority;
  const { rewrite, timeoutMs } = action;
  const plan: Forward = {
    kind: 'forward',
    destination,
    path: rewrite === undefined ? head.path : rewrittenPath(head.path, rewrite, matched),
    authority,
    requestHeaders: chosen.requestHeaders,
    responseHeaders: chosen.responseHeaders,
    delayMs,
    flags,
    retry: action.retry,
    mirrors:
      action.mirrors.length === 0
        ? NOTHING
        : mirrorsOf(tables, action.mirrors, { request, authority }),
  };
  return timeoutMs === undefined ? plan : { ...plan, timeoutMs };
}

function lookUp(
  { services }: Tables,
  to: MirrorRule['to'],
  { caller, port }: RoutedRequest,
): Destination | undefined {
  return services.destination(to, { caller: namespaceOf(caller), asked: port });
}

/** Copies that would reach nobody are not sent. */
function mirrorsOf(
  tables: Tables,
  rules: readonly MirrorRule[],
  { request, authority }: { readonly request: RoutedRequest; readonly authority: string },
): readonly Mirror[] {
  const { host, port } = splitAuthority(authority);
  const shadow = port === undefined ? `${host}-shadow` : `${host}-shadow:${port}`;
  return rules.flatMap(({ to, percent }) => {
    if (!isDrawn(percent, tables.random)) return [];
    const destination = lookUp(tables, to, request);
    return destination === undefined || destination.endpoints.length === 0
      ? []
      : [{ destination, authority: shadow }];
  });
}

function missing(
  { services }: Tables,
  options: {
    readonly action: RouteAction;
    readonly host: string | undefined;
    readonly delayMs: number;
    readonly flags: readonly ResponseFlag[];
  },
): Respond {
  const { action, host, delayMs, flags } = options;
  const service = host === undefined ? undefined : services.find(host)?.name;
  return respond({
    status: action.missingStatus,
    delayMs,
    flags: [...flags, 'NC'],
    ...(service === undefined ? {} : { service }),
  });
}
