// AnalysisRuns as Rollouts and Experiments create them: name, reuse of one that is there, termination
// (analysis.md 8.2).
import type { AnalysisRun, AnalysisRunSpec } from '../../api/analysis.ts';
import { ROLLOUTS_API_VERSION } from '../../api/names.ts';
import type { KubeObject } from '../../api/object.ts';
import { ANALYSIS_RUNS } from '../../api/resources.ts';
import { jsonEqual } from '../../lib/equal.ts';
import type { CreateWrite, EventNote, PatchWrite } from '../decision.ts';
import { controllerReference, isControlledBy, refOf } from '../ownership.ts';
import { isCompleted } from './assess.ts';

export interface PlannedRun {
  readonly owner: KubeObject;
  /** Wanted name; `.1`, `.2`, … are appended while it belongs to another or an ended run. */
  readonly base: string;
  readonly spec: AnalysisRunSpec;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Runs of the same owner. */
  readonly runs: readonly AnalysisRun[];
  /** Objects of others, met when a create was refused. */
  readonly taken: readonly KubeObject[];
}

export interface ReadyRun {
  readonly name: string;
  /** Undefined when a run that is there already does the same. */
  readonly write: CreateWrite | undefined;
}

const COMPARED = ['metrics', 'dryRun', 'measurementRetention', 'args'] as const;

function isSameWork(a: AnalysisRunSpec, b: AnalysisRunSpec): boolean {
  return COMPARED.every((member) => jsonEqual(a[member], b[member]));
}

/** The run to use: one that is under way with the same work, else a new one with the first free name. */
export function readyRun(planned: PlannedRun): ReadyRun {
  const { owner, base, spec, runs, taken } = planned;
  for (let index = 0; ; index += 1) {
    const name = index === 0 ? base : `${base}.${index}`;
    const own = runs.find((run) => run.metadata.name === name);
    if (own === undefined) {
      const isTaken = taken.some(
        (object) => object.kind === 'AnalysisRun' && object.metadata.name === name,
      );
      if (!isTaken) return { name, write: createRun(planned, name) };
      continue;
    }
    // One that was told to end may end well without having measured anything: it would wave a retry through.
    const reusable =
      !isCompleted(own.status?.phase) &&
      own.spec.terminate !== true &&
      isControlledBy(own, owner.metadata.uid) &&
      isSameWork(own.spec, spec);
    if (reusable) return { name, write: undefined };
  }
}

function createRun(planned: PlannedRun, name: string): CreateWrite {
  const { owner, spec, labels, annotations } = planned;
  const { namespace } = owner.metadata;
  const object: AnalysisRun = {
    apiVersion: ROLLOUTS_API_VERSION,
    kind: 'AnalysisRun',
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(Object.keys(labels).length === 0 ? {} : { labels }),
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
      ownerReferences: [controllerReference(owner)],
    },
    spec,
  };
  return { kind: 'create', ref: refOf(ANALYSIS_RUNS, object), object, events: [] };
}

/** Asks a run to end; undefined if it has ended or was asked already. */
export function terminateRun(
  run: AnalysisRun,
  events: readonly EventNote[],
): PatchWrite | undefined {
  if (isCompleted(run.status?.phase) || run.spec.terminate === true) return undefined;
  return {
    kind: 'patch',
    ref: refOf(ANALYSIS_RUNS, run),
    resourceVersion: run.metadata.resourceVersion ?? '',
    patch: { type: 'merge', body: { spec: { terminate: true } } },
    events,
  };
}
