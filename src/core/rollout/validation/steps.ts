// Rules of single canary steps (rollout.md 10.1, last table). Entry point: `stepProblems`.
import type { CanaryStep, Rollout, RolloutArgument } from '../../../api/rollout.ts';
import { metadataFieldProblem } from '../../analysis/arguments.ts';
import { canaryOf, maxWeightOf } from '../limits.ts';
import { pauseDuration } from '../steps.ts';
import { experimentProblems } from './experiment-weights.ts';
import { invalid, invalidPart, type Problem, required, when } from './problem.ts';
import { headerRouteProblems, mirrorRouteProblems, routeNameProblems } from './step-routes.ts';

const ONE_OF =
  'Step must have one of the following set: ' +
  'experiment, setWeight, setCanaryScale, plugin or pause';

export function stepProblems(
  rollout: Rollout,
  step: CanaryStep,
  index: number,
): readonly Problem[] {
  const field = `spec.strategy.steps[${index}]`;
  return [
    ...kindProblems(step, field),
    ...weightProblems(rollout, step, field),
    ...pauseProblems(step, field),
    ...scaleProblems(rollout, step),
    ...headerRouteProblems(rollout, step, field),
    ...mirrorRouteProblems(rollout, step, field),
    ...routeNameProblems(rollout, step, field),
    ...experimentProblems(rollout, step, index),
    ...argumentProblems(step, field),
  ];
}

function kindProblems(step: CanaryStep, field: string): readonly Problem[] {
  const has = (name: keyof CanaryStep) => step[name] !== undefined;
  const main = [has('experiment'), has('pause'), has('setWeight'), has('analysis')];
  if (main.filter(Boolean).length > 1) {
    const value =
      `step.Experiment: ${has('experiment')} step.Pause: ${has('pause')} ` +
      `step.SetWeight: ${has('setWeight')} step.Analysis: ${has('analysis')}`;
    return [invalid(field, value, ONE_OF)];
  }
  const others = ['setCanaryScale', 'setHeaderRoute', 'setMirrorRoute', 'plugin'] as const;
  const isEmpty = !main.includes(true) && !others.some((name) => has(name));
  // The reference prints `true` for what is absent; clients know the text.
  const value =
    'step.Experiment: true step.Pause: true step.SetWeight: true step.Analysis: true ' +
    'step.SetCanaryScale: true step.SetHeaderRoute: true step.SetMirrorRoute: true step.Plugin: true';
  return when(isEmpty, () => invalid(field, value, ONE_OF));
}

function weightProblems(rollout: Rollout, step: CanaryStep, field: string): readonly Problem[] {
  const { setWeight } = step;
  const max = maxWeightOf(canaryOf(rollout));
  const isOff = setWeight !== undefined && (setWeight < 0 || setWeight > max);
  return when(isOff, () =>
    invalid(`${field}.setWeight`, setWeight, `SetWeight needs to be between 0 and ${max}`),
  );
}

function pauseProblems({ pause }: CanaryStep, field: string): readonly Problem[] {
  const duration = pauseDuration(pause?.duration);
  if (duration === undefined || duration >= 0) return [];
  const value = Math.trunc(duration / 1000);
  return [invalid(`${field}.pause.duration`, value, 'Duration needs to be greater than 0')];
}

function scaleProblems(rollout: Rollout, step: CanaryStep): readonly Problem[] {
  const isBasic = canaryOf(rollout)?.trafficRouting === undefined;
  return when(step.setCanaryScale !== undefined && isBasic, () =>
    required('spec.strategy.trafficRouting', 'SetCanaryScale requires TrafficRouting to be set'),
  );
}

/** Which metadata the arguments name; each bad one is told with all arguments of the step. */
function argumentProblems({ analysis, experiment }: CanaryStep, field: string): readonly Problem[] {
  const value: readonly RolloutArgument[] = [
    ...(experiment?.analyses ?? []).flatMap(({ args = [] }) => args),
    ...(analysis?.args ?? []),
  ];
  const detail = 'Analyses arguments must refer to valid object metadata supported by downwardAPI';
  return value.flatMap(({ valueFrom }) => {
    const path = valueFrom?.fieldRef?.fieldPath ?? '';
    const isBad = path.startsWith('metadata') && metadataFieldProblem(path) !== undefined;
    return when(isBad, () =>
      invalidPart(`${field}.analyses`, { type: '[Argument]', value }, detail),
    );
  });
}
