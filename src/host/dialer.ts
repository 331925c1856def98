// Plain connections: TCP, and sockets of this machine.
import { connect } from 'node:net';
import { type ByteStream, type DialAddress, type Dialer, TransportError } from '../lib/ports.ts';
import { duplexStream } from './byte-stream.ts';

function open(where: DialAddress) {
  return 'path' in where
    ? { socket: connect({ path: where.path }), text: where.path }
    : {
        socket: connect({ host: where.address, port: where.port }),
        text: `${where.address}:${where.port}`,
      };
}

export const systemDialer: Dialer = {
  connect({ cancel, ...where }) {
    const { promise, resolve, reject } = Promise.withResolvers<ByteStream>();
    const { socket, text } = open(where);
    const stop = cancel?.onCancel(() => socket.destroy());
    socket.once('connect', () => resolve(duplexStream(socket)));
    socket.once('close', () => stop?.());
    socket.once('error', (error: NodeJS.ErrnoException) => {
      const kind = error.code === 'ECONNREFUSED' ? 'refused' : 'other';
      reject(new TransportError(kind, `cannot connect to ${text}: ${error.message}`));
    });
    return promise;
  },
};
