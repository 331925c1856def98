// The weights that the last status told of, as far as the routes bear them out. Entry point: `recordedWeights`.
import type { TrafficWeights } from '../../api/rollout.ts';
import type { Lanes } from '../traffic/lanes.ts';

/**
 * Routes may be ahead of what is recorded: the status that told of them was refused. What the canary has lost already is
 * stable's. 50/50 recorded, the canary's routes at 0 -> 0/100.
 */
export function recordedWeights(
  recorded: TrafficWeights | undefined,
  { weights }: Pick<Lanes, 'weights'>,
): TrafficWeights | undefined {
  if (recorded === undefined || weights === undefined) return recorded;
  const { canary, stable } = recorded;
  const lost = canary.weight - weights.most;
  if (lost <= 0) return recorded;
  return {
    ...recorded,
    canary: { ...canary, weight: weights.most },
    stable: { ...stable, weight: stable.weight + lost },
  };
}
