// What of all work may wait while the ReplicaSet controller is behind (`backlog.ts`). Entry point: `whatCanWait`.
import { REPLICA_SETS, ROLLOUTS } from '../api/resources.ts';
import type { RolloutStatus } from '../api/rollout.ts';
import type { Decision, Write } from '../core/decision.ts';
import type { Snapshot } from './kind.ts';

/**
 * `beginning`: a Rollout at rest, or a new one, gets its next set. `clearing`: nothing but sets that a Rollout at rest has
 * left behind is made smaller or removed. Undefined for everything else: it is under way, or serves traffic.
 */
export function whatCanWait(
  { ref, status }: Pick<Snapshot, 'ref' | 'status'>,
  { writes }: Pick<Decision<unknown>, 'writes'>,
): 'beginning' | 'clearing' | undefined {
  if (ref.resource !== ROLLOUTS) return undefined;
  const { phase, stableRS = '', currentPodHash = '' } = (status ?? {}) as RolloutStatus;
  if (phase !== undefined && phase !== 'Healthy') return undefined;
  if (writes.some(isNewSet)) return 'beginning';
  const isOnlyOld = writes.every((write) => isOldSet(write, stableRS));
  return writes.length > 0 && isOnlyOld && stableRS === currentPodHash ? 'clearing' : undefined;
}

function isNewSet({ kind, ref }: Write): boolean {
  return kind === 'create' && ref.resource === REPLICA_SETS;
}

function isOldSet(write: Write, stable: string): boolean {
  if (write.ref.resource !== REPLICA_SETS || write.ref.name.endsWith(`-${stable}`)) return false;
  return write.kind === 'delete' || (write.kind === 'patch' && isEmptying(write.patch.body));
}

/** Sets that were taken over have names of their own: the one that serves may be among them, but never gets no pods. */
function isEmptying(body: unknown): boolean {
  const { spec } = body as { readonly spec?: { readonly replicas?: number } };
  return spec?.replicas === 0;
}
