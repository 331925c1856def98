// Limits that cannot be read. The reference takes them for 0, both of them, and an update never moves (pitfall 10).
import type { Rollout } from '../../../api/rollout.ts';
import { blueGreenOf, canaryOf, scaled } from '../limits.ts';
import { invalid, type Problem } from './problem.ts';

const REMEDY = 'must be a number of pods or a percentage, such as 2 or "25%"';

/** Outside of the recorded rules: it comes after them. */
export function limitsProblem(rollout: Rollout): Problem | undefined {
  const { maxSurge, maxUnavailable } = { ...blueGreenOf(rollout), ...canaryOf(rollout) };
  const entries = [
    ['maxSurge', maxSurge],
    ['maxUnavailable', maxUnavailable],
  ] as const;
  const unreadable = entries.find(
    ([, value]) => value !== undefined && scaled(value, 1, Math.ceil) === undefined,
  );
  if (unreadable === undefined) return undefined;
  const [name, value] = unreadable;
  return invalid(`spec.strategy.${name}`, value, REMEDY);
}
