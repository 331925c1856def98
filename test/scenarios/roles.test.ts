// What a strategy does to pods and Services by their role, on the virtual clock: metadata, ping-pong, anti-affinity. No
// pod is restarted by it, no version is taken for another, and a controller may die after any of its writes.
import { describe, expect, it } from 'vitest';
import type { Pod, ReplicaSet, Service } from '../../src/api/kubernetes.ts';
import { EPHEMERAL_METADATA, HASH_LABEL } from '../../src/api/names.ts';
import type { KubeObject } from '../../src/api/object.ts';
import type { Rollout } from '../../src/api/rollout.ts';
import { TransportError } from '../../src/lib/ports.ts';
import { isHealthy, isPaused, service, type Strategy, type Web, withWeb } from './web.ts';

const AWAY = { requiredDuringSchedulingIgnoredDuringExecution: {} };

const VIRTUAL_SERVICE = {
  apiVersion: 'networking.istio.io/v1beta1',
  kind: 'VirtualService',
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    hosts: ['web'],
    http: [
      {
        name: 'primary',
        route: [
          { destination: { host: 'ping' }, weight: 100 },
          { destination: { host: 'pong' }, weight: 0 },
        ],
      },
    ],
  },
} as KubeObject;

const CANARY: Strategy = {
  canary: {
    steps: [{ setWeight: 50 }, { pause: {} }],
    scaleDownDelaySeconds: 2,
    antiAffinity: AWAY,
    pingPong: { pingService: 'ping', pongService: 'pong' },
    canaryMetadata: { labels: { role: 'canary' }, annotations: { note: 'new' } },
    stableMetadata: { labels: { role: 'stable' } },
    trafficRouting: { istio: { virtualService: { name: 'web', routes: ['primary'] } } },
  },
};

const BLUE_GREEN: Strategy = {
  blueGreen: {
    activeService: 'web-active',
    previewService: 'web-preview',
    autoPromotionEnabled: false,
    scaleDownDelaySeconds: 2,
    antiAffinity: AWAY,
    previewMetadata: { labels: { role: 'preview' } },
    activeMetadata: { labels: { role: 'active' }, annotations: { note: 'serves' } },
  },
};

const PODS_ABLE_TO_MOVE = 4;

function webWith(strategy: Strategy, story: (web: Web) => Promise<void>, onRequest = noCrash) {
  const objects = [service('ping'), service('pong'), VIRTUAL_SERVICE];
  return withWeb({ strategy, replicas: PODS_ABLE_TO_MOVE, objects, onRequest }, story);
}

function noCrash(): void {}

function podsOf({ cluster }: Web, set: ReplicaSet | undefined): readonly Pod[] {
  const hash = set?.metadata.labels?.[HASH_LABEL];
  return (cluster.sandbox.store.list('/pods', 'default') as readonly Pod[]).filter(
    ({ metadata }) => metadata.labels?.[HASH_LABEL] === hash,
  );
}

function setOf(web: Web, image: string): ReplicaSet | undefined {
  return web.sets().find(({ spec }) => spec.template?.spec?.containers?.[0]?.image === image);
}

/** What pods of the image say of their role: `role note`, each once. */
function rolesOf(web: Web, image: string): readonly string[] {
  const texts = podsOf(web, setOf(web, image)).map(({ metadata }) => {
    return `${metadata.labels?.['role'] ?? '-'} ${metadata.annotations?.['note'] ?? '-'}`;
  });
  return [...new Set(texts)];
}

function uidsOf(web: Web, image: string): readonly string[] {
  return podsOf(web, setOf(web, image)).map(({ metadata }) => metadata.uid ?? '');
}

function affinityOf(web: Web, image: string): unknown {
  return setOf(web, image)?.spec.template?.spec?.affinity;
}

async function updated(web: Web, image: string): Promise<void> {
  await web.setImage(image);
  await web.until('paused', isPaused);
  await web.seconds(3);
}

async function promoted(web: Web): Promise<void> {
  await web.run('promote', 'web');
  await web.until('promoted', isHealthy);
  await web.seconds(8);
}

