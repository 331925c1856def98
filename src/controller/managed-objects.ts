// Which Services and DestinationRules say that a Rollout has pointed them at its sets (their annotation): an index, so that
// a Rollout finds those that it no longer names.
import type { KubeObject } from '../api/object.ts';
import { MANAGED_BY } from '../api/names.ts';
import type { Change, WatchCache } from '../kube/watch-cache.ts';

export interface RolloutName {
  readonly namespace: string;
  readonly name: string;
}

/** The Rollout that has pointed the object; undefined if none. */
function managerOf(object: KubeObject | undefined): RolloutName | undefined {
  const name = object?.metadata.annotations?.[MANAGED_BY] ?? '';
  return object === undefined || name === ''
    ? undefined
    : { namespace: object.metadata.namespace ?? '', name };
}

type Cache = WatchCache<KubeObject>;

export class ManagedObjects {
  readonly #caches: readonly Cache[];
  /** Names of objects by `NAMESPACE/ROLLOUT`, for each cache. */
  readonly #names = new Map<string, Map<Cache, Set<string>>>();

  constructor(...caches: readonly Cache[]) {
    this.#caches = caches;
  }

  /** Keeps the index up to date; tells whose objects have changed. Returns what ends that. */
  follow(onChange: (manager: RolloutName) => void): () => void {
    const stops = this.#caches.map((cache) =>
      cache.onChange(({ before, after }: Change<KubeObject>) => {
        const [old, now] = [managerOf(before), managerOf(after)];
        if (old !== undefined) this.#forget(cache, old, before);
        if (now !== undefined) this.#note(cache, now, after);
        for (const manager of [old, now]) if (manager !== undefined) onChange(manager);
      }),
    );
    return () => {
      for (const stop of stops) stop();
    };
  }

  #forget(cache: Cache, manager: RolloutName, object: KubeObject | undefined): void {
    const key = keyOf(manager);
    const kinds = this.#names.get(key);
    const names = kinds?.get(cache);
    names?.delete(object?.metadata.name ?? '');
    if (names?.size === 0) kinds?.delete(cache);
    if (kinds?.size === 0) this.#names.delete(key);
  }

  #note(cache: Cache, manager: RolloutName, object: KubeObject | undefined): void {
    const key = keyOf(manager);
    const kinds = this.#names.get(key) ?? new Map<Cache, Set<string>>();
    const names = kinds.get(cache) ?? new Set();
    names.add(object?.metadata.name ?? '');
    this.#names.set(key, kinds.set(cache, names));
  }

  /** The objects of a Rollout, by kind and name. */
  of(manager: RolloutName): readonly KubeObject[] {
    const kinds = this.#names.get(keyOf(manager));
    if (kinds === undefined) return [];
    return this.#caches.flatMap((cache) =>
      [...(kinds.get(cache) ?? [])]
        .toSorted()
        .flatMap((name) => cache.get(manager.namespace, name) ?? []),
    );
  }

  /** Everybody who has pointed an object. */
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
