// Pitfalls of steps (rollout.md 12), each named after its symptom.
import { expect, it } from 'vitest';
import { isHealthy, isPaused, withWeb } from '../web.ts';
import { byHost, weightsOf } from './routed.ts';

it('of a step that sets a weight and a size nothing is left out (pitfall 16)', async () => {
  const steps = [{ setWeight: 20, setCanaryScale: { replicas: 3 } }, { pause: {} }];
  await withWeb({ ...byHost({ steps }), replicas: 4 }, async (web) => {
    await web.until('healthy', isHealthy);
    await web.setImage('app:v2');
    await web.until('paused', isPaused);
    expect(weightsOf(web)).toEqual([80, 20]);
    expect(web.sizes()).toEqual({ 'app:v1': 4, 'app:v2': 3 });
  });
});

it('a step that sets a weight and a size is not over before stable can do without that share (pitfall 16)', async () => {
  const steps = [{ setWeight: 20, setCanaryScale: { replicas: 1 } }, { pause: {} }];
  await withWeb({ ...byHost({ steps }), replicas: 4 }, async (web) => {
    await web.until('healthy', isHealthy);
    await web.setImage('app:v2');
    const seen: (readonly [number | undefined, readonly number[]])[] = [];
    await web.until('paused', (rollout) => {
      seen.push([rollout.status?.currentStepIndex, weightsOf(web)]);
      return isPaused(rollout);
    });
    const early = seen.filter(([index, [, canary]]) => index === 1 && canary !== 20);
    expect(early).toEqual([]);
  });
});

it('a full promotion of a routed canary without steps is finished (pitfall 31)', async () => {
  await withWeb(byHost({ steps: [] }, { podStartMs: 5000 }), async (web) => {
    await web.until('healthy', isHealthy);
    await web.setImage('app:v2');
    await web.until('begun', ({ status }) => status?.stableRS !== status?.currentPodHash);
    await web.run('promote', 'web', '--full');
    await web.until('promoted', ({ status }) => status?.stableRS === status?.currentPodHash);
    await web.until('healthy', isHealthy);
    expect(weightsOf(web)).toEqual([100, 0]);
    expect((await web.rollout()).status?.promoteFull).toBeUndefined();
    expect(web.told('RolloutCompleted').at(-1)).toContain('Full promotion requested');
  });
});
