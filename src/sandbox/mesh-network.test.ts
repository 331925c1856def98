import { expect, test } from 'vitest';
import { execute } from '../../test/support/exec.ts';
import { post } from '../../test/support/objects.ts';
import { idle } from '../../test/support/cluster.ts';
import { systemCompression } from '../host/compression.ts';
import { PODS, SERVICES } from '../api/resources.ts';
import type { KubeObject } from '../api/object.ts';
import { readAll, utf8Text } from '../lib/bytes.ts';
import { seededRandom } from '../lib/random.ts';
import { instant, milliseconds } from '../lib/time.ts';
import { VirtualClock } from '../lib/virtual-clock.ts';
import { parseYaml } from '../lib/yaml.ts';
import { createSandbox, type Sandbox } from './sandbox.ts';

interface World {
  readonly clock: VirtualClock;
  readonly sandbox: Sandbox;
  readonly problems: string[];
  apply(manifest: string): Promise<void>;
  /** Lets time pass until the work is done. */
  during<T>(work: Promise<T>, limitMs?: number): Promise<T>;
}

async function worldOf(seed: string): Promise<World> {
  const clock = new VirtualClock({ start: instant(Date.UTC(2026, 0, 1)), idle });
  const problems: string[] = [];
  const sandbox = createSandbox({
    clock,
    random: seededRandom(seed),
    compression: systemCompression,
    onProblem: (what, error) => problems.push(`${what}: ${error.message}`),
  });
  const during = async <T>(work: Promise<T>, limitMs = 60_000): Promise<T> => {
    const state = { isDone: false };
    const watched = work.finally(() => {
      state.isDone = true;
    });
    watched.catch(() => undefined);
    for (let ms = 0; ms < limitMs && !state.isDone; ms += 10) await clock.advance(milliseconds(10));
    return watched;
  };
  await during(sandbox.start());
  return {
    clock,
    sandbox,
    problems,
    during,
    apply: async (manifest) => {
      for (const object of documents(manifest)) {
        await during(post(sandbox.client, 'default', object));
      }
      await clock.advance(milliseconds(2000));
    },
  };
}

function documents(manifest: string): readonly KubeObject[] {
  const parsed = parseYaml(manifest);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.documents.filter((one) => one !== null) as unknown as readonly KubeObject[];
}

function versionOf(name: string, tag: string, replicas: number): string {
  return `
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: mock-server, slot: ${name}}}
  template:
    metadata: {labels: {app: mock-server, slot: ${name}}}
    spec:
      containers:
      - name: mock-server
        image: ghcr.io/ssup2/mock-go-server:${tag}
        ports: [{containerPort: 8080}]
---
`;
}

const SERVICE = `
apiVersion: v1
kind: Service
metadata: {name: mock-server}
spec:
  selector: {app: mock-server}
  ports: [{port: 80, targetPort: 8080}]
---
`;

const SLOTS = ['stable', 'canary', 'baseline', 'experiment'] as const;
const WEIGHTS: Readonly<Record<string, number>> = {
  stable: 60,
  canary: 0,
  baseline: 20,
  experiment: 20,
};

function routes(weights: Readonly<Record<string, number>>): string {
  const destinations = Object.entries(weights).map(
    ([subset, weight]) =>
      `    - destination: {host: mock-server, subset: ${subset}}\n      weight: ${weight}`,
  );
  const subsets = Object.keys(weights).map(
    (name) => `  - name: ${name}\n    labels: {slot: ${name}}`,
  );
  return `
apiVersion: networking.istio.io/v1beta1
kind: DestinationRule
metadata: {name: mock-server}
spec:
  host: mock-server
  subsets:
${subsets.join('\n')}
---
apiVersion: networking.istio.io/v1beta1
kind: VirtualService
metadata: {name: mock-server}
spec:
  hosts: [mock-server]
  http:
  - name: primary
    route:
${destinations.join('\n')}
`;
}

async function counts(
  { sandbox }: World,
  requests: number,
): Promise<Readonly<Record<string, number>>> {
  const found: Record<string, number> = {};
  for (let number = 0; number < requests; number += 1) {
    const answer = await sandbox.mesh.send({
      method: 'GET',
      path: '/version',
      headers: { host: 'mock-server' },
    });
    const { version } = JSON.parse(utf8Text(await readAll(answer.body))) as { version: string };
    found[version] = (found[version] ?? 0) + 1;
  }
  return found;
}

/** How far a count may be from its mean: four standard errors of a binomial. */
function farthest(requests: number, share: number): number {
  return 4 * Math.sqrt(requests * share * (1 - share));
}

