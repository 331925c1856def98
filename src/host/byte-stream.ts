// A socket as two-way bytes that are read no faster than somebody takes them.
import type { Duplex } from 'node:stream';
import type { ByteStream } from '../lib/ports.ts';

export function duplexStream(socket: Duplex): ByteStream {
  // A peer that breaks off is an end of what comes; the other side learns it by its own writes.
  socket.on('error', () => undefined);
  return {
    incoming: chunksOf(socket),
    send: (chunk) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      socket.write(chunk, (error) => {
        if (error === undefined || error === null) resolve();
        else reject(error);
      });
      return promise;
    },
    close: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      if (socket.destroyed) resolve();
      else {
        socket.once('close', () => resolve());
        socket.end(() => resolve());
      }
      return promise;
    },
  };
}

async function* chunksOf(socket: Duplex): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
      yield chunk as Uint8Array;
    }
  } catch {
    // Broken off: nothing more comes.
    return;
  }
}

/** Copies both ways until either side has ended. */
export async function join(first: ByteStream, second: ByteStream): Promise<void> {
  await Promise.race([copy(first, second), copy(second, first)]);
  await Promise.all([first.close(), second.close()]);
}

async function copy(from: ByteStream, to: ByteStream): Promise<void> {
  try {
    for await (const chunk of from.incoming) await to.send(chunk);
  } catch {
    // The receiver is gone; the caller closes both.
    return;
  }
}
