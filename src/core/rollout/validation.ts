// Whether a Rollout can be driven at all: its spec, what this version does not do, and what it names.
import { unsupportedProblem } from './unsupported.ts';
import { referenceProblem } from './validation/references.ts';
import { specProblems } from './validation/spec.ts';
import type { RolloutWorld } from './world.ts';

/** The first problem in the words of the condition; undefined if there is none (rollout.md 10). */
export function rolloutProblem(world: RolloutWorld): string | undefined {
  const [first] = specProblems(world.rollout);
  return first?.text ?? unsupportedProblem(world.rollout) ?? referenceProblem(world);
}
