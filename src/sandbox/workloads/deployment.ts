// The Deployment controller: one ReplicaSet for each template, moved from the old to the new within surge and
// unavailability (https://kubernetes.io/docs/concepts/workloads/controllers/deployment/).
import { podTemplateHash } from '../../api/hash.ts';
import type { Deployment, ReplicaSet } from '../../api/kubernetes.ts';
import type { Json } from '../../api/object.ts';
import { DEPLOYMENTS, REPLICA_SETS } from '../../api/resources.ts';
import { isSameTemplate } from '../../api/template-equality.ts';
import { jsonEqual } from '../../lib/equal.ts';
import { formatInstant } from '../../lib/time.ts';
import { controlledBy, controllerOf, refTo, tell, type WorkloadContext } from './context.ts';
import { createLoop, type Loop } from './loop.ts';

const HASH = 'pod-template-hash';
const REVISION = 'deployment.kubernetes.io/revision';

export function startDeployments(context: WorkloadContext): Loop {
  const { caches, clock, onProblem } = context;
  const loop = createLoop({
    clock,
    look: (namespace, name) => look(context, namespace, name),
    onProblem: (key, error) => onProblem(`Deployment ${key}`, error),
  });
  caches.deployments.onChange(({ after }) => {
    if (after !== undefined) loop.add(after.metadata);
  });
  caches.replicaSets.onChange(({ before, after }) => {
    const set = after ?? before;
    const owner = set === undefined ? undefined : controllerOf(set);
    if (set === undefined || owner?.kind !== 'Deployment') return;
    loop.add({ namespace: set.metadata.namespace ?? '', name: owner.name });
  });
  return loop;
}

interface Sets {
  readonly current: ReplicaSet | undefined;
  readonly old: readonly ReplicaSet[];
}

async function look(context: WorkloadContext, namespace: string, name: string): Promise<void> {
  const deployment = context.caches.deployments.get(namespace, name);
  if (deployment === undefined || deployment.metadata.deletionTimestamp !== undefined) return;
  const all = context.caches.replicaSets.byOwner(deployment.metadata.uid ?? '');
  const sets = setsOf(deployment, all);
  const { current } = sets;
  if (current === undefined) {
    // A paused Deployment rolls nothing out.
    if (deployment.spec.paused !== true) return createSet(context, deployment, all);
  } else {
    if (await syncRevision(context, deployment, { current, all })) return;
    const isMoved = await scale(context, deployment, { current, old: sets.old });
    if (!isMoved) await cleanUp(context, deployment, sets.old);
  }
  await writeStatus(context, deployment, { current, all });
}

function bareTemplate({ spec }: ReplicaSet): Deployment['spec']['template'] {
  const { [HASH]: _hash, ...labels } = spec.template?.metadata?.labels ?? {};
  return { ...spec.template, metadata: { ...spec.template?.metadata, labels } };
}

function setsOf({ spec }: Deployment, all: readonly ReplicaSet[]): Sets {
  const current = all
    .toSorted((a, b) => revisionOf(b) - revisionOf(a))
    .find((set) => isSameTemplate(bareTemplate(set), spec.template));
  return { current, old: all.filter((set) => set !== current) };
}

function revisionOf({ metadata }: ReplicaSet): number {
  return Number(metadata.annotations?.[REVISION] ?? '0');
}

function nextRevision(others: readonly ReplicaSet[]): number {
  return Math.max(0, ...others.map(revisionOf)) + 1;
}