describe.each([
  { name: 'canary', strategy: CANARY, isNew: 'canary new', isStable: 'stable -' },
  { name: 'blue-green', strategy: BLUE_GREEN, isNew: 'preview -', isStable: 'active serves' },
])('the roles of a $name', ({ strategy, isNew, isStable }) => {
  it('are told by pods as they change, without a restart', async () => {
    await webWith(strategy, async (web) => {
      await web.until('healthy', isHealthy);
      await web.seconds(3);
      expect(rolesOf(web, 'app:v1')).toEqual([isStable]);
      const hash = (await web.rollout()).status?.currentPodHash;

      await updated(web, 'app:v2');
      expect(rolesOf(web, 'app:v1')).toEqual([isStable]);
      expect(rolesOf(web, 'app:v2')).toEqual([isNew]);
      const before = uidsOf(web, 'app:v2');
      const [term] = [affinityOf(web, 'app:v2')] as readonly object[];
      expect(JSON.stringify(term)).toContain(`"values":["${hash ?? ''}"]`);

      await promoted(web);
      expect(rolesOf(web, 'app:v2')).toEqual([isStable]);
      expect(uidsOf(web, 'app:v2')).toEqual(expect.arrayContaining([...before]));
      expect(affinityOf(web, 'app:v2')).toBeUndefined();
      expect(web.sizes()).toEqual({ 'app:v1': 0, 'app:v2': PODS_ABLE_TO_MOVE });
      expect(setOf(web, 'app:v1')?.metadata.annotations?.[EPHEMERAL_METADATA]).toBeUndefined();
    });
  });

  it('are no part of the version that an undo goes back to', async () => {
    await webWith(strategy, async (web) => {
      await web.until('healthy', isHealthy);
      await updated(web, 'app:v2');
      expect(JSON.stringify(setOf(web, 'app:v1')?.spec.template)).toMatch(/role/);
      await web.run('undo', 'web');
      await web.until('back', isHealthy);
      const back = (await web.rollout()).spec.template;
      expect(back?.metadata?.labels).toEqual({ app: 'web' });

      expect(JSON.stringify(setOf(web, 'app:v2')?.spec.template)).toMatch(/affinity/);
      await web.run('undo', 'web');
      await web.until('paused', isPaused);
      const forth = (await web.rollout()).spec.template;
      expect(forth?.spec?.containers?.[0]?.image).toBe('app:v2');
      expect(JSON.stringify([back, forth])).not.toMatch(/role|note|affinity/);
      expect(web.sets()).toHaveLength(2);
    });
  });

  it('leave pods when they leave the spec (observed-defects 13)', async () => {
    await webWith(strategy, async (web) => {
      await web.until('healthy', isHealthy);
      await updated(web, 'app:v2');
      const before = [...uidsOf(web, 'app:v1'), ...uidsOf(web, 'app:v2')];
      const gone = {
        canaryMetadata: null,
        stableMetadata: null,
        activeMetadata: null,
        previewMetadata: null,
      };
      const [kind = ''] = Object.keys(strategy);
      await web.patch({ spec: { strategy: { [kind]: gone } } });
      await web.seconds(3);
      expect(rolesOf(web, 'app:v1')).toEqual(['- -']);
      expect(rolesOf(web, 'app:v2')).toEqual(['- -']);
      expect([...uidsOf(web, 'app:v1'), ...uidsOf(web, 'app:v2')]).toEqual(before);
      expect((await web.rollout()).status?.phase).toBe('Paused');
    });
  });
});

describe('a pod of a marked set', () => {
  it('that is deleted while the others get their metadata holds nothing up', async () => {
    let isArmed = false;
    const state: { web?: Web } = {};
    const onRequest = ({ method, path }: { readonly method: string; readonly path: string }) => {
      if (!isArmed || method !== 'PATCH' || !path.includes('/pods/')) return;
      isArmed = false;
      const { web } = state;
      const [last] = web === undefined ? [] : podsOf(web, setOf(web, 'app:v1')).slice(-1);
      if (last !== undefined) web?.cluster.sandbox.store.remove('/pods', last);
    };
    await webWith(
      CANARY,
      async (web) => {
        state.web = web;
        await web.until('healthy', isHealthy);
        isArmed = true;
        const canary = { stableMetadata: { labels: { role: 'calm' } } };
        await web.patch({ spec: { strategy: { canary } } });
        await web.seconds(5);
        expect(isArmed).toBe(false);
        expect(rolesOf(web, 'app:v1')).toEqual(['calm -']);
        expect(uidsOf(web, 'app:v1')).toHaveLength(PODS_ABLE_TO_MOVE);
      },
      onRequest as typeof noCrash,
    );
  });
});

describe('the two Services of ping-pong', () => {
  it('change roles at each promotion, and the one that is stable keeps its pods (pitfall 46)', async () => {
    await webWith(CANARY, async (web) => {
      await web.until('healthy', isHealthy);
      await web.seconds(3);
      expect((await web.rollout()).status?.canary?.stablePingPong).toBe('ping');
      expect(await web.served('ping')).toBe('app:v1');
      await updated(web, 'app:v2');
      await promoted(web);
      expect((await web.rollout()).status?.canary?.stablePingPong).toBe('pong');
      expect(await web.served('pong')).toBe('app:v2');
      // Somebody applies the Service as it was written: it would select pods of the next version too.
      const pong = web.cluster.sandbox.store.get('/services', 'default', 'pong') as Service;
      const { [HASH_LABEL]: _hash, ...selector } = pong.spec.selector ?? {};
      web.cluster.sandbox.store.put('/services', {
        ...pong,
        spec: { ...pong.spec, selector },
      } as KubeObject);
      await web.seconds(1);
      expect(await web.served('pong')).toBe('app:v2');
    });
  });
});

