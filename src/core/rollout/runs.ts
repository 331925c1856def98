// AnalysisRuns of a Rollout, whatever they are for: begun, named, ended, told (rollout.md 9.3-9.5).
// Which are current is decided in `analyses.ts` (canary) and `bluegreen/analyses.ts`.
import type { AnalysisRun, DryRun, MeasurementRetention } from '../../api/analysis.ts';
import {
  HASH_LABEL,
  INSTANCE_LABEL,
  REVISION,
  RUN_TYPE_LABEL,
  STEP_INDEX_LABEL,
} from '../../api/names.ts';
import type { AnalysisRunReference, RolloutAnalysis, RolloutStatus } from '../../api/rollout.ts';
import { isCompleted as isEnded } from '../analysis/assess.ts';
import { rolloutArguments } from '../analysis/arguments.ts';
import { readyRun, terminateRun } from '../analysis/run-object.ts';
import { collectTemplates, mergeTemplates } from '../analysis/templates.ts';
import { markAbort } from './abort-mark.ts';
import {
  isAborted,
  isCompleted,
  type Pass,
  rolloutRevision,
  type Runs,
  type RunType,
} from './pass.ts';
import { isFastRollback } from './promotion.ts';
import { hashOf } from './sets.ts';

const NO_MESSAGE: Readonly<Record<RunType, string>> = {
  Step: 'Step-based analysis phase error/failed',
  Background: 'Background analysis phase error/failed',
  PrePromotion: 'Blue/green pre-promotion analysis phase error/failed',
  PostPromotion: 'Blue/green post-promotion analysis phase error/failed',
};

/** In this order they are told. */
const TYPES: readonly RunType[] = ['PostPromotion', 'PrePromotion', 'Step', 'Background'];

/** There is nothing to judge: no update, or one that is given up or waved through (9.2). */
export function hasNoAnalysis(pass: Pass): boolean {
  const { stored } = pass;
  return (
    isCompleted(stored) ||
    isAborted(pass) ||
    stored.promoteFull === true ||
    (stored.stableRS ?? '') === '' ||
    isFastRollback(pass)
  );
}

function storedReference(
  { canary, blueGreen }: RolloutStatus,
  type: RunType,
): AnalysisRunReference | undefined {
  switch (type) {
    case 'Step':
      return canary?.currentStepAnalysisRunStatus;
    case 'Background':
      return canary?.currentBackgroundAnalysisRunStatus;
    case 'PrePromotion':
      return blueGreen?.prePromotionAnalysisRunStatus;
    default:
      return blueGreen?.postPromotionAnalysisRunStatus;
  }
}

/** The run that the stored status names. */
export function storedRun({ stored, world }: Pass, type: RunType): AnalysisRun | undefined {
  const reference = storedReference(stored, type);
  if (reference === undefined) return undefined;
  return world.analysisRuns.find((run) => run.metadata.name === reference.name);
}

/** A run, or why none can be made of its templates. */
export type Followed = { readonly run: AnalysisRun | undefined } | { readonly error: string };

/** None yet; an inconclusive one that its user resumed; or a retry after an abort (9.3). */
export function needsNewRun(pass: Pass, current: AnalysisRun | undefined): boolean {
  const { stored } = pass;
  if (current === undefined) return true;
  // Any pause that still stands means that nobody has gone on yet: a new run beside it would end like this one.
  const isHeld = (stored.pauseConditions ?? []).length > 0;
  if (stored.controllerPause === true && !isHeld) {
    return current.status?.phase === 'Inconclusive';
  }
  return stored.abortedAt !== undefined;
}

export interface RunKind {
  readonly type: RunType;
  /** Index of the step, for the run of a step. */
  readonly index?: string;
}

export function beginRun(pass: Pass, analysis: RolloutAnalysis, kind: RunKind): Followed {
  const { rollout, world, sets, draft } = pass;
  const spec = runSpec(pass, analysis);
  if (!spec.ok) return { error: spec.error };
  const hash = hashOf(sets.newSet);
  const revision = rolloutRevision(rollout);
  const instance = rollout.metadata.labels?.[INSTANCE_LABEL];
  const ready = readyRun({
    owner: rollout,
    base: `${rollout.metadata.name}-${hash}-${revision}${suffixOf(kind)}`,
    spec: spec.value,
    labels: {
      [HASH_LABEL]: hash,
      [RUN_TYPE_LABEL]: kind.type,
      ...(kind.index === undefined ? {} : { [STEP_INDEX_LABEL]: kind.index }),
      ...(instance === undefined ? {} : { [INSTANCE_LABEL]: instance }),
      ...analysis.analysisRunMetadata?.labels,
      ...rollout.spec.selector?.matchLabels,
    },
    annotations: { [REVISION]: revision, ...analysis.analysisRunMetadata?.annotations },
    runs: world.analysisRuns,
    taken: world.taken,
  });
  draft.begun.add(ready.name);
  const existing = world.analysisRuns.find((run) => run.metadata.name === ready.name);
  if (ready.write === undefined) return { run: existing };
  draft.writes.push(ready.write);
  draft.reasons.push({ code: 'StartingAnalysis', message: `starting AnalysisRun ${ready.name}` });
  return { run: ready.write.object as AnalysisRun };
}

