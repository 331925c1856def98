// All Services and what is behind them, kept up to date object by object.
import type { Pod, Service } from '../../api/kubernetes.ts';
import type { KubeObject } from '../../api/object.ts';
import type { Random } from '../../lib/ports.ts';
import { keyOf } from './age.ts';
import { DestinationRules } from './destination-rules.ts';
import { type Endpoints, type EndpointSlice, serviceOf } from './endpoint-objects.ts';
import { covers, resolvedHost, serviceHost } from './names.ts';
import type { Destination, Endpoint } from './plan.ts';
import { type MeshPod, Pods } from './pods.ts';
import { ServiceEntry } from './service-entry.ts';
import type { DestinationRef } from './routes.ts';

export class Services {
  readonly rules = new DestinationRules();
  readonly #pods = new Pods();
  readonly #random: Random;
  readonly #entries = new Map<string, ServiceEntry>();
  readonly #byAddress = new Map<string, ServiceEntry>();
  /** Ports on which some Service wants requests for a pod; forgotten when a Service or the pod changes. */
  readonly #inbound = new Map<string, ReadonlySet<number>>();

  constructor(random: Random) {
    this.#random = random;
  }

  putService(service: Service): void {
    const entry = this.#entry(service.metadata.namespace ?? '', service.metadata.name);
    this.#forgetAddress(entry);
    entry.setService(service);
    const address = clusterAddress(service);
    if (address !== undefined) this.#byAddress.set(address, entry);
    this.#inbound.clear();
  }

  removeService(service: Service): void {
    const entry = this.#entry(service.metadata.namespace ?? '', service.metadata.name);
    this.#forgetAddress(entry);
    entry.setService(undefined);
    this.#inbound.clear();
    this.#dropIfEmpty(entry);
  }

  putSlice(slice: EndpointSlice): void {
    const name = serviceOf(slice);
    if (name !== undefined) this.#entry(slice.metadata.namespace ?? '', name).putSlice(slice);
  }

  removeSlice(slice: EndpointSlice): void {
    const name = serviceOf(slice);
    if (name === undefined) return;
    const entry = this.#entry(slice.metadata.namespace ?? '', name);
    entry.removeSlice(slice.metadata.name);
    this.#dropIfEmpty(entry);
  }

  putEndpoints(endpoints: Endpoints): void {
    const { namespace = '', name } = endpoints.metadata;
    this.#entry(namespace, name).setEndpoints(endpoints);
  }

  removeEndpoints({ metadata }: Endpoints): void {
    const entry = this.#entry(metadata.namespace ?? '', metadata.name);
    entry.setEndpoints(undefined);
    this.#dropIfEmpty(entry);
  }

