// The objects of one namespace at one moment of the API server's log, and what its routes and Services make of them.
// Read from the objects as the server holds them, not from our status. Entry points: `Scene`, `lanesOf`.
import type { ReplicaSet, Service } from '../../../src/api/kubernetes.ts';
import { HASH_LABEL } from '../../../src/api/names.ts';
import type { KubeObject } from '../../../src/api/object.ts';
import type { Rollout } from '../../../src/api/rollout.ts';
import { isControlledBy } from '../../../src/core/ownership.ts';
import {
  chosenRoutes,
  istioOf,
  managedNames,
  partiesOf,
  virtualServiceRefs,
} from '../../../src/core/traffic/istio-routes.ts';
import {
  type Destination,
  type DestinationRule,
  type Protocol,
  PROTOCOLS,
  type Route,
  routesOf,
  type VirtualService,
} from '../../../src/core/traffic/istio-objects.ts';
import type { Store } from '../../../src/sandbox/apiserver/store.ts';

export const KEYS = {
  rollouts: 'argoproj.io/rollouts',
  experiments: 'argoproj.io/experiments',
  runs: 'argoproj.io/analysisruns',
  sets: 'apps/replicasets',
  services: '/services',
  pods: '/pods',
  routes: 'networking.istio.io/virtualservices',
  rules: 'networking.istio.io/destinationrules',
} as const;

/** One object as it was at that moment; `object` is undefined if it was not there. */
export interface Replaced {
  readonly key: string;
  readonly name: string;
  readonly object: KubeObject | undefined;
}

export class Scene {
  readonly namespace: string;
  readonly #store: Store;
  readonly #replaced: Replaced | undefined;

  /** The store as it is now, but for one object. */
  constructor(store: Store, namespace: string, replaced?: Replaced) {
    this.#store = store;
    this.namespace = namespace;
    this.#replaced = replaced;
  }

  list<T extends KubeObject>(key: string): readonly T[] {
    const all = this.#store.list(key, this.namespace) as readonly T[];
    const replaced = this.#replaced;
    if (replaced?.key !== key) return all;
    const others = all.filter(({ metadata }) => metadata.name !== replaced.name);
    return replaced.object === undefined ? others : [...others, replaced.object as T];
  }

  get<T extends KubeObject>(key: string, name: string): T | undefined {
    const replaced = this.#replaced;
    if (replaced?.key === key && replaced.name === name) return replaced.object as T | undefined;
    return this.#store.get(key, this.namespace, name) as T | undefined;
  }
}

/** Rollouts that are there to stay. */
export function rolloutsOf(scene: Scene): readonly Rollout[] {
  return scene
    .list<Rollout>(KEYS.rollouts)
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined);
}

export function hashOfSet({ metadata }: ReplicaSet): string {
  return metadata.labels?.[HASH_LABEL] ?? '';
}

export function ownSets(scene: Scene, rollout: Rollout): readonly ReplicaSet[] {
  return scene
    .list<ReplicaSet>(KEYS.sets)
    .filter((set) => isControlledBy(set, rollout.metadata.uid));
}

/** Available pods of all sets with that hash, those of experiments included. */
export function availableFor(scene: Scene, hash: string): number {
  return scene
    .list<ReplicaSet>(KEYS.sets)
    .filter((set) => hashOfSet(set) === hash)
    .reduce((sum, { status }) => sum + (status?.availableReplicas ?? 0), 0);
}

/** The hash that a Service selects; undefined if it selects pods of every version. */
export function selectedHash(scene: Scene, name: string | undefined): string | undefined {
  if (name === undefined || name === '') return undefined;
  return scene.get<Service>(KEYS.services, name)?.spec.selector?.[HASH_LABEL];
}

/** A route that carries the traffic of a Rollout. */
export interface ManagedRoute {
  readonly virtualService: string;
  readonly protocol: Protocol;
  readonly index: number;
  readonly route: Route;
}

export function managedRoutes(scene: Scene, rollout: Rollout): readonly ManagedRoute[] {
  const istio = istioOf(rollout);
  if (istio === undefined) return [];
  const routing = rollout.spec.strategy?.canary?.trafficRouting;
  const managed = (routing?.managedRoutes ?? []).map(({ name }) => name);
  return virtualServiceRefs(istio).flatMap((reference) => {
    const object = scene.get<VirtualService>(KEYS.routes, reference.name);
    if (object === undefined) return [];
    return PROTOCOLS.flatMap((protocol) => {
      const routes = routesOf(object, protocol);
      if (routes === undefined || routes === 'invalid') return [];
      const chosen = chosenRoutes(routes, protocol, { reference, managed });
      if (!chosen.ok) return [];
      return chosen.indexes.flatMap((index) => {
        const route = routes[index];
        return route === undefined
          ? []
          : [{ virtualService: reference.name, protocol, index, route }];
      });
    });
  });
}

