// Whether a Rollout can be driven at all: its spec, what this version does not do, and what it names.
import { unsupportedProblem } from './unsupported.ts';
import { referenceProblem } from './validation/references.ts';
import { specProblems } from './validation/spec.ts';
import type { RolloutWorld } from './world.ts';

export interface RolloutProblem {
  /** In the words of the condition. */
  readonly text: string;
  /** The spec itself is fine; something that it names is missing or does not fit. */
  readonly isReference: boolean;
}

/** The first problem; undefined if there is none (rollout.md 10). */
export function rolloutProblem(world: RolloutWorld): RolloutProblem | undefined {
  const [first] = specProblems(world.rollout);
  const own = first?.text ?? unsupportedProblem(world.rollout);
  if (own !== undefined) return { text: own, isReference: false };
  const text = referenceProblem(world);
  return text === undefined ? undefined : { text, isReference: true };
}
