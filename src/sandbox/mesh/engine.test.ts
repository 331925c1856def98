import { expect, test } from 'vitest';
import { bodyOf, readAll, utf8, utf8Text } from '../../lib/bytes.ts';
import { cancellation, sleep } from '../../lib/clock.ts';
import { type Body, type HttpRequest, type Transport, TransportError } from '../../lib/ports.ts';
import { seededRandom } from '../../lib/random.ts';
import { instant, milliseconds } from '../../lib/time.ts';
import { VirtualClock } from '../../lib/virtual-clock.ts';
import {
  createEngine,
  type Engine,
  type MeshRequest,
  type Source,
  UnreachableError,
} from './engine.ts';
import type {
  Destination,
  Endpoint,
  EndpointPod,
  Forward,
  Mesh,
  Plan,
  Respond,
  RetryPolicy,
} from './plan.ts';
import { createTelemetry, type Telemetry } from './telemetry.ts';

const SHELL: EndpointPod = { namespace: 'default', name: 'shell', labels: { run: 'shell' } };
const CALLER: Source = {
  caller: { kind: 'pod', namespace: 'default', labels: SHELL.labels },
  pod: SHELL,
};
const OUTSIDE: Source = { caller: { kind: 'outside', namespace: 'default' } };
const SERVICE = {
  namespace: 'default',
  name: 'mock-server',
  host: 'mock-server.default.svc.cluster.local',
};

function endpointOf(name: string, address: string): Endpoint {
  const owner = { kind: 'ReplicaSet', name: 'mock-server-66f8b' };
  const labels = { app: 'mock-server', 'rollouts-pod-template-hash': '66f8b' };
  const pod = { namespace: 'default', name, labels, owner };
  return { address, port: 8080, pod, load: { active: 0 } };
}

function destinationOf(endpoints: readonly Endpoint[]): Destination {
  return {
    cluster: `outbound|80||${SERVICE.host}`,
    service: SERVICE,
    port: 80,
    endpoints,
    pickEndpoint: (tried = []) =>
      endpoints.find((endpoint) => !tried.includes(endpoint)) ?? endpoints[0],
  };
}

const NO_CONDITIONS = {
  connectFailure: false,
  refusedStream: false,
  reset: false,
  serverErrors: false,
  statuses: new Set<number>(),
  grpcStatuses: new Set<number>(),
};
const NO_RETRY: RetryPolicy = { attempts: 0, backoffMs: 25, on: NO_CONDITIONS };
const RETRY: RetryPolicy = {
  attempts: 2,
  backoffMs: 25,
  on: { ...NO_CONDITIONS, connectFailure: true },
};

function forward(endpoints: readonly Endpoint[], more: Partial<Forward> = {}): Forward {
  return {
    kind: 'forward',
    destination: destinationOf(endpoints),
    path: '/status/200',
    authority: 'mock-server',
    requestHeaders: [],
    responseHeaders: [],
    delayMs: 0,
    flags: [],
    retry: NO_RETRY,
    mirrors: [],
    ...more,
  };
}

interface World {
  readonly clock: VirtualClock;
  readonly engine: Engine;
  readonly telemetry: Telemetry;
  /** By address; what is not here refuses connections. */
  readonly servers: Map<string, Transport>;
  readonly unaccepted: Set<Endpoint>;
  plan: Plan;
}

