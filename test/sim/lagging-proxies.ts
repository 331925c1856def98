// A checker: proxies that learn of every object late, each on its own. After every write of anybody it looks at all
// versions of VirtualServices, DestinationRules and Services that some proxy may still go by, in all combinations, and
// asks who would answer. It reads the store's own log, nothing of ours.
import type { Pod, Service } from '../../src/api/kubernetes.ts';
import type { KubeObject } from '../../src/api/object.ts';
import type { Clock } from '../../src/lib/ports.ts';
import type { Store } from '../../src/sandbox/apiserver/store.ts';

interface Version<T> {
  readonly object: T;
  readonly from: number;
  /** When the next version came; undefined for the one in force. */
  until: number | undefined;
}

interface Destination {
  readonly weight?: number;
  readonly destination?: { readonly host?: string; readonly subset?: string };
}

interface VirtualService extends KubeObject {
  readonly spec: {
    readonly http?: readonly { readonly name?: string; readonly route?: readonly Destination[] }[];
  };
}

interface DestinationRule extends KubeObject {
  readonly spec: {
    readonly host?: string;
    readonly subsets?: readonly {
      readonly name?: string;
      readonly labels?: Readonly<Record<string, string>>;
    }[];
  };
}

type Labels = Readonly<Record<string, string>>;

const KEYS = [
  '/services',
  'networking.istio.io/virtualservices',
  'networking.istio.io/destinationrules',
];
const KINDS: ReadonlySet<string> = new Set(['VirtualService', 'DestinationRule', 'Service']);

export class LaggingProxies {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #lagMs: number;
  readonly #entries: readonly string[];
  readonly #versions = new Map<string, Version<KubeObject>[]>();
  readonly #found = new Set<string>();
  #isWatching = false;
  #ready: readonly Pod[] = [];

  /** `entries` are Services that clients address themselves, without a VirtualService. */
  constructor(of: {
    readonly store: Store;
    readonly clock: Clock;
    readonly lagMs: number;
    readonly entries?: readonly string[];
  }) {
    this.#store = of.store;
    this.#clock = of.clock;
    this.#lagMs = of.lagMs;
    this.#entries = of.entries ?? [];
    for (const key of KEYS) for (const object of this.#store.list(key)) this.#see(object);
    this.#store.observe((_key, { object }) => {
      if (KINDS.has(object.kind)) this.#see(object);
      if (this.#isWatching && (KINDS.has(object.kind) || object.kind === 'Pod')) this.#check();
    });
  }

  /** Before, there may be nobody to answer yet. */
  watch(): void {
    this.#isWatching = true;
    this.#check();
  }

  /** What users would have met, each once. */
  get found(): readonly string[] {
    return [...this.#found];
  }

  #see(object: KubeObject): void {
    const id = `${object.kind}/${object.metadata.name}`;
    const versions = this.#versions.get(id) ?? [];
    const now = this.#clock.now();
    const last = versions.at(-1);
    if (last !== undefined) last.until = now;
    versions.push({ object, from: now, until: undefined });
    this.#versions.set(id, versions);
  }

  /** Versions of an object that some proxy may go by now. */
  #inForce<T extends KubeObject>(kind: string, name: string): readonly T[] {
    const oldest = this.#clock.now() - this.#lagMs;
    return (this.#versions.get(`${kind}/${name}`) ?? [])
      .filter(({ until }) => until === undefined || until > oldest)
      .map(({ object }) => object as T);
  }

  #check(): void {
    this.#ready = (this.#store.list('/pods') as readonly Pod[]).filter(isReady);
    for (const name of this.#names('VirtualService')) {
      for (const routing of this.#inForce<VirtualService>('VirtualService', name)) {
        for (const route of routing.spec.http ?? []) {
          for (const destination of route.route ?? []) {
            const { weight = route.route?.length === 1 ? 100 : 0 } = destination;
            if (weight > 0) this.#checkDestination(name, destination, weight);
          }
        }
      }
    }
    for (const entry of this.#entries) {
      this.#checkDestination('clients', { destination: { host: entry } }, 100);
    }
  }

  #names(kind: string): readonly string[] {
    return [...this.#versions.keys()]
      .filter((id) => id.startsWith(`${kind}/`))
      .map((id) => id.slice(kind.length + 1));
  }

  #checkDestination(source: string, { destination }: Destination, weight: number): void {
    const host = (destination?.host ?? '').split('.')[0] ?? '';
    const subset = destination?.subset;
    const subsets = subset === undefined ? [{}] : this.#subsetLabels(host, subset);
    for (const service of this.#inForce<Service>('Service', host)) {
      for (const labels of subsets) {
        const selector = { ...service.spec.selector, ...labels };
        const shown = `${source} sends ${weight} % to ${host}${subset === undefined ? '' : `/${subset}`}`;
        this.#checkPods(selector, shown);
      }
    }
  }

  #subsetLabels(host: string, subset: string): readonly Labels[] {
    return this.#names('DestinationRule').flatMap((name) =>
      this.#inForce<DestinationRule>('DestinationRule', name)
        .filter(({ spec }) => (spec.host ?? '').split('.')[0] === host)
        .map(({ spec }) => spec.subsets?.find((one) => one.name === subset)?.labels ?? {}),
    );
  }

  #checkPods(selector: Labels, shown: string): void {
    const pods = this.#ready.filter((pod) => matches(selector, pod));
    if (pods.length === 0) this.#found.add(`${shown}, where no pod answers`);
    const services = this.#names('Service').map((name) =>
      this.#versions.get(`Service/${name}`)?.at(-1),
    );
    const isLost = pods.some(
      (pod) =>
        !services.some((one) =>
          matches((one?.object as Service | undefined)?.spec.selector ?? {}, pod),
        ),
    );
    // A sidecar answers only for Services that select its pod.
    if (isLost) this.#found.add(`${shown}, where pods are that no Service selects any more`);
  }
}

function matches(selector: Labels, { metadata }: Pod): boolean {
  return Object.entries(selector).every(([key, value]) => metadata.labels?.[key] === value);
}

function isReady({ metadata, status }: Pod): boolean {
  if (metadata.deletionTimestamp !== undefined) return false;
  return (
    status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true
  );
}
