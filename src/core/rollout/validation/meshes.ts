// Whether what the routers Ambassador and App Mesh are told to use exists and fits (rollout.md 10.3).
import type { KubeObject } from '../../../api/object.ts';
import type { Rollout } from '../../../api/rollout.ts';
import { canaryOf } from '../limits.ts';
import { invalid, type Problem } from './problem.ts';

const PATH = 'spec.strategy.canary.trafficRouting';
const MAPPINGS = `${PATH}.ambassador.mappings`;
const VIRTUAL_SERVICE = `${PATH}.appmesh.virtualService`;
const AMBASSADOR_GROUPS = ['getambassador.io', 'x.getambassador.io'];
const APP_MESH = 'appmesh.k8s.aws';

type JsonRecord = Readonly<Record<string, unknown>>;

function recordOf(value: unknown): JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonRecord)
    : {};
}

function specOf(object: KubeObject): JsonRecord {
  return recordOf((object as { readonly spec?: unknown }).spec);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

interface Wanted {
  readonly groups: readonly string[];
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
}

function find(objects: readonly KubeObject[], wanted: Wanted): KubeObject | undefined {
  return objects.find(
    ({ apiVersion, kind, metadata }) =>
      wanted.groups.includes(apiVersion.split('/')[0] ?? '') &&
      kind === wanted.kind &&
      metadata.name === wanted.name &&
      (metadata.namespace ?? '') === wanted.namespace,
  );
}

/** The first object that is named and not there. */
export function meshMissing(rollout: Rollout, objects: readonly KubeObject[]): string | undefined {
  return (mappingMissing(rollout, objects) ?? appMeshMissing(rollout, objects))?.text;
}

/** The first object that is there and cannot be used. */
export function meshUnfit(rollout: Rollout, objects: readonly KubeObject[]): string | undefined {
  return (mappingUnfit(rollout, objects) ?? routerUnfit(rollout, objects))?.text;
}

function mappingOf({ metadata }: Rollout, objects: readonly KubeObject[], name: string) {
  const namespace = metadata.namespace ?? '';
  return find(objects, { groups: AMBASSADOR_GROUPS, kind: 'Mapping', name, namespace });
}

function mappingMissing(rollout: Rollout, objects: readonly KubeObject[]): Problem | undefined {
  const ambassador = canaryOf(rollout)?.trafficRouting?.ambassador;
  if (ambassador === undefined) return undefined;
  const { mappings } = ambassador;
  if (mappings.length === 0) {
    return invalid(MAPPINGS, null, 'must provide at least one mapping');
  }
  const missing = mappings.find((name) => mappingOf(rollout, objects, name) === undefined);
  if (missing === undefined) return undefined;
  return invalid(MAPPINGS, missing, `mappings.getambassador.io "${missing}" not found`);
}

/** The weight of a mapping is what the router sets. */
function mappingUnfit(rollout: Rollout, objects: readonly KubeObject[]): Problem | undefined {
  const { mappings = [] } = canaryOf(rollout)?.trafficRouting?.ambassador ?? {};
  const weighted = mappings.find((name) => {
    const mapping = mappingOf(rollout, objects, name);
    return mapping !== undefined && Number(specOf(mapping)['weight'] ?? 0) !== 0;
  });
  if (weighted === undefined) return undefined;
  return invalid('spec.weight', weighted, `Ambassador mapping "${weighted}" can not define weight`);
}

/** App Mesh's VirtualService and the router behind it, as far as they exist. */
function appMeshOf({ metadata }: Rollout, objects: readonly KubeObject[], name: string) {
  const namespace = metadata.namespace ?? '';
  const groups = [APP_MESH];
  const service = find(objects, { groups, kind: 'VirtualService', name, namespace });
  if (service === undefined) return { service, router: undefined, routerName: '' };
  const provider = recordOf(recordOf(specOf(service)['provider'])['virtualRouter']);
  const reference = recordOf(provider['virtualRouterRef']);
  const routerName = textOf(reference['name']);
  const own = textOf(reference['namespace']);
  const router = find(objects, {
    groups,
    kind: 'VirtualRouter',
    name: routerName,
    namespace: own === '' ? namespace : own,
  });
  return { service, router, routerName };
}

function appMeshMissing(rollout: Rollout, objects: readonly KubeObject[]): Problem | undefined {
  const appMesh = canaryOf(rollout)?.trafficRouting?.appMesh;
  if (appMesh === undefined) return undefined;
  if (appMesh.virtualService === undefined) {
    return invalid(VIRTUAL_SERVICE, null, 'must provide virtual-service');
  }
  const { name } = appMesh.virtualService;
  const { service, router, routerName } = appMeshOf(rollout, objects, name);
  if (router !== undefined) return undefined;
  const missing =
    service === undefined
      ? `virtualservices.${APP_MESH} "${name}" not found`
      : `virtualrouters.${APP_MESH} "${routerName}" not found`;
  return invalid(VIRTUAL_SERVICE, `${name}.${rollout.metadata.namespace ?? ''}`, missing);
}

/** The router behind the VirtualService must have routes with one target for each side. */
function routerUnfit(rollout: Rollout, objects: readonly KubeObject[]): Problem | undefined {
  const named = canaryOf(rollout)?.trafficRouting?.appMesh?.virtualService;
  if (named === undefined) return undefined;
  const { router } = appMeshOf(rollout, objects, named.name);
  return router === undefined
    ? undefined
    : routesUnfit(router.metadata.name, specOf(router)['routes']);
}

const ROUTE_TYPES = ['httpRoute', 'tcpRoute', 'http2Route', 'grpcRoute'] as const;

function routesUnfit(router: string, routes: unknown): Problem | undefined {
  const list: readonly unknown[] = Array.isArray(routes) ? routes : [];
  if (list.length === 0) {
    const detail = `No routes defined for AppMesh virtual-router ${router}`;
    return invalid('spec.routes', router, detail);
  }
  for (const [index, route] of list.entries()) {
    const problem = routeUnfit(router, route, index);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function routeUnfit(router: string, route: unknown, index: number): Problem | undefined {
  const field = `spec.routes[${index}]`;
  const of = `for AppMesh virtual-router ${router}`;
  const record = recordOf(route);
  const type = ROUTE_TYPES.find((one) => record[one] !== undefined);
  if (type === undefined) {
    return invalid(field, router, `Invalid route was found ${of} at index ${index}`);
  }
  const targets = recordOf(recordOf(record[type])['action'])['weightedTargets'];
  const name = textOf(record['name']);
  const at = `${field}.${type}.action.weightedTargets`;
  if (!Array.isArray(targets)) {
    return invalid(at, router, `Invalid route action found ${of} and route ${name}`);
  }
  if (targets.length === 2) return undefined;
  const count = `Invalid number of weightedTargets (${targets.length})`;
  return invalid(at, router, `${count} ${of} and route ${name}, expected 2`);
}
