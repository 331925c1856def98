import { once } from 'node:events';
import {
  Agent,
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { bodyOf, readAll, utf8, utf8Text } from '../lib/bytes.ts';
import {
  type HttpRequest,
  type Listening,
  type ProxyOptions,
  type Transport,
  TransportError,
} from '../lib/ports.ts';
import { systemProxy } from './proxy.ts';
import { createSockets } from './sockets.ts';

const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function proxyOf(handler: Transport, more: Partial<ProxyOptions> = {}): Promise<Listening> {
  const listening = await systemProxy.listen({ handler, ...more });
  closing.push(() => listening.close());
  return listening;
}

/** A server of the machine behind the proxy, reached over real sockets. */
async function behind(
  serve: (request: IncomingMessage, response: ServerResponse) => unknown,
  onUpgrade?: (request: IncomingMessage, socket: Socket) => void,
): Promise<{ readonly send: Transport; readonly proxy: Listening }> {
  const server = createServer((request, response) => void serve(request, response));
  if (onUpgrade !== undefined) server.on('upgrade', onUpgrade);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const sockets = createSockets();
  closing.push(async () => {
    await sockets.close();
    server.closeAllConnections();
    server.close();
  });
  const send = sockets.send('127.0.0.1', port);
  const proxy = await proxyOf(
    (request) => {
      const {
        'transfer-encoding': _hop,
        connection: _own,
        expect: _answered,
        ...headers
      } = request.headers;
      return send({ ...request, headers });
    },
    { switchProtocols: sockets.switchProtocols('127.0.0.1', port) },
  );
  return { send, proxy };
}

function saying(text: string): Transport {
  return () => Promise.resolve({ status: 200, headers: {}, body: bodyOf(utf8(text)) });
}

/** Raw bytes to the proxy; gives everything that comes until it closes or `enough` holds. */
async function raw(
  { port }: Listening,
  text: string,
  enough: (got: string) => boolean = () => false,
): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(text);
  let got = '';
  const { promise, resolve } = Promise.withResolvers<undefined>();
  socket.on('data', (chunk: Buffer) => {
    got += chunk.toString('latin1');
    if (enough(got)) resolve(undefined);
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    got += `<${error.code}>`;
  });
  socket.on('close', () => resolve(undefined));
  await promise;
  socket.destroy();
  return got;
}

async function get(
  { port }: Listening,
  options: { method?: string; path?: string; headers?: Record<string, string>; body?: string } = {},
) {
  const { body, ...rest } = options;
  const outgoing = httpRequest({ host: '127.0.0.1', port, agent: false, ...rest });
  outgoing.end(body);
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  return { incoming, text: utf8Text(await readAll(incoming)) };
}

test('an absolute URL says the host, as a forward proxy is asked', async () => {
  const seen: HttpRequest[] = [];
  const proxy = await proxyOf((request) => {
    seen.push(request);
    return saying('ok')(request);
  });
  const text =
    'GET http://mock-server:80/status/200?a=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
  expect(await raw(proxy, text)).toContain('200 OK');
  expect(seen[0]?.path).toBe('/status/200?a=1');
  expect(seen[0]?.headers['host']).toBe('mock-server:80');
});

test('CONNECT is refused in a sentence', async () => {
  const proxy = await proxyOf(saying('never'));
  const got = await raw(proxy, 'CONNECT mock-server:443 HTTP/1.1\r\nHost: mock-server\r\n\r\n');
  expect(got).toContain('405 Method Not Allowed');
  expect(got).toContain('ask for http://NAME');
});

test('requests in one packet are answered in their order on one connection', async () => {
  const waiting: (() => void)[] = [];
  const proxy = await proxyOf(async (request) => {
    if (request.path === '/first') await new Promise<void>((resolve) => waiting.push(resolve));
    else waiting[0]?.();
    return saying(`[${request.path}]`)(request);
  });
  const one = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
  const got = await raw(proxy, one('/first') + one('/second'), (text) =>
    text.includes('[/second]'),
  );
  expect(got.indexOf('[/first]')).toBeGreaterThan(0);
  expect(got.indexOf('[/first]')).toBeLessThan(got.indexOf('[/second]'));
});

test('a connection is kept for the next request', async () => {
  const { proxy } = await behind((request, response) => response.end(request.url));
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  closing.push(async () => agent.destroy());
  const ports = new Set<number | undefined>();
  for (const path of ['/a', '/b', '/c']) {
    const outgoing = httpRequest({ host: '127.0.0.1', port: proxy.port, agent, path });
    outgoing.end();
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
    ports.add(incoming.socket.localPort);
    expect(utf8Text(await readAll(incoming))).toBe(path);
  }
  expect(ports.size).toBe(1);
});