async function idle(): Promise<void> {
  for (let turn = 0; turn < 8; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

function worldOf(plan: Plan): World {
  const clock = new VirtualClock({ start: instant(0), idle });
  const telemetry = createTelemetry();
  const servers = new Map<string, Transport>();
  const unaccepted = new Set<Endpoint>();
  const mesh: Mesh = {
    plan: () => world.plan,
    planConnection: () => ({ kind: 'close', flag: 'NR' }),
    accepts: (endpoint) => !unaccepted.has(endpoint),
    gateways: () => [],
    onChange: () => () => undefined,
  };
  const engine = createEngine({
    clock,
    random: seededRandom('engine'),
    mesh,
    telemetry,
    upstream: ({ address }) => {
      const send = servers.get(address);
      return send === undefined ? undefined : { send };
    },
  });
  const world: World = { clock, engine, telemetry, servers, unaccepted, plan };
  return world;
}

function saying(text: string, status = 200): Transport {
  return () => Promise.resolve({ status, headers: {}, body: bodyOf(utf8(text)) });
}

function request(more: Partial<MeshRequest> = {}): MeshRequest {
  return { method: 'GET', path: '/status/200', headers: { host: 'mock-server' }, ...more };
}

/** Both proxies' words on all requests: `reporter status flags count`. */
function counted({ telemetry }: World): readonly string[] {
  return ['default/shell', 'default/a', 'default/b'].flatMap((pod) =>
    [...telemetry.cells(pod)].map(
      ({ labels, requests }) =>
        `${labels['reporter']} ${labels['response_code']} ${labels['response_flags']} ${requests}`,
    ),
  );
}

async function said(body: Body): Promise<string> {
  return utf8Text(await readAll(body));
}

test('an answer passes through and is counted by both proxies', async () => {
  const a = endpointOf('a', '10.0.0.1');
  const world = worldOf(forward([a]));
  world.servers.set('10.0.0.1', saying('hello'));
  const answer = await world.engine.send(request(), CALLER);
  expect(answer.status).toBe(200);
  expect(a.load.active).toBe(1);
  expect(await said(answer.body)).toBe('hello');
  expect(a.load.active).toBe(0);
  expect(counted(world)).toEqual(['source 200 - 1', 'destination 200 - 1']);
});

test('what is sent upstream has the plan, not what belongs to a connection', async () => {
  const world = worldOf(
    forward([endpointOf('a', '10.0.0.1')], {
      path: '/rewritten',
      authority: 'other',
      requestHeaders: [{ kind: 'set', name: 'X-Added', value: '1' }],
    }),
  );
  const seen: HttpRequest[] = [];
  world.servers.set('10.0.0.1', (sent) => {
    seen.push(sent);
    return saying('')(sent);
  });
  const headers = {
    host: 'mock-server',
    connection: 'keep-alive, x-hop',
    'x-hop': '1',
    accept: '*/*',
  };
  await world.engine.send(request({ headers }), CALLER);
  expect(seen[0]?.path).toBe('/rewritten');
  expect(seen[0]?.headers).toEqual({
    accept: '*/*',
    host: 'other',
    'x-added': '1',
    'x-forwarded-proto': 'http',
  });
});

const FAILURES: readonly {
  readonly reason: string;
  readonly plan: (endpoints: readonly Endpoint[]) => Plan;
  readonly servers?: Readonly<Record<string, Transport>>;
  readonly unaccepted?: boolean;
  readonly status: number;
  readonly body: string;
  readonly counted: readonly string[];
}[] = [
  {
    reason: 'no ready endpoint: UH',
    plan: () => forward([]),
    status: 503,
    body: 'no healthy upstream',
    counted: ['source 503 UH 1'],
  },
  {
    reason: 'a pod that is gone refuses: UF, and URX after the retries',
    plan: (endpoints) => forward(endpoints, { retry: RETRY }),
    status: 503,
    body: 'upstream connect error or disconnect/reset before headers. retried and the latest reset reason: remote connection failure, transport failure reason: delayed connect error: Connection refused',
    counted: ['source 503 UF,URX 1'],
  },
  {
    reason: 'one of two is gone: the retry goes to the other',
    plan: (endpoints) => forward(endpoints, { retry: RETRY }),
    servers: { '10.0.0.2': saying('b') },
    status: 200,
    body: 'b',
    counted: ['source 200 - 1', 'destination 200 - 1'],
  },
  {
    reason: 'a reset before the answer: UC, not retried by default',
    plan: (endpoints) => forward(endpoints, { retry: RETRY }),
    servers: {
      '10.0.0.1': () => Promise.reject(new TransportError('reset', 'reset')),
      '10.0.0.2': saying('b'),
    },
    status: 503,
    body: 'upstream connect error or disconnect/reset before headers. reset reason: connection termination',
    counted: ['source 503 UC 1', 'destination 503 UC 1'],
  },
  {
    reason: 'a status that the policy names is retried; each attempt counts at its pod',
    plan: (endpoints) =>
      forward(endpoints, {
        retry: { attempts: 1, backoffMs: 0, on: { ...NO_CONDITIONS, serverErrors: true } },
      }),
    servers: { '10.0.0.1': saying('bad', 500), '10.0.0.2': saying('good') },
    status: 200,
    body: 'good',
    counted: ['source 200 - 1', 'destination 500 - 1', 'destination 200 - 1'],
  },
  {
    reason: 'a pod that no Service selects: 503, NC at the pod only',
    plan: ([first]) => forward(first === undefined ? [] : [first]),
    servers: { '10.0.0.1': saying('a') },
    unaccepted: true,
    status: 503,
    body: '',
    counted: ['source 503 - 1', 'destination 503 NC 1'],
  },
  {
    reason: 'the proxy answers by itself: no pod counts it',
    plan: () => respond({ status: 404, flags: ['NR'] }),
    status: 404,
    body: '',
    counted: ['source 404 NR 1'],
  },
];

function respond(more: Partial<Respond>): Respond {
  return {
    kind: 'respond',
    status: 200,
    headers: {},
    body: '',
    flags: [],
    delayMs: 0,
    responseHeaders: [],
    ...more,
  };
}

test.each(FAILURES)('$reason', async ({ plan, servers = {}, ...row }) => {
  const endpoints = [endpointOf('a', '10.0.0.1'), endpointOf('b', '10.0.0.2')];
  const world = worldOf(plan(endpoints));
  for (const [address, server] of Object.entries(servers)) world.servers.set(address, server);
  if (row.unaccepted === true) world.unaccepted.add(endpoints[0]!);
  const sending = world.engine.send(request(), CALLER);
  await world.clock.advance(milliseconds(1000));
  const answer = await sending;
  expect(await said(answer.body)).toBe(row.body);
  expect(answer.status).toBe(row.status);
  expect(counted(world)).toEqual(row.counted);
  expect(endpoints.map(({ load }) => load.active)).toEqual([0, 0]);
});

function hanging(clock: VirtualClock, ms: number): Transport {
  return async ({ cancel }) => {
    await sleep(clock, milliseconds(ms), cancel);
    return { status: 200, headers: {}, body: bodyOf(utf8('late')) };
  };
}

test('beyond its time a request is answered 504 with UT, and the pod is told', async () => {
  const world = worldOf(forward([endpointOf('a', '10.0.0.1')], { timeoutMs: 500 }));
  world.servers.set('10.0.0.1', hanging(world.clock, 10_000));
  const sending = world.engine.send(request(), CALLER);
  await world.clock.advance(milliseconds(499));
  expect(counted(world)).toEqual([]);
  await world.clock.advance(milliseconds(1));
  const answer = await sending;
  expect([answer.status, await said(answer.body)]).toEqual([504, 'upstream request timeout']);
  expect(counted(world)).toEqual(['source 504 UT 1', 'destination 0 DC 1']);
});

test('the time of one attempt ends it and the next one goes on', async () => {
  const endpoints = [endpointOf('a', '10.0.0.1'), endpointOf('b', '10.0.0.2')];
  const retry = {
    attempts: 1,
    backoffMs: 0,
    perTryTimeoutMs: 100,
    on: { ...NO_CONDITIONS, reset: true },
  };
  const world = worldOf(forward(endpoints, { timeoutMs: 1000, retry }));
  world.servers.set('10.0.0.1', hanging(world.clock, 10_000));
  world.servers.set('10.0.0.2', saying('b'));
  const sending = world.engine.send(request(), CALLER);
  await world.clock.advance(milliseconds(100));
  expect(await said((await sending).body)).toBe('b');
});

test('an answer that takes longer than the whole time is broken off', async () => {
  const world = worldOf(forward([endpointOf('a', '10.0.0.1')], { timeoutMs: 500 }));
  async function* slow(): AsyncGenerator<Uint8Array> {
    yield utf8('first');
    await sleep(world.clock, milliseconds(10_000));
    yield utf8('second');
  }
  world.servers.set('10.0.0.1', () => Promise.resolve({ status: 200, headers: {}, body: slow() }));
  const { body } = await world.engine.send(request(), CALLER);
  const reading = said(body).catch((error: unknown) => error);
  await world.clock.advance(milliseconds(500));
  expect(await reading).toBeInstanceOf(TransportError);
  expect(counted(world)).toEqual(['source 200 UT 1', 'destination 200 UC 1']);
});

test('a caller that leaves takes its upstream request with it', async () => {
  const world = worldOf(forward([endpointOf('a', '10.0.0.1')]));
  let wasCancelled = false;
  world.servers.set('10.0.0.1', async (sent) => {
    sent.cancel?.onCancel(() => {
      wasCancelled = true;
    });
    return hanging(world.clock, 10_000)(sent);
  });
  const gone = cancellation();
  const sending = world.engine.send(request({ cancel: gone.cancel }), CALLER);
  await idle();
  gone.now();
  await expect(sending).rejects.toMatchObject({ kind: 'cancelled' });
  expect(wasCancelled).toBe(true);
  expect(counted(world)).toEqual(['source 0 DC 1', 'destination 0 DC 1']);
});

test('an injected delay comes before everything else and is among the flags', async () => {
  const world = worldOf(forward([endpointOf('a', '10.0.0.1')], { delayMs: 2000, flags: ['DI'] }));
  world.servers.set('10.0.0.1', saying('a'));
  const sending = world.engine.send(request(), CALLER);
  await world.clock.advance(milliseconds(1999));
  expect(counted(world)).toEqual([]);
  await world.clock.advance(milliseconds(1));
  await said((await sending).body);
  expect(counted(world)).toEqual(['source 200 DI 1', 'destination 200 - 1']);
});

test('a mirror gets the same body, is counted by its pod alone, and its failure is nobody’s', async () => {
  const a = endpointOf('a', '10.0.0.1');
  const b = endpointOf('b', '10.0.0.2');
  const mirrors = [{ destination: destinationOf([b]), authority: 'mock-server-shadow' }];
  const world = worldOf(forward([a], { mirrors }));
  const seen: string[] = [];
  const server: Transport = async (sent) => {
    const { host } = sent.headers;
    seen.push(`${host} ${utf8Text(sent.body ?? new Uint8Array())}`);
    if (host === 'mock-server-shadow') throw new TransportError('reset', 'no');
    return saying('a')(sent);
  };
  world.servers.set('10.0.0.1', server).set('10.0.0.2', server);
  async function* stream(): AsyncGenerator<Uint8Array> {
    yield utf8('one ');
    yield utf8('two');
  }
  const answer = await world.engine.send(request({ method: 'POST', stream: stream() }), CALLER);
  expect(await said(answer.body)).toBe('a');
  await idle();
  expect(seen.toSorted()).toEqual(['mock-server one two', 'mock-server-shadow one two']);
  expect(counted(world)).toEqual(['source 200 - 1', 'destination 200 - 1', 'destination 503 UC 1']);
});

test('a streamed request is sent again whole on a retry', async () => {
  const endpoints = [endpointOf('a', '10.0.0.1'), endpointOf('b', '10.0.0.2')];
  const retry = { attempts: 1, backoffMs: 0, on: { ...NO_CONDITIONS, reset: true } };
  const world = worldOf(forward(endpoints, { retry }));
  world.servers.set('10.0.0.1', async ({ stream }) => {
    for await (const chunk of stream!) throw new TransportError('reset', utf8Text(chunk));
    return saying('never')({} as HttpRequest);
  });
  world.servers.set('10.0.0.2', async ({ stream }) =>
    saying(await said(stream!))({} as HttpRequest),
  );
  async function* stream(): AsyncGenerator<Uint8Array> {
    yield utf8('one ');
    yield utf8('two');
  }
  const answer = await world.engine.send(request({ method: 'POST', stream: stream() }), CALLER);
  expect(await said(answer.body)).toBe('one two');
});

test('a streamed request longer than a proxy keeps is not sent twice', async () => {
  const endpoints = [endpointOf('a', '10.0.0.1'), endpointOf('b', '10.0.0.2')];
  const retry = { attempts: 1, backoffMs: 0, on: { ...NO_CONDITIONS, reset: true } };
  const world = worldOf(forward(endpoints, { retry }));
  world.servers.set('10.0.0.1', async ({ stream }) => {
    await readAll(stream!);
    throw new TransportError('reset', 'after all of it');
  });
  world.servers.set('10.0.0.2', saying('b'));
  async function* stream(): AsyncGenerator<Uint8Array> {
    for (let chunk = 0; chunk < 5; chunk += 1) yield new Uint8Array(262_144);
  }
  const answer = await world.engine.send(request({ method: 'POST', stream: stream() }), CALLER);
  expect(answer.status).toBe(503);
});

test('outside the mesh failures are the network’s own and only the pod counts', async () => {
  const a = endpointOf('a', '10.0.0.1');
  const world = worldOf(forward([a]));
  await expect(world.engine.send(request(), OUTSIDE)).rejects.toMatchObject({ kind: 'refused' });
  world.servers.set('10.0.0.1', () => Promise.reject(new TransportError('reset', 'broken')));
  await expect(world.engine.send(request(), OUTSIDE)).rejects.toMatchObject({ kind: 'reset' });
  world.servers.set('10.0.0.1', saying('a'));
  const answer = await world.engine.send(request(), OUTSIDE);
  expect(await said(answer.body)).toBe('a');
  expect(answer.headers['server']).toBeUndefined();
  expect(counted(world)).toEqual(['destination 503 UC 1', 'destination 200 - 1']);
});

test('a name that leads nowhere is no answer', async () => {
  const world = worldOf({ kind: 'unreachable', host: 'nowhere', port: 80, reason: 'no-such-host' });
  await expect(world.engine.send(request(), CALLER)).rejects.toBeInstanceOf(UnreachableError);
});

test('a body that the caller leaves early is counted so and frees the endpoint', async () => {
  const a = endpointOf('a', '10.0.0.1');
  const world = worldOf(forward([a]));
  world.servers.set('10.0.0.1', saying('a'));
  const { body } = await world.engine.send(request(), CALLER);
  await body[Symbol.asyncIterator]().return?.();
  expect(a.load.active).toBe(0);
  expect(counted(world)).toEqual(['source 200 DC 1', 'destination 200 DC 1']);
});

test('HEAD has headers alone', async () => {
  const world = worldOf(forward([endpointOf('a', '10.0.0.1')]));
  world.servers.set('10.0.0.1', saying('hello'));
  const answer = await world.engine.send(request({ method: 'HEAD' }), CALLER);
  expect(await said(answer.body)).toBe('');
  expect(counted(world)).toEqual(['source 200 - 1', 'destination 200 - 1']);
});
