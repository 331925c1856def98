// The routing model of the mesh: objects in, plans out (design.md "The sandbox", traffic.md 5). It reads and computes
// only; what is wrong with an object is told to whoever asked to hear it. Entry point: `createMesh`.
//
// Flow: a change of an object, after the time that it takes to arrive, replaces what was compiled from that object and
// nothing else; a plan looks up host, route and destination in what is there at that moment.
import type { KubeObject } from '../../api/object.ts';
import type { Change } from '../../kube/watch-cache.ts';
import type { Clock, Duration, Random, Stop } from '../../lib/ports.ts';
import { jsonEqual } from '../../lib/equal.ts';
import { milliseconds } from '../../lib/time.ts';
import { byAge, keyOf } from './age.ts';
import {
  type ArrivedVirtualService,
  destinationRuleFindings,
  httpRouteFindings,
  virtualServiceFindings,
} from './findings.ts';
import { compileIstioGateway, type IstioGateway, kubernetesListeners } from './gateway.ts';
import { HostTable } from './host-table.ts';
import { HttpRoutes } from './http-routes.ts';
import type { RouteFindings } from './http-route-status.ts';
import { compileKubernetesGateway, type KubernetesGateway } from './kubernetes-gateway.ts';
import type { Problem } from './reading.ts';
import type {
  Caller,
  ConnectionHead,
  ConnectionPlan,
  Endpoint,
  GatewayListener,
  Mesh,
  Plan,
  RequestHead,
} from './plan.ts';
import { planConnection } from './plan-connection.ts';
import { planRequest, type Tables } from './planner.ts';
import { Propagation, type Speed } from './propagation.ts';
import { Services } from './services.ts';
import type { MeshSources, Source } from './sources.ts';
import { compileVirtualService } from './virtual-service.ts';

export interface MeshOptions {
  readonly sources: MeshSources;
  readonly clock: Clock;
  /** For weights, faults, mirrors, balancing and times of arrival. */
  readonly random: Random;
  /** The longest time that a change takes to arrive; absent: none. */
  readonly propagation?: Duration;
}

export interface MeshModel extends Mesh {
  /** What there is to say about the objects as they have arrived. */
  readonly findings: Findings;
  /** Takes what the sources hold and follows them from then on; call it when they have been filled. */
  start(): void;
  stop(): void;
}

/** Undefined: the object has not arrived. */
export interface Findings {
  readonly virtualService: (object: KubeObject) => readonly Problem[] | undefined;
  readonly destinationRule: (object: KubeObject) => readonly Problem[] | undefined;
  readonly istioGateway: (object: KubeObject) => readonly Problem[] | undefined;
  readonly kubernetesGateway: (object: KubeObject) => GatewayFindings | undefined;
  readonly httpRoute: (object: KubeObject) => RouteFindings | undefined;
}

export interface GatewayFindings {
  readonly gateway: KubernetesGateway;
  /** How many routes a listener has. */
  readonly attached: (listener: string) => number;
}

export function createMesh(options: MeshOptions): MeshModel {
  return new Model(options);
}

interface Handling<T> {
  readonly kind: string;
  readonly speed: Speed;
  readonly put: (object: T) => void;
  readonly remove: (object: T) => void;
  /** Whether a change makes no difference here. */
  readonly isSame?: (before: T, after: T) => boolean;
}

class Model implements MeshModel {
  readonly #options: MeshOptions;
  readonly #services: Services;
  readonly #hosts = new HostTable();
  readonly #tables: Tables;
  readonly #httpRoutes = new HttpRoutes(this.#hosts);
  readonly #virtualServices = new Map<string, ArrivedVirtualService>();
  readonly #gateways = new Map<string, IstioGateway>();
  readonly #propagation: Propagation;
  readonly #listeners = new Set<() => void>();
  #stops: readonly Stop[] = [];

  constructor(options: MeshOptions) {
    const { clock, random, propagation = milliseconds(0) } = options;
    this.#options = options;
    this.#services = new Services(random);
    this.#tables = { services: this.#services, hosts: this.#hosts, random };
    this.#propagation = new Propagation({ clock, random, longest: propagation });
  }

  start(): void {
    this.#stops = [...this.#followServices(), ...this.#followRoutes(), ...this.#followGateways()];
  }

