// A canary by pods alone: what its user and its pods do to it.
import { expect } from 'vitest';
import { PODS, ROLLOUTS } from '../../../src/api/resources.ts';
import {
  BAD_IMAGE,
  begun,
  degraded,
  healthy,
  paused,
  podsOf,
  sized,
  STOP,
  type Story,
  updating,
} from './told.ts';
import type { WebAnywhere } from '../web.ts';

const HALF: Story['options'] = {
  replicas: 4,
  strategy: { canary: { steps: [{ setWeight: 50 }, STOP] } },
};

function scaled({ client, namespace }: WebAnywhere, replicas: number): Promise<unknown> {
  return client.patch(
    { resource: ROLLOUTS, namespace, name: 'web' },
    { type: 'merge', body: { spec: { replicas } }, subresource: 'scale' },
  );
}

export const CANARY_STORIES: readonly Story[] = [
  {
    name: 'a canary goes by pods from pause to pause, is promoted, and its undo is a revision of its own',
    options: { replicas: 4, strategy: { canary: { steps: [{ setWeight: 25 }, STOP] } } },
    tell: async (web) => {
      await begun(web);
      await paused(web, 1);
      expect(await web.sizes()).toEqual({ 'app:v1': 3, 'app:v2': 1 });
      await web.run('promote', 'web');
      await healthy(web);
      expect(await web.sizes()).toEqual({ 'app:v1': 0, 'app:v2': 4 });
      await web.run('undo', 'web');
      await paused(web, 1);
      expect(await web.sizes()).toEqual({ 'app:v1': 1, 'app:v2': 3 });
      await web.run('promote', 'web', '--full');
      await healthy(web);
      expect(await web.sizes()).toEqual({ 'app:v1': 4, 'app:v2': 0 });
    },
  },
  {
    name: 'a canary without steps replaces its pods one after the other',
    options: { replicas: 3, strategy: { canary: { maxSurge: 1, maxUnavailable: 0 } } },
    tell: async (web) => {
      await begun(web);
      await sized(web, { 'app:v1': 0, 'app:v2': 3 });
      await healthy(web);
      expect(await podsOf(web, 'app:v2')).toHaveLength(3);
    },
  },
  {
    name: 'a pause with a duration ends by itself',
    options: {
      replicas: 2,
      strategy: { canary: { steps: [{ setWeight: 50 }, { pause: { duration: 2 } }] } },
    },
    tell: async (web) => {
      await begun(web);
      await sized(web, { 'app:v1': 0, 'app:v2': 2 });
      await healthy(web);
      expect(await web.told('RolloutResumed')).toHaveLength(1);
    },
  },
  {
    name: 'a newer image amid an update begins with the first step, and the one before it goes',
    options: HALF,
    tell: async (web) => {
      await begun(web);
      await paused(web, 1);
      await web.setImage('app:v3');
      await sized(web, { 'app:v2': 0, 'app:v3': 2 });
      await paused(web, 1);
      await web.run('promote', 'web');
      await healthy(web);
      expect(await web.sizes()).toEqual({ 'app:v1': 0, 'app:v2': 0, 'app:v3': 4 });
    },
  },
  {
    name: 'the stable image again amid an update ends it at once',
    options: HALF,
    tell: async (web) => {
      await begun(web);
      await paused(web, 1);
      await web.setImage('app:v1');
      await healthy(web);
      await sized(web, { 'app:v1': 4, 'app:v2': 0 });
    },
  },
  {
    name: 'promote --full leaves out all steps that are left',
    options: {
      replicas: 4,
      strategy: { canary: { steps: [{ setWeight: 25 }, STOP, { setWeight: 50 }, STOP] } },
    },
    tell: async (web) => {
      await begun(web);
      await paused(web, 1);
      await web.run('promote', 'web', '--full');
      await healthy(web);
      expect(await web.sizes()).toEqual({ 'app:v1': 0, 'app:v2': 4 });
    },
  },
  {
    name: 'an autoscaler changes the size amid an update, and both sets keep their share',
    options: HALF,
    tell: async (web) => {
      await begun(web);
      await paused(web, 1);
      await scaled(web, 8);
      await sized(web, { 'app:v1': 4, 'app:v2': 4 });
      await paused(web, 1);
      await scaled(web, 2);
      await sized(web, { 'app:v1': 1, 'app:v2': 1 });
      await web.until('its pods are counted', ({ status }) => status?.HPAReplicas === 2);
      await web.run('promote', 'web');
      await healthy(web);
      expect(await web.sizes()).toEqual({ 'app:v1': 0, 'app:v2': 2 });
    },
  },
  {
    name: 'a restart replaces every pod, and no version',
    // Pods of the second in which it is asked for are young enough.
    options: { replicas: 2, strategy: { canary: {} }, spec: { minReadySeconds: 2 } },
    tell: async (web) => {
      await web.until('healthy', ({ status }) => status?.phase === 'Healthy');
      const before = (await podsOf(web, 'app:v1')).map(({ metadata }) => metadata.uid);
      await web.run('restart', 'web');
      await web.until('restarted', ({ status }) => status?.restartedAt !== undefined);
      await healthy(web);
      const after = (await podsOf(web, 'app:v1')).map(({ metadata }) => metadata.uid);
      expect(after).toHaveLength(2);
      expect(after.filter((uid) => before.includes(uid))).toEqual([]);
      expect(await web.sizes()).toEqual({ 'app:v1': 2 });
    },
  },
  {
    name: 'what its user has paused waits for him, whatever image comes',
    options: HALF,
    tell: async (web) => {
      await web.until('healthy', ({ status }) => status?.phase === 'Healthy');
      await web.run('pause', 'web');
      await web.until('paused', ({ status }) => status?.phase === 'Paused');
      await web.setImage('app:v2');
      await web.until(
        'seen',
        ({ status, metadata }) => status?.observedGeneration === String(metadata.generation),
      );
      expect(await podsOf(web, 'app:v2')).toEqual([]);
      await web.run('promote', 'web');
      await paused(web, 1);
      await sized(web, { 'app:v1': 2, 'app:v2': 2 });
    },
  },
  {
    name: 'an image that nobody can pull is given up, and the next one makes it good',
    options: HALF,
    tell: async (web) => {
      await begun(web, BAD_IMAGE);
      await web.patch({ spec: { progressDeadlineSeconds: 3, progressDeadlineAbort: true } });
      await degraded(web);
      await web.until('given up', ({ status }) => status?.abort === true);
      await sized(web, { 'app:v1': 4, [BAD_IMAGE]: 0 });
      // Three seconds are no time for good pods on a slow machine.
      await web.patch({ spec: { progressDeadlineSeconds: 600 } });
      await web.setImage('app:v2');
      await paused(web, 1);
      expect(await web.sizes()).toEqual({ 'app:v1': 2, 'app:v2': 2, [BAD_IMAGE]: 0 });
    },
  },
  {
    name: 'a bad spec is told and touches nothing, a good one goes on',
    options: HALF,
    tell: async (web) => {
      await begun(web);
      await paused(web, 1);
      await web.patch({ spec: { strategy: { canary: { steps: [{ setWeight: 150 }] } } } });
      await degraded(web);
      const { status } = await web.rollout();
      expect(status?.conditions?.map(({ reason }) => reason)).toContain('InvalidSpec');
      expect(await web.sizes()).toEqual({ 'app:v1': 2, 'app:v2': 2 });
      await web.patch({
        spec: { strategy: { canary: { steps: [{ setWeight: 50 }, { pause: {} }] } } },
      });
      await paused(web, 1);
      await web.run('promote', 'web');
      await healthy(web);
    },
  },
  {
    name: 'a lost pod is replaced, and the update stays where it is',
    options: HALF,
    tell: async (web) => {
      await begun(web);
      await paused(web, 1);
      const [lost] = await podsOf(web, 'app:v2');
      const { name = '', uid = '' } = lost?.metadata ?? {};
      await web.client.delete({ resource: PODS, namespace: web.namespace, name });
      await web.until('another pod', async () => {
        const uids = (await podsOf(web, 'app:v2')).map(({ metadata }) => metadata.uid);
        return uids.length === 2 && !uids.includes(uid);
      });
      await web.until('ready again', ({ status }) => status?.availableReplicas === 4);
      await paused(web, 1);
      expect(await web.sizes()).toEqual({ 'app:v1': 2, 'app:v2': 2 });
    },
  },
  {
    name: 'a promotion while pods are not ready takes no ready pod away beyond what may be missing',
    options: {
      replicas: 4,
      strategy: { canary: { maxSurge: 1, maxUnavailable: 0, steps: [{ setWeight: 25 }, STOP] } },
    },
    tell: async (web) => {
      await begun(web, BAD_IMAGE);
      await sized(web, { [BAD_IMAGE]: 1 });
      await updating(web);
      await web.run('promote', 'web', '--full');
      await web.until('heard', ({ status }) => status?.promoteFull === true);
      expect(await podsOf(web, 'app:v1')).toHaveLength(4);
      await web.setImage('app:v2');
      await sized(web, { [BAD_IMAGE]: 0, 'app:v2': 1 });
      await updating(web);
      await web.run('promote', 'web', '--full');
      await healthy(web);
      expect(await web.sizes()).toMatchObject({ 'app:v1': 0, 'app:v2': 4 });
    },
  },
  {
    name: 'a Rollout that is deleted takes its sets and pods along',
    options: HALF,
    tell: async (web) => {
      await begun(web);
      await paused(web, 1);
      const { client, namespace } = web;
      await client.delete({ resource: ROLLOUTS, namespace, name: 'web' });
      await web.eventually('no pods are left', async () => {
        const left = [...(await podsOf(web, 'app:v1')), ...(await podsOf(web, 'app:v2'))];
        return left.length === 0 && Object.keys(await web.sizes()).length === 0;
      });
    },
  },
];
