// Rules of the weights of an experiment step (rollout.md 10.1, last table).
import type { CanaryStep, Rollout } from '../../../api/rollout.ts';
import { canaryOf } from '../limits.ts';
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
  if (isKnown) return [];
  const detail =
    routing === undefined
      ? 'Experiment template weight cannot be set unless TrafficRouting is enabled'
      : 'Experiment template weight is only available for TrafficRouting with SMI, ALB, ' +
        'Istio and Plugins at this time';
  return templates.flatMap(({ weight }, place) =>
    when(weight !== undefined, () => invalid(`${field}[${place}].weight`, weight, detail)),
  );
}
