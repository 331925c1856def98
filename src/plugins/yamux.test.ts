// The client of yamux against a peer that is scripted byte by byte.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, utf8, utf8Text } from '../lib/bytes.ts';
import type { ByteStream } from '../lib/ports.ts';
import { openSession } from './yamux.ts';

interface Peer extends ByteStream {
  /** Frames that the client has sent: type, flags, stream, length. */
  readonly frames: (readonly [number, number, number, number])[];
  say(bytes: Uint8Array): void;
  hangUp(): void;
}

function peer(): Peer {
  const frames: Peer['frames'] = [];
  const chunks: Uint8Array[] = [];
  let wake: (() => void) | undefined;
  let isOver = false;
  async function* incoming(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunk = chunks.shift();
      if (chunk !== undefined) yield chunk;
      else if (isOver) return;
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  }
  return {
    frames,
    incoming: incoming(),
    send: (bytes) => {
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      frames.push([view.getUint8(1), view.getUint16(2), view.getUint32(4), view.getUint32(8)]);
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
    say: (bytes) => {
      chunks.push(bytes);
      wake?.();
    },
    hangUp: () => {
      isOver = true;
      wake?.();
    },
  };
}

function frame(type: number, flags: number, stream: number, body: Uint8Array | number): Uint8Array {
  const view = new DataView(new ArrayBuffer(12));
  view.setUint8(1, type);
  view.setUint16(2, flags);
  view.setUint32(4, stream);
  view.setUint32(8, typeof body === 'number' ? body : body.length);
  const header = new Uint8Array(view.buffer);
  return typeof body === 'number' ? header : concat([header, body]);
}

const turns = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('a yamux session', () => {
  it('has a number for every stream, odd ones, and passes on what is for it', async () => {
    const other = peer();
    const session = openSession(other);
    const first = await session.open();
    const second = await session.open();
    expect(other.frames).toEqual([
      [1, 1, 1, 0],
      [1, 1, 3, 0],
    ]);
    // In two pieces, and for the second stream first.
    const bytes = concat([frame(0, 2, 3, utf8('two')), frame(0, 6, 1, utf8('one'))]);
    other.say(bytes.subarray(0, 7));
    other.say(bytes.subarray(7));
    const read = async (stream: ByteStream) => {
      for await (const chunk of stream.incoming) return utf8Text(chunk);
      return undefined;
    };
    expect(await read(second)).toBe('two');
    expect(await read(first)).toBe('one');
    expect(await read(first)).toBeUndefined();
  });

  it('answers pings and refuses streams that it did not ask for', async () => {
    const other = peer();
    openSession(other);
    other.say(concat([frame(2, 1, 0, 77), frame(1, 1, 2, 0)]));
    await turns();
    expect(other.frames).toEqual([
      [2, 2, 0, 77],
      [1, 8, 2, 0],
    ]);
  });

  it('sends no more than the window, and goes on when it is widened', async () => {
    const other = peer();
    const stream = await openSession(other).open();
    const sent = stream.send(new Uint8Array(300 * 1024));
    await turns();
    expect(other.frames.slice(1)).toEqual([[0, 0, 1, 256 * 1024]]);
    other.say(frame(1, 2, 1, 100 * 1024));
    await sent;
    expect(other.frames.slice(2)).toEqual([[0, 0, 1, 44 * 1024]]);
  });

  it('widens the window of its peer as it reads, and ends with one that ignores it', async () => {
    const other = peer();
    const session = openSession(other);
    const stream = await session.open();
    const incoming = stream.incoming[Symbol.asyncIterator]();
    other.say(frame(0, 2, 1, new Uint8Array(200 * 1024)));
    await incoming.next();
    expect(other.frames.at(-1)).toEqual([1, 0, 1, 200 * 1024]);
    other.say(frame(0, 0, 1, new Uint8Array(257 * 1024)));
    expect(await session.ended).toBe('the plugin sent more than it may');
  });

  it.each([
    {
      what: 'the connection ends',
      end: (other: Peer) => other.hangUp(),
      why: 'the connection has ended',
    },
    {
      what: 'the stream is reset',
      end: (other: Peer) => other.say(frame(1, 8, 1, 0)),
      why: 'the plugin has reset the stream',
    },
    {
      what: 'something else is spoken',
      end: (other: Peer) => other.say(utf8('HTTP/1.1 400 Bad Request\r\n\r\n')),
      why: 'the plugin does not speak yamux',
    },
  ])('tells whoever sends and whoever reads when $what', async ({ end, why }) => {
    const other = peer();
    const stream = await openSession(other).open();
    const read = stream.incoming[Symbol.asyncIterator]().next();
    const sent = stream.send(new Uint8Array(300 * 1024));
    sent.catch(() => undefined);
    await turns();
    end(other);
    await expect(read).rejects.toThrow(why);
    await expect(sent).rejects.toThrow(why);
  });

  it('ends with a reason, whatever is said to it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), async (noise) => {
        const other = peer();
        const session = openSession(other);
        await session.open();
        other.say(noise);
        other.hangUp();
        expect(await session.ended).not.toBe('');
      }),
      { numRuns: 500 },
    );
  });
});
