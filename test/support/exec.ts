// Commands in pods of a sandbox, over its own upgrade as kubectl asks for them, without a socket.
import { utf8Text } from '../../src/lib/bytes.ts';
import type { ByteStream, UpgradeRequest } from '../../src/lib/ports.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';

export interface Executed {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

interface ExecStatus {
  readonly status: string;
  readonly details?: { readonly causes?: readonly { readonly message: string }[] };
}

/** Runs a command in a pod of the namespace `default` and gives what it printed. */
export async function execute(
  { upgrade }: Sandbox,
  pod: string,
  command: readonly string[],
): Promise<Executed> {
  const texts = ['', '', '', ''];
  const open = Promise.withResolvers<undefined>();
  /** Nothing is typed until the command is over. */
  async function* incoming(): AsyncGenerator<Uint8Array> {
    await open.promise;
    yield* [];
  }
  const stream: ByteStream = {
    incoming: incoming(),
    send: async (chunk) => {
      const channel = chunk[0] ?? 0;
      texts[channel] = (texts[channel] ?? '') + utf8Text(chunk.subarray(1));
    },
    close: async () => open.resolve(undefined),
  };
  const words = command.map((word) => `command=${encodeURIComponent(word)}`).join('&');
  const request: UpgradeRequest = {
    method: 'GET',
    path: `/api/v1/namespaces/default/pods/${pod}/exec?stdout=true&stderr=true&${words}`,
    headers: {},
    protocol: 'websocket',
    offers: ['v5.channel.k8s.io'],
    accept: () => Promise.resolve(stream),
    refuse: ({ status }) => Promise.reject(new Error(`exec was refused with ${status}`)),
  };
  await upgrade(request);
  const { status, details } = JSON.parse(texts[3] ?? '{}') as ExecStatus;
  const code = status === 'Success' ? 0 : Number(details?.causes?.[0]?.message ?? 1);
  return { code, out: texts[1] ?? '', err: texts[2] ?? '' };
}
