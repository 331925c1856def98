// The first version of a Rollout, and what a promotion does (rollout.md 3.6, 3.7).
import { describe, expect, it } from 'vitest';
import { HOST } from '../../sim/kinds.ts';
import { CHECK, GATE, GUARD, metricsOf, WATCH } from '../check.ts';
import { isHealthy, isPaused, type Strategy, withWeb } from '../web.ts';

const SERVED = { activeService: 'web-active', previewService: 'web-preview' };
const JUDGED: Strategy = {
  canary: {
    ...HOST.strategy.canary,
    analysis: GUARD,
    steps: [{ setWeight: 50 }, { analysis: GATE }, { pause: {} }],
  },
};

describe('the first version (3.7)', () => {
  it('is stable before any pod is ready, and whole without steps, analyses or traffic', async () => {
    const objects = [...HOST.objects, CHECK, WATCH];
    const verdict = metricsOf({ value: 0 });
    await withWeb(
      { strategy: JUDGED, objects, metrics: verdict, podStartMs: 5000 },
      async (web) => {
        await web.until('stable', ({ status }) => status?.stableRS !== undefined);
        expect((await web.rollout()).status).toMatchObject({
          currentStepIndex: 3,
          phase: 'Progressing',
        });
        expect((await web.rollout()).status?.readyReplicas).toBeUndefined();
        await web.until('healthy', isHealthy);
        expect(web.sizes()).toEqual({ 'app:v1': 2 });
        expect(web.cluster.sandbox.store.list('argoproj.io/analysisruns', 'default')).toEqual([]);
        expect(web.told('TrafficWeightUpdated')).toHaveLength(1);
        expect(web.told('RolloutCompleted')).toEqual([
          expect.stringMatching(/^Rollout completed update to revision 1 \(\w+\): Initial deploy$/),
        ]);
      },
    );
  });

  it('of a paused canary gets no pods until it goes on', async () => {
    await withWeb({ strategy: { canary: {} }, spec: { paused: true } }, async (web) => {
      await web.seconds(30);
      const { status } = await web.rollout();
      expect(status).toMatchObject({ phase: 'Paused', message: 'manually paused' });
      expect(status?.stableRS).toBe(status?.currentPodHash);
      expect(web.sizes()).toEqual({ 'app:v1': 0 });
      await web.run('promote', 'web');
      await web.until('healthy', isHealthy);
      expect(web.sizes()).toEqual({ 'app:v1': 2 });
    });
  });

  it('of a blue-green comes whole, previewed at once and active when all pods are there', async () => {
    const blueGreen = { ...SERVED, previewReplicaCount: 1, autoPromotionEnabled: false };
    await withWeb({ strategy: { blueGreen }, podStartMs: 5000 }, async (web) => {
      await web.until('scaled', () => web.sizes()['app:v1'] === 2);
      expect(await web.served('web-preview')).toBe('app:v1');
      expect(await web.served('web-active')).toBeUndefined();
      await web.until('healthy', isHealthy);
      expect(await web.served('web-active')).toBe('app:v1');
      expect(web.told('RolloutPaused')).toEqual([]);
    });
  });

  it('of a paused blue-green is scaled up behind no Service', async () => {
    const options = { strategy: { blueGreen: SERVED }, spec: { paused: true } };
    await withWeb(options, async (web) => {
      await web.seconds(30);
      expect(web.sizes()).toEqual({ 'app:v1': 2 });
      expect(await web.served('web-preview')).toBeUndefined();
      expect(await web.served('web-active')).toBeUndefined();
      expect((await web.rollout()).status).toMatchObject({ phase: 'Paused' });
    });
  });
});

describe('a promotion (3.6)', () => {
  it('ends the steps and the pause, and is told once with its reason', async () => {
    await withWeb({ ...HOST, strategy: HOST.strategy }, async (web) => {
      await web.until('healthy', isHealthy);
      await web.setImage('app:v2');
      await web.until('paused', isPaused);
      await web.run('promote', 'web');
      await web.until('healthy', isHealthy);
      const { status } = await web.rollout();
      expect(status).toMatchObject({
        currentStepIndex: 4,
        duration: { completionStatus: 'Promoted' },
      });
      expect(status?.pauseConditions).toBeUndefined();
      expect(status?.controllerPause).toBeUndefined();
      await web.seconds(600);
      expect(web.told('RolloutCompleted').slice(1)).toEqual([
        `Rollout completed update to revision 2 (${status?.stableRS}): Completed all 4 canary steps`,
      ]);
    });
  });

  it('that was asked for in full says so, and asks for it no longer', async () => {
    await withWeb(HOST, async (web) => {
      await web.until('healthy', isHealthy);
      await web.setImage('app:v2');
      await web.until('paused', isPaused);
      await web.run('promote', 'web', '--full');
      await web.until('healthy', isHealthy);
      const { status } = await web.rollout();
      expect(status?.promoteFull).toBeUndefined();
      expect(status?.duration?.completionStatus).toBe('FastPromoted');
      expect(web.told('RolloutCompleted').at(-1)).toMatch(/: Full promotion requested$/);
    });
  });
});

it.each([2, 0])(
  'a first version of %d pods is not held by a pause that is its first step',
  async (replicas) => {
    const strategy = { canary: { steps: [{ pause: {} }, { setWeight: 50 }] } };
    await withWeb({ strategy, replicas }, async (web) => {
      await web.until('healthy', isHealthy);
      const { status } = await web.rollout();
      expect(status?.pauseConditions).toBeUndefined();
      expect(status?.currentStepIndex).toBe(2);
      expect(web.told('RolloutPaused')).toEqual([]);
    });
  },
);
