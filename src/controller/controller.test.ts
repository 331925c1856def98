// The shell through its front door: a controller on the sandbox whose requests the test can hold, break and count.
import { afterEach, describe, expect, it } from 'vitest';
import { type Cluster, type ClusterOptions, startCluster } from '../../test/support/cluster.ts';
import { refusal } from '../../test/support/scripted-server.ts';
import type { AnalysisRun } from '../api/analysis.ts';
import type { Json, KubeObject } from '../api/object.ts';
import { ANALYSIS_RUNS, EVENTS, REPLICA_SETS, ROLLOUTS, SERVICES } from '../api/resources.ts';
import type { Rollout } from '../api/rollout.ts';
import { collectionPath } from '../kube/paths.ts';
import { lines, utf8 } from '../lib/bytes.ts';
import {
  type Body,
  type HttpRequest,
  type HttpResponse,
  type Transport,
  TransportError,
} from '../lib/ports.ts';

const NAMESPACE = 'default';

function isWrite({ method, path }: HttpRequest): boolean {
  return method !== 'GET' && !path.includes('/events');
}

function rollout(name: string): Json {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name, namespace: NAMESPACE },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: name } },
      strategy: { canary: { steps: [{ setWeight: 50 }] } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: 'main', image: 'mock-server:1.0.0' }] },
      },
    },
  };
}

function run(name: string, prometheus: { readonly [key: string]: Json } = {}): Json {
  const provider = { prometheus: { address: 'http://prom:9090', query: 'up', ...prometheus } };
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisRun',
    metadata: { name, namespace: NAMESPACE },
    spec: { metrics: [{ name: 'up', provider, successCondition: 'result[0] > 0' }] },
  };
}

let cluster: Cluster | undefined;

async function started(options: ClusterOptions = {}): Promise<Cluster> {
  cluster = await startCluster(options);
  return cluster;
}

afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

async function create({ client }: Cluster, object: Json): Promise<void> {
  const { kind } = object as { readonly kind: string };
  const resource = kind === 'Rollout' ? ROLLOUTS : ANALYSIS_RUNS;
  await client.raw('POST', collectionPath(resource, NAMESPACE), { body: object });
}

async function phaseOf({ client }: Cluster, name: string): Promise<string | undefined> {
  const ref = { resource: ROLLOUTS, namespace: NAMESPACE, name };
  return (await client.get<Rollout>(ref)).status?.phase;
}

/** Work that the test lets end. */
function gate() {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  return { opened: promise, open: () => resolve(undefined) };
}

/** Whether `work` has ended yet. */
function watched(work: Promise<unknown>): { isDone: boolean } {
  const state = { isDone: false };
  const end = (): void => {
    state.isDone = true;
  };
  work.then(end, end);
  return state;
}

describe('a pass that fails', () => {
  it('is tried again after growing pauses, spread by chance, and harms no other object', async () => {
    const tries = new Map<string, number[]>();
    const one = await started({
      intercept: (request, next) => {
        const body = new TextDecoder().decode(request.body);
        const name = /"app":"(bad-\d)"/.exec(body)?.[1];
        const isSet = request.method === 'POST' && request.path.includes('/replicasets');
        if (!isSet || name === undefined) return next(request);
        tries.set(name, [...(tries.get(name) ?? []), one.clock.now()]);
        return Promise.resolve(refusal(500, 'InternalError'));
      },
    });
    for (const name of ['bad-1', 'bad-2', 'good']) await create(one, rollout(name));
    await one.advance(60_000);
    expect(await phaseOf(one, 'good')).toBe('Healthy');
    const pauses = ['bad-1', 'bad-2'].map((name) => {
      const at = tries.get(name) ?? [];
      return at.slice(1).map((moment, index) => moment - (at[index] ?? 0));
    });
    for (const gaps of pauses) {
      expect(gaps.length).toBeGreaterThan(10);
      expect(gaps.length).toBeLessThan(25);
      expect(gaps.at(-1)).toBeGreaterThanOrEqual(10_000);
      expect(gaps.at(-1)).toBeLessThanOrEqual(15_000);
    }
    // Of the same length, but for chance.
    expect(pauses[0]?.slice(0, 10)).not.toEqual(pauses[1]?.slice(0, 10));
  });

  it('by a refused write of its status is told as such and goes on', async () => {
    const log: string[] = [];
    let failures = 3;
    const one = await started({
      onLog: (line) => log.push(line),
      intercept: (request, next) => {
        const isStatus = request.path.includes('/rollouts/web/status');
        if (!isStatus || failures === 0) return next(request);
        failures -= 1;
        return Promise.resolve(refusal(500, 'InternalError'));
      },
    });
    await create(one, rollout('web'));
    await one.advance(10_000);
    expect(await phaseOf(one, 'web')).toBe('Healthy');
    const told = log.filter((line) => line.includes('level=error'));
    expect(told.length).toBe(3);
    expect(told[0]).toContain('"cannot write the status of rollouts/web, trying again"');
    expect(told.join('')).not.toContain('    at ');
  });

  it('sends no event of what has not happened', async () => {
    let isBroken = true;
    const one = await started({
      intercept: (request, next) =>
        isBroken && request.method === 'POST' && request.path.includes('/replicasets')
          ? Promise.resolve(refusal(500, 'InternalError'))
          : next(request),
    });
    await create(one, rollout('web'));
    await one.advance(5000);
    const reasons = async () => {
      const { items } = await one.client.list<Rollout & { reason: string }>(EVENTS, {
        namespace: NAMESPACE,
        fieldSelector: 'involvedObject.name=web',
      });
      return items.map(({ reason }) => reason);
    };
    expect(await reasons()).not.toContain('NewReplicaSetCreated');
    isBroken = false;
    await one.advance(15_000);
    expect(await reasons()).toContain('NewReplicaSetCreated');
  });
});

