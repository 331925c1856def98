// Header and mirror routes, and their removal (traffic.md 2.6).
import type { CanaryStep, Rollout } from '../../api/rollout.ts';
import type { IstioVirtualServiceRef } from '../../api/traffic-routing.ts';
import { jsonEqual } from '../../lib/equal.ts';
import {
  type DestinationRule,
  type Route,
  routesOf,
  type VirtualService,
  withRoutes,
} from './istio-objects.ts';
import { chosenRoutes, inManagedOrder, managedNames, partiesOf } from './istio-routes.ts';

export type HeaderRoute = NonNullable<CanaryStep['setHeaderRoute']>;
export type MirrorRoute = NonNullable<CanaryStep['setMirrorRoute']>;

export type Routed =
  | { readonly ok: true; readonly virtualService: VirtualService; readonly changed: boolean }
  | { readonly ok: false; readonly error: string };

type Target = { readonly host: string; readonly subset?: string; readonly port?: unknown };

/** Where matching requests go: the canary Service, or the canary subset under the rule's host. */
function canaryTarget(
  rollout: Rollout,
  rule: DestinationRule | undefined,
  first: Route | undefined,
): Target {
  const parties = partiesOf(rollout);
  const port = first?.route?.[0]?.destination?.port;
  return {
    ...(parties.canarySubset === undefined
      ? { host: parties.canaryService }
      : { host: rule?.spec?.host ?? '', subset: parties.canarySubset }),
    ...(port?.number === undefined ? {} : { port: { number: port.number } }),
  };
}

interface Place {
  readonly rollout: Rollout;
  readonly reference: IstioVirtualServiceRef;
  readonly rule?: DestinationRule;
}

function firstWeightRoute(
  routes: readonly Route[],
  { rollout, reference }: Place,
): Route | undefined {
  const chosen = chosenRoutes(routes, 'http', { reference, managed: managedNames(rollout) });
  return chosen.ok ? routes[chosen.indexes[0] ?? -1] : undefined;
}

function nonEmpty(match: object): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(match).filter(([, value]) => value !== undefined && value !== ''),
  );
}

function finished(before: VirtualService, after: readonly Route[], rollout: Rollout): Routed {
  const ordered = inManagedOrder(after, managedNames(rollout));
  if (jsonEqual(ordered, before.spec?.['http']))
    return { ok: true, virtualService: before, changed: false };
  return { ok: true, virtualService: withRoutes(before, 'http', ordered), changed: true };
}

/** With a match: requests that meet it go to the canary alone. Without: the route of that name is removed. */
export function withHeaderRoute(
  virtualService: VirtualService,
  step: HeaderRoute,
  place: Place,
): Routed {
  const routes = routesOf(virtualService, 'http');
  if (!Array.isArray(routes)) {
    return {
      ok: false,
      error:
        '[SetHeaderRoute] failed to reconcile header routes: [reconcileVirtualServiceHeaderRoutes] ' +
        'failed to remove http route from virtual service: spec.http not found',
    };
  }
  const name = step.name ?? '';
  const others = routes.filter((route) => route.name !== name);
  if (step.match === undefined || step.match.length === 0)
    return finished(virtualService, others, place.rollout);
  const target = canaryTarget(place.rollout, place.rule, firstWeightRoute(routes, place));
  const match = step.match.map((entry) => ({
    headers: { [entry.headerName]: nonEmpty(entry.headerValue) },
  }));
  const route = { name, match, route: [{ destination: target, weight: 100 }] };
  return finished(virtualService, [...others, route as Route], place.rollout);
}

/** With a match: requests that meet it are copied to the canary. Without: the route of that name is removed. */
export function withMirrorRoute(
  virtualService: VirtualService,
  step: MirrorRoute,
  place: Place,
): Routed {
  const routes = routesOf(virtualService, 'http');
  if (!Array.isArray(routes)) {
    return {
      ok: false,
      error:
        '[SetMirrorRoute] failed reconcile virtual service for mirror routes: spec.http not found',
    };
  }
  const others = routes.filter((route) => route.name !== step.name);
  if (step.match === undefined || step.match.length === 0)
    return finished(virtualService, others, place.rollout);
  const first = firstWeightRoute(routes, place);
  const match = step.match.map((entry) => {
    const headers = Object.entries(entry.headers ?? {}).map(
      ([key, value]) => [key, nonEmpty(value)] as const,
    );
    return {
      ...(entry.method === undefined ? {} : { method: nonEmpty(entry.method) }),
      ...(entry.path === undefined ? {} : { uri: nonEmpty(entry.path) }),
      ...(headers.length === 0 ? {} : { headers: Object.fromEntries(headers) }),
    };
  });
  const split = (first?.route ?? []).map(({ destination, weight = 0 }) => {
    return { destination: { ...destination }, ...(weight === 0 ? {} : { weight }) };
  });
  const route = {
    name: step.name,
    match,
    route: split,
    mirror: canaryTarget(place.rollout, place.rule, first),
    mirrorPercentage: { value: step.percentage ?? 100 },
  };
  return finished(virtualService, [route as Route, ...others], place.rollout);
}

/** Without the routes that steps set or managedRoutes names. An empty list is never left behind. */
export function withoutManagedRoutes(virtualService: VirtualService, rollout: Rollout): Routed {
  const routes = routesOf(virtualService, 'http');
  if (!Array.isArray(routes)) return { ok: true, virtualService, changed: false };
  const steps = rollout.spec.strategy?.canary?.steps ?? [];
  const hasSteps = steps.some((step) => step.setHeaderRoute ?? step.setMirrorRoute);
  if (!hasSteps && managedNames(rollout).length === 0) {
    return { ok: true, virtualService, changed: false };
  }
  const set = steps.flatMap((step) => [step.setHeaderRoute?.name, step.setMirrorRoute?.name]);
  const names = new Set(
    [...set, ...managedNames(rollout)].filter((name) => name !== undefined && name !== ''),
  );
  const kept = routes.filter((route) => !names.has(route.name ?? ''));
  if (kept.length === routes.length) return { ok: true, virtualService, changed: false };
  if (kept.length === 0) {
    const { name } = virtualService.metadata;
    return {
      ok: false,
      error: `VirtualService \`${name}\` has no routes but managed ones; add a route that carries the traffic`,
    };
  }
  return { ok: true, virtualService: withRoutes(virtualService, 'http', kept), changed: true };
}