async function createSet(
  { client }: WorkloadContext,
  deployment: Deployment,
  all: readonly ReplicaSet[],
): Promise<void> {
  const { metadata, spec } = deployment;
  // Another hash than that of a Rollout with the same template: one that takes a Deployment's has the same name, too.
  const hash = podTemplateHash(spec.template, { form: 'current', collisionCount: 0 });
  const labels = { ...spec.template.metadata?.labels, [HASH]: hash };
  const { namespace } = metadata;
  const set: ReplicaSet = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${metadata.name}-${hash}`,
      ...(namespace === undefined ? {} : { namespace }),
      labels,
      annotations: { [REVISION]: String(nextRevision(all)) },
      ownerReferences: [controlledBy(deployment)],
    },
    spec: {
      replicas: 0,
      ...(spec.minReadySeconds === undefined ? {} : { minReadySeconds: spec.minReadySeconds }),
      selector: {
        ...spec.selector,
        matchLabels: { ...spec.selector.matchLabels, [HASH]: hash },
      },
      template: { ...spec.template, metadata: { ...spec.template.metadata, labels } },
    },
  };
  await client.create(REPLICA_SETS, set);
}

/** A set that is used again gets a new number; the Deployment shows the current one. */
async function syncRevision(
  { client }: WorkloadContext,
  deployment: Deployment,
  { current, all }: { readonly current: ReplicaSet; readonly all: readonly ReplicaSet[] },
): Promise<boolean> {
  const revision = nextRevision(all.filter((set) => set !== current));
  const annotate = (value: string): Json => ({ metadata: { annotations: { [REVISION]: value } } });
  if (revisionOf(current) < revision) {
    const body = annotate(String(revision));
    await client.patch(refTo(REPLICA_SETS, current), { type: 'merge', body });
    return true;
  }
  const shown = String(revisionOf(current));
  if (deployment.metadata.annotations?.[REVISION] === shown) return false;
  const body = annotate(shown);
  await client.patch(refTo(DEPLOYMENTS, deployment), { type: 'merge', body });
  return true;
}

function limit(value: number | string | undefined, total: number, round: (n: number) => number) {
  if (typeof value === 'number') return value;
  return round((Number.parseInt(value ?? '25%', 10) / 100) * total);
}

interface Limits {
  readonly surge: number;
  readonly unavailable: number;
}

function limitsOf({ spec }: Deployment): Limits {
  const wanted = spec.replicas ?? 1;
  if (spec.strategy?.type === 'Recreate') return { surge: 0, unavailable: wanted };
  const { maxSurge, maxUnavailable } = spec.strategy?.rollingUpdate ?? {};
  const surge = limit(maxSurge, wanted, Math.ceil);
  const unavailable = limit(maxUnavailable, wanted, Math.floor);
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}

function size(set: ReplicaSet): number {
  return set.spec.replicas ?? 1;
}

/** One step towards the wanted sizes; true if there was one. */
async function scale(
  context: WorkloadContext,
  deployment: Deployment,
  { current, old }: { readonly current: ReplicaSet; readonly old: readonly ReplicaSet[] },
): Promise<boolean> {
  const wanted = deployment.spec.replicas ?? 1;
  const { surge, unavailable } = limitsOf(deployment);
  const others = old.reduce((sum, set) => sum + size(set), 0);
  const isRecreate = deployment.spec.strategy?.type === 'Recreate';
  const live = old.reduce((sum, set) => sum + (set.status?.replicas ?? 0), 0);
  const room = isRecreate ? (live > 0 ? 0 : wanted) : wanted + surge - others;
  const target = Math.max(Math.min(wanted, room), Math.min(size(current), wanted));
  if (deployment.spec.paused !== true && target !== size(current)) {
    await setSize(context, deployment, current, target);
    return true;
  }
  const available = [current, ...old].reduce(
    (sum, set) => sum + (set.status?.availableReplicas ?? 0),
    0,
  );
  return scaleDownOld(context, deployment, old, {
    spare: isRecreate ? others : available - (wanted - unavailable),
  });
}

async function scaleDownOld(
  context: WorkloadContext,
  deployment: Deployment,
  old: readonly ReplicaSet[],
  { spare }: { readonly spare: number },
): Promise<boolean> {
  if (deployment.spec.paused === true) return false;
  let left = spare;
  let isMoved = false;
  for (const set of old.filter((one) => size(one) > 0)) {
    // Pods that serve nobody can always go.
    const broken = Math.max(0, size(set) - (set.status?.availableReplicas ?? 0));
    const serving = size(set) - broken;
    const taken = Math.min(serving, Math.max(0, left));
    const target = serving - taken;
    if (target === size(set)) continue;
    left -= taken;
    await setSize(context, deployment, set, target);
    isMoved = true;
  }
  return isMoved;
}

async function setSize(
  context: WorkloadContext,
  deployment: Deployment,
  set: ReplicaSet,
  target: number,
): Promise<void> {
  const before = size(set);
  await context.client.patch(refTo(REPLICA_SETS, set), {
    type: 'merge',
    body: {
      metadata: { resourceVersion: set.metadata.resourceVersion ?? '' },
      spec: { replicas: target },
    },
  });
  const direction = target > before ? 'up' : 'down';
  const message = `Scaled ${direction} replica set ${set.metadata.name} from ${before} to ${target}`;
  tell(context, deployment, { type: 'Normal', reason: 'ScalingReplicaSet', message });
}

async function cleanUp(
  { client }: WorkloadContext,
  { spec }: Deployment,
  old: readonly ReplicaSet[],
): Promise<void> {
  const idle = old
    .filter((set) => size(set) === 0 && (set.status?.replicas ?? 0) === 0)
    .toSorted((a, b) => revisionOf(a) - revisionOf(b));
  const surplus = idle.slice(0, Math.max(0, idle.length - (spec.revisionHistoryLimit ?? 10)));
  for (const set of surplus) await client.delete(refTo(REPLICA_SETS, set), {});
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

async function writeStatus(
  { client, clock }: WorkloadContext,
  deployment: Deployment,
  {
    current,
    all,
  }: { readonly current: ReplicaSet | undefined; readonly all: readonly ReplicaSet[] },
): Promise<void> {
  const sum = (member: 'replicas' | 'readyReplicas' | 'availableReplicas') =>
    all.reduce((total, set) => total + (set.status?.[member] ?? 0), 0);
  const wanted = deployment.spec.replicas ?? 1;
  const available = sum('availableReplicas');
  const counts = {
    replicas: sum('replicas'),
    updatedReplicas: current?.status?.replicas ?? 0,
    readyReplicas: sum('readyReplicas'),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, wanted - available),
  };
  const present = Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
  const isDone =
    counts.updatedReplicas === wanted && counts.replicas === wanted && available === wanted;
  const conditions = conditionsOf(deployment, formatInstant(clock.now()), [
    availableCondition(deployment, available),
    progressCondition(deployment, current, isDone),
  ]);
  const status: Record<string, Json> = {
    ...present,
    observedGeneration: deployment.metadata.generation ?? 0,
    conditions,
  };
  const before = deployment.status ?? {};
  if (jsonEqual(before, status)) return;
  const gone = Object.keys(before).filter((name) => !(name in status));
  const cleared = Object.fromEntries(gone.map((name) => [name, null]));
  await client.patch(refTo(DEPLOYMENTS, deployment), {
    type: 'merge',
    body: { status: { ...cleared, ...status } },
    subresource: 'status',
  });
}

function availableCondition(deployment: Deployment, available: number): Condition {
  const isEnough = available >= (deployment.spec.replicas ?? 1) - limitsOf(deployment).unavailable;
  return isEnough
    ? {
        type: 'Available',
        status: 'True',
        reason: 'MinimumReplicasAvailable',
        message: 'Deployment has minimum availability.',
      }
    : {
        type: 'Available',
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      };
}

function progressCondition(
  { metadata }: Deployment,
  current: ReplicaSet | undefined,
  isDone: boolean,
): Condition {
  const subject =
    current === undefined
      ? `Deployment "${metadata.name}"`
      : `ReplicaSet "${current.metadata.name}"`;
  return isDone
    ? {
        type: 'Progressing',
        status: 'True',
        reason: 'NewReplicaSetAvailable',
        message: `${subject} has successfully progressed.`,
      }
    : {
        type: 'Progressing',
        status: 'True',
        reason: 'ReplicaSetUpdated',
        message: `${subject} is progressing.`,
      };
}

/** Moments change only with what they tell of. */
function conditionsOf({ status }: Deployment, now: string, wanted: readonly Condition[]) {
  return wanted.map((condition) => {
    const before = status?.conditions?.find(({ type }) => type === condition.type);
    const isSame = before?.status === condition.status && before.reason === condition.reason;
    const isSameStatus = before?.status === condition.status;
    return {
      ...condition,
      lastUpdateTime: isSame ? (before.lastUpdateTime ?? now) : now,
      lastTransitionTime: isSameStatus ? (before.lastTransitionTime ?? now) : now,
    };
  });
}
