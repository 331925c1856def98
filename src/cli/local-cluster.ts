// A sandbox with our controller, made reachable for kubectl: certificate, token, kubeconfig, wrappers of our programs.
// What `slipway sandbox` and `slipway demo` stand on. Entry point: `startLocalCluster`.
import { createController } from '../controller/controller.ts';
import type { Log } from '../controller/log.ts';
import { serverCertificate } from '../host/certificate.ts';
import { systemClock } from '../host/clock.ts';
import { systemCompression } from '../host/compression.ts';
import { systemDialer } from '../host/dialer.ts';
import { systemListener } from '../host/listener.ts';
import { systemProxy } from '../host/proxy.ts';
import { createSockets } from '../host/sockets.ts';
import { createTransports } from '../host/transports.ts';
import { createClient, type KubeClient } from '../kube/client.ts';
import { createEventRecorder } from '../kube/events.ts';
import { base64, bodyOf, utf8 } from '../lib/bytes.ts';
import type {
  Clock,
  Database,
  Duration,
  Files,
  HttpResponse,
  Listening,
  Random,
  Transport,
  Upgrade,
} from '../lib/ports.ts';
import { uuid } from '../lib/random.ts';
import { toYaml } from '../lib/yaml.ts';
import { seconds } from '../lib/time.ts';
import { pluginAnswers } from '../plugins/answers.ts';
import { measureWith } from '../providers/measure.ts';
import {
  createSandbox,
  PROMETHEUS_HOSTS,
  type Sandbox,
  type SandboxOptions,
} from '../sandbox/sandbox.ts';
import type { Program } from './command.ts';
import type { RealPrometheus } from './real-prometheus.ts';
import { MESH_FILE } from './places.ts';
import { livePlugins } from './plugins.ts';
import { wrapperFolder } from './wrappers.ts';

export interface LocalClusterOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly files: Files;
  readonly env: (name: string) => string | undefined;
  readonly log: Log;
  readonly program: Program;
  /** Where kubeconfig and wrappers are written. */
  readonly folder: string;
  /** 0: a free one. */
  readonly port: number;
  /** Port of the mesh; 0 or absent: a free one. */
  readonly proxyPort?: number;
  readonly database?: Database;
  /** Settings of the mesh. */
  readonly sandbox?: MeshSettings;
  /**
   * What answers in the place of the built-in Prometheus, whose own address it is given. Ending it is the caller's part.
   */
  readonly openPrometheus?: (source: string) => Promise<RealPrometheus | undefined>;
  /** How late the data plane may learn of a change. */
  readonly propagationDelay: Duration;
  /** How long a plugin may take for one answer; a minute if absent. */
  readonly pluginTimeout?: Duration;
}

export type MeshSettings = Pick<
  SandboxOptions,
  'propagation' | 'workloadNaming' | 'scrapeInterval'
>;

export interface LocalCluster {
  readonly server: string;
  readonly kubeconfig: string;
  /** Folder with `slipway` and `kubectl-argo-rollouts`. */
  readonly programs: string;
  /** The built-in one, which also exposes its series. */
  readonly prometheus: string;
  /** What answers at the in-cluster address in its place. */
  readonly realPrometheus?: RealPrometheus;
  /** The mesh for requests of this machine: any Service by its Host header. */
  readonly proxy: string;
  readonly client: KubeClient;
  /** The same way into the mesh without a socket. */
  readonly mesh: Transport;
  stop(): Promise<void>;
}

/** Starts everything; resolves when it is ready. Throws `ListenError` when the port is taken. */
export async function startLocalCluster(options: LocalClusterOptions): Promise<LocalCluster> {
  const { clock, random, log, database } = options;
  const sockets = createSockets();
  const sandbox = createSandbox({
    clock,
    random,
    listener: systemListener,
    dialer: systemDialer,
    compression: systemCompression,
    sockets,
    ...options.sandbox,
    ...(database === undefined ? {} : { database }),
    onProblem: (what, error) => log.warn(what, { cause: error.message }),
  });
  const prometheus = await systemListener.listen({ handler: sandbox.prometheus });
  const prometheusUrl = `http://${prometheus.address}:${prometheus.port}`;
  const realPrometheus = await options.openPrometheus?.(prometheusUrl);
  const token = uuid(random);
  const access = await openAccess(options, sandbox, token);
  const proxy = await systemProxy.listen({
    handler: sandbox.mesh.send,
    switchProtocols: sandbox.mesh.switchProtocols,
    port: options.proxyPort ?? 0,
  });
  const proxyUrl = `http://${proxy.address}:${proxy.port}`;
  await options.files.write(options.files.join(options.folder, MESH_FILE), `${proxyUrl}\n`);
  await sandbox.start();
  const { controller, plugins } = controllerOn(options, sandbox, realPrometheus);
  await controller.start();
  return {
    server: access.server,
    kubeconfig: access.kubeconfig,
    programs: await wrapperFolder(options.files, options.folder, options.program),
    proxy: proxyUrl,
    prometheus: prometheusUrl,
    ...(realPrometheus === undefined ? {} : { realPrometheus }),
    client: sandbox.client,
    mesh: sandbox.mesh.send,
    stop: async () => {
      await Promise.all([controller.stop(), plugins.stop()]);
      await access.listening.close();
      await prometheus.close();
      await proxy.close();
      await sockets.close();
      await sandbox.stop();
    },
  };
}

