// What runs below an API server: the node with its pods, the mesh between them, and Prometheus that counts what they do.
// The sandbox puts its own API server above it; on any other it stands in for kubelets and proxies.
// Entry point: `createDataPlane`.
import type { KubeClient } from '../kube/client.ts';
import { createEventRecorder, type EventRecorder } from '../kube/events.ts';
import type {
  Clock,
  Dialer,
  Duration,
  Listener,
  Random,
  Sockets,
  Transport,
} from '../lib/ports.ts';
import { seededRandom, uuid } from '../lib/random.ts';
import { milliseconds } from '../lib/time.ts';
import type { WorkloadNaming } from './mesh/telemetry-labels.ts';
import { createMeshNetwork, type MeshNetwork } from './mesh-network.ts';
import { prometheusApi } from './metrics/api.ts';
import { createCollector } from './metrics/collect.ts';
import { SeriesStore } from './metrics/store.ts';
import { createNode, type Node } from './node/agent.ts';
import type { WorkloadCaches } from './workloads/context.ts';

/** How the machine below an API server is. */
export interface MachineOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** For ports of pods; without them they cannot be forwarded. */
  readonly listener?: Listener;
  readonly dialer?: Dialer;
  /** From a pod's binding to its readiness. */
  readonly podStartDelay?: Duration;
  readonly podStopDelay?: Duration;
  /** For Endpoints that name addresses of this machine. */
  readonly sockets?: Sockets;
  /** The longest time that a change of routes takes to reach the proxies; none if absent. */
  readonly propagation?: Duration;
  /** Whose name the pods of a Rollout have in the mesh's metrics. */
  readonly workloadNaming?: WorkloadNaming;
  /** Between two samples of every series; 5 s of the clock if absent. */
  readonly scrapeInterval?: Duration;
  readonly onProblem: (what: string, error: Error) => void;
}

export interface DataPlaneOptions extends MachineOptions {
  readonly client: KubeClient;
  /** Told of what happens to pods; by the API server's Events if absent. */
  readonly events?: EventRecorder;
  /** Started and stopped by whoever made them. */
  readonly caches: Pick<WorkloadCaches, 'pods' | 'replicaSets' | 'deployments' | 'services'>;
}

export interface DataPlane {
  /** To be started before anything else is, so that there is a node for the first pods. */
  readonly node: Node;
  readonly mesh: MeshNetwork;
  /** What stands at the in-cluster address of Prometheus. */
  readonly prometheus: Transport;
  readonly metrics: SeriesStore;
  /** Starts mesh and metrics; resolves when everything that is there has been seen. */
  start(): Promise<void>;
  /** Stops mesh and metrics. */
  stop(): Promise<void>;
  /** Ends the pods' programs; the caches must have been stopped. */
  stopNode(): Promise<void>;
}

const START_DELAY = milliseconds(300);
const STOP_DELAY = milliseconds(300);
/** A third of what Istio's own Prometheus has: a rate over a minute has data sooner, at little cost. */
const SCRAPE_INTERVAL = milliseconds(5000);

export function createDataPlane(options: DataPlaneOptions): DataPlane {
  const { client, clock, caches, onProblem } = options;
  const {
    events = createEventRecorder({
      client,
      clock,
      component: 'slipway-node',
      onProblem: (error) => onProblem('event', error),
    }),
  } = options;
  const mesh = meshOn(options, () => node);
  const node: Node = createNode({
    client,
    pods: caches.pods,
    clock,
    events,
    network: (pod) => mesh.network(pod),
    startDelay: options.podStartDelay ?? START_DELAY,
    stopDelay: options.podStopDelay ?? STOP_DELAY,
    onProblem,
    ...(options.listener === undefined ? {} : { listener: options.listener }),
    ...(options.dialer === undefined ? {} : { dialer: options.dialer }),
  });
  const metrics = new SeriesStore({
    onFull: (message) => onProblem('metrics', new Error(message)),
  });
  const collector = createCollector({
    clock,
    store: metrics,
    interval: options.scrapeInterval ?? SCRAPE_INTERVAL,
    ...caches,
    telemetry: mesh.telemetry,
    work: (pod) => node.work(pod),
    server: (address, port) => node.server(address, port),
  });
  return {
    node,
    mesh,
    metrics,
    prometheus: prometheusApi({ store: metrics, clock }),
    start: async () => {
      await mesh.start();
      collector.start();
    },
    stop: async () => {
      collector.stop();
      await mesh.stop();
    },
    stopNode: async () => {
      await node.stop();
      await events.flush();
    },
  };
}

/** The node is made after the mesh that its pods call through. */
function meshOn(options: DataPlaneOptions, node: () => Node): MeshNetwork {
  const { client, clock, caches, onProblem, sockets, propagation, workloadNaming } = options;
  return createMeshNetwork({
    client,
    clock,
    // Its own, so that names of pods do not depend on how many requests have been sent.
    random: seededRandom(uuid(options.random)),
    pods: caches.pods,
    services: caches.services,
    server: (address, port) => node().server(address, port),
    onProblem,
    ...(sockets === undefined ? {} : { sockets }),
    ...(propagation === undefined ? {} : { propagation }),
    ...(workloadNaming === undefined ? {} : { workloadNaming }),
  });
}
