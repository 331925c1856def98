// A blue-green's pass (rollout.md 6), one test a rule.
import { describe, expect, it } from 'vitest';
import type { BlueGreenStrategy } from '../../../src/api/rollout.ts';
import { CHECK, GATE, metricsOf } from '../check.ts';
import { isHealthy, isPaused, type Web, type WebOptions, withWeb } from '../web.ts';

function blueGreen(more: Partial<BlueGreenStrategy> = {}): WebOptions {
  const services = { activeService: 'web-active', previewService: 'web-preview' };
  return { strategy: { blueGreen: { ...services, ...more } }, objects: [CHECK] };
}

async function begun(web: Web): Promise<void> {
  await web.until('healthy', isHealthy);
  await web.setImage('app:v2');
}

async function served(web: Web): Promise<readonly (string | undefined)[]> {
  return [await web.served('web-active'), await web.served('web-preview')];
}

function isPreviewed({ status }: Awaited<ReturnType<Web['rollout']>>): boolean {
  return status?.blueGreen?.previewSelector === status?.currentPodHash;
}

describe('the Services (6.1)', () => {
  it('preview is switched before the new pods are ready, active after all are', async () => {
    await withWeb({ ...blueGreen(), podStartMs: 20_000 }, async (web) => {
      await begun(web);
      await web.until('previewed', (rollout) => isPreviewed(rollout));
      await web.seconds(10);
      expect(await served(web)).toEqual(['app:v1', 'app:v2']);
      await web.until('healthy', isHealthy);
      expect(await served(web)).toEqual(['app:v2', 'app:v2']);
    });
  });
});

describe('the pause (6.2)', () => {
  it('is not made where nobody asks for it', async () => {
    await withWeb(blueGreen(), async (web) => {
      await begun(web);
      await web.until('switched', ({ status }) => status?.stableRS === status?.currentPodHash);
      expect(web.told('RolloutPaused')).toEqual([]);
    });
  });

  it('ends after autoPromotionSeconds', async () => {
    await withWeb(blueGreen({ autoPromotionSeconds: 120 }), async (web) => {
      await begun(web);
      await web.until('paused', isPaused);
      await web.seconds(119);
      expect(await web.served('web-active')).toBe('app:v1');
      await web.seconds(4);
      expect(await web.served('web-active')).toBe('app:v2');
    });
  });

  it('has no clock where only a user may end it', async () => {
    await withWeb(
      blueGreen({ autoPromotionEnabled: false, autoPromotionSeconds: 5 }),
      async (web) => {
        await begun(web);
        await web.until('paused', isPaused);
        await web.seconds(3600);
        expect(await web.served('web-active')).toBe('app:v1');
        await web.run('promote', 'web');
        await web.seconds(2);
        expect(await web.served('web-active')).toBe('app:v2');
      },
    );
  });

  it('begins when the analysis before it is done', async () => {
    const verdict = { value: 0.5 };
    const options = blueGreen({ autoPromotionEnabled: false, prePromotionAnalysis: GATE });
    await withWeb({ ...options, metrics: metricsOf(verdict) }, async (web) => {
      await begun(web);
      await web.until(
        'inconclusive',
        ({ status }) => status?.message === 'InconclusiveAnalysisRun',
      );
      verdict.value = 1;
      await web.run('promote', 'web');
      await web.until('paused', ({ status }) => status?.message === 'BlueGreenPause');
      expect(await web.served('web-active')).toBe('app:v1');
    });
  });
});