interface Access {
  readonly server: string;
  readonly kubeconfig: string;
  readonly listening: Listening;
}

async function openAccess(
  { files, folder, port }: LocalClusterOptions,
  sandbox: Sandbox,
  token: string,
): Promise<Access> {
  const certificate = await serverCertificate({
    names: ['localhost', 'kubernetes.default.svc'],
    addresses: ['127.0.0.1'],
    nowMs: systemClock.now(),
  });
  const listening = await systemListener.listen({
    port,
    handler: guarded(sandbox.api, token),
    upgrade: guardedUpgrade(sandbox.upgrade, token),
    tls: certificate,
  });
  const server = `https://${listening.address}:${listening.port}`;
  const kubeconfig = files.join(folder, 'kubeconfig');
  const text = kubeconfigText({ server, authorityPem: certificate.authorityPem, token });
  await files.write(kubeconfig, text, { private: true });
  return { server, kubeconfig, listening };
}

function kubeconfigText(access: {
  readonly server: string;
  readonly authorityPem: string;
  readonly token: string;
}): string {
  const name = 'slipway-sandbox';
  const authority = base64(utf8(access.authorityPem));
  return toYaml({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name, cluster: { server: access.server, 'certificate-authority-data': authority } },
    ],
    users: [{ name, user: { token: access.token } }],
    contexts: [{ name, context: { cluster: name, user: name, namespace: 'default' } }],
    'current-context': name,
  });
}

function unauthorized(): HttpResponse {
  const body = utf8(
    JSON.stringify({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'Unauthorized',
      reason: 'Unauthorized',
      code: 401,
    }),
  );
  return { status: 401, headers: { 'content-type': 'application/json' }, body: bodyOf(body) };
}

/** Nobody else on the machine gets in: the token is in the kubeconfig that only its user can read. */
function guarded(api: Transport, token: string): Transport {
  return (request) =>
    request.headers['authorization'] === `Bearer ${token}`
      ? api(request)
      : Promise.resolve(unauthorized());
}

function guardedUpgrade(upgrade: Upgrade, token: string): Upgrade {
  return (request) =>
    request.headers['authorization'] === `Bearer ${token}`
      ? upgrade(request)
      : request.refuse(unauthorized());
}

/** Where the reference's own manifests put the ConfigMap of plugins. */
const PLUGIN_NAMESPACE = 'argo-rollouts';
const PLUGIN_TIMEOUT = seconds(60);

function controllerOn(
  options: LocalClusterOptions,
  sandbox: Sandbox,
  realPrometheus: RealPrometheus | undefined,
) {
  const { clock, random, log, env, propagationDelay } = options;
  const client = createClient({ transport: sandbox.api, userAgent: 'slipway-controller' });
  const connect = createTransports();
  const plugins = livePlugins({
    client,
    clock: systemClock,
    log,
    namespace: PLUGIN_NAMESPACE,
    files: options.files,
    folder: options.folder,
    callLimit: options.pluginTimeout ?? PLUGIN_TIMEOUT,
  });
  const asked = pluginAnswers(plugins, (text) => log.warn('plugin', { cause: text }));
  const measure = measureWith({
    clock,
    env,
    jobs: { client, isElsewhere: false },
    plugins: asked.measuring,
    connect: (server, options) => {
      const host = server.replace(/^https?:\/\//, '');
      if (!PROMETHEUS_HOSTS.includes(host)) return connect(server, options);
      return realPrometheus?.connect(options) ?? sandbox.prometheus;
    },
  });
  const controller = createController({
    client,
    clock,
    random,
    log,
    measure,
    plugins: asked.answers,
    propagationDelay,
    events: createEventRecorder({
      client,
      clock,
      component: 'rollouts-controller',
      onProblem: (error) => log.warn('event lost', { cause: error.message }),
    }),
  });
  return { controller, plugins };
}