/** The hash that a destination selects; undefined if it selects pods of every version. */
export function hashOfDestination(
  scene: Scene,
  rollout: Rollout,
  { destination }: Destination,
): string | undefined {
  const { host = '', subset } = destination ?? {};
  if (subset === undefined) return selectedHash(scene, host);
  const name = istioOf(rollout)?.destinationRule?.name;
  if (name === undefined) return undefined;
  const rule = scene.get<DestinationRule>(KEYS.rules, name);
  return rule?.spec?.subsets?.find((one) => one.name === subset)?.labels?.[HASH_LABEL];
}

/** One way by which users reach a Rollout, and how much of it each version gets, in percent. */
export interface Lane {
  readonly name: string;
  readonly shares: ReadonlyMap<string, number>;
  /** Whether the versions are sized for their shares (a Service of a canary without router is not). */
  readonly isSized: boolean;
  /** What destinations get that are neither side's: experiments'. */
  readonly lent: number;
}

function serviceLane(scene: Scene, name: string | undefined, isSized: boolean): readonly Lane[] {
  const hash = selectedHash(scene, name);
  if (name === undefined || hash === undefined) return [];
  return [{ name: `Service ${name}`, shares: new Map([[hash, 100]]), isSized, lent: 0 }];
}

export function lanesOf(scene: Scene, rollout: Rollout): readonly Lane[] {
  const { canary, blueGreen } = rollout.spec.strategy ?? {};
  if (blueGreen !== undefined) return serviceLane(scene, blueGreen.activeService, true);
  if (canary?.trafficRouting === undefined) return serviceLane(scene, canary?.stableService, false);
  const weighed = managedRoutes(scene, rollout).map(
    ({ virtualService, protocol, index, route }) => ({
      name: `${protocol} route ${route.name ?? index} of ${virtualService}`,
      shares: sharesOf(scene, rollout, route),
      isSized: true,
      lent: lentBy(rollout, route),
    }),
  );
  return [...weighed, ...headerLanes(scene, rollout)];
}

function sharesOf(scene: Scene, rollout: Rollout, { route = [] }: Route): Lane['shares'] {
  const shares = new Map<string, number>();
  for (const destination of route) {
    const hash = hashOfDestination(scene, rollout, destination);
    if (hash === undefined) continue;
    shares.set(hash, (shares.get(hash) ?? 0) + (destination.weight ?? 0));
  }
  return shares;
}

/** Whether a destination is stable's or the canary's. */
export function isSide({ destination }: Destination, rollout: Rollout): boolean {
  const { canaryService, stableService, canarySubset, stableSubset } = partiesOf(rollout);
  const { host = '', subset } = destination ?? {};
  if (canarySubset === undefined) {
    return [canaryService, stableService].includes(host.split('.')[0] ?? '');
  }
  return subset === canarySubset || subset === stableSubset;
}

function lentBy(rollout: Rollout, { route = [] }: Route): number {
  return route
    .filter((one) => !isSide(one, rollout))
    .reduce((sum, { weight = 0 }) => sum + weight, 0);
}

/** Of how many requests has the header nobody knows: pods must be there, how many the user says. */
function headerLanes(scene: Scene, rollout: Rollout): readonly Lane[] {
  const istio = istioOf(rollout);
  if (istio === undefined) return [];
  const made = new Set(managedNames(rollout));
  return virtualServiceRefs(istio).flatMap(({ name: virtualService }) => {
    const object = scene.get<VirtualService>(KEYS.routes, virtualService);
    const routes = object === undefined ? undefined : routesOf(object, 'http');
    if (routes === undefined || routes === 'invalid') return [];
    return routes
      .filter((route) => made.has(route.name ?? '') && route['mirror'] === undefined)
      .map((route) => ({
        name: `header route ${route.name ?? ''} of ${virtualService}`,
        shares: sharesOf(scene, rollout, route),
        isSized: false,
        lent: 0,
      }));
  });
}

/** The most that a version gets by any lane. */
export function shareOf(lanes: readonly Lane[], hash: string): number {
  return Math.max(0, ...lanes.map(({ shares }) => shares.get(hash) ?? 0));
}
