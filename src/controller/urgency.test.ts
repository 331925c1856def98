import { describe, expect, it } from 'vitest';
import type { Rollout, RolloutStatus } from '../api/rollout.ts';
import { urgencyOf } from './urgency.ts';

const SEEN = { observedGeneration: '2', currentPodHash: 'new', stableRS: 'old' };

function rollout(status: RolloutStatus | undefined): Rollout {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name: 'web', generation: 2 },
    spec: { strategy: { canary: { steps: [{ setWeight: 20 }, { setWeight: 50 }] } } },
    ...(status === undefined ? {} : { status }),
  };
}

/** From what can wait to what cannot. */
const ROWS: readonly (readonly [what: string, status: RolloutStatus | undefined])[] = [
  ['is new', undefined],
  ['has an update that has not begun', { ...SEEN, observedGeneration: '1', phase: 'Healthy' }],
  ['is healthy', { ...SEEN, stableRS: 'new', phase: 'Healthy' }],
  ['has just begun', { ...SEEN, currentStepIndex: 0, phase: 'Progressing' }],
  ['is half way', { ...SEEN, currentStepIndex: 1, phase: 'Progressing' }],
  ['has done all steps', { ...SEEN, currentStepIndex: 2, phase: 'Progressing' }],
  ['is promoted and gets its traffic', { ...SEEN, stableRS: 'new', phase: 'Progressing' }],
  ['is aborted', { ...SEEN, abort: true, phase: 'Degraded' }],
];

describe('how urgent a Rollout is', () => {
  for (const [index, [what, status]] of ROWS.entries()) {
    if (index === 0) continue;
    const [before, earlier] = ROWS[index - 1] ?? [];
    const isEqual = index < 3;
    it(`one that ${what} goes ${isEqual ? 'with' : 'before'} one that ${before}`, () => {
      const [own, other] = [urgencyOf(rollout(status)), urgencyOf(rollout(earlier))];
      if (isEqual) expect(own).toBe(other);
      else expect(own).toBeGreaterThan(other);
    });
  }
});
