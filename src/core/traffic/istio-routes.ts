// Which routes of a VirtualService carry the rollout's traffic, and whether they can (traffic.md 2.3).
import type { Rollout } from '../../api/rollout.ts';
import type { IstioRouting, IstioVirtualServiceRef } from '../../api/traffic-routing.ts';
import {
  type Destination,
  type Protocol,
  type Route,
  routesOf,
  type VirtualService,
} from './istio-objects.ts';
import { hostLabel } from './istio-reference.ts';

/** Who is canary and who stable in the routes: Service names, or subset names when a DestinationRule is used. */
export interface Parties {
  readonly canaryService: string;
  readonly stableService: string;
  readonly canarySubset?: string;
  readonly stableSubset?: string;
  readonly additionalSubsets: readonly string[];
}

export function istioOf(rollout: Rollout): IstioRouting | undefined {
  return rollout.spec.strategy?.canary?.trafficRouting?.istio;
}

/** The Services that are canary and stable now; with ping-pong alone the two change roles (traffic.md 1.6). */
export function serviceNames(rollout: Rollout): {
  readonly canary: string;
  readonly stable: string;
} {
  const strategy = rollout.spec.strategy?.canary;
  const canary = strategy?.canaryService ?? '';
  const stable = strategy?.stableService ?? '';
  const own = { canary, stable };
  return canary !== '' || stable !== '' ? own : (pingPongServices(rollout) ?? own);
}

/** The roles that the two Services of ping-pong have now; undefined without ping-pong. */
export function pingPongServices({
  spec,
  status,
}: Rollout): { readonly canary: string; readonly stable: string } | undefined {
  const pingPong = spec.strategy?.canary?.pingPong;
  if (pingPong === undefined) return undefined;
  const { pingService, pongService } = pingPong;
  return status?.canary?.stablePingPong === 'ping'
    ? { canary: pongService, stable: pingService }
    : { canary: pingService, stable: pongService };
}

export function partiesOf(rollout: Rollout): Parties {
  const names = serviceNames(rollout);
  const rule = istioOf(rollout)?.destinationRule;
  return {
    canaryService: names.canary,
    stableService: names.stable,
    additionalSubsets: rule?.additionalSubsetNames ?? [],
    ...(rule === undefined
      ? {}
      : { canarySubset: rule.canarySubsetName, stableSubset: rule.stableSubsetName }),
  };
}

export function virtualServiceRefs(istio: IstioRouting): readonly IstioVirtualServiceRef[] {
  if (istio.virtualServices !== undefined && istio.virtualServices.length > 0)
    return istio.virtualServices;
  return istio.virtualService === undefined ? [] : [istio.virtualService];
}

export type Chosen =
  | { readonly ok: true; readonly indexes: readonly number[] }
  | { readonly ok: false; readonly error: string };

function omitted(protocol: Protocol): string {
  const field = protocol === 'http' ? 'routes' : `${protocol}Routes`;
  return (
    `spec.${protocol}[] should be set in VirtualService and it must have exactly one route when omitting ` +
    `spec.strategy.canary.trafficRouting.istio.virtualService.${field}`
  );
}

/** Indexes of the routes that the reference means. */
export function chosenRoutes(
  routes: readonly Route[],
  protocol: Protocol,
  of: { readonly reference: IstioVirtualServiceRef; readonly managed: readonly string[] },
): Chosen {
  switch (protocol) {
    case 'http':
      return chosenHttp(routes, of.reference.routes ?? [], of.managed);
    case 'tls':
      return chosenByPort(routes, 'tls', of.reference.tlsRoutes ?? []);
    default:
      return chosenByPort(routes, 'tcp', of.reference.tcpRoutes ?? []);
  }
}

function chosenHttp(
  routes: readonly Route[],
  names: readonly string[],
  managed: readonly string[],
): Chosen {
  if (names.length === 0) return inferredHttp(routes, managed);
  const indexes: number[] = [];
  for (const name of names) {
    const index = routes.findIndex((route) => route.name === name);
    if (index < 0) {
      return {
        ok: false,
        error: `HTTP Route '${name}' is not found in the defined Virtual Service.`,
      };
    }
    indexes.push(index);
  }
  return { ok: true, indexes };
}

function inferredHttp(routes: readonly Route[], managed: readonly string[]): Chosen {
  if (routes.length === 1) return { ok: true, indexes: [0] };
  const foreign = routes.filter((route) => !managed.includes(route.name ?? ''));
  const unnamed = routes.findIndex((route) => (route.name ?? '') === '');
  return foreign.length > 1 || unnamed < 0
    ? { ok: false, error: omitted('http') }
    : { ok: true, indexes: [unnamed] };
}

interface PortSelector {
  readonly port?: number;
  readonly sniHosts?: readonly string[];
}

