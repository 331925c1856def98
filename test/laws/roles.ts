// What the strategy's metadata must have come to at rest: every set's template and every pod say the role that the set
// has, under the strategy's keys, and what their user wrote, under all others.
import { expect } from 'vitest';
import type { ReplicaSet } from '../../src/api/kubernetes.ts';
import { HASH_LABEL, METADATA_PENDING } from '../../src/api/names.ts';
import type { Rollout } from '../../src/api/rollout.ts';
import { isControlledBy } from '../../src/core/ownership.ts';
import type { PodMetadata } from '../../src/core/rollout/ephemeral-metadata.ts';
import { NOTE } from './stand/manifests.ts';
import { NAMESPACE, type Stand } from './stand/stand.ts';
import { sceneOf } from './traffic-safety.ts';

function hashOf({ metadata }: ReplicaSet): string {
  return metadata.labels?.[HASH_LABEL] ?? '';
}

/** By the status alone: a set that is both new and stable is stable. */
function roleOf({ spec, status }: Rollout, set: ReplicaSet): PodMetadata {
  const { canary, blueGreen } = spec.strategy ?? {};
  const { stableRS = '', currentPodHash = '' } = status ?? {};
  if (hashOf(set) === stableRS) return canary?.stableMetadata ?? blueGreen?.activeMetadata ?? {};
  if (hashOf(set) !== currentPodHash) return {};
  return canary?.canaryMetadata ?? blueGreen?.previewMetadata ?? {};
}

/** Only a set on its way to become stable keeps away from the one that is; what is left behind is not looked at. */
function affinityOf({ spec, status }: Rollout, set: ReplicaSet): unknown {
  const { canary, blueGreen } = spec.strategy ?? {};
  const { stableRS = '', currentPodHash = '' } = status ?? {};
  if (hashOf(set) !== stableRS && hashOf(set) !== currentPodHash)
    return set.spec.template?.spec?.affinity;
  const isAsked = (canary ?? blueGreen)?.antiAffinity !== undefined;
  if (!isAsked || stableRS === '' || hashOf(set) === stableRS) return undefined;
  const expression = { key: HASH_LABEL, operator: 'In', values: [stableRS] };
  const term = {
    labelSelector: { matchExpressions: [expression] },
    namespaces: [NAMESPACE],
    topologyKey: 'kubernetes.io/hostname',
  };
  return { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } };
}

/** An invalid spec is left alone, with whatever stands. */
function isDriven({ status }: Rollout): boolean {
  return !(status?.conditions ?? []).some(({ type }) => type === 'InvalidSpec');
}

export function checkRoles(stand: Stand): void {
  const { rollout, sets } = sceneOf(stand.store);
  if (rollout === undefined || !isDriven(rollout)) return;
  for (const set of sets.filter((one) => isControlledBy(one, rollout.metadata.uid))) {
    const { labels = {}, annotations = {} } = roleOf(rollout, set);
    const { name } = set.metadata;
    const wanted = {
      labels: { app: 'web', [HASH_LABEL]: hashOf(set), ...labels },
      annotations: { ...NOTE, ...annotations },
    };
    expect(set.spec.template?.spec?.affinity, `the affinity of ${name}`).toEqual(
      affinityOf(rollout, set),
    );
    expect(set.metadata.annotations?.[METADATA_PENDING], `${name} is finished`).toBeUndefined();
    expect(set.spec.template?.metadata, `the template of ${name}`).toEqual(wanted);
    for (const { metadata } of stand.pods.objectsOf(set)) {
      const actual = { labels: metadata.labels, annotations: metadata.annotations };
      expect(actual, `pod ${metadata.name}`).toEqual(wanted);
    }
  }
}
