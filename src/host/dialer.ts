// Plain TCP connections.
import { connect } from 'node:net';
import { type ByteStream, type Dialer, TransportError } from '../lib/ports.ts';
import { duplexStream } from './byte-stream.ts';

export const systemDialer: Dialer = {
  connect({ address, port, cancel }) {
    const { promise, resolve, reject } = Promise.withResolvers<ByteStream>();
    const socket = connect({ host: address, port });
    const stop = cancel?.onCancel(() => socket.destroy());
    socket.once('connect', () => resolve(duplexStream(socket)));
    socket.once('close', () => stop?.());
    socket.once('error', (error: NodeJS.ErrnoException) => {
      const kind = error.code === 'ECONNREFUSED' ? 'refused' : 'other';
      reject(new TransportError(kind, `cannot connect to ${address}:${port}: ${error.message}`));
    });
    return promise;
  },
};
