// The listener of the mesh: HTTP/1.1 with keep-alive and pipelining, HTTP/2 without TLS for those who know it before, bodies
// streamed both ways, upgrades passed through as bytes. It knows nothing of routes. Entry point: `systemProxy`.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  createServer as createHttp2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2';
import { createServer as createNetServer, type Socket } from 'node:net';
import { cancellation } from '../lib/clock.ts';
import {
  type Body,
  type Headers,
  type Listening,
  type ProxyListener,
  type ProxyOptions,
  TransportError,
} from '../lib/ports.ts';
import { opened } from './listener.ts';
import { refuseConnect, switchOver } from './proxy-upgrade.ts';
import { http2Of, resetHttp2, sendAnswer } from './proxy-answer.ts';

/** As Envoy's defaults are. */
const MAX_HEADER_BYTES = 61_440;
const HEADERS_TIMEOUT_MS = 10_000;
const IDLE_MS = 300_000;
/** Every client of HTTP/2 begins with these. */
const PREFACE = 'PRI * HTTP/2.0';

export const systemProxy: ProxyListener = { listen };

async function listen(options: ProxyOptions): Promise<Listening> {
  const serveAny = (request: IncomingMessage, response: ServerResponse): void => {
    void serve(options, request, response);
  };
  const serveHttp2 = (request: Http2ServerRequest, response: Http2ServerResponse): void => {
    // Node's layer for HTTP/2 has the methods that are used here.
    serveAny(request as unknown as IncomingMessage, response as unknown as ServerResponse);
  };
  const http1 = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: 0,
      keepAliveTimeout: IDLE_MS,
      // An offer of HTTP/2 need not be taken: the answer in HTTP/1.1 says so.
      shouldUpgradeCallback: ({ headers }: IncomingMessage) =>
        options.switchProtocols !== undefined && headers.upgrade?.toLowerCase() !== 'h2c',
    },
    serveAny,
  );
  http1.on('checkContinue', serveAny);
  http1.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    void switchOver(options, request, { socket, head });
  });
  http1.on('connect', (_request: IncomingMessage, socket: Socket) => refuseConnect(socket));
  const http2 = createHttp2Server({ maxHeaderListPairs: 256 }, serveHttp2);
  http2.setTimeout(IDLE_MS);
  const sockets = new Set<Socket>();
  const server = createNetServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    sort(socket, (isHttp2) => (isHttp2 ? http2 : http1).emit('connection', socket));
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
      http1.close();
      http2.close();
    },
  };
}

/** Looks at the first bytes of a connection and puts them back. */
function sort(socket: Socket, decided: (isHttp2: boolean) => void): void {
  socket.once('readable', () => {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) return;
    socket.unshift(chunk);
    const begin = chunk.toString('latin1', 0, PREFACE.length);
    decided(begin === PREFACE.slice(0, begin.length));
  });
}

async function serve(
  { handler }: ProxyOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const gone = cancellation();
  let isDone = false;
  response.on('close', () => {
    if (!isDone) gone.now();
  });
  try {
    const target = targetOf(request);
    const stream = bodyOf(request, response);
    const answer = await handler({
      method: request.method ?? 'GET',
      path: target.path,
      headers: target.headers,
      cancel: gone.cancel,
      ...(stream === undefined ? {} : { stream }),
    });
    await sendAnswer(response, answer);
    isDone = true;
    // What nobody read of the request must not hold up the next one on the connection.
    if (stream !== undefined && !request.readableEnded) request.resume();
  } catch (error) {
    isDone = true;
    breakOff(request, response, error);
  }
}

interface Target {
  readonly path: string;
  readonly headers: Headers;
}

/** An absolute URL (from a client that takes us for its HTTP proxy) says the host itself. */
export function targetOf(request: IncomingMessage): Target {
  const { url = '/' } = request;
  const headers = headersOf(request);
  if (url.startsWith('/')) return { path: url, headers };
  const match = /^https?:\/\/([^/?#]*)([^#]*)/.exec(url);
  if (match === null) return { path: `/${url}`, headers };
  const [, host = '', rest = ''] = match;
  return { path: rest.startsWith('/') ? rest : `/${rest}`, headers: { ...headers, host } };
}

function headersOf(request: IncomingMessage): Headers {
  const raw = request.headers;
  const isHttp2 = raw[':authority'] !== undefined || raw[':path'] !== undefined;
  if (!isHttp2) return raw as Headers;
  const headers: Record<string, string> = {};
  for (const name in raw) {
    const value = raw[name];
    if (!name.startsWith(':') && value !== undefined) {
      headers[name] = Array.isArray(value) ? value.join(', ') : value;
    }
  }
  headers['host'] = String(raw[':authority'] ?? raw['host'] ?? '');
  return headers;
}

function bodyOf(request: IncomingMessage, response: ServerResponse): Body | undefined {
  const { headers } = request;
  const length = headers['content-length'];
  const http2 = http2Of(response);
  const hasBody =
    http2 !== undefined
      ? !(http2.stream?.endAfterHeaders ?? true)
      : headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
  if (!hasBody) return undefined;
  return chunksOf(request, () => {
    if (headers.expect?.toLowerCase() === '100-continue') response.writeContinue();
  });
}

/** The client is asked to go on only when somebody reads. */
async function* chunksOf(request: IncomingMessage, begin: () => void): AsyncGenerator<Uint8Array> {
  begin();
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      yield chunk as Uint8Array;
    }
  } catch (error) {
    throw new TransportError('cancelled', 'the client broke its request off', { cause: error });
  }
}

function breakOff(request: IncomingMessage, response: ServerResponse, error: unknown): void {
  const http2 = http2Of(response);
  if (http2 !== undefined) {
    resetHttp2(http2);
    return;
  }
  const { socket } = request;
  const isReset = !(error instanceof TransportError) || error.kind !== 'cancelled';
  if (isReset) socket.resetAndDestroy();
  else socket.destroy();
}
