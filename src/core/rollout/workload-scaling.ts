// What a Rollout does to the workload that its template comes from (rollout.md 3.11): it records which state of it it has
// seen, and lets a Deployment go as its own pods take over.
import type { Deployment } from '../../api/kubernetes.ts';
import { WORKLOAD_GENERATION } from '../../api/names.ts';
import { DEPLOYMENTS } from '../../api/resources.ts';
import type { RolloutStatus } from '../../api/rollout.ts';
import { refOf } from '../ownership.ts';
import { type Pass, rolloutPatch } from './pass.ts';
import { revisionOf, sizeOf } from './sets.ts';
import { workloadGeneration } from './workload.ts';

/** Tells clients which state of the workload the Rollout is to follow. */
export function recordWorkload({ world, rollout, draft }: Pass): void {
  const generation = workloadGeneration(world.workload);
  if (generation === undefined) return;
  if (rollout.metadata.annotations?.[WORKLOAD_GENERATION] === generation) return;
  const annotations = { [WORKLOAD_GENERATION]: generation };
  draft.writes.push(rolloutPatch(rollout, { metadata: { annotations } }));
}

/** The status says which state of the workload it was decided on; of one that is gone the last is kept. */
export function withWorkloadObserved(
  { world, rollout, stored }: Pass,
  status: RolloutStatus,
): RolloutStatus {
  const { workloadObservedGeneration: _before, ...rest } = status;
  const seen = workloadGeneration(world.workload) ?? stored.workloadObservedGeneration;
  if (rollout.spec.workloadRef === undefined || seen === undefined) return rest;
  return { ...rest, workloadObservedGeneration: seen };
}

/**
 * `progressively`: the Deployment has as many pods as the first version of the Rollout still lacks.
 * 3 pods, 1 ready -> 2. Ready is what both the last status and the sets of now say, so that a pod that has just been lost is
 * made up for, and one that has just come is told first.
 */
export function shrinkWorkload(pass: Pass): void {
  if (!isFirst(pass, 'progressively')) return;
  const { sets, stored, replicas } = pass;
  const now = sets.all.reduce((sum, set) => sum + (set.status?.readyReplicas ?? 0), 0);
  const ready = stored.readyReplicas ?? 0;
  if (ready > 0 || sizeOf(sets.newSet) > replicas) {
    scaleWorkload(pass, Math.max(0, replicas - Math.min(ready, now)));
  }
}

/** `onsuccess`: the first version is Healthy, and needs the Deployment no more. */
export function retireWorkload(pass: Pass): void {
  if (pass.stored.phase === 'Healthy' && isFirst(pass, 'onsuccess')) scaleWorkload(pass, 0);
}

/** Only while the pods of a Deployment are being replaced for the first time; later ones are its user's. */
function isFirst({ rollout, sets }: Pass, mode: string): boolean {
  return rollout.spec.workloadRef?.scaleDown === mode && revisionOf(sets.newSet) === 1;
}

function scaleWorkload({ world, draft }: Pass, size: number): void {
  const object = world.workload?.object;
  if (object?.kind !== DEPLOYMENTS.kind) return;
  const deployment = object as Deployment;
  const before = deployment.spec.replicas ?? 1;
  if (before === size) return;
  draft.writes.push({
    kind: 'patch',
    ref: refOf(DEPLOYMENTS, deployment),
    resourceVersion: deployment.metadata.resourceVersion ?? '',
    patch: { type: 'merge', body: { spec: { replicas: size } } },
    events: [],
    isOptional: true,
  });
  draft.reasons.push({
    code: 'ScalingWorkload',
    message: `Deployment ${deployment.metadata.name}: ${before} -> ${size}`,
  });
}
