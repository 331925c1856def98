// Promise 2 for proxies that learn late (traffic.md 7, decision 0006): whatever mixture of old and new objects a proxy
// goes by, whoever it sends a request to answers.
import { describe, expect, it } from 'vitest';
import { type HttpRequest, TransportError } from '../../src/lib/ports.ts';
import { isHealthy, isPaused, type Web, withWeb } from '../scenarios/web.ts';
import { BLUE_GREEN, HOST, type Kind, PING_PONG, SUBSET } from './kinds.ts';
import { LaggingProxies } from './lagging-proxies.ts';

function withoutSteps({ strategy, ...kind }: Kind): Kind {
  const { steps: _steps, ...canary } = strategy.canary ?? {};
  return { ...kind, name: `${kind.name} without steps`, strategy: { canary } };
}

function withDelays({ strategy, ...kind }: Kind, dynamicStableScale: boolean): Kind {
  const { canary } = strategy;
  return {
    ...kind,
    name: `${kind.name}, ${dynamicStableScale ? 'dynamic stable scale' : 'short delays'}`,
    strategy: {
      canary: {
        ...canary,
        ...(dynamicStableScale
          ? { dynamicStableScale }
          : { scaleDownDelaySeconds: 1, abortScaleDownDelaySeconds: 1 }),
      },
    },
  };
}

type Story = (web: Web) => Promise<void>;

async function updated(web: Web, image = 'app:v2'): Promise<void> {
  const before = (await web.rollout()).status?.currentPodHash;
  await web.setImage(image);
  await web.until('paused', (rollout) => {
    return isPaused(rollout) && rollout.status?.currentPodHash !== before;
  });
  // Shorter than the delays that are tried: what went before may still be under way.
  await web.seconds(1);
}

async function atRest(web: Web): Promise<void> {
  await web.seconds(120);
}

const STORIES: Readonly<Record<string, Story>> = {
  'a promotion': async (web) => {
    await updated(web);
    await web.run('promote', 'web');
    await atRest(web);
    expect(isHealthy(await web.rollout())).toBe(true);
  },
  'a full promotion': async (web) => {
    await updated(web);
    await web.run('promote', 'web', '--full');
    await atRest(web);
    expect(isHealthy(await web.rollout())).toBe(true);
  },
  'an abort': async (web) => {
    await updated(web);
    await web.run('abort', 'web');
    await atRest(web);
    expect((await web.rollout()).status?.phase).toBe('Degraded');
  },
  'an abort and a retry': async (web) => {
    await updated(web);
    await web.run('abort', 'web');
    await web.seconds(1);
    await web.run('retry', 'rollout', 'web');
    await web.until('paused', isPaused);
    await web.run('promote', 'web');
    await atRest(web);
    expect(isHealthy(await web.rollout())).toBe(true);
  },
  'a way back to the stable image': async (web) => {
    await updated(web);
    await web.setImage('app:v1');
    await atRest(web);
    expect(isHealthy(await web.rollout())).toBe(true);
  },
  'a third image in the middle': async (web) => {
    await updated(web);
    await updated(web, 'app:v3');
    await web.run('promote', 'web');
    await atRest(web);
    expect(isHealthy(await web.rollout())).toBe(true);
  },
  'a third image right after a promotion': async (web) => {
    await updated(web);
    await web.run('promote', 'web');
    await web.until('promoted', ({ status }) => status?.stableRS === status?.currentPodHash);
    await updated(web, 'app:v3');
    await web.run('promote', 'web');
    await atRest(web);
    expect(isHealthy(await web.rollout())).toBe(true);
  },
};

interface Tried {
  readonly kind: Kind;
  readonly story: Story;
  readonly lagMs: number;
  readonly delayMs: number;
  readonly onRequest?: (request: HttpRequest) => void;
}

/** What users would have met. */
async function metBy(tried: Tried): Promise<readonly string[]> {
  const { kind, story, lagMs, delayMs, onRequest } = tried;
  const { strategy, objects, entries } = kind;
  const found: string[] = [];
  const options = {
    strategy,
    objects,
    replicas: 5,
    propagationDelayMs: delayMs,
    ...(onRequest === undefined ? {} : { onRequest }),
  };
  await withWeb(options, async (web) => {
    const { sandbox, clock } = web.cluster;
    const proxies = new LaggingProxies({
      store: sandbox.store,
      clock,
      lagMs,
      ...(entries === undefined ? {} : { entries }),
    });
    await web.until('healthy', isHealthy);
    await web.seconds(lagMs / 1000 + 1);
    proxies.watch();
    await story(web);
    found.push(...proxies.found);
  });
  return found;
}

const KINDS = [
  HOST,
  SUBSET,
  BLUE_GREEN,
  withDelays(HOST, false),
  withDelays(SUBSET, false),
  withDelays(HOST, true),
  withDelays(SUBSET, true),
  PING_PONG,
  withDelays(PING_PONG, false),
  withDelays(PING_PONG, true),
];

const ROWS = KINDS.flatMap((kind) =>
  Object.entries(STORIES).map(([name, story]) => ({ title: `${kind.name}: ${name}`, kind, story })),
);

