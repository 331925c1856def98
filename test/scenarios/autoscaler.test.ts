// What a HorizontalPodAutoscaler (or KEDA) reads and writes: the scale subresource of a Rollout, in the middle of updates.
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../src/api/object.ts';
import { ROLLOUTS } from '../../src/api/resources.ts';
import type { Rollout } from '../../src/api/rollout.ts';
import { objectPath } from '../../src/kube/paths.ts';
import { isHealthy, isPaused, type Strategy, templated, type Web, withWeb } from './web.ts';

const SCALE = `${objectPath({ resource: ROLLOUTS, namespace: 'default', name: 'web' })}/scale`;

interface Scale {
  readonly spec?: { readonly replicas?: number };
  readonly status?: { readonly replicas?: number; readonly selector?: string };
}

async function scaleOf({ cluster }: Web): Promise<Scale> {
  return JSON.parse((await cluster.client.raw('GET', SCALE)).text) as Scale;
}

async function scale({ cluster }: Web, replicas: number): Promise<void> {
  const body = { spec: { replicas } };
  await cluster.client.raw('PATCH', SCALE, { body, contentType: 'application/merge-patch+json' });
}

const STEPS = [{ setWeight: 50 }, { pause: {} }];
const BASIC: Strategy = { canary: { steps: STEPS } };
const ISTIO = { istio: { virtualService: { name: 'web', routes: ['primary'] } } };

const MESH: KubeObject = {
  apiVersion: 'networking.istio.io/v1beta1',
  kind: 'VirtualService',
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    hosts: ['web'],
    http: [
      {
        name: 'primary',
        route: [
          { destination: { host: 'web-active' }, weight: 100 },
          { destination: { host: 'web-preview' }, weight: 0 },
        ],
      },
    ],
  },
} as KubeObject;

function routed(dynamicStableScale: boolean): Strategy {
  const services = { stableService: 'web-active', canaryService: 'web-preview' };
  return { canary: { steps: STEPS, ...services, dynamicStableScale, trafficRouting: ISTIO } };
}

const BLUE_GREEN: Strategy = {
  blueGreen: {
    activeService: 'web-active',
    previewService: 'web-preview',
    autoPromotionEnabled: false,
  },
};

/** A Rollout of four pods whose update waits for its user. */
async function withPausedUpdate(strategy: Strategy, story: (web: Web) => Promise<void>) {
  await withWeb({ strategy, replicas: 4, objects: [MESH] }, async (web) => {
    await web.until('healthy', isHealthy);
    await web.setImage('app:v2');
    await web.until('paused', isPaused);
    await story(web);
  });
}

describe('an autoscaler', () => {
  it('reads size and selector of a canary: all its pods', async () => {
    await withPausedUpdate(BASIC, async (web) => {
      expect(await scaleOf(web)).toMatchObject({
        spec: { replicas: 4 },
        status: { replicas: 4, selector: 'app=web' },
      });
    });
  });

  it('reads size and selector of a blue-green: the pods that serve', async () => {
    await withPausedUpdate(BLUE_GREEN, async (web) => {
      const { stableRS = '' } = (await web.rollout()).status ?? {};
      const selector = `app=web,rollouts-pod-template-hash=${stableRS}`;
      expect(await scaleOf(web)).toMatchObject({ status: { replicas: 4, selector } });
    });
  });

  it.each<{
    readonly what: string;
    readonly strategy: Strategy;
    readonly grown: readonly [stable: number, canary: number];
    readonly shrunk: readonly [stable: number, canary: number];
  }>([
    { what: 'a canary by pods', strategy: BASIC, grown: [4, 4], shrunk: [1, 1] },
    { what: 'a canary behind a router', strategy: routed(false), grown: [8, 4], shrunk: [2, 1] },
    {
      what: 'a canary whose stable set follows the weight',
      strategy: routed(true),
      grown: [4, 4],
      shrunk: [1, 1],
    },
    { what: 'a blue-green', strategy: BLUE_GREEN, grown: [8, 8], shrunk: [2, 2] },
  ])(
    'grows and shrinks $what amid its update, which stays where it is',
    async ({ strategy, grown, shrunk }) => {
      await withPausedUpdate(strategy, async (web) => {
        const before = (await web.rollout()).status;
        for (const [replicas, [stable, canary]] of [
          [8, grown],
          [2, shrunk],
        ] as const) {
          await scale(web, replicas);
          await web.seconds(10);
          expect(web.sizes()).toEqual({ 'app:v1': stable, 'app:v2': canary });
          const { status } = await web.rollout();
          expect(status).toMatchObject({
            phase: 'Paused',
            stableRS: before?.stableRS,
            currentPodHash: before?.currentPodHash,
          });
          expect(status?.currentStepIndex).toBe(before?.currentStepIndex);
          expect(status?.pauseConditions).toEqual(before?.pauseConditions);
          const total = 'blueGreen' in strategy ? stable : stable + canary;
          expect((await scaleOf(web)).status?.replicas).toBe(total);
        }
        await web.run('promote', 'web');
        await web.until('healthy', isHealthy);
        await web.seconds(60);
        expect(web.sizes()).toEqual({ 'app:v1': 0, 'app:v2': 2 });
      });
    },
  );

  it('takes all pods away amid an update and brings them back', async () => {
    await withPausedUpdate(BASIC, async (web) => {
      await scale(web, 0);
      await web.seconds(10);
      expect(web.sizes()).toEqual({ 'app:v1': 0, 'app:v2': 0 });
      await scale(web, 4);
      await web.seconds(10);
      expect(web.sizes()).toEqual({ 'app:v1': 2, 'app:v2': 2 });
      expect(isPaused(await web.rollout())).toBe(true);
    });
  });

  it('scales while a new version comes in the same moment, which is never taken for seen (pitfall 7)', async () => {
    await withWeb({ strategy: { canary: {} }, replicas: 2 }, async (web) => {
      await web.until('healthy', isHealthy);
      const early: string[] = [];
      web.cluster.sandbox.store.observe((_key, { object }) => {
        const { metadata, status } = object as Rollout;
        const isSeen = status?.observedGeneration === String(metadata.generation);
        if (object.kind !== 'Rollout' || !isSeen || status?.phase !== 'Healthy') return;
        const pods = web.cluster.sandbox.store.list('/pods', 'default') as unknown as readonly {
          readonly spec: { readonly containers: readonly { readonly image: string }[] };
        }[];
        const old = pods.filter(({ spec }) => spec.containers[0]?.image === 'app:v1');
        if (old.length > 0) early.push(`Healthy beside ${old.length} old pods`);
      });
      const { template } = templated('app:v2');
      await web.patch({
        spec: { replicas: 4, template: { spec: template.spec } },
      });
      await web.seconds(30);
      expect(early).toEqual([]);
      expect(web.sizes()).toEqual({ 'app:v1': 0, 'app:v2': 4 });
    });
  });

  it('changes nothing but sizes after an abort', async () => {
    await withPausedUpdate(BASIC, async (web) => {
      await web.run('abort', 'web');
      await web.seconds(10);
      await scale(web, 6);
      await web.seconds(10);
      expect(web.sizes()).toEqual({ 'app:v1': 6, 'app:v2': 0 });
      expect((await web.rollout()).status?.abort).toBe(true);
    });
  });
});
