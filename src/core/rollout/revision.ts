// Revisions: the number of the new set, what is copied onto it, and the Rollout's annotation (rollout.md 2.6).
import { normal } from '../events.ts';
import type { ReplicaSet } from '../../api/kubernetes.ts';
import {
  DESIRED_REPLICAS,
  LAST_APPLIED,
  NOTIFIED,
  REVISION,
  REVISION_HISTORY,
  WORKLOAD_GENERATION,
} from '../../api/names.ts';
import type { Json } from '../../api/object.ts';
import { REPLICA_SETS } from '../../api/resources.ts';
import { refOf } from '../ownership.ts';
import { antiAffinityChange } from './anti-affinity.ts';
import { type Pass, rolloutPatch, rolloutRevision } from './pass.ts';
import { revisionOf } from './sets.ts';
import { workloadGeneration } from './workload.ts';

const OWN: ReadonlySet<string> = new Set([
  LAST_APPLIED,
  REVISION,
  REVISION_HISTORY,
  DESIRED_REPLICAS,
  NOTIFIED,
  WORKLOAD_GENERATION,
]);

/** The Rollout's annotations as a set carries them, and the generation of the workload that the template is from. */
export function copiedAnnotations({ rollout, world }: Pass): Record<string, string> {
  const copied = Object.fromEntries(
    Object.entries(rollout.metadata.annotations ?? {}).filter(([key]) => !OWN.has(key)),
  );
  const generation = workloadGeneration(world.workload);
  return generation === undefined ? copied : { ...copied, [WORKLOAD_GENERATION]: generation };
}

/** One more than the highest revision of all other sets. */
export function nextRevision(all: readonly ReplicaSet[], newSet: ReplicaSet | undefined): number {
  const revisions = all.filter((set) => set !== newSet).map((set) => revisionOf(set) ?? 0);
  return Math.max(0, ...revisions) + 1;
}

/** Brings the new set up to date, or else the Rollout's revision annotation. True: the pass goes no further. */
export function syncRevision(pass: Pass): boolean {
  const { sets, rollout, draft } = pass;
  const { newSet } = sets;
  if (newSet === undefined) return false;
  const body = setChange(pass, newSet);
  if (body !== undefined) {
    draft.writes.push({
      kind: 'patch',
      ref: refOf(REPLICA_SETS, newSet),
      resourceVersion: newSet.metadata.resourceVersion ?? '',
      patch: { type: 'merge', body },
      events: [],
    });
    draft.reasons.push({
      code: 'SyncingReplicaSet',
      message: `bringing ReplicaSet ${newSet.metadata.name} in line with the Rollout`,
    });
    return true;
  }
  const revision = String(revisionOf(newSet) ?? '');
  if (rolloutRevision(rollout) === revision) return false;
  const event = normal('RolloutUpdated', `Rollout updated to revision ${revision}`);
  const annotations = { annotations: { [REVISION]: revision } };
  draft.writes.push(rolloutPatch(rollout, { metadata: annotations }, [event]));
  draft.reasons.push({
    code: 'SyncingReplicaSet',
    message: `recording revision ${revision} on the Rollout`,
  });
  return true;
}

/** Revision, copied annotations, minReadySeconds and the rule of anti-affinity, as far as they differ. */
function setChange(pass: Pass, newSet: ReplicaSet): Json | undefined {
  const { sets } = pass;
  const before = newSet.metadata.annotations ?? {};
  const old = revisionOf(newSet);
  const revision = nextRevision(sets.all, newSet);
  const changed: Record<string, string> = {};
  for (const [key, value] of Object.entries(copiedAnnotations(pass))) {
    // A set keeps the generation of the workload that it was made for, whatever else changes there later.
    if (key !== WORKLOAD_GENERATION && before[key] !== value) changed[key] = value;
  }
  if (old === undefined || old < revision) {
    changed[REVISION] = String(revision);
    if (old !== undefined) {
      const history = before[REVISION_HISTORY] ?? '';
      changed[REVISION_HISTORY] = history === '' ? String(old) : `${history},${old}`;
    }
  }
  const metadata = Object.keys(changed).length === 0 ? {} : { metadata: { annotations: changed } };
  const body = { ...metadata, ...specChange(pass, newSet) };
  return Object.keys(body).length === 0 ? undefined : body;
}

function specChange(pass: Pass, newSet: ReplicaSet): Readonly<Record<string, Json>> {
  const minReadySeconds = pass.rollout.spec.minReadySeconds ?? 0;
  const affinity = antiAffinityChange(pass, newSet);
  const spec: Record<string, Json> = {
    ...((newSet.spec.minReadySeconds ?? 0) === minReadySeconds ? {} : { minReadySeconds }),
    ...(affinity === undefined ? {} : { template: { spec: { affinity } } }),
  };
  return Object.keys(spec).length === 0 ? {} : { spec };
}
