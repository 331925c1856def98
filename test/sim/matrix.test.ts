// Every pair of settings and events of an update: safety after each write, and the right end. `npm test` plays a sample;
// with SLIPWAY_TEST_ALL=1, as in .ci/run, all of them.
import { describe, expect, it } from 'vitest';
import { withWeb } from '../scenarios/web.ts';
import {
  type Combination,
  combinationNamed,
  FACTORS,
  matrixOf,
  nameOf,
  REFUSALS,
  withSettings,
} from './matrix.ts';
import { played, refusalWith } from './matrix-sandbox.ts';
import { coveringArray } from './pairwise.ts';
import { SAMPLE as ELSEWHERE } from '../cluster/matrix-sample.ts';

const MATRIX = matrixOf();
const COMBINATIONS = MATRIX.rows as unknown as readonly Combination[];
const SAMPLE = 6;
const isWhole = (process.env['SLIPWAY_TEST_ALL'] ?? '') !== '';
const CHOSEN = isWhole ? COMBINATIONS : COMBINATIONS.filter((_one, index) => index % SAMPLE === 0);

describe(`the matrix: ${CHOSEN.length} of ${COMBINATIONS.length} combinations`, () => {
  it(`covers ${MATRIX.covered} of ${MATRIX.possible} possible pairs, each once or more`, () => {
    expect(MATRIX.covered).toBe(MATRIX.possible);
    expect(matrixOf()).toEqual(MATRIX);
    // Every value of the events with every setting needs that many at least.
    const least = FACTORS.happens.length * FACTORS.analysis.length;
    expect(COMBINATIONS.length).toBeGreaterThanOrEqual(least);
    expect(COMBINATIONS.length).toBeLessThan(2 * least);
  });

  it.each(CHOSEN.map((combination) => ({ name: nameOf(combination), combination })))(
    '$name',
    async ({ name, combination }) => {
      const problems = await played(combination);
      expect(problems, `again: npm run matrix -- '${name}'`).toEqual([]);
    },
  );

  it('is called by names that lead back to the combination', () => {
    expect(COMBINATIONS.map((one) => combinationNamed(nameOf(one)))).toEqual(
      COMBINATIONS.map((one) => withSettings(one)),
    );
    expect(() => combinationNamed('canary, hpa often, abort while paused')).toThrow(
      /there is no hpa often, but none, edits/,
    );
  });
});

describe('the sample for a real API server', () => {
  const sample = ELSEWHERE.map(combinationNamed);

  it('has 60 combinations or more, each possible and by its own name', () => {
    expect(new Set(ELSEWHERE).size).toBeGreaterThanOrEqual(60);
    expect(sample.map(nameOf)).toEqual(ELSEWHERE);
    const refused = sample.flatMap((one) => REFUSALS.filter(({ isBroken }) => isBroken(one)));
    expect(refused).toEqual([]);
  });

  it.each(Object.entries(FACTORS))('has every value of %s', (factor, values) => {
    const met = new Set(sample.map((one) => one[factor as keyof Combination]));
    expect([...met].toSorted()).toEqual([...values].toSorted());
  });
});

describe('what the matrix leaves out', () => {
  it.each(REFUSALS)('is left out because $reason', async (refusal) => {
    const combination = withSettings(refusal.example);
    expect(refusal.isBroken(combination)).toBe(true);
    await withWeb(refusalWith(combination), async (web) => {
      await web.seconds(2);
      const { status, spec } = await web.rollout();
      if (refusal.told !== undefined) {
        expect(status?.message).toMatch(refusal.told);
        return;
      }
      const kept = Object.keys(spec.strategy?.blueGreen ?? {});
      const known = ['activeService', 'autoPromotionEnabled', 'maxUnavailable', 'previewService'];
      expect(kept.toSorted()).toEqual(known);
    });
  });
});

describe('a covering array', () => {
  const factors = { a: ['0', '1', '2'], b: ['0', '1', '2'], c: ['0', '1'], d: ['0', '1'] };

  it('has every pair in few rows, the same for the same seed', () => {
    const space = { factors, constraints: [], seed: 'one' };
    const found = coveringArray(space);
    expect([found.pairs, found.possible, found.covered]).toEqual([37, 37, 37]);
    expect(found.rows.length).toBeLessThanOrEqual(11);
    expect(coveringArray(space)).toEqual(found);
  });

  it('has no row that a constraint forbids, and counts no pair that cannot be', () => {
    const constraints = [
      {
        reason: '',
        isBroken: ({ a, b }: Readonly<Record<string, string>>) => a === '0' && b === '0',
      },
      // Leaves nothing for a = 2 with d = 1, by way of c.
      {
        reason: '',
        isBroken: ({ a, c }: Readonly<Record<string, string>>) => a === '2' && c === '1',
      },
      {
        reason: '',
        isBroken: ({ c, d }: Readonly<Record<string, string>>) => c === '0' && d === '1',
      },
    ];
    const { rows, pairs, possible, covered } = coveringArray({ factors, constraints, seed: 'two' });
    expect(rows.some((row) => constraints.some(({ isBroken }) => isBroken(row)))).toBe(false);
    expect([pairs, possible, covered]).toEqual([37, 33, 33]);
  });
});
