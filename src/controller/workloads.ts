// Objects that Rollouts take their pod template from (rollout.md 3.11). Their kinds are watched only once a Rollout has
// named one: most clusters have many Deployments that are none of our business.
import type { Deployment, ReplicaSet } from '../api/kubernetes.ts';
import type { KubeObject } from '../api/object.ts';
import type { Rollout } from '../api/rollout.ts';
import { DEPLOYMENTS, REPLICA_SETS } from '../api/resources.ts';
import { workloadKind } from '../core/rollout/workload.ts';
import type { Change, WatchCache } from '../kube/watch-cache.ts';

export interface WorkloadCaches {
  readonly deployments: WatchCache<Deployment>;
  readonly podTemplates: WatchCache<KubeObject>;
  /** Watched anyhow, as the Rollouts' own. */
  readonly replicaSets: WatchCache<ReplicaSet>;
}

/** `unread`: what the cluster holds of that kind is not known yet; the key is looked at again when it is. */
export type FoundWorkload = KubeObject | 'unread' | undefined;

export class Workloads {
  readonly #caches: WorkloadCaches;
  readonly #lookAgain: (key: string) => void;
  /** Keys that wait for the first list of a kind; none once it is in. */
  readonly #waiting = new Map<WatchCache<KubeObject>, Set<string>>();
  readonly #read = new Set<WatchCache<KubeObject>>();

  constructor(caches: WorkloadCaches, lookAgain: (key: string) => void) {
    this.#caches = caches;
    this.#lookAgain = lookAgain;
    this.#read.add(caches.replicaSets);
  }

  /** What the Rollout of `key` refers to; undefined if it refers to nothing, or to what is not there. */
  find(key: string, rollout: Rollout): FoundWorkload {
    const cache = this.#cacheFor(rollout);
    if (cache === undefined) return undefined;
    if (!this.#read.has(cache)) {
      this.#wait(cache, key);
      return 'unread';
    }
    return cache.get(rollout.metadata.namespace, rollout.spec.workloadRef?.name ?? '');
  }

  #cacheFor(rollout: Rollout): WatchCache<KubeObject> | undefined {
    const resource = workloadKind(rollout);
    if (resource === undefined) return undefined;
    if (resource === REPLICA_SETS) return this.#caches.replicaSets;
    return resource === DEPLOYMENTS ? this.#caches.deployments : this.#caches.podTemplates;
  }

  #wait(cache: WatchCache<KubeObject>, key: string): void {
    const waiting = this.#waiting.get(cache);
    if (waiting !== undefined) {
      waiting.add(key);
      return;
    }
    this.#waiting.set(cache, new Set([key]));
    void this.#readAll(cache);
  }

  async #readAll(cache: WatchCache<KubeObject>): Promise<void> {
    cache.start();
    await cache.synced;
    this.#read.add(cache);
    for (const key of this.#waiting.get(cache) ?? []) this.#lookAgain(key);
    this.#waiting.delete(cache);
  }

  stop(): void {
    this.#caches.deployments.stop();
    this.#caches.podTemplates.stop();
  }
}

/** Nothing of a Deployment's status is read; a Deployment under way changes it all the time. */
export function withoutStatus<T extends KubeObject>(object: T): T {
  const { status: _status, ...rest } = object as T & { readonly status?: unknown };
  return rest as unknown as T;
}

/** Whether a Rollout that refers to the object may have to do something else now. */
export function isOtherWorkload({ before, after }: Change<KubeObject>): boolean {
  const identity = (object: KubeObject | undefined) => {
    const { uid, generation, resourceVersion } = object?.metadata ?? {};
    return `${uid ?? ''}/${generation ?? resourceVersion ?? ''}`;
  };
  return identity(before) !== identity(after);
}
