// A sandbox with our controller on it, on a virtual clock: what scenarios, traces and laws are played on.
import { AsyncLocalStorage } from 'node:async_hooks';
import { systemCompression } from '../../src/host/compression.ts';
import { createClient, type KubeClient } from '../../src/kube/client.ts';
import { createEventRecorder } from '../../src/kube/events.ts';
import {
  type Controller,
  type ControllerOptions,
  createController,
} from '../../src/controller/controller.ts';
import { createLog, SILENT } from '../../src/controller/log.ts';
import { Metrics } from '../../src/controller/metrics/metrics.ts';
import { observed } from '../../src/kube/request-facts.ts';
import { seededRandom } from '../../src/lib/random.ts';
import {
  type Clock,
  type HttpRequest,
  type HttpResponse,
  type Transport,
  TransportError,
} from '../../src/lib/ports.ts';
import { instant, type Instant, milliseconds } from '../../src/lib/time.ts';
import { VirtualClock } from '../../src/lib/virtual-clock.ts';
import { pluginAnswers } from '../../src/plugins/answers.ts';
import { measureWith } from '../../src/providers/measure.ts';
import type { PluginStand } from './plugins.ts';
import { type Rights, watchRights } from './rights.ts';
import { createSandbox, PROMETHEUS_HOSTS, type Sandbox } from '../../src/sandbox/sandbox.ts';
import type { Author } from '../sim/checkers/checker.ts';
import { type Broken, textOf, watchPromises } from '../sim/checkers/watch.ts';

export interface ClusterOptions {
  readonly seed?: string;
  readonly start?: Instant;
  readonly podStartMs?: number;
  readonly podStopMs?: number;
  /** What answers at any address of a provider; the sandbox's own Prometheus if absent. */
  readonly metrics?: Transport;
  /** Sees every request of the controller before it is sent; may throw in its place. */
  readonly onRequest?: (request: HttpRequest) => void;
  /** Answers the controller in the API server's place; calls `next` for the true answer. */
  readonly intercept?: (request: HttpRequest, next: Transport) => Promise<HttpResponse>;
  /** Makes the controller's clock of the cluster's, to watch its use. */
  readonly controllerClock?: (clock: Clock) => Clock;
  /** Sees every line of the controller's log. */
  readonly onLog?: (line: string) => void;
  /** The controller's propagation delay; 0 if absent, as the reference's timing is. */
  readonly propagationDelayMs?: number;
  /** How late the sandbox's own mesh learns of changes; at once if absent. */
  readonly meshLagMs?: number;
  /** Settings of the controller that its flags make. */
  readonly settings?: Pick<ControllerOptions, 'onlyAnalysis' | 'resync'>;
  readonly verbose?: boolean;
  /** What this cluster breaks is looked at by the test itself, instead of failing when it is stopped. */
  readonly breaksPromises?: boolean;
  /** The one that the controller watches; all if absent. */
  readonly namespace?: string;
  /** There is no controller until `restart`. */
  readonly isUncontrolled?: boolean;
  /** Programs that measure, route and take steps; none if absent. */
  readonly plugins?: Pick<PluginStand, 'plugins' | 'answered'>;
}

const NO_CONTROLLER: Controller = {
  start: () => Promise.resolve(),
  stopWriting: () => Promise.resolve(),
  stop: () => Promise.resolve(),
  busy: 0,
  hasManyUpdates: false,
};

export interface Cluster {
  readonly clock: VirtualClock;
  readonly sandbox: Sandbox;
  readonly client: KubeClient;
  /** Promises of design.md "Traffic safety" that the API server's log shows broken so far. */
  readonly broken: readonly Broken[];
  /** What the controller has asked for, and what of it its installation does not grant. */
  readonly rights: Rights;
  controller: Controller;
  /** What the present controller counts. */
  metrics: Metrics;
  /** Lets time pass. */
  advance(ms: number): Promise<void>;
  /** Stops the controller at once and starts a new one. */
  restart(): Promise<void>;
  /** Lets everything that is due happen, without time passing. */
  settle(): Promise<void>;
  /** Ends it; fails if a promise was broken, or something was asked for that no installation grants. */
  stop(): Promise<void>;
}

