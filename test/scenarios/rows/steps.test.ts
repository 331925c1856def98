// When a step is done (rollout.md 5.1, 5.2), one test a kind; step plugins have tests of their own.
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/api/object.ts';
import type { CanaryStep } from '../../../src/api/rollout.ts';
import { HOST, SUBSET } from '../../sim/kinds.ts';
import { CHECK, GATE, metricsOf } from '../check.ts';
import { isHealthy, isPaused, type Web, type WebOptions, withWeb } from '../web.ts';

const STOP: CanaryStep = { pause: {} };

interface Routes extends KubeObject {
  readonly spec: { readonly http: readonly { readonly name?: string }[] };
}

function routed(steps: readonly CanaryStep[], more: object = {}): WebOptions {
  const { trafficRouting, ...canary } = HOST.strategy.canary ?? {};
  return {
    ...HOST,
    replicas: 4,
    strategy: { canary: { ...canary, steps, trafficRouting: { ...trafficRouting, ...more } } },
  };
}

async function begun(web: Web, until: (index: number) => boolean): Promise<void> {
  await web.until('healthy', isHealthy);
  await web.setImage('app:v2');
  await web.until('so far', ({ status }) => until(status?.currentStepIndex ?? -1));
}

function routesOf({ cluster }: Web): readonly string[] {
  const [found] = cluster.sandbox.store.list(
    'networking.istio.io/virtualservices',
    'default',
  ) as unknown as readonly Routes[];
  return (found?.spec.http ?? []).map(({ name = '' }) => name);
}

async function weightOf(web: Web): Promise<number | undefined> {
  return (await web.rollout()).status?.canary?.weights?.canary.weight;
}

describe('pause', () => {
  it('with a duration ends by itself, to the second', async () => {
    const options = { strategy: { canary: { steps: [{ pause: { duration: '90s' } }, STOP] } } };
    await withWeb(options, async (web) => {
      await begun(web, (index) => index === 0);
      await web.until('paused', isPaused);
      await web.seconds(89);
      expect((await web.rollout()).status?.currentStepIndex).toBe(0);
      await web.seconds(3);
      expect((await web.rollout()).status?.currentStepIndex).toBe(1);
    });
  });

  it('of no seconds at all ends at once', async () => {
    const options = { strategy: { canary: { steps: [{ pause: { duration: 0 } }, STOP] } } };
    await withWeb(options, async (web) => {
      await begun(web, (index) => index === 1);
      expect(web.told('RolloutStepCompleted')).toEqual(['Rollout step 1/2 completed (pause: 0)']);
    });
  });

  it('without a duration ends by its user alone', async () => {
    await withWeb({ strategy: { canary: { steps: [STOP, STOP] } } }, async (web) => {
      await begun(web, (index) => index === 0);
      await web.seconds(86_400);
      expect((await web.rollout()).status?.currentStepIndex).toBe(0);
      await web.run('promote', 'web');
      await web.until('next', ({ status }) => status?.currentStepIndex === 1);
    });
  });
});

describe('setCanaryScale', () => {
  it('is done when its pods are there, with the weight where it was', async () => {
    const steps = [{ setCanaryScale: { replicas: 3 } }, STOP];
    await withWeb({ ...routed(steps), podStartMs: 20_000 }, async (web) => {
      await begun(web, (index) => index === 0);
      await web.seconds(10);
      expect((await web.rollout()).status?.currentStepIndex).toBe(0);
      await web.until('done', ({ status }) => status?.currentStepIndex === 1);
      expect(web.sizes()).toEqual({ 'app:v1': 4, 'app:v2': 3 });
      expect(await weightOf(web)).toBe(0);
    });
  });

  it('by weight and back to the traffic', async () => {
    const steps = [
      { setWeight: 25 },
      { setCanaryScale: { weight: 75 } },
      STOP,
      { setCanaryScale: { matchTrafficWeight: true } },
      STOP,
    ];
    await withWeb(routed(steps), async (web) => {
      await begun(web, (index) => index === 2);
      expect(web.sizes()['app:v2']).toBe(3);
      expect(await weightOf(web)).toBe(25);
      await web.until('paused', isPaused);
      await web.run('promote', 'web');
      await web.until('the last pause', ({ status }) => status?.currentStepIndex === 4);
      expect(web.sizes()['app:v2']).toBe(1);
    });
  });
});

