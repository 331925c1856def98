// The sandbox: API server, workloads and node in one process, on whatever clock it is given (design.md "The sandbox").
// It knows nothing of our controller, which talks to it as to any cluster. Entry point: `createSandbox`.
import { crds } from '../api/crds.ts';
import type { KubeObject } from '../api/object.ts';
import { CRDS, NAMESPACES, PODS, SERVICE_ACCOUNTS } from '../api/resources.ts';
import { createClient, type KubeClient } from '../kube/client.ts';
import { ApiError } from '../kube/errors.ts';
import { createEventRecorder } from '../kube/events.ts';
import type {
  Clock,
  Compression,
  Database,
  Dialer,
  Duration,
  Listener,
  Random,
  Sockets,
  Transport,
  Upgrade,
} from '../lib/ports.ts';
import { seededRandom, uuid } from '../lib/random.ts';
import { milliseconds } from '../lib/time.ts';
import { podUpgrade } from './apiserver/pod-connections.ts';
import type { PodStreams } from './apiserver/pod-streams.ts';
import { createApiServer } from './apiserver/server.ts';
import { Store } from './apiserver/store.ts';
import type { Entry } from './mesh/engine-entry.ts';
import type { WorkloadNaming } from './mesh/telemetry-labels.ts';
import { meshKinds } from './mesh-kinds.ts';
import { createMeshNetwork, type MeshNetwork } from './mesh-network.ts';
import { prometheusApi } from './metrics/api.ts';
import { type Collector, createCollector } from './metrics/collect.ts';
import { SeriesStore } from './metrics/store.ts';
import { createNode, type Node } from './node/agent.ts';
import { createWorkloads, type Workloads } from './workloads/workloads.ts';

export interface SandboxOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** For ports of pods; without them they cannot be forwarded. */
  readonly listener?: Listener;
  readonly dialer?: Dialer;
  /** For port-forward. */
  readonly compression?: Compression;
  /** Where the cluster's state outlives the process. */
  readonly database?: Database;
  /** From a pod's binding to its readiness. */
  readonly podStartDelay?: Duration;
  readonly podStopDelay?: Duration;
  /** For Endpoints that name addresses of this machine. */
  readonly sockets?: Sockets;
  /** The longest time that a change of routes takes to reach the proxies; none if absent. */
  readonly propagation?: Duration;
  /** Whose name the pods of a Rollout have in the mesh's metrics. */
  readonly workloadNaming?: WorkloadNaming;
  /** Between two samples of every series; 5 s of the sandbox's clock if absent. */
  readonly scrapeInterval?: Duration;
  readonly onProblem: (what: string, error: Error) => void;
}

export interface Sandbox {
  /** The API server. */
  readonly api: Transport;
  /** exec and port-forward. */
  readonly upgrade: Upgrade;
  /** Requests of the machine to Services, as the shell pod would make them. */
  readonly mesh: Entry;
  /** What stands at the in-cluster address of Prometheus. */
  readonly prometheus: Transport;
  /** The time series that Prometheus answers from; whoever measures something appends to it. */
  readonly metrics: SeriesStore;
  readonly client: KubeClient;
  /** The objects and their changes, for checkers. */
  readonly store: Store;
  start(): Promise<void>;
  /** Stops everything; what is to be kept has been written when it resolves. */
  stop(): Promise<void>;
}

/** Address under which templates name Prometheus in a mesh. */
export const PROMETHEUS_HOSTS: readonly string[] = [
  'prometheus.istio-system.svc.cluster.local:9090',
  'prometheus.istio-system.svc:9090',
  'prometheus.istio-system:9090',
];

const START_DELAY = milliseconds(300);
const STOP_DELAY = milliseconds(300);
/** A third of what Istio's own Prometheus has: a rate over a minute has data sooner, at little cost. */
const SCRAPE_INTERVAL = milliseconds(5000);
const NAMES = ['default', 'kube-system', 'istio-system'] as const;