describe('the sets (6.3, 6.4)', () => {
  it('are scaled although a user holds the Rollout, and no Service moves', async () => {
    await withWeb(blueGreen({ previewReplicaCount: 1 }), async (web) => {
      await web.until('healthy', isHealthy);
      await web.run('pause', 'web');
      await web.setImage('app:v2');
      await web.patch({ spec: { replicas: 3 } });
      await web.seconds(10);
      expect(web.sizes()).toMatchObject({ 'app:v1': 3 });
      expect(await web.served('web-active')).toBe('app:v1');
    });
  });

  it('a small preview grows once it is approved, and is switched to when it is whole', async () => {
    const options = blueGreen({ previewReplicaCount: 1, autoPromotionEnabled: false });
    await withWeb({ ...options, replicas: 3, podStartMs: 10_000 }, async (web) => {
      await begun(web);
      await web.until('paused', isPaused);
      expect(web.sizes()).toEqual({ 'app:v1': 3, 'app:v2': 1 });
      await web.run('promote', 'web');
      await web.until('growing', () => web.sizes()['app:v2'] === 3);
      expect((await web.rollout()).status?.blueGreen?.scaleUpPreviewCheckPoint).toBe(true);
      await web.seconds(5);
      expect(await web.served('web-active')).toBe('app:v1');
      await web.until('switched', ({ status }) => status?.stableRS === status?.currentPodHash);
      expect(await web.served('web-active')).toBe('app:v2');
      expect((await web.rollout()).status?.blueGreen?.scaleUpPreviewCheckPoint).toBeUndefined();
    });
  });

  it('old ones wait their delay, as many as the limit allows', async () => {
    const options = blueGreen({ scaleDownDelaySeconds: 600, scaleDownDelayRevisionLimit: 1 });
    await withWeb(options, async (web) => {
      await begun(web);
      await web.until('done', ({ status }) => status?.stableRS === status?.currentPodHash);
      await web.seconds(2);
      await web.setImage('app:v3');
      await web.seconds(20);
      expect(web.sizes()).toEqual({ 'app:v1': 0, 'app:v2': 2, 'app:v3': 2 });
      await web.seconds(700);
      expect(web.sizes()).toEqual({ 'app:v1': 0, 'app:v2': 0, 'app:v3': 2 });
    });
  });
});

describe('the status (6.5)', () => {
  it('counts the pods that serve, and tells autoscalers of them alone', async () => {
    await withWeb(blueGreen({ autoPromotionEnabled: false }), async (web) => {
      await begun(web);
      await web.until('paused', isPaused);
      const { status } = await web.rollout();
      expect(status).toMatchObject({
        replicas: 4,
        updatedReplicas: 2,
        availableReplicas: 2,
        readyReplicas: 2,
        HPAReplicas: 2,
        selector: `app=web,rollouts-pod-template-hash=${status?.stableRS}`,
        blueGreen: { activeSelector: status?.stableRS, previewSelector: status?.currentPodHash },
      });
    });
  });
});

describe('after the switch (6.6, 6.7)', () => {
  it('the new version is stable only when it has been judged', async () => {
    const verdict = { value: 0.5 };
    const options = blueGreen({ postPromotionAnalysis: GATE });
    await withWeb({ ...options, metrics: metricsOf(verdict) }, async (web) => {
      await begun(web);
      await web.until(
        'inconclusive',
        ({ status }) => status?.message === 'InconclusiveAnalysisRun',
      );
      const { status } = await web.rollout();
      expect(await web.served('web-active')).toBe('app:v2');
      expect(status?.stableRS).not.toBe(status?.currentPodHash);
      await web.seconds(120);
      expect(web.sizes()).toEqual({ 'app:v1': 2, 'app:v2': 2 });
      verdict.value = 1;
      await web.run('promote', 'web');
      await web.until(
        'stable',
        (rollout) => rollout.status?.stableRS === rollout.status?.currentPodHash,
      );
    });
  });

  it('a bad verdict gives production back, and the preview stays what it is', async () => {
    const options = blueGreen({ postPromotionAnalysis: GATE });
    await withWeb({ ...options, metrics: metricsOf({ value: 0 }) }, async (web) => {
      await begun(web);
      await web.until('aborted', ({ status }) => status?.abort === true);
      await web.seconds(2);
      expect(await served(web)).toEqual(['app:v1', 'app:v2']);
      expect((await web.rollout()).status?.phase).toBe('Degraded');
      await web.seconds(60);
      expect(web.sizes()).toEqual({ 'app:v1': 2, 'app:v2': 0 });
      await web.setImage('app:v1');
      await web.until('healthy', isHealthy);
    });
  });
});
