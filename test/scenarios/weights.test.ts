// Weights of a routed canary and the pods behind them, where a user or a pod does something unusual in between.
import { describe, expect, it } from 'vitest';
import type { Service } from '../../src/api/kubernetes.ts';
import { HASH_LABEL } from '../../src/api/names.ts';
import type { Json, KubeObject } from '../../src/api/object.ts';
import { PODS } from '../../src/api/resources.ts';
import type { CanaryStep, CanaryStrategy } from '../../src/api/rollout.ts';
import { type HttpRequest, TransportError } from '../../src/lib/ports.ts';
import { HOST } from '../sim/kinds.ts';
import { isHealthy, isPaused, type Web, withWeb } from './web.ts';

/** Host routing with these steps. */
function routed(steps: readonly CanaryStep[], more: Partial<CanaryStrategy> = {}) {
  const strategy = { canary: { ...HOST.strategy.canary, ...more, steps } };
  return { strategy, objects: HOST.objects, replicas: 4 };
}

interface Mesh extends KubeObject {
  readonly spec: { readonly http: readonly { readonly route: readonly { weight?: number }[] }[] };
}

/** Weight of the canary in the route, and its available pods, whenever one of the two changes. */
function watchCanary(web: Web, image: string): readonly string[] {
  const seen: string[] = [];
  const { store } = web.cluster.sandbox;
  store.observe(() => {
    const mesh = store.get('networking.istio.io/virtualservices', 'default', 'web') as Mesh;
    const set = web
      .sets()
      .find(({ spec }) => spec.template?.spec?.containers?.[0]?.image === image);
    const weight = mesh.spec.http[0]?.route[1]?.weight ?? 0;
    const text = `${weight} % on ${set?.status?.availableReplicas ?? 0} pods`;
    if (seen.at(-1) !== text) seen.push(text);
  });
  return seen;
}

describe('a routed canary', () => {
  it('that was given up gets no traffic back, though the status of that was refused', async () => {
    let isRefused = false;
    const options = {
      ...routed([{ setWeight: 50 }, { pause: {} }], { dynamicStableScale: true }),
      onRequest: ({ method, path }: HttpRequest) => {
        if (isRefused && method !== 'GET' && path.includes('/rollouts/web/status')) {
          throw new TransportError('reset', 'nothing came back');
        }
      },
    };
    await withWeb(options, async (web) => {
      await web.until('healthy', isHealthy);
      await web.setImage('app:v2');
      await web.until('paused', isPaused);
      await web.run('abort', 'web');
      const seen = watchCanary(web, 'app:v2');
      const end = web.cluster.sandbox.store.observe(() => {
        isRefused ||= seen.at(-1)?.startsWith('0 %') === true;
      });
      await web.seconds(5);
      end();
      expect(isRefused).toBe(true);
      expect((await web.rollout()).status?.canary?.weights?.canary.weight).toBe(25);
      const moved = seen.length;
      await web.patch({ spec: { replicas: 8 } });
      await web.seconds(1);
      isRefused = false;
      await web.seconds(60);
      expect(seen.slice(moved).filter((text) => !text.startsWith('0 %'))).toEqual([]);
      expect((await web.rollout()).status?.canary?.weights?.canary.weight).toBe(0);
    });
  });

  it('that is sized by hand does not keep stable too small for its share', async () => {
    const steps = [
      { setCanaryScale: { weight: 50 } },
      { setWeight: 25 },
      { setWeight: 50 },
      { pause: {} },
    ];
    await withWeb(routed(steps, { dynamicStableScale: true }), async (web) => {
      await web.until('healthy', isHealthy);
      await web.setImage('app:v2');
      await web.until('paused', isPaused);
      await web.setImage('app:v3');
      await web.seconds(5);
      await web.until('paused again', isPaused);
      expect(web.sizes()).toMatchObject({ 'app:v1': 2, 'app:v3': 2 });
    });
  });

  it('does not get the weight of a step that was skipped before its pods were there (I12)', async () => {
    await withWeb(routed([{ setWeight: 25 }, { setWeight: 50 }, { pause: {} }]), async (web) => {
      await web.until('healthy', isHealthy);
      const seen = watchCanary(web, 'app:v2');
      await web.setImage('app:v2');
      await web.until('waiting for a second pod', ({ status }) => status?.currentStepIndex === 1);
      await web.run('promote', 'web');
      await web.seconds(5);
      expect(seen).toEqual([
        '0 % on 0 pods',
        '0 % on 1 pods',
        '25 % on 1 pods',
        '25 % on 2 pods',
        '50 % on 2 pods',
      ]);
    });
  });

  it('keeps its pods in a step down until their traffic has left (pitfall 26)', async () => {
    const steps = [{ setWeight: 50 }, { pause: { duration: 2 } }, { setWeight: 25 }, { pause: {} }];
    await withWeb(routed(steps), async (web) => {
      await web.until('healthy', isHealthy);
      const seen = watchCanary(web, 'app:v2');
      await web.setImage('app:v2');
      await web.seconds(10);
      expect(seen.slice(-3)).toEqual(['50 % on 2 pods', '25 % on 2 pods', '25 % on 1 pods']);
    });
  });

  it('that goes back inside the rollback window gets traffic with its pods, not before (I12)', async () => {
    const options = routed([{ setWeight: 25 }, { setWeight: 75 }, { pause: { duration: 1 } }], {
      scaleDownDelaySeconds: 0,
    });
    await withWeb({ ...options, spec: { rollbackWindow: { revisions: 1 } } }, async (web) => {
      await web.until('healthy', isHealthy);
      await web.seconds(2);
      await web.setImage('app:v2');
      await web.until('healthy', isHealthy);
      await web.seconds(10);
      expect(web.sizes()).toEqual({ 'app:v1': 0, 'app:v2': 4 });
      const seen = watchCanary(web, 'app:v1');
      await web.run('undo', 'web');
      await web.seconds(20);
      const early = seen.filter((text) => !text.startsWith('0 %') && !text.endsWith('on 4 pods'));
      expect(early).toEqual([]);
      expect(isHealthy(await web.rollout())).toBe(true);
    });
  });

  it.each(['routed', 'basic'])(
    'that is undone and scaled in one edit keeps the pods of its stable set (%s)',
    async (kind) => {
      const steps = [{ setWeight: 25 }, { pause: {} }];
      const options =
        kind === 'routed' ? routed(steps) : { strategy: { canary: { steps } }, replicas: 4 };
      await withWeb(options, async (web) => {
        await web.until('healthy', isHealthy);
        const { template } = (await web.rollout()).spec;
        await web.setImage('app:v2');
        await web.until('paused', isPaused);
        await web.seconds(2);
        const sizes: number[] = [];
        web.cluster.sandbox.store.observe(() => sizes.push(web.sizes()['app:v1'] ?? 0));
        await web.patch({ spec: { replicas: 5, template: template as Json } });
        await web.seconds(60);
        expect(Math.min(...sizes)).toBe(kind === 'routed' ? 4 : 3);
        expect(web.sizes()).toEqual({ 'app:v1': 5, 'app:v2': 0 });
      });
    },
  );
});