/** Some real turns of the runtime, until what is under way has been done. */
export async function idle(): Promise<void> {
  for (let turn = 0; turn < 8; turn += 1) {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

/** Plugins are programs and take real time: nothing else goes on meanwhile. */
async function idleWith(plugins: ClusterOptions['plugins']): Promise<void> {
  await idle();
  if (plugins === undefined) return;
  await plugins.answered();
  await idle();
}

const START = Date.UTC(2026, 0, 1);

export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const clock = new VirtualClock({
    start: options.start ?? instant(START),
    idle: () => idleWith(options.plugins),
  });
  const random = seededRandom(options.seed ?? 'cluster');
  const problems: string[] = [];
  const sandbox = createSandbox({
    clock,
    random,
    compression: systemCompression,
    propagation: milliseconds(options.meshLagMs ?? 0),
    podStartDelay: milliseconds(options.podStartMs ?? 300),
    podStopDelay: milliseconds(options.podStopMs ?? 300),
    onProblem: (what, error) => problems.push(`${what}: ${error.message}`),
  });
  const starting = sandbox.start();
  await drive(clock, starting);
  const client = createClient({ transport: sandbox.api, userAgent: 'test' });
  // Whoever sends a request is the author of what changes while it is answered.
  const authors = new AsyncLocalStorage<Author>();
  const broken = watchPromises({
    store: sandbox.store,
    author: () => authors.getStore() ?? 'other',
    now: () => clock.now(),
  });
  const rights = watchRights(options.namespace);
  const api: Transport = (request) => authors.run('controller', () => sandbox.api(request));
  const begin = async (metrics: Metrics): Promise<Controller> => {
    const controller = controllerOn(sandbox, {
      clock,
      options,
      api,
      metrics,
      rights,
      seed: options.seed ?? 'cluster',
    });
    await drive(clock, controller.start());
    return controller;
  };
  const metrics = metricsOn(clock);
  const cluster: Cluster = {
    clock,
    sandbox,
    client,
    broken,
    rights,
    controller: options.isUncontrolled === true ? NO_CONTROLLER : await begin(metrics),
    metrics,
    advance: (ms) => clock.advance(milliseconds(ms)),
    settle: () => clock.advance(milliseconds(0)),
    restart: async () => {
      await drive(clock, cluster.controller.stop());
      cluster.metrics = metricsOn(clock);
      cluster.controller = await begin(cluster.metrics);
    },
    stop: async () => {
      await drive(clock, cluster.controller.stop());
      await drive(clock, sandbox.stop());
      if (rights.missing.size > 0) {
        throw new Error(
          `src/cli/install/rules.ts does not grant: ${[...rights.missing].join(', ')}`,
        );
      }
      if (problems.length > 0) {
        throw new Error(`the sandbox has problems:\n${problems.join('\n')}`);
      }
      if (options.breaksPromises === true || broken.length === 0) return;
      throw new Error(`promises were broken:\n${broken.map(textOf).join('\n')}`);
    },
  };
  return cluster;
}

/**
 * Plays `story` on a cluster of its own and stops that in any case. A story that fails breaks promises as well, as a rule:
 * its own error is the one that is thrown, what the end says is its cause.
 */
export async function withCluster<T>(
  options: ClusterOptions,
  story: (cluster: Cluster) => Promise<T>,
): Promise<T> {
  const cluster = await startCluster(options);
  let outcome: T;
  try {
    outcome = await story(cluster);
  } catch (error) {
    await cluster.stop().catch((late: unknown) => {
      if (error instanceof Error) error.cause ??= late;
    });
    throw error;
  }
  await cluster.stop();
  return outcome;
}

function metricsOn(clock: VirtualClock): Metrics {
  const build = { version: 'v1.2.3', commit: 'abc', runtime: 'node', machine: 'amd64' };
  return new Metrics({ clock, leads: () => true, build });
}

/** Lets the clock turn (without moving far) until `work` is done. */
async function drive(clock: VirtualClock, work: Promise<void>): Promise<void> {
  const state = { isDone: false };
  const watched = work.finally(() => {
    state.isDone = true;
  });
  // A failure is reported by the await below, not by the runtime.
  watched.catch(() => undefined);
  for (let turn = 0; turn < 200 && !state.isDone; turn += 1) {
    await clock.advance(milliseconds(1));
  }
  await watched;
}

/** Our controller on an API server, with the Prometheus that stands at the in-cluster address. */
export function controllerOn(
  { prometheus }: Pick<Sandbox, 'prometheus'>,
  {
    clock,
    options,
    api,
    metrics,
    rights,
    seed,
    namespace,
  }: {
    readonly clock: Clock;
    readonly options: ClusterOptions;
    readonly api: Transport;
    /** Absent: nobody looks at what it counts, or at what it asks for. */
    readonly metrics?: Metrics;
    readonly rights?: Rights;
    readonly seed: string;
    /** All if absent. */
    readonly namespace?: string;
  },
): Controller {
  const transport: Transport = (request) => {
    rights?.see(request);
    options.onRequest?.(request);
    return options.intercept?.(request, api) ?? api(request);
  };
  const counted = observed(transport, (facts, status) => metrics?.requested(facts, status));
  const client = createClient({ transport: counted, userAgent: 'slipway-controller' });
  const log =
    options.verbose === true || options.onLog !== undefined
      ? createLog({
          clock,
          level: 'debug',
          format: 'text',
          write: options.onLog ?? ((line) => process.stderr.write(line)),
        })
      : SILENT;
  const events = createEventRecorder({
    client,
    clock,
    component: 'rollouts-controller',
    onProblem: (error) => log.warn('event lost', { cause: error.message }),
  });
  const asked =
    options.plugins === undefined
      ? undefined
      : pluginAnswers(options.plugins.plugins, (text) => log.warn('plugin', { cause: text }));
  const measure = measureWith({
    clock,
    env: () => undefined,
    jobs: { client, isElsewhere: false },
    ...(asked === undefined ? {} : { plugins: asked.measuring }),
    connect: (server) => {
      if (options.metrics !== undefined) return options.metrics;
      const host = server.replace(/^https?:\/\//, '');
      if (PROMETHEUS_HOSTS.includes(host)) return prometheus;
      return () => Promise.reject(new TransportError('refused', `nothing listens at ${host}`));
    },
  });
  const own = namespace ?? options.namespace;
  return createController({
    client,
    clock: options.controllerClock?.(clock) ?? clock,
    random: seededRandom(`${seed}/controller`),
    measure,
    ...(own === undefined ? {} : { namespace: own }),
    ...(asked === undefined ? {} : { plugins: asked.answers }),
    events,
    log,
    ...(metrics === undefined ? {} : { metrics }),
    ...options.settings,
    propagationDelay: milliseconds(options.propagationDelayMs ?? 0),
  });
}
