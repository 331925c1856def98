// A way to a server that can be shut for answers: what was asked for is done, and whoever asked does not learn of it yet.
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Gate {
  /** Where the server is reached through it. */
  readonly server: string;
  /** Answers wait from now on. */
  hold(): void;
  /** They arrive. */
  open(): void;
  close(): Promise<void>;
}

/** Bytes are passed on as they are: TLS is between the two ends. */
export async function startGate(server: string): Promise<Gate> {
  const { hostname, port } = new URL(server);
  const [asking, answering] = [new Set<Socket>(), new Set<Socket>()];
  let isOpen = true;
  const listening = createServer((client) => {
    const target = connect(Number(port), hostname);
    asking.add(client);
    answering.add(target);
    client.pipe(target);
    target.on('data', (bytes) => client.write(bytes));
    if (!isOpen) target.pause();
    const end = (): void => {
      client.destroy();
      target.destroy();
      asking.delete(client);
      answering.delete(target);
    };
    for (const socket of [client, target]) socket.on('error', end).on('close', end);
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  listening.listen(0, '127.0.0.1', resolve);
  await promise;
  return {
    server: `https://127.0.0.1:${(listening.address() as AddressInfo).port}`,
    hold: () => {
      isOpen = false;
      for (const socket of answering) socket.pause();
    },
    open: () => {
      isOpen = true;
      for (const socket of answering) socket.resume();
    },
    close: async () => {
      for (const socket of asking) socket.destroy();
      const closed = Promise.withResolvers<void>();
      listening.close(() => closed.resolve());
      await closed.promise;
    },
  };
}