  putPod(pod: Pod): void {
    if (this.#pods.put(pod)) this.#podChanged(pod);
  }

  removePod(pod: Pod): void {
    if (this.#pods.remove(pod)) this.#podChanged(pod);
  }

  putRule(rule: KubeObject): void {
    this.#rebuild(this.rules.put(rule));
  }

  removeRule(rule: KubeObject): void {
    this.#rebuild(this.rules.remove(rule));
  }

  /** The Service with that full name; an ExternalName that means another Service is followed. */
  find(host: string): ServiceEntry | undefined {
    const entry = this.#entries.get(host);
    if (entry?.service === undefined) return undefined;
    const external = externalName(entry);
    const meant = external === undefined ? undefined : this.#entries.get(external);
    return meant?.service === undefined ? entry : meant;
  }

  /** The Service that owns a cluster address. */
  atAddress(address: string): ServiceEntry | undefined {
    return this.#byAddress.get(address);
  }

  podAt(address: string): MeshPod | undefined {
    return this.#pods.at(address);
  }

  /** The destination that a route means; undefined: there is no such Service, port or subset. */
  destination(
    { host, subset, port }: DestinationRef,
    { caller, asked }: { readonly caller: string; readonly asked: number },
  ): Destination | undefined {
    const entry = this.find(host);
    if (entry === undefined) return undefined;
    return entry.destination({ caller, port: port ?? entry.onlyPort ?? asked, subset });
  }

  /** Whether the Service is there, and if asked for, its subset for any caller of a namespace. */
  hasSubset(host: string, subset: string, caller: string): boolean {
    const entry = this.find(host);
    if (entry === undefined) return false;
    const { namespace, host: full } = entry.name;
    const rule = this.rules.governing(full, { caller, owner: namespace });
    return rule?.subsets.has(subset) ?? false;
  }

  /** Whether some Service covered by a host or wildcard is there. */
  hasHost(pattern: string): boolean {
    if (this.find(pattern) !== undefined) return true;
    return (
      pattern.startsWith('*') && [...this.#entries.keys()].some((host) => covers(pattern, host))
    );
  }

  accepts({ pod, port }: Endpoint): boolean {
    // Of a pod that is gone the connection fails by itself.
    if (pod === undefined || this.#pods.get(pod.namespace, pod.name) === undefined) return true;
    const key = `${pod.namespace}/${pod.name}`;
    let ports = this.#inbound.get(key);
    if (ports === undefined) {
      ports = this.#inboundPorts(pod.namespace, pod.name);
      this.#inbound.set(key, ports);
    }
    return ports.has(port);
  }

  #inboundPorts(namespace: string, name: string): ReadonlySet<number> {
    const pod = this.#pods.get(namespace, name);
    const ports = new Set<number>();
    if (pod === undefined) return ports;
    for (const { service, name: serviceName } of this.#entries.values()) {
      if (serviceName.namespace !== namespace || service === undefined) continue;
      const terms = Object.entries(service.spec.selector ?? {});
      if (terms.length === 0 || !terms.every(([key, value]) => pod.labels[key] === value)) continue;
      for (const { port, targetPort = port } of service.spec.ports ?? []) {
        const number = typeof targetPort === 'number' ? targetPort : pod.namedPorts[targetPort];
        if (number !== undefined) ports.add(number);
      }
    }
    return ports;
  }

  #entry(namespace: string, name: string): ServiceEntry {
    const host = serviceHost(name, namespace);
    const before = this.#entries.get(host);
    if (before !== undefined) return before;
    const surroundings = { pods: this.#pods, rules: this.rules, random: this.#random };
    const entry = new ServiceEntry(namespace, name, surroundings);
    this.#entries.set(host, entry);
    return entry;
  }

  #dropIfEmpty(entry: ServiceEntry): void {
    if (entry.isEmpty) this.#entries.delete(entry.name.host);
  }

  #forgetAddress(entry: ServiceEntry): void {
    const address = entry.service === undefined ? undefined : clusterAddress(entry.service);
    if (address !== undefined) this.#byAddress.delete(address);
  }

  #podChanged(pod: Pod): void {
    const key = keyOf(pod);
    this.#inbound.delete(key);
    for (const entry of this.#entries.values()) if (entry.hasPod(key)) entry.rebuild();
  }

  #rebuild(patterns: readonly string[]): void {
    for (const entry of this.#entries.values()) {
      if (patterns.some((pattern) => covers(pattern, entry.name.host))) entry.rebuild();
    }
  }
}

function clusterAddress({ spec }: Service): string | undefined {
  return spec.clusterIP === undefined || spec.clusterIP === '' || spec.clusterIP === 'None'
    ? undefined
    : spec.clusterIP;
}

/** What an ExternalName Service stands for, as a full host. */
export function externalName({ service }: ServiceEntry): string | undefined {
  const spec: { readonly type?: string; readonly externalName?: string } | undefined =
    service?.spec;
  if (spec?.type !== 'ExternalName' || spec.externalName === undefined) return undefined;
  return resolvedHost(spec.externalName, service?.metadata.namespace ?? '');
}
