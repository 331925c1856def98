// The snapshot of a Rollout: what it owns, what it names, its hashes, and answers to what was asked.
import { podTemplateHash, stepsHash } from '../api/hash.ts';
import type { ReplicaSet } from '../api/kubernetes.ts';
import { HASH_LABEL } from '../api/names.ts';
import type { KubeObject } from '../api/object.ts';
import { REPLICA_SETS, ROLLOUTS } from '../api/resources.ts';
import type { Rollout, RolloutStatus } from '../api/rollout.ts';
import { matchesSelector } from '../api/selector.ts';
import { isOfCountsOnly } from '../core/rollout/counts.ts';
import { decide } from '../core/rollout/decide.ts';
import { rolloutProblem } from '../core/rollout/validation.ts';
import type { RolloutProblem } from '../core/rollout/validation/problem.ts';
import { resolvedRollout, workloadKind, workloadVersion } from '../core/rollout/workload.ts';
import type { NamedObjects, RolloutWorld } from '../core/rollout/world.ts';
import type { Duration } from '../lib/ports.ts';
import type { Caches } from './caches.ts';
import type { Dependents } from './dependents.ts';
import type { Kind, Snapshot } from './kind.ts';
import type { ManagedObjects } from './managed-objects.ts';
import type { Memory } from './memory.ts';
import {
  type FoundTemplates,
  type Reference,
  rolloutReferences,
  templatesOf,
} from './references.ts';
import type { Workloads } from './workloads.ts';

export interface SnapshotPorts {
  readonly caches: Caches;
  readonly dependents: Dependents;
  readonly workloads: Pick<Workloads, 'find'>;
  readonly managedObjects: Pick<ManagedObjects, 'of'>;
  /** 0 if absent. */
  readonly propagationDelay?: Duration;
  readonly keyOf: (plural: string, namespace: string, name: string) => string;
}

export function rolloutKind(ports: SnapshotPorts): Kind {
  /** Which object of a key has been carried out once. */
  const seen = new Map<string, string>();
  return {
    resource: ROLLOUTS,
    hasStatusSubresource: true,
    snapshot(namespace, name, memory) {
      const key = ports.keyOf(ROLLOUTS.plural, namespace, name);
      const rollout = ports.caches.rollouts.get(namespace, name);
      if (rollout === undefined || rollout.metadata.deletionTimestamp !== undefined) {
        ports.dependents.forget(key);
        seen.delete(key);
        return undefined;
      }
      const uid = rollout.metadata.uid ?? '';
      const workload = ports.workloads.find(key, rollout);
      if (workload === 'unread') return 'unread';
      const firstSeen = seen.get(key) !== uid;
      const world = worldOf(ports, key, { rollout, memory, firstSeen, workload });
      return snapshotOf(world, memory, () => seen.set(key, uid));
    },
  };
}

function snapshotOf(world: RolloutWorld, memory: Memory, onCarriedOut: () => void): Snapshot {
  const { rollout } = world;
  const { name, namespace } = rollout.metadata;
  return {
    ref: { resource: ROLLOUTS, name, ...(namespace === undefined ? {} : { namespace }) },
    object: rollout,
    status: rollout.status,
    world,
    memory,
    decide: (now) => decide(world, now),
    canWait: (status) => isOfCountsOnly(rollout.status ?? {}, status as RolloutStatus),
    onCarriedOut,
  };
}

function worldOf(
  ports: SnapshotPorts,
  key: string,
  of: {
    readonly rollout: Rollout;
    readonly memory: Memory;
    readonly firstSeen: boolean;
    readonly workload: KubeObject | undefined;
  },
): RolloutWorld {
  const { memory, firstSeen } = of;
  const { caches } = ports;
  const { rollout, workload } = resolvedRollout(of.rollout, resolutionOf(caches, of));
  const namespace = rollout.metadata.namespace ?? '';
  const { generation, uid } = rollout.metadata;
  const references = memory.references.of([uid, generation], () => rolloutReferences(rollout));
  const templates = foundTemplates(caches, references, namespace);
  ports.dependents.set(key, [...references, ...templates.looked]);
  const objects: NamedObjects = {
    rollout,
    ...(workload === undefined ? {} : { workload }),
    services: named(references, 'services', caches.services),
    virtualServices: named(references, 'virtualservices', caches.virtualServices),
    destinationRules: named(references, 'destinationrules', caches.destinationRules),
    analysisTemplates: templates.namespaced,
    clusterAnalysisTemplates: templates.cluster,
  };
  return {
    ...objects,
    replicaSets: replicaSetsFor(caches, rollout),
    analysisRuns: caches.analysisRuns.byOwner(uid ?? ''),
    experiments: caches.experiments.byOwner(uid ?? ''),
    managedObjects: ports.managedObjects.of({ namespace, name: rollout.metadata.name }),
    problem: problemOf(objects, memory),
    hashes: hashesOf(objects, memory),
    taken: memory.taken,
    refused: memory.refused,
    answers: memory.answers,
    ...(ports.propagationDelay === undefined ? {} : { propagationDelay: ports.propagationDelay }),
    firstSeen,
  };
}

