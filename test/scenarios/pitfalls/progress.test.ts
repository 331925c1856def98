// Pitfall 35 of rollout.md 12: what counts as progress of an update. Named after its symptom.
import { expect, it } from 'vitest';
import { HASH_LABEL, REACHED } from '../../../src/api/names.ts';
import { PODS } from '../../../src/api/resources.ts';
import type { Rollout } from '../../../src/api/rollout.ts';
import { isHealthy, type Web, withWeb } from '../web.ts';
import { setOf } from './routed.ts';

/** Whether the update has been found to come no further. */
function isLate({ status }: Rollout): boolean {
  return (status?.conditions ?? []).some(({ reason }) => reason === 'ProgressDeadlineExceeded');
}

/** Takes all pods of the new set away, again and again. */
async function takeAway(web: Web, { times, everyS }: Readonly<Record<'times' | 'everyS', number>>) {
  const { cluster } = web;
  for (let time = 0; time < times; time += 1) {
    await web.seconds(everyS);
    const hash = setOf(web, 'app:v2')?.metadata.labels?.[HASH_LABEL];
    for (const { metadata } of cluster.sandbox.store.list('/pods', 'default')) {
      if (metadata.labels?.[HASH_LABEL] !== hash) continue;
      await cluster.client.delete({ resource: PODS, namespace: 'default', name: metadata.name });
    }
  }
}

const SPEC = { progressDeadlineSeconds: 30 };

it('an update whose pods are taken away before they are ready is late all the same (pitfall 35)', async () => {
  await withWeb({ strategy: { canary: {} }, spec: SPEC, podStartMs: 4000 }, async (web) => {
    await web.until('healthy', isHealthy);
    await web.setImage('app:v2');
    await web.until('begun', () => web.sizes()['app:v2'] === 1);
    await takeAway(web, { times: 20, everyS: 3 });
    expect(isLate(await web.rollout())).toBe(true);
    await web.until('healthy', isHealthy);
    expect(web.sizes()).toEqual({ 'app:v1': 0, 'app:v2': 2 });
  });
});

it('an update whose pods are ready and lost in turns is late all the same (pitfall 35)', async () => {
  const spec = { ...SPEC, minReadySeconds: 10 };
  await withWeb({ strategy: { canary: {} }, spec }, async (web) => {
    await web.until('healthy', isHealthy);
    await web.setImage('app:v2');
    await web.until('begun', () => web.sizes()['app:v2'] === 1);
    await takeAway(web, { times: 12, everyS: 5 });
    expect(isLate(await web.rollout())).toBe(true);
    await web.until('healthy', isHealthy);
  });
});

it('a pod that is lost once does not make an update late that goes on (pitfall 35)', async () => {
  const spec = { ...SPEC, minReadySeconds: 12 };
  await withWeb({ strategy: { canary: {} }, spec, replicas: 4 }, async (web) => {
    await web.until('healthy', isHealthy);
    await web.setImage('app:v2');
    await web.until('begun', () => (web.sizes()['app:v2'] ?? 0) > 0);
    await takeAway(web, { times: 1, everyS: 5 });
    const late: boolean[] = [];
    await web.until('healthy', (rollout) => {
      late.push(isLate(rollout));
      return isHealthy(rollout);
    });
    expect(late).not.toContain(true);
  });
});

it('pods that a healthy Rollout loses cost no write of what had been reached (pitfall 35)', async () => {
  await withWeb({ strategy: { canary: {} }, spec: SPEC }, async (web) => {
    await web.until('healthy', isHealthy);
    await web.setImage('app:v2');
    await web.until('healthy', (rollout) => isHealthy(rollout) && web.sets().length === 2);
    await web.seconds(5);
    await takeAway(web, { times: 1, everyS: 5 });
    await web.until('healthy', isHealthy);
    expect(setOf(web, 'app:v2')?.metadata.annotations?.[REACHED]).toBeUndefined();
  });
});
