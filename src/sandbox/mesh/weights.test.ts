import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../lib/random.ts';
import { isDrawn, weightedPick } from './weights.ts';

const PICKS = 100_000;

/** Four standard errors of a share: four in 15,000 fair runs fall outside. */
function margin(share: number): number {
  return 4 * Math.sqrt(PICKS * share * (1 - share));
}

describe('weights', () => {
  it.each([
    { weights: [60, 0, 20, 20], reason: 'an experiment beside a canary without weight' },
    { weights: [95, 5], reason: 'a first step' },
    { weights: [1, 99], reason: 'a small share first' },
    { weights: [50, 50], reason: 'halves' },
    { weights: [70, 10, 20], reason: 'three' },
    { weights: [0, 90, 20], reason: 'they need not sum to 100' },
    { weights: [1, 2, 3, 4, 5, 6, 7, 8, 9], reason: 'many' },
  ])('$weights are drawn by share, within four standard errors ($reason)', ({ weights }) => {
    for (const seed of ['one', 'two', 'three']) {
      const random = seededRandom(seed);
      const pick = weightedPick(weights);
      const counts = weights.map(() => 0);
      for (let n = 0; n < PICKS; n += 1) counts[pick(random)]! += 1;
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      for (const [index, weight] of weights.entries()) {
        const share = weight / total;
        const off = Math.abs(counts[index]! - PICKS * share);
        expect(off, `${seed}, weight ${weight}`).toBeLessThanOrEqual(margin(share));
      }
    }
  });

  it('of which none is above zero draw nothing', () => {
    expect(weightedPick([0, 0])(seededRandom(1))).toBe(-1);
    expect(weightedPick([])(seededRandom(1))).toBe(-1);
  });

  it('of which one is above zero cost no chance', () => {
    const random = { next: () => Number.NaN };
    expect(weightedPick([0, 7, 0])(random)).toBe(1);
  });
});

it.each([35, 0.1, 99.9])(
  '%d percent of requests are drawn, within four standard errors',
  (percent) => {
    const random = seededRandom('share');
    let drawn = 0;
    for (let n = 0; n < PICKS; n += 1) if (isDrawn(percent, random)) drawn += 1;
    expect(Math.abs(drawn - (PICKS * percent) / 100)).toBeLessThanOrEqual(margin(percent / 100));
  },
);

it('0 percent is never and 100 percent is always', () => {
  const random = { next: () => 0 };
  expect(isDrawn(0, random)).toBe(false);
  expect(isDrawn(100, { next: () => 0.999_999 })).toBe(true);
});
