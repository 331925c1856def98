// One Service with its destinations: each port as a whole, each port of each subset, and that as each namespace with
// DestinationRules of its own sees it.
import type { Service, ServicePort } from '../../api/kubernetes.ts';
import type { Random } from '../../lib/ports.ts';
import type { Balancer } from './balancer.ts';
import { Cluster } from './cluster.ts';
import type { DestinationRules, GoverningRule } from './destination-rules.ts';
import {
  addressesOfEndpoints,
  addressesOfSlice,
  type Endpoints,
  type EndpointSlice,
  type ReadyAddress,
} from './endpoint-objects.ts';
import { serviceHost } from './names.ts';
import type { Destination, Endpoint, EndpointPod, ServiceName } from './plan.ts';
import type { Pods } from './pods.ts';

/** The destinations of one port. */
export interface PortDestinations {
  readonly whole: Cluster;
  readonly subsets: ReadonlyMap<string, Cluster>;
}

type View = ReadonlyMap<number, PortDestinations>;

export interface Surroundings {
  readonly pods: Pods;
  readonly rules: DestinationRules;
  readonly random: Random;
}

/** The view of callers whose namespace has no rules of its own. */
const EVERYONE = '';

export class ServiceEntry {
  readonly name: ServiceName;
  readonly #surroundings: Surroundings;
  readonly #slices = new Map<string, EndpointSlice>();
  readonly #clusters = new Map<string, Cluster>();
  readonly #known = new Map<string, Endpoint>();
  #endpoints: Endpoints | undefined;
  #service: Service | undefined;
  #views = new Map<string, View>();
  /** For callers without a proxy. */
  #plain = new Map<number, Cluster>();
  #podKeys = new Set<string>();

  constructor(namespace: string, name: string, surroundings: Surroundings) {
    this.name = { namespace, name, host: serviceHost(name, namespace) };
    this.#surroundings = surroundings;
  }

  get service(): Service | undefined {
    return this.#service;
  }

  /** Neither the Service nor anything behind it is left. */
  get isEmpty(): boolean {
    return this.#service === undefined && this.#slices.size === 0 && this.#endpoints === undefined;
  }

  setService(service: Service | undefined): void {
    this.#service = service;
    this.rebuild();
  }

  putSlice(slice: EndpointSlice): void {
    this.#slices.set(slice.metadata.name, slice);
    this.rebuild();
  }

  removeSlice(name: string): void {
    this.#slices.delete(name);
    this.rebuild();
  }

  setEndpoints(endpoints: Endpoints | undefined): void {
    this.#endpoints = endpoints;
    // Slices say the same and more.
    if (this.#slices.size === 0) this.rebuild();
  }

  hasPod(key: string): boolean {
    return this.#podKeys.has(key);
  }

  hasPort(port: number): boolean {
    return this.#plain.has(port);
  }

  /** The port of the Service where it has only one. */
  get onlyPort(): number | undefined {
    const ports = this.#service?.spec.ports ?? [];
    return ports.length === 1 ? ports[0]?.port : undefined;
  }

  destination(options: {
    readonly caller: string;
    readonly port: number;
    readonly subset: string | undefined;
  }): Destination | undefined {
    const view = this.#views.get(options.caller) ?? this.#views.get(EVERYONE);
    const destinations = view?.get(options.port);
    return options.subset === undefined
      ? destinations?.whole
      : destinations?.subsets.get(options.subset);
  }

  /** As a node's own balancing has it: any ready pod, drawn evenly. */
  plain(port: number): Destination | undefined {
    return this.#plain.get(port);
  }

  /** After a change of the Service, of what is behind it, or of rules for it. */
  rebuild(): void {
    const { rules } = this.#surroundings;
    const { host, namespace } = this.name;
    const ports = (this.#service?.spec.ports ?? []).filter(
      ({ protocol = 'TCP' }) => protocol === 'TCP',
    );
    const behind = this.#behind();
    const used = new Set<string>();
    const cluster = (key: string, port: number, subset?: string) => {
      used.add(key);
      return this.#cluster(key, port, subset);
    };
    this.#plain = new Map(
      ports.map((port) => {
        const plain = cluster(`plain|${port.port}`, port.port);
        plain.set(endpointsFor(port, behind), 'random');
        return [port.port, plain];
      }),
    );
    const namespaces = rules.namespacesWith(host).filter((one) => one !== namespace);
    this.#views = new Map(
      [EVERYONE, ...namespaces].map((caller) => {
        const rule = rules.governing(host, { caller: caller || namespace, owner: namespace });
        const view = ports.map(
          (port) => [port.port, destinationsOf({ port, behind, rule, caller, cluster })] as const,
        );
        return [caller, new Map(view)];
      }),
    );
    for (const key of this.#clusters.keys()) if (!used.has(key)) this.#clusters.delete(key);
  }