test('an answer is streamed: its first chunk arrives while the second is not yet there', async () => {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const { proxy } = await behind((_request, response) => {
    response.write('first ');
    void promise.then(() => response.end('second'));
  });
  const outgoing = httpRequest({ host: '127.0.0.1', port: proxy.port, agent: false });
  outgoing.end();
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  const [chunk] = (await once(incoming, 'data')) as [Buffer];
  expect(chunk.toString()).toBe('first ');
  resolve(undefined);
  expect(utf8Text(await readAll(incoming))).toBe('second');
});

test('headers go out before a body that takes its time', async () => {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  async function* slow(): AsyncGenerator<Uint8Array> {
    await promise;
    yield utf8('late');
  }
  const proxy = await proxyOf(() => Promise.resolve({ status: 200, headers: {}, body: slow() }));
  const outgoing = httpRequest({ host: '127.0.0.1', port: proxy.port, agent: false });
  outgoing.end();
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  resolve(undefined);
  expect(utf8Text(await readAll(incoming))).toBe('late');
});

test('a request is streamed: the server reads its first chunk before the second is sent', async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const { proxy } = await behind((request, response) => {
    request.once('data', (chunk: Buffer) => resolve(chunk.toString()));
    request.resume();
    request.on('end', () => response.end('read'));
  });
  const outgoing = httpRequest({
    host: '127.0.0.1',
    port: proxy.port,
    agent: false,
    method: 'POST',
  });
  outgoing.write('first');
  expect(await promise).toBe('first');
  outgoing.end('second');
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  expect(utf8Text(await readAll(incoming))).toBe('read');
});

