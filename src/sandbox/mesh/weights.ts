// A pick by weight: each draw independent, its probability the weight's share of the sum (traffic.md 5.1).
import type { Random } from '../../lib/ports.ts';

/** Draws an index; -1 if no weight is above 0. */
export type WeightedPick = (random: Random) => number;

/** Sums are made once; a draw then is a search among them. */
export function weightedPick(weights: readonly number[]): WeightedPick {
  const sums: number[] = [];
  const indices: number[] = [];
  let total = 0;
  for (const [index, weight] of weights.entries()) {
    if (weight <= 0) continue;
    total += weight;
    sums.push(total);
    indices.push(index);
  }
  const [only] = indices;
  if (only === undefined) return () => -1;
  if (indices.length === 1) return () => only;
  return (random) => indices[firstAbove(sums, random.next() * total)] ?? -1;
}

/** Position of the first sum above `value`. */
function firstAbove(sums: readonly number[], value: number): number {
  let low = 0;
  let high = sums.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sums[middle] ?? 0) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Whether something that is to happen to that share of requests happens to this one. */
export function isDrawn(percent: number, random: Random): boolean {
  if (percent <= 0) return false;
  return percent >= 100 || random.next() * 100 < percent;
}
