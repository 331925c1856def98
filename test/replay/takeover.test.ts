// Taking over from the reference at its rest points: no pod, ReplicaSet or Deployment is touched, and no phase changes.
// The scenario then goes on as it was recorded.
import { describe, expect, it } from 'vitest';
import { takeOver } from './play.ts';
import { differencesFrom, restPoints, touches } from './rest-points.ts';

/** All when SLIPWAY_TEST_ALL is set, as in .ci/run; else some, which takes seconds. */
const EVERY = (process.env['SLIPWAY_TEST_ALL'] ?? '') === '' ? 17 : 1;

const CHOSEN = restPoints().filter((_point, at) => at % EVERY === 0);

describe('a controller that takes over from the reference', () => {
  it('is tried at a dozen rest points at least', () => {
    expect(CHOSEN.length).toBeGreaterThanOrEqual(12);
  });

  it.each(CHOSEN)('touches nothing that runs, and goes on as recorded: $name', async (point) => {
    const { writes, phases, podsBefore, podsAfter, played } = await takeOver(point);
    expect(podsAfter).toEqual(podsBefore);
    expect(touches(writes)).toEqual([]);
    expect(phases).toHaveLength(1);
    expect(differencesFrom(point, played)).toEqual([]);
  });
});