describe('proxies that learn up to 2 s late', () => {
  it.each(ROWS)('$title loses no request with a propagation delay of 2 s', async (row) => {
    expect(await metBy({ ...row, lagMs: 2000, delayMs: 2000 })).toEqual([]);
  });

  it.each([HOST, SUBSET, BLUE_GREEN, PING_PONG])(
    '$name in the order of the reference loses some',
    async (kind) => {
      const lost = await Promise.all(
        Object.values(STORIES).map((story) => metBy({ kind, story, lagMs: 2000, delayMs: 0 })),
      );
      expect(lost.flat().length).toBeGreaterThan(0);
    },
  );
});

const LATE = ROWS.filter(({ kind }) => [HOST, SUBSET, BLUE_GREEN, PING_PONG].includes(kind));

describe('proxies that learn up to 10 s late', () => {
  it.each(LATE)('$title loses no request with a propagation delay of 10 s', async (row) => {
    expect(await metBy({ ...row, lagMs: 10_000, delayMs: 10_000 })).toEqual([]);
  });
});

describe('a controller that dies after each of its writes', () => {
  it.each([HOST, SUBSET, BLUE_GREEN, PING_PONG])('loses no request: $name', async (kind) => {
    const state = { isDying: false, isDead: false };
    const onRequest = ({ method, path }: HttpRequest): void => {
      if (state.isDead) throw new TransportError('reset', 'the controller has been stopped');
      if (state.isDying && method !== 'GET' && !path.includes('/events')) state.isDead = true;
    };
    const story: Story = async (web) => {
      state.isDying = true;
      await web.setImage('app:v2');
      await living(web, state, 40);
      await web.run('promote', 'web');
      await living(web, state, 60);
      expect(isHealthy(await web.rollout())).toBe(true);
      expect(web.sizes()).toEqual({ 'app:v1': 0, 'app:v2': 5 });
    };
    expect(await metBy({ kind, story, lagMs: 3000, delayMs: 3000, onRequest })).toEqual([]);
  });
});

/** Lets time pass; a controller that has died is followed by a new one. */
async function living(web: Web, state: { isDead: boolean }, seconds: number): Promise<void> {
  for (let tenth = 0; tenth < seconds * 10; tenth += 1) {
    await web.cluster.advance(100);
    if (!state.isDead) continue;
    state.isDead = false;
    await web.cluster.restart();
  }
}

describe('a canary without steps', () => {
  it.each([withoutSteps(HOST), withoutSteps(SUBSET), withoutSteps(PING_PONG)])(
    '$name loses no request',
    async (kind) => {
      const story: Story = async (web) => {
        await web.setImage('app:v2');
        await atRest(web);
        expect(isHealthy(await web.rollout())).toBe(true);
      };
      expect(await metBy({ kind, story, lagMs: 5000, delayMs: 5000 })).toEqual([]);
    },
  );
});

interface Route {
  readonly spec: { readonly http: readonly { readonly route: readonly { weight?: number }[] }[] };
}

function weights(web: Web): readonly (number | undefined)[] {
  const [found] = web.cluster.sandbox.store.list('networking.istio.io/virtualservices', 'default');
  return (found as unknown as Route).spec.http[0]?.route.map(({ weight }) => weight) ?? [];
}

describe('with a propagation delay of 10 s', () => {
  it('an abort takes the weight away at once, and only the selector and the pods wait', async () => {
    const { strategy, objects } = withDelays(HOST, false);
    await withWeb({ strategy, objects, replicas: 5, propagationDelayMs: 10_000 }, async (web) => {
      await web.until('healthy', isHealthy);
      await updated(web);
      expect(weights(web)).toEqual([80, 20]);
      await web.run('abort', 'web');
      await web.cluster.settle();
      expect(weights(web)).toEqual([100, 0]);
      await web.seconds(9.5);
      expect([await web.served('web-preview'), web.sizes()['app:v2']]).toEqual(['app:v2', 1]);
      await web.seconds(1);
      expect(await web.served('web-preview')).toBe('app:v1');
      await web.seconds(30);
      expect(web.sizes()).toEqual({ 'app:v1': 5, 'app:v2': 0 });
    });
  });

  it('a promoted canary is healthy only when all weight is back at the stable Service', async () => {
    const { strategy, objects } = HOST;
    await withWeb({ strategy, objects, propagationDelayMs: 10_000 }, async (web) => {
      await web.until('healthy', isHealthy);
      await updated(web);
      await web.run('promote', 'web', '--full');
      await web.until('promoted', ({ status }) => status?.stableRS === status?.currentPodHash);
      await web.seconds(1);
      expect([await web.served('web-active'), ...weights(web)]).toEqual(['app:v1', 0, 100]);
      expect((await web.rollout()).status?.message).toBe(
        'waiting for all traffic to reach the stable service',
      );
      await web.until('healthy', isHealthy);
      expect([await web.served('web-active'), ...weights(web)]).toEqual(['app:v2', 100, 0]);
    });
  });

  it('the old set of a blue-green keeps its pods for the delay after its own', async () => {
    const strategy = { blueGreen: { activeService: 'web-active', previewService: 'web-preview' } };
    await withWeb({ strategy, propagationDelayMs: 10_000 }, async (web) => {
      await web.until('healthy', isHealthy);
      await web.setImage('app:v2');
      await web.until('promoted', ({ status }) => status?.stableRS === status?.currentPodHash);
      await web.seconds(38);
      expect(web.sizes()).toEqual({ 'app:v1': 2, 'app:v2': 2 });
      await web.seconds(3);
      expect(web.sizes()).toEqual({ 'app:v1': 0, 'app:v2': 2 });
    });
  });
});
