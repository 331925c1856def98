// A blue-green: its two Services, its preview, and the way back.
import { expect } from 'vitest';
import type { WebAnywhere } from '../web.ts';
import {
  BAD_IMAGE,
  begun,
  commanded,
  degraded,
  healthy,
  pausedAnew,
  podsOf,
  sized,
  type Story,
  template,
} from './told.ts';

function blueGreen(more: object, objects: Story['options']['objects'] = []): Story['options'] {
  return {
    strategy: {
      blueGreen: {
        activeService: 'web-active',
        previewService: 'web-preview',
        scaleDownDelaySeconds: 1,
        ...more,
      },
    },
    objects,
  };
}

const BY_HAND = { autoPromotionEnabled: false };
const FAILING = template('smoke', commanded('exit 3'));
const FAILS = { templates: [{ templateName: 'smoke' }] };

async function serves(web: WebAnywhere, active: string, preview: string): Promise<void> {
  expect(await web.served('web-active')).toBe(active);
  expect(await web.served('web-preview')).toBe(preview);
}

export const BLUE_GREEN_STORIES: readonly Story[] = [
  {
    name: 'a blue-green shows its preview, and switches when it is promoted',
    options: blueGreen(BY_HAND),
    tell: async (web) => {
      await begun(web);
      await pausedAnew(web);
      await serves(web, 'app:v1', 'app:v2');
      await web.run('promote', 'web');
      await healthy(web);
      expect(await web.served('web-active')).toBe('app:v2');
      await web.until('the old set is gone', ({ status }) => status?.replicas === 2);
      expect(await web.sizes()).toEqual({ 'app:v1': 0, 'app:v2': 2 });
    },
  },
  {
    name: 'a blue-green that promotes itself switches when its time has come',
    options: blueGreen({ autoPromotionSeconds: 2 }),
    tell: async (web) => {
      await begun(web);
      await sized(web, { 'app:v1': 0, 'app:v2': 2 });
      await healthy(web);
      await serves(web, 'app:v2', 'app:v2');
    },
  },
  {
    name: 'a preview is smaller until it is promoted',
    options: { ...blueGreen({ ...BY_HAND, previewReplicaCount: 1 }), replicas: 3 },
    tell: async (web) => {
      await begun(web);
      await pausedAnew(web);
      expect(await web.sizes()).toEqual({ 'app:v1': 3, 'app:v2': 1 });
      await web.run('promote', 'web');
      await healthy(web);
      await sized(web, { 'app:v1': 0, 'app:v2': 3 });
    },
  },
  {
    name: 'an undo while the old pods are still there serves them again',
    options: blueGreen({ ...BY_HAND, scaleDownDelaySeconds: 600 }),
    tell: async (web) => {
      await begun(web);
      await pausedAnew(web);
      await web.run('promote', 'web');
      await healthy(web);
      const before = (await podsOf(web, 'app:v1')).map(({ metadata }) => metadata.uid ?? '');
      expect(before).toHaveLength(2);
      await web.run('undo', 'web');
      await healthy(web);
      expect(await web.served('web-active')).toBe('app:v1');
      const after = (await podsOf(web, 'app:v1')).map(({ metadata }) => metadata.uid ?? '');
      expect(after.toSorted()).toEqual(before.toSorted());
    },
  },
  {
    name: 'an analysis that fails before the switch keeps the old version',
    options: blueGreen({ prePromotionAnalysis: FAILS }, [FAILING]),
    tell: async (web) => {
      await begun(web);
      await degraded(web);
      expect((await web.rollout()).status?.abort).toBe(true);
      expect(await web.served('web-active')).toBe('app:v1');
      expect(await podsOf(web, 'app:v1')).toHaveLength(2);
    },
  },
  {
    name: 'an analysis that fails after the switch brings the old version back',
    options: blueGreen({ postPromotionAnalysis: FAILS, scaleDownDelaySeconds: 600 }, [FAILING]),
    tell: async (web) => {
      await begun(web);
      await degraded(web);
      expect((await web.rollout()).status?.abort).toBe(true);
      await web.until('the old version serves', async () => {
        return (await web.served('web-active')) === 'app:v1';
      });
      expect(await podsOf(web, 'app:v1')).toHaveLength(2);
    },
  },
  {
    name: 'a preview whose pods never come is never served, and a newer image replaces it',
    options: blueGreen({}),
    tell: async (web) => {
      await begun(web, BAD_IMAGE);
      await sized(web, { [BAD_IMAGE]: 2 });
      expect(await web.served('web-active')).toBe('app:v1');
      expect(await podsOf(web, 'app:v1')).toHaveLength(2);
      await web.setImage('app:v3');
      await healthy(web);
      await serves(web, 'app:v3', 'app:v3');
      await sized(web, { 'app:v1': 0, [BAD_IMAGE]: 0, 'app:v3': 2 });
    },
  },
];
