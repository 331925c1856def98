// Pitfalls of the sizes of sets (rollout.md 12), each named after its symptom.
import { expect, it } from 'vitest';
import { HASH_LABEL } from '../../../src/api/names.ts';
import { PODS } from '../../../src/api/resources.ts';
import type { BlueGreenStrategy, RolloutStatus } from '../../../src/api/rollout.ts';
import { limitsOf } from '../../../src/core/rollout/limits.ts';
import { refusal } from '../../support/scripted-server.ts';
import { isHealthy, isPaused, type Web, type WebOptions, withWeb } from '../web.ts';
import { byHost, bySubset, setOf, weightsOf } from './routed.ts';

const HALF = [{ setWeight: 50 }, { pause: {} }];

function blueGreen(strategy: Partial<BlueGreenStrategy>): WebOptions {
  const services = { activeService: 'web-active', previewService: 'web-preview' };
  return { strategy: { blueGreen: { ...services, ...strategy } } };
}

function isPromoted({ status }: { readonly status?: RolloutStatus }): boolean {
  return status?.stableRS !== undefined && status.stableRS === status.currentPodHash;
}

async function promoted(web: Web, image: string): Promise<void> {
  await web.setImage(image);
  await web.until('begun', (rollout) => !isPromoted(rollout));
  await web.run('promote', 'web', '--full');
  await web.until('promoted', isPromoted);
}

async function removeOnePod({ cluster }: Web, hash: string | undefined): Promise<void> {
  const pod = cluster.sandbox.store
    .list('/pods', 'default')
    .find(({ metadata }) => metadata.labels?.[HASH_LABEL] === hash);
  const name = pod?.metadata.name ?? '';
  await cluster.client.delete({ resource: PODS, namespace: 'default', name });
}

it('an old set with scaleDownDelaySeconds 0 goes at once, and the controller rests (pitfall 1)', async () => {
  await withWeb(byHost({ steps: HALF, scaleDownDelaySeconds: 0 }), async (web) => {
    await web.until('healthy', isHealthy);
    await promoted(web, 'app:v2');
    await web.seconds(5);
    expect(web.sizes()).toEqual({ 'app:v1': 0, 'app:v2': 2 });
    const before = web.writes.length;
    await web.seconds(60);
    expect(web.writes.length).toBe(before);
  });
});

it('an old set whose delay is shorter than that of proxies stays for both, counted from the last change of traffic', async () => {
  const options = bySubset({ steps: HALF, scaleDownDelaySeconds: 3 }, { propagationDelayMs: 5000 });
  await withWeb(options, async (web) => {
    await web.until('healthy', isHealthy);
    await promoted(web, 'app:v2');
    await web.until('all weight is back', isHealthy);
    expect(weightsOf(web)).toEqual([100, 0]);
    await web.seconds(7);
    expect(web.sizes()).toEqual({ 'app:v1': 2, 'app:v2': 2 });
    await web.seconds(2);
    expect(web.sizes()).toEqual({ 'app:v1': 0, 'app:v2': 2 });
    expect(setOf(web, 'app:v1')?.metadata.annotations?.['scale-down-deadline']).toBeUndefined();
  });
});

it('a routed canary takes no notice of maxSurge (pitfall 11)', async () => {
  await withWeb(byHost({ steps: HALF, maxSurge: 0, maxUnavailable: 1 }), async (web) => {
    await web.until('healthy', isHealthy);
    await web.setImage('app:v2');
    await web.until('paused', isPaused);
    expect(web.sizes()).toEqual({ 'app:v1': 2, 'app:v2': 1 });
  });
});

