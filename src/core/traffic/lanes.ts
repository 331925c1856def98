// The two lanes of a routed canary as the objects have them now: which hash each names, whether requests reach it, and
// when we last changed that. The moments stand on the objects themselves, written with the change (decision 0006).
import type { Service } from '../../api/kubernetes.ts';
import {
  CANARY_SWITCHED,
  HASH_LABEL,
  STABLE_SWITCHED,
  SWITCHED,
  WEIGHTS_SET,
} from '../../api/names.ts';
import type { KubeObject } from '../../api/object.ts';
import { formatInstantMicro, type Instant, parseInstant } from '../../lib/time.ts';
import { findRule, findVirtualService, type IstioState } from './istio.ts';
import {
  type Destination,
  type DestinationRule,
  PROTOCOLS,
  routesOf,
  type VirtualService,
} from './istio-objects.ts';
import {
  chosenRoutes,
  isCanary,
  isStable,
  istioOf,
  managedNames,
  partiesOf,
  serviceNames,
  virtualServiceRefs,
} from './istio-routes.ts';

/** A change of what a lane names: when, and what it named before. */
export interface Switched {
  readonly at: Instant;
  readonly from: string;
}

export interface Lane {
  /** The hash that its Service or subset names; empty if none. */
  readonly hash: string;
  readonly switched: Switched | undefined;
  /** Some route sends it requests. */
  readonly isReached: boolean;
}

export interface Lanes {
  readonly canary: Lane;
  readonly stable: Lane;
  /** Weight of the canary in the route that gives it least and most; undefined if no route can be read. */
  readonly weights: { readonly least: number; readonly most: number } | undefined;
  /** When a route was last changed by us. */
  readonly weightsAt: Instant | undefined;
}

/** `2026-01-02T15:04:05.123000Z from 6579c6cc98`. */
export function switchedText({ at, from }: Switched): string {
  return `${formatInstantMicro(at)}${from === '' ? '' : ` from ${from}`}`;
}

export function switchedOf({ metadata }: KubeObject, annotation: string): Switched | undefined {
  const [at = '', , from = ''] = (metadata.annotations?.[annotation] ?? '').split(' ');
  const parsed = parseInstant(at);
  return parsed === undefined ? undefined : { at: parsed, from };
}

export function lanesOf(state: IstioState, services: readonly Service[]): Lanes {
  const reach = reachOf(state);
  const lane = (side: 'canary' | 'stable'): Lane => ({
    ...(istioOf(state.rollout)?.destinationRule === undefined
      ? namedByService(services, serviceNames(state.rollout)[side])
      : namedBySubset(state, side)),
    isReached: reach[side],
  });
  return {
    canary: lane('canary'),
    stable: lane('stable'),
    weights: reach.weights,
    weightsAt: latest(state.virtualServices.map((one) => switchedOf(one, WEIGHTS_SET)?.at)),
  };
}

type Named = Pick<Lane, 'hash' | 'switched'>;

function namedByService(services: readonly Service[], name: string): Named {
  const service = services.find(({ metadata }) => metadata.name === name);
  if (service === undefined) return { hash: '', switched: undefined };
  const hash = service.spec.selector?.[HASH_LABEL] ?? '';
  return { hash, switched: switchedOf(service, SWITCHED) };
}

function namedBySubset(state: IstioState, side: 'canary' | 'stable'): Named {
  const rule = findRule(state);
  const { canarySubsetName, stableSubsetName } = istioOf(state.rollout)?.destinationRule ?? {};
  const name = side === 'canary' ? canarySubsetName : stableSubsetName;
  if (rule === undefined) return { hash: '', switched: undefined };
  return { hash: subsetHash(rule, name ?? ''), switched: switchedOf(rule, switchedKey(side)) };
}

export function subsetHash({ spec }: DestinationRule, name: string): string {
  return spec?.subsets?.find((subset) => subset.name === name)?.labels?.[HASH_LABEL] ?? '';
}

export function switchedKey(side: 'canary' | 'stable'): string {
  return side === 'canary' ? CANARY_SWITCHED : STABLE_SWITCHED;
}

interface Reach {
  readonly canary: boolean;
  readonly stable: boolean;
  readonly weights: Lanes['weights'];
}

/** Who gets requests by the routes as they are; a header or mirror route of ours leads to the canary too. */
function reachOf(state: IstioState): Reach {
  const istio = istioOf(state.rollout);
  const parties = partiesOf(state.rollout);
  const managed = managedNames(state.rollout);
  const weights: number[] = [];
  let stable = false;
  let hasManaged = false;
  for (const reference of istio === undefined ? [] : virtualServiceRefs(istio)) {
    const found = findVirtualService(state, reference.name);
    if (found === undefined) continue;
    hasManaged ||= hasManagedRoute(found, managed);
    for (const destinations of weightedRoutes(found, { reference, managed })) {
      weights.push(weightOf(destinations, (one) => isCanary(one, parties)));
      stable ||= weightOf(destinations, (one) => isStable(one, parties)) > 0;
    }
  }
  return {
    canary: hasManaged || weights.some((weight) => weight > 0),
    stable,
    weights:
      weights.length === 0
        ? undefined
        : { least: Math.min(...weights), most: Math.max(...weights) },
  };
}

function hasManagedRoute(found: VirtualService, managed: readonly string[]): boolean {
  const routes = routesOf(found, 'http');
  return Array.isArray(routes) && routes.some(({ name = '' }) => managed.includes(name));
}

function weightedRoutes(
  found: VirtualService,
  of: Parameters<typeof chosenRoutes>[2],
): readonly (readonly Destination[])[] {
  return PROTOCOLS.flatMap((protocol) => {
    const routes = routesOf(found, protocol);
    if (routes === undefined || routes === 'invalid') return [];
    const chosen = chosenRoutes(routes, protocol, of);
    return chosen.ok ? chosen.indexes.map((index) => routes[index]?.route ?? []) : [];
  });
}

/** A single destination without a weight gets all. */
function weightOf(
  destinations: readonly Destination[],
  isParty: (destination: Destination) => boolean,
): number {
  const whole = destinations.length === 1 ? 100 : 0;
  return destinations
    .filter(isParty)
    .reduce((sum, destination) => sum + (destination.weight ?? whole), 0);
}

/** The latest of the moments that are there. */
export function latest(moments: readonly (Instant | undefined)[]): Instant | undefined {
  return moments.reduce(
    (last, one) => (last === undefined || (one !== undefined && one > last) ? one : last),
    undefined,
  );
}
