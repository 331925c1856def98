// The rollout `web` behind Istio, for tests of pitfalls; beside what is common to them.
import { HASH_LABEL } from '../../../src/api/names.ts';
import type { ReplicaSet } from '../../../src/api/kubernetes.ts';
import type { KubeObject } from '../../../src/api/object.ts';
import type { CanaryStrategy } from '../../../src/api/rollout.ts';
import type { HttpRequest } from '../../../src/lib/ports.ts';
import type { DestinationRule, VirtualService } from '../../../src/core/traffic/istio-objects.ts';
import { HOST, type Kind, SUBSET } from '../../sim/kinds.ts';
import type { Web, WebOptions } from '../web.ts';

function routed(
  kind: Kind,
  canary: Partial<CanaryStrategy>,
  rest: Partial<WebOptions> = {},
): WebOptions {
  const objects = [...kind.objects, ...(rest.objects ?? [])];
  return { ...rest, strategy: { canary: { ...kind.strategy.canary, ...canary } }, objects };
}

export function byHost(canary: Partial<CanaryStrategy>, rest?: Partial<WebOptions>): WebOptions {
  return routed(HOST, canary, rest);
}

export function bySubset(canary: Partial<CanaryStrategy>, rest?: Partial<WebOptions>): WebOptions {
  return routed(SUBSET, canary, rest);
}

export function setOf(web: Web, image: string): ReplicaSet | undefined {
  return web
    .sets()
    .find(({ spec }) => spec.template?.spec?.containers?.some((one) => one.image === image));
}

interface Route {
  readonly route?: readonly {
    readonly weight?: number;
    readonly destination?: { readonly host?: string };
  }[];
}

/** Destinations of the route `primary`. */
export function destinationsOf(object: KubeObject | undefined): NonNullable<Route['route']> {
  const http = (object as VirtualService)?.spec?.['http'] as readonly Route[];
  return http[0]?.route ?? [];
}

/** Their weights, in order. */
export function weightsOf({ cluster }: Web): readonly number[] {
  const [found] = cluster.sandbox.store.list('networking.istio.io/virtualservices', 'default');
  return destinationsOf(found).map(({ weight = 0 }) => weight);
}

/** The hash that a subset names. */
export function subsetHash({ cluster }: Web, subset: string): string | undefined {
  const [found]: readonly (DestinationRule | undefined)[] = cluster.sandbox.store.list(
    'networking.istio.io/destinationrules',
    'default',
  );
  const { subsets = [] } = found?.spec ?? {};
  return subsets.find(({ name }) => name === subset)?.labels?.[HASH_LABEL];
}

/** Requests that change an object of that kind and name. */
export function writesOf(web: Web, plural: string, name = ''): readonly HttpRequest[] {
  return web.writes.filter(({ path }) => path.includes(`/${plural}/${name}`));
}
