// A restart of pods (rollout.md 3.10).
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/api/object.ts';
import { isHealthy, isPaused, type Web, withWeb } from '../web.ts';
import { refusal } from '../../support/scripted-server.ts';

const SERVED = { activeService: 'web-active', previewService: 'web-preview' };

function podsOf({ cluster }: Web): readonly KubeObject[] {
  return cluster.sandbox.store
    .list('/pods', 'default')
    .filter(({ metadata }) => metadata.name.startsWith('web-'));
}

function namesOf(web: Web): ReadonlySet<string> {
  return new Set(podsOf(web).map(({ metadata }) => metadata.name));
}

function evictions({ writes }: Web): number {
  return writes.filter(({ path }) => path.endsWith('/eviction')).length;
}

describe('a restart', () => {
  it('replaces all pods, as many at once as may be missing, and is done when all are new', async () => {
    const strategy = { canary: { maxUnavailable: 1 } };
    await withWeb({ strategy, replicas: 4, podStartMs: 5000 }, async (web) => {
      await web.until('healthy', isHealthy);
      const before = namesOf(web);
      await web.seconds(2);
      await web.run('restart', 'web');
      let fewest = 4;
      const done = ({ status, spec }: Awaited<ReturnType<Web['rollout']>>) => {
        fewest = Math.min(fewest, status?.availableReplicas ?? 0);
        return status?.restartedAt === spec.restartAt;
      };
      await web.until('restarting', ({ status }) => status?.message === 'rollout is restarting');
      await web.until('restarted', done);
      await web.until('healthy', isHealthy);
      expect(fewest).toBe(3);
      expect([...namesOf(web)].filter((name) => before.has(name))).toEqual([]);
      expect(evictions(web)).toBe(4);
    });
  });

  it('of a blue-green keeps its Services where they are', async () => {
    const blueGreen = { ...SERVED, maxUnavailable: 1 };
    await withWeb({ strategy: { blueGreen }, replicas: 3 }, async (web) => {
      await web.until('healthy', isHealthy);
      const before = namesOf(web);
      await web.seconds(2);
      await web.run('restart', 'web');
      await web.until('restarted', ({ status, spec }) => status?.restartedAt === spec.restartAt);
      await web.until('healthy', isHealthy);
      expect([...namesOf(web)].filter((name) => before.has(name))).toEqual([]);
      expect(await web.served('web-active')).toBe('app:v1');
    });
  });

  it('of a blue-green that is promoted meanwhile does not count pods of the set that goes', async () => {
    const blueGreen = { ...SERVED, autoPromotionEnabled: false, scaleDownDelaySeconds: 0 };
    // Pods take long to go, and are ready as long.
    const options = { strategy: { blueGreen }, replicas: 4, podStopMs: 5000 };
    await withWeb(options, async (web) => {
      await web.until('healthy', isHealthy);
      await web.setImage('app:v2');
      await web.until('paused', isPaused);
      await web.seconds(2);
      await web.run('restart', 'web');
      await web.run('promote', 'web');
      await web.until('restarted', ({ status, spec }) => status?.restartedAt === spec.restartAt);
      await web.until('healthy', isHealthy);
      expect(evictions(web)).toBeGreaterThanOrEqual(4);
      expect(web.cluster.broken).toEqual([]);
    });
  });

  it('in the future comes when it is due', async () => {
    await withWeb({ strategy: { canary: {} } }, async (web) => {
      await web.until('healthy', isHealthy);
      const before = namesOf(web);
      const at = new Date(web.cluster.clock.now() + 2 * 3_600_000);
      await web.patch({ spec: { restartAt: at.toISOString().replace(/\.\d+Z$/, 'Z') } });
      await web.seconds(2 * 3600 - 60);
      expect(namesOf(web)).toEqual(before);
      await web.seconds(120);
      expect([...namesOf(web)].filter((name) => before.has(name))).toEqual([]);
    });
  });

  it('waits for a budget of disruptions, and goes on when it allows', async () => {
    const budget = { isSpent: true };
    await withWeb(
      {
        strategy: { canary: {} },
        intercept: (request, next) =>
          budget.isSpent && request.path.endsWith('/eviction')
            ? Promise.resolve(refusal(429, 'TooManyRequests'))
            : next(request),
      },
      async (web) => {
        await web.until('healthy', isHealthy);
        const before = namesOf(web);
        await web.seconds(2);
        await web.run('restart', 'web');
        await web.seconds(120);
        expect(namesOf(web)).toEqual(before);
        expect((await web.rollout()).status?.message).toBe('rollout is restarting');
        expect(evictions(web)).toBeLessThan(40);
        budget.isSpent = false;
        await web.until('restarted', ({ status, spec }) => status?.restartedAt === spec.restartAt);
        expect([...namesOf(web)].filter((name) => before.has(name))).toEqual([]);
      },
    );
  });

  it('is cancelled by a new template, whose pods are new anyway', async () => {
    const strategy = { canary: { steps: [{ setWeight: 50 }, { pause: {} }], maxUnavailable: 1 } };
    await withWeb({ strategy, replicas: 4, podStartMs: 5000 }, async (web) => {
      await web.until('healthy', isHealthy);
      await web.seconds(2);
      await web.run('restart', 'web');
      await web.seconds(1);
      await web.setImage('app:v2');
      await web.until('paused', isPaused);
      const { status, spec } = await web.rollout();
      expect(status?.restartedAt).toBe(spec.restartAt);
      const told = evictions(web);
      await web.seconds(300);
      expect(evictions(web)).toBe(told);
    });
  });
});