function suffixOf({ type, index = '' }: RunKind): string {
  switch (type) {
    case 'Step':
      return `-${index}`;
    case 'PrePromotion':
      return '-pre';
    case 'PostPromotion':
      return '-post';
    default:
      return '';
  }
}

function runSpec({ world, rollout, sets }: Pass, analysis: RolloutAnalysis) {
  const templates = collectTemplates(analysis.templates ?? [], world);
  if (!templates.ok) return templates;
  const args = rolloutArguments(analysis.args ?? [], {
    rollout,
    newHash: hashOf(sets.newSet),
    stableHash: hashOf(sets.stableSet),
  });
  if (!args.ok) return args;
  const dryRun: readonly DryRun[] = analysis.dryRun ?? [];
  const measurementRetention: readonly MeasurementRetention[] = analysis.measurementRetention ?? [];
  return mergeTemplates(templates.value, { args: args.value, dryRun, measurementRetention });
}

/** Makes `runs` the current ones, judges them unless `isOver`, and ends every run that is not `alive`. */
export function settleRuns(
  pass: Pass,
  runs: Runs,
  {
    isOver,
    alive,
  }: { readonly isOver: boolean; readonly alive: readonly (AnalysisRun | undefined)[] },
): void {
  const { draft, world } = pass;
  draft.runs = runs;
  for (const type of TYPES) {
    const run = runs[type];
    if (run === undefined || draft.begun.has(run.metadata.name)) continue;
    tellPhase(pass, type, run);
    if (!isOver) judge(pass, type, run);
  }
  const names = new Set(alive.map((run) => run?.metadata.name));
  for (const run of world.analysisRuns) {
    if (names.has(run.metadata.name)) continue;
    const write = terminateRun(run, []);
    if (write === undefined) continue;
    markAbort(pass);
    draft.writes.push(write);
  }
}

/** Whether a run of an earlier pass has ended well. */
export function hasSucceeded({ draft }: Pass, run: AnalysisRun | undefined): boolean {
  if (run === undefined || draft.begun.has(run.metadata.name)) return false;
  return run.status?.phase === 'Successful';
}

/** Turns a bad end into a pause or an abort. */
function judge({ draft }: Pass, type: RunType, run: AnalysisRun): void {
  const { phase = '', message = '' } = run.status ?? {};
  switch (phase) {
    case 'Inconclusive':
      draft.pausesAdded.add('InconclusiveAnalysisRun');
      return;
    case 'Failed':
    case 'Error':
      draft.abortCause ??= message === '' ? NO_MESSAGE[type] : message;
      return;
    default:
      if (!isEnded(phase)) {
        const text = `AnalysisRun ${run.metadata.name} is under way`;
        draft.reasons.push({ code: 'WaitingForAnalysis', message: text });
      }
  }
}

function tellPhase({ stored, draft }: Pass, type: RunType, run: AnalysisRun): void {
  const before = storedReference(stored, type);
  const { name } = run.metadata;
  const phase = run.status?.phase ?? '';
  if (phase === '' || (before !== undefined && (before.name !== name || before.status === phase))) {
    return;
  }
  const previous = before === undefined ? 'NoPreviousStatus' : before.status;
  draft.events.push({
    type: phase === 'Failed' || phase === 'Error' ? 'Warning' : 'Normal',
    reason: `AnalysisRun${phase}`,
    message: `${type} Analysis Run '${name}' Status New: '${phase}' Previous: '${previous}'`,
  });
}

/** How the status refers to a run. */
export function runReference(run: AnalysisRun | undefined): AnalysisRunReference | undefined {
  if (run === undefined) return undefined;
  const { phase = '', message = '' } = run.status ?? {};
  return { name: run.metadata.name, status: phase, ...(message === '' ? {} : { message }) };
}
