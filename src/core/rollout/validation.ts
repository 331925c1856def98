// Whether a Rollout can be driven at all: its spec, what this version does not do, and what it names.
import { ruleProblem } from '../traffic/istio-validation.ts';
import { unsupportedProblem } from './unsupported.ts';
import { metadataProblem } from './validation/metadata.ts';
import { referenceProblem } from './validation/references.ts';
import { specProblems } from './validation/spec.ts';
import type { RolloutProblem } from './validation/problem.ts';
import type { NamedObjects } from './world.ts';

/**
 * The first problem; undefined if there is none (rollout.md 10). It follows from the spec and from the objects that
 * the spec names, so the shell asks once for each version of these and hands the answer in with the world.
 */
export function rolloutProblem(named: NamedObjects): RolloutProblem | undefined {
  if (named.workload?.problem !== undefined) return named.workload.problem;
  const world = named.workload === undefined ? named : withOwnTemplate(named);
  const [first] = specProblems(world.rollout);
  const own = (first ?? metadataProblem(world.rollout))?.text ?? unsupportedProblem(world.rollout);
  if (own !== undefined) return { text: own, isReference: false };
  const text = referenceProblem(world);
  if (text !== undefined) return { text, isReference: true };
  const rule = ruleProblem(world.rollout, world.destinationRules);
  return rule === undefined ? undefined : { ...rule, isReference: true };
}

/** A template that has been looked up is held to the rules of one that stands in the Rollout itself. */
function withOwnTemplate(named: NamedObjects): NamedObjects {
  const { workloadRef: _ref, ...spec } = named.rollout.spec;
  return { ...named, rollout: { ...named.rollout, spec } };
}
