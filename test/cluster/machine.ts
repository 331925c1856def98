// What a control plane alone lacks: kinds of ours and of the mesh, and in the place of kubelets, proxies and Prometheus
// the sandbox's own data plane, over the plain API. Entry point: `startMachine`.
import { crds } from '../../src/api/crds.ts';
import type { Deployment, Pod, ReplicaSet, Service } from '../../src/api/kubernetes.ts';
import type { KubeObject, ResourceType } from '../../src/api/object.ts';
import {
  CRDS,
  DEPLOYMENTS,
  NAMESPACES,
  PODS,
  REPLICA_SETS,
  SERVICES,
} from '../../src/api/resources.ts';
import { systemClock, systemRandom } from '../../src/host/clock.ts';
import { systemListener } from '../../src/host/listener.ts';
import { createClient, type KubeClient } from '../../src/kube/client.ts';
import { ApiError } from '../../src/kube/errors.ts';
import { createWatchCache, type WatchCache } from '../../src/kube/watch-cache.ts';
import { sleep } from '../../src/lib/clock.ts';
import type { Transport } from '../../src/lib/ports.ts';
import { milliseconds } from '../../src/lib/time.ts';
import { createDataPlane } from '../../src/sandbox/data-plane.ts';
import { meshKinds } from '../../src/sandbox/mesh-kinds.ts';

export interface Machine {
  /** Where Prometheus answers on this machine. */
  readonly prometheus: string;
  stop(): Promise<void>;
}

/** The controller's Leases are in its namespace. */
const NAMES = ['argo-rollouts', 'istio-system'] as const;
const POLL = milliseconds(50);
const TRIES = 600;

export interface MachineOptions {
  readonly onProblem: (what: string, error: Error) => void;
  /** Nodes only, quick ones that tell no Events, and no mesh: for whoever measures what others cost the API server. */
  readonly isBare?: boolean;
}

const BARE = {
  podStartDelay: milliseconds(50),
  podStopDelay: milliseconds(50),
  events: {
    record: () => undefined,
    flush: () => Promise.resolve(),
    abandon: () => undefined,
  },
};

/** Resolves when the kinds are served and the node takes pods. */
export async function startMachine(
  transport: Transport,
  { onProblem, isBare = false }: MachineOptions,
): Promise<Machine> {
  const client = createClient({ transport, userAgent: 'slipway-machine' });
  await furnish(client);
  const clock = systemClock;
  const random = systemRandom();
  const cache = <T extends KubeObject>(resource: ResourceType): WatchCache<T> =>
    createWatchCache<T>({
      client,
      resource,
      clock,
      random,
      onProblem: (error) => onProblem(`watch of ${resource.plural}`, error),
    });
  const caches = {
    pods: cache<Pod>(PODS),
    replicaSets: cache<ReplicaSet>(REPLICA_SETS),
    deployments: cache<Deployment>(DEPLOYMENTS),
    services: cache<Service>(SERVICES),
  };
  const plane = createDataPlane({
    client,
    clock,
    random,
    caches,
    onProblem: (what, error) => {
      if (!isOfNobody(error)) onProblem(what, error);
    },
    ...(isBare ? BARE : {}),
  });
  // The rest is for the mesh and its metrics.
  const all: readonly WatchCache<KubeObject>[] = isBare ? [caches.pods] : Object.values(caches);
  await plane.node.start();
  for (const one of all) one.start();
  await Promise.all(all.map(({ synced }) => synced));
  if (!isBare) await plane.start();
  const listening = await systemListener.listen({ handler: plane.prometheus });
  return {
    prometheus: `http://${listening.address}:${listening.port}`,
    stop: async () => {
      await listening.close();
      if (!isBare) await plane.stop();
      for (const one of all) one.stop();
      await plane.stopNode();
    },
  };
}

/** Pods that go with their namespace are told of by events that nobody can read any more. */
function isOfNobody(error: Error): boolean {
  return (
    error instanceof ApiError &&
    error.reason === 'Forbidden' &&
    error.message.endsWith('because it is being terminated')
  );
}

/** Makes the kinds of ours and of the mesh, and the controller's namespace; resolves when they are served. */
export async function furnish(client: KubeClient): Promise<void> {
  for (const name of NAMES) {
    await ensure(client, NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  }
  const kinds = [...crds(), ...meshKinds()];
  for (const crd of kinds) await ensure(client, CRDS, crd);
  for (const { metadata } of kinds) await served(client, metadata.name);
}

async function ensure(
  client: KubeClient,
  resource: ResourceType,
  object: KubeObject,
): Promise<void> {
  try {
    await client.create(resource, object);
  } catch (error) {
    if (!(error instanceof ApiError) || error.reason !== 'AlreadyExists') throw error;
  }
}

interface Served extends KubeObject {
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

async function served(client: KubeClient, name: string): Promise<void> {
  for (let turn = 0; turn < TRIES; turn += 1) {
    const { status } = await client.get<Served>({ resource: CRDS, name });
    const isServed = (status?.conditions ?? []).some(
      (condition) => condition.type === 'Established' && condition.status === 'True',
    );
    if (isServed) return;
    await sleep(systemClock, POLL);
  }
  throw new Error(`CustomResourceDefinition ${name} is not served`);
}
