// A Rollout whose strategy, or Services, are changed while it runs.
import { describe, expect, it } from 'vitest';
import { HASH_LABEL, MANAGED_BY } from '../../src/api/names.ts';
import type { Service } from '../../src/api/kubernetes.ts';
import type { Json } from '../../src/api/object.ts';
import { ROLLOUTS, SERVICES } from '../../src/api/resources.ts';
import { isHealthy, isPaused, service, type Strategy, type Web, withWeb } from './web.ts';

const CANARY = { steps: [{ setWeight: 50 }, { pause: {} }] };
const SERVED = { activeService: 'web-active', previewService: 'web-preview' };

async function become(web: Web, strategy: { readonly canary?: Json; readonly blueGreen?: Json }) {
  await web.patch({ spec: { strategy: { canary: null, blueGreen: null, ...strategy } } });
}

async function selectorOf({ cluster }: Web, name: string) {
  const found = await cluster.client.get<Service>({
    resource: SERVICES,
    namespace: 'default',
    name,
  });
  return { selector: found.spec.selector, managedBy: found.metadata.annotations?.[MANAGED_BY] };
}

function podNames({ cluster }: Web): readonly string[] {
  return cluster.sandbox.store
    .list('/pods', 'default')
    .filter(({ metadata }) => metadata.labels?.['app'] === 'web')
    .map(({ metadata }) => metadata.name);
}

const FREE = { selector: { app: 'web' }, managedBy: undefined };

describe('a strategy that is changed', () => {
  it.each<{
    readonly from: Strategy;
    readonly to: Parameters<typeof become>[1];
    readonly what: string;
  }>([
    { what: 'canary to blue-green', from: { canary: CANARY }, to: { blueGreen: SERVED } },
    { what: 'blue-green to canary', from: { blueGreen: SERVED }, to: { canary: CANARY } },
    { what: 'canary with steps to one without', from: { canary: CANARY }, to: { canary: {} } },
  ])('leaves the pods of a Healthy Rollout alone: $what', async ({ from, to }) => {
    await withWeb({ strategy: from }, async (web) => {
      await web.until('healthy', isHealthy);
      await web.seconds(5);
      const pods = podNames(web);
      const before = (await web.rollout()).status;
      await become(web, to);
      await web.seconds(40);
      expect(podNames(web)).toEqual(pods);
      const { status } = await web.rollout();
      expect(status).toMatchObject({ phase: 'Healthy', stableRS: before?.stableRS });
      const writes = web.writes.length;
      await web.seconds(60);
      expect(web.writes).toHaveLength(writes);
    });
  });

  it('frees the Services of a blue-green, and the canary after it reaches all its pods', async () => {
    await withWeb({ strategy: { blueGreen: SERVED } }, async (web) => {
      await web.until('healthy', isHealthy);
      await web.seconds(2);
      expect((await selectorOf(web, 'web-active')).selector?.[HASH_LABEL]).toBeDefined();
      await become(web, { canary: CANARY });
      await web.seconds(2);
      expect(await selectorOf(web, 'web-active')).toEqual(FREE);
      expect(await selectorOf(web, 'web-preview')).toEqual(FREE);
    });
  });

  it('of a canary amid its update to a blue-green that promotes itself switches once its pods are ready', async () => {
    await withWeb({ strategy: { canary: CANARY }, replicas: 4 }, async (web) => {
      await web.until('healthy', isHealthy);
      await web.setImage('app:v2');
      await web.until('paused', isPaused);
      await become(web, { blueGreen: SERVED });
      await web.until('healthy', isHealthy);
      expect(await web.served('web-active')).toBe('app:v2');
      const { status } = await web.rollout();
      expect(status?.currentStepIndex).toBeUndefined();
      expect(status?.pauseConditions).toBeUndefined();
    });
  });

  it('of a paused blue-green to a canary skips no pause of the canary, and back none of the blue-green', async () => {
    const gated = { ...SERVED, autoPromotionEnabled: false };
    await withWeb({ strategy: { blueGreen: gated } }, async (web) => {
      await web.until('healthy', isHealthy);
      await web.setImage('app:v2');
      await web.until('paused', isPaused);
      await become(web, { canary: { steps: [{ pause: {} }, { setWeight: 50 }] } });
      await web.until('at the pause', ({ status }) => status?.message === 'CanaryPauseStep');
      await web.seconds(30);
      expect((await web.rollout()).status).toMatchObject({ currentStepIndex: 0, phase: 'Paused' });
      await become(web, { blueGreen: gated });
      await web.until('at the switch', ({ status }) => status?.message === 'BlueGreenPause');
      await web.seconds(30);
      expect(await web.served('web-active')).toBe('app:v1');
      expect((await web.rollout()).status?.phase).toBe('Paused');
    });
  });

  it('keeps the pause of its user', async () => {
    await withWeb({ strategy: { canary: CANARY } }, async (web) => {
      await web.until('healthy', isHealthy);
      await web.setImage('app:v2');
      await web.until('paused', isPaused);
      await web.run('pause', 'web');
      await become(web, { blueGreen: SERVED });
      await web.seconds(30);
      expect((await web.rollout()).status).toMatchObject({
        phase: 'Paused',
        message: 'manually paused',
      });
      expect(web.sizes()['app:v1']).toBeGreaterThan(0);
      await web.run('promote', 'web');
      await web.until('healthy', isHealthy);
      expect(await web.served('web-active')).toBe('app:v2');
    });
  });

  it('begins anew after an abort', async () => {
    await withWeb({ strategy: { canary: CANARY } }, async (web) => {
      await web.until('healthy', isHealthy);
      await web.setImage('app:v2');
      await web.until('paused', isPaused);
      await web.run('abort', 'web');
      await web.seconds(5);
      await become(web, { blueGreen: { ...SERVED, autoPromotionEnabled: false } });
      await web.until('paused', ({ status }) => status?.message === 'BlueGreenPause');
      expect((await web.rollout()).status?.abort).toBeUndefined();
    });
  });
});

