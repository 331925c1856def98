// The end of a story that is rescued by an abort, and what must have come of it (law 8).
import { expect } from 'vitest';
import type { Rollout } from '../../src/api/rollout.ts';
import { HASH_LABEL } from '../../src/api/names.ts';
import type { ReplicaSet } from '../../src/api/kubernetes.ts';
import { isRoutedBy, type Setup } from './stand/manifests.ts';
import type { Stand } from './stand/stand.ts';
import type { Turn } from './story.ts';
import { managedRoute, type Scene, sceneOf, sharesOf } from './traffic-safety.ts';

/**
 * All that a healthy stable version needs is there, and its user does not hold it (who pauses a Rollout stops the
 * sizing of its sets, of the stable one too); then the update is given up.
 */
export const RESCUE: readonly Turn[] = [
  { act: { kind: 'apply again' }, after: 0 },
  { act: { kind: 'resume' }, after: 0 },
  ...[1, 2, 3].map((version): Turn => {
    return { act: { kind: 'health', version, health: 'good' }, after: 'rest' };
  }),
  { act: { kind: 'abort' }, after: 'rest' },
];

function hashOf({ metadata }: ReplicaSet): string {
  return metadata.labels?.[HASH_LABEL] ?? '';
}

function stableSet({ rollout, sets }: Scene): ReplicaSet | undefined {
  return sets.find((set) => hashOf(set) === rollout?.status?.stableRS);
}

/** Whether there was an update to give up, and a stable set with pods to go back to. */
export function isRescuable(stand: Stand): boolean {
  const scene = sceneOf(stand.store);
  const { stableRS, currentPodHash } = scene.rollout?.status ?? {};
  const hasPods = (scene.rollout?.spec.replicas ?? 1) > 0;
  return stableRS !== currentPodHash && stableSet(scene) !== undefined && hasPods;
}

/** `meant` is the Rollout as it was before a mistake was made with it. */
export function checkRescued(stand: Stand, { traffic }: Setup, meant?: Rollout): void {
  const scene = sceneOf(stand.store);
  const { rollout } = scene;
  const stable = stableSet(scene);
  expect(rollout?.status?.abort).toBe(true);
  expect(stable?.status?.availableReplicas).toBe((meant ?? rollout)?.spec.replicas ?? 1);
  if (isRoutedBy(traffic)) {
    expect(managedRoute(scene)).toBeDefined();
    expect(sharesOf(scene).get(rollout?.status?.stableRS ?? '')).toBe(100);
    return;
  }
  const others = scene.sets.filter(({ metadata, spec }) => {
    const isOwn = metadata.ownerReferences?.[0]?.uid === rollout?.metadata.uid;
    return isOwn && metadata.uid !== stable?.metadata.uid && spec.replicas !== 0;
  });
  expect(others.map(({ metadata }) => metadata.name)).toEqual([]);
}
