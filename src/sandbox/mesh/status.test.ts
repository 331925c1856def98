import { afterEach, expect, it } from 'vitest';
import { idle } from '../../../test/support/cluster.ts';
import type { Condition, KubeEvent } from '../../api/kubernetes.ts';
import type { KubeObject, ResourceType } from '../../api/object.ts';
import {
  destinationRules,
  EVENTS,
  HTTP_ROUTES,
  ISTIO_GATEWAYS,
  KUBERNETES_GATEWAYS,
  SERVICES,
  virtualServices,
} from '../../api/resources.ts';
import type { KubeClient } from '../../kube/client.ts';
import { jsonEqual } from '../../lib/equal.ts';
import { seededRandom } from '../../lib/random.ts';
import { instant, milliseconds } from '../../lib/time.ts';
import { VirtualClock } from '../../lib/virtual-clock.ts';
import { parseYaml } from '../../lib/yaml.ts';
import { storeKey } from '../apiserver/store.ts';
import { createSandbox } from '../sandbox.ts';

const VS = virtualServices('v1beta1');
const RULES = destinationRules('v1beta1');
const RESOURCES: Readonly<Record<string, ResourceType>> = {
  Service: SERVICES,
  VirtualService: VS,
  DestinationRule: RULES,
  HTTPRoute: HTTP_ROUTES,
  Gateway: KUBERNETES_GATEWAYS,
};

interface World {
  readonly client: KubeClient;
  readonly problems: readonly string[];
  advance(ms: number): Promise<void>;
  apply(manifest: string): Promise<void>;
  conditions(resource: ResourceType, name: string): Promise<readonly string[]>;
  events(): Promise<readonly string[]>;
  writes(): number;
  stop(): Promise<void>;
}

let world: World | undefined;
afterEach(async () => {
  await world?.stop();
  world = undefined;
});

async function start(): Promise<World> {
  const clock = new VirtualClock({ start: instant(0), idle });
  const random = seededRandom('status');
  const problems: string[] = [];
  const onProblem = (what: string, error: Error) => problems.push(`${what}: ${error.message}`);
  const sandbox = createSandbox({ clock, random, onProblem });
  const starting = sandbox.start();
  for (let turn = 0; turn < 50; turn += 1) await clock.advance(milliseconds(1));
  await starting;
  const { client, store } = sandbox;
  let writes = 0;
  for (const resource of [VS, RULES, HTTP_ROUTES, KUBERNETES_GATEWAYS, ISTIO_GATEWAYS]) {
    const told = new Map<string, unknown>();
    store.subscribe(storeKey(resource), ({ object }) => {
      const { metadata, status } = object as KubeObject & { readonly status?: unknown };
      if (!jsonEqual(told.get(metadata.name), status)) writes += 1;
      told.set(metadata.name, status);
    });
  }
  return {
    client,
    problems,
    advance: (ms) => clock.advance(milliseconds(ms)),
    apply: async (manifest) => {
      const parsed = parseYaml(manifest);
      if (!parsed.ok) throw new Error(parsed.error);
      for (const one of parsed.documents as readonly KubeObject[]) {
        const { name } = one.metadata;
        const resource = RESOURCES[one.kind]!;
        const object = { ...one, metadata: { ...one.metadata, namespace: 'default' } };
        const ref = { resource, namespace: 'default', name };
        const live = await client.get(ref).catch(() => undefined);
        if (live === undefined) await client.create(resource, object);
        else await client.update(ref, { ...object, metadata: live.metadata });
      }
      await clock.advance(milliseconds(0));
    },
    conditions: async (resource, name) => {
      const live = await client.get<KubeObject & { status?: { conditions?: Condition[] } }>({
        resource,
        namespace: 'default',
        name,
      });
      return (live.status?.conditions ?? []).map(({ type, status: value, reason, message }) =>
        `${type}=${value} ${reason} ${message}`.trim(),
      );
    },
    events: async () => {
      const all = await client.listAll<KubeEvent>(EVENTS, { namespace: 'default' });
      return all.items
        .filter(({ source }) => source?.component === 'slipway-mesh')
        .map(({ reason, message, count }) => `${count} ${reason} ${message}`);
    },
    writes: () => writes,
    stop: async () => {
      const stopping = sandbox.stop();
      for (let turn = 0; turn < 50; turn += 1) await clock.advance(milliseconds(1));
      await stopping;
    },
  };
}

