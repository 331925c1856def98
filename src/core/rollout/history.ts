// What is kept of the past: old ReplicaSets, and runs and experiments that have ended (rollout.md 2.6, 9.7).
import type { ReplicaSet } from '../../api/kubernetes.ts';
import { HASH_LABEL } from '../../api/names.ts';
import type { KubeObject, ResourceType } from '../../api/object.ts';
import { ANALYSIS_RUNS, EXPERIMENTS, REPLICA_SETS } from '../../api/resources.ts';
import { isCompleted as isEnded } from '../analysis/assess.ts';
import type { DeleteWrite } from '../decision.ts';
import { refOf } from '../ownership.ts';
import type { Pass } from './pass.ts';
import { hashOf, sizeOf } from './sets.ts';

const DEFAULT_REVISIONS = 10;
const DEFAULT_RUNS = 5;

interface Ended extends KubeObject {
  readonly status?: { readonly phase?: string };
}

function deletion(resource: ResourceType, object: KubeObject): DeleteWrite {
  const { uid = '', resourceVersion = '' } = object.metadata;
  return { kind: 'delete', ref: refOf(resource, object), uid, resourceVersion, events: [] };
}

/** Deletes the oldest sets beyond the limit, with the runs and experiments that were theirs. */
export function cleanRevisions(pass: Pass): void {
  const { rollout, sets, draft, world } = pass;
  const limit = rollout.spec.revisionHistoryLimit ?? DEFAULT_REVISIONS;
  const candidates = sets.others.filter((set) => set.metadata.deletionTimestamp === undefined);
  const surplus = candidates.slice(0, Math.max(0, candidates.length - limit));
  for (const set of surplus.filter(isIdle)) {
    const hash = hashOf(set);
    draft.writes.push(deletion(REPLICA_SETS, set));
    for (const run of world.analysisRuns) {
      if (hash !== '' && run.metadata.labels?.[HASH_LABEL] === hash && isDeletable(run)) {
        draft.writes.push(deletion(ANALYSIS_RUNS, run));
      }
    }
    for (const experiment of world.experiments) {
      if (
        hash !== '' &&
        experiment.metadata.labels?.[HASH_LABEL] === hash &&
        isDeletable(experiment)
      ) {
        draft.writes.push(deletion(EXPERIMENTS, experiment));
      }
    }
  }
}

function isDeletable({ metadata }: KubeObject): boolean {
  return metadata.deletionTimestamp === undefined;
}

/** Observed as it is, and without pods. */
function isIdle(set: ReplicaSet): boolean {
  const observed = set.status?.observedGeneration ?? 0;
  const generation = set.metadata.generation ?? 0;
  return sizeOf(set) === 0 && (set.status?.replicas ?? 0) === 0 && observed >= generation;
}

/** Deletes runs and experiments that are neither current nor within the limits. */
export function cleanRuns(pass: Pass): void {
  const { draft, world } = pass;
  if (world.analysisRuns.length === 0 && world.experiments.length === 0) return;
  const current = new Set(
    [...Object.values(draft.runs), draft.experiment].flatMap((one) =>
      one === undefined ? [] : [one.metadata.name],
    ),
  );
  const isOther = (object: KubeObject) => !current.has(object.metadata.name) && isDeletable(object);
  cleanEnded(pass, ANALYSIS_RUNS, world.analysisRuns.filter(isOther));
  cleanEnded(pass, EXPERIMENTS, world.experiments.filter(isOther));
}

function cleanEnded(pass: Pass, resource: ResourceType, objects: readonly Ended[]): void {
  const { rollout, sets, draft } = pass;
  const { analysis } = rollout.spec;
  const live = new Set(sets.all.filter(isDeletable).map((set) => hashOf(set)));
  const left = {
    good: analysis?.successfulRunHistoryLimit ?? DEFAULT_RUNS,
    bad: analysis?.unsuccessfulRunHistoryLimit ?? DEFAULT_RUNS,
  };
  for (const object of objects.toSorted(newestFirst)) {
    const hash = object.metadata.labels?.[HASH_LABEL] ?? '';
    const phase = object.status?.phase;
    const isOrphan = hash === '' || !live.has(hash);
    if (isOrphan) {
      draft.writes.push(deletion(resource, object));
      continue;
    }
    if (!isEnded(phase)) continue;
    const kind = phase === 'Successful' ? 'good' : 'bad';
    left[kind] -= 1;
    if (left[kind] < 0) draft.writes.push(deletion(resource, object));
  }
}

function newestFirst(a: KubeObject, b: KubeObject): number {
  const first = a.metadata.creationTimestamp ?? '';
  const second = b.metadata.creationTimestamp ?? '';
  if (first !== second) return first < second ? 1 : -1;
  return a.metadata.name < b.metadata.name ? 1 : -1;
}
