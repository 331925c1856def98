import { describe, expect, it } from 'vitest';
import type { Json, KubeObject } from '../../src/api/object.ts';
import { SERVICES, virtualServices } from '../../src/api/resources.ts';
import type { Rollout } from '../../src/api/rollout.ts';
import { post } from '../support/objects.ts';
import { isHealthy, service, type Web, type WebOptions, withWeb } from './web.ts';

// A spec that goes bad amid an update freezes it: told once, nothing moves and nobody is busy. An abort and a deadline
// still do all that they can, and what was frozen goes on where it stopped (rollout.md 10.4, 12: 3, 4, 43).

const STEPS = [{ setWeight: 50 }, { pause: {} }];
const BROKEN = [{ setWeight: 50 }, { pause: {} }, { setWeight: 120 }];
const TOO_MUCH =
  'The Rollout "web" is invalid: spec.strategy.steps[2].setWeight: Invalid value: 120: ' +
  'SetWeight needs to be between 0 and 100';

const ROUTE: KubeObject = {
  apiVersion: 'networking.istio.io/v1beta1',
  kind: 'VirtualService',
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    hosts: ['web'],
    http: [
      {
        route: [
          { destination: { host: 'web-active' }, weight: 100 },
          { destination: { host: 'web-preview' }, weight: 0 },
        ],
      },
    ],
  },
} as KubeObject;

/** A canary behind Istio, by host. */
function routed(more: Partial<WebOptions> = {}): WebOptions {
  return {
    strategy: {
      canary: {
        stableService: 'web-active',
        canaryService: 'web-preview',
        trafficRouting: { istio: { virtualService: { name: 'web' } } },
        abortScaleDownDelaySeconds: 5,
        steps: STEPS,
      },
    },
    objects: [ROUTE],
    ...more,
  };
}

async function weights(web: Web): Promise<readonly (number | undefined)[]> {
  const ref = { resource: virtualServices('v1beta1'), namespace: 'default', name: 'web' };
  const found = await web.cluster.client.get<KubeObject>(ref);
  const { spec } = found as KubeObject & {
    readonly spec: { readonly http: readonly { readonly route: readonly { weight?: number }[] }[] };
  };
  return (spec.http[0]?.route ?? []).map(({ weight }) => weight ?? 0);
}

const isPaused = ({ status }: Rollout) => status?.phase === 'Paused';

/** To version 2, as far as the pause at half of the traffic. */
async function halfWay(web: Web): Promise<void> {
  await web.until('healthy', isHealthy);
  await web.setImage('app:v2');
  await web.until('paused', isPaused);
  expect(await weights(web)).toEqual([50, 50]);
}

async function withSteps(web: Web, steps: readonly Json[]): Promise<void> {
  await web.patch({ spec: { strategy: { canary: { steps } } } });
}

async function invalidMessage(web: Web): Promise<string | undefined> {
  const { status } = await web.rollout();
  return status?.conditions?.find(({ type }) => type === 'InvalidSpec')?.message;
}

function removed(web: Web, name: string): Promise<unknown> {
  return web.cluster.client.delete({ resource: SERVICES, namespace: 'default', name });
}

const HALF = { 'app:v1': 2, 'app:v2': 1 };
const BACK = { 'app:v1': 2, 'app:v2': 0 };

describe('a spec that goes bad amid an update', () => {
  it('is told once, freezes it, and asks for nothing more (pitfall 3)', async () => {
    let requests = 0;
    const onRequest = () => {
      requests += 1;
    };
    await withWeb(routed({ onRequest }), async (web) => {
      await halfWay(web);
      await withSteps(web, BROKEN);
      await web.seconds(2);
      expect(await invalidMessage(web)).toBe(TOO_MUCH);
      const { status } = await web.rollout();
      expect([status?.phase, status?.message]).toEqual(['Degraded', `InvalidSpec: ${TOO_MUCH}`]);
      const before = web.writes.length;
      requests = 0;
      // Whatever happens to what it owns is seen and changes nothing.
      await web.patch({ spec: { replicas: 4 } });
      await web.seconds(3600);
      expect(web.sizes()).toEqual(HALF);
      expect(await weights(web)).toEqual([50, 50]);
      const own = web.writes.slice(before);
      expect(own.map(({ path }) => path.endsWith('/rollouts/web/status'))).toEqual([true]);
      // The watches are opened anew now and then; a loop would make thousands.
      expect(requests).toBeLessThan(400);
    });
  });

  it('goes on where it stopped once it is good again', async () => {
    await withWeb(routed(), async (web) => {
      await halfWay(web);
      const { currentStepIndex } = (await web.rollout()).status ?? {};
      await withSteps(web, BROKEN);
      await web.seconds(60);
      await withSteps(web, STEPS);
      await web.seconds(2);
      const { status } = await web.rollout();
      expect([status?.phase, status?.currentStepIndex]).toEqual(['Paused', currentStepIndex]);
      expect(await invalidMessage(web)).toBeUndefined();
      expect([web.sizes(), await weights(web)]).toEqual([HALF, [50, 50]]);
      await web.run('promote', 'web');
      await web.until('healthy', isHealthy);
      expect(await weights(web)).toEqual([100, 0]);
    });
  });

  it.each([
    { what: 'steps', spec: { strategy: { canary: { steps: BROKEN } } } },
    { what: 'the number of pods', spec: { replicas: -1 } },
    { what: 'the deadline', spec: { progressDeadlineSeconds: 0 } },
    { what: 'minReadySeconds', spec: { minReadySeconds: -1 } },
    { what: 'the history', spec: { revisionHistoryLimit: -1 } },
    {
      what: 'steps beside another template',
      spec: {
        strategy: { canary: { steps: BROKEN } },
        template: { spec: { containers: [{ name: 'app', image: 'app:v3' }] } },
      },
    },
    {
      what: 'a template that the selector does not match',
      spec: { template: { metadata: { labels: { app: 'other' } } } },
    },
  ])('because of $what can be aborted all the same', async ({ spec }) => {
    await withWeb(routed(), async (web) => {
      await halfWay(web);
      await web.patch({ spec });
      await web.seconds(2);
      const message = await invalidMessage(web);
      expect(message).toContain('is invalid: spec.');
      await web.run('abort', 'web');
      await web.seconds(20);
      expect([web.sizes(), await weights(web)]).toEqual([BACK, [100, 0]]);
      const { status } = await web.rollout();
      expect(status?.abort).toBe(true);
      expect(await invalidMessage(web)).toBe(message);
      expect(web.told('RolloutAborted')).toEqual(['Rollout aborted update to revision 2']);
      const before = web.writes.length;
      await web.seconds(900);
      expect(web.writes.length, 'at rest nothing is written').toBe(before);
    });
  });

  it('without the router that has divided the traffic leaves the pods that get it', async () => {
    await withWeb(routed(), async (web) => {
      await halfWay(web);
      const canary = { trafficRouting: null, steps: [{ setCanaryScale: { replicas: 1 } }] };
      await web.patch({ spec: { strategy: { canary } } });
      await web.seconds(2);
      expect(await invalidMessage(web)).toContain('SetCanaryScale requires TrafficRouting');
      await web.run('abort', 'web');
      await web.seconds(60);
      expect([web.sizes(), await weights(web)]).toEqual([HALF, [50, 50]]);
    });
  });
});