interface Ending {
  readonly status: unknown;
  readonly roles: readonly string[];
  readonly affinity: readonly unknown[];
  readonly sizes: unknown;
  readonly services: readonly (string | undefined)[];
  readonly writes: number;
}

/** Deploy, update, promotion, another update, other metadata, abort; the controller dies after its `crashAfter`th write. */
async function endingOf(strategy: Strategy, crashAfter: number | undefined): Promise<Ending> {
  const state = { writes: 0, isDead: false };
  let ending: Ending | undefined;
  const onRequest = ({ method, path }: { readonly method: string; readonly path: string }) => {
    if (state.isDead) throw new TransportError('reset', 'the controller has been stopped');
    if (method === 'GET' || path.includes('/events')) return;
    state.writes += 1;
    state.isDead = state.writes === crashAfter;
  };
  await webWith(
    strategy,
    async (web) => {
      const until = async (what: string, holds: (rollout: Rollout) => boolean) => {
        for (let second = 0; second < 200; second += 1) {
          if (state.isDead) {
            state.isDead = false;
            await web.cluster.restart();
          }
          await web.seconds(1);
          if (holds(await web.rollout())) return;
        }
        throw new Error(`never: ${what}`);
      };
      const rest = async () => {
        let seconds = 0;
        await until('rest', () => (seconds += 1) > 8);
      };
      await until('healthy', isHealthy);
      await rest();
      await web.setImage('app:v2');
      await until('paused', isPaused);
      await rest();
      await web.run('promote', 'web');
      await until('promoted', isHealthy);
      await rest();
      await web.setImage('app:v3');
      await until('paused', isPaused);
      await rest();
      const role = { labels: { role: 'other' } };
      const [kind = ''] = Object.keys(strategy);
      const both = { canary: { canaryMetadata: role }, blueGreen: { previewMetadata: role } };
      await web.patch({ spec: { strategy: { [kind]: both[kind as keyof typeof both] } } });
      await rest();
      await web.run('abort', 'web');
      await until('aborted', ({ status }) => status?.phase === 'Degraded');
      await rest();
      const { status } = await web.rollout();
      const images = ['app:v1', 'app:v2', 'app:v3'];
      ending = {
        status: [status?.stableRS, status?.currentPodHash, status?.canary?.stablePingPong],
        roles: images.flatMap((image) => rolesOf(web, image).map((role_) => `${image} ${role_}`)),
        affinity: images.map((image) => affinityOf(web, image) ?? null),
        sizes: web.sizes(),
        services: await Promise.all(['ping', 'pong', 'web-active'].map((name) => web.served(name))),
        writes: state.writes,
      };
    },
    onRequest as typeof noCrash,
  );
  if (ending === undefined) throw new Error('the story has no end');
  return ending;
}

const SAMPLE = 11;

/** Every write when SLIPWAY_TEST_ALL is set, as in .ci/run; else every eleventh. */
function chosen(count: number): readonly number[] {
  const all = Array.from({ length: count }, (_, index) => index + 1);
  const isWhole = (process.env['SLIPWAY_TEST_ALL'] ?? '') !== '';
  return isWhole ? all : all.filter((write) => write % SAMPLE === 0);
}

const ENDINGS = [
  { name: 'canary', strategy: CANARY, ...(await endingOf(CANARY, undefined)) },
  { name: 'blue-green', strategy: BLUE_GREEN, ...(await endingOf(BLUE_GREEN, undefined)) },
];

const CRASHES = ENDINGS.flatMap(({ name, strategy, writes, ...whole }) =>
  chosen(writes).map((write) => ({ name, strategy, write, whole })),
);

describe('a controller that dies is followed by one that ends in the same place', () => {
  it.each(ENDINGS)('$name: there is a story to die in', ({ roles, writes }) => {
    expect(roles.length).toBeGreaterThan(1);
    expect(writes).toBeGreaterThan(40);
  });

  it.each(CRASHES)('$name, after write $write', async ({ strategy, write, whole }) => {
    const { writes: _writes, ...crashed } = await endingOf(strategy, write);
    expect(crashed).toEqual(whole);
  });
});
