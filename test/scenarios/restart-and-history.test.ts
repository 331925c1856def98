// Restarting the pods of a Rollout (rollout.md 3.10), going back in its history, and what the history remembers (2.6).
import { describe, expect, it } from 'vitest';
import type { ReplicaSet } from '../../src/api/kubernetes.ts';
import { REVISION, REVISION_HISTORY } from '../../src/api/names.ts';
import type { KubeObject } from '../../src/api/object.ts';
import type { HttpRequest } from '../../src/lib/ports.ts';
import { bodyOf, utf8 } from '../../src/lib/bytes.ts';
import { formatInstant, later, seconds } from '../../src/lib/time.ts';
import { isHealthy, isPaused, type Strategy, type Web, withWeb } from './web.ts';

interface PodLike extends KubeObject {
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

function podsOf({ cluster }: Web): readonly PodLike[] {
  return cluster.sandbox.store
    .list('/pods', 'default')
    .filter(({ metadata }) => metadata.labels?.['app'] === 'web');
}

function isReady({ metadata, status }: PodLike): boolean {
  const ready = status?.conditions?.some(
    ({ type, status: value }) => type === 'Ready' && value === 'True',
  );
  return metadata.deletionTimestamp === undefined && ready === true;
}

function names(web: Web): readonly string[] {
  return podsOf(web).map(({ metadata }) => metadata.name);
}

/** The fewest ready pods from now on. */
function fewestReady(web: Web): () => number {
  let fewest = Number.POSITIVE_INFINITY;
  web.cluster.sandbox.store.observe(() => {
    fewest = Math.min(fewest, podsOf(web).filter(isReady).length);
  });
  return () => fewest;
}

const STEPS = { steps: [{ setWeight: 50 }, { pause: {} }] };
const CANARY: Strategy = { canary: STEPS };
const BLUE_GREEN: Strategy = {
  blueGreen: {
    activeService: 'web-active',
    previewService: 'web-preview',
    autoPromotionEnabled: false,
  },
};

describe('a restart', () => {
  it.each<{ readonly what: string; readonly strategy: Strategy; readonly least: number }>([
    { what: 'a canary, a quarter at a time', strategy: CANARY, least: 6 },
    {
      what: 'a canary, as maxUnavailable says',
      strategy: { canary: { maxUnavailable: 4 } },
      least: 4,
    },
    {
      what: 'a canary, one at a time at least',
      strategy: { canary: { maxUnavailable: 0 } },
      least: 7,
    },
    { what: 'a blue-green', strategy: BLUE_GREEN, least: 6 },
  ])('replaces every pod of $what', async ({ strategy, least }) => {
    await withWeb({ strategy, replicas: 8, podStartMs: 3000 }, async (web) => {
      await web.until('healthy', isHealthy);
      await web.seconds(5);
      const before = names(web);
      const sets = web.sets().length;
      const fewest = fewestReady(web);
      await web.run('restart', 'web');
      await web.seconds(1);
      expect((await web.rollout()).status).toMatchObject({
        phase: 'Progressing',
        message: 'rollout is restarting',
      });
      await web.until('restarted', ({ spec, status }) => status?.restartedAt === spec.restartAt);
      await web.until('healthy', isHealthy);
      expect(names(web).filter((name) => before.includes(name))).toEqual([]);
      expect(podsOf(web).filter(isReady)).toHaveLength(8);
      expect(fewest()).toBe(least);
      expect(web.sets()).toHaveLength(sets);
      const writes = web.writes.length;
      await web.seconds(120);
      expect(web.writes).toHaveLength(writes);
    });
  });

  it('of a blue-green replaces the pods of its preview too, and is not over before (pitfall 24)', async () => {
    await withWeb({ strategy: BLUE_GREEN, replicas: 2, podStartMs: 20_000 }, async (web) => {
      await web.until('healthy', isHealthy);
      await web.setImage('app:v2');
      await web.until('paused', isPaused);
      await web.seconds(2);
      const before = names(web);
      await web.run('restart', 'web');
      let early = 0;
      web.cluster.sandbox.store.observe((_key, { object }) => {
        const { spec, status } = object as {
          readonly spec?: { readonly restartAt?: string };
          readonly status?: { readonly restartedAt?: string };
        };
        if (
          object.kind !== 'Rollout' ||
          spec?.restartAt === undefined ||
          status?.restartedAt !== spec.restartAt
        )
          return;
        if (podsOf(web).some((pod) => before.includes(pod.metadata.name))) early += 1;
      });
      await web.until('restarted', ({ spec, status }) => status?.restartedAt === spec.restartAt);
      expect(early).toBe(0);
      expect(names(web).filter((name) => before.includes(name))).toEqual([]);
      expect(await web.served('web-active')).toBe('app:v1');
      await web.seconds(60);
      expect((await web.rollout()).status?.message).toBe('BlueGreenPause');
    });
  });

  it('begins at the moment that is set, and not before', async () => {
    await withWeb({ strategy: CANARY }, async (web) => {
      await web.until('healthy', isHealthy);
      const before = names(web);
      const restartAt = formatInstant(later(web.cluster.clock.now(), seconds(2000)));
      await web.patch({ spec: { restartAt } });
      await web.seconds(1990);
      expect(names(web)).toEqual(before);
      await web.seconds(120);
      expect(names(web).filter((name) => before.includes(name))).toEqual([]);
      expect((await web.rollout()).status?.restartedAt).toBe(restartAt);
    });
  });

  it('waits for a disruption budget, and goes on when it allows', async () => {
    const state = { isRefused: true };
    const refusal = { kind: 'Status', status: 'Failure', reason: 'TooManyRequests', code: 429 };
    await withWeb(
      {
        strategy: CANARY,
        intercept: (request, next) =>
          state.isRefused && request.path.endsWith('/eviction')
            ? Promise.resolve({
                status: 429,
                headers: {},
                body: bodyOf(utf8(JSON.stringify(refusal))),
              })
            : next(request),
      },
      async (web) => {
        await web.until('healthy', isHealthy);
        await web.seconds(2);
        const before = names(web);
        await web.run('restart', 'web');
        await web.seconds(100);
        expect(names(web)).toEqual(before);
        expect((await web.rollout()).status?.message).toBe('rollout is restarting');
        state.isRefused = false;
        await web.seconds(100);
        expect(names(web).filter((name) => before.includes(name))).toEqual([]);
        expect(isHealthy(await web.rollout())).toBe(true);
      },
    );
  });

  it('that may evict nothing does not ask for pods until one has become available', async () => {
    let asked = 0;
    const onRequest = ({ method, path }: HttpRequest) => {
      if (method === 'GET' && path.includes('/pods')) asked += 1;
    };
    const options = { strategy: CANARY, replicas: 1, podStartMs: 300_000, onRequest };
    await withWeb(options, async (web) => {
      await web.seconds(60);
      const before = names(web);
      await web.run('restart', 'web');
      await web.seconds(60);
      asked = 0;
      await web.seconds(150);
      expect(asked).toBe(0);
      await web.until('restarted', ({ spec, status }) => status?.restartedAt === spec.restartAt);
      expect(names(web).filter((name) => before.includes(name))).toEqual([]);
    });
  });

  it.each(['+02:00', '-02:00'])('may be asked for in the time of a place (%s)', async (offset) => {
    await withWeb({ strategy: CANARY, replicas: 2 }, async (web) => {
      await web.until('healthy', isHealthy);
      await web.seconds(5);
      const before = names(web);
      const hours = offset.startsWith('+') ? 2 : -2;
      const there = formatInstant(later(web.cluster.clock.now(), seconds(hours * 3600)));
      const restartAt = there.replace('Z', offset);
      await web.patch({ spec: { restartAt } });
      await web.until('restarted', ({ status }) => status?.restartedAt === restartAt);
      const after = names(web);
      expect(after.filter((name) => before.includes(name))).toEqual([]);
      await web.seconds(300);
      expect(names(web)).toEqual(after);
    });
  });

  it('is over when a new version comes in its middle', async () => {
    await withWeb({ strategy: CANARY, replicas: 4, podStartMs: 10_000 }, async (web) => {
      await web.until('healthy', isHealthy);
      await web.run('restart', 'web');
      await web.seconds(5);
      await web.setImage('app:v2');
      await web.until('paused', isPaused);
      const { spec, status } = await web.rollout();
      expect(status?.restartedAt).toBe(spec.restartAt);
    });
  });
});

interface Remembered {
  readonly revision: string | undefined;
  readonly history: string | undefined;
}

/** Revisions by image. */
function history(web: Web): Readonly<Record<string, Remembered>> {
  const image = ({ spec }: ReplicaSet) => spec.template?.spec?.containers?.[0]?.image ?? '';
  return Object.fromEntries(
    web.sets().map((set) => {
      const { annotations } = set.metadata;
      return [
        image(set),
        { revision: annotations?.[REVISION], history: annotations?.[REVISION_HISTORY] },
      ];
    }),
  );
}

async function updateTo(web: Web, image: string): Promise<void> {
  await web.setImage(image);
  await web.seconds(10);
  expect(isHealthy(await web.rollout())).toBe(true);
}

describe('the history', () => {
  it('gives a version that comes back a new number and remembers the old ones', async () => {
    await withWeb({ strategy: { canary: {} } }, async (web) => {
      await web.until('healthy', isHealthy);
      for (const image of ['app:v2', 'app:v3']) await updateTo(web, image);
      await web.run('undo', 'web', '--to-revision', '1');
      await web.seconds(10);
      expect(history(web)).toEqual({
        'app:v1': { revision: '4', history: '1' },
        'app:v2': { revision: '2', history: undefined },
        'app:v3': { revision: '3', history: undefined },
      });
      expect((await web.rollout()).metadata.annotations?.[REVISION]).toBe('4');
      await web.run('undo', 'web');
      await web.seconds(10);
      await web.run('undo', 'web', '--to-revision=4');
      await web.seconds(10);
      expect(history(web)).toMatchObject({
        'app:v1': { revision: '6', history: '1,4' },
        'app:v3': { revision: '5', history: '3' },
      });
      expect(web.sizes()).toEqual({ 'app:v1': 2, 'app:v2': 0, 'app:v3': 0 });
      await expect(web.run('undo', 'web', '--to-revision=1')).rejects.toThrow(
        'unable to find specified revision 1 in history',
      );
    });
  });

  it('does not grow when annotations, replicas or the strategy change (pitfall 5)', async () => {
    await withWeb({ strategy: { canary: {} } }, async (web) => {
      await web.until('healthy', isHealthy);
      await updateTo(web, 'app:v2');
      const before = history(web);
      for (const value of ['one', 'two', 'three']) {
        await web.patch({ metadata: { annotations: { 'gitops.example.com/tracking-id': value } } });
        await web.seconds(2);
      }
      await web.patch({
        spec: { replicas: 3, minReadySeconds: 1, strategy: { canary: { maxSurge: 1 } } },
      });
      await web.seconds(10);
      expect(history(web)).toEqual(before);
      const current = web.sets().find(({ spec }) => spec.replicas === 3);
      expect(current?.metadata.annotations?.['gitops.example.com/tracking-id']).toBe('three');
      expect(current?.spec.minReadySeconds).toBe(1);
    });
  });

  it('keeps as many versions as it is told, and none that is still needed', async () => {
    await withWeb({ strategy: { canary: {} }, spec: { revisionHistoryLimit: 1 } }, async (web) => {
      await web.until('healthy', isHealthy);
      for (const image of ['app:v2', 'app:v3', 'app:v4']) await updateTo(web, image);
      expect(Object.keys(history(web)).toSorted()).toEqual(['app:v3', 'app:v4']);
      await web.patch({ spec: { revisionHistoryLimit: 0 } });
      await web.seconds(5);
      expect(Object.keys(history(web))).toEqual(['app:v4']);
    });
  });
});
