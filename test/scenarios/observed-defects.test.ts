// What the reference was seen to do wrong while it ran, each named after its symptom.
import { expect, it } from 'vitest';
import type { KubeObject } from '../../src/api/object.ts';
import { ROLLOUTS, SERVICES } from '../../src/api/resources.ts';
import type { Rollout } from '../../src/api/rollout.ts';
import { experimentExtras, type TrafficWorld } from '../../src/core/traffic/plan.ts';
import { post } from '../support/objects.ts';
import { refusal } from '../support/scripted-server.ts';
import { byHost, bySubset, destinationsOf, subsetHash, weightsOf } from './pitfalls/routed.ts';
import { isHealthy, isPaused, type Web, withWeb } from './web.ts';

const STEPS = [{ setWeight: 50 }, { pause: {} }];
const REF = { resource: ROLLOUTS, namespace: 'default', name: 'web' };

/** Every state of objects of that kind from now on. */
function watched({ cluster }: Web, kind: string): readonly KubeObject[] {
  const seen: KubeObject[] = [];
  cluster.sandbox.store.observe((key, { object }) => {
    if (key === kind) seen.push(object);
  });
  return seen;
}

it('a Rollout that is deleted while its last pass writes harms no other (observed-defects 1)', async () => {
  const state: { remove?: () => Promise<void> } = {};
  const lines: string[] = [];
  const options = bySubset(
    { steps: STEPS },
    {
      onLog: (line) => lines.push(line),
      intercept: async (request, next) => {
        const { remove } = state;
        const isRule = request.method === 'PATCH' && request.path.includes('/destinationrules/');
        if (!isRule || remove === undefined) return next(request);
        delete state.remove;
        await remove();
        return refusal(409, 'Conflict');
      },
    },
  );
  await withWeb(options, async (web) => {
    await web.until('healthy', isHealthy);
    const { spec } = await web.rollout();
    state.remove = () => web.cluster.client.delete(REF).then(() => undefined);
    await web.setImage('app:v2');
    await web.cluster.advance(5000);
    expect(state.remove).toBeUndefined();
    expect(lines.join('')).toContain('outdated, trying again');
    const metadata = { name: 'web', namespace: 'default' };
    const again = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', metadata, spec };
    await post(web.cluster.client, 'default', again);
    await web.until('healthy', isHealthy);
  });
});

it('no destination of an experiment lacks its host, and none is added twice (observed-defects 2)', async () => {
  const template = (name: string, specRef: 'canary' | 'stable') => ({ name, specRef, weight: 20 });
  const templates = [template('base', 'stable'), template('probe', 'canary')];
  const steps = [{ setWeight: 20 }, { experiment: { duration: '20s', templates } }];
  await withWeb(byHost({ steps }), async (web) => {
    await web.until('healthy', isHealthy);
    const seen = watched(web, 'networking.istio.io/virtualservices');
    const before = web.writes.length;
    await web.setImage('app:v2');
    await web.until('under way', () => weightsOf(web).length === 4);
    expect(weightsOf(web)).toEqual([40, 20, 20, 20]);
    await web.until('healthy', isHealthy);
    const hosts = seen.flatMap((object) =>
      destinationsOf(object).map((one) => one.destination?.host),
    );
    expect(hosts.filter((host) => (host ?? '') === '')).toEqual([]);
    expect(Math.max(...seen.map((object) => destinationsOf(object).length))).toBe(4);
    expect(weightsOf(web)).toEqual([100, 0]);
    expect(web.writes.length - before).toBeLessThan(60);
  });
});

it('a template without Service is no destination, though its pods are there (observed-defects 2)', () => {
  const experiment = { templates: [{ name: 'probe', specRef: 'canary' as const, weight: 20 }] };
  const canary = { steps: [{ experiment }] };
  const status = (serviceName?: string) => ({
    phase: 'Running' as const,
    templateStatuses: [{ name: 'probe', status: 'Running' as const, serviceName }],
  });
  const extras = (serviceName?: string) =>
    experimentExtras({
      rollout: { spec: { strategy: { canary } } },
      experiment: { status: status(serviceName) },
    } as unknown as TrafficWorld);
  expect(extras('web-probe')).toMatchObject([{ weight: 20, serviceName: 'web-probe' }]);
  expect(extras()).toEqual([]);
  expect(extras('')).toEqual([]);
});

it('an aborted canary whose abortScaleDownDelaySeconds is 0 keeps its pods (observed-defects 5)', async () => {
  await withWeb(byHost({ steps: STEPS, abortScaleDownDelaySeconds: 0 }), async (web) => {
    await web.until('healthy', isHealthy);
    await web.setImage('app:v2');
    await web.until('paused', isPaused);
    await web.run('abort', 'web');
    await web.seconds(3600);
    expect(weightsOf(web)).toEqual([100, 0]);
    expect(web.sizes()).toEqual({ 'app:v1': 2, 'app:v2': 1 });
  });
});

it('an aborted canary writes what it must and is at rest, also when it loses a Service (observed-defects 6)', async () => {
  await withWeb(byHost({ steps: STEPS, abortScaleDownDelaySeconds: 600 }), async (web) => {
    await web.until('healthy', isHealthy);
    await web.setImage('app:v2');
    await web.until('paused', isPaused);
    await web.seconds(1);
    const counts = [web.writes.length];
    await web.run('abort', 'web');
    await web.seconds(60);
    counts.push(web.writes.length);
    const ref = { resource: SERVICES, namespace: 'default', name: 'web-preview' };
    await web.cluster.client.delete(ref);
    await web.seconds(300);
    counts.push(web.writes.length);
    const [begun = 0, aborted = 0, lost = 0] = counts;
    // The route, the Service, the set's deadline and the status; then the status that tells of the loss.
    expect([aborted - begun, lost - aborted]).toEqual([4, 1]);
  });
});

it('a canary is not healthy before its subsets name the promoted set (observed-defects 8)', async () => {
  await withWeb(bySubset({ steps: STEPS }), async (web) => {
    await web.until('healthy', isHealthy);
    const first = (await web.rollout()).status?.currentPodHash;
    const early: unknown[] = [];
    let healthy = 0;
    web.cluster.sandbox.store.observe((key, { object }) => {
      if (key !== 'argoproj.io/rollouts') return;
      const { status } = object as unknown as Rollout;
      if (status?.currentPodHash === first || status?.phase !== 'Healthy') return;
      healthy += 1;
      const state = { stable: subsetHash(web, 'stable'), weights: weightsOf(web) };
      if (state.stable !== status.stableRS || state.weights[0] !== 100) early.push(state);
    });
    await web.setImage('app:v2');
    await web.until('paused', isPaused);
    await web.run('promote', 'web');
    await web.until('healthy', isHealthy);
    await web.seconds(60);
    expect(early).toEqual([]);
    expect(healthy).toBeGreaterThan(0);
  });
});