describe('a deadline that passes while the spec is invalid', () => {
  const SLOW = { spec: { progressDeadlineSeconds: 60 } };
  const PLAIN = [{ setWeight: 50 }, { setWeight: 60 }];

  async function stuck(web: Web): Promise<void> {
    await web.until('healthy', isHealthy);
    await withSteps(web, PLAIN);
    await web.until('healthy', isHealthy);
    await web.setImage('app:does-not-exist');
    await web.seconds(10);
    await withSteps(web, [...PLAIN, { setWeight: 120 }]);
    await web.seconds(5);
  }

  it('is told at its moment', async () => {
    await withWeb(routed(SLOW), async (web) => {
      await stuck(web);
      const reason = async () =>
        (await web.rollout()).status?.conditions?.find(({ type }) => type === 'Progressing')
          ?.reason;
      expect(await reason()).toBe('ReplicaSetUpdated');
      await web.seconds(60);
      expect(await reason()).toBe('ProgressDeadlineExceeded');
      const before = web.writes.length;
      await web.seconds(900);
      expect(web.writes.length).toBe(before);
    });
  });

  it('gives the update up where the spec asks for that, and traffic goes back', async () => {
    const more = { spec: { ...SLOW.spec, progressDeadlineAbort: true } };
    await withWeb(routed(more), async (web) => {
      await stuck(web);
      await web.seconds(90);
      const { status } = await web.rollout();
      expect(status?.abort).toBe(true);
      expect(await weights(web)).toEqual([100, 0]);
      expect(web.sizes()).toEqual({ 'app:v1': 2, 'app:does-not-exist': 0 });
      const told = web.told('RolloutAborted');
      expect(told.at(-1)).toMatch(
        /^Rollout aborted update to revision 2: ReplicaSet "web-\w+" has timed out progressing\.$/,
      );
    });
  });
});

describe('a Service that is deleted amid an update (observed-defects 9)', () => {
  const MISSING =
    'The Rollout "web" is invalid: spec.strategy.canary.canaryService: Invalid value: ' +
    '"web-preview": service "web-preview" not found';

  it('is told at once, by condition and event, and once', async () => {
    await withWeb(routed(), async (web) => {
      await halfWay(web);
      await removed(web, 'web-preview');
      await web.cluster.settle();
      expect(await invalidMessage(web)).toBe(MISSING);
      await web.seconds(900);
      expect(web.told('InvalidSpec')).toEqual([MISSING]);
      expect(web.sizes()).toEqual(HALF);
    });
  });

  it('does not keep an abort from taking the traffic back', async () => {
    await withWeb(routed(), async (web) => {
      await halfWay(web);
      await removed(web, 'web-preview');
      await web.seconds(1);
      await web.run('abort', 'web');
      await web.seconds(20);
      expect(await weights(web)).toEqual([100, 0]);
      expect(web.sizes()).toEqual(BACK);
      expect(await invalidMessage(web)).toBe(MISSING);
    });
  });

  it('does not keep an abort from it that comes with other steps either', async () => {
    await withWeb(routed(), async (web) => {
      await halfWay(web);
      await removed(web, 'web-preview');
      await withSteps(web, [...STEPS, { pause: {} }]);
      await web.seconds(1);
      await web.run('abort', 'web');
      await web.seconds(20);
      expect([web.sizes(), await weights(web)]).toEqual([BACK, [100, 0]]);
      expect((await web.rollout()).status?.abort).toBe(true);
    });
  });

  it('lets the update go on within a second after it is back (pitfall 4)', async () => {
    await withWeb(routed(), async (web) => {
      await halfWay(web);
      await removed(web, 'web-preview');
      await web.run('promote', 'web');
      await web.seconds(120);
      expect(await weights(web)).toEqual([50, 50]);
      await post(web.cluster.client, 'default', service('web-preview'));
      await web.seconds(1);
      expect(await invalidMessage(web)).toBeUndefined();
      await web.until('healthy', isHealthy);
      expect(await web.served('web-active')).toBe('app:v2');
    });
  });
});