function chosenByPort(
  routes: readonly Route[],
  protocol: 'tls' | 'tcp',
  selectors: readonly PortSelector[],
): Chosen {
  if (selectors.length === 0) {
    return routes.length === 1
      ? { ok: true, indexes: [0] }
      : { ok: false, error: omitted(protocol) };
  }
  const indexes = routes.flatMap((route, index) =>
    selectors.some((selector) => meets(route, selector)) ? [index] : [],
  );
  return indexes.length > 0
    ? { ok: true, indexes }
    : {
        ok: false,
        error: `No matching ${protocol.toUpperCase()} routes found in the defined Virtual Service.`,
      };
}

/** All match entries together name one port at most, and exactly the given SNI hosts. */
function meets(route: Route, { port = 0, sniHosts = [] }: PortSelector): boolean {
  const matches = route.match ?? [];
  const ports = new Set(matches.map((match) => match.port ?? 0));
  const hosts = new Set(matches.flatMap((match) => match.sniHosts ?? []));
  if (ports.size > 1 || !(ports.size === 0 ? port === 0 : ports.has(port))) return false;
  return hosts.size === new Set(sniHosts).size && sniHosts.every((host) => hosts.has(host));
}

export function isCanary({ destination }: Destination, parties: Parties): boolean {
  if (parties.canarySubset !== undefined && destination?.subset === parties.canarySubset)
    return true;
  return (
    parties.canaryService !== '' && hostLabel(destination?.host ?? '') === parties.canaryService
  );
}

export function isStable({ destination }: Destination, parties: Parties): boolean {
  if (parties.stableSubset !== undefined && destination?.subset === parties.stableSubset)
    return true;
  return (
    parties.stableService !== '' && hostLabel(destination?.host ?? '') === parties.stableService
  );
}

/** Why a route cannot carry the traffic: both parties must be among its destinations. Canary is looked for first. */
export function routeProblem(route: Route, parties: Parties): string | undefined {
  const destinations = route.route ?? [];
  const { canarySubset, stableSubset } = parties;
  if (canarySubset !== undefined && stableSubset !== undefined) {
    const has = (subset: string) =>
      destinations.some(({ destination }) => destination?.subset === subset);
    if (!has(canarySubset))
      return `Canary DestinationRule subset '${canarySubset}' not found in route`;
    return has(stableSubset)
      ? undefined
      : `Stable DestinationRule subset '${stableSubset}' not found in route`;
  }
  const has = (service: string) =>
    destinations.some(({ destination }) => hostLabel(destination?.host ?? '') === service);
  if (!has(parties.canaryService))
    return `Canary Service '${parties.canaryService}' not found in route`;
  return has(parties.stableService)
    ? undefined
    : `Stable Service '${parties.stableService}' not found in route`;
}

/** Why the VirtualService cannot be used, in the words of validation (traffic.md 2.3); undefined if it can. */
export function virtualServiceProblem(
  virtualService: VirtualService,
  reference: IstioVirtualServiceRef,
  rollout: Rollout,
): string | undefined {
  const parties = partiesOf(rollout);
  const managed = managedNames(rollout);
  let found = false;
  for (const protocol of ['http', 'tls', 'tcp'] as const) {
    const routes = routesOf(virtualService, protocol);
    if (routes === undefined) continue;
    const shown = protocol.toUpperCase();
    if (routes === 'invalid') return `Unable to get ${shown} routes for Istio VirtualService`;
    found = true;
    const problem = protocolProblem(routes, protocol, { reference, managed, parties });
    if (problem !== undefined)
      return `Istio VirtualService has invalid ${shown} routes. Error: ${problem}`;
  }
  return found
    ? undefined
    : 'Unable to get any of the HTTP, TCP or TLS routes for the Istio VirtualService';
}

function protocolProblem(
  routes: readonly Route[],
  protocol: Protocol,
  of: {
    readonly reference: IstioVirtualServiceRef;
    readonly managed: readonly string[];
    readonly parties: Parties;
  },
): string | undefined {
  const chosen = chosenRoutes(routes, protocol, of);
  if (!chosen.ok) return chosen.error;
  for (const index of chosen.indexes) {
    const problem = routeProblem(routes[index] ?? {}, of.parties);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Names of the routes that the controller may create, highest precedence first. */
export function managedNames(rollout: Rollout): readonly string[] {
  const routes = rollout.spec.strategy?.canary?.trafficRouting?.managedRoutes ?? [];
  return routes.map((route) => route.name);
}

/** Routes that the controller manages first, in the order of managedRoutes, then all others as they were. */
export function inManagedOrder(
  routes: readonly Route[],
  managed: readonly string[],
): readonly Route[] {
  const named = managed.flatMap((name) => routes.filter((route) => route.name === name));
  return [...named, ...routes.filter((route) => !managed.includes(route.name ?? ''))];
}
