import { describe, expect, it } from 'vitest';
import { HASH_LABEL } from '../../src/api/names.ts';
import type { KubeObject } from '../../src/api/object.ts';
import { PODS, SERVICES } from '../../src/api/resources.ts';
import type { BlueGreenStrategy } from '../../src/api/rollout.ts';
import { CHECK, GATE, metricsOf } from './check.ts';
import { isHealthy, isPaused, type Web, type WebOptions, withWeb } from './web.ts';

const SERVED = { activeService: 'web-active', previewService: 'web-preview' };

function blueGreen(
  strategy: Partial<BlueGreenStrategy> = {},
  rest: Partial<WebOptions> = {},
): WebOptions {
  return { strategy: { blueGreen: { ...SERVED, ...strategy } }, ...rest };
}

function podsOf({ cluster }: Web, hash: string): readonly KubeObject[] {
  return cluster.sandbox.store
    .list('/pods', 'default')
    .filter(({ metadata }) => metadata.labels?.[HASH_LABEL] === hash);
}

async function remove({ cluster }: Web, { metadata }: KubeObject): Promise<void> {
  const resource = PODS;
  await cluster.client.delete({ resource, namespace: 'default', name: metadata.name });
}

describe('a blue-green', () => {
  it('gives production back although the new pods have crashed (pitfall 2)', async () => {
    const options = blueGreen({ postPromotionAnalysis: GATE, scaleDownDelaySeconds: 600 });
    const metricSource = metricsOf({ value: 0.5 });
    await withWeb({ ...options, objects: [CHECK], metrics: metricSource }, async (web) => {
      await web.until('healthy', isHealthy);
      await web.setImage('app:v2');
      await web.until('paused by an inconclusive analysis', isPaused);
      expect(await web.served('web-active')).toBe('app:v2');
      const { currentPodHash = '' } = (await web.rollout()).status ?? {};
      for (const pod of podsOf(web, currentPodHash)) await remove(web, pod);
      await web.run('abort', 'web');
      await web.cluster.settle();
      expect(await web.served('web-active')).toBe('app:v1');
    });
  });

  it('takes the old set away at once with a delay of 0, and is then at rest (observed-defects 7)', async () => {
    await withWeb(blueGreen({ scaleDownDelaySeconds: 0 }), async (web) => {
      await web.until('healthy', isHealthy);
      await web.setImage('app:v2');
      await web.until('promoted', ({ status }) => status?.stableRS === status?.currentPodHash);
      await web.seconds(10);
      expect(web.sizes()).toEqual({ 'app:v1': 0, 'app:v2': 2 });
      const before = web.writes.length;
      await web.seconds(60);
      expect(web.writes.length).toBe(before);
    });
  });

  it('goes back inside the rollback window without a pause, and is then at rest (observed-defects 12)', async () => {
    const spec = { rollbackWindow: { revisions: 2 } };
    const options = blueGreen({ autoPromotionEnabled: false, scaleDownDelaySeconds: 1 }, { spec });
    await withWeb(options, async (web) => {
      await web.until('healthy', isHealthy);
      await web.seconds(2);
      await web.setImage('app:v2');
      await web.until('paused', isPaused);
      await web.run('promote', 'web');
      await web.until('healthy', isHealthy);
      await web.seconds(5);
      await web.run('undo', 'web');
      await web.seconds(10);
      expect(await web.served('web-active')).toBe('app:v1');
      const before = web.writes.length;
      await web.seconds(60);
      expect(web.writes.length).toBe(before);
      expect(isHealthy(await web.rollout())).toBe(true);
    });
  });

  it('asks its user although it was a paused canary before (observed-defects 10)', async () => {
    const canary = { steps: [{ setWeight: 50 }, { pause: {} }] };
    await withWeb({ strategy: { canary } }, async (web) => {
      await web.until('healthy', isHealthy);
      await web.setImage('app:v2');
      await web.until('paused', isPaused);
      const strategy = { canary: null, blueGreen: { ...SERVED, autoPromotionEnabled: false } };
      await web.patch({ spec: { strategy } });
      await web.until('the preview is ready', ({ status }) => status?.message === 'BlueGreenPause');
      await web.seconds(10);
      expect([await web.served('web-active'), await web.served('web-preview')]).toEqual([
        'app:v1',
        'app:v2',
      ]);
      await web.run('promote', 'web');
      await web.until('healthy', isHealthy);
      expect(await web.served('web-active')).toBe('app:v2');
    });
  });

  it('that becomes a canary in the middle begins with the first step', async () => {
    await withWeb(blueGreen({ autoPromotionEnabled: false }), async (web) => {
      await web.until('healthy', isHealthy);
      await web.setImage('app:v2');
      await web.until('paused', isPaused);
      const canary = { steps: [{ setWeight: 50 }, { pause: {} }] };
      await web.patch({ spec: { strategy: { blueGreen: null, canary } } });
      await web.until('at the pause', ({ status }) => status?.message === 'CanaryPauseStep');
      await web.seconds(5);
      expect(web.sizes()).toEqual({ 'app:v1': 1, 'app:v2': 1 });
      expect((await web.rollout()).status?.currentStepIndex).toBe(1);
    });
  });

  it('is promoted by hand before its time', async () => {
    await withWeb(blueGreen({ autoPromotionSeconds: 600 }), async (web) => {
      await web.until('healthy', isHealthy);
      await web.setImage('app:v2');
      await web.until('paused', isPaused);
      await web.run('promote', 'web');
      await web.seconds(5);
      expect(await web.served('web-active')).toBe('app:v2');
    });
  });

  it('analyses anew after a retry, once the preview has its pods (pitfall 45)', async () => {
    const state = { value: 0 };
    const options = blueGreen({ prePromotionAnalysis: GATE, abortScaleDownDelaySeconds: 1 });
    await withWeb({ ...options, objects: [CHECK], metrics: metricsOf(state) }, async (web) => {
      await web.until('healthy', isHealthy);
      await web.setImage('app:v2');
      await web.until('aborted', ({ status }) => status?.abort === true);
      await web.seconds(5);
      expect(web.sizes()).toEqual({ 'app:v1': 2, 'app:v2': 0 });
      state.value = 1;
      const begun: string[] = [];
      web.cluster.sandbox.store.observe((key, { object }) => {
        const isRun = key === 'argoproj.io/analysisruns' && object.metadata.name.endsWith('.1');
        if (isRun && begun.length === 0) {
          const set = web
            .sets()
            .find(({ metadata }) => object.metadata.name.startsWith(metadata.name));
          begun.push(String(set?.status?.availableReplicas ?? 0));
        }
      });
      await web.run('retry', 'rollout', 'web');
      await web.until('healthy', isHealthy);
      expect(begun).toEqual(['2']);
      expect(await web.served('web-active')).toBe('app:v2');
    });
  });

  it('asks again after an abort of what was approved before', async () => {
    const options = blueGreen(
      { autoPromotionEnabled: false, previewReplicaCount: 1, postPromotionAnalysis: GATE },
      { objects: [CHECK], metrics: metricsOf({ value: 0 }) },
    );
    await withWeb(options, async (web) => {
      await web.until('healthy', isHealthy);
      await web.setImage('app:v2');
      await web.until('paused', isPaused);
      await web.run('promote', 'web');
      await web.until('aborted', ({ status }) => status?.abort === true);
      await web.seconds(2);
      expect(await web.served('web-active')).toBe('app:v1');
      await web.run('retry', 'rollout', 'web');
      await web.until('paused', isPaused);
      await web.seconds(30);
      expect(await web.served('web-active')).toBe('app:v1');
    });
  });

  it('tells a missing Service at once, and an abort still takes the preview away', async () => {
    await withWeb(
      blueGreen({ autoPromotionEnabled: false, abortScaleDownDelaySeconds: 1 }),
      async (web) => {
        await web.until('healthy', isHealthy);
        await web.setImage('app:v2');
        await web.until('paused', isPaused);
        const name = 'web-preview';
        await web.cluster.client.delete({ resource: SERVICES, namespace: 'default', name });
        await web.seconds(1);
        expect((await web.rollout()).status?.message).toContain('service "web-preview" not found');
        await web.run('abort', 'web');
        await web.seconds(10);
        expect(web.sizes()).toEqual({ 'app:v1': 2, 'app:v2': 0 });
        expect(await web.served('web-active')).toBe('app:v1');
      },
    );
  });

  it('promotes a good image at once if the first one never started (observed-defects 11)', async () => {
    const image = 'app:does-not-exist';
    await withWeb(blueGreen({ autoPromotionEnabled: false }, { image }), async (web) => {
      await web.seconds(5);
      await web.setImage('app:v2');
      await web.until('healthy', isHealthy);
      expect(await web.served('web-active')).toBe('app:v2');
    });
  });

  it('keeps what it was told while a pod is away', async () => {
    await withWeb(blueGreen({ autoPromotionEnabled: false }), async (web) => {
      await web.until('healthy', isHealthy);
      await web.setImage('app:v2');
      await web.until('paused', isPaused);
      const { currentPodHash = '' } = (await web.rollout()).status ?? {};
      const [pod] = podsOf(web, currentPodHash);
      if (pod !== undefined) await remove(web, pod);
      await web.run('promote', 'web');
      await web.until('healthy', isHealthy);
      expect(await web.served('web-active')).toBe('app:v2');
    });
  });
});
