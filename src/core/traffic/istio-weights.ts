// Weights in a VirtualService (traffic.md 2.4).
import type { WeightDestination } from '../../api/rollout.ts';
import type { IstioVirtualServiceRef } from '../../api/traffic-routing.ts';
import {
  type Destination,
  type Protocol,
  PROTOCOLS,
  type Route,
  routesOf,
  type VirtualService,
  withRoutes,
} from './istio-objects.ts';
import { hostLabel } from './istio-reference.ts';
import {
  chosenRoutes,
  inManagedOrder,
  isCanary,
  isStable,
  type Parties,
  routeProblem,
} from './istio-routes.ts';

export interface WeightOrder {
  readonly weight: number;
  /** Experiment destinations; those without a Service name are left out, their share stays with stable. */
  readonly extras: readonly WeightDestination[];
  readonly parties: Parties;
  readonly reference: IstioVirtualServiceRef;
  readonly managed: readonly string[];
}

export type Weighed =
  | { readonly ok: true; readonly virtualService: VirtualService; readonly changed: boolean }
  | { readonly ok: false; readonly error: string };

/** The VirtualService with the weights in all chosen routes; only `weight` of kept destinations is touched. */
export function withWeights(virtualService: VirtualService, order: WeightOrder): Weighed {
  let result = virtualService;
  let changed = false;
  for (const protocol of PROTOCOLS) {
    const routes = routesOf(virtualService, protocol);
    if (routes === undefined) continue;
    if (routes === 'invalid') {
      return {
        ok: false,
        error: `Unable to get ${protocol.toUpperCase()} routes for Istio VirtualService`,
      };
    }
    const weighed = weighedRoutes(routes, protocol, order);
    if (typeof weighed === 'string') return { ok: false, error: weighed };
    if (weighed === routes) continue;
    changed = true;
    result = withRoutes(result, protocol, weighed);
  }
  if (!changed) return { ok: true, virtualService, changed };
  const http = routesOf(result, 'http');
  const ordered = Array.isArray(http)
    ? withRoutes(result, 'http', inManagedOrder(http, order.managed))
    : result;
  return { ok: true, virtualService: ordered, changed };
}

/** The routes with new weights, the same list if nothing changes, or why it cannot be done. */
function weighedRoutes(
  routes: readonly Route[],
  protocol: Protocol,
  order: WeightOrder,
): readonly Route[] | string {
  const chosen = chosenRoutes(routes, protocol, order);
  if (!chosen.ok) return chosen.error;
  const mirrored = protocol === 'http' ? mirrorIndexes(routes, order.managed) : [];
  let result = routes;
  for (const index of new Set([...chosen.indexes, ...mirrored])) {
    const route = routes[index] ?? {};
    const problem = routeProblem(route, order.parties);
    if (problem !== undefined) return problem;
    const destinations = weighedDestinations(route.route ?? [], order);
    if (destinations === route.route) continue;
    result = result.with(index, { ...route, route: destinations });
  }
  return result;
}

function mirrorIndexes(routes: readonly Route[], managed: readonly string[]): readonly number[] {
  return routes.flatMap((route, index) => {
    return route.mirror !== undefined && managed.includes(route.name ?? '') ? [index] : [];
  });
}

type Share = number | 'keep' | 'remove';

function weighedDestinations(
  destinations: readonly Destination[],
  order: WeightOrder,
): readonly Destination[] {
  const { parties, weight } = order;
  const extras = order.extras.filter((extra) => (extra.serviceName ?? '') !== '');
  const isAdditional = ({ destination }: Destination) =>
    parties.additionalSubsets.includes(destination?.subset ?? '');
  const kept = destinations.filter(isAdditional).reduce((sum, item) => sum + (item.weight ?? 0), 0);
  const given = extras.reduce((sum, extra) => sum + extra.weight, 0);
  const stable = Math.max(0, 100 - weight - given - kept);
  const shareOf = (item: Destination): Share => {
    const label = hostLabel(item.destination?.host ?? '');
    if (label === '') return 'keep';
    if (isCanary(item, parties)) return weight;
    if (isStable(item, parties)) return stable;
    const extra = extras.find((candidate) => candidate.serviceName === label);
    if (extra !== undefined) return extra.weight;
    if (isAdditional(item) || (item.weight ?? 0) === 0) return 'keep';
    return 'remove';
  };
  const next = destinations.flatMap((item) => weighed(item, shareOf(item)));
  const present = new Set(destinations.map((item) => hostLabel(item.destination?.host ?? '')));
  const added = extras
    .filter((extra) => !present.has(extra.serviceName ?? ''))
    .toSorted((a, b) => ((a.serviceName ?? '') < (b.serviceName ?? '') ? -1 : 1))
    .map((extra) => ({ destination: { host: extra.serviceName ?? '' }, weight: extra.weight }));
  const all = [...next, ...added];
  const isSame =
    all.length === destinations.length && all.every((item, at) => item === destinations[at]);
  return isSame ? destinations : all;
}

function weighed(item: Destination, share: Share): readonly Destination[] {
  if (share === 'remove') return [];
  if (share === 'keep' || share === (item.weight ?? 0)) return [item];
  return [{ ...item, weight: share }];
}
