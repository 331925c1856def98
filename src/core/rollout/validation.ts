// Whether a Rollout can be driven at all: its spec, what this version does not do, and what it names.
import { ruleProblem } from '../traffic/istio-validation.ts';
import { unsupportedProblem } from './unsupported.ts';
import { limitsProblem } from './validation/limits.ts';
import { metadataProblem } from './validation/metadata.ts';
import { referenceProblem } from './validation/references.ts';
import { specProblems } from './validation/spec.ts';
import type { Problem, RolloutProblem } from './validation/problem.ts';
import type { NamedObjects } from './world.ts';

/**
 * The first problem; undefined if there is none (rollout.md 10). It follows from the spec and from the objects that
 * the spec names, so the shell asks once for each version of these and hands the answer in with the world.
 */
export function rolloutProblem(named: NamedObjects): RolloutProblem | undefined {
  if (named.workload?.problem !== undefined) return named.workload.problem;
  const world = named.workload === undefined ? named : withOwnTemplate(named);
  const { rollout } = world;
  const beyond = [metadataProblem(rollout), limitsProblem(rollout)];
  const problems = [...specProblems(rollout), ...beyond.filter((one) => one !== undefined)];
  const unsupported = unsupportedProblem(rollout);
  const own = problems[0]?.text ?? unsupported;
  if (own !== undefined) {
    const allowsAbort = unsupported === undefined && !problems.some(hindersAbort);
    return { text: own, isReference: false, allowsAbort };
  }
  const text = referenceProblem(world);
  if (text !== undefined) return { text, isReference: true, allowsAbort: true };
  const rule = ruleProblem(world.rollout, world.destinationRules);
  return rule === undefined ? undefined : { ...rule, isReference: true, allowsAbort: true };
}

/** Fields by which an abort finds its pods and its traffic. Steps, limits and deadlines are not among them. */
const ABORT_GOES_BY = [
  'spec.selector',
  'spec.strategy.strategy',
  'spec.strategy.activeService',
  'spec.strategy.stableService',
  'spec.strategy.canaryService',
  'spec.strategy.pingPong.',
  'spec.strategy.trafficRouting.alb',
];

function hindersAbort({ field }: Problem): boolean {
  return ABORT_GOES_BY.some((start) => field.startsWith(start));
}

/** A template that has been looked up is held to the rules of one that stands in the Rollout itself. */
function withOwnTemplate(named: NamedObjects): NamedObjects {
  const { workloadRef: _ref, ...spec } = named.rollout.spec;
  return { ...named, rollout: { ...named.rollout, spec } };
}
