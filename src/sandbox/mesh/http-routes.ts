// All HTTPRoutes: whose routes of one host are merged, whichever object they stand in, by the Gateway API's precedence:
// path, method, headers, queries, then the older route, then its name, then the order in it.
import type { KubeObject } from '../../api/object.ts';
import { byAge, keyOf } from './age.ts';
import type { HostTable } from './host-table.ts';
import {
  compileHttpRoute,
  type CompiledHttpRoute,
  type ParentRef,
  type RankedRoute,
} from './http-route.ts';
import { byPrecedence } from './http-route-match.ts';
import {
  attachmentsOf,
  type AttachmentRefusal,
  type KubernetesGateway,
} from './kubernetes-gateway.ts';
import { serviceHost } from './names.ts';
import { type HttpRoute, MESH } from './routes.ts';
import { EVERYONE, type Visibility, visibilityOf } from './visibility.ts';

export interface AttachedRoute {
  readonly object: KubeObject;
  readonly compiled: CompiledHttpRoute;
}

/** A host in a scope, with the routes of all objects that have it there. */
interface Group {
  readonly id: string;
  readonly host: string;
  readonly scope: string;
  readonly visibility: Visibility;
  readonly members: Map<string, Member>;
}

interface Member {
  readonly object: KubeObject;
  readonly rules: readonly RankedRoute[];
}

/** What a parent makes of a route. */
export type ParentAnswer =
  | { readonly kind: 'accepted'; readonly listeners: readonly string[] }
  | { readonly kind: 'refused'; readonly reason: AttachmentRefusal }
  /** Not a parent that this mesh speaks for. */
  | { readonly kind: 'unknown' };

export class HttpRoutes {
  readonly #hosts: HostTable;
  readonly #gateways = new Map<string, KubernetesGateway>();
  readonly #routes = new Map<string, AttachedRoute>();
  readonly #groups = new Map<string, Group>();
  /** Groups by the key of the route that is in them. */
  readonly #memberships = new Map<string, Set<Group>>();

  constructor(hosts: HostTable) {
    this.#hosts = hosts;
  }

  put(object: KubeObject): void {
    const key = keyOf(object);
    const left = this.#leave(key);
    const route = { object, compiled: compileHttpRoute(object) };
    this.#routes.set(key, route);
    this.#publish(new Set([...left, ...this.#join(key, route)]));
  }

  remove(object: KubeObject): void {
    this.#routes.delete(keyOf(object));
    this.#publish(this.#leave(keyOf(object)));
  }

  get(object: KubeObject): AttachedRoute | undefined {
    return this.#routes.get(keyOf(object));
  }

  putGateway(gateway: KubernetesGateway): void {
    this.#gateways.set(keyOf(gateway.object), gateway);
    this.#reattach(keyOf(gateway.object));
  }

  removeGateway(object: KubeObject): void {
    this.#gateways.delete(keyOf(object));
    this.#reattach(keyOf(object));
  }

  gateways(): readonly KubernetesGateway[] {
    return [...this.#gateways.values()];
  }

  gateway(object: KubeObject): KubernetesGateway | undefined {
    return this.#gateways.get(keyOf(object));
  }

  /** How many routes a Gateway's listener has. */
  attachedTo(gateway: KubeObject, listener: string): number {
    return [...this.#routes.values()].filter((route) =>
      route.compiled.parents.some((parent) => {
        if (parent.kind !== 'Gateway' || gatewayKey(parent) !== keyOf(gateway)) return false;
        const answer = this.answer(route, parent);
        return answer.kind === 'accepted' && answer.listeners.includes(listener);
      }),
    ).length;
  }

  answer({ object, compiled }: AttachedRoute, parent: ParentRef): ParentAnswer {
    if (parent.kind === 'other') return { kind: 'unknown' };
    if (parent.kind === 'Service') return { kind: 'accepted', listeners: [] };
    const gateway = this.#gateways.get(gatewayKey(parent));
    if (gateway === undefined) return { kind: 'unknown' };
    const { namespace = '' } = object.metadata;
    const { hostnames } = compiled;
    const attached = attachmentsOf(gateway, { namespace, hostnames }, parent);
    if (typeof attached === 'string') return { kind: 'refused', reason: attached };
    return { kind: 'accepted', listeners: attached.map(({ listener }) => listener) };
  }

  #reattach(gateway: string): void {
    for (const [key, route] of this.#routes) {
      const isConcerned = route.compiled.parents.some(
        (parent) => parent.kind === 'Gateway' && gatewayKey(parent) === gateway,
      );
      if (isConcerned) this.#publish(new Set([...this.#leave(key), ...this.#join(key, route)]));
    }
  }

