// Which Services say that a Rollout has pointed them at its sets (their annotation): an index, so that a Rollout finds those
// that it no longer names.
import type { Service } from '../api/kubernetes.ts';
import { MANAGED_BY } from '../api/names.ts';
import type { Change, WatchCache } from '../kube/watch-cache.ts';

export interface RolloutName {
  readonly namespace: string;
  readonly name: string;
}

/** The Rollout that the Service is pointed by; undefined if none. */
function managerOf(service: Service | undefined): RolloutName | undefined {
  const name = service?.metadata.annotations?.[MANAGED_BY] ?? '';
  return service === undefined || name === ''
    ? undefined
    : { namespace: service.metadata.namespace ?? '', name };
}

export class ManagedServices {
  readonly #cache: WatchCache<Service>;
  /** Names of Services by `NAMESPACE/ROLLOUT`. */
  readonly #names = new Map<string, Set<string>>();

  constructor(cache: WatchCache<Service>) {
    this.#cache = cache;
  }

  /** Keeps the index up to date; tells whose Services have changed. Returns what ends that. */
  follow(onChange: (manager: RolloutName) => void): () => void {
    return this.#cache.onChange(({ before, after }: Change<Service>) => {
      const [old, now] = [managerOf(before), managerOf(after)];
      if (old !== undefined) this.#forget(old, before);
      if (now !== undefined) this.#note(now, after);
      for (const manager of [old, now]) if (manager !== undefined) onChange(manager);
    });
  }

  #forget(manager: RolloutName, service: Service | undefined): void {
    const key = keyOf(manager);
    const names = this.#names.get(key);
    names?.delete(service?.metadata.name ?? '');
    if (names?.size === 0) this.#names.delete(key);
  }

  #note(manager: RolloutName, service: Service | undefined): void {
    const key = keyOf(manager);
    const names = this.#names.get(key) ?? new Set();
    names.add(service?.metadata.name ?? '');
    this.#names.set(key, names);
  }

  /** The Services of a Rollout, by name. */
  of(manager: RolloutName): readonly Service[] {
    const names = this.#names.get(keyOf(manager));
    if (names === undefined) return [];
    return [...names].toSorted().flatMap((name) => this.#cache.get(manager.namespace, name) ?? []);
  }

  /** Everybody who has pointed a Service. */
  managers(): readonly RolloutName[] {
    return [...this.#names.keys()].map((key) => {
      const [namespace = '', name = ''] = key.split('/');
      return { namespace, name };
    });
  }
}

function keyOf({ namespace, name }: RolloutName): string {
  return `${namespace}/${name}`;
}
