// exec, attach and port-forward: connections that leave HTTP (kubectl-protocol: exec, port-forward).
// Entry point: `podUpgrade`.
import type { Pod } from '../../api/kubernetes.ts';
import { concat, utf8 } from '../../lib/bytes.ts';
import { cancellation } from '../../lib/clock.ts';
import type { ByteStream, Compression, Upgrade, UpgradeRequest } from '../../lib/ports.ts';
import { answer } from './answers.ts';
import { containerOf, requireUnfinished } from './pod-containers.ts';
import type { ExecOptions, PodStreams } from './pod-streams.ts';
import { type ApiRequest, parameter } from './request.ts';
import type { ApiServer } from './server.ts';
import { badRequest, RequestError } from './status-error.ts';
import { SpdyConnection, type SpdyStream } from './spdy.ts';

export interface PodConnectionsOptions {
  readonly server: ApiServer;
  readonly streams: PodStreams;
  readonly compression: Compression;
}

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const STATUS = 3;
const CLOSE = 255;
/** Best first; both frame their channels alike. */
const EXEC_PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'] as const;
const TUNNEL = 'SPDY/3.1+portforward.k8s.io';
const PORT_FORWARD = 'portforward.k8s.io';

/** Answers upgrade requests of the API server. */
export function podUpgrade(options: PodConnectionsOptions): Upgrade {
  return async (request) => {
    try {
      const { pod, request: parsed } = options.server.podOf(request.path);
      switch (parsed.subresource) {
        case 'exec':
        case 'attach':
          return await execute(options, { request, parsed, pod });
        case 'portforward':
          return await forward(options, request, pod);
        default:
          throw badRequest('this path cannot be upgraded');
      }
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      await request.refuse(answer(error.body.code, error.body));
    }
  };
}

interface ExecRequest {
  readonly request: UpgradeRequest;
  readonly parsed: ApiRequest;
  readonly pod: Pod;
}

async function execute(
  { streams }: PodConnectionsOptions,
  { request, parsed, pod }: ExecRequest,
): Promise<void> {
  // Clients try again over the older protocol and show only what that said: the pod comes first.
  const container = containerOf(pod, parsed);
  requireUnfinished(pod);
  if (request.protocol !== 'websocket') {
    throw badRequest('exec is served over WebSockets here: use kubectl 1.30 or later');
  }
  const subprotocol = EXEC_PROTOCOLS.find((one) => request.offers.includes(one));
  if (subprotocol === undefined) {
    throw badRequest(
      `exec speaks ${EXEC_PROTOCOLS.join(' and ')}; offered: ${request.offers.join(', ')}`,
    );
  }
  const connection = await request.accept({ subprotocol });
  const gone = cancellation();
  const stdin = new Stdin(connection, () => gone.now());
  void stdin.run();
  const write = (channel: number) => (chunk: Uint8Array) =>
    connection.send(concat([Uint8Array.of(channel), chunk]));
  const run = parsed.subresource === 'attach' ? attach : exec;
  const status = await statusOf(() =>
    run(streams, pod, {
      container,
      command: parsed.query.get('command') ?? [],
      tty: parameter(parsed, 'tty') === 'true',
      stdin: parameter(parsed, 'stdin') === 'true' ? stdin : undefined,
      stdout: write(STDOUT),
      stderr: write(STDERR),
      cancel: gone.cancel,
    }),
  );
  if (gone.cancel.cancelled) return;
  await write(STATUS)(utf8(JSON.stringify(status)));
  await connection.close(1000);
}

function exec(streams: PodStreams, pod: Pod, options: ExecOptions): Promise<number> {
  return streams.exec(pod, options);
}

/** What the container prints from now on; what its client types reaches nobody. */
async function attach(
  streams: PodStreams,
  pod: Pod,
  { container, stdout, cancel }: ExecOptions,
): Promise<number> {
  const lines = streams.log(pod, {
    container,
    follow: true,
    tailLines: 0,
    sinceSeconds: undefined,
    timestamps: false,
    previous: false,
    cancel,
  });
  for await (const line of lines) await stdout(line);
  return 0;
}

