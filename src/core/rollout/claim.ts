// Taking over sets without owner, and letting go of those that the selector no longer matches (rollout.md 2.9).
import type { ReplicaSet } from '../../api/kubernetes.ts';
import type { Json } from '../../api/object.ts';
import { REPLICA_SETS, ROLLOUTS } from '../../api/resources.ts';
import { controllerReference, refOf } from '../ownership.ts';
import type { Pass } from './pass.ts';
import { claimsOf } from './sets.ts';

/** True if a set changes hands: the next pass sees the result. */
export function claimSets(pass: Pass): boolean {
  const { rollout, draft } = pass;
  const { adopt, release } = claimsOf(pass.world);
  for (const set of adopt) {
    const owners = [...(set.metadata.ownerReferences ?? []), controllerReference(rollout)];
    writeOwners(pass, set, owners as unknown as Json);
  }
  for (const set of release) {
    const owners = (set.metadata.ownerReferences ?? []).filter(
      (owner) => owner.uid !== rollout.metadata.uid,
    );
    writeOwners(pass, set, owners as unknown as Json);
  }
  const changed = adopt.length + release.length > 0;
  if (changed) {
    const names = [...adopt, ...release].map((set) => set.metadata.name).join(', ');
    draft.reasons.push({ code: 'ClaimingReplicaSets', message: `changing the owner of ${names}` });
  }
  return changed;
}

function writeOwners({ draft, rollout }: Pass, set: ReplicaSet, ownerReferences: Json): void {
  const { uid = '' } = rollout.metadata;
  draft.writes.push({
    kind: 'patch',
    ref: refOf(REPLICA_SETS, set),
    resourceVersion: set.metadata.resourceVersion ?? '',
    patch: { type: 'merge', body: { metadata: { ownerReferences } } },
    events: [],
    onlyWhile: { ref: refOf(ROLLOUTS, rollout), uid },
  });
}
