// The mesh put together: its objects watched, its plans, the proxies that carry them out and what they count, and the
// network that a pod's commands see. Entry point: `createMeshNetwork`.
import type { Pod, Service } from '../api/kubernetes.ts';
import type { KubeObject, ResourceType } from '../api/object.ts';
import {
  destinationRules,
  ENDPOINT_SLICES,
  ENDPOINTS,
  HTTP_ROUTES,
  ISTIO_GATEWAYS,
  KUBERNETES_GATEWAYS,
  virtualServices,
} from '../api/resources.ts';
import type { KubeClient } from '../kube/client.ts';
import { createEventRecorder } from '../kube/events.ts';
import { createWatchCache, type WatchCache } from '../kube/watch-cache.ts';
import {
  type Clock,
  type Duration,
  type HttpResponse,
  type Random,
  type Sockets,
  type Transport,
  TransportError,
} from '../lib/ports.ts';
import {
  createEngine,
  type Engine,
  type EngineOptions,
  type Source,
  UnreachableError,
  type Upstream,
} from './mesh/engine.ts';
import { type Entry, meshEntry } from './mesh/engine-entry.ts';
import { sourceOf } from './mesh/engine-source.ts';
import type { Endpoints, EndpointSlice } from './mesh/endpoint-objects.ts';
import { createMesh } from './mesh/mesh.ts';
import { createMeshStatus } from './mesh/status.ts';
import type { Endpoint, Mesh } from './mesh/plan.ts';
import { createTelemetry, type Telemetry } from './mesh/telemetry.ts';
import type { WorkloadNaming } from './mesh/telemetry-labels.ts';
import { NoSuchHostError, type PodNetwork, type PodRequest } from './node/network.ts';

export interface MeshNetworkOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly pods: WatchCache<Pod>;
  readonly services: WatchCache<Service>;
  /** What listens at a pod's address. */
  readonly server: (address: string, port: number) => Transport | undefined;
  /** For addresses of this machine that somebody put into Endpoints by hand; without it they refuse. */
  readonly sockets?: Sockets;
  /** The longest time that a change of routes takes to arrive. */
  readonly propagation?: Duration;
  readonly workloadNaming?: WorkloadNaming;
  readonly onProblem: (what: string, error: Error) => void;
}

export interface MeshNetwork {
  readonly engine: Engine;
  readonly telemetry: Telemetry;
  /** The way in for requests of the machine. */
  readonly entry: Entry;
  /** What a pod's commands reach. */
  network(pod: Pod): PodNetwork;
  /** Resolves when everything that is there has been seen. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** In which the sandbox keeps them (mesh-kinds.ts). */
const VERSION = 'v1beta1';

export function createMeshNetwork(options: MeshNetworkOptions): MeshNetwork {
  const { client, clock, random, pods, services, propagation, onProblem } = options;
  const cache = <T extends KubeObject>(resource: ResourceType): WatchCache<T> =>
    createWatchCache<T>({
      client,
      resource,
      clock,
      random,
      onProblem: (error) => onProblem(`watch of ${resource.plural}`, error),
    });
  const own = {
    endpointSlices: cache<EndpointSlice>(ENDPOINT_SLICES),
    endpoints: cache<Endpoints>(ENDPOINTS),
    virtualServices: cache<KubeObject>(virtualServices(VERSION)),
    destinationRules: cache<KubeObject>(destinationRules(VERSION)),
    gateways: cache<KubeObject>(ISTIO_GATEWAYS),
    kubernetesGateways: cache<KubeObject>(KUBERNETES_GATEWAYS),
    httpRoutes: cache<KubeObject>(HTTP_ROUTES),
  };
  const meshSources = { pods, services, ...own };
  const mesh = createMesh({
    sources: meshSources,
    clock,
    random,
    ...(propagation === undefined ? {} : { propagation }),
  });
  const events = createEventRecorder({
    client,
    clock,
    component: 'slipway-mesh',
    onProblem: (error) => onProblem('event', error),
  });
  const status = createMeshStatus({ client, clock, events, mesh, sources: meshSources, onProblem });
  const telemetry = createTelemetry(options.workloadNaming);
  pods.onChange(({ before, after }) => {
    if (after === undefined)
      telemetry.forget(`${before?.metadata.namespace}/${before?.metadata.name}`);
  });
  const upstream = upstreamsOf(options);
  const engine = createEngine({ clock, random, mesh, telemetry, upstream });
  const sources = new WeakMap<Pod, Source>();
  const all: readonly WatchCache<KubeObject>[] = Object.values(own);
  return {
    engine,
    telemetry,
    entry: meshEntry({
      engine,
      pod: (namespace, name) => pods.get(namespace, name),
      gateways: () => mesh.gateways(),
    }),
    network: (pod) => {
      const source = sources.get(pod) ?? sourceOf(pod);
      sources.set(pod, source);
      return { send: (request) => sendFrom(pod, request, { ...options, engine, mesh, source }) };
    },
    start: async () => {
      for (const one of all) one.start();
      await Promise.all([...all, pods, services].map((one) => one.synced));
      mesh.start();
      status.start();
    },
    stop: async () => {
      await status.stop();
      mesh.stop();
      for (const one of all) one.stop();
      await events.flush();
    },
  };
}

const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|::1)$/;

function upstreamsOf({ server, sockets }: MeshNetworkOptions): EngineOptions['upstream'] {
  /** Those behind sockets: looked up for every request, and the same for as long as the endpoint is. */
  const known = new WeakMap<Endpoint, Upstream>();
  return (endpoint) => {
    const { address, port, pod } = endpoint;
    if (pod !== undefined || sockets === undefined || !LOOPBACK.test(address)) {
      const send = server(address, port);
      return send === undefined ? undefined : { send };
    }
    const before = known.get(endpoint);
    if (before !== undefined) return before;
    const made = {
      send: sockets.send(address, port),
      switchProtocols: sockets.switchProtocols(address, port),
    };
    known.set(endpoint, made);
    return made;
  };
}

interface PodSide extends MeshNetworkOptions {
  readonly engine: Engine;
  readonly mesh: Mesh;
  readonly source: Source;
}

/** From a pod: its own ports under `localhost`, everything else through the mesh. */
async function sendFrom(
  pod: Pod,
  request: PodRequest,
  { engine, mesh, source, server }: PodSide,
): Promise<HttpResponse> {
  const { host, port } = request.connectedTo;
  if (LOOPBACK.test(host)) {
    const own = server(pod.status?.podIP ?? '', port);
    if (own === undefined) throw new TransportError('refused', `${host}:${port} refused`);
    return own(request);
  }
  if (request.scheme === 'https') {
    const plan = mesh.planConnection({ host, port }, source.caller);
    if (plan.kind === 'unreachable') throw unreachableFor(new UnreachableError(plan));
    // No server of the builtin runner speaks TLS, and the mesh passes it on as it is.
    throw new TransportError('tls', `${host}:${port} does not speak TLS`);
  }
  try {
    return await engine.send(request, source);
  } catch (error) {
    throw error instanceof UnreachableError ? unreachableFor(error) : error;
  }
}

function unreachableFor(error: UnreachableError): Error {
  const { reason, host } = error.plan;
  return reason === 'no-such-host' || reason === 'external' ? new NoSuchHostError(host) : error;
}
