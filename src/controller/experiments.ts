// The snapshot of an Experiment: what it owns, the templates it names, and the hashes of its pod templates.
import type { Experiment } from '../api/experiment.ts';
import { podTemplateHash } from '../api/hash.ts';
import { HASH_LABEL } from '../api/names.ts';
import { EXPERIMENTS } from '../api/resources.ts';
import { decide } from '../core/experiment/decide.ts';
import type { ExperimentWorld } from '../core/experiment/world.ts';
import type { Kind } from './kind.ts';
import type { Memory } from './memory.ts';
import { experimentReferences } from './references.ts';
import { foundTemplates, type SnapshotPorts } from './rollouts.ts';

export function experimentKind(ports: SnapshotPorts): Kind {
  return {
    resource: EXPERIMENTS,
    hasStatusSubresource: false,
    snapshot(namespace, name, memory) {
      const key = ports.keyOf(EXPERIMENTS.plural, namespace, name);
      const experiment = ports.caches.experiments.get(namespace, name);
      if (experiment === undefined || experiment.metadata.deletionTimestamp !== undefined) {
        ports.dependents.forget(key);
        return undefined;
      }
      const world = worldOf(ports, key, { experiment, memory });
      return {
        ref: { resource: EXPERIMENTS, namespace, name },
        object: experiment,
        status: experiment.status,
        world,
        memory,
        decide: (now) => decide(world, now),
        onCarriedOut: () => undefined,
      };
    },
  };
}

function worldOf(
  ports: SnapshotPorts,
  key: string,
  of: { readonly experiment: Experiment; readonly memory: Memory },
): ExperimentWorld {
  const { experiment, memory } = of;
  const { caches } = ports;
  const { uid = '', namespace = '', generation } = experiment.metadata;
  const references = memory.references.of([uid, generation], () =>
    experimentReferences(experiment),
  );
  const templates = foundTemplates(caches, references, namespace);
  ports.dependents.set(key, templates.looked);
  return {
    experiment,
    replicaSets: caches.replicaSets.byOwner(uid),
    services: caches.services.byOwner(uid),
    analysisRuns: caches.analysisRuns.byOwner(uid),
    analysisTemplates: templates.namespaced,
    clusterAnalysisTemplates: templates.cluster,
    hashes: hashesOf(experiment, memory),
    taken: memory.taken,
    refused: memory.refused,
  };
}

/** Hash of each pod template without the label of the set it was copied from (experiment.md 4.1). */
function hashesOf(experiment: Experiment, memory: Memory): Readonly<Record<string, string>> {
  const { uid, generation } = experiment.metadata;
  const counts = new Map(
    (experiment.status?.templateStatuses ?? []).map((status) => [
      status.name,
      status.collisionCount,
    ]),
  );
  const templates = experiment.spec.templates ?? [];
  const collisions = templates.map((template) => counts.get(template.name));
  return memory.hashes.of([uid, generation, ...collisions], () =>
    Object.fromEntries(
      templates.map(({ name, template }) => {
        const { [HASH_LABEL]: _copied, ...labels } = template.metadata?.labels ?? {};
        const bare = { ...template, metadata: { ...template.metadata, labels } };
        const collisionCount = counts.get(name);
        const options = {
          form: 'legacy' as const,
          ...(collisionCount === undefined ? {} : { collisionCount }),
        };
        return [name, podTemplateHash(bare, options)];
      }),
    ),
  );
}
