// The objects that belong to a Rollout or an Experiment, found by owner uid (cli.md 3.1).
import type { AnalysisRun } from '../api/analysis.ts';
import type { Experiment } from '../api/experiment.ts';
import type { Pod, ReplicaSet } from '../api/kubernetes.ts';
import { REVISION } from '../api/names.ts';
import type { KubeObject } from '../api/object.ts';

/** Everything of the kinds that a tree shows, in the namespace. */
export interface Family {
  readonly replicaSets: readonly ReplicaSet[];
  readonly pods: readonly Pod[];
  readonly experiments: readonly Experiment[];
  readonly analysisRuns: readonly AnalysisRun[];
}

export function ownedBy<T extends KubeObject>(
  objects: readonly T[],
  owner: KubeObject,
): readonly T[] {
  const { uid } = owner.metadata;
  return objects.filter((object) =>
    object.metadata.ownerReferences?.some((reference) => reference.uid === uid),
  );
}

/** Missing counts as 0. */
export function revisionOf({ metadata }: KubeObject): number {
  const text = metadata.annotations?.[REVISION] ?? '0';
  return /^\d+$/.test(text) ? Number(text) : 0;
}

type Compare = (a: KubeObject, b: KubeObject) => number;

const byName: Compare = (a, b) => {
  if (a.metadata.name === b.metadata.name) return 0;
  return a.metadata.name < b.metadata.name ? -1 : 1;
};
const byCreation: Compare = (a, b) => {
  const first = a.metadata.creationTimestamp ?? '';
  const second = b.metadata.creationTimestamp ?? '';
  if (first === second) return 0;
  return first < second ? -1 : 1;
};
const byRevision: Compare = (a, b) => revisionOf(b) - revisionOf(a);

function sorted<T extends KubeObject>(
  objects: readonly T[],
  ...by: readonly Compare[]
): readonly T[] {
  return objects.toSorted((a, b) => {
    for (const compare of by) {
      const order = compare(a, b);
      if (order !== 0) return order;
    }
    return 0;
  });
}

/** The order of each kind under its parent (cli.md 3.6). */
export const ORDER = {
  replicaSets: (all: readonly ReplicaSet[]) => sorted(all, byRevision, byName),
  experiments: (all: readonly Experiment[]) => sorted(all, byRevision, byCreation),
  analysisRuns: (all: readonly AnalysisRun[]) =>
    sorted(all, byRevision, byCreation, (a, b) => byName(b, a)),
  pods: (all: readonly Pod[]) => sorted(all, byCreation, byName),
} as const;
