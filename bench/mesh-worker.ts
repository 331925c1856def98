// What mesh.ts sends requests to, each in a process of its own: a plain server, a bare proxy in front of it, and the mesh.
// Prints its port, and for each line that it is sent the bytes that are in use; ends with its standard input.
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Dispatcher, Pool } from 'undici';
import { post } from '../test/support/objects.ts';
import type { KubeObject } from '../src/api/object.ts';
import { ScaledClock } from '../src/lib/clock.ts';
import { seededRandom } from '../src/lib/random.ts';
import { parseYaml } from '../src/lib/yaml.ts';
import { systemClock } from '../src/host/clock.ts';
import { systemProxy } from '../src/host/proxy.ts';
import { createSockets } from '../src/host/sockets.ts';
import { createSandbox } from '../src/sandbox/sandbox.ts';

const BODY = '{"status":200,"version":"1.0.0","hostname":"mock-server-5f59cc96-zr86p"}\n';
const READY_MS = 10_000;

function listening(handler: RequestListener): Promise<number> {
  const server = createServer(handler);
  server.keepAliveTimeout = 60_000;
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

function upstream(): Promise<number> {
  const headers = { 'content-type': 'application/json', 'content-length': BODY.length };
  return listening((_request, response) => {
    response.writeHead(200, headers);
    response.end(BODY);
  });
}

/** As little as a proxy on these libraries can do. */
function bare(port: number): Promise<number> {
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: 128, pipelining: 1 });
  return listening((request, response) => {
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: () => undefined,
      onResponseStart: (_controller, status, headers) => {
        response.writeHead(status, headers);
      },
      onResponseData: (_controller, chunk) => {
        response.write(chunk);
      },
      onResponseEnd: () => {
        response.end();
      },
      onResponseError: () => {
        response.destroy();
      },
    };
    pool.dispatch(
      { path: request.url ?? '/', method: 'GET', headers: { host: 'mock-server' } },
      handler,
    );
  });
}

function version(slot: string, replicas: number): string {
  return `
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${slot}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: mock-server, slot: ${slot}}}
  template:
    metadata: {labels: {app: mock-server, slot: ${slot}}}
    spec:
      containers:
      - {name: mock-server, image: "ghcr.io/ssup2/mock-go-server:${slot}", ports: [{containerPort: 8080}]}
---`;
}

/** Two versions at 80 and 20, and a Service whose only endpoint is a real socket. */
function objects(port: number): string {
  return `${version('stable', 4)}${version('canary', 1)}
apiVersion: v1
kind: Service
metadata: {name: mock-server}
spec: {selector: {app: mock-server}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: networking.istio.io/v1beta1
kind: DestinationRule
metadata: {name: mock-server}
spec:
  host: mock-server
  subsets: [{name: stable, labels: {slot: stable}}, {name: canary, labels: {slot: canary}}]
---
apiVersion: networking.istio.io/v1beta1
kind: VirtualService
metadata: {name: mock-server}
spec:
  hosts: [mock-server]
  http:
  - name: primary
    route:
    - {destination: {host: mock-server, subset: stable}, weight: 80}
    - {destination: {host: mock-server, subset: canary}, weight: 20}
---
apiVersion: v1
kind: Service
metadata: {name: socket}
spec: {ports: [{port: 80, targetPort: ${port}}]}
---
apiVersion: v1
kind: Endpoints
metadata: {name: socket}
subsets: [{addresses: [{ip: 127.0.0.1}], ports: [{port: ${port}}]}]
`;
}

async function mesh(port: number, speed: number): Promise<number> {
  const sandbox = createSandbox({
    clock: speed === 1 ? systemClock : new ScaledClock(systemClock, speed),
    random: seededRandom('bench'),
    sockets: createSockets(),
    onProblem: (what, error) => process.stderr.write(`${what}: ${error.message}\n`),
  });
  await sandbox.start();
  const parsed = parseYaml(objects(port));
  if (!parsed.ok) throw new Error(parsed.error);
  for (const object of parsed.documents) {
    await post(sandbox.client, 'default', object as KubeObject);
  }
  for (const host of ['mock-server', 'socket']) await answering(sandbox, host);
  const listener = await systemProxy.listen({
    handler: sandbox.mesh.send,
    switchProtocols: sandbox.mesh.switchProtocols,
  });
  return listener.port;
}

async function answering(
  { mesh: entry }: ReturnType<typeof createSandbox>,
  host: string,
): Promise<void> {
  const until = performance.now() + READY_MS;
  while (performance.now() < until) {
    const { status, body } = await entry.send({
      method: 'GET',
      path: '/status/200',
      headers: { host },
    });
    for await (const _chunk of body);
    if (status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`${host} has not become ready`);
}

const [mode = '', port = '0', speed = '1'] = process.argv.slice(2);
const started =
  mode === 'upstream'
    ? upstream()
    : mode === 'bare'
      ? bare(Number(port))
      : mesh(Number(port), Number(speed));
process.stdout.write(`${await started}\n`);
process.stdin.on('data', () => {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  process.stdout.write(`${heapUsed + external}\n`);
});
process.stdin.on('end', () => process.exit(0));