const SERVICE = `
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {selector: {app: shop}, ports: [{port: 80}]}
---
`;

function virtualService(route: string): string {
  return `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop}
spec: {hosts: [shop], http: [{route: [{destination: {host: shop${route}}}]}]}
---
`;
}

it('an object that the mesh does wholly is never written to', async () => {
  world = await start();
  await world.apply(SERVICE + virtualService(''));
  await world.advance(10_000);
  expect(world.writes()).toBe(0);
});

it('a field that is left out is named on the object and in one event, and taken back', async () => {
  world = await start();
  const cors = virtualService('').replace('http: [{', 'http: [{corsPolicy: {}, ');
  await world.apply(SERVICE + cors);
  await world.advance(10_000);
  const message = 'spec.http[0].corsPolicy: is not done by the mesh of the sandbox';
  expect(await world.conditions(VS, 'shop')).toEqual([
    `FullyApplied=False FieldNotSupported ${message}`,
  ]);
  expect(await world.events()).toEqual([`1 FieldNotSupported ${message}`]);
  expect(world.writes()).toBe(1);
  await world.apply(cors.replace('hosts: [shop]', 'hosts: [shop, other.test]'));
  await world.advance(10_000);
  expect(world.writes()).toBe(1);
  await world.apply(virtualService(''));
  await world.advance(10_000);
  expect(await world.conditions(VS, 'shop')).toEqual(['FullyApplied=True Applied']);
});

it('what does not exist yet is told only if it stays away', async () => {
  world = await start();
  await world.apply(virtualService(', subset: canary'));
  await world.advance(500);
  await world.apply(SERVICE);
  await world.advance(1200);
  await world.apply(`
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: shop}
spec: {host: shop, subsets: [{name: canary, labels: {v: canary}}]}
`);
  await world.advance(10_000);
  expect(world.writes()).toBe(0);
  await world.client.delete({
    resource: RESOURCES['DestinationRule']!,
    namespace: 'default',
    name: 'shop',
  });
  await world.advance(10_000);
  expect(await world.conditions(VS, 'shop')).toEqual([
    'FullyApplied=False ReferenceNotFound spec.http[0].route[0].destination: ' +
      'no DestinationRule for shop.default.svc.cluster.local has a subset "canary"',
  ]);
});

it('a younger object of the same host is told who has it', async () => {
  world = await start();
  await world.apply(SERVICE + virtualService(''));
  await world.advance(2000);
  await world.apply(virtualService('').replace('name: shop', 'name: another'));
  await world.advance(10_000);
  expect(await world.conditions(VS, 'another')).toEqual([
    'FullyApplied=False HostTaken spec.hosts[0]: ' +
      'shop.default.svc.cluster.local belongs to the older VirtualService default/shop',
  ]);
  expect(await world.conditions(VS, 'shop')).toEqual([]);
});

it('a host with a dot that means a Service is told the whole name', async () => {
  world = await start();
  await world.apply(SERVICE + virtualService('').replace('hosts: [shop]', 'hosts: [shop.default]'));
  await world.advance(10_000);
  expect(await world.conditions(VS, 'shop')).toEqual([
    'FullyApplied=False ReferenceNotFound spec.hosts[0]: ' +
      'there is no Service shop.default; shop.default.svc.cluster.local may be meant',
  ]);
});

const ROUTE = `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: shop}
spec:
  parentRefs: [{group: '', kind: Service, name: shop}, {name: public}]
  rules: [{backendRefs: [{name: shop, port: 80}, {name: nobody, port: 80}]}]
---
`;
const GATEWAY = `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: public}
spec: {gatewayClassName: any, listeners: [{name: web, port: 80, protocol: HTTP}]}
---
`;