test('10,000 requests lie within four standard errors of 60/0/20/20', async () => {
  const seed = 'weights-1';
  const world = await worldOf(seed);
  await world.apply(
    SERVICE + SLOTS.map((slot) => versionOf(slot, slot, 2)).join('') + routes(WEIGHTS),
  );
  const requests = 10_000;
  const found = await counts(world, requests);
  for (const slot of SLOTS) {
    const share = (WEIGHTS[slot] ?? 0) / 100;
    const off = Math.abs((found[slot] ?? 0) - requests * share);
    expect(off, `seed ${seed}: ${JSON.stringify(found)}`).toBeLessThanOrEqual(
      farthest(requests, share),
    );
  }
  expect(world.problems).toEqual([]);
});

test('the document’s last command is answered by the mock server, and counted', async () => {
  const world = await worldOf('exec');
  await world.apply(SERVICE + versionOf('stable', '1.0.0', 2));
  const curl = ['curl', '-s', 'mock-server:80/status/200'];
  const { code, out, err } = await world.during(execute(world.sandbox, 'shell', curl));
  expect([code, err]).toEqual([0, '']);
  expect(JSON.parse(out)).toMatchObject({ status: 200, version: '1.0.0' });
});

test('500 requests are one command in the shell pod, spread by weight', async () => {
  const seed = 'weights-2';
  const world = await worldOf(seed);
  const weights = { stable: 80, canary: 20 };
  await world.apply(
    SERVICE +
      ['stable', 'canary'].map((slot) => versionOf(slot, slot, 1)).join('') +
      routes(weights),
  );
  const script = 'for i in $(seq 500); do curl -s mock-server:80/version; done';
  const { out } = await world.during(execute(world.sandbox, 'shell', ['sh', '-c', script]));
  const lines = out.trim().split('\n');
  expect(lines).toHaveLength(500);
  const canary = lines.filter((line) => line.includes('"version":"canary"')).length;
  expect(Math.abs(canary - 100), `seed ${seed}: ${canary}`).toBeLessThanOrEqual(farthest(500, 0.2));
});

const NAMES: readonly {
  readonly reason: string;
  readonly url: string;
  readonly code: number;
  readonly says: string;
}[] = [
  { reason: 'a short name', url: 'mock-server', code: 0, says: '"version":"1.0.0"' },
  { reason: 'with its namespace', url: 'mock-server.default', code: 0, says: '"version":"1.0.0"' },
  { reason: 'with svc', url: 'mock-server.default.svc', code: 0, says: '"version":"1.0.0"' },
  {
    reason: 'the whole name',
    url: 'mock-server.default.svc.cluster.local',
    code: 0,
    says: '"version":"1.0.0"',
  },
  {
    reason: 'another namespace',
    url: 'mock-server.other',
    code: 6,
    says: 'Could not resolve host: mock-server.other',
  },
  { reason: 'no such Service', url: 'nowhere', code: 6, says: 'Could not resolve host: nowhere' },
  {
    reason: 'outside the cluster',
    url: 'example.com',
    code: 6,
    says: 'Could not resolve host: example.com',
  },
  {
    reason: 'a port that the Service has not',
    url: 'mock-server:81',
    code: 7,
    says: 'Failed to connect',
  },
  {
    reason: 'the pod itself, where nothing listens',
    url: 'localhost',
    code: 7,
    says: 'Failed to connect to localhost port 80',
  },
  {
    reason: 'no server speaks TLS',
    url: 'https://mock-server:80',
    code: 35,
    says: 'wrong version number',
  },
];

test('names resolve as in a cluster', async () => {
  const world = await worldOf('names');
  await world.apply(SERVICE + versionOf('stable', '1.0.0', 1));
  for (const { reason, url, code, says } of NAMES) {
    const path = url.startsWith('https') ? url : `http://${url}/version`;
    const ran = await world.during(execute(world.sandbox, 'shell', ['curl', '-sS', path]));
    expect(ran.code, reason).toBe(code);
    expect(ran.out + ran.err, reason).toContain(says);
  }
});

test('a pod outside the mesh sees the network’s own failures', async () => {
  const world = await worldOf('outside');
  await world.apply(
    SERVICE +
      versionOf('stable', '1.0.0', 1) +
      `
apiVersion: v1
kind: Pod
metadata: {name: bare, labels: {sidecar.istio.io/inject: "false"}}
spec: {containers: [{name: bare, image: bare}]}
`,
  );
  const from = (pod: string, path: string) =>
    world.during(
      execute(world.sandbox, pod, ['curl', '-sS', '-w', '%{http_code}', `mock-server${path}`]),
    );
  expect(await from('bare', '/reset-before-response/0')).toMatchObject({ code: 56, out: '000' });
  expect(await from('bare', '/close-before-response/0')).toMatchObject({ code: 52, out: '000' });
  const meshed = await from('shell', '/reset-before-response/0');
  expect(meshed.code).toBe(0);
  expect(meshed.out).toMatch(/^upstream connect error .*503$/);
});

