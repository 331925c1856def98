// Pods as ReplicaSets count them: created in one step, ready in the next if their image works. There are pod objects
// only where a story looks at them; then a set's controller is late, as a cache is: it makes pods of an older template.
import type { Pod, ReplicaSet } from '../../../src/api/kubernetes.ts';
import { PODS, REPLICA_SETS } from '../../../src/api/resources.ts';
import { controllerReference, isControlledBy } from '../../../src/core/ownership.ts';
import { formatInstant, type Instant } from '../../../src/lib/time.ts';
import type { KubeClient } from '../../../src/kube/client.ts';
import { type Store, storeKey } from '../../../src/sandbox/apiserver/store.ts';

/** How many pods of an image become ready: all, the smaller half, or none. */
export type Health = 'good' | 'half' | 'bad';

/** How many steps the controller of sets is late, where its pods are objects. */
const LAG_STEPS = 2;

const SETS = storeKey(REPLICA_SETS);
const OBJECTS = storeKey(PODS);

export class Pods {
  readonly #store: Store;
  readonly #now: () => Instant;
  readonly #health = new Map<string, Health>();
  /** Each set as it was in the last steps, the oldest first: that one its controller knows. */
  readonly #seen = new Map<string, readonly ReplicaSet[]>();
  #client: KubeClient | undefined;
  #made = 0;

  constructor(store: Store, now: () => Instant) {
    this.#store = store;
    this.#now = now;
  }

  set(image: string, health: Health): void {
    this.#health.set(image, health);
  }

  /** From now on pods are objects too, made through `client`. */
  showObjects(client: KubeClient): void {
    this.#client = client;
  }

  /** One step of every set towards what it asks for. True if something moved. */
  async step(): Promise<boolean> {
    let isMoved = false;
    for (const set of this.#store.list(SETS) as readonly ReplicaSet[]) {
      isMoved = (await this.#stepOf(set)) || isMoved;
    }
    return isMoved;
  }

  async #stepOf(set: ReplicaSet): Promise<boolean> {
    const seen = this.#seenOf(set);
    const wanted = seen.spec.replicas ?? 1;
    const { replicas = 0, readyReplicas = 0, observedGeneration = 0 } = set.status ?? {};
    const { generation = 0 } = seen.metadata;
    const isBehind = generation !== set.metadata.generation;
    const isCreated = replicas === wanted;
    const ready = isCreated ? this.#readyOf(set, wanted) : Math.min(readyReplicas, wanted);
    const isMoved = await this.#makeObjects(seen, { wanted, ready });
    if (isCreated && ready === readyReplicas && observedGeneration === generation) {
      return isMoved || isBehind;
    }
    const counts = ready === 0 ? {} : { readyReplicas: ready, availableReplicas: ready };
    const status = { replicas: wanted, ...counts, observedGeneration: generation };
    this.#store.put(SETS, { ...set, status } as ReplicaSet);
    return true;
  }

  /** The set as its controller knows it. */
  #seenOf(set: ReplicaSet): ReplicaSet {
    if (this.#client === undefined) return set;
    const { uid = '' } = set.metadata;
    const seen = [...(this.#seen.get(uid) ?? []), set].slice(-LAG_STEPS - 1);
    this.#seen.set(uid, seen);
    return seen[0] ?? set;
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

  objectsOf({ metadata }: ReplicaSet): readonly Pod[] {
    const all = this.#store.list(OBJECTS, metadata.namespace) as readonly Pod[];
    return all.filter((pod) => isControlledBy(pod, metadata.uid));
  }

  /** As many objects as the set counts, the first ones ready. True if something changed. */
  async #makeObjects(
    set: ReplicaSet,
    { wanted, ready }: { readonly wanted: number; readonly ready: number },
  ): Promise<boolean> {
    const client = this.#client;
    if (client === undefined) return false;
    const revision = this.#store.revision;
    const isLeaving = ({ metadata }: Pod) => metadata.deletionTimestamp !== undefined;
    const all = this.objectsOf(set);
    const staying = all.filter((pod) => !isLeaving(pod));
    for (const pod of [...all.filter(isLeaving), ...staying.slice(wanted)]) {
      this.#store.remove(OBJECTS, pod);
    }
    for (let count = staying.length; count < wanted; count += 1) {
      await client.create(PODS, this.#podOf(set));
    }
    for (const [index, pod] of this.objectsOf(set).entries()) this.#tell(pod, index < ready);
    return this.#store.revision !== revision;
  }

  #podOf(set: ReplicaSet): Pod {
    this.#made += 1;
    const { name, namespace = '' } = set.metadata;
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        ...set.spec.template?.metadata,
        name: `${name}-${String(this.#made).padStart(4, '0')}`,
        namespace,
        ownerReferences: [controllerReference(set)],
      },
      spec: set.spec.template?.spec ?? {},
    };
  }

  #tell(pod: Pod, isReady: boolean): void {
    const status = isReady ? 'True' : 'False';
    if (pod.status?.conditions?.[0]?.status === status) return;
    const lastTransitionTime = formatInstant(this.#now());
    this.#store.put(OBJECTS, {
      ...pod,
      status: { conditions: [{ type: 'Ready', status, lastTransitionTime }] },
    } as Pod);
  }
}
