// Rules of the weights of an experiment step (rollout.md 10.1, last table; traffic.md 4 and I11).
import type { CanaryStep, ExperimentStep, Rollout } from '../../../api/rollout.ts';
import { canaryOf, maxWeightOf } from '../limits.ts';
import { nearestSetWeight } from '../weights.ts';
import { hasPlugins } from './plugins.ts';
import { invalid, type Problem, when } from './problem.ts';

/** All problems in their order. */
export function experimentProblems(
  rollout: Rollout,
  { experiment }: CanaryStep,
  index: number,
): readonly Problem[] {
  const routing = canaryOf(rollout)?.trafficRouting;
  const field = `spec.strategy.steps[${index}].experiment.templates`;
  const isKnown =
    routing?.alb !== undefined ||
    routing?.smi !== undefined ||
    routing?.istio !== undefined ||
    hasPlugins(routing);
  const templates = experiment?.templates ?? [];
  if (isKnown) return sumProblems(rollout, templates, index);
  const detail =
    routing === undefined
      ? 'Experiment template weight cannot be set unless TrafficRouting is enabled'
      : 'Experiment template weight is only available for TrafficRouting with SMI, ALB, ' +
        'Istio and Plugins at this time';
  return templates.flatMap(({ weight }, place) =>
    when(weight !== undefined, () => invalid(`${field}[${place}].weight`, weight, detail)),
  );
}

/**
 * What the templates get is taken from the stable version, which has what setWeight leaves it: nobody's share may
 * fall below 0. The template at which there is nothing left is told.
 */
function sumProblems(
  rollout: Rollout,
  templates: NonNullable<ExperimentStep['templates']>,
  index: number,
): readonly Problem[] {
  const max = maxWeightOf(canaryOf(rollout));
  const before = nearestSetWeight(rollout, index);
  // A weight that makes no sense by itself is told at its own step.
  if (before < 0 || before > max) return [];
  let sum = before;
  for (const [place, { weight = 0 }] of templates.entries()) {
    const field = `spec.strategy.steps[${index}].experiment.templates[${place}].weight`;
    if (weight < 0) return [invalid(field, weight, 'must be greater than or equal to 0')];
    sum += weight;
    if (weight > 0 && sum > max) {
      const detail =
        `Experiment template weights and SetWeight ${before} come to ${sum}, ` +
        `which is more than ${max}`;
      return [invalid(field, weight, detail)];
    }
  }
  return [];
}
