// Keeps the strategy's metadata on sets and on their pods (rollout.md 8.5). Entry point: `syncMetadata`.
//
// Flow: one write changes the set's template and marks the set: its pods do not know yet. Once the set's controller has
// seen that template no pod is made of the old one any more; then the pods are asked for, once, and each that differs is
// patched. The mark goes last. Stopped after any of these writes, the next pass goes on from the mark.
// Pods are patched when a pass has nothing else to do: what a pod's patch meets must not hold traffic or status up.
import type { Pod, ReplicaSet } from '../../api/kubernetes.ts';
import { EPHEMERAL_METADATA, METADATA_PENDING, REPLACED_METADATA } from '../../api/names.ts';
import type { Json } from '../../api/object.ts';
import { PODS, REPLICA_SETS } from '../../api/resources.ts';
import type { Rollout } from '../../api/rollout.ts';
import { selectorText } from '../../api/selector.ts';
import { mergePatchOf } from '../../lib/merge-patch.ts';
import type { Answer, PatchWrite, Write } from '../decision.ts';
import { isControlledBy, refOf } from '../ownership.ts';
import {
  type Injected,
  injectedInto,
  metadataIn,
  metadataText,
  type PodMetadata,
  PARTS,
  withEphemeral,
} from './ephemeral-metadata.ts';
import { blueGreenOf, canaryOf } from './limits.ts';
import type { Pass } from './pass.ts';
import { sizeOf } from './sets.ts';

/** What pods have for as long as their set is new, and for as long as it is stable. */
function wantedOf(rollout: Rollout): {
  readonly forNew: PodMetadata;
  readonly forStable: PodMetadata;
} {
  const canary = canaryOf(rollout);
  const blueGreen = blueGreenOf(rollout);
  return {
    forNew: canary?.canaryMetadata ?? blueGreen?.previewMetadata ?? {},
    forStable: canary?.stableMetadata ?? blueGreen?.activeMetadata ?? {},
  };
}

/** A set that is made now, with what its pods have for as long as it is what it is now. */
export function withMetadata(pass: Pass, set: ReplicaSet): ReplicaSet {
  const { template, record, replaced } = withEphemeral(set, metadataOfNewSet(pass), undefined);
  if (record === undefined) return set;
  const annotations = {
    ...set.metadata.annotations,
    [EPHEMERAL_METADATA]: record,
    ...(replaced === undefined ? {} : { [REPLACED_METADATA]: replaced }),
  };
  return { ...set, metadata: { ...set.metadata, annotations }, spec: { ...set.spec, template } };
}

/** There is something else that is stable, or not yet. */
function metadataOfNewSet({ rollout, stored }: Pass): PodMetadata {
  const { forNew, forStable } = wantedOf(rollout);
  return (stored.stableRS ?? '') === '' ? forStable : forNew;
}

function metadataFor(pass: Pass, set: ReplicaSet): PodMetadata {
  const { sets, rollout } = pass;
  if (set === sets.stableSet) return wantedOf(rollout).forStable;
  return set === sets.newSet ? metadataOfNewSet(pass) : {};
}

/** Brings every set's template in line, and what pods do not know yet to them. */
export function syncMetadata(pass: Pass): void {
  for (const set of pass.sets.all) {
    if (set.metadata.deletionTimestamp !== undefined) continue;
    if (!changeTemplate(pass, set)) followPods(pass, set);
  }
}

/** True if the set changes: its pods follow in a later pass. */
function changeTemplate(pass: Pass, set: ReplicaSet): boolean {
  const { rollout, sets } = pass;
  const wanted = metadataFor(pass, set);
  const { annotations } = set.metadata;
  const isPlain = wanted.labels === undefined && wanted.annotations === undefined;
  if (isPlain && annotations?.[EPHEMERAL_METADATA] === undefined) return false;
  const own = set === sets.newSet ? (rollout.spec.template?.metadata ?? {}) : undefined;
  const next = withEphemeral(set, wanted, own);
  const changes = {
    ...changeOf(set, EPHEMERAL_METADATA, next.record),
    ...changeOf(set, REPLACED_METADATA, next.replaced),
  };
  if (!next.isChanged && Object.keys(changes).length === 0) return false;
  writeTemplate(pass, set, next, changes);
  return true;
}

type Changes = Readonly<Record<string, string | null>>;

/** Compared by what it says: the reference escapes some characters that we do not. */
function changeOf(set: ReplicaSet, key: string, text: string | undefined): Changes {
  const before = set.metadata.annotations?.[key];
  if (before === undefined && text === undefined) return {};
  const isSame = text !== undefined && metadataText(metadataIn(before)) === text;
  return isSame ? {} : { [key]: text ?? null };
}