export function createSandbox(options: SandboxOptions): Sandbox {
  const { clock, random, onProblem, database } = options;
  const store = new Store({
    clock,
    onProblem: (error) => onProblem('saving the state', error),
    ...(database === undefined ? {} : { database }),
  });
  const streams = new LateStreams();
  const server = createApiServer({ clock, random, store, streams });
  const client = createClient({ transport: server.handle, userAgent: 'slipway-sandbox' });
  const workloads = createWorkloads({ client, clock, random, onProblem });
  const events = createEventRecorder({
    client,
    clock,
    component: 'slipway-node',
    onProblem: (error) => onProblem('event', error),
  });
  const mesh = meshOn(options, { client, workloads, node: () => node });
  const node: Node = createNode({
    client,
    pods: workloads.caches.pods,
    clock,
    events,
    network: (pod) => mesh.network(pod),
    startDelay: options.podStartDelay ?? START_DELAY,
    stopDelay: options.podStopDelay ?? STOP_DELAY,
    onProblem,
    ...(options.listener === undefined ? {} : { listener: options.listener }),
    ...(options.dialer === undefined ? {} : { dialer: options.dialer }),
  });
  streams.set(node.streams);
  const metrics = new SeriesStore({
    onFull: (message) => onProblem('metrics', new Error(message)),
  });
  const collector = collectorOn(options, { store: metrics, mesh, workloads, node });
  return {
    api: server.handle,
    upgrade: upgradeOf(options, { server, streams }),
    mesh: mesh.entry,
    prometheus: prometheusApi({ store: metrics, clock }),
    metrics,
    client,
    store,
    start: async () => {
      await store.load();
      await furnish(client);
      await node.start();
      await workloads.start();
      await mesh.start();
      collector.start();
    },
    stop: async () => {
      collector.stop();
      await mesh.stop();
      await workloads.stop();
      await node.stop();
      await events.flush();
      await store.flush();
      await database?.close();
    },
  };
}

function meshOn(
  options: SandboxOptions,
  {
    client,
    workloads,
    node,
  }: {
    readonly client: KubeClient;
    readonly workloads: Workloads;
    /** Made after the mesh that its pods call through. */
    readonly node: () => Node;
  },
): MeshNetwork {
  const { clock, onProblem, sockets, propagation, workloadNaming } = options;
  return createMeshNetwork({
    client,
    clock,
    // Its own, so that names of pods do not depend on how many requests have been sent.
    random: seededRandom(uuid(options.random)),
    pods: workloads.caches.pods,
    services: workloads.caches.services,
    server: (address, port) => node().server(address, port),
    onProblem,
    ...(sockets === undefined ? {} : { sockets }),
    ...(propagation === undefined ? {} : { propagation }),
    ...(workloadNaming === undefined ? {} : { workloadNaming }),
  });
}

function collectorOn(
  { clock, scrapeInterval = SCRAPE_INTERVAL }: SandboxOptions,
  {
    store,
    mesh,
    workloads,
    node,
  }: {
    readonly store: SeriesStore;
    readonly mesh: MeshNetwork;
    readonly workloads: Workloads;
    readonly node: Node;
  },
): Collector {
  return createCollector({
    clock,
    store,
    interval: scrapeInterval,
    ...workloads.caches,
    telemetry: mesh.telemetry,
    work: (pod) => node.work(pod),
    server: (address, port) => node.server(address, port),
  });
}

/** The node is made after the server that needs its streams. */
class LateStreams implements PodStreams {
  #streams: PodStreams | undefined;

  set(streams: PodStreams): void {
    this.#streams = streams;
  }

  get #ready(): PodStreams {
    if (this.#streams === undefined) throw new Error('the node has not been made yet');
    return this.#streams;
  }

  log(...args: Parameters<PodStreams['log']>): ReturnType<PodStreams['log']> {
    return this.#ready.log(...args);
  }

  exec(...args: Parameters<PodStreams['exec']>): ReturnType<PodStreams['exec']> {
    return this.#ready.exec(...args);
  }

  connect(...args: Parameters<PodStreams['connect']>): ReturnType<PodStreams['connect']> {
    return this.#ready.connect(...args);
  }
}

function upgradeOf(
  { compression }: SandboxOptions,
  {
    server,
    streams,
  }: { readonly server: ReturnType<typeof createApiServer>; readonly streams: PodStreams },
): Upgrade {
  if (compression !== undefined) return podUpgrade({ server, streams, compression });
  return (request) => request.refuse({ status: 501, headers: {}, body: emptyBody() });
}

async function* emptyBody(): AsyncGenerator<Uint8Array> {
  // Nothing to say.
}

/** What is there from the start; in a persisted sandbox it is already. */
async function furnish(client: KubeClient): Promise<void> {
  for (const name of NAMES) {
    await ensure(client, NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    const metadata = { name: 'default', namespace: name };
    await ensure(client, SERVICE_ACCOUNTS, { apiVersion: 'v1', kind: 'ServiceAccount', metadata });
  }
  for (const crd of [...crds(), ...meshKinds()]) await ensure(client, CRDS, crd);
  await ensure(client, PODS, shellPod());
}

function shellPod(): KubeObject & { readonly spec: unknown } {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'shell', namespace: 'default', labels: { run: 'shell' } },
    spec: { containers: [{ name: 'shell', image: 'slipway/shell:builtin' }] },
  };
}

async function ensure(
  client: KubeClient,
  resource: typeof PODS,
  object: KubeObject,
): Promise<void> {
  try {
    await client.create(resource, object);
  } catch (error) {
    if (!(error instanceof ApiError) || error.reason !== 'AlreadyExists') throw error;
  }
}
