// Pitfalls of status, conditions and events (rollout.md 12), each named after its symptom.
import { expect, it } from 'vitest';
import type { Rollout } from '../../../src/api/rollout.ts';
import { isHealthy, isPaused, type Web, withWeb } from '../web.ts';
import { byHost } from './routed.ts';

const STEPS = [{ setWeight: 50 }, { pause: {} }];
const SERVED = { activeService: 'web-active', previewService: 'web-preview' };

/** Every state of the Rollout from now on. */
function watched({ cluster }: Web): readonly Rollout[] {
  const seen: Rollout[] = [];
  cluster.sandbox.store.observe((key, { object }) => {
    if (key === 'argoproj.io/rollouts') seen.push(object as unknown as Rollout);
  });
  return seen;
}

/** Status and generation fit together: what clients wait for before they believe a phase. */
function isObserved({ metadata, status }: Rollout): boolean {
  return status?.observedGeneration === String(metadata.generation);
}

function imagePatch(image: string, replicas: number) {
  const containers = [{ name: 'app', image, ports: [{ containerPort: 80 }] }];
  return { spec: { replicas, template: { spec: { containers } } } };
}

const STRATEGIES = [
  { name: 'canary', strategy: { canary: { steps: STEPS } } },
  { name: 'blue-green', strategy: { blueGreen: { ...SERVED, autoPromotionEnabled: false } } },
];

it.each(STRATEGIES)(
  'a template that comes with another size is not called healthy unseen: $name (pitfall 7)',
  async ({ strategy }) => {
    await withWeb({ strategy, replicas: 4 }, async (web) => {
      await web.until('healthy', isHealthy);
      const { currentPodHash } = (await web.rollout()).status ?? {};
      const seen = watched(web);
      await web.patch(imagePatch('app:v2', 2));
      await web.until('paused', isPaused);
      const early = seen.filter(
        (one) => isObserved(one) && one.status?.currentPodHash === currentPodHash,
      );
      expect(early.map(({ status }) => status?.phase)).toEqual([]);
      expect(seen.length).toBeGreaterThan(3);
    });
  },
);

it('a blue-green at rest neither tells nor writes of the way back that it is on (pitfall 9)', async () => {
  await withWeb({ strategy: { blueGreen: SERVED } }, async (web) => {
    await web.until('healthy', isHealthy);
    await web.setImage('app:v2');
    await web.until('healthy', (rollout) => isHealthy(rollout) && web.sets().length === 2);
    await web.run('undo', 'web');
    await web.until('back', ({ status }) => status?.stableRS === status?.currentPodHash);
    await web.seconds(60);
    // Another one like it would only be counted.
    const events = () => JSON.stringify(web.cluster.sandbox.store.list('/events', 'default'));
    const before = [events(), web.writes.length];
    for (let poke = 0; poke < 5; poke += 1) {
      await web.patch({ metadata: { labels: { poke: String(poke) } } });
      await web.seconds(1);
    }
    expect([events(), web.writes.length]).toEqual(before);
  });
});

it('an abort by the deadline is told once with the deadline and once with the revision (pitfall 25)', async () => {
  const spec = { progressDeadlineSeconds: 10, progressDeadlineAbort: true };
  await withWeb({ strategy: { canary: {} }, spec }, async (web) => {
    await web.until('healthy', isHealthy);
    await web.setImage('app:does-not-exist');
    await web.until('aborted', ({ status }) => status?.abort === true);
    await web.seconds(120);
    const { name } = web.sets().find(({ status }) => (status?.availableReplicas ?? 0) === 0)
      ?.metadata ?? { name: '' };
    const late = `ReplicaSet "${name}" has timed out progressing.`;
    expect(web.told('RolloutAborted')).toEqual([
      late,
      `Rollout aborted update to revision 2: ${late}`,
    ]);
  });
});

it('an abort of a full promotion that cannot be finished stays (pitfall 42)', async () => {
  await withWeb({ strategy: { canary: { steps: STEPS } } }, async (web) => {
    await web.until('healthy', isHealthy);
    await web.setImage('app:does-not-exist');
    await web.until('begun', () => web.sizes()['app:does-not-exist'] === 1);
    await web.run('promote', 'web', '--full');
    await web.seconds(5);
    await web.run('abort', 'web');
    await web.seconds(30);
    const { status } = await web.rollout();
    expect(status).toMatchObject({ abort: true, phase: 'Degraded' });
    expect(status?.promoteFull).toBeUndefined();
    expect(web.sizes()).toEqual({ 'app:v1': 2, 'app:does-not-exist': 0 });
  });
});

it('an abort of a full promotion of a blue-green that cannot be finished stays (pitfall 42)', async () => {
  const blueGreen = { ...SERVED, autoPromotionEnabled: false, abortScaleDownDelaySeconds: 1 };
  await withWeb({ strategy: { blueGreen } }, async (web) => {
    await web.until('healthy', isHealthy);
    await web.setImage('app:does-not-exist');
    await web.until('begun', () => web.sizes()['app:does-not-exist'] === 2);
    await web.run('promote', 'web', '--full');
    await web.seconds(5);
    await web.run('abort', 'web');
    await web.seconds(30);
    expect((await web.rollout()).status).toMatchObject({ abort: true, phase: 'Degraded' });
    expect(web.sizes()).toEqual({ 'app:v1': 2, 'app:does-not-exist': 0 });
  });
});

it('a full promotion of what was aborted before takes the abort back (pitfall 42)', async () => {
  await withWeb(byHost({ steps: STEPS }), async (web) => {
    await web.until('healthy', isHealthy);
    await web.setImage('app:v2');
    await web.until('paused', isPaused);
    await web.run('abort', 'web');
    await web.until('aborted', ({ status }) => status?.phase === 'Degraded');
    await web.run('promote', 'web', '--full');
    await web.until('healthy', isHealthy);
    expect((await web.rollout()).status?.abort).toBeUndefined();
    expect(web.sizes()['app:v2']).toBe(2);
  });
});
