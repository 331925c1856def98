// zlib streams with a preset dictionary, flushed after every piece (SPDY header blocks).
import { constants, createDeflate, createInflate, type Zlib } from 'node:zlib';
import type { Compression, ZlibStream } from '../lib/ports.ts';

/** The synchronous way into a zlib stream; it is not in the public types. */
interface SyncZlib extends Zlib {
  _processChunk(chunk: Uint8Array, flush: number): Uint8Array;
}

function pieces(stream: Zlib): ZlibStream {
  const zlib = stream as SyncZlib;
  return {
    push: (chunk) => zlib._processChunk(chunk, constants.Z_SYNC_FLUSH),
  };
}

export const systemCompression: Compression = {
  deflater: (dictionary) => pieces(createDeflate({ dictionary })),
  inflater: (dictionary) => pieces(createInflate({ dictionary })),
};
