// Ways back to an older version (rollout.md 3.8), one test a row.
import { describe, expect, it } from 'vitest';
import { SCALE_DOWN_DEADLINE } from '../../../src/api/names.ts';
import { HOST } from '../../sim/kinds.ts';
import { CHECK, GATE, metricsOf } from '../check.ts';
import { isHealthy, isPaused, type Web, withWeb } from '../web.ts';

const SERVED = { activeService: 'web-active', previewService: 'web-preview' };
const STEPS = [{ setWeight: 50 }, { pause: {} }];

async function promoted(web: Web, image: string): Promise<void> {
  await web.setImage(image);
  await web.until('paused', isPaused);
  await web.run('promote', 'web', '--full');
  await web.until('healthy', isHealthy);
}

function runs(web: Web): number {
  return web.cluster.sandbox.store.list('argoproj.io/analysisruns', 'default').length;
}

describe('back to the stable version in the middle of an update', () => {
  it('drains a canary by its pods, without an analysis and without a promotion', async () => {
    const strategy = { canary: { steps: [...STEPS, { analysis: GATE }] } };
    await withWeb({ strategy, objects: [CHECK], replicas: 4 }, async (web) => {
      await web.until('healthy', isHealthy);
      await web.setImage('app:v2');
      await web.until('paused', isPaused);
      expect(web.sizes()).toEqual({ 'app:v1': 2, 'app:v2': 2 });
      await web.setImage('app:v1');
      await web.until('healthy', isHealthy);
      expect(web.sizes()).toEqual({ 'app:v1': 4, 'app:v2': 0 });
      expect((await web.rollout()).status?.currentStepIndex).toBe(3);
      expect(web.told('RolloutCompleted')).toHaveLength(1);
      expect(web.told('SkipSteps')).toEqual(['Rollback to stable ReplicaSets']);
      expect(runs(web)).toBe(0);
    });
  });

  it('takes the traffic from a routed canary first, and its pods after their delay', async () => {
    await withWeb(HOST, async (web) => {
      await web.until('healthy', isHealthy);
      await web.setImage('app:v2');
      await web.until('paused', isPaused);
      await web.setImage('app:v1');
      await web.until('healthy', isHealthy);
      expect((await web.rollout()).status?.canary?.weights).toMatchObject({
        canary: { weight: 0 },
        stable: { weight: 100 },
      });
      const [left] = web.sets().filter((set) => set.spec.replicas !== 2);
      expect(left?.metadata.annotations).toHaveProperty(SCALE_DOWN_DEADLINE);
      await web.seconds(35);
      expect(web.sizes()).toEqual({ 'app:v1': 2, 'app:v2': 0 });
    });
  });

  it('takes a routed canary away at once where the stable version follows the traffic', async () => {
    const canary = { ...HOST.strategy.canary, dynamicStableScale: true };
    await withWeb({ ...HOST, strategy: { canary }, replicas: 4 }, async (web) => {
      await web.until('healthy', isHealthy);
      await web.setImage('app:v2');
      await web.until('paused', isPaused);
      await web.setImage('app:v1');
      await web.until('healthy', isHealthy);
      await web.seconds(5);
      expect(web.sizes()).toEqual({ 'app:v1': 4, 'app:v2': 0 });
    });
  });
});

describe('back to an older revision', () => {
  it('outside the window goes through all steps', async () => {
    const spec = { rollbackWindow: { revisions: 1 } };
    await withWeb({ strategy: { canary: { steps: STEPS } }, spec }, async (web) => {
      await web.until('healthy', isHealthy);
      for (const image of ['app:v2', 'app:v3']) {
        await web.seconds(2);
        await promoted(web, image);
      }
      await web.run('undo', 'web', '--to-revision=1');
      await web.until('paused', isPaused);
      expect((await web.rollout()).status?.currentStepIndex).toBe(1);
    });
  });

  it('inside the window is whole without steps and analyses', async () => {
    const spec = { rollbackWindow: { revisions: 1 } };
    const strategy = { canary: { steps: [...STEPS, { analysis: GATE }] } };
    await withWeb(
      { strategy, spec, objects: [CHECK], metrics: metricsOf({ value: 0 }) },
      async (web) => {
        await web.until('healthy', isHealthy);
        await web.seconds(2);
        await promoted(web, 'app:v2');
        await web.run('undo', 'web');
        await web.until(
          'back',
          ({ status }) => status?.phase === 'Healthy' && web.sizes()['app:v1'] === 2,
        );
        expect(web.sizes()).toEqual({ 'app:v1': 2, 'app:v2': 0 });
        expect(runs(web)).toBe(0);
        expect(web.told('RolloutCompleted').at(-1)).toMatch(/: Rollback within window$/);
      },
    );
  });

  it('of a blue-green that is still there is active as soon as it is whole', async () => {
    const blueGreen = { ...SERVED, autoPromotionEnabled: false, prePromotionAnalysis: GATE };
    const verdict = { value: 1 };
    const options = { strategy: { blueGreen }, objects: [CHECK], metrics: metricsOf(verdict) };
    await withWeb(options, async (web) => {
      await web.until('healthy', isHealthy);
      await web.seconds(2);
      await promoted(web, 'app:v2');
      expect(web.sizes()).toEqual({ 'app:v1': 2, 'app:v2': 2 });
      verdict.value = 0;
      await web.run('undo', 'web');
      await web.seconds(5);
      expect(await web.served('web-active')).toBe('app:v1');
      const { stableRS = '' } = (await web.rollout()).status ?? {};
      const back = web.sets().find(({ metadata }) => metadata.name.endsWith(stableRS));
      expect(back?.metadata.annotations).not.toHaveProperty(SCALE_DOWN_DEADLINE);
      expect(web.told('RolloutCompleted').at(-1)).toMatch(/: Fast rollback$/);
    });
  });

  it('of a blue-green inside the window needs no approval', async () => {
    const blueGreen = { ...SERVED, autoPromotionEnabled: false, scaleDownDelaySeconds: 1 };
    const spec = { rollbackWindow: { revisions: 1 } };
    await withWeb({ strategy: { blueGreen }, spec }, async (web) => {
      await web.until('healthy', isHealthy);
      await web.seconds(2);
      await promoted(web, 'app:v2');
      await web.seconds(5);
      expect(web.sizes()).toEqual({ 'app:v1': 0, 'app:v2': 2 });
      await web.run('undo', 'web');
      await web.seconds(10);
      expect(await web.served('web-active')).toBe('app:v1');
      expect(web.told('RolloutCompleted').at(-1)).toMatch(/: Rollback within window$/);
    });
  });
});
