// Pods as ReplicaSets count them: created in one step, ready in the next if their image works. There are no pod objects.
import type { ReplicaSet } from '../../../src/api/kubernetes.ts';
import { REPLICA_SETS } from '../../../src/api/resources.ts';
import { type Store, storeKey } from '../../../src/sandbox/apiserver/store.ts';

/** How many pods of an image become ready: all, the smaller half, or none. */
export type Health = 'good' | 'half' | 'bad';

const SETS = storeKey(REPLICA_SETS);

export class Pods {
  readonly #store: Store;
  readonly #health = new Map<string, Health>();

  constructor(store: Store) {
    this.#store = store;
  }

  set(image: string, health: Health): void {
    this.#health.set(image, health);
  }

  /** One step of every set towards what it asks for. True if something moved. */
  step(): boolean {
    const sets = this.#store.list(SETS) as readonly ReplicaSet[];
    return sets.filter((set) => this.#stepOf(set)).length > 0;
  }

  #stepOf(set: ReplicaSet): boolean {
    const wanted = set.spec.replicas ?? 1;
    const { replicas = 0, readyReplicas = 0, observedGeneration = 0 } = set.status ?? {};
    const { generation = 0 } = set.metadata;
    const isCreated = replicas === wanted;
    const ready = isCreated ? this.#readyOf(set, wanted) : Math.min(readyReplicas, wanted);
    if (isCreated && ready === readyReplicas && observedGeneration === generation) return false;
    const counts = ready === 0 ? {} : { readyReplicas: ready, availableReplicas: ready };
    const status = { replicas: wanted, ...counts, observedGeneration: generation };
    this.#store.put(SETS, { ...set, status } as ReplicaSet);
    return true;
  }

  #readyOf(set: ReplicaSet, wanted: number): number {
    const image = set.spec.template?.spec?.containers?.[0]?.image ?? '';
    switch (this.#health.get(image) ?? 'good') {
      case 'good':
        return wanted;
      case 'half':
        return Math.floor(wanted / 2);
      default:
        return 0;
    }
  }
}