test('a client that does not read holds the upstream back', async () => {
  let sent = 0;
  async function* endless(): AsyncGenerator<Uint8Array> {
    // More than any buffers hold, but an end for a proxy that does not wait.
    while (sent < 256 * 1024 * 1024) {
      sent += 65_536;
      yield new Uint8Array(65_536);
    }
  }
  const proxy = await proxyOf(() => Promise.resolve({ status: 200, headers: {}, body: endless() }));
  const socket = connect(proxy.port, '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await once(socket, 'readable');
  let before = -1;
  // The buffers of both sockets fill up, and then nothing more is taken.
  for (let turn = 0; turn < 2000 && sent !== before; turn += 1) {
    before = sent;
    for (let step = 0; step < 200; step += 1) await new Promise((resolve) => setImmediate(resolve));
  }
  expect(sent).toBe(before);
  expect(sent).toBeLessThan(64 * 1024 * 1024);
  socket.destroy();
});

test('a client that asks first is told to go on when its body is wanted', async () => {
  const { proxy } = await behind(async (request, response) => {
    response.end(utf8Text(await readAll(request)));
  });
  const head = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n';
  const socket = connect(proxy.port, '127.0.0.1');
  socket.write(head);
  const [first] = (await once(socket, 'data')) as [Buffer];
  expect(first.toString()).toContain('100 Continue');
  socket.write('hello');
  const [second] = (await once(socket, 'data')) as [Buffer];
  expect(second.toString()).toContain('200 OK');
  socket.destroy();
});

test('a client that leaves cancels the request upstream', async () => {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const { proxy } = await behind((request) => {
    request.socket.on('close', () => resolve(undefined));
    socket.destroy();
  });
  const socket = connect(proxy.port, '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await promise;
});

test('a connection that the handler resets is reset, one that it closes is closed', async () => {
  const proxy = await proxyOf(({ path }) => {
    const kind = path === '/reset' ? 'reset' : 'cancelled';
    return Promise.reject(new TransportError(kind, 'as asked'));
  });
  expect(await raw(proxy, 'GET /reset HTTP/1.1\r\nHost: a\r\n\r\n')).toBe('<ECONNRESET>');
  expect(await raw(proxy, 'GET /close HTTP/1.1\r\nHost: a\r\n\r\n')).toBe('');
});

test('an answer that breaks in its middle is never taken for a whole one', async () => {
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield utf8('half');
    throw new TransportError('reset', 'broken');
  }
  const proxy = await proxyOf(() => Promise.resolve({ status: 200, headers: {}, body: broken() }));
  const got = await raw(proxy, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  expect(got).not.toContain('\r\n0\r\n');
});

test('an upgrade becomes bytes both ways', async () => {
  const { proxy } = await behind(
    (_request, response) => response.end(),
    (request, socket) => {
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${request.headers.upgrade}\r\nConnection: Upgrade\r\n\r\n`,
      );
      socket.on('data', (chunk: Buffer) => socket.write(`echo ${chunk.toString()}`));
    },
  );
  const head = 'GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: chat\r\nConnection: Upgrade\r\n\r\n';
  const socket = connect(proxy.port, '127.0.0.1');
  socket.write(head);
  const [first] = (await once(socket, 'data')) as [Buffer];
  expect(first.toString()).toContain('101 Switching Protocols');
  socket.write('hello');
  const [second] = (await once(socket, 'data')) as [Buffer];
  expect(second.toString()).toBe('echo hello');
  socket.destroy();
});

test('a refused upgrade is a plain answer', async () => {
  const proxy = await proxyOf(saying('never'), {
    switchProtocols: async () => ({
      answer: { status: 426, headers: {}, body: bodyOf(utf8('no')) },
    }),
  });
  const head = 'GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n';
  const got = await raw(proxy, head);
  expect(got).toContain('426');
  expect(got.endsWith('no')).toBe(true);
});

test('HTTP/2 is spoken on the same port, many requests on one connection', async () => {
  const proxy = await proxyOf(async (request) => {
    const sent = request.stream === undefined ? '' : utf8Text(await readAll(request.stream));
    return saying(`${request.method} ${request.headers['host']} ${request.path} ${sent}`)(request);
  });
  const session = connectHttp2(`http://127.0.0.1:${proxy.port}`);
  closing.push(async () => session.destroy());
  const ask = async (path: string, body?: string): Promise<string> => {
    const method = body === undefined ? 'GET' : 'POST';
    const stream = session.request({
      ':path': path,
      ':method': method,
      ':authority': 'mock-server',
    });
    stream.end(body);
    return utf8Text(await readAll(stream));
  };
  const answers = await Promise.all([ask('/a'), ask('/b', 'body'), ask('/c')]);
  expect(answers).toEqual([
    'GET mock-server /a ',
    'POST mock-server /b body',
    'GET mock-server /c ',
  ]);
});

test('a reset is a reset of one stream of HTTP/2', async () => {
  const proxy = await proxyOf(({ path }) =>
    path === '/reset'
      ? Promise.reject(new TransportError('reset', 'x'))
      : saying('ok')({} as never),
  );
  const session = connectHttp2(`http://127.0.0.1:${proxy.port}`);
  closing.push(async () => session.destroy());
  const broken = session.request({ ':path': '/reset' });
  const [error] = (await once(broken, 'error')) as [Error];
  expect(error.message).toContain('NGHTTP2_INTERNAL_ERROR');
  expect(utf8Text(await readAll(session.request({ ':path': '/' })))).toBe('ok');
});

test('headers that are too long are refused', async () => {
  const proxy = await proxyOf(saying('never'));
  const got = await raw(
    proxy,
    `GET / HTTP/1.1\r\nHost: a\r\nX-Long: ${'x'.repeat(70_000)}\r\n\r\n`,
  );
  expect(got).toContain('431');
});

test('cookies stay apart', async () => {
  const { proxy } = await behind((_request, response) => {
    response.setHeader('set-cookie', ['a=1; Expires=Thu, 01 Jan', 'b=2']);
    response.end();
  });
  const { incoming } = await get(proxy);
  expect(incoming.headers['set-cookie']).toEqual(['a=1; Expires=Thu, 01 Jan', 'b=2']);
});

test('a port that nobody listens on is told apart from a broken connection', async () => {
  const sockets = createSockets();
  closing.push(() => sockets.close());
  const listening = await systemProxy.listen({ handler: saying('') });
  const { port } = listening;
  await listening.close();
  const request = { method: 'GET', path: '/', headers: {} };
  await expect(sockets.send('127.0.0.1', port)(request)).rejects.toMatchObject({ kind: 'refused' });
});

test('stopping ends open connections', async () => {
  const listening = await systemProxy.listen({ handler: () => new Promise(() => undefined) });
  const socket = connect(listening.port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await once(socket, 'connect');
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await listening.close();
  await closed;
});

test('the bytes of a short body stay what they are', async () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, value) => value);
  const headers = { 'content-length': '256' };
  const proxy = await proxyOf(() => Promise.resolve({ status: 200, headers, body: bodyOf(bytes) }));
  const outgoing = httpRequest({ host: '127.0.0.1', port: proxy.port, agent: false });
  outgoing.end();
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  expect(Uint8Array.from(await readAll(incoming))).toEqual(bytes);
});
