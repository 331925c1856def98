// Connections that leave HTTP: WebSockets by message, anything else as raw bytes.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { readAll } from '../lib/bytes.ts';
import type { ByteStream, Headers, HttpResponse, UpgradeRequest } from '../lib/ports.ts';
import { duplexStream } from './byte-stream.ts';

/** The request of a client that asks to switch protocols. */
export function upgradeRequestOf(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): UpgradeRequest {
  const offered = request.headers['sec-websocket-protocol'] ?? '';
  const protocol = (request.headers.upgrade ?? '').toLowerCase();
  return {
    method: request.method ?? 'GET',
    path: request.url ?? '/',
    headers: plainHeaders(request),
    protocol,
    offers: offered.split(',').flatMap((one) => (one.trim() === '' ? [] : [one.trim()])),
    accept: (options) =>
      protocol === 'websocket'
        ? acceptWebSocket(request, { socket, head }, options)
        : Promise.resolve(acceptRaw(socket, head, { protocol, ...options })),
    refuse: (response) => refuse(socket, response),
  };
}

function plainHeaders(request: IncomingMessage): Headers {
  return Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  );
}

function acceptWebSocket(
  request: IncomingMessage,
  { socket, head }: { readonly socket: Duplex; readonly head: Buffer },
  { subprotocol, headers = {} }: { subprotocol?: string; headers?: Headers },
): Promise<ByteStream> {
  const { promise, resolve } = Promise.withResolvers<ByteStream>();
  // The library refuses names that are no HTTP tokens (`SPDY/3.1+…`): the header is ours to answer.
  delete request.headers['sec-websocket-protocol'];
  const server = new WebSocketServer({ noServer: true });
  server.on('headers', (list) => {
    if (subprotocol !== undefined) list.push(`Sec-WebSocket-Protocol: ${subprotocol}`);
    for (const [name, value] of Object.entries(headers)) list.push(`${name}: ${value}`);
  });
  server.handleUpgrade(request, socket, head, (webSocket) => resolve(messages(webSocket)));
  return promise;
}

function bytesOf(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}

/** What is read ahead of whoever takes the messages. */
const READ_AHEAD = 65_536;

/** Messages that have come and who waits for the next; while there are enough, no more are read. */
class Inbox implements AsyncIterable<Uint8Array> {
  readonly #webSocket: WebSocket;
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;
  #isClosed = false;
  #wake: () => void = () => undefined;

  constructor(webSocket: WebSocket) {
    this.#webSocket = webSocket;
  }

  push(chunk: Uint8Array): void {
    if (this.#isClosed) return;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes > READ_AHEAD) this.#webSocket.pause();
    this.#wake();
  }

  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#bytes -= chunk.length;
        if (this.#bytes <= READ_AHEAD) this.#webSocket.resume();
        yield chunk;
        continue;
      }
      if (this.#isClosed) return;
      const { promise, resolve } = Promise.withResolvers<undefined>();
      this.#wake = () => resolve(undefined);
      await promise;
    }
  }
}

function messages(webSocket: WebSocket): ByteStream {
  const inbox = new Inbox(webSocket);
  webSocket.on('message', (data: RawData) => inbox.push(bytesOf(data)));
  webSocket.on('close', () => inbox.close());
  webSocket.on('error', () => inbox.close());
  return {
    incoming: inbox,
    send: (chunk) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      webSocket.send(chunk, (error) => {
        if (error === undefined || error === null) resolve();
        else reject(error);
      });
      return promise;
    },
    close: (code = 1000) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      if (webSocket.readyState === webSocket.CLOSED) resolve();
      webSocket.once('close', () => resolve());
      webSocket.close(code);
      // Its answer comes behind what has not been read, and nobody wants that now.
      inbox.close();
      webSocket.resume();
      return promise;
    },
  };
}

function acceptRaw(
  socket: Duplex,
  head: Buffer,
  { protocol, headers = {} }: { protocol: string; headers?: Headers },
): ByteStream {
  const lines = Object.entries({
    Connection: 'Upgrade',
    Upgrade: protocol.toUpperCase(),
    ...headers,
  });
  const text = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  socket.write(`HTTP/1.1 101 Switching Protocols\r\n${text}\r\n`);
  if (head.length > 0) socket.unshift(head);
  return duplexStream(socket);
}

async function refuse(socket: Duplex, response: HttpResponse): Promise<void> {
  const body = await readAll(response.body);
  const headers = { ...response.headers, connection: 'close', 'content-length': body.length };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`HTTP/1.1 ${response.status} Refused\r\n${lines.join('')}\r\n`);
  socket.end(body);
}
