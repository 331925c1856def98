// HTTP and HTTPS servers of the machine: a `Transport` made reachable, WebSocket and raw upgrades handed over as
// byte streams.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { cancellation } from '../lib/clock.ts';
import { readAll } from '../lib/bytes.ts';
import {
  type Headers,
  type HttpResponse,
  ListenError,
  type Listener,
  type Listening,
  type ListenOptions,
  TransportError,
} from '../lib/ports.ts';
import { upgradeRequestOf } from './upgrade.ts';

const LOOPBACK = '127.0.0.1';
const NOTHING = new Uint8Array();

export const systemListener: Listener = { listen };

async function listen(options: ListenOptions): Promise<Listening> {
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    void serve(options, request, response);
  };
  const { tls } = options;
  const server =
    tls === undefined
      ? createServer(onRequest)
      : createTlsServer({ cert: tls.certPem, key: tls.keyPem }, onRequest);
  // Watches stay open for as long as both sides like.
  server.requestTimeout = 0;
  server.keepAliveTimeout = 60_000;
  const sockets = new Set<Socket>();
  // The bare connection, also under TLS: a handshake that never ends must not outlive the server.
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const { upgrade } = options;
    // From here on the socket is ours: an error that nobody hears would end the process.
    socket.on('error', () => socket.destroy());
    if (upgrade === undefined) socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    else void upgrade(upgradeRequestOf(request, socket, head)).catch(() => socket.destroy());
  });
  const address = await opened(server, options);
  return {
    address: address.address,
    port: address.port,
    close: async () => {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      server.close(() => resolve(undefined));
      for (const socket of sockets) socket.destroy();
      await promise;
    },
  };
}

export function opened(
  server: Server,
  { port = 0, address = LOOPBACK }: Pick<ListenOptions, 'port' | 'address'>,
): Promise<AddressInfo> {
  const { promise, resolve, reject } = Promise.withResolvers<AddressInfo>();
  server.once('error', (error: NodeJS.ErrnoException) => {
    reject(listenError(error, `${address}:${port}`));
  });
  server.listen(port, address, () => resolve(server.address() as AddressInfo));
  return promise;
}

function listenError(error: NodeJS.ErrnoException, where: string): ListenError {
  if (error.code === 'EADDRINUSE') {
    const message = `${where} is in use by another program: choose another port`;
    return new ListenError('in-use', message, { cause: error });
  }
  if (error.code === 'EACCES') {
    return new ListenError('forbidden', `${where} may not be used by this user`, { cause: error });
  }
  return new ListenError('other', `cannot listen on ${where}: ${error.message}`, { cause: error });
}

function headersOf(request: IncomingMessage): Headers {
  return Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  );
}

async function serve(
  { handler, ignoresBodies }: ListenOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const gone = cancellation();
  response.on('close', () => gone.now());
  try {
    const body = ignoresBodies === true ? NOTHING : await readAll(request);
    const answer = await handler({
      method: request.method ?? 'GET',
      path: request.url ?? '/',
      headers: headersOf(request),
      ...(body.length === 0 ? {} : { body }),
      cancel: gone.cancel,
    });
    await send(response, answer);
  } catch (error) {
    // A handler may end the connection without an answer, as a broken server does.
    if (error instanceof TransportError && error.kind === 'reset') reset(request.socket);
    else if (error instanceof TransportError && error.kind === 'cancelled') response.destroy();
    else if (response.headersSent || response.destroyed) response.destroy();
    else {
      response.statusCode = 500;
      response.end(error instanceof Error ? error.message : String(error));
    }
  }
}

function reset(socket: Socket): void {
  // Only a bare TCP connection can be reset; one with TLS on it is closed without farewell.
  if (socket instanceof TLSSocket) socket.destroy();
  else socket.resetAndDestroy();
}

async function send(response: ServerResponse, answer: HttpResponse): Promise<void> {
  response.writeHead(answer.status, answer.headers);
  response.flushHeaders();
  for await (const chunk of answer.body) {
    if (response.destroyed) return;
    if (!response.write(chunk)) await drained(response);
  }
  response.end();
}

function drained(response: ServerResponse): Promise<undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const done = (): void => {
    response.off('drain', done);
    response.off('close', done);
    resolve(undefined);
  };
  response.on('drain', done);
  response.on('close', done);
  return promise;
}
