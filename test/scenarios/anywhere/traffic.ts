// A canary that moves traffic: its routes, and what they never outrun.
import { expect } from 'vitest';
import { HOST, PING_PONG } from '../../sim/kinds.ts';
import {
  BAD_IMAGE,
  begun,
  degraded,
  healthy,
  paused,
  podsOf,
  routed,
  routesOf,
  sized,
  STOP,
  type Story,
  subset,
  updating,
} from './told.ts';

export const TRAFFIC_STORIES: readonly Story[] = [
  {
    name: 'an abort gives everything back to the stable set, a retry begins anew',
    options: subset([{ setWeight: 50 }, STOP]),
    tell: async (web) => {
      await begun(web);
      await paused(web, 1);
      expect(await routesOf(web)).toEqual(['primary 50/50']);
      await web.run('abort', 'web');
      await degraded(web);
      expect(await routesOf(web)).toEqual(['primary 100/0']);
      expect(await web.told('RolloutAborted')).toHaveLength(1);
      await web.run('retry', 'rollout', 'web');
      await paused(web, 1);
      await web.run('promote', 'web');
      await healthy(web);
      await routed(web, 'primary 100/0');
    },
  },
  {
    name: 'a header route comes and goes with its steps',
    options: subset(
      [
        { setCanaryScale: { replicas: 1 } },
        {
          setHeaderRoute: {
            name: 'by-header',
            match: [{ headerName: 'x-beta', headerValue: { exact: 'yes' } }],
          },
        },
        STOP,
      ],
      { managedRoutes: [{ name: 'by-header' }] },
    ),
    tell: async (web) => {
      await begun(web);
      await paused(web, 2);
      expect(await routesOf(web)).toEqual(['by-header 100', 'primary 100/0']);
      await web.run('promote', 'web');
      await healthy(web);
      await routed(web, 'primary 100/0');
    },
  },
  {
    name: 'a mirror route comes and goes with its steps',
    options: subset(
      [
        { setCanaryScale: { replicas: 1 } },
        {
          setMirrorRoute: {
            name: 'shadow',
            percentage: 50,
            match: [{ method: { exact: 'GET' } }],
          },
        },
        STOP,
        { setMirrorRoute: { name: 'shadow' } },
        STOP,
      ],
      { managedRoutes: [{ name: 'shadow' }] },
    ),
    tell: async (web) => {
      await begun(web);
      await paused(web, 2);
      // The canary of a mirrored route has no weight of its own.
      expect(await routesOf(web)).toEqual(['shadow 100/-', 'primary 100/0']);
      await web.run('promote', 'web');
      await paused(web, 4);
      expect(await routesOf(web)).toEqual(['primary 100/0']);
    },
  },
  {
    name: 'weight moves between two Services, and both name the new version in the end',
    options: { ...HOST, replicas: 4 },
    tell: async (web) => {
      await begun(web);
      await paused(web, 1);
      expect(await routesOf(web)).toEqual(['primary 80/20']);
      expect(await web.served('web-active')).toBe('app:v1');
      expect(await web.served('web-preview')).toBe('app:v2');
      await web.run('promote', 'web');
      await healthy(web);
      await routed(web, 'primary 100/0');
      expect(await web.served('web-active')).toBe('app:v2');
      expect(await web.served('web-preview')).toBe('app:v2');
    },
  },
  {
    name: 'the two Services of a ping-pong change roles with each promotion',
    options: { ...PING_PONG, replicas: 4 },
    tell: async (web) => {
      await begun(web);
      await paused(web, 1);
      const [first = ''] = await routesOf(web);
      expect(['primary 80/20', 'primary 20/80']).toContain(first);
      await web.run('promote', 'web');
      await healthy(web);
      const after = (await web.rollout()).status?.canary?.stablePingPong;
      await web.setImage('app:v3');
      await paused(web, 1);
      await web.run('promote', 'web');
      await healthy(web);
      const now = (await web.rollout()).status?.canary?.stablePingPong;
      expect(new Set([after, now])).toEqual(new Set(['ping', 'pong']));
      await web.until('only the newest has pods', async () => {
        return (await podsOf(web, 'app:v2')).length === 0;
      });
    },
  },
  {
    name: 'a set that is scaled apart from its weight keeps the weight',
    options: subset([{ setWeight: 10 }, { setCanaryScale: { replicas: 3 } }, STOP]),
    tell: async (web) => {
      await begun(web);
      await paused(web, 2);
      expect(await web.sizes()).toEqual({ 'app:v1': 4, 'app:v2': 3 });
      expect(await routesOf(web)).toEqual(['primary 90/10']);
    },
  },
  {
    name: 'a stable set that shrinks with its traffic is whole again after an abort',
    options: (() => {
      const options = subset([{ setWeight: 75 }, STOP]);
      const { scaleDownDelaySeconds: _none, ...canary } = options.strategy.canary ?? {};
      return { ...options, strategy: { canary: { ...canary, dynamicStableScale: true } } };
    })(),
    tell: async (web) => {
      await begun(web);
      await paused(web, 1);
      await sized(web, { 'app:v1': 1, 'app:v2': 3 });
      await web.run('abort', 'web');
      await degraded(web);
      await routed(web, 'primary 100/0');
      await sized(web, { 'app:v1': 4, 'app:v2': 0 });
    },
  },
  {
    name: 'pods that never come get no traffic, even if they are promoted',
    options: subset([{ setWeight: 50 }, STOP]),
    tell: async (web) => {
      await begun(web, BAD_IMAGE);
      await sized(web, { [BAD_IMAGE]: 2 });
      await updating(web);
      await web.run('promote', 'web', '--full');
      await web.until('heard', ({ status }) => status?.promoteFull === true);
      expect(await routesOf(web)).toEqual(['primary 100/0']);
      expect(await podsOf(web, 'app:v1')).toHaveLength(4);
      await web.run('abort', 'web');
      await degraded(web);
      expect(await routesOf(web)).toEqual(['primary 100/0']);
      await sized(web, { 'app:v1': 4, [BAD_IMAGE]: 0 });
    },
  },
];