describe('a canary without router', () => {
  const services = { stableService: 'web-active', canaryService: 'web-preview' };
  const pods = (web: Web) => {
    const active = web.cluster.sandbox.store.get('/services', 'default', 'web-active') as Service;
    const hash = active.spec.selector?.[HASH_LABEL];
    const set = web.sets().find(({ metadata }) => metadata.labels?.[HASH_LABEL] === hash);
    return set?.spec.replicas ?? 0;
  };

  it.each([
    ['no steps', []],
    ['a step of 100 before a pause', [{ setWeight: 100 }, { pause: {} }]],
  ])(
    'gives its stable Service to the new set before the old one is empty: %s',
    async (_name, steps) => {
      const options = { strategy: { canary: { ...services, steps } }, replicas: 4 };
      await withWeb(options, async (web) => {
        await web.until('healthy', isHealthy);
        const seen: number[] = [];
        await web.setImage('app:v2');
        web.cluster.sandbox.store.observe(() => seen.push(pods(web)));
        await web.seconds(30);
        expect(await web.served('web-active')).toBe('app:v2');
        if (steps.length > 0) {
          await web.run('abort', 'web');
          await web.seconds(30);
          expect(await web.served('web-active')).toBe('app:v1');
          expect(web.sizes()).toEqual({ 'app:v1': 4, 'app:v2': 0 });
        }
        expect(Math.min(...seen)).toBeGreaterThan(0);
      });
    },
  );

  it('is given up although pods that never came fill the surge beside an older set', async () => {
    const steps = [{ setWeight: 25 }, { setWeight: 50 }, { pause: {} }];
    const canary = { steps, maxSurge: '25%', maxUnavailable: 0 };
    await withWeb({ strategy: { canary }, replicas: 4 }, async (web) => {
      await web.until('healthy', isHealthy);
      await web.setImage('app:v2');
      await web.until('paused', isPaused);
      await web.seconds(2);
      await web.setImage('app:does-not-exist');
      await web.seconds(5);
      await web.run('abort', 'web');
      await web.seconds(30);
      expect(web.sizes()).toEqual({ 'app:v1': 4, 'app:v2': 0, 'app:does-not-exist': 0 });
    });
  });
});

describe('a first image that never starts', () => {
  const steps = [{ setWeight: 50 }, { pause: {} }];
  const image = 'app:does-not-exist';

  it.each([
    ['without router', { strategy: { canary: { steps } } }],
    ['with routes', { ...routed(steps), replicas: 2 }],
  ])(
    'is not protected: the good one goes straight to full (observed-defects 11), %s',
    async (_name, options) => {
      await withWeb({ ...options, image }, async (web) => {
        await web.seconds(5);
        await web.setImage('app:worse-than-that:does-not-exist');
        await web.seconds(5);
        await web.setImage('app:v2');
        await web.until('healthy', isHealthy);
        await web.seconds(5);
        const left = Object.entries(web.sizes()).filter(([, size]) => size > 0);
        expect(left).toEqual([['app:v2', 2]]);
        expect(web.told('RolloutCompleted').at(-1)).toMatch(/Initial deploy$/);
      });
    },
  );

  it('is protected once it has been healthy, even while all its pods are away', async () => {
    await withWeb({ strategy: { canary: { steps } } }, async (web) => {
      await web.until('healthy', isHealthy);
      for (const { metadata } of web.cluster.sandbox.store.list('/pods', 'default')) {
        if (metadata.labels?.['app'] !== 'web') continue;
        const { name } = metadata;
        await web.cluster.client.delete({ resource: PODS, namespace: 'default', name });
      }
      await web.setImage('app:v2');
      await web.until('paused', isPaused);
      expect((await web.rollout()).status?.currentStepIndex).toBe(1);
    });
  });
});