/** How a command ended, as clients read it. */
async function statusOf(run: () => Promise<number>): Promise<unknown> {
  try {
    const code = await run();
    if (code === 0) return { metadata: {}, status: 'Success' };
    return {
      metadata: {},
      status: 'Failure',
      reason: 'NonZeroExitCode',
      message: `command terminated with non-zero exit code: exit status ${code}`,
      details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
    };
  } catch (error) {
    if (error instanceof RequestError) return error.body;
    const message = error instanceof Error ? error.message : String(error);
    return { metadata: {}, status: 'Failure', reason: 'InternalError', message, code: 500 };
  }
}

/** What the client types; other channels are told apart here. */
class Stdin implements AsyncIterable<Uint8Array> {
  readonly #connection: ByteStream;
  readonly #onGone: () => void;
  readonly #chunks: Uint8Array[] = [];
  #isEnded = false;
  #wake: () => void = () => undefined;

  constructor(connection: ByteStream, onGone: () => void) {
    this.#connection = connection;
    this.#onGone = onGone;
  }

  async run(): Promise<void> {
    for await (const message of this.#connection.incoming) {
      const [channel] = message;
      if (channel === STDIN && message.length > 1) this.#chunks.push(message.subarray(1));
      if (channel === CLOSE && message[1] === STDIN) this.#isEnded = true;
      this.#wake();
    }
    this.#isEnded = true;
    this.#wake();
    this.#onGone();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        yield chunk;
        continue;
      }
      if (this.#isEnded) return;
      const { promise, resolve } = Promise.withResolvers<undefined>();
      this.#wake = () => resolve(undefined);
      await promise;
    }
  }
}

async function forward(
  options: PodConnectionsOptions,
  request: UpgradeRequest,
  pod: Pod,
): Promise<void> {
  const isTunnel = request.protocol === 'websocket';
  if (isTunnel && !request.offers.includes(TUNNEL)) {
    throw badRequest(`port-forward speaks ${TUNNEL}; offered: ${request.offers.join(', ')}`);
  }
  const connection = await request.accept(
    isTunnel ? { subprotocol: TUNNEL } : { headers: { 'X-Stream-Protocol-Version': PORT_FORWARD } },
  );
  const errors = new Map<string, SpdyStream>();
  const spdy = new SpdyConnection(connection, options.compression, (stream) => {
    const id = stream.headers['requestid'] ?? '';
    if (stream.headers['streamtype'] === 'error') {
      errors.set(id, stream);
      return;
    }
    const error = errors.get(id);
    errors.delete(id);
    void copy(options, pod, { data: stream, error });
  });
  await spdy.run();
}

interface Pair {
  readonly data: SpdyStream;
  readonly error: SpdyStream | undefined;
}

/** Copies both ways between the client and the pod's port. */
async function copy(
  { streams }: PodConnectionsOptions,
  pod: Pod,
  { data, error }: Pair,
): Promise<void> {
  const port = Number(data.headers['port']);
  try {
    const target = await streams.connect(pod, port);
    const towards = async (): Promise<void> => {
      for await (const chunk of data.incoming) await target.send(chunk);
      await target.close();
    };
    // The client may keep its side open, or be cut off: what it still sends has nowhere to go.
    const sending = towards().catch(() => undefined);
    for await (const chunk of target.incoming) await data.send(chunk);
    await data.end();
    await error?.end();
    await sending;
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    const told = `error forwarding port ${port} to pod ${pod.metadata.name}: ${text}`;
    await tell({ data, error }, told).catch(() => undefined);
  }
}

/** Why there is no connection; the client may be gone by now. */
async function tell({ data, error }: Pair, text: string): Promise<void> {
  await error?.send(utf8(text));
  await error?.end();
  await data.reset();
}
