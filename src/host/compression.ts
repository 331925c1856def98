// zlib streams with a preset dictionary, flushed after every piece (SPDY header blocks).
import { constants, createDeflate, createInflate, type Zlib } from 'node:zlib';
import type { Transform } from 'node:stream';
import type { Compression, ZlibStream } from '../lib/ports.ts';

type ZlibTransform = Transform & Zlib;

/** Everything that the stream has ready. */
function ready(stream: Transform): Uint8Array {
  const chunks: Buffer[] = [];
  for (let chunk: unknown = stream.read(); chunk !== null; chunk = stream.read()) {
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

function pieces(stream: ZlibTransform): ZlibStream {
  return {
    push: (chunk) => {
      const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
      stream.once('error', reject);
      stream.write(chunk);
      stream.flush(constants.Z_SYNC_FLUSH, () => {
        stream.off('error', reject);
        resolve(ready(stream));
      });
      return promise;
    },
  };
}

export const systemCompression: Compression = {
  deflater: (dictionary) => pieces(createDeflate({ dictionary })),
  inflater: (dictionary) => pieces(createInflate({ dictionary })),
};
