// WebSockets from a client of the machine through the proxy and the mesh's engine, routed as any request, to a real server.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

import { systemClock } from '../../src/host/clock.ts';
import { systemProxy } from '../../src/host/proxy.ts';
import { createSockets } from '../../src/host/sockets.ts';
import { readAll, utf8Text } from '../../src/lib/bytes.ts';
import type { Listening } from '../../src/lib/ports.ts';
import { seededRandom } from '../../src/lib/random.ts';
import { parseYaml } from '../../src/lib/yaml.ts';
import type { KubeObject } from '../../src/api/object.ts';
import { createSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { post } from '../support/objects.ts';

/** A free port on which nothing listens any more. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function socketService(name: string, port: number): string {
  return `
apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec: {ports: [{port: 80, targetPort: ${port}}]}
---
apiVersion: v1
kind: Endpoints
metadata: {name: ${name}}
subsets: [{addresses: [{ip: 127.0.0.1}], ports: [{port: ${port}}]}]
---`;
}

function objects(chat: number, nobody: number): string {
  return `${socketService('chat-one', chat)}${socketService('nobody', nobody)}
apiVersion: v1
kind: Service
metadata: {name: chat}
spec: {ports: [{port: 80}]}
---
apiVersion: networking.istio.io/v1beta1
kind: VirtualService
metadata: {name: chat}
spec:
  hosts: [chat]
  http:
  - match: [{uri: {prefix: /old}}]
    rewrite: {uri: /new}
    headers: {request: {set: {x-added: mesh}}}
    route: [{destination: {host: chat-one}}]
  - route: [{destination: {host: nobody}}]
---
apiVersion: v1
kind: Pod
metadata: {name: plain, labels: {app: plain}}
spec:
  containers:
  - {name: server, image: "ghcr.io/ssup2/mock-go-server:1.0.0", ports: [{containerPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: plain}
spec: {selector: {app: plain}, ports: [{port: 80, targetPort: 8080}]}
`;
}

describe('a WebSocket through the mesh', () => {
  let sandbox: Sandbox;
  let proxy: Listening;
  let server: WebSocketServer;
  const seen: string[] = [];

  beforeAll(async () => {
    server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'chat.v2' });
    server.on('connection', (socket, request) => {
      seen.push([request.url, request.headers['x-added'], request.headers.host].join(' '));
      socket.on('message', (data) => socket.send(data));
    });
    await once(server, 'listening');
    sandbox = createSandbox({
      clock: systemClock,
      random: seededRandom('websocket'),
      sockets: createSockets(),
      onProblem: () => undefined,
    });
    await sandbox.start();
    const { port } = server.address() as AddressInfo;
    const parsed = parseYaml(objects(port, await closedPort()));
    if (!parsed.ok) throw new Error(parsed.error);
    for (const object of parsed.documents) {
      await post(sandbox.client, 'default', object as KubeObject);
    }
    proxy = await systemProxy.listen({
      handler: sandbox.mesh.send,
      switchProtocols: sandbox.mesh.switchProtocols,
    });
    await answering('plain', '/status/200');
  });

  afterAll(async () => {
    await proxy.close();
    server.close();
    await sandbox.stop();
  });

  /** Resolves when the mesh has learnt of a Service and its pod is ready. */
  async function answering(host: string, path: string): Promise<void> {
    for (;;) {
      const { status, body } = await sandbox.mesh.send({ method: 'GET', path, headers: { host } });
      await readAll(body);
      if (status === 200) return;
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }

  function open(host: string, path: string): WebSocket {
    const url = `ws://127.0.0.1:${proxy.port}${path}`;
    return new WebSocket(url, ['chat.v1', 'chat.v2'], { headers: { host } });
  }

  async function refusal(host: string, path: string): Promise<number> {
    const socket = open(host, path);
    socket.on('error', () => undefined);
    const [, response] = (await once(socket, 'unexpected-response')) as [
      unknown,
      { statusCode?: number },
    ];
    socket.terminate();
    return response.statusCode ?? 0;
  }

  it('goes where its route says, as the route has changed it, and carries messages both ways', async () => {
    const socket = open('chat', '/old/room');
    await once(socket, 'open');
    expect(socket.protocol).toBe('chat.v2');
    expect(seen).toEqual(['/new/room mesh chat']);
    for (const message of ['one', 'x'.repeat(300_000)]) {
      const answered = once(socket, 'message') as Promise<[Buffer]>;
      socket.send(message);
      expect(utf8Text((await answered)[0])).toBe(message);
    }
    socket.close(1000);
    expect((await once(socket, 'close'))[0]).toBe(1000);
  });

  it('is refused as any request where nothing listens', async () => {
    expect(await refusal('chat', '/elsewhere')).toBe(503);
  });

  it('gets the plain answer of a server that never leaves HTTP', async () => {
    expect(await refusal('plain', '/status/418')).toBe(418);
  });

  it('is told that there is no such Service', async () => {
    expect(await refusal('unknown', '/')).toBe(502);
  });
});