  #followServices(): readonly Stop[] {
    const { sources } = this.#options;
    const services = this.#services;
    return [
      this.#follow(sources.pods, {
        kind: 'Pod',
        speed: 'endpoints',
        put: (pod) => services.putPod(pod),
        remove: (pod) => services.removePod(pod),
      }),
      this.#follow(sources.services, {
        kind: 'Service',
        speed: 'configuration',
        put: (service) => services.putService(service),
        remove: (service) => services.removeService(service),
      }),
      this.#follow(sources.endpointSlices, {
        kind: 'EndpointSlice',
        speed: 'endpoints',
        put: (slice) => services.putSlice(slice),
        remove: (slice) => services.removeSlice(slice),
      }),
      this.#follow(sources.endpoints, {
        kind: 'Endpoints',
        speed: 'endpoints',
        put: (endpoints) => services.putEndpoints(endpoints),
        remove: (endpoints) => services.removeEndpoints(endpoints),
      }),
      this.#follow(sources.destinationRules, {
        kind: 'DestinationRule',
        speed: 'configuration',
        isSame: hasSameSpec,
        put: (rule) => services.putRule(rule),
        remove: (rule) => services.removeRule(rule),
      }),
    ];
  }

  #followRoutes(): readonly Stop[] {
    const { sources } = this.#options;
    return [
      this.#follow(sources.virtualServices, {
        kind: 'VirtualService',
        speed: 'configuration',
        isSame: hasSameSpec,
        put: (object) => this.#putVirtualService(object),
        remove: (object) => {
          this.#virtualServices.delete(keyOf(object));
          this.#hosts.remove(virtualServiceId(object));
        },
      }),
      this.#follow(sources.httpRoutes, {
        kind: 'HTTPRoute',
        speed: 'configuration',
        isSame: hasSameSpec,
        put: (object) => this.#httpRoutes.put(object),
        remove: (object) => this.#httpRoutes.remove(object),
      }),
    ];
  }

  #followGateways(): readonly Stop[] {
    const { sources } = this.#options;
    return [
      this.#follow(sources.gateways, {
        kind: 'Gateway.networking.istio.io',
        speed: 'configuration',
        isSame: hasSameSpec,
        put: (object) => this.#gateways.set(keyOf(object), compileIstioGateway(object)),
        remove: (object) => this.#gateways.delete(keyOf(object)),
      }),
      this.#follow(sources.kubernetesGateways, {
        kind: 'Gateway.gateway.networking.k8s.io',
        speed: 'configuration',
        isSame: hasSameSpec,
        put: (object) => this.#httpRoutes.putGateway(compileKubernetesGateway(object)),
        remove: (object) => this.#httpRoutes.removeGateway(object),
      }),
    ];
  }

  readonly findings: Findings = {
    virtualService: (object) => {
      const entry = this.#virtualServices.get(keyOf(object));
      return entry && virtualServiceFindings(this.#services, this.#hosts, entry);
    },
    destinationRule: (object) =>
      this.#services.rules.hostOf(object) === undefined
        ? undefined
        : destinationRuleFindings(this.#services, object),
    istioGateway: (object) => this.#gateways.get(keyOf(object))?.problems,
    kubernetesGateway: (object) => {
      const gateway = this.#httpRoutes.gateway(object);
      const attached = (listener: string) => this.#httpRoutes.attachedTo(object, listener);
      return gateway && { gateway, attached };
    },
    httpRoute: (object) => {
      const route = this.#httpRoutes.get(object);
      if (route === undefined) return undefined;
      const answers = route.compiled.parents.map((one) => this.#httpRoutes.answer(route, one));
      return { route, answers, problems: httpRouteFindings(this.#services, route) };
    },
  };

  stop(): void {
    for (const stop of this.#stops) stop();
    this.#stops = [];
    this.#propagation.stop();
    this.#listeners.clear();
  }

  plan(head: RequestHead, caller: Caller): Plan {
    return planRequest(this.#tables, head, caller);
  }

  planConnection(head: ConnectionHead, caller: Caller): ConnectionPlan {
    return planConnection(this.#tables, head, caller);
  }

  accepts(endpoint: Endpoint): boolean {
    return this.#services.accepts(endpoint);
  }

  gateways(): readonly GatewayListener[] {
    const kubernetes = this.#httpRoutes.gateways();
    return [
      ...[...this.#gateways.values()]
        .toSorted((a, b) => byAge(a.object, b.object))
        .flatMap(({ listeners }) => listeners),
      ...kubernetes.toSorted((a, b) => byAge(a.object, b.object)).flatMap(kubernetesListeners),
    ];
  }

  onChange(listener: () => void): Stop {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #putVirtualService(object: KubeObject): void {
    const entry = { object, ...compileVirtualService(object) };
    this.#virtualServices.set(keyOf(object), entry);
    this.#hosts.put(virtualServiceId(object), entry);
  }

  /** What is there already has had its time to arrive. */
  #follow<T extends KubeObject>(source: Source<T>, handling: Handling<T>): Stop {
    for (const object of source.list()) handling.put(object);
    return source.onChange((change) => this.#changed(change, handling));
  }

  #changed<T extends KubeObject>({ before, after }: Change<T>, handling: Handling<T>): void {
    const object = after ?? before;
    if (object === undefined) return;
    if (before !== undefined && after !== undefined && handling.isSame?.(before, after) === true) {
      return;
    }
    const key = `${handling.kind}/${keyOf(object)}`;
    this.#propagation.send(key, handling.speed, () => {
      if (after === undefined) handling.remove(object);
      else handling.put(after);
      for (const listener of this.#listeners) listener();
    });
  }
}

function virtualServiceId(object: KubeObject): string {
  return `VirtualService/${keyOf(object)}`;
}

/** A new status is nothing new to the routes. */
function hasSameSpec(before: KubeObject, after: KubeObject): boolean {
  const specOf = (object: KubeObject) => (object as { readonly spec?: unknown }).spec;
  return (
    before.metadata.generation === after.metadata.generation &&
    before.metadata.uid === after.metadata.uid &&
    jsonEqual(specOf(before), specOf(after))
  );
}