it('a set that never got a pod goes although maxUnavailable is 0 (pitfall 11)', async () => {
  const options = byHost({ steps: HALF, maxSurge: 1, maxUnavailable: 0 });
  await withWeb(options, async (web) => {
    await web.until('healthy', isHealthy);
    await web.setImage('app:does-not-exist');
    await web.until('tried', () => web.sizes()['app:does-not-exist'] === 1);
    // No more pods are available than are wanted, now and later.
    await web.setImage('app:does-not-exist-either');
    await web.seconds(5);
    const gone = { 'app:does-not-exist': 0, 'app:does-not-exist-either': 1 };
    expect(web.sizes()).toEqual({ 'app:v1': 2, ...gone });
  });
});

it('a set that waits for its end keeps its size when it loses a pod (pitfall 12)', async () => {
  const options = byHost({ steps: HALF, scaleDownDelaySeconds: 60 }, { podStartMs: 5000 });
  await withWeb(options, async (web) => {
    await web.until('healthy', isHealthy);
    await promoted(web, 'app:v2');
    await web.until('waiting', () => setOf(web, 'app:v1')?.metadata.annotations !== undefined);
    await removeOnePod(web, setOf(web, 'app:v1')?.metadata.labels?.[HASH_LABEL]);
    await web.seconds(20);
    expect(web.sizes()).toEqual({ 'app:v1': 2, 'app:v2': 2 });
    await web.seconds(60);
    expect(web.sizes()).toEqual({ 'app:v1': 0, 'app:v2': 2 });
  });
});

it('a set that traffic still goes to keeps its size when it loses a pod (pitfall 12)', async () => {
  const options = bySubset({ steps: HALF, scaleDownDelaySeconds: 60 }, { podStartMs: 5000 });
  await withWeb({ ...options, replicas: 4 }, async (web) => {
    await web.until('healthy', isHealthy);
    await web.setImage('app:v2');
    await web.until('paused', isPaused);
    expect(weightsOf(web)).toEqual([50, 50]);
    // Stable cannot take the share of the interrupted version back yet, so that one goes on serving it.
    await removeOnePod(web, setOf(web, 'app:v1')?.metadata.labels?.[HASH_LABEL]);
    await removeOnePod(web, setOf(web, 'app:v2')?.metadata.labels?.[HASH_LABEL]);
    await web.setImage('app:v3');
    await web.seconds(3);
    expect(weightsOf(web)).toEqual([50, 50]);
    expect(web.sizes()).toEqual({ 'app:v1': 4, 'app:v2': 2, 'app:v3': 2 });
    await web.until('paused', isPaused);
    expect(web.sizes()).toEqual({ 'app:v1': 4, 'app:v2': 0, 'app:v3': 2 });
  });
});

it('an interrupted preview does not grow while it waits for its end (pitfall 13)', async () => {
  const options = blueGreen({ autoPromotionEnabled: false, previewReplicaCount: 1 });
  await withWeb({ ...options, replicas: 3 }, async (web) => {
    await web.until('healthy', isHealthy);
    await web.setImage('app:v2');
    await web.until('paused', isPaused);
    expect(web.sizes()).toEqual({ 'app:v1': 3, 'app:v2': 1 });
    const grown: number[] = [];
    web.cluster.sandbox.store.observe((key, { object }) => {
      if (key !== 'apps/replicasets') return;
      if (object.metadata.name === setOf(web, 'app:v2')?.metadata.name) {
        grown.push(web.sizes()['app:v2'] ?? 0);
      }
    });
    await web.setImage('app:v3');
    await web.until('paused again', (rollout) => isPaused(rollout) && web.sets().length === 3);
    await web.seconds(40);
    expect(Math.max(...grown)).toBe(1);
    expect(web.sizes()).toEqual({ 'app:v1': 3, 'app:v2': 0, 'app:v3': 1 });
  });
});

