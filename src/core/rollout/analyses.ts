// AnalysisRuns of a canary: which are current, when one is begun, and what its end means (rollout.md 9.1-9.5).
// Entry point: `followAnalyses`.
import type { AnalysisRun, DryRun, MeasurementRetention } from '../../api/analysis.ts';
import {
  HASH_LABEL,
  INSTANCE_LABEL,
  REVISION,
  RUN_TYPE_LABEL,
  STEP_INDEX_LABEL,
} from '../../api/names.ts';
import type { AnalysisRunReference, RolloutAnalysis } from '../../api/rollout.ts';
import { isCompleted as isEnded } from '../analysis/assess.ts';
import { rolloutArguments } from '../analysis/arguments.ts';
import { readyRun, terminateRun } from '../analysis/run-object.ts';
import { collectTemplates, mergeTemplates } from '../analysis/templates.ts';
import { canaryOf } from './limits.ts';
import { hasPause, isAborted, isCompleted, type Pass, rolloutRevision } from './pass.ts';
import { isFastRollback } from './promotion.ts';
import { hashOf } from './sets.ts';
import { currentStepOf, stepIndexOf } from './weights.ts';

type RunType = 'Step' | 'Background';

const NO_MESSAGE: Readonly<Record<RunType, string>> = {
  Step: 'Step-based analysis phase error/failed',
  Background: 'Background analysis phase error/failed',
};

/** False: a run cannot be made from its templates; the pass goes no further. */
export function followAnalyses(pass: Pass): boolean {
  const { draft, world } = pass;
  const { step, background } = storedRuns(pass);
  const isOver = hasNoAnalysis(pass);
  const next: Record<RunType, AnalysisRun | undefined> = { Step: undefined, Background: undefined };
  if (!isOver) {
    const stepRun = stepRunOf(pass, step);
    const backgroundRun = backgroundRunOf(pass, background);
    for (const one of [stepRun, backgroundRun]) {
      if (!('error' in one)) continue;
      draft.reasons.unshift({ code: 'AnalysisNotStarted', message: one.error });
      return false;
    }
    if ('run' in stepRun) next.Step = stepRun.run;
    if ('run' in backgroundRun) next.Background = backgroundRun.run;
  }
  draft.stepRun = next.Step;
  draft.backgroundRun = next.Background;
  judge(pass, 'Step', next.Step);
  judge(pass, 'Background', next.Background);
  const current = new Set([next.Step?.metadata.name, next.Background?.metadata.name]);
  for (const run of world.analysisRuns) {
    if (current.has(run.metadata.name)) continue;
    const write = terminateRun(run, []);
    if (write !== undefined) draft.writes.push(write);
  }
  return true;
}

function storedRuns({ stored, world }: Pass) {
  const find = (reference: AnalysisRunReference | undefined) =>
    reference === undefined
      ? undefined
      : world.analysisRuns.find((run) => run.metadata.name === reference.name);
  return {
    step: find(stored.canary?.currentStepAnalysisRunStatus),
    background: find(stored.canary?.currentBackgroundAnalysisRunStatus),
  };
}

/** There is nothing to judge: no update, or one that is given up or waved through. */
function hasNoAnalysis(pass: Pass): boolean {
  const { stored } = pass;
  return (
    isCompleted(stored) ||
    isAborted(pass) ||
    stored.promoteFull === true ||
    (stored.stableRS ?? '') === '' ||
    isFastRollback(pass)
  );
}

type Followed = { readonly run: AnalysisRun | undefined } | { readonly error: string };

function stepRunOf(pass: Pass, current: AnalysisRun | undefined): Followed {
  const { rollout, stored } = pass;
  if ((stored.pauseConditions ?? []).length > 0) return { run: current };
  const index = String(stepIndexOf(rollout));
  const analysis = currentStepOf(rollout)?.analysis;
  const isOther = current !== undefined && current.metadata.labels?.[STEP_INDEX_LABEL] !== index;
  if (analysis === undefined || (analysis.templates ?? []).length === 0) return { run: undefined };
  const own = isOther ? undefined : current;
  if (!needsNewRun(pass, own)) return { run: own };
  return begin(pass, analysis, { type: 'Step', index });
}

function backgroundRunOf(pass: Pass, current: AnalysisRun | undefined): Followed {
  const { rollout, stored } = pass;
  const analysis = canaryOf(rollout)?.analysis;
  if (analysis === undefined || (analysis.templates ?? []).length === 0) return { run: undefined };
  if (hasPause(pass, 'InconclusiveAnalysisRun')) return { run: current };
  const { startingStep } = analysis;
  const index = stored.currentStepIndex;
  if (startingStep !== undefined && index !== undefined && index < startingStep) {
    return { run: undefined };
  }
  if (!needsNewRun(pass, current)) return { run: current };
  return begin(pass, analysis, { type: 'Background', index: '' });
}

/** None yet; an inconclusive one that its user resumed; or a retry after an abort (9.3). */
function needsNewRun(pass: Pass, current: AnalysisRun | undefined): boolean {
  const { stored } = pass;
  if (current === undefined) return true;
  if (stored.controllerPause === true && !hasPause(pass, 'CanaryPauseStep')) {
    return current.status?.phase === 'Inconclusive';
  }
  return stored.abortedAt !== undefined;
}

interface RunKind {
  readonly type: RunType;
  /** Index of the step; empty for a background run. */
  readonly index: string;
}

function begin(pass: Pass, analysis: RolloutAnalysis, kind: RunKind): Followed {
  const { rollout, world, sets, draft } = pass;
  const spec = runSpec(pass, analysis);
  if (!spec.ok) return { error: spec.error };
  const hash = hashOf(sets.newSet);
  const revision = rolloutRevision(rollout);
  const suffix = kind.type === 'Step' ? `-${kind.index}` : '';
  const instance = rollout.metadata.labels?.[INSTANCE_LABEL];
  const ready = readyRun({
    owner: rollout,
    base: `${rollout.metadata.name}-${hash}-${revision}${suffix}`,
    spec: spec.value,
    labels: {
      [HASH_LABEL]: hash,
      [RUN_TYPE_LABEL]: kind.type,
      ...(kind.type === 'Step' ? { [STEP_INDEX_LABEL]: kind.index } : {}),
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

/** Tells a change of phase, and turns a bad end into a pause or an abort. A run begun now is judged later. */
function judge(pass: Pass, type: RunType, run: AnalysisRun | undefined): void {
  const { draft } = pass;
  if (run === undefined || draft.begun.has(run.metadata.name)) return;
  tellPhase(pass, type, run);
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
  const { canary } = stored;
  const before =
    type === 'Step'
      ? canary?.currentStepAnalysisRunStatus
      : canary?.currentBackgroundAnalysisRunStatus;
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