/** The workload, and the set of the last known template, which stands in for it once it is gone. */
function resolutionOf(
  caches: Caches,
  { rollout, workload }: { readonly rollout: Rollout; readonly workload: KubeObject | undefined },
): Parameters<typeof resolvedRollout>[1] {
  if (workload !== undefined) return { object: workload };
  const { uid = '' } = rollout.metadata;
  const hash = rollout.status?.currentPodHash ?? '';
  if (rollout.spec.workloadRef === undefined || hash === '') return {};
  const current = caches.replicaSets
    .byOwner(uid)
    .find((set) => set.metadata.labels?.[HASH_LABEL] === hash);
  return current === undefined ? {} : { current };
}

/** Whose state the template is, beside the Rollout's own spec. */
function templateSource({ rollout, workload }: NamedObjects): string {
  if (workload === undefined) return '';
  return workload.problem === undefined
    ? workloadVersion(workload)
    : `${rollout.status?.currentPodHash ?? ''}: ${workload.problem.text}`;
}

/** Checked once for each version of the spec and of every object that it names. */
function problemOf(objects: NamedObjects, memory: Memory): RolloutProblem | undefined {
  const { uid, generation } = objects.rollout.metadata;
  const { services, virtualServices, analysisTemplates, clusterAnalysisTemplates } = objects;
  const lists = [services, virtualServices, analysisTemplates, clusterAnalysisTemplates];
  // Of DestinationRules only their being there is looked at; their subsets change with every update.
  const rules = objects.destinationRules.map(({ metadata }) => metadata.name);
  const source = templateSource(objects);
  const basis = [
    uid,
    generation,
    source,
    ...rules,
    ...lists.flatMap((list) => [list.length, ...list]),
  ];
  return memory.problem.of(basis, () => rolloutProblem(objects));
}

export function foundTemplates(
  caches: Caches,
  references: readonly Reference[],
  namespace: string,
): FoundTemplates {
  return templatesOf(references, namespace, {
    namespaced: (where, name) => caches.analysisTemplates.get(where, name),
    cluster: (name) => caches.clusterAnalysisTemplates.get(undefined, name),
  });
}

function named<T>(
  references: readonly Reference[],
  kind: Reference['kind'],
  cache: { get(namespace: string | undefined, name: string): T | undefined },
): readonly T[] {
  const unique = new Map(
    references
      .filter((ref) => ref.kind === kind)
      .map((ref) => [`${ref.namespace}/${ref.name}`, ref]),
  );
  return [...unique.values()].flatMap((ref) => cache.get(ref.namespace, ref.name) ?? []);
}

/** Owned sets, and orphans that the selector matches (rollout.md 2.9). Sets of other owners are left out. */
function replicaSetsFor(caches: Caches, rollout: Rollout): readonly ReplicaSet[] {
  const owned = caches.replicaSets.byOwner(rollout.metadata.uid ?? '');
  const { selector } = rollout.spec;
  if (selector === undefined) return owned;
  // A set that the template is taken from is nobody's to take over.
  const source =
    workloadKind(rollout) === REPLICA_SETS ? rollout.spec.workloadRef?.name : undefined;
  const orphans = caches.replicaSets.orphans(rollout.metadata.namespace ?? '').filter((set) => {
    return set.metadata.name !== source && matchesSelector(selector, set.metadata.labels ?? {});
  });
  return orphans.length === 0 ? owned : [...owned, ...orphans];
}

function hashesOf(objects: NamedObjects, memory: Memory): RolloutWorld['hashes'] {
  const { rollout } = objects;
  const { uid, generation } = rollout.metadata;
  const collisionCount = rollout.status?.collisionCount;
  const template = rollout.spec.template ?? {};
  const of = (form: 'legacy' | 'current') =>
    podTemplateHash(template, {
      form,
      ...(collisionCount === undefined ? {} : { collisionCount }),
    });
  const basis = [uid, generation, collisionCount, templateSource(objects)];
  const hashes = memory.hashes.of(basis, () => ({
    podTemplate: of('legacy'),
    podTemplateCurrent: of('current'),
    steps: stepsHash(rollout.spec.strategy?.canary),
  }));
  return {
    podTemplate: hashes['podTemplate'] ?? '',
    podTemplateCurrent: hashes['podTemplateCurrent'] ?? '',
    steps: hashes['steps'] ?? '',
  };
}
