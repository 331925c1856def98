// Requests that leave HTTP at the proxy: WebSockets and whatever else, passed through as bytes; CONNECT is refused.
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { readAll } from '../lib/bytes.ts';
import { cancellation } from '../lib/clock.ts';
import { type HttpResponse, type ProxyOptions, TransportError } from '../lib/ports.ts';
import { duplexStream, join } from './byte-stream.ts';
import { targetOf } from './proxy.ts';

export async function switchOver(
  { switchProtocols }: ProxyOptions,
  request: IncomingMessage,
  { socket, head }: { readonly socket: Socket; readonly head: Buffer },
): Promise<void> {
  const gone = cancellation();
  socket.once('close', () => gone.now());
  try {
    if (switchProtocols === undefined) throw new TransportError('other', 'nothing to switch to');
    const { path, headers } = targetOf(request);
    const { answer, stream } = await switchProtocols({
      method: request.method ?? 'GET',
      path,
      headers,
      cancel: gone.cancel,
    });
    if (stream === undefined) {
      await answerPlainly(socket, answer);
      return;
    }
    socket.write(headText(answer));
    if (head.length > 0) socket.unshift(head);
    await join(duplexStream(socket), stream);
  } catch (error) {
    const isReset = !(error instanceof TransportError) || error.kind !== 'cancelled';
    if (isReset) socket.resetAndDestroy();
    else socket.destroy();
  }
}

function headText({ status, headers, cookies = [] }: HttpResponse): string {
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...cookies.map((value) => `set-cookie: ${value}`),
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** The connection has left the server's hands, so it ends with this answer. */
async function answerPlainly(socket: Socket, answer: HttpResponse): Promise<void> {
  const body = await readAll(answer.body);
  const headers = { ...answer.headers, connection: 'close', 'content-length': String(body.length) };
  socket.write(headText({ ...answer, headers }));
  socket.end(body);
}

const REFUSAL =
  'This proxy takes plain HTTP for Services of the sandbox: ask for http://NAME, without CONNECT.\n';

export function refuseConnect(socket: Socket): void {
  const head = `HTTP/1.1 405 Method Not Allowed\r\nconnection: close\r\ncontent-type: text/plain\r\ncontent-length: ${REFUSAL.length}\r\n\r\n`;
  socket.end(head + REFUSAL);
}
