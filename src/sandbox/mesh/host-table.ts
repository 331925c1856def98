// Which routes govern a host, for whom: all VirtualServices and HTTPRoutes by host and scope.
//
// In the mesh a host belongs to one object: the nearest (exported to the caller's namespace alone, then to it by name,
// then to all), of those the oldest. At a gateway the routes of all are taken together, the oldest first
// (https://istio.io/latest/docs/ops/best-practices/traffic-management/#split-virtual-services).
import type { KubeObject } from '../../api/object.ts';
import { byAge } from './age.ts';
import { EVERY_REQUEST } from './http-match.ts';
import { wildcardsOf } from './names.ts';
import { type ConnectionRoute, type HttpRoute, MESH } from './routes.ts';
import { nearness, type Visibility } from './visibility.ts';

export interface VirtualHost {
  /** The object that it comes from; of several, the oldest. */
  readonly object: KubeObject;
  readonly hosts: readonly string[];
  readonly scopes: ReadonlySet<string>;
  readonly visibility: Visibility;
  readonly http: readonly HttpRoute[];
  readonly connections: readonly ConnectionRoute[];
}

export interface Seeker {
  readonly scope: string;
  readonly namespace: string;
}

type Kind = 'http' | 'connections';

export class HostTable {
  readonly #byId = new Map<string, VirtualHost>();
  readonly #byHost = new Map<string, readonly VirtualHost[]>();

  put(id: string, entry: VirtualHost): void {
    this.remove(id);
    this.#byId.set(id, entry);
    for (const host of new Set(entry.hosts)) {
      const all = [...(this.#byHost.get(host) ?? []), entry];
      this.#byHost.set(
        host,
        all.toSorted((a, b) => byAge(a.object, b.object)),
      );
    }
  }

  remove(id: string): void {
    const entry = this.#byId.get(id);
    if (entry === undefined) return;
    this.#byId.delete(id);
    for (const host of new Set(entry.hosts)) {
      const left = (this.#byHost.get(host) ?? []).filter((one) => one !== entry);
      if (left.length === 0) this.#byHost.delete(host);
      else this.#byHost.set(host, left);
    }
  }

  httpRoutes(host: string, seeker: Seeker): readonly HttpRoute[] | undefined {
    return this.#routes(host, seeker, 'http');
  }

  connectionRoutes(host: string, seeker: Seeker): readonly ConnectionRoute[] | undefined {
    return this.#routes(host, seeker, 'connections');
  }

  /** The object that has the host in the mesh instead of this one, if another has. */
  takenBy(host: string, entry: VirtualHost): KubeObject | undefined {
    const first = (this.#byHost.get(host) ?? []).find(
      ({ scopes, http, visibility }) =>
        scopes.has(MESH) && http.length > 0 && visibility.kind === 'all',
    );
    return first === undefined || first === entry ? undefined : first.object;
  }

  get(id: string): VirtualHost | undefined {
    return this.#byId.get(id);
  }

  #routes<K extends Kind>(host: string, seeker: Seeker, kind: K): VirtualHost[K] | undefined {
    const exact = this.#of(host, seeker, kind);
    if (exact !== undefined) return exact;
    for (const wildcard of wildcardsOf(host)) {
      const routes = this.#of(wildcard, seeker, kind);
      if (routes !== undefined) return routes;
    }
    return undefined;
  }

  #of<K extends Kind>(host: string, seeker: Seeker, kind: K): VirtualHost[K] | undefined {
    const entries = this.#byHost.get(host);
    if (entries === undefined) return undefined;
    return seeker.scope === MESH
      ? nearest(entries, seeker.namespace, kind)
      : together(entries, seeker, kind);
  }
}

function nearest<K extends Kind>(
  entries: readonly VirtualHost[],
  namespace: string,
  kind: K,
): VirtualHost[K] | undefined {
  let best: VirtualHost | undefined;
  let bestRank = 3;
  for (const entry of entries) {
    if (!entry.scopes.has(MESH) || entry[kind].length === 0) continue;
    const rank = nearness(entry.visibility, namespace);
    if (rank === undefined || rank >= bestRank) continue;
    best = entry;
    bestRank = rank;
  }
  return best?.[kind];
}

function together<K extends Kind>(
  entries: readonly VirtualHost[],
  { scope, namespace }: Seeker,
  kind: K,
): VirtualHost[K] | undefined {
  const open = entries.filter(
    (entry) => entry.scopes.has(scope) && nearness(entry.visibility, namespace) !== undefined,
  );
  const [first, second] = open;
  if (first === undefined) return undefined;
  if (second === undefined) return first[kind];
  const all = open.flatMap((entry): readonly (HttpRoute | ConnectionRoute)[] => entry[kind]);
  // What takes every request may not hide the other objects' routes.
  const isLast = (route: HttpRoute | ConnectionRoute) =>
    'match' in route && route.match === EVERY_REQUEST;
  const sorted = [...all.filter((route) => !isLast(route)), ...all.filter(isLast)];
  // Of one kind all; the compiler sees a union.
  return sorted as unknown as VirtualHost[K];
}
