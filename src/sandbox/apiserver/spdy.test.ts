import { describe, expect, it } from 'vitest';
import { systemCompression } from '../../host/compression.ts';
import { concat, utf8 } from '../../lib/bytes.ts';
import { SPDY_DICTIONARY } from './spdy-dictionary.ts';
import { SpdyConnection, type SpdyStream } from './spdy.ts';

const CHUNK = 16_384;
const CHUNKS = 100;

function word(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
}

async function synStream(id: number): Promise<Uint8Array> {
  const text = (value: string) => concat([word(value.length), utf8(value)]);
  const block = concat([word(1), text('port'), text('8080')]);
  const deflated = await systemCompression.deflater(utf8(SPDY_DICTIONARY)).push(block);
  const body = concat([word(id), word(0), Uint8Array.of(0, 0), deflated]);
  return concat([Uint8Array.of(0x80, 3, 0, 1), word(body.length), body]);
}

function data(id: number, bytes: Uint8Array, isLast = false): Uint8Array {
  const length = word(bytes.length);
  length[0] = isLast ? 1 : 0;
  return concat([word(id), length, bytes]);
}

/** A client that sends as fast as it is read, and never grants a window. */
function client() {
  const state = { read: 0, sent: 0 };
  const gone = Promise.withResolvers<undefined>();
  async function* incoming(): AsyncGenerator<Uint8Array> {
    yield await synStream(1);
    for (let at = 0; at < CHUNKS; at += 1) {
      state.read += CHUNK;
      yield data(1, new Uint8Array(CHUNK), at === CHUNKS - 1);
    }
    await gone.promise;
  }
  const send = (chunk: Uint8Array): Promise<void> => {
    state.sent += chunk.length;
    return Promise.resolve();
  };
  const close = (): Promise<void> => {
    gone.resolve(undefined);
    return Promise.resolve();
  };
  const opened = Promise.withResolvers<SpdyStream>();
  const connection = new SpdyConnection(
    { incoming: incoming(), send, close },
    systemCompression,
    opened.resolve,
  );
  const running = connection.run();
  return { state, stream: opened.promise, end: () => close().then(() => running) };
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 500; turn += 1) {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

describe('a stream of SPDY', () => {
  it('is read no further than somebody takes it', async () => {
    const { state, stream, end } = client();
    const { incoming } = await stream;
    await turns();
    expect(state.read).toBeLessThanOrEqual(10 * CHUNK);
    let taken = 0;
    for await (const chunk of incoming) taken += chunk.length;
    expect(taken).toBe(CHUNK * CHUNKS);
    await end();
  });

  it('that nobody reads any more holds nothing up', async () => {
    const { state, stream, end } = client();
    for await (const _first of (await stream).incoming) break;
    await turns();
    expect(state.read).toBe(CHUNK * CHUNKS);
    await end();
  });

  it('that has been reset holds nothing up', async () => {
    const { state, stream, end } = client();
    await (await stream).reset();
    await turns();
    expect(state.read).toBe(CHUNK * CHUNKS);
    await end();
  });

  it('is sent whole to a client that never grants a window', async () => {
    const { state, stream, end } = client();
    const one = await stream;
    const { sent } = state;
    await one.send(new Uint8Array(1_000_000));
    expect(state.sent - sent).toBeGreaterThan(1_000_000);
    await one.reset();
    await end();
  });
});
