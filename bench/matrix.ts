// The matrix of settings and events, whole, on the virtual clock.
import { type Combination, matrixOf } from '../test/sim/matrix.ts';
import { decidedBy } from '../test/sim/matrix-play.ts';
import { played } from '../test/sim/matrix-sandbox.ts';
import type { Measurement } from './figure.ts';

export const MATRIX: Measurement = {
  name: 'matrix',
  how:
    'Every combination of the matrix once: deployed, updated, disturbed, checked after each write, and watched until ten ' +
    'minutes after it has come to rest. A rollout is decided when a revision has become, or stayed, the one that is served.',
  measure: async () => {
    const combinations = matrixOf().rows as unknown as readonly Combination[];
    let decided = 0;
    const started = performance.now();
    for (const combination of combinations) {
      const [problem] = await played(combination);
      if (problem !== undefined) throw new Error(problem);
      decided += decidedBy(combination);
    }
    const seconds = (performance.now() - started) / 1000;
    return [
      { name: 'combinations', value: combinations.length, unit: '' },
      { name: 'rollouts decided per second', value: decided / seconds, unit: '/s' },
      { name: 'wall time', value: seconds, unit: 's', atMost: 60 },
    ];
  },
};