/** The body with its lines held back until the gate opens. */
async function* heldBack(body: Body, opened: Promise<undefined>): AsyncGenerator<Uint8Array> {
  for await (const line of lines(body)) {
    await opened;
    yield utf8(`${line}\n`);
  }
}

describe('an outdated snapshot', () => {
  it('is not decided on: the controller waits until its own write can be seen', async () => {
    const { opened, open } = gate();
    let sets = 0;
    let writes = 0;
    const one = await started({
      intercept: async (request, next) => {
        if (isWrite(request)) writes += 1;
        if (request.method === 'POST' && request.path.includes('/replicasets')) sets += 1;
        const response = await next(request);
        const isHeld = request.path.includes('/replicasets?watch=true');
        return isHeld ? { ...response, body: heldBack(response.body, opened) } : response;
      },
    });
    await create(one, rollout('web'));
    await one.advance(30_000);
    expect(sets).toBe(1);
    const before = writes;
    await one.advance(30_000);
    expect(writes).toBe(before);
    open();
    await one.advance(15_000);
    expect(sets).toBe(1);
    expect(await phaseOf(one, 'web')).toBe('Healthy');
  });
});

it('of many new Rollouts only so many get a set as the ReplicaSet controller is seen to keep up with', async () => {
  const { opened, open } = gate();
  let sets = 0;
  const one = await started({
    intercept: async (request, next) => {
      if (request.method === 'POST' && request.path.includes('/replicasets')) sets += 1;
      const response = await next(request);
      const isHeld = request.path.includes('/replicasets?watch=true');
      return isHeld ? { ...response, body: heldBack(response.body, opened) } : response;
    },
  });
  const names = Array.from({ length: 24 }, (_, index) => `web-${index}`);
  for (const name of names) await create(one, rollout(name));
  await one.advance(5000);
  expect(sets).toBe(16);
  open();
  await one.advance(15_000);
  expect(sets).toBe(24);
  for (const name of names) expect(await phaseOf(one, name)).toBe('Healthy');
});

/** A watch that ends and begins looks at the clock less often than a pass does. */
const PASS_LOOKS = 3;

describe('at rest', () => {
  it('nothing is asked of the server, and after a quarter of an hour all is looked at again', async () => {
    let requests = 0;
    let looks = 0;
    const one = await started({
      onRequest: ({ path }) => {
        if (!path.includes('watch=true')) requests += 1;
      },
      // Every decision is made for a moment: who does not look at the clock does not decide.
      controllerClock: (clock) => ({
        at: (at, work) => clock.at(at, work),
        now: () => {
          looks += 1;
          return clock.now();
        },
      }),
    });
    await create(one, rollout('web'));
    await one.advance(60_000);
    expect(await phaseOf(one, 'web')).toBe('Healthy');
    // What waits for a delay of its own is over by then, and the first quarter of an hour.
    await one.advance(850_000);
    const before = requests;
    /** Looks at the clock in each of so many seconds. */
    const perSecond: number[] = [];
    for (let second = 0; second < 900; second += 1) {
      const from = looks;
      await one.advance(1000);
      perSecond.push(looks - from);
    }
    expect(perSecond.filter((count) => count > PASS_LOOKS)).toHaveLength(1);
    expect(requests).toBe(before);
  });

  it('a controller that takes its place reads all, and writes and tells nothing', async () => {
    const asked: string[] = [];
    const one = await started({ onRequest: ({ method }) => asked.push(method) });
    await create(one, rollout('web'));
    await one.advance(60_000);
    expect(await phaseOf(one, 'web')).toBe('Healthy');
    asked.length = 0;
    await one.restart();
    await one.advance(60_000);
    expect(new Set(asked)).toEqual(new Set(['GET']));
  });
});