it('an old set that cannot be scaled is told and tried again until it can (pitfall 14)', async () => {
  const state = { isRefused: false };
  const lines: string[] = [];
  let tries = 0;
  await withWeb(
    {
      ...byHost({ steps: HALF, scaleDownDelaySeconds: 5 }),
      onLog: (line) => lines.push(line),
      intercept: (request, next) => {
        const isSet = request.method === 'PATCH' && request.path.includes('/replicasets/');
        if (!state.isRefused || !isSet) return next(request);
        tries += 1;
        return Promise.resolve(refusal(500, 'InternalError'));
      },
    },
    async (web) => {
      await web.until('healthy', isHealthy);
      await promoted(web, 'app:v2');
      await web.seconds(3);
      state.isRefused = true;
      await web.seconds(60);
      expect(web.sizes()).toEqual({ 'app:v1': 2, 'app:v2': 2 });
      expect(tries).toBeGreaterThan(3);
      expect(tries).toBeLessThan(30);
      const name = setOf(web, 'app:v1')?.metadata.name;
      expect(lines.join('')).toContain(`cannot patch replicasets/${name}, trying again`);
      state.isRefused = false;
      await web.seconds(11);
      expect(web.sizes()).toEqual({ 'app:v1': 0, 'app:v2': 2 });
    },
  );
});

it('a canary of a fixed size does not take capacity from stable (pitfall 27)', async () => {
  const steps = [{ setCanaryScale: { replicas: 2 } }, { setWeight: 50 }, { pause: {} }];
  const options = byHost({ steps, dynamicStableScale: true });
  await withWeb({ ...options, replicas: 4 }, async (web) => {
    await web.until('healthy', isHealthy);
    await web.setImage('app:v2');
    await web.until('paused', isPaused);
    expect(weightsOf(web)).toEqual([50, 50]);
    expect(web.sizes()).toEqual({ 'app:v1': 4, 'app:v2': 2 });
  });
});

it('the mark of a set that waits for its end is the bare key that clients read (pitfall 34)', async () => {
  await withWeb(blueGreen({ scaleDownDelaySeconds: 60 }), async (web) => {
    await web.until('healthy', isHealthy);
    await web.setImage('app:v2');
    await web.until('healthy', (rollout) => isHealthy(rollout) && isPromoted(rollout));
    await web.seconds(1);
    expect(setOf(web, 'app:v1')?.metadata.annotations?.['scale-down-deadline']).toMatch(
      /^2026-01-01T00:01:0\dZ$/,
    );
  });
});

it('an aborted canary waits for its delay although that is 15 minutes or more (pitfall 41)', async () => {
  await withWeb(byHost({ steps: HALF, abortScaleDownDelaySeconds: 1200 }), async (web) => {
    await web.until('healthy', isHealthy);
    await web.setImage('app:v2');
    await web.until('paused', isPaused);
    await web.run('abort', 'web');
    await web.seconds(1195);
    expect(web.sizes()).toEqual({ 'app:v1': 2, 'app:v2': 1 });
    await web.seconds(6);
    expect(web.sizes()).toEqual({ 'app:v1': 2, 'app:v2': 0 });
  });
});

it('a text without % is a percentage all the same (pitfall 10)', () => {
  const limits = (maxSurge: string, maxUnavailable: string) =>
    limitsOf({
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Rollout',
      metadata: { name: 'web' },
      spec: { replicas: 10, strategy: { canary: { maxSurge, maxUnavailable } } },
    });
  expect(limits('30', '20')).toEqual({ maxSurge: 3, maxUnavailable: 2 });
});

it('a limit that is no number is refused with its remedy, and holds no update up unseen (pitfall 10)', async () => {
  const canary = { maxSurge: 'some', maxUnavailable: '25%' };
  await withWeb({ strategy: { canary } }, async (web) => {
    await web.seconds(1);
    expect((await web.rollout()).status?.message).toBe(
      'InvalidSpec: The Rollout "web" is invalid: spec.strategy.maxSurge: Invalid value: "some": ' +
        'must be a number of pods or a percentage, such as 2 or "25%"',
    );
    await web.patch({ spec: { strategy: { canary: { maxSurge: '30' } } } });
    await web.until('healthy', isHealthy);
  });
});
