// Changing the size of one ReplicaSet: the patch, its annotations and its event (rollout.md 4.6).
import { normal } from '../events.ts';
import type { ReplicaSet } from '../../api/kubernetes.ts';
import { DESIRED_REPLICAS, REVISION, SCALE_DOWN_DEADLINE } from '../../api/names.ts';
import type { Json } from '../../api/object.ts';
import { REPLICA_SETS } from '../../api/resources.ts';
import { refOf } from '../ownership.ts';
import type { Pass } from './pass.ts';
import { trafficMovesUntil } from './propagation.ts';
import { deadlineTextOf, desiredAnnotationOf, sizeOf } from './sets.ts';

export interface SetTarget {
  readonly size: number;
  /** A deadline to set; null removes the one that is there. */
  readonly deadline?: string | null;
  /** Without it, scaling to zero takes a deadline away. */
  readonly keepsDeadline?: boolean;
}

/** Writes what differs. True if size or the record of the desired size changes: then a pass stops scaling. */
export function scaleSet(pass: Pass, set: ReplicaSet, wanted: SetTarget): boolean {
  const target = whileTrafficMoves(pass, set, wanted);
  const isResized = sizeOf(set) !== target.size;
  const isOutdated = desiredAnnotationOf(set) !== pass.replicas;
  const deadline = deadlineChange(pass, set, target);
  const annotations: Record<string, string | null> = {
    ...(isOutdated ? { [DESIRED_REPLICAS]: String(pass.replicas) } : {}),
    ...(deadline === undefined ? {} : { [SCALE_DOWN_DEADLINE]: deadline }),
  };
  const body: Record<string, Json> = {
    ...(Object.keys(annotations).length === 0 ? {} : { metadata: { annotations } }),
    ...(isResized ? { spec: { replicas: target.size } } : {}),
  };
  if (Object.keys(body).length > 0) writeSet(pass, set, { body, size: target.size });
  return isResized || isOutdated;
}

/** Pods stay as long as a proxy may still send them requests. */
function whileTrafficMoves(pass: Pass, set: ReplicaSet, target: SetTarget): SetTarget {
  if (target.size >= sizeOf(set)) return target;
  const until = trafficMovesUntil(pass);
  if (until === undefined) return target;
  const { draft } = pass;
  draft.moments.push(until);
  draft.reasons.push({
    code: 'TrafficMoves',
    message: `ReplicaSet ${set.metadata.name} keeps its pods until traffic has left`,
  });
  return { ...target, size: sizeOf(set) };
}

function deadlineChange(
  pass: Pass,
  set: ReplicaSet,
  { size, deadline, keepsDeadline }: SetTarget,
): string | null | undefined {
  const hasDeadline = deadlineTextOf(set) !== '';
  if (deadline !== undefined) return deadline !== null || hasDeadline ? deadline : undefined;
  const isEmptied = size === 0 && (sizeOf(set) !== 0 || pass.replicas === 0);
  return isEmptied && hasDeadline && keepsDeadline !== true ? null : undefined;
}

function writeSet(
  { draft }: Pass,
  set: ReplicaSet,
  change: { readonly body: Json; readonly size: number },
): void {
  const { name, resourceVersion = '', annotations } = set.metadata;
  const before = sizeOf(set);
  const direction = change.size > before ? 'up' : 'down';
  const revision = annotations?.[REVISION] ?? '';
  const message =
    `Scaled ${direction} ReplicaSet ${name} (revision ${revision}) ` +
    `from ${before} to ${change.size}`;
  draft.writes.push({
    kind: 'patch',
    ref: refOf(REPLICA_SETS, set),
    resourceVersion,
    patch: { type: 'merge', body: change.body },
    events: before === change.size ? [] : [normal('ScalingReplicaSet', message)],
  });
  draft.reasons.push({
    code: 'ScalingReplicaSet',
    message: `ReplicaSet ${name}: ${before} -> ${change.size}`,
  });
}
