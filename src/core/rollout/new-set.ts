// The ReplicaSet of a new template, and what happens when its name is taken (rollout.md 2.3, 2.4).
import type { ReplicaSet } from '../../api/kubernetes.ts';
import { DESIRED_REPLICAS, HASH_LABEL, REVISION } from '../../api/names.ts';
import { REPLICA_SETS } from '../../api/resources.ts';
import type { RolloutStatus } from '../../api/rollout.ts';
import { type Refusal, refusalOf } from '../decision.ts';
import { normal, warning } from '../events.ts';
import { later, seconds } from '../../lib/time.ts';
import { withAntiAffinity } from './anti-affinity.ts';
import { controllerReference, isControlledBy, refOf } from '../ownership.ts';
import { conditionOf, replaced, wanted, withCondition } from './conditions.ts';
import { withMetadata } from './metadata.ts';
import { type Pass, rolloutPatch, rolloutRevision } from './pass.ts';
import { copiedAnnotations, nextRevision } from './revision.ts';
import { isMadeOf } from './user-template.ts';

/** Creates the set with no pods, and says so; the next pass goes on from there. */
export function createNewSet(pass: Pass): RolloutStatus {
  const { world, rollout, stored, draft, now } = pass;
  const set = withMetadata(pass, withAntiAffinity(pass, newReplicaSet(pass)));
  const { name } = set.metadata;
  const taken = world.taken.find(
    (object) => object.kind === 'ReplicaSet' && object.metadata.name === name,
  );
  if (taken !== undefined) return collided(pass, taken as ReplicaSet);
  const refusal = refusalOf(world.refused, set);
  if (refusal !== undefined) return refusedStatus(pass, refusal);
  const revision = set.metadata.annotations?.[REVISION] ?? '';
  const created = normal(
    'NewReplicaSetCreated',
    `Created ReplicaSet ${name} (revision ${revision})`,
  );
  const updated = normal('RolloutUpdated', `Rollout updated to revision ${revision}`);
  const isRecorded = rolloutRevision(rollout) === revision;
  draft.writes.push({
    kind: 'create',
    ref: refOf(REPLICA_SETS, set),
    object: set,
    events: isRecorded ? [created] : [],
  });
  if (!isRecorded) {
    const body = { metadata: { annotations: { [REVISION]: revision } } };
    draft.writes.push(rolloutPatch(rollout, body, [updated, created]));
  }
  draft.reasons.push({ code: 'CreatingReplicaSet', message: `creating ReplicaSet ${name}` });
  const message = `Created new replica set "${name}"`;
  const condition = wanted('Progressing', 'True', 'NewReplicaSetCreated', message);
  return { ...stored, conditions: withCondition(stored.conditions ?? [], condition, now) };
}

/** How long a set that the API server refused is not tried again. */
const RETRY = seconds(10);

/** Told once, until it goes better or fails otherwise (2.3). */
function refusedStatus({ stored, draft, now }: Pass, { name, message }: Refusal): RolloutStatus {
  const text = `Failed to create new replica set "${name}": ${message}`;
  const before = stored.conditions ?? [];
  const current = conditionOf(stored, 'Progressing');
  const isKnown = current?.reason === 'ReplicaSetCreateError' && current.message === text;
  draft.reasons.push({ code: 'ReplicaSetRefused', message: text });
  draft.moments.push(later(now, RETRY));
  if (isKnown) return stored;
  draft.events.push(warning('ReplicaSetCreateError', text));
  const condition = wanted('Progressing', 'False', 'ReplicaSetCreateError', text);
  return { ...stored, conditions: replaced(before, condition, now) };
}

/** A set of the template that was there before the Rollout is told of once (2.6). */
export function foundStatus(
  { stored, draft, now }: Pass,
  set: ReplicaSet,
): RolloutStatus | undefined {
  if (conditionOf(stored, 'Progressing') !== undefined) return undefined;
  const message = `Found new replica set "${set.metadata.name}"`;
  draft.reasons.push({ code: 'SyncingReplicaSet', message });
  const condition = wanted('Progressing', 'True', 'FoundNewReplicaSet', message);
  return { ...stored, conditions: withCondition(stored.conditions ?? [], condition, now) };
}

/** Another object has the name: with the count in the hash the next one is free. */
function collided(pass: Pass, taken: ReplicaSet): RolloutStatus {
  const { rollout, stored, draft } = pass;
  const isOurs =
    isControlledBy(taken, rollout.metadata.uid) && isMadeOf(taken, rollout.spec.template);
  const name = taken.metadata.name;
  draft.reasons.push({
    code: 'CreatingReplicaSet',
    message: isOurs
      ? `waiting to see ReplicaSet ${name}, which exists already`
      : `the name ${name} belongs to another ReplicaSet; choosing a new one`,
  });
  return isOurs ? stored : { ...stored, collisionCount: (stored.collisionCount ?? 0) + 1 };
}

function newReplicaSet(pass: Pass): ReplicaSet {
  const { world, rollout, sets, replicas } = pass;
  const { spec, metadata } = rollout;
  const hash = { [HASH_LABEL]: world.hashes.podTemplate };
  const labels = { ...spec.template?.metadata?.labels, ...hash };
  const { minReadySeconds = 0, selector } = spec;
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${metadata.name}-${world.hashes.podTemplate}`,
      ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
      labels,
      annotations: {
        ...copiedAnnotations(pass),
        [REVISION]: String(nextRevision(sets.all, undefined)),
        [DESIRED_REPLICAS]: String(replicas),
      },
      ownerReferences: [controllerReference(rollout)],
    },
    spec: {
      replicas: 0,
      ...(minReadySeconds === 0 ? {} : { minReadySeconds }),
      selector: { ...selector, matchLabels: { ...selector?.matchLabels, ...hash } },
      template: { ...spec.template, metadata: { ...spec.template?.metadata, labels } },
    },
  };
}
