// AnalysisRuns of a canary: that of the step and the background one (rollout.md 9.2). Entry point: `followAnalyses`.
import type { AnalysisRun } from '../../api/analysis.ts';
import { STEP_INDEX_LABEL } from '../../api/names.ts';
import { canaryOf } from './limits.ts';
import { hasPause, NO_RUNS, type Pass } from './pass.ts';
import {
  beginRun,
  type Followed,
  hasNoAnalysis,
  needsNewRun,
  settleRuns,
  storedRun,
} from './runs.ts';
import { currentStepOf, stepIndexOf } from './weights.ts';

/** False: a run cannot be made from its templates; the pass goes no further. */
export function followAnalyses(pass: Pass): boolean {
  const { draft } = pass;
  if (hasNoAnalysis(pass)) {
    settleRuns(pass, NO_RUNS, { isOver: true, alive: [] });
    return true;
  }
  const step = stepRunOf(pass, storedRun(pass, 'Step'));
  const background = backgroundRunOf(pass, storedRun(pass, 'Background'));
  for (const one of [step, background]) {
    if (!('error' in one)) continue;
    draft.reasons.unshift({ code: 'AnalysisNotStarted', message: one.error });
    return false;
  }
  const runs = {
    ...NO_RUNS,
    Step: 'run' in step ? step.run : undefined,
    Background: 'run' in background ? background.run : undefined,
  };
  settleRuns(pass, runs, { isOver: false, alive: [runs.Step, runs.Background] });
  return true;
}

function stepRunOf(pass: Pass, current: AnalysisRun | undefined): Followed {
  const { rollout, stored } = pass;
  if ((stored.pauseConditions ?? []).length > 0) return { run: current };
  const index = String(stepIndexOf(rollout));
  const analysis = currentStepOf(rollout)?.analysis;
  const isOther = current !== undefined && current.metadata.labels?.[STEP_INDEX_LABEL] !== index;
  if (analysis === undefined || (analysis.templates ?? []).length === 0) return { run: undefined };
  const own = isOther ? undefined : current;
  if (!needsNewRun(pass, own)) return { run: own };
  return beginRun(pass, analysis, { type: 'Step', index });
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
  return beginRun(pass, analysis, { type: 'Background' });
}