  #leave(key: string): ReadonlySet<Group> {
    const groups = this.#memberships.get(key) ?? new Set<Group>();
    for (const group of groups) group.members.delete(key);
    this.#memberships.delete(key);
    return groups;
  }

  #join(key: string, { object, compiled }: AttachedRoute): ReadonlySet<Group> {
    const joined = new Set<Group>();
    for (const parent of compiled.parents) {
      for (const place of this.#places(object, compiled, parent)) {
        const group = this.#group(place);
        const rules =
          place.port === undefined ? compiled.rules : onPort(compiled.rules, place.port);
        const before = group.members.get(key)?.rules ?? [];
        group.members.set(key, { object, rules: [...before, ...rules] });
        joined.add(group);
      }
    }
    this.#memberships.set(key, joined);
    return joined;
  }

  #places(
    object: KubeObject,
    { hostnames }: CompiledHttpRoute,
    parent: ParentRef,
  ): readonly Place[] {
    const { namespace = '' } = object.metadata;
    if (parent.kind === 'Service') return [servicePlace(parent, namespace)];
    const gateway = parent.kind === 'Gateway' ? this.#gateways.get(gatewayKey(parent)) : undefined;
    if (gateway === undefined) return [];
    const attached = attachmentsOf(gateway, { namespace, hostnames }, parent);
    if (typeof attached === 'string') return [];
    return attached.flatMap(({ port, hosts }) =>
      hosts.map((host) => ({
        host,
        scope: `kubernetes/${gatewayKey(parent)}/${port}`,
        visibility: EVERYONE,
      })),
    );
  }

  #group({ host, scope, visibility }: Place): Group {
    const who = visibility.kind === 'all' ? '' : visibility.own;
    const id = `HTTPRoute/${scope}/${host}/${who}`;
    const before = this.#groups.get(id);
    if (before !== undefined) return before;
    const group: Group = { id, host, scope, visibility, members: new Map() };
    this.#groups.set(id, group);
    return group;
  }

  #publish(groups: ReadonlySet<Group>): void {
    for (const { id, host, scope, visibility, members } of groups) {
      const ordered = [...members.values()].toSorted((a, b) => byAge(a.object, b.object));
      const [oldest] = ordered;
      if (oldest === undefined) {
        this.#groups.delete(id);
        this.#hosts.remove(id);
        continue;
      }
      this.#hosts.put(id, {
        object: oldest.object,
        hosts: [host],
        scopes: new Set([scope]),
        visibility,
        http: merged(ordered),
        connections: [],
      });
    }
  }
}

interface Place {
  readonly host: string;
  readonly scope: string;
  readonly visibility: Visibility;
  readonly port?: number;
}

/** A route beside its Service is for all callers; one elsewhere for those of its own namespace, and comes first there. */
function servicePlace(parent: ParentRef, namespace: string): Place {
  return {
    host: serviceHost(parent.name, parent.namespace),
    scope: MESH,
    visibility: parent.namespace === namespace ? EVERYONE : visibilityOf(['.'], namespace),
    ...(parent.port === undefined ? {} : { port: parent.port }),
  };
}

function gatewayKey({ namespace, name }: ParentRef): string {
  return `${namespace}/${name}`;
}

function onPort(rules: readonly RankedRoute[], port: number): readonly RankedRoute[] {
  return rules.map(({ rank, route }) => {
    const { applies } = route.match;
    const match = {
      ...route.match,
      applies: (request: Parameters<typeof applies>[0]) =>
        request.port === port && applies(request),
    };
    return { rank, route: { ...route, match } };
  });
}

/** The sort is stable: what is alike stays in the order of age and of the objects. */
function merged(members: readonly Member[]): readonly HttpRoute[] {
  return members
    .flatMap(({ rules }) => rules)
    .toSorted((a, b) => byPrecedence(a.rank, b.rank))
    .map(({ route }) => route);
}