describe('a cluster without Istio', () => {
  it('is served all the same, and Istio that comes later is found', async () => {
    let isThere = false;
    const watched: string[] = [];
    const log: string[] = [];
    const one = await started({
      onLog: (line) => log.push(line),
      intercept: (request, next) => {
        const kind = /networking.istio.io\/\w+\/(\w+)/.exec(request.path)?.[1];
        if (kind === undefined) return next(request);
        if (!isThere) return Promise.resolve(refusal(404, 'NotFound'));
        if (request.path.includes('watch=true')) watched.push(kind);
        return next(request);
      },
    });
    await create(one, rollout('web'));
    await one.advance(20_000);
    expect(await phaseOf(one, 'web')).toBe('Healthy');
    expect(log.filter((line) => line.includes('watch failed'))).toHaveLength(2);
    isThere = true;
    await one.advance(61_000);
    expect(watched.toSorted()).toEqual(['destinationrules', 'virtualservices']);
  });
});

describe('a measurement', () => {
  async function runOf({ client }: Cluster, name: string): Promise<AnalysisRun> {
    return client.get<AnalysisRun>({ resource: ANALYSIS_RUNS, namespace: NAMESPACE, name });
  }

  /** A server of metrics that answers only when the request is cancelled. */
  function hanging() {
    const cancelledAt: number[] = [];
    const metrics: Transport = ({ cancel }) => {
      const { promise, reject } = Promise.withResolvers<HttpResponse>();
      cancel?.onCancel(() => {
        cancelledAt.push(cluster?.clock.now() ?? 0);
        reject(new TransportError('cancelled', 'cancelled'));
      });
      return promise;
    };
    return { metrics, cancelledAt };
  }

  it('that a provider refuses is an error in its words, on the run and as an event', async () => {
    const metrics: Transport = () => Promise.resolve(refusal(503, 'ServiceUnavailable'));
    const one = await started({ metrics });
    await create(one, run('broken'));
    await one.advance(120_000);
    const { status } = await runOf(one, 'broken');
    const text = 'server_error: server error: 503';
    expect(status?.metricResults?.[0]?.measurements?.[0]).toMatchObject({
      phase: 'Error',
      message: text,
    });
    expect(status?.phase).toBe('Error');
    expect(status?.message).toContain(text);
    const { items } = await one.client.list<AnalysisRun & { reason: string; message: string }>(
      EVENTS,
      { namespace: NAMESPACE, fieldSelector: 'involvedObject.name=broken' },
    );
    const reasons = items.map(({ reason }) => reason);
    expect(reasons).toContain('AnalysisRunError');
  });

  it('that does not come is cancelled when its time is up, and is an error', async () => {
    const { metrics, cancelledAt } = hanging();
    const one = await started({ metrics });
    const begin = one.clock.now();
    await create(one, run('slow', { timeout: 5 }));
    await one.advance(4900);
    expect(cancelledAt).toEqual([]);
    await one.advance(200);
    expect((cancelledAt[0] ?? 0) - begin).toBeGreaterThanOrEqual(5000);
    const { status } = await runOf(one, 'slow');
    expect(status?.metricResults?.[0]?.measurements?.[0]).toMatchObject({
      phase: 'Error',
      message: expect.stringContaining('context deadline exceeded'),
    });
  });

  it('that does not come is cancelled when its run is gone', async () => {
    const { metrics, cancelledAt } = hanging();
    const one = await started({ metrics });
    await create(one, run('gone'));
    await one.advance(1000);
    await one.client.delete({ resource: ANALYSIS_RUNS, namespace: NAMESPACE, name: 'gone' });
    await one.advance(100);
    expect(cancelledAt).toHaveLength(1);
  });

  it('that does not come is cancelled when the controller stops, at once', async () => {
    const { metrics, cancelledAt } = hanging();
    const one = await started({ metrics });
    await create(one, run('slow'));
    await one.advance(1000);
    const stopping = one.controller.stop();
    expect(cancelledAt).toEqual([one.clock.now()]);
    await one.settle();
    await stopping;
    expect((await runOf(one, 'slow')).status?.metricResults ?? []).toEqual([]);
  });
});

