// Canary steps: their text, the pause step, and when the current one is complete (rollout.md 5.1, 5.2).
import type { CanaryStep } from '../../api/rollout.ts';
import {
  type Duration,
  formatInstant,
  type Instant,
  later,
  milliseconds,
  parseDuration,
  parseInstant,
  seconds,
} from '../../lib/time.ts';
import { hasPause, isAborted, type Pass } from './pass.ts';
import { atDesiredCounts } from './replicas.ts';
import { hasSucceeded } from './runs.ts';
import { canarySetsOf } from './sets.ts';
import { isPluginStepComplete } from './step-plugins.ts';
import { currentStepOf } from './weights.ts';

/** The step as events show it; of several members the first in this order. */
export function stepText(step: CanaryStep): string {
  const { setWeight, pause, experiment, analysis, setCanaryScale: scale } = step;
  if (setWeight !== undefined) return `setWeight: ${setWeight}`;
  if (pause !== undefined) {
    return pause.duration === undefined ? 'pause' : `pause: ${pause.duration}`;
  }
  if (experiment !== undefined) return 'experiment';
  if (analysis !== undefined) return 'analysis';
  if (scale !== undefined) return scaleText(scale);
  if (step.plugin !== undefined) return `plugin: ${step.plugin.name}`;
  if (step.setHeaderRoute !== undefined) return `setHeaderRoute: ${step.setHeaderRoute.name ?? ''}`;
  if (step.setMirrorRoute !== undefined) return `setMirrorRoute: ${step.setMirrorRoute.name}`;
  return 'invalid';
}

function scaleText(scale: NonNullable<CanaryStep['setCanaryScale']>): string {
  if (scale.weight !== undefined) return `setCanaryScale{weight: ${scale.weight}}`;
  if (scale.matchTrafficWeight === true) return 'setCanaryScale{matchTrafficWeight: true}';
  return `setCanaryScale{replicas: ${scale.replicas ?? 0}}`;
}

/**
 * Length of a pause: undefined without one (it ends only by hand). A number or plain digits are seconds, other text a
 * duration cut to whole seconds; what cannot be read is -1 s, which validation refuses.
 */
export function pauseDuration(duration: number | string | undefined): Duration | undefined {
  if (duration === undefined) return undefined;
  if (typeof duration === 'number') return seconds(duration);
  if (/^[+-]?\d+$/.test(duration)) return seconds(Number(duration));
  const parsed = parseDuration(duration);
  return parsed.ok ? seconds(Math.trunc(parsed.duration / 1000)) : seconds(-1);
}

/** The moment from which on a running pause step is over; undefined if only a person ends it. */
function pauseEnd({ stored }: Pass, step: CanaryStep): Instant | undefined {
  const duration = pauseDuration(step.pause?.duration);
  const condition = stored.pauseConditions?.find(({ reason }) => reason === 'CanaryPauseStep');
  const start = parseInstant(condition?.startTime ?? '');
  if (duration === undefined || start === undefined) return undefined;
  return later(later(start, duration), milliseconds(1));
}

/** Begins the pause of the current step, or waits for its end. True if the current step is a pause. */
export function pauseStep(pass: Pass): boolean {
  const { rollout, stored, draft, now } = pass;
  const step = currentStepOf(rollout);
  if (rollout.spec.paused === true || stored.promoteFull === true) return false;
  if (step?.pause === undefined || isAborted(pass)) return false;
  if (hasPause(pass, 'CanaryPauseStep')) {
    const end = pauseEnd(pass, step);
    if (end !== undefined && end > now) draft.moments.push(end);
    draft.reasons.push({
      code: 'PausedAtStep',
      message: end === undefined ? 'waiting to be promoted' : `pausing until ${formatInstant(end)}`,
    });
    return true;
  }
  if (stored.controllerPause === true) return true;
  draft.pausesAdded.add('CanaryPauseStep');
  const duration = pauseDuration(step.pause.duration);
  if (duration !== undefined) {
    const started = parseInstant(formatInstant(now)) ?? now;
    draft.moments.push(later(later(started, duration), milliseconds(1)));
  }
  draft.reasons.push({ code: 'PausedAtStep', message: 'the pause of this step begins' });
  return true;
}

/** Whether the current step is done; a Rollout that its user holds completes none. */
export function isStepComplete(pass: Pass): boolean {
  const { rollout } = pass;
  const step = currentStepOf(rollout);
  if (step === undefined || rollout.spec.paused === true) return false;
  if (step.pause !== undefined) return isPauseComplete(pass, step);
  if (step.setCanaryScale !== undefined) return isAtCounts(pass);
  if (step.setWeight !== undefined) {
    return isAtCounts(pass) && pass.draft.weights?.verified !== false && hasWeight(pass, step);
  }
  return isOtherStepComplete(pass, step);
}

function isOtherStepComplete(pass: Pass, step: CanaryStep): boolean {
  const { draft } = pass;
  if (step.experiment !== undefined) {
    const { experiment } = draft;
    const isJudged = experiment !== undefined && !draft.begun.has(experiment.metadata.name);
    return isJudged && experiment.status?.phase === 'Successful';
  }
  if (step.analysis !== undefined) return hasSucceeded(pass, draft.runs.Step);
  if (step.setHeaderRoute !== undefined || step.setMirrorRoute !== undefined) return true;
  return step.plugin !== undefined && isPluginStepComplete(pass);
}

function isPauseComplete(pass: Pass, step: CanaryStep): boolean {
  const { stored, now } = pass;
  const isHeld = hasPause(pass, 'CanaryPauseStep');
  if (stored.controllerPause === true && !isHeld) return true;
  const end = pauseEnd(pass, step);
  return end !== undefined && now >= end;
}

function isAtCounts({ rollout, sets, draft }: Pass): boolean {
  return atDesiredCounts(rollout, canarySetsOf(sets), draft.weights);
}

/** With a router, the weight of the step has been accepted; one that had to wait is not passed over. */
function hasWeight({ draft, rollout }: Pass, step: CanaryStep): boolean {
  if (rollout.spec.strategy?.canary?.trafficRouting === undefined) return true;
  return draft.weights === undefined || draft.weights.canary.weight === step.setWeight;
}
