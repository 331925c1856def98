// Every way to an API server that the contracts run over. With a kubeconfig named by
// SLIPWAY_CONTRACT_KUBECONFIG a real cluster is one of them; SLIPWAY_CONTRACT_LACKS names what it cannot do, with commas:
// `garbage-collector` for an API server alone; `initial-events` for one on an etcd before 3.4.25, which tells no progress
// of watches; `expired-versions` for one that has not run long enough to forget any.
import { serverCertificate } from '../../src/host/certificate.ts';
import { systemClock } from '../../src/host/clock.ts';
import { systemFiles } from '../../src/host/files.ts';
import { systemListener } from '../../src/host/listener.ts';
import { systemProcesses } from '../../src/host/processes.ts';
import { createTransport } from '../../src/host/transport.ts';
import { loadKubeconfig } from '../../src/kube/kubeconfig.ts';
import { base64, bodyOf, utf8 } from '../../src/lib/bytes.ts';
import { ScaledClock } from '../../src/lib/clock.ts';
import type { Clock, HttpRequest, HttpResponse, Transport } from '../../src/lib/ports.ts';
import { seededRandom } from '../../src/lib/random.ts';
import { instant, later, seconds } from '../../src/lib/time.ts';
import { VirtualClock } from '../../src/lib/virtual-clock.ts';
import { toYaml } from '../../src/lib/yaml.ts';
import { createSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { idle } from '../support/cluster.ts';
import { memoryFiles } from '../support/memory-files.ts';
import { startProxy } from '../support/proxy.ts';

/** Answers in the server's place; calls `next` for the true answer. */
export type Interference = (request: HttpRequest, next: Transport) => Promise<HttpResponse>;

export interface Reached {
  readonly transport: Transport;
  readonly clock: Clock;
  /** Awaits work; a virtual clock moves meanwhile. */
  wait<T>(work: Promise<T>): Promise<T>;
  /** Only with servers of our own. */
  readonly own?: {
    /** Stands between the client's connection and the server until it is called without one. */
    interfere(interference?: Interference): void;
    /** Makes versions and places in lists of ConfigMaps that were given so far too old. */
    expireVersions(): void;
  };
  stop(): Promise<void>;
}

export interface ServerRow {
  readonly name: string;
  readonly isOurs: boolean;
  readonly lacks: ReadonlySet<string>;
  start(): Promise<Reached>;
}

/** A minute of the sandbox in 60 ms. */
const SPEED = 1000;
/** Changes of a kind that the sandbox remembers, and some more. */
const MORE_THAN_HISTORY = 4200;

const NOTHING: ReadonlySet<string> = new Set();

function scaledClock(): Clock {
  return new ScaledClock(systemClock, SPEED);
}

function sandboxOn(clock: Clock): Sandbox {
  const onProblem = (what: string, error: Error): void => {
    throw new Error(`${what}: ${error.message}`, { cause: error });
  };
  return createSandbox({ clock, random: seededRandom('contract'), onProblem });
}

/** The sandbox's API with room for an interference, and what makes its versions old. */
function frontOf(sandbox: Sandbox): {
  readonly api: Transport;
  readonly own: NonNullable<Reached['own']>;
} {
  let current: Interference | undefined;
  const api: Transport = (request) =>
    current === undefined ? sandbox.api(request) : current(request, sandbox.api);
  const expireVersions = (): void => {
    const metadata = { name: 'churn', namespace: 'default', uid: 'churn' };
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata };
    for (let turn = 0; turn < MORE_THAN_HISTORY; turn += 1) {
      sandbox.store.put('/configmaps', object);
    }
  };
  const interfere = (interference?: Interference): void => {
    current = interference;
  };
  return { api, own: { interfere, expireVersions } };
}

async function inProcess(): Promise<Reached> {
  const clock = scaledClock();
  const sandbox = sandboxOn(clock);
  await sandbox.start();
  const { api, own } = frontOf(sandbox);
  return {
    transport: api,
    clock,
    wait: (work) => work,
    own,
    stop: () => sandbox.stop(),
  };
}

