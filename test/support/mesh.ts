// A mesh over objects in memory: a test writes manifests and pods, and asks where a request goes.
import type { KubeObject } from '../../src/api/object.ts';
import type { Pod, Service } from '../../src/api/kubernetes.ts';
import type { Change } from '../../src/kube/watch-cache.ts';
import { seededRandom } from '../../src/lib/random.ts';
import { instant, milliseconds } from '../../src/lib/time.ts';
import { VirtualClock } from '../../src/lib/virtual-clock.ts';
import { parseYaml } from '../../src/lib/yaml.ts';
import { createMesh, type MeshModel } from '../../src/sandbox/mesh/mesh.ts';
import type { Caller, Plan, RequestHead } from '../../src/sandbox/mesh/plan.ts';
import type { Source } from '../../src/sandbox/mesh/sources.ts';

export class MemorySource<T extends KubeObject> implements Source<T> {
  readonly #objects = new Map<string, T>();
  readonly #listeners = new Set<(change: Change<T>) => void>();

  list(): readonly T[] {
    return [...this.#objects.values()];
  }

  get(namespace: string | undefined, name: string): T | undefined {
    return this.#objects.get(`${namespace ?? ''}/${name}`);
  }

  onChange(listener: (change: Change<T>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  put(after: T): void {
    const key = `${after.metadata.namespace ?? ''}/${after.metadata.name}`;
    const before = this.#objects.get(key);
    this.#objects.set(key, after);
    for (const listener of this.#listeners) listener({ before, after });
  }

  remove(object: T): void {
    this.#objects.delete(`${object.metadata.namespace ?? ''}/${object.metadata.name}`);
    for (const listener of this.#listeners) listener({ before: object, after: undefined });
  }
}

export interface MeshWorldOptions {
  readonly seed?: string;
  readonly propagationMs?: number;
}

export interface MeshWorld {
  readonly mesh: MeshModel;
  readonly clock: VirtualClock;
  /** Creates or replaces the objects of a manifest; pods come with their Services' slices. */
  apply(manifest: string): void;
  remove(kind: string, name: string, namespace?: string): void;
  /** Pods of that name, ready, with an EndpointSlice entry in every Service that selects them. */
  pods(options: PodsOptions): void;
  /** The plan for a request of the pod `shell`. */
  plan(head?: Partial<RequestHead>, caller?: Caller): Plan;
}

export interface PodsOptions {
  readonly name: string;
  readonly count: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly namespace?: string;
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
}

export const SHELL: Caller = { kind: 'pod', namespace: 'default', labels: { run: 'shell' } };

export function head(some: Partial<RequestHead> = {}): RequestHead {
  return {
    method: 'GET',
    path: '/status/200',
    authority: 'mock-server',
    scheme: 'http',
    headers: {},
    ...some,
  };
}

/** The only document of a YAML text. */
export function document(text: string): unknown {
  const parsed = parseYaml(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.documents[0] ?? {};
}

const KINDS: Readonly<Record<string, string>> = {
  Pod: 'pods',
  Service: 'services',
  EndpointSlice: 'endpointSlices',
  Endpoints: 'endpoints',
  VirtualService: 'virtualServices',
  DestinationRule: 'destinationRules',
  HTTPRoute: 'httpRoutes',
  Gateway: 'gateways',
};

/** Everything is created a second after what was created before it. */
export function meshWorld(manifest = '', options: MeshWorldOptions = {}): MeshWorld {
  return new World(manifest, options);
}

class World implements MeshWorld {
  readonly mesh: MeshModel;
  readonly clock = new VirtualClock({ start: instant(0), idle: () => Promise.resolve() });
  readonly sources = {
    pods: new MemorySource<Pod>(),
    services: new MemorySource<Service>(),
    endpointSlices: new MemorySource<KubeObject>(),
    endpoints: new MemorySource<KubeObject>(),
    virtualServices: new MemorySource<KubeObject>(),
    destinationRules: new MemorySource<KubeObject>(),
    gateways: new MemorySource<KubeObject>(),
    kubernetesGateways: new MemorySource<KubeObject>(),
    httpRoutes: new MemorySource<KubeObject>(),
  };
  #created = 0;
  #addresses = 0;

  constructor(manifest: string, { seed = 'mesh', propagationMs = 0 }: MeshWorldOptions) {
    this.apply(manifest);
    this.mesh = createMesh({
      sources: this.sources,
      clock: this.clock,
      random: seededRandom(seed),
      propagation: milliseconds(propagationMs),
    });
    this.mesh.start();
  }

  apply(manifest: string): void {
    const parsed = parseYaml(manifest);
    if (!parsed.ok) throw new Error(parsed.error);
    for (const one of parsed.documents) this.#put(one as KubeObject);
  }

  remove(kind: string, name: string, namespace = 'default'): void {
    const source = this.#source({ apiVersion: '', kind, metadata: { name } });
    const object = source.get(namespace, name);
    if (object === undefined) throw new Error(`no ${kind} ${namespace}/${name}`);
    source.remove(object);
  }

  pods({ name, count, labels, namespace = 'default', ports }: PodsOptions): void {
    for (let index = 0; index < count; index += 1) {
      this.#addresses += 1;
      this.sources.pods.put({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          name: `${name}-${index}`,
          namespace,
          labels,
          ownerReferences: [
            { apiVersion: 'apps/v1', kind: 'ReplicaSet', name, uid: name, controller: true },
          ],
        },
        spec: { containers: [{ name: 'main', ports: ports ?? [{ containerPort: 8080 }] }] },
        status: { podIP: `10.0.0.${this.#addresses}` },
      });
    }
    for (const service of this.sources.services.list()) this.#slice(service);
  }

  plan(some: Partial<RequestHead> = {}, caller: Caller = SHELL): Plan {
    return this.mesh.plan(head(some), caller);
  }

  #put(object: KubeObject): void {
    this.#created += 1;
    const { name, namespace = 'default', creationTimestamp } = object.metadata;
    const whole = {
      ...object,
      metadata: {
        ...object.metadata,
        namespace,
        creationTimestamp:
          creationTimestamp ?? `2026-01-01T00:00:${String(this.#created).padStart(2, '0')}Z`,
      },
    };
    this.#source(object).put(whole);
    const service =
      object.kind === 'Service' ? this.sources.services.get(namespace, name) : undefined;
    if (service !== undefined) this.#slice(service);
  }

  #source({ apiVersion, kind }: KubeObject): MemorySource<KubeObject> {
    if (kind === 'Gateway' && apiVersion.startsWith('gateway.networking.k8s.io')) {
      return this.sources.kubernetesGateways;
    }
    const name = KINDS[kind];
    if (name === undefined) throw new Error(`the mesh does not read ${kind}`);
    return this.sources[name as 'virtualServices'];
  }

  /** As the sandbox's endpoints controller writes it; nothing for a Service without selector. */
  #slice({ metadata, spec }: Service): void {
    if (spec.selector === undefined) return;
    const terms = Object.entries(spec.selector);
    const pods = this.sources.pods
      .list()
      .filter(
        (pod) =>
          pod.metadata.namespace === metadata.namespace &&
          terms.every(([key, value]) => pod.metadata.labels?.[key] === value),
      );
    const slice: KubeObject & Record<string, unknown> = {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: `${metadata.name}-slipway`,
        namespace: metadata.namespace ?? '',
        labels: { 'kubernetes.io/service-name': metadata.name },
      },
      endpoints: pods.map((pod) => ({
        addresses: [pod.status?.podIP ?? ''],
        conditions: { ready: true },
        targetRef: {
          kind: 'Pod',
          namespace: pod.metadata.namespace ?? '',
          name: pod.metadata.name,
        },
      })),
      ports: (spec.ports ?? []).map(({ name = '', port, targetPort = port }) => ({
        name,
        port: typeof targetPort === 'number' ? targetPort : 8080,
      })),
    };
    this.sources.endpointSlices.put(slice);
  }
}