describe('setWeight', () => {
  it('is done when the pods for it are there and the routes say so', async () => {
    await withWeb({ ...routed([{ setWeight: 50 }, STOP]), podStartMs: 20_000 }, async (web) => {
      await begun(web, (index) => index === 0);
      await web.seconds(10);
      expect(await weightOf(web)).toBe(0);
      await web.until('done', ({ status }) => status?.currentStepIndex === 1);
      expect(await weightOf(web)).toBe(50);
      expect(web.sizes()['app:v2']).toBe(2);
    });
  });

  it.each([
    { reason: 'a threshold is met by the first', value: 30, available: 1 },
    { reason: 'a threshold asks for all', value: 100, available: 3 },
  ])('is done with $available of 3 pods where $reason', async ({ value, available }) => {
    const { canary } = routed([{ setWeight: 25 }, { setWeight: 75 }, STOP]).strategy;
    const replicaProgressThreshold = { type: 'Percent', value } as const;
    const options = { ...HOST, strategy: { canary: { ...canary, replicaProgressThreshold } } };
    await withWeb({ ...options, replicas: 4, podStartMs: 20_000 }, async (web) => {
      await begun(web, (index) => index === 2);
      const hash = (await web.rollout()).status?.currentPodHash ?? '';
      const set = web.sets().find(({ metadata }) => metadata.name.endsWith(hash));
      expect(set?.spec.replicas).toBe(3);
      expect(set?.status?.availableReplicas).toBe(available);
    });
  });

  it('is not done while its user holds the Rollout', async () => {
    await withWeb({ ...routed([{ setWeight: 50 }, STOP]), podStartMs: 5000 }, async (web) => {
      await begun(web, (index) => index === 0);
      await web.run('pause', 'web');
      await web.seconds(60);
      expect((await web.rollout()).status).toMatchObject({ currentStepIndex: 0, phase: 'Paused' });
      await web.run('promote', 'web');
      await web.until('done', ({ status }) => status?.currentStepIndex === 1);
    });
  });
});

describe('experiment and analysis', () => {
  it('an experiment is done when it was successful', async () => {
    const experiment = {
      templates: [{ name: 'probe', specRef: 'canary', weight: 10 }],
      duration: '60s',
    };
    await withWeb(routed([{ setWeight: 20 }, { experiment }, STOP]), async (web) => {
      await begun(web, (index) => index === 1);
      await web.seconds(30);
      expect((await web.rollout()).status?.canary?.weights?.additional).toMatchObject([
        { weight: 10 },
      ]);
      await web.until('done', ({ status }) => status?.currentStepIndex === 2);
      await web.seconds(1);
      expect((await web.rollout()).status?.canary?.weights?.additional ?? []).toEqual([]);
    });
  });

  it('an analysis is done when it was successful', async () => {
    const options = routed([{ setWeight: 20 }, { analysis: GATE }, STOP]);
    const objects = [...(options.objects ?? []), CHECK];
    await withWeb({ ...options, objects, metrics: metricsOf({ value: 1 }) }, async (web) => {
      await begun(web, (index) => index === 2);
      expect(web.told('AnalysisRunSuccessful')).toContainEqual(
        expect.stringMatching(/^Step Analysis Run 'web-\w+-2-1' Status New: 'Successful'/),
      );
    });
  });
});

describe('header and mirror routes', () => {
  const managedRoutes = [{ name: 'by-header' }, { name: 'by-copy' }];
  const match = [{ headerName: 'x-beta', headerValue: { exact: 'yes' } }];

  it('a header route is there at once, and goes when the step says so', async () => {
    const steps = [
      { setCanaryScale: { replicas: 1 } },
      { setHeaderRoute: { name: 'by-header', match } },
      STOP,
      { setHeaderRoute: { name: 'by-header' } },
      STOP,
    ];
    await withWeb(routed(steps, { managedRoutes }), async (web) => {
      await begun(web, (index) => index === 2);
      expect(routesOf(web)).toEqual(['by-header', 'primary']);
      await web.until('paused', isPaused);
      await web.run('promote', 'web');
      await web.until('the last pause', ({ status }) => status?.currentStepIndex === 4);
      expect(routesOf(web)).toEqual(['primary']);
    });
  });

  it('an abort leaves no header route, though the first step makes one', async () => {
    const steps = [{ setHeaderRoute: { name: 'by-header', match } }, { setWeight: 50 }, STOP];
    const options = routed(steps, { managedRoutes });
    await withWeb({ ...options, replicas: 4 }, async (web) => {
      await begun(web, (index) => index === 2);
      await web.until('paused', isPaused);
      await web.run('abort', 'web');
      await web.until('aborted', ({ status }) => status?.phase === 'Degraded');
      await web.seconds(5);
      expect((await web.rollout()).status?.currentStepIndex).toBe(0);
      expect(web.sizes()['app:v2']).toBeGreaterThan(0);
      expect(routesOf(web)).toEqual(['primary']);
    });
  });

  it('a mirror route goes when the update is aborted', async () => {
    const mirror = { name: 'by-copy', match: [{ path: { prefix: '/' } }], percentage: 50 };
    const steps = [{ setCanaryScale: { replicas: 1 } }, { setMirrorRoute: mirror }, STOP];
    await withWeb(routed(steps, { managedRoutes }), async (web) => {
      await begun(web, (index) => index === 2);
      expect(routesOf(web)).toEqual(['by-copy', 'primary']);
      await web.until('paused', isPaused);
      await web.run('abort', 'web');
      await web.seconds(5);
      expect(routesOf(web)).toEqual(['primary']);
    });
  });
});

it('one step a pass: several that are done at once are told one after the other', async () => {
  const steps = [{ setWeight: 0 }, { setWeight: 0 }, { setWeight: 0 }, STOP];
  const { canary } = SUBSET.strategy;
  await withWeb({ ...SUBSET, strategy: { canary: { ...canary, steps } } }, async (web) => {
    await begun(web, (index) => index === 3);
    expect(web.told('RolloutStepCompleted')).toEqual([
      'Rollout step 1/4 completed (setWeight: 0)',
      'Rollout step 2/4 completed (setWeight: 0)',
      'Rollout step 3/4 completed (setWeight: 0)',
    ]);
  });
});
