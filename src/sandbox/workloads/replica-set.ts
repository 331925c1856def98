// The ReplicaSet controller: as many pods as wanted, their counts in the status
// (https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/).
import type { Pod, ReplicaSet } from '../../api/kubernetes.ts';
import { PODS, REPLICA_SETS } from '../../api/resources.ts';
import { jsonEqual } from '../../lib/equal.ts';
import { randomSuffix } from '../../lib/random.ts';
import { type Instant, later, parseInstant, seconds } from '../../lib/time.ts';
import {
  controlledBy,
  controllerOf,
  isPodReady,
  refTo,
  tell,
  type WorkloadContext,
} from './context.ts';
import { createLoop, type Loop } from './loop.ts';

const SUFFIX_LENGTH = 5;

/** Runs until the caches stop. */
export function startReplicaSets(context: WorkloadContext): Loop {
  const { caches, clock, onProblem } = context;
  const pending = new Expectations();
  const loop = createLoop({
    clock,
    look: (namespace, name) => look(context, { loop, pending }, { namespace, name }),
    onProblem: (key, error) => onProblem(`ReplicaSet ${key}`, error),
  });
  caches.replicaSets.onChange(({ after }) => {
    if (after !== undefined) loop.add(after.metadata);
  });
  caches.pods.onChange(({ before, after }) => {
    const pod = after ?? before;
    const owner = pod === undefined ? undefined : controllerOf(pod);
    if (pod === undefined || owner?.kind !== 'ReplicaSet') return;
    pending.seen(owner.uid, pod.metadata.name);
    loop.add({ namespace: pod.metadata.namespace ?? '', name: owner.name });
  });
  return loop;
}

/** Pods that were made or deleted and that the cache has not shown yet: until then nothing is counted anew. */
class Expectations {
  readonly #names = new Map<string, Set<string>>();

  expect(uid: string, name: string): void {
    const names = this.#names.get(uid) ?? new Set();
    names.add(name);
    this.#names.set(uid, names);
  }

  seen(uid: string, name: string): void {
    const names = this.#names.get(uid);
    names?.delete(name);
    if (names?.size === 0) this.#names.delete(uid);
  }

  isFree(uid: string): boolean {
    return !this.#names.has(uid);
  }
}

interface Own {
  readonly loop: Loop;
  readonly pending: Expectations;
}

function isActive({ metadata, status }: Pod): boolean {
  const isOver = status?.phase === 'Succeeded' || status?.phase === 'Failed';
  return metadata.deletionTimestamp === undefined && !isOver;
}

async function look(
  context: WorkloadContext,
  own: Own,
  key: { readonly namespace: string; readonly name: string },
): Promise<void> {
  const set = context.caches.replicaSets.get(key.namespace, key.name);
  if (set === undefined) return;
  const uid = set.metadata.uid ?? '';
  const pods = context.caches.pods.byOwner(uid).filter(isActive);
  const wanted = set.spec.replicas ?? 1;
  const isLeaving = set.metadata.deletionTimestamp !== undefined;
  if (!isLeaving && own.pending.isFree(uid)) {
    if (pods.length < wanted) await createPods(context, own, set, wanted - pods.length);
    if (pods.length > wanted) await deletePods(context, own, set, pods);
  }
  await writeStatus(context, own, set, pods);
}

async function createPods(
  context: WorkloadContext,
  { pending }: Own,
  set: ReplicaSet,
  count: number,
): Promise<void> {
  const { client, random } = context;
  const { namespace = '', name, uid = '' } = set.metadata;
  const { template } = set.spec;
  for (let index = 0; index < count; index += 1) {
    const podName = `${name}-${randomSuffix(random, SUFFIX_LENGTH)}`;
    const pod: Pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        ...template?.metadata,
        name: podName,
        generateName: `${name}-`,
        namespace,
        ownerReferences: [controlledBy(set)],
      },
      spec: template?.spec ?? {},
    };
    pending.expect(uid, podName);
    try {
      await client.create(PODS, pod);
    } catch (error) {
      pending.seen(uid, podName);
      const cause = error instanceof Error ? error.message : String(error);
      tell(context, set, {
        type: 'Warning',
        reason: 'FailedCreate',
        message: `Error creating: ${cause}`,
      });
      throw error;
    }
    const message = `Created pod: ${podName}`;
    tell(context, set, { type: 'Normal', reason: 'SuccessfulCreate', message });
  }
}

/** Those that serve least go first: not ready before ready, young before old. */
function byWorth(a: Pod, b: Pod): number {
  const ready = Number(isPodReady(a)) - Number(isPodReady(b));
  if (ready !== 0) return ready;
  const first = a.metadata.creationTimestamp ?? '';
  const second = b.metadata.creationTimestamp ?? '';
  if (first !== second) return first < second ? 1 : -1;
  return a.metadata.name < b.metadata.name ? -1 : 1;
}

async function deletePods(
  context: WorkloadContext,
  { pending }: Own,
  set: ReplicaSet,
  pods: readonly Pod[],
): Promise<void> {
  const surplus = pods.toSorted(byWorth).slice(0, pods.length - (set.spec.replicas ?? 1));
  const uid = set.metadata.uid ?? '';
  for (const pod of surplus) {
    pending.expect(uid, pod.metadata.name);
    try {
      await context.client.delete(refTo(PODS, pod), { uid: pod.metadata.uid ?? '' });
    } catch (error) {
      pending.seen(uid, pod.metadata.name);
      throw error;
    }
    const message = `Deleted pod: ${pod.metadata.name}`;
    tell(context, set, { type: 'Normal', reason: 'SuccessfulDelete', message });
  }
}

/** From when on a ready pod counts as available. */
export function availableAt(pod: Pod, minReadySeconds: number): Instant | undefined {
  const ready = pod.status?.conditions?.find(({ type }) => type === 'Ready');
  if (ready?.status !== 'True') return undefined;
  const since = parseInstant(ready.lastTransitionTime ?? '');
  return since === undefined ? undefined : later(since, seconds(minReadySeconds));
}

async function writeStatus(
  { client, clock }: WorkloadContext,
  { loop }: Own,
  set: ReplicaSet,
  pods: readonly Pod[],
): Promise<void> {
  const minReady = set.spec.minReadySeconds ?? 0;
  const now = clock.now();
  const ready = pods.filter((pod) => isPodReady(pod));
  const moments = ready.map((pod) => availableAt(pod, minReady) ?? now);
  const isAvailable = (at: Instant) => minReady === 0 || at <= now;
  const next = moments.filter((at) => !isAvailable(at)).toSorted((a, b) => a - b)[0];
  if (next !== undefined) loop.addAt(set.metadata, next);
  const counts = {
    replicas: pods.length,
    fullyLabeledReplicas: pods.length,
    readyReplicas: ready.length,
    availableReplicas: moments.filter(isAvailable).length,
  };
  const status = {
    ...Object.fromEntries(
      Object.entries(counts).filter(([name, count]) => name === 'replicas' || count > 0),
    ),
    observedGeneration: set.metadata.generation ?? 0,
  };
  const before = set.status ?? {};
  if (jsonEqual(before, status)) return;
  const gone = Object.keys(before).filter((name) => !(name in status));
  await client.patch(refTo(REPLICA_SETS, set), {
    type: 'merge',
    body: { status: { ...Object.fromEntries(gone.map((name) => [name, null])), ...status } },
    subresource: 'status',
  });
}
