// What every server of the machine must do, plain and over TLS: answers, streams, departures, upgrades, and its end.
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { serverCertificate } from '../../src/host/certificate.ts';
import { systemClock } from '../../src/host/clock.ts';
import { systemListener } from '../../src/host/listener.ts';
import { createTransport } from '../../src/host/transport.ts';
import { bodyOf, readAll, utf8, utf8Text } from '../../src/lib/bytes.ts';
import {
  type ByteStream,
  ListenError,
  type Listening,
  type ListenOptions,
  type Transport,
  TransportError,
  type Upgrade,
} from '../../src/lib/ports.ts';

const CERTIFICATE = await serverCertificate({
  names: ['localhost'],
  addresses: ['127.0.0.1'],
  nowMs: systemClock.now(),
});

const ROWS = [
  { name: 'plain', tls: undefined },
  { name: 'over TLS', tls: CERTIFICATE },
] as const;

const hello: Transport = ({ method, path, body }) =>
  Promise.resolve({
    status: 201,
    headers: { 'x-told': `${method} ${path}` },
    body: bodyOf(body ?? utf8('hello')),
  });

describe.each(ROWS)('a listener, $name', ({ tls }) => {
  const open: Listening[] = [];

  afterEach(async () => {
    for (const one of open.splice(0)) await one.close();
  });

  async function listen(options: Omit<ListenOptions, 'tls'>): Promise<Listening> {
    const all = tls === undefined ? options : { ...options, tls };
    const listening = await systemListener.listen(all);
    open.push(listening);
    return listening;
  }

  function clientOf({ port }: Listening) {
    const scheme = tls === undefined ? 'http' : 'https';
    return createTransport({ server: `${scheme}://127.0.0.1:${port}`, insecure: true });
  }

  /** A bare connection, as a client opens it before it says anything. */
  function socketTo({ port }: Listening): Promise<Socket> {
    const { promise, resolve, reject } = Promise.withResolvers<Socket>();
    const options = { host: '127.0.0.1', port, rejectUnauthorized: false };
    const socket: Socket =
      tls === undefined
        ? connectTcp(options, () => resolve(socket))
        : connectTls(options, () => resolve(socket));
    socket.once('error', reject);
    return promise;
  }

  it('listens on loopback, on a free port if none is named', async () => {
    const listening = await listen({ handler: hello });
    expect(listening.address).toBe('127.0.0.1');
    expect(listening.port).toBeGreaterThan(0);
  });

  it('hands over method, path and body, and gives status, headers and body back', async () => {
    const client = clientOf(await listen({ handler: hello }));
    const request = { method: 'PUT', path: '/a%20b?c=d', headers: {}, body: utf8('ä') };
    const { status, headers, body } = await client.send(request);
    expect(status).toBe(201);
    expect(headers['x-told']).toBe('PUT /a%20b?c=d');
    expect(utf8Text(await readAll(body))).toBe('ä');
    client.close();
  });

  it('sends each chunk when it is there', async () => {
    const second = Promise.withResolvers<undefined>();
    async function* slowly(): AsyncGenerator<Uint8Array> {
      yield utf8('first');
      await second.promise;
      yield utf8('second');
    }
    const handler = () => Promise.resolve({ status: 200, headers: {}, body: slowly() });
    const client = clientOf(await listen({ handler }));
    const { body } = await client.send({ method: 'GET', path: '/', headers: {} });
    const chunks: string[] = [];
    for await (const chunk of body) {
      chunks.push(utf8Text(chunk));
      second.resolve(undefined);
    }
    expect(chunks).toEqual(['first', 'second']);
    client.close();
  });

  it('tells the handler when the client goes away', async () => {
    const gone = Promise.withResolvers<boolean>();
    const arrived = Promise.withResolvers<undefined>();
    const handler: Transport = ({ cancel }) => {
      cancel?.onCancel(() => gone.resolve(true));
      arrived.resolve(undefined);
      return new Promise(() => undefined);
    };
    const socket = await socketTo(await listen({ handler }));
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await arrived.promise;
    socket.destroy();
    expect(await gone.promise).toBe(true);
  });

  it('a handler that fails is a 500, and the server goes on', async () => {
    let isBroken = true;
    const handler: Transport = (request) =>
      isBroken ? Promise.reject(new Error('a bug')) : hello(request);
    const client = clientOf(await listen({ handler }));
    const get = { method: 'GET', path: '/', headers: {} };
    const { status, body } = await client.send(get);
    await readAll(body);
    expect(status).toBe(500);
    isBroken = false;
    expect((await client.send(get)).status).toBe(201);
    client.close();
  });

  it('a handler can end the connection without an answer', async () => {
    const handler = () => Promise.reject(new TransportError('reset', 'on purpose'));
    const client = clientOf(await listen({ handler }));
    const sent = client.send({ method: 'GET', path: '/', headers: {} });
    await expect(sent).rejects.toMatchObject({ name: 'TransportError', kind: 'reset' });
    client.close();
  });

  it('a port that is taken is told with what to do', async () => {
    const { port } = await listen({ handler: hello });
    const failure = await listen({ handler: hello, port }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ListenError);
    expect(failure).toMatchObject({
      kind: 'in-use',
      message: `127.0.0.1:${port} is in use by another program: choose another port`,
    });
  });

  it('its end ends open connections, those too that have said nothing or are in the middle', async () => {
    const arrived = Promise.withResolvers<undefined>();
    const handler: Transport = () => {
      arrived.resolve(undefined);
      return new Promise(() => undefined);
    };
    const listening = await listen({ handler });
    const { port } = listening;
    // One without a word (under TLS: in the middle of its handshake), one in the middle of a request.
    const silent = connectTcp({ host: '127.0.0.1', port });
    const busy = await socketTo(listening);
    busy.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await arrived.promise;
    const closed = [silent, busy].map(
      (socket) =>
        new Promise<void>((resolve) => {
          socket.on('error', () => undefined);
          socket.on('close', () => resolve());
        }),
    );
    await listening.close();
    await Promise.all(closed);
    const late = clientOf(listening).send({ method: 'GET', path: '/', headers: {} });
    await expect(late).rejects.toMatchObject({ kind: 'refused' });
  });

  describe('upgrades', () => {
    function webSocketTo({ port }: Listening, protocols: readonly string[]): WebSocket {
      const scheme = tls === undefined ? 'ws' : 'wss';
      const url = `${scheme}://127.0.0.1:${port}/exec?x=1`;
      const socket = new WebSocket(url, [...protocols], { rejectUnauthorized: false });
      // Ending one that was never opened is an error of its own, which nobody here asks about.
      socket.on('error', () => undefined);
      return socket;
    }

    async function echo(stream: ByteStream): Promise<void> {
      for await (const chunk of stream.incoming) await stream.send(chunk);
    }

    it('a WebSocket gets its sub-protocol, and its messages come whole', async () => {
      const seen: string[] = [];
      const upgrade: Upgrade = async (request) => {
        seen.push(request.path, request.protocol, ...request.offers);
        await echo(await request.accept({ subprotocol: 'v5.channel.k8s.io' }));
      };
      const listening = await listen({ handler: hello, upgrade });
      const socket = webSocketTo(listening, ['v5.channel.k8s.io', 'v4.channel.k8s.io']);
      const received: string[] = [];
      const done = new Promise<void>((resolve) => {
        socket.on('message', (data: Buffer) => {
          received.push(data.toString());
          if (received.length === 2) resolve();
        });
      });
      await new Promise<void>((resolve) => socket.on('open', () => resolve()));
      expect(socket.protocol).toBe('v5.channel.k8s.io');
      socket.send('one');
      socket.send('two');
      await done;
      expect(received).toEqual(['one', 'two']);
      expect(seen).toEqual(['/exec?x=1', 'websocket', 'v5.channel.k8s.io', 'v4.channel.k8s.io']);
      socket.terminate();
    });

    it('the server ends a WebSocket with a code', async () => {
      const upgrade: Upgrade = async (request) => {
        const stream = await request.accept({});
        await stream.close(1011);
      };
      const socket = webSocketTo(await listen({ handler: hello, upgrade }), []);
      const code = await new Promise<number>((resolve) => {
        socket.on('close', (closeCode) => resolve(closeCode));
      });
      expect(code).toBe(1011);
    });

    it('another protocol gets the bare bytes, and headers of the answer', async () => {
      const upgrade: Upgrade = async (request) => {
        const headers = { 'X-Stream-Protocol-Version': 'portforward.k8s.io' };
        await echo(await request.accept({ headers }));
      };
      const socket = await socketTo(await listen({ handler: hello, upgrade }));
      let received = '';
      const told = new Promise<void>((resolve) => {
        socket.setEncoding('utf8').on('data', (chunk: string) => {
          received += chunk;
          if (received.endsWith('bytes')) resolve();
        });
      });
      const head = 'POST /forward HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1';
      // The first bytes come with the request, before the answer.
      socket.write(`${head}\r\n\r\nby`);
      socket.write('tes');
      await told;
      expect(received).toMatch(/^HTTP\/1\.1 101 /);
      expect(received).toMatch(/X-Stream-Protocol-Version: portforward\.k8s\.io\r\n/i);
      socket.destroy();
    });

    it('a refusal is a plain answer', async () => {
      const upgrade: Upgrade = (request) =>
        request.refuse({ status: 403, headers: {}, body: bodyOf(utf8('no')) });
      const socket = webSocketTo(await listen({ handler: hello, upgrade }), []);
      const status = await new Promise<number>((resolve) => {
        socket.on('unexpected-response', (_request, response) => {
          resolve(response.statusCode ?? 0);
        });
      });
      expect(status).toBe(403);
      socket.terminate();
    });

    it('a server without upgrades says 400', async () => {
      const socket = webSocketTo(await listen({ handler: hello }), []);
      const status = await new Promise<number>((resolve) => {
        socket.on('unexpected-response', (_request, response) => {
          resolve(response.statusCode ?? 0);
        });
      });
      expect(status).toBe(400);
      socket.terminate();
    });
  });
});
