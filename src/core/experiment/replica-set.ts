// The ReplicaSet of an experiment template: creation, scaling, and the delay before it goes (experiment.md 4).
// Entry point: `replicaSetStep`.
import type { ExperimentTemplate } from '../../api/experiment.ts';
import type { ReplicaSet } from '../../api/kubernetes.ts';
import {
  EXPERIMENT_NAME,
  EXPERIMENT_TEMPLATE,
  HASH_LABEL,
  SCALE_DOWN_DEADLINE,
} from '../../api/names.ts';
import type { Json } from '../../api/object.ts';
import { REPLICA_SETS } from '../../api/resources.ts';
import { formatInstant, type Instant, later, parseInstant } from '../../lib/time.ts';
import { type EventNote, refusalOf, type Write } from '../decision.ts';
import { normal, warning } from '../events.ts';
import { controllerReference, isControlledBy, refOf } from '../ownership.ts';
import { isEndedTemplate, scaleDownDelay, type Situation, storedTemplate } from './situation.ts';
import type { ExperimentWorld } from './world.ts';

export interface ReplicaSetStep {
  readonly writes: readonly Write[];
  /** Sent with the status. */
  readonly events?: readonly EventNote[];
  /** Whether the set is created or scaled in this pass: its deadline for progress starts anew. */
  readonly isChanged: boolean;
  /** When a set that is held back goes. */
  readonly requeueAt?: Instant;
  /** Why the set cannot be had. */
  readonly error?: string;
}

/** Objects of the Experiment for that template: both annotations name it. */
export function claimed<T extends ReplicaSet | ExperimentWorld['services'][number]>(
  { experiment }: ExperimentWorld,
  objects: readonly T[],
  template: string,
): readonly T[] {
  const { name, uid } = experiment.metadata;
  return objects.filter(
    (object) =>
      isControlledBy(object, uid) &&
      object.metadata.annotations?.[EXPERIMENT_NAME] === name &&
      object.metadata.annotations[EXPERIMENT_TEMPLATE] === template,
  );
}

export function claimAnnotations(
  { experiment }: ExperimentWorld,
  template: string,
): Record<string, string> {
  return {
    [EXPERIMENT_NAME]: experiment.metadata.name,
    [EXPERIMENT_TEMPLATE]: template,
  };
}

/** What to do about the template's set; `desired` is the number of pods it should have now. */
export function replicaSetStep(
  situation: Situation,
  template: ExperimentTemplate,
  { set, desired }: { readonly set: ReplicaSet | undefined; readonly desired: number },
): ReplicaSetStep {
  if (set === undefined) return missingStep(situation, template);
  const mark = desired === 0 ? markFor(situation, set) : undefined;
  const current = set.spec.replicas ?? 1;
  // What only waits to be taken away does not grow.
  const held = Math.min(current, heldAt(situation, template, mark?.deadline));
  const target = desired === 0 ? held : desired;
  const patch: Record<string, Json> = {
    ...(mark?.annotation === undefined
      ? {}
      : { metadata: { annotations: { [SCALE_DOWN_DEADLINE]: mark.annotation } } }),
    ...(target === current ? {} : { spec: { replicas: target } }),
  };
  const isHeld = desired === 0 && target > 0;
  const deadline = mark?.deadline;
  return {
    writes: Object.keys(patch).length === 0 ? [] : [patchOf(set, patch, target)],
    isChanged: target !== current,
    ...(isHeld && deadline !== undefined ? { requeueAt: deadline } : {}),
  };
}

/** What has ended needs no set any more: one that is missing, or cannot be had, is not asked for again and again. */
function missingStep(situation: Situation, template: ExperimentTemplate): ReplicaSetStep {
  const stored = storedTemplate(situation, template.name);
  return situation.terminating || isEndedTemplate(stored?.status)
    ? { writes: [], isChanged: false }
    : createStep(situation, template);
}

interface Mark {
  /** What the annotation must become; null removes it, undefined leaves it. */
  readonly annotation: string | null | undefined;
  readonly deadline: Instant | undefined;
}

/** A mark that stands is never refreshed; without a delay there is none. */
function markFor({ world, now }: Situation, set: ReplicaSet): Mark {
  const present = set.metadata.annotations?.[SCALE_DOWN_DEADLINE];
  const delay = scaleDownDelay(world);
  if (delay <= 0) {
    return { annotation: present === undefined ? undefined : null, deadline: undefined };
  }
  if (present !== undefined) return { annotation: undefined, deadline: parseInstant(present) };
  const annotation = formatInstant(later(now, delay));
  return { annotation, deadline: parseInstant(annotation) };
}

function heldAt(
  { now }: Situation,
  template: ExperimentTemplate,
  deadline: Instant | undefined,
): number {
  return deadline !== undefined && deadline > now ? (template.replicas ?? 1) : 0;
}

function patchOf(set: ReplicaSet, body: Record<string, Json>, target: number): Write {
  const from = set.spec.replicas ?? 1;
  const direction = target > from ? 'up' : 'down';
  const message = `Scaled ${direction} ReplicaSet ${set.metadata.name} from ${from} to ${target}`;
  return {
    kind: 'patch',
    ref: refOf(REPLICA_SETS, set),
    resourceVersion: set.metadata.resourceVersion ?? '',
    patch: { type: 'merge', body },
    events: from === target ? [] : [normal('ScalingReplicaSet', message)],
  };
}

/** A new set starts without pods; the next pass scales it. */
function createStep({ world }: Situation, template: ExperimentTemplate): ReplicaSetStep {
  const set = newReplicaSet(world, template);
  const { name } = set.metadata;
  const isTaken = world.taken.some(
    (object) => object.kind === 'ReplicaSet' && object.metadata.name === name,
  );
  if (isTaken) {
    const cause = `replicasets.apps "${name}" already exists`;
    const error = `Failed to create ReplicaSet for template '${template.name}': ${cause}`;
    return { writes: [], isChanged: false, error };
  }
  const refusal = refusalOf(world.refused, set);
  if (refusal !== undefined) {
    const text = `Failed to create new replica set "${name}": ${refusal.message}`;
    const error = `Failed to create ReplicaSet for template '${template.name}': ${refusal.message}`;
    const events = [warning('ReplicaSetCreateError', text)];
    return { writes: [], events, isChanged: false, error };
  }
  const write: Write = { kind: 'create', ref: refOf(REPLICA_SETS, set), object: set, events: [] };
  return { writes: [write], isChanged: true };
}

function newReplicaSet(world: ExperimentWorld, template: ExperimentTemplate): ReplicaSet {
  const { experiment, hashes } = world;
  const { name, namespace } = experiment.metadata;
  const hash = { [HASH_LABEL]: hashes[template.name] ?? '' };
  const labels = { ...template.template?.metadata?.labels, ...hash };
  const { minReadySeconds = 0, selector } = template;
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${name}-${template.name}`,
      ...(namespace === undefined ? {} : { namespace }),
      labels,
      annotations: claimAnnotations(world, template.name),
      ownerReferences: [controllerReference(experiment)],
    },
    spec: {
      replicas: 0,
      ...(minReadySeconds === 0 ? {} : { minReadySeconds }),
      selector: { ...selector, matchLabels: { ...selector?.matchLabels, ...hash } },
      template: {
        ...template.template,
        metadata: { ...template.template?.metadata, labels },
      },
    },
  };
}