describe('a controller that is told to stop', () => {
  /** Holds the first request that matches; counts writes after it. */
  function holding(matches: (request: HttpRequest) => boolean) {
    const { opened, open } = gate();
    const arrived = gate();
    const state = { isHeld: false, writesAfter: 0 };
    const intercept: ClusterOptions['intercept'] = async (request, next) => {
      if (state.isHeld && isWrite(request)) state.writesAfter += 1;
      if (!state.isHeld && matches(request)) {
        state.isHeld = true;
        arrived.open();
        await opened;
      }
      return next(request);
    };
    return { intercept, state, open };
  }

  const isSet = ({ method, path }: HttpRequest) =>
    method === 'POST' && path.includes('/replicasets');

  it('lets a pass end that is under way', async () => {
    const { intercept, state, open } = holding(isSet);
    const one = await started({ intercept });
    await create(one, rollout('web'));
    await one.advance(100);
    expect(state.isHeld).toBe(true);
    const stopped = watched(one.controller.stop());
    await one.advance(1000);
    expect(stopped.isDone).toBe(false);
    open();
    await one.settle();
    expect(stopped.isDone).toBe(true);
    // The pass went on to its status; no other pass began.
    expect(state.writesAfter).toBeGreaterThanOrEqual(1);
    const writes = state.writesAfter;
    await one.advance(60_000);
    expect(state.writesAfter).toBe(writes);
  });

  it('abandons a pass that hangs within five seconds, and it writes nothing more', async () => {
    const { intercept, state, open } = holding(isSet);
    const one = await started({ intercept });
    await create(one, rollout('web'));
    await one.advance(100);
    const stopped = watched(one.controller.stop());
    await one.advance(2900);
    expect(stopped.isDone).toBe(false);
    await one.advance(2000);
    expect(stopped.isDone).toBe(true);
    open();
    await one.advance(60_000);
    expect(state.writesAfter).toBe(0);
    // What it had begun is taken up by the next one.
    await one.restart();
    await one.advance(15_000);
    expect(await phaseOf(one, 'web')).toBe('Healthy');
    const { items } = await one.client.list(REPLICA_SETS, { namespace: NAMESPACE });
    expect(items).toHaveLength(1);
  });

  it('abandons a pass that hangs in its last write before its status', async () => {
    const isRevision = ({ method, path }: HttpRequest) =>
      method === 'PATCH' && path.includes('/rollouts/web') && !path.includes('/status');
    const { intercept, state, open } = holding(isRevision);
    const one = await started({ intercept });
    await create(one, rollout('web'));
    await one.advance(100);
    expect(state.isHeld).toBe(true);
    const stopped = watched(one.controller.stop());
    await one.advance(5000);
    expect(stopped.isDone).toBe(true);
    open();
    await one.advance(60_000);
    expect(state.writesAfter).toBe(0);
  });

  it('asks for no measurement any more, though a pass goes on', async () => {
    let measured = 0;
    const metrics: Transport = () => {
      measured += 1;
      return Promise.resolve(refusal(503, 'ServiceUnavailable'));
    };
    const isRun = ({ method, path }: HttpRequest) =>
      method === 'PATCH' && path.includes('/analysisruns/');
    const { intercept, state, open } = holding(isRun);
    const one = await started({ intercept, metrics });
    await create(one, run('late'));
    await one.advance(100);
    expect(state.isHeld).toBe(true);
    const before = measured;
    const stopped = watched(one.controller.stop());
    open();
    await one.settle();
    expect(stopped.isDone).toBe(true);
    await one.advance(60_000);
    expect(measured).toBe(before);
  });

  it('does not wait for events that a dead server never takes', async () => {
    const { opened, open } = gate();
    const one = await started({
      intercept: async (request, next) => {
        if (request.path.includes('/events')) await opened;
        return next(request);
      },
    });
    await create(one, rollout('web'));
    await one.advance(5000);
    const isOver = watched(one.controller.stopWriting());
    const stopped = watched(one.controller.stop());
    await one.advance(4400);
    // The next controller may lead meanwhile.
    expect(isOver.isDone).toBe(true);
    expect(stopped.isDone).toBe(false);
    await one.advance(200);
    expect(stopped.isDone).toBe(true);
    open();
  });

  it('ends its watches and looks at nothing any more', async () => {
    const open = { watches: 0 };
    let requests = 0;
    const one = await started({
      onRequest: () => {
        requests += 1;
      },
      intercept: async (request, next) => {
        const response = await next(request);
        if (!request.path.includes('watch=true')) return response;
        open.watches += 1;
        return { ...response, body: counted(response.body, open) };
      },
    });
    expect(open.watches).toBeGreaterThan(5);
    await one.controller.stop();
    await one.settle();
    expect(open.watches).toBe(0);
    const before = requests;
    await create(one, rollout('late'));
    await one.client.create(SERVICES, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'late', namespace: NAMESPACE },
      spec: { clusterIP: 'None' },
    } as KubeObject);
    await one.advance(1_000_000);
    expect(requests).toBe(before);
  });
});

async function* counted(body: Body, open: { watches: number }): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } finally {
    open.watches -= 1;
  }
}