  #cluster(key: string, port: number, subset: string | undefined): Cluster {
    const before = this.#clusters.get(key);
    if (before !== undefined) return before;
    const made = new Cluster({
      service: this.name,
      port,
      random: this.#surroundings.random,
      ...(subset === undefined ? {} : { subset }),
    });
    this.#clusters.set(key, made);
    return made;
  }

  #addresses(): readonly ReadyAddress[] {
    if (this.#slices.size > 0) return [...this.#slices.values()].flatMap(addressesOfSlice);
    return this.#endpoints === undefined ? [] : addressesOfEndpoints(this.#endpoints);
  }

  /** Endpoints by port name, in the order of their addresses; one that was there stays the same object. */
  #behind(): ReadonlyMap<string, readonly Endpoint[]> {
    const byPort = new Map<string, Endpoint[]>();
    const seen = new Set<string>();
    this.#podKeys = new Set();
    for (const ready of this.#addresses()) {
      const key = `${ready.portName}|${ready.address}|${ready.port}`;
      if (ready.pod !== undefined) this.#podKeys.add(`${ready.pod.namespace}/${ready.pod.name}`);
      if (seen.has(key)) continue;
      seen.add(key);
      const list = byPort.get(ready.portName) ?? [];
      list.push(this.#endpoint(key, ready));
      byPort.set(ready.portName, list);
    }
    for (const key of this.#known.keys()) if (!seen.has(key)) this.#known.delete(key);
    for (const list of byPort.values()) list.sort((a, b) => (a.address < b.address ? -1 : 1));
    return byPort;
  }

  #endpoint(key: string, { address, port, pod: ref }: ReadyAddress): Endpoint {
    const before = this.#known.get(key);
    const pod: EndpointPod | undefined =
      ref === undefined ? undefined : this.#surroundings.pods.get(ref.namespace, ref.name);
    if (before !== undefined && before.pod === pod) return before;
    const endpoint: Endpoint = {
      address,
      port,
      load: before?.load ?? { active: 0 },
      ...(pod === undefined ? {} : { pod }),
    };
    this.#known.set(key, endpoint);
    return endpoint;
  }
}

function endpointsFor(
  { name = '' }: ServicePort,
  behind: ReadonlyMap<string, readonly Endpoint[]>,
): readonly Endpoint[] {
  return behind.get(name) ?? [];
}

interface DestinationsOptions {
  readonly port: ServicePort;
  readonly behind: ReadonlyMap<string, readonly Endpoint[]>;
  readonly rule: GoverningRule | undefined;
  readonly caller: string;
  readonly cluster: (key: string, port: number, subset?: string) => Cluster;
}

function destinationsOf(options: DestinationsOptions): PortDestinations {
  const { port, behind, rule, caller, cluster } = options;
  const all = endpointsFor(port, behind);
  const whole = cluster(`${caller}|${port.port}`, port.port);
  const balancer = balancerOf(rule, port.port);
  whole.set(all, balancer);
  const subsets = new Map<string, Cluster>();
  for (const [name, { labels, policy }] of rule?.subsets ?? []) {
    const subset = cluster(`${caller}|${port.port}|${name}`, port.port, name);
    const terms = Object.entries(labels);
    const ready = all.filter(({ pod }) =>
      terms.every(([key, value]) => pod?.labels[key] === value),
    );
    subset.set(ready, policy.ports.get(port.port) ?? policy.balancer ?? balancer);
    subsets.set(name, subset);
  }
  return { whole, subsets };
}

function balancerOf(rule: GoverningRule | undefined, port: number): Balancer {
  return rule?.policy.ports.get(port) ?? rule?.policy.balancer ?? 'least-request';
}
