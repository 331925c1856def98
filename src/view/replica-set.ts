// The state of a ReplicaSet and its part in a Rollout (cli.md 3.4, 3.7).
import type { ReplicaSet } from '../api/kubernetes.ts';
import { HASH_LABEL } from '../api/names.ts';
import type { Rollout } from '../api/rollout.ts';
import type { Colour } from './icons.ts';

export function replicaSetStatus({ metadata, spec, status }: ReplicaSet): string {
  if ((metadata.generation ?? 0) > (status?.observedGeneration ?? 0)) return 'Progressing';
  const isFailing = status?.conditions?.some(
    ({ type, status: value }) => type === 'ReplicaFailure' && value === 'True',
  );
  if (isFailing === true) return 'ReplicaFailure';
  if ((status?.availableReplicas ?? 0) < (spec.replicas ?? 0)) return 'Progressing';
  return (spec.replicas ?? 0) === 0 ? 'ScaledDown' : 'Healthy';
}

export type Tag = 'stable' | 'canary' | 'active' | 'preview' | 'ping' | 'pong';

export const TAG_COLOURS: Readonly<Record<Tag, Colour>> = {
  canary: 'yellow',
  stable: 'green',
  active: 'green',
  preview: 'blue',
  ping: 'blue',
  pong: 'blue',
};

export function tagsOf(rollout: Rollout, set: ReplicaSet): readonly Tag[] {
  const hash = set.metadata.labels?.[HASH_LABEL] ?? '';
  const { canary, blueGreen } = rollout.spec.strategy ?? {};
  if (hash === '') return [];
  if (canary !== undefined) return canaryTags(rollout, hash, canary.pingPong !== undefined);
  return blueGreen === undefined ? [] : blueGreenTags(rollout, hash);
}

function canaryTags({ status }: Rollout, hash: string, isPingPong: boolean): readonly Tag[] {
  const isStable = hash === status?.stableRS;
  if (!isStable && hash !== status?.currentPodHash) return [];
  const tag = isStable ? 'stable' : 'canary';
  if (!isPingPong) return [tag];
  const isPingStable = status?.canary?.stablePingPong === 'ping';
  return [tag, isPingStable === isStable ? 'ping' : 'pong'];
}

function blueGreenTags({ status }: Rollout, hash: string): readonly Tag[] {
  const tags: Tag[] = hash === status?.stableRS ? ['stable'] : [];
  if (hash === status?.blueGreen?.activeSelector) tags.push('active');
  else if (hash === status?.blueGreen?.previewSelector) tags.push('preview');
  return tags;
}