function writeTemplate(pass: Pass, set: ReplicaSet, next: Injected, changes: Changes): void {
  const template = mergePatchOf(set.spec.template?.metadata ?? {}, next.template.metadata ?? {});
  const isKnown = template === undefined || !hasPods(set);
  const pending = isKnown ? {} : { [METADATA_PENDING]: metadataText(keysAtStake(set)) ?? '{}' };
  writeSet(pass, set, {
    metadata: { annotations: { ...changes, ...pending } },
    ...(template === undefined ? {} : { spec: { template: { metadata: template as Json } } }),
  });
}

/** Without pods, and none about to go: who comes later is made of the template as it is. */
function hasPods(set: ReplicaSet): boolean {
  return sizeOf(set) > 0 || (set.status?.replicas ?? 0) > 0;
}

/** Keys that pods may still have from what was there before, with what they had. */
function keysAtStake(set: ReplicaSet): PodMetadata {
  const earlier = metadataIn(set.metadata.annotations?.[METADATA_PENDING]);
  const recent = injectedInto(set);
  return {
    labels: { ...earlier.labels, ...recent.labels },
    annotations: { ...earlier.annotations, ...recent.annotations },
  };
}

function setPatch(set: ReplicaSet, body: Json): PatchWrite {
  return {
    kind: 'patch',
    ref: refOf(REPLICA_SETS, set),
    resourceVersion: set.metadata.resourceVersion ?? '',
    patch: { type: 'merge', body },
    events: [],
  };
}

function writeSet({ draft }: Pass, set: ReplicaSet, body: Json): void {
  draft.writes.push(setPatch(set, body));
  const message = `ReplicaSet ${set.metadata.name} gets the metadata that its pods should have`;
  draft.reasons.push({ code: 'SyncingMetadata', message });
}

/** Pods of a set that is marked: nothing to do, wait, ask, or patch. */
function followPods(pass: Pass, set: ReplicaSet): void {
  const { draft, world } = pass;
  const { annotations, name, generation = 0 } = set.metadata;
  if (annotations?.[METADATA_PENDING] === undefined) return;
  const unmark = setPatch(set, { metadata: { annotations: { [METADATA_PENDING]: null } } });
  const told = (message: string) => draft.reasons.push({ code: 'SyncingMetadata', message });
  if ((set.status?.observedGeneration ?? 0) < generation) {
    told(`pods of ReplicaSet ${name} get their metadata once its controller has seen the template`);
    return;
  }
  told(`pods of ReplicaSet ${name} get the metadata of its template`);
  if (!hasPods(set)) {
    draft.lastWrites.push(unmark);
    return;
  }
  const key = `pods/metadata/${name}/${generation}`;
  const ask = { kind: 'pods', key, labelSelector: selectorText(set.spec.selector) } as const;
  const answer = world.answers.find(
    (one): one is Extract<Answer, { kind: 'pods' }> => one.kind === 'pods' && one.key === key,
  );
  if (answer === undefined) {
    draft.asks.push(ask);
    return;
  }
  draft.lastWrites.push(...podPatches(set, answer.pods as readonly Pod[]), unmark);
  draft.lastAsks.push(ask);
}

function podPatches(set: ReplicaSet, pods: readonly Pod[]): readonly Write[] {
  return pods
    .filter((pod) => isControlledBy(pod, set.metadata.uid))
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .flatMap((pod) => podPatch(set, pod) ?? []);
}

/** What the pod has otherwise than its template under a key that is ours; undefined if nothing. */
function podPatch(set: ReplicaSet, pod: Pod): PatchWrite | undefined {
  const keys = keysAtStake(set);
  const parts = PARTS.flatMap((part) => {
    const wanted = set.spec.template?.metadata?.[part] ?? {};
    const actual = pod.metadata[part] ?? {};
    const changed = Object.keys(keys[part] ?? {})
      .filter((key) => actual[key] !== wanted[key])
      .map((key) => [key, wanted[key] ?? null] as const);
    return changed.length === 0 ? [] : [[part, Object.fromEntries(changed)] as const];
  });
  if (parts.length === 0) return undefined;
  return {
    kind: 'patch',
    ref: refOf(PODS, pod),
    resourceVersion: pod.metadata.resourceVersion ?? '',
    patch: { type: 'merge', body: { metadata: Object.fromEntries(parts) } },
    events: [],
    mayBeGone: true,
  };
}
