// The sandbox: API server, workloads and node in one process, on whatever clock it is given (design.md "The sandbox").
// It knows nothing of our controller, which talks to it as to any cluster. Entry point: `createSandbox`.
import { crds } from '../api/crds.ts';
import type { KubeObject } from '../api/object.ts';
import { CRDS, NAMESPACES, PODS, SERVICE_ACCOUNTS } from '../api/resources.ts';
import { createClient, type KubeClient } from '../kube/client.ts';
import { ApiError } from '../kube/errors.ts';
import type { Compression, Database, Transport, Upgrade } from '../lib/ports.ts';
import { podUpgrade } from './apiserver/pod-connections.ts';
import type { PodStreams } from './apiserver/pod-streams.ts';
import { createApiServer } from './apiserver/server.ts';
import { Store } from './apiserver/store.ts';
import { createDataPlane, type MachineOptions } from './data-plane.ts';
import type { Entry } from './mesh/engine-entry.ts';
import { meshKinds } from './mesh-kinds.ts';
import type { SeriesStore } from './metrics/store.ts';
import { createWorkloads } from './workloads/workloads.ts';

export interface SandboxOptions extends MachineOptions {
  /** For port-forward. */
  readonly compression?: Compression;
  /** Where the cluster's state outlives the process. */
  readonly database?: Database;
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

const NAMES = ['default', 'kube-system', 'istio-system'] as const;

export function createSandbox(options: SandboxOptions): Sandbox {
  const { clock, random, onProblem, database } = options;
  const store = new Store({
    clock,
    onProblem,
    ...(database === undefined ? {} : { database }),
  });
  const streams = new LateStreams();
  const server = createApiServer({ clock, random, store, streams });
  const client = createClient({ transport: server.handle, userAgent: 'slipway-sandbox' });
  const workloads = createWorkloads({ client, clock, random, onProblem });
  const plane = createDataPlane({ ...options, client, caches: workloads.caches });
  streams.set(plane.node.streams);
  return {
    api: server.handle,
    upgrade: upgradeOf(options, { server, streams }),
    mesh: plane.mesh.entry,
    prometheus: plane.prometheus,
    metrics: plane.metrics,
    client,
    store,
    start: async () => {
      await store.load();
      await furnish(client);
      await plane.node.start();
      await workloads.start();
      await plane.start();
    },
    stop: async () => {
      await plane.stop();
      await workloads.stop();
      await plane.stopNode();
      await store.flush();
      await database?.close();
    },
  };
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
