// Pods that were there before: when they are lost and come back, the update has come no further (pitfall 35). What it
// had reached is kept as an annotation of the new set, written only when pods are lost amid an update.
// Entry points: `noteSetback`, `reached`.
import { REACHED } from '../../api/names.ts';
import { REPLICA_SETS } from '../../api/resources.ts';
import type { RolloutStatus } from '../../api/rollout.ts';
import { refOf } from '../ownership.ts';
import type { Pass } from './pass.ts';
import { sizeOf } from './sets.ts';

/** Pods of the new set, and those of all sets that are ready and available. */
export interface Reached {
  readonly updated: number;
  readonly ready: number;
  readonly available: number;
}

const NOTHING: Reached = { updated: 0, ready: 0, available: 0 };

export function reachedOf(status: RolloutStatus): Reached {
  const { updatedReplicas = 0, readyReplicas = 0, availableReplicas = 0 } = status;
  return { updated: updatedReplicas, ready: readyReplicas, available: availableReplicas };
}

/** Counts are compared only while the sets keep the sizes that they were taken at. */
function sizesText({ sets }: Pass): string {
  const sized = sets.all.filter((set) => sizeOf(set) > 0);
  return sized.map((set) => `${set.metadata.name}=${sizeOf(set)}`).join(',');
}

/** What had been reached with these sizes before pods were lost; zeros if none were. */
export function reached(pass: Pass): Reached {
  const text = pass.sets.newSet?.metadata.annotations?.[REACHED] ?? '';
  const [, updated, ready, available, sizes] = /^(\d+)\/(\d+)\/(\d+) at (.*)$/.exec(text) ?? [];
  if (sizes === undefined || sizes !== sizesText(pass)) return NOTHING;
  return { updated: Number(updated), ready: Number(ready), available: Number(available) };
}

/** Fewer pods of the new set than before, though it is not being made smaller. */
export function hasLostPods({ stored, sets }: Pass, next: RolloutStatus): boolean {
  const before = stored.updatedReplicas ?? 0;
  return (next.updatedReplicas ?? 0) < before && sizeOf(sets.newSet) >= before;
}

function isSetback(pass: Pass, next: RolloutStatus): boolean {
  const { stored } = pass;
  if (stored.currentPodHash !== next.currentPodHash) return false;
  const before = reachedOf(stored);
  const after = reachedOf(next);
  const old = (status: RolloutStatus) => (status.replicas ?? 0) - (status.updatedReplicas ?? 0);
  const areAllThere = after.updated >= before.updated && old(next) >= old(stored);
  const hasFewer = after.ready < before.ready || after.available < before.available;
  return hasLostPods(pass, next) || (areAllThere && hasFewer);
}

/** Records what the update had reached, if this pass finds that pods have been lost. */
export function noteSetback(pass: Pass, next: RolloutStatus): void {
  const { sets, stored, draft } = pass;
  const { newSet } = sets;
  if (newSet === undefined || !isSetback(pass, next)) return;
  const before = reachedOf(stored);
  const known = reached(pass);
  const best = (member: keyof Reached) => Math.max(before[member], known[member]);
  const counts = `${best('updated')}/${best('ready')}/${best('available')}`;
  const text = `${counts} at ${sizesText(pass)}`;
  if (newSet.metadata.annotations?.[REACHED] === text) return;
  draft.writes.push({
    kind: 'patch',
    ref: refOf(REPLICA_SETS, newSet),
    resourceVersion: newSet.metadata.resourceVersion ?? '',
    patch: { type: 'merge', body: { metadata: { annotations: { [REACHED]: text } } } },
    events: [],
  });
  draft.reasons.push({
    code: 'SyncingReplicaSet',
    message: `ReplicaSet ${newSet.metadata.name} has lost pods: they are no progress when they come back`,
  });
}