interface Parents {
  readonly status: {
    readonly parents: readonly {
      readonly controllerName: string;
      readonly parentRef: { readonly kind?: string };
      readonly conditions: readonly (Condition & { readonly observedGeneration: number })[];
    }[];
  };
}

it('a route of the Gateway API has the answer of each parent, for its generation', async () => {
  world = await start();
  await world.apply(SERVICE + GATEWAY + ROUTE);
  await world.advance(10_000);
  const ref = { resource: HTTP_ROUTES, namespace: 'default', name: 'shop' };
  const told = async () => {
    const live = await world!.client.get<KubeObject & Parents>(ref);
    return live.status.parents.map(({ parentRef, conditions }) => [
      parentRef.kind,
      ...conditions.map(
        ({ type, status, reason, observedGeneration }) =>
          `${type}=${status} ${reason} ${observedGeneration}`,
      ),
    ]);
  };
  const answers = ['Accepted=True Accepted 1', 'ResolvedRefs=False BackendNotFound 1'];
  expect(await told()).toEqual([
    ['Service', ...answers],
    ['Gateway', ...answers],
  ]);
  await world.apply(ROUTE.replace('nobody', 'shop'));
  await world.advance(10_000);
  const good = ['Accepted=True Accepted 2', 'ResolvedRefs=True ResolvedRefs 2'];
  expect(await told()).toEqual([
    ['Service', ...good],
    ['Gateway', ...good],
  ]);
  const writes = world.writes();
  // Something else makes it be looked at again.
  await world.apply(SERVICE.replace('name: shop', 'name: other'));
  await world.advance(60_000);
  expect(world.writes()).toBe(writes);
});

it('a route that changes and stays in the same trouble is no new event', async () => {
  world = await start();
  await world.apply(SERVICE + GATEWAY + ROUTE);
  await world.advance(10_000);
  const first = await world.events();
  expect(first).toHaveLength(1);
  expect(first[0]).toMatch(/^1 ReferenceNotFound spec.rules\[0\].backendRefs\[1\]: there is no/);
  await world.apply(ROUTE.replace('rules:', 'hostnames: [a.test]\n  rules:'));
  await world.advance(10_000);
  expect(await world.events()).toEqual(first);
});

it('a Gateway counts the routes of its listeners', async () => {
  world = await start();
  await world.apply(SERVICE + GATEWAY + ROUTE);
  await world.advance(10_000);
  expect(await world.conditions(KUBERNETES_GATEWAYS, 'public')).toEqual([
    'Accepted=True Accepted',
    'Programmed=True Programmed',
  ]);
  const live = await world.client.get<KubeObject & { status: { listeners: unknown } }>({
    resource: KUBERNETES_GATEWAYS,
    namespace: 'default',
    name: 'public',
  });
  expect(live.status.listeners).toMatchObject([{ name: 'web', attachedRoutes: 1 }]);
});

it('backends and matches that are left out are filled in', async () => {
  world = await start();
  await world.apply(ROUTE);
  const live = await world.client.get<KubeObject & { spec: unknown }>({
    resource: HTTP_ROUTES,
    namespace: 'default',
    name: 'shop',
  });
  expect(live.spec).toMatchObject({
    parentRefs: [{ kind: 'Service' }, { group: 'gateway.networking.k8s.io', kind: 'Gateway' }],
    rules: [
      {
        matches: [{ path: { type: 'PathPrefix', value: '/' } }],
        backendRefs: [{ group: '', kind: 'Service', weight: 1 }, { weight: 1 }],
      },
    ],
  });
});

it('no problem of its own comes up', async () => {
  world = await start();
  await world.apply(SERVICE + GATEWAY + ROUTE + virtualService(''));
  await world.advance(30_000);
  expect(world.problems).toEqual([]);
});