describe('a Service that is named no more', () => {
  it('is freed when another takes its place', async () => {
    const objects = [service('web-other')];
    await withWeb({ strategy: { blueGreen: SERVED }, objects }, async (web) => {
      await web.until('healthy', isHealthy);
      await web.patch({ spec: { strategy: { blueGreen: { activeService: 'web-other' } } } });
      await web.seconds(5);
      expect(await selectorOf(web, 'web-active')).toEqual(FREE);
      expect(await web.served('web-other')).toBe('app:v1');
    });
  });

  it('is freed when its Rollout is deleted, also while there was no controller', async () => {
    await withWeb({ strategy: { blueGreen: SERVED } }, async (web) => {
      await web.until('healthy', isHealthy);
      await web.seconds(2);
      const ref = { resource: ROLLOUTS, namespace: 'default', name: 'web' };
      await web.cluster.controller.stop();
      await web.cluster.client.delete(ref);
      await web.seconds(5);
      expect((await selectorOf(web, 'web-active')).managedBy).toBe('web');
      await web.cluster.restart();
      await web.seconds(5);
      expect(await selectorOf(web, 'web-active')).toEqual(FREE);
      expect(await selectorOf(web, 'web-preview')).toEqual(FREE);
    });
  });

  it('is not freed by a Rollout that is invalid', async () => {
    await withWeb({ strategy: { blueGreen: SERVED } }, async (web) => {
      await web.until('healthy', isHealthy);
      await web.seconds(2);
      await web.patch({ spec: { strategy: { blueGreen: { activeService: 'web-nowhere' } } } });
      await web.seconds(5);
      expect((await web.rollout()).status?.phase).toBe('Degraded');
      expect(await web.served('web-active')).toBe('app:v1');
    });
  });
});