async function onVirtualClock(): Promise<Reached> {
  const clock = new VirtualClock({ start: instant(Date.UTC(2026, 0, 1)), idle });
  const sandbox = sandboxOn(clock);
  const wait = async <T>(work: Promise<T>): Promise<T> => {
    const state = { isDone: false };
    const end = (): void => {
      state.isDone = true;
    };
    work.then(end, end);
    await clock.runUntil(() => state.isDone, later(clock.now(), seconds(3600)));
    return work;
  };
  await wait(sandbox.start());
  const { api, own } = frontOf(sandbox);
  return {
    transport: api,
    clock,
    wait,
    own,
    stop: () => wait(sandbox.stop()),
  };
}

const TOKEN = 'contract-token';

function unauthorized(): HttpResponse {
  const status = { kind: 'Status', status: 'Failure', reason: 'Unauthorized', code: 401 };
  return { status: 401, headers: {}, body: bodyOf(utf8(JSON.stringify(status))) };
}

async function overHttp(options: { readonly tls: boolean; readonly proxy: boolean }) {
  const clock = scaledClock();
  const sandbox = sandboxOn(clock);
  await sandbox.start();
  const { api, own } = frontOf(sandbox);
  const certificate = options.tls
    ? await serverCertificate({
        names: ['api.contract'],
        addresses: [],
        nowMs: systemClock.now(),
      })
    : undefined;
  const listening = await systemListener.listen({
    handler: (request) =>
      request.headers['authorization'] === `Bearer ${TOKEN}`
        ? api(request)
        : Promise.resolve(unauthorized()),
    ...(certificate === undefined ? {} : { tls: certificate }),
  });
  const proxy = options.proxy ? await startProxy() : undefined;
  const scheme = options.tls ? 'https' : 'http';
  const kubeconfig = kubeconfigText({
    server: `${scheme}://127.0.0.1:${listening.port}`,
    ...(certificate === undefined
      ? {}
      : {
          'certificate-authority-data': base64(utf8(certificate.authorityPem)),
          'tls-server-name': 'api.contract',
        }),
    ...(proxy === undefined ? {} : { 'proxy-url': proxy.url }),
  });
  const files = memoryFiles({ '/kubeconfig': kubeconfig });
  const { close, transport } = await connected(files, '/kubeconfig');
  return {
    transport,
    clock,
    wait: <T>(work: Promise<T>) => work,
    own,
    stop: async () => {
      if (proxy !== undefined && proxy.tunnels.length === 0) {
        throw new Error('nothing went through the proxy');
      }
      close();
      await listening.close();
      await proxy?.close();
      await sandbox.stop();
    },
  };
}

function kubeconfigText(cluster: Readonly<Record<string, string>>): string {
  return toYaml({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'contract', cluster }],
    users: [{ name: 'contract', user: { token: TOKEN } }],
    contexts: [{ name: 'contract', context: { cluster: 'contract', user: 'contract' } }],
    'current-context': 'contract',
  });
}

async function connected(files: typeof systemFiles, kubeconfig: string) {
  const ports = {
    files,
    processes: systemProcesses,
    clock: systemClock,
    env: (name: string) => process.env[name],
  };
  const connection = await loadKubeconfig(ports, { kubeconfig });
  const transport = createTransport(connection);
  return { transport: transport.send, close: () => transport.close() };
}

async function realServer(kubeconfig: string): Promise<Reached> {
  const { transport, close } = await connected(systemFiles, kubeconfig);
  return {
    transport,
    clock: systemClock,
    wait: (work) => work,
    stop: () => {
      close();
      return Promise.resolve();
    },
  };
}

function ours(name: string, start: () => Promise<Reached>): ServerRow {
  return { name, isOurs: true, lacks: NOTHING, start };
}

function realRows(): readonly ServerRow[] {
  const kubeconfig = process.env['SLIPWAY_CONTRACT_KUBECONFIG'] ?? '';
  if (kubeconfig === '') return [];
  const lacks = new Set((process.env['SLIPWAY_CONTRACT_LACKS'] ?? '').split(','));
  const start = () => realServer(kubeconfig);
  return [{ name: 'a real API server', isOurs: false, lacks, start }];
}

export const SERVERS: readonly ServerRow[] = [
  ours('in process on a virtual clock', onVirtualClock),
  ours('in process on a clock that runs', inProcess),
  ours('over HTTP', () => overHttp({ tls: false, proxy: false })),
  ours('over TLS with a token', () => overHttp({ tls: true, proxy: false })),
  ours('over TLS through a proxy', () => overHttp({ tls: true, proxy: true })),
  ...realRows(),
];
