import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, createServer as createNetServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { ByteStream } from '../lib/ports.ts';
import { systemDialer } from './dialer.ts';
import { upgradeRequestOf } from './upgrade.ts';

const SENT = 32 * 1_048_576;
/** Our read-ahead and what the machine keeps for a connection. */
const MOST_READ = 12 * 1_048_576;

interface Accepted {
  readonly stream: ByteStream;
  readonly socket: Socket;
}

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** A server that takes one upgrade, and its port. */
async function accepting(): Promise<{
  readonly port: number;
  readonly accepted: Promise<Accepted>;
}> {
  const { promise, resolve } = Promise.withResolvers<Accepted>();
  const server = createServer();
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    void upgradeRequestOf(request, socket, head)
      .accept({})
      .then((stream) => resolve({ stream, socket }));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  ends.push(() => server.close());
  return { port: (server.address() as AddressInfo).port, accepted: promise };
}

/** Resolves when nothing has come for many turns of the runtime. */
async function quiet(socket: Socket): Promise<number> {
  let before = -1;
  for (let still = 0; still < 2000; still += 1) {
    if (socket.bytesRead !== before) still = 0;
    before = socket.bytesRead;
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  return before;
}

async function lengthOf(stream: ByteStream, until: number): Promise<number> {
  let length = 0;
  for await (const chunk of stream.incoming) {
    length += chunk.length;
    if (length >= until) break;
  }
  return length;
}

describe('who sends faster than somebody reads is held back', () => {
  it('over the bare bytes of an upgrade', async () => {
    const { port, accepted } = await accepting();
    const client = connect(port, '127.0.0.1');
    ends.push(() => client.destroy());
    client.write('POST / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: spdy/3.1\r\n\r\n');
    client.write(Buffer.alloc(SENT));
    const { stream, socket } = await accepted;
    expect(await quiet(socket)).toBeLessThan(MOST_READ);
    expect(await lengthOf(stream, SENT)).toBe(SENT);
  });

  it('over a WebSocket, which can still be closed', async () => {
    const { port, accepted } = await accepting();
    const client = new WebSocket(`ws://127.0.0.1:${port}`);
    ends.push(() => client.terminate());
    await once(client, 'open');
    for (let sent = 0; sent < SENT; sent += 65_536) client.send(Buffer.alloc(65_536));
    const { stream, socket } = await accepted;
    expect(await quiet(socket)).toBeLessThan(MOST_READ);
    expect(await lengthOf(stream, SENT / 2)).toBe(SENT / 2);
    const closed = once(client, 'close');
    await stream.close(1000);
    expect((await closed)[0]).toBe(1000);
  });

  it('over a connection of the dialer', async () => {
    const server = createNetServer((peer) => peer.write(Buffer.alloc(SENT)));
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const connected = once(server, 'connection') as Promise<[Socket]>;
    const { port } = server.address() as AddressInfo;
    const stream = await systemDialer.connect({ address: '127.0.0.1', port });
    const [peer] = await connected;
    ends.push(() => {
      peer.destroy();
      server.close();
    });
    const turns = Array.from({ length: 2000 });
    for (const _turn of turns) await new Promise<void>((resolve) => setImmediate(resolve));
    expect(peer.writableLength).toBeGreaterThan(0);
    expect(await lengthOf(stream, SENT)).toBe(SENT);
  });
});
