// Two-way bytes on their way through the mesh.
import type { ByteStream } from '../../lib/ports.ts';

/** The same stream, its length and its end told. */
export function countedStream(stream: ByteStream, onEnd: (bytes: number) => void): ByteStream {
  let bytes = 0;
  let isOver = false;
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    onEnd(bytes);
  };
  async function* incoming(): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of stream.incoming) {
        bytes += chunk.length;
        yield chunk;
      }
    } finally {
      end();
    }
  }
  return {
    incoming: incoming(),
    send: (chunk) => stream.send(chunk),
    close: async (code) => {
      await stream.close(code);
      end();
    },
  };
}