test('a pod that is deleted answers what it has begun, and takes nothing new', async () => {
  const world = await worldOf('graceful');
  await world.apply(SERVICE + versionOf('stable', '1.0.0', 1));
  const { sandbox, clock } = world;
  const { items } = await world.during(sandbox.client.listAll(PODS, { namespace: 'default' }));
  const pod = items.find(({ metadata }) => metadata.name.startsWith('stable-'))!;
  const ask = (path: string, ms?: number) =>
    world.during(execute(sandbox, 'shell', ['curl', '-s', '-w', ' %{http_code}', path]), ms);
  const address = (pod as unknown as { status: { podIP: string } }).status.podIP;
  const slow = ask(`${address}:8080/delay/5000`, 20_000);
  await clock.advance(milliseconds(100));
  const deleting = sandbox.client.delete({
    resource: PODS,
    namespace: 'default',
    name: pod.metadata.name,
  });
  await clock.advance(milliseconds(1000));
  await deleting;
  expect((await ask(`${address}:8080/version`, 2000)).out).toContain('503');
  // Endpoints left when the deletion began; the Deployment's next pod is there already.
  expect((await ask('mock-server/version', 2000)).out).toContain('200');
  expect((await slow).out).toMatch(/"delayMs":5000.* 200$/s);
  await clock.advance(milliseconds(2000));
  const left = await world.during(sandbox.client.listAll(PODS, { namespace: 'default' }));
  expect(left.items.map(({ metadata }) => metadata.name)).not.toContain(pod.metadata.name);
});

test('requests with and without answers leave the API as it was', async () => {
  const world = await worldOf('rest');
  await world.apply(SERVICE + versionOf('stable', '1.0.0', 1));
  await world.clock.advance(milliseconds(10_000));
  const before = world.sandbox.store.revision;
  await counts(world, 100);
  await world.clock.advance(milliseconds(60_000));
  expect(world.sandbox.store.revision).toBe(before);
  const list = await world.during(world.sandbox.client.listAll(SERVICES, {}));
  expect(list.items).toHaveLength(1);
});

const GATEWAYS = `
apiVersion: networking.istio.io/v1beta1
kind: Gateway
metadata: {name: public}
spec:
  selector: {istio: ingressgateway}
  servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*.example.com']}]
---
apiVersion: networking.istio.io/v1beta1
kind: VirtualService
metadata: {name: shop}
spec:
  hosts: [shop.example.com]
  gateways: [public]
  http: [{route: [{destination: {host: mock-server}}]}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge}
spec:
  gatewayClassName: istio
  listeners: [{name: http, port: 8080, protocol: HTTP}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: shop}
spec:
  parentRefs: [{name: edge}]
  rules: [{backendRefs: [{name: mock-server, port: 80}]}]
`;

test('requests from outside come in through the Gateways of both APIs', async () => {
  const world = await worldOf('gateways');
  await world.apply(`${SERVICE}${versionOf('stable', '1.0.0', 1)}${GATEWAYS}`);
  const ask = async (caller: string, host: string) => {
    const headers = { host, 'x-slipway-caller': caller };
    const request = { method: 'GET', path: '/status/200', headers };
    const { status, body } = await world.during(world.sandbox.mesh.send(request));
    return `${status} ${utf8Text(await readAll(body)).trim()}`;
  };
  expect(await ask('gateway/default/public', 'shop.example.com')).toMatch(/^200 .*"1\.0\.0"/);
  expect(await ask('gateway/default/edge', 'anything:8080')).toMatch(/^200 .*"1\.0\.0"/);
  // The route is the Gateway's alone, and the Gateway's host is not another's.
  expect(await ask('default/shell', 'shop.example.com')).toMatch(/^502 /);
  expect(await ask('gateway/default/public', 'other.example.com')).toBe('404 ');
  expect(await ask('gateway/default/public', 'shop.example.com:81')).toBe(
    '400 x-slipway-caller: the Gateway default/public has no listener at port 81: ask for http://HOST:PORT with one of 80',
  );
  expect(await ask('gateway/default/none', 'shop.example.com')).toBe(
    '400 x-slipway-caller: there is no Gateway default/none with listeners',
  );
  await world.clock.advance(milliseconds(15_000));
  const answer = await world.during(
    world.sandbox.prometheus({
      method: 'GET',
      path: '/api/v1/query?query=count%20by%20(source_workload)%20(istio_requests_total)',
      headers: {},
    }),
  );
  const text = utf8Text(await readAll(answer.body));
  expect(text).toContain('"source_workload":"istio-ingressgateway"');
  expect(text).toContain('"source_workload":"edge-istio"');
});
