// Which combinations of the matrix are played on a real API server.
import { type Combination, combinationNamed, matrixOf } from '../sim/matrix.ts';
import { SAMPLE } from './matrix-sample.ts';

/** A variable that is set: all of them. */
export const WHOLE_MATRIX = 'SLIPWAY_MATRIX_ALL';

export function chosenCombinations(): readonly Combination[] {
  const isWhole = (process.env[WHOLE_MATRIX] ?? '') !== '';
  return isWhole
    ? (matrixOf().rows as unknown as readonly Combination[])
    : SAMPLE.map(combinationNamed);
}
