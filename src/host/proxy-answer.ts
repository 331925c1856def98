// Answers on the wire of a proxy: in as few writes as there are, and no faster than the client takes them.
import type { ServerResponse } from 'node:http';
import { constants, Http2ServerResponse } from 'node:http2';
import type { HttpResponse } from '../lib/ports.ts';

/** Resolves when all of it has been handed to the connection. Throws what the body throws. */
export async function sendAnswer(response: ServerResponse, answer: HttpResponse): Promise<void> {
  const chunks = answer.body[Symbol.asyncIterator]();
  if (response.destroyed || isClosed(response)) {
    await chunks.return?.();
    return;
  }
  head(response, answer);
  const length = Number(answer.headers['content-length'] ?? Number.NaN);
  // Headers go out with the first chunk, unless that takes longer than this turn.
  const flush = setImmediate(() => flushHead(response));
  let sent = 0;
  try {
    for (;;) {
      const { done, value } = await chunks.next();
      if (done === true) break;
      clearImmediate(flush);
      sent += value.length;
      if (sent === length) {
        endWith(response, value);
        // The body learns that it has been read to its end.
        await chunks.next();
        return;
      }
      if (!response.write(value)) await drained(response);
      if (response.destroyed || isClosed(response)) {
        await chunks.return?.();
        return;
      }
    }
  } finally {
    clearImmediate(flush);
  }
  response.end();
}

/** A short body travels in one write with the head, which Node does for text only; these bytes stay what they are. */
const SHORT = 4096;

function endWith(response: ServerResponse, last: Uint8Array): void {
  if (last.length > SHORT || http2Of(response) !== undefined) response.end(last);
  else {
    const bytes = Buffer.from(last.buffer, last.byteOffset, last.length);
    response.end(bytes.toString('latin1'), 'latin1');
  }
}

function isClosed(response: ServerResponse): boolean {
  const http2 = http2Of(response);
  return http2 !== undefined && (http2.stream?.destroyed ?? true);
}

/** The same response, if it is one of HTTP/2: Node's layer for it has all that is used of `ServerResponse` here. */
export function http2Of(response: ServerResponse): Http2ServerResponse | undefined {
  const any: unknown = response;
  return any instanceof Http2ServerResponse ? any : undefined;
}

function head(response: ServerResponse, { status, headers, cookies }: HttpResponse): void {
  const all = cookies === undefined ? headers : { ...headers, 'set-cookie': [...cookies] };
  response.writeHead(status, all);
}

function flushHead(response: ServerResponse): void {
  if (!response.destroyed && !isClosed(response)) response.flushHeaders();
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

export function resetHttp2(response: Http2ServerResponse): void {
  const { stream } = response;
  if (stream !== undefined && !stream.destroyed) stream.close(constants.NGHTTP2_INTERNAL_ERROR);
}
