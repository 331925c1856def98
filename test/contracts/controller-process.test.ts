// `slipway controller` as a process of its own: it says when it is ready, waits for a server that is not there, and
// ends cleanly on SIGTERM.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { NAMESPACES, ROLLOUTS } from '../../src/api/resources.ts';
import type { Rollout } from '../../src/api/rollout.ts';
import { createClient } from '../../src/kube/client.ts';
import { sleep } from '../../src/lib/clock.ts';
import { milliseconds } from '../../src/lib/time.ts';
import { systemClock } from '../../src/host/clock.ts';
import { systemListener } from '../../src/host/listener.ts';
import type { Listening } from '../../src/lib/ports.ts';
import { seededRandom } from '../../src/lib/random.ts';
import { toYaml } from '../../src/lib/yaml.ts';
import { createSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { promtoolSays } from '../support/promtool.ts';

const PROGRAM = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

let folder: string;
const children = new Set<ChildProcess>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-process-'));
});

afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
});
afterAll(() => rm(folder, { recursive: true }));

/** Starts a controller on the server; gives what it says, line by line, and what it ends with. */
async function controllerOn(server: string, flags = ['--leader-elect=false'], name = 'c') {
  const kubeconfig = join(folder, `kubeconfig-${name}`);
  const text = toYaml({
    clusters: [{ name, cluster: { server } }],
    users: [{ name, user: { token: name } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  });
  await writeFile(kubeconfig, text);
  const free = ['metricsPort', 'healthzPort'].flatMap((port) =>
    flags.some((flag) => flag.toLowerCase().startsWith(`--${port}=`.toLowerCase()))
      ? []
      : [`--${port}=0`],
  );
  const local = ['--listen-address=127.0.0.1', ...free];
  const args = [PROGRAM, 'controller', '--kubeconfig', kubeconfig, ...local, ...flags];
  const started = spawn(process.execPath, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, KUBECONFIG: '', NODE_NO_WARNINGS: '1' },
  });
  children.add(started);
  let said = '';
  const waiting = new Set<() => void>();
  started.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk;
    for (const look of waiting) look();
  });
  const exited = once(started, 'exit') as Promise<[code: number | null, signal: string | null]>;
  const says = (words: RegExp): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = (): void => {
      if (words.test(said)) resolve();
    };
    waiting.add(look);
    look();
    const ended = exited.then(() => {
      throw new Error(`it ended and never said ${String(words)}: ${said}`);
    });
    return Promise.race([promise, ended]);
  };
  /** Where it listens. */
  const ports = async () => {
    await says(/msg=listening/);
    const [, metrics = '', health = ''] =
      /msg=listening metrics=(\S+) health=(\S+)/.exec(said) ?? [];
    return { metrics: `http://${metrics}`, health: `http://${health}` };
  };
  return {
    says,
    ports,
    exited,
    said: () => said,
    terminate: () => started.kill('SIGTERM'),
    signal: (signal: NodeJS.Signals) => started.kill(signal),
  };
}

describe('slipway controller', () => {
  let sandbox: Sandbox;
  let listening: Listening;

  beforeAll(async () => {
    const onProblem = (what: string, error: Error): void => {
      throw new Error(what, { cause: error });
    };
    const random = seededRandom('process');
    sandbox = createSandbox({ clock: systemClock, random, onProblem });
    await sandbox.start();
    listening = await systemListener.listen({ handler: sandbox.api });
  });

  afterAll(async () => {
    await listening.close();
    await sandbox.stop();
  });

  it('ends with 0 within five seconds after SIGTERM', async () => {
    const controller = await controllerOn(`http://127.0.0.1:${listening.port}`);
    await controller.says(/msg=ready/);
    // Somebody who never ends a request, and somebody who keeps a connection.
    const { metrics, health } = await controller.ports();
    const slow = connect(Number(new URL(metrics).port), '127.0.0.1');
    slow.on('error', () => undefined).write('GET /metrics HTTP/1.1\r\n');
    await once(slow, 'connect');
    await (await fetch(`${health}/healthz`)).text();
    const begin = performance.now();
    controller.terminate();
    expect(await controller.exited).toEqual([0, null]);
    expect(performance.now() - begin).toBeLessThan(5000);
    slow.destroy();
    expect(controller.said()).toMatch(/msg=stopping/);
  });

  it('answers for its health and its metrics, also to Prometheus, and to nothing else', async () => {
    const controller = await controllerOn(`http://127.0.0.1:${listening.port}`);
    await controller.says(/msg=ready/);
    const { metrics, health } = await controller.ports();
    const healthz = await fetch(`${health}/healthz`);
    expect([healthz.status, await healthz.text()]).toEqual([200, 'ok']);
    expect(healthz.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    const readyz = await fetch(`${health}/readyz`);
    expect([readyz.status, await readyz.text()]).toEqual([200, 'ok']);
    const scrape = await fetch(`${metrics}/metrics`);
    expect(scrape.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const text = await scrape.text();
    expect(promtoolSays(text)).toEqual([]);
    expect(text).toMatch(/^slipway_leader 1$/m);
    expect(text).toMatch(/^build_info\{.*goversion="node v\d+.*version="v99/m);
    expect(text).toMatch(/^process_resident_memory_bytes \d/m);
    expect(text).toMatch(
      /^controller_clientset_k8s_request_total\{kind="rollouts",.*verb="List"\} 1$/m,
    );
    expect((await fetch(`${health}/metrics`)).status).toBe(404);
    expect((await fetch(`${metrics}/`)).status).toBe(404);
    const head = await fetch(`${metrics}/metrics`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    const posted = await fetch(`${health}/healthz`, { method: 'POST', body: 'x'.repeat(100_000) });
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  it('serves before there is a server to talk to, and is not ready then', async () => {
    const gone = await systemListener.listen({ handler: sandbox.api });
    await gone.close();
    const controller = await controllerOn(`http://127.0.0.1:${gone.port}`);
    const { metrics, health } = await controller.ports();
    await controller.says(/trying again/);
    expect((await fetch(`${health}/healthz`)).status).toBe(200);
    const readyz = await fetch(`${health}/readyz`);
    expect([readyz.status, await readyz.text()]).toEqual([503, 'waiting for the API server']);
    const text = await (await fetch(`${metrics}/metrics`)).text();
    expect(text).toMatch(/^slipway_leader 0$/m);
    expect(text).toMatch(/status_code="0"/);
  });

  it('names the flag whose port is in use, and ends with 1', async () => {
    const taken = await systemListener.listen({ handler: sandbox.api });
    for (const flag of ['metricsPort', 'healthzPort', 'metricsport']) {
      const flags = [`--${flag}=${taken.port}`];
      const controller = await controllerOn('http://127.0.0.1:1', flags, flag);
      expect(await controller.exited).toEqual([1, null]);
      expect(controller.said()).toContain(
        `Error: --${flag} ${taken.port}: 127.0.0.1:${taken.port} is in use by another program`,
      );
    }
    await taken.close();
  });

  it('takes arguments of the reference, and says which change nothing', async () => {
    const controller = await controllerOn(
      `http://127.0.0.1:${listening.port}`,
      [
        '--leader-elect=false',
        '--rollout-threads=20',
        '--alb-ingress-classes',
        'alb',
        '--rollout-resync=600',
      ],
      'reference',
    );
    await controller.says(/msg=ready/);
    expect(controller.said()).toMatch(
      /level=warn msg="flag --rollout-threads has no effect: .*--workers/,
    );
    expect(controller.said()).toMatch(/flag --alb-ingress-classes has no effect/);
    expect(controller.said()).not.toMatch(/rollout-resync/);
  });

  it('waits for a server that is not there, says why, and ends on SIGTERM all the same', async () => {
    const gone = await systemListener.listen({ handler: sandbox.api });
    await gone.close();
    const controller = await controllerOn(`http://127.0.0.1:${gone.port}`);
    await controller.says(/cannot reach http:\S+, the server of cluster .+ECONNREFUSED/);
    const begin = performance.now();
    controller.terminate();
    expect(await controller.exited).toEqual([0, null]);
    expect(performance.now() - begin).toBeLessThan(5000);
  });
});

describe('two controllers', () => {
  const FLAGS = [
    '--leader-election-lease-duration=3s',
    '--leader-election-renew-deadline=2s',
    '--leader-election-retry-period=500ms',
    '--propagation-delay=0s',
    '--loglevel=debug',
  ];
  const ROLLOUT = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'app', image: 'app:v1' }] },
      },
      strategy: { canary: {} },
    },
  };

  interface Written {
    readonly by: string;
    readonly what: string;
  }

  /** An API server that remembers who wrote what, leases and events apart. */
  async function watched() {
    const onProblem = (what: string, error: Error): void => {
      throw new Error(what, { cause: error });
    };
    const random = seededRandom('two');
    const sandbox = createSandbox({ clock: systemClock, random, onProblem });
    await sandbox.start();
    const client = createClient({ transport: sandbox.api, userAgent: 'test' });
    await client.create(NAMESPACES, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'argo-rollouts' },
    });
    const writes: Written[] = [];
    const listening = await systemListener.listen({
      handler: (request) => {
        const { method, path, headers } = request;
        if (method !== 'GET' && !/\/(?:leases|events)(?:\/|$)/.test(path)) {
          const by = (headers['authorization'] ?? '').replace('Bearer ', '');
          writes.push({ by, what: `${method} ${path}` });
        }
        return sandbox.api(request);
      },
    });
    const stop = async (): Promise<void> => {
      await listening.close();
      await sandbox.stop();
    };
    const until = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
      const end = performance.now() + 30_000;
      while (!(await holds())) {
        if (performance.now() > end) throw new Error(`never: ${what}`);
        await sleep(systemClock, milliseconds(50));
      }
    };
    const image = async (text: string): Promise<void> => {
      const containers = [{ name: 'app', image: text }];
      const body = { spec: { template: { spec: { containers } } } };
      await client.patch(REF, { type: 'merge', body });
    };
    const isHealthy = async (text: string): Promise<boolean> => {
      const { status, spec, metadata } = await client.get<Rollout>(REF);
      return (
        status?.phase === 'Healthy' &&
        status.observedGeneration === String(metadata.generation) &&
        spec.template?.spec?.containers?.[0]?.image === text
      );
    };
    const server = `http://127.0.0.1:${listening.port}`;
    return { client, writes, server, stop, until, image, isHealthy };
  }

  const REF = { resource: ROLLOUTS, namespace: 'default', name: 'web' };

  it('never act twice: one that was frozen past its lease writes nothing when it wakes', async () => {
    const { client, writes, server, stop, until, image, isHealthy } = await watched();
    const first = await controllerOn(server, FLAGS, 'first');
    await first.says(/msg=ready/);
    const second = await controllerOn(server, FLAGS, 'second');
    await client.create(ROLLOUTS, ROLLOUT);
    await until('healthy', () => isHealthy('app:v1'));
    await second.says(/msg=leader/);
    const scraped = async (controller: typeof first) => {
      const { metrics, health } = await controller.ports();
      expect((await fetch(`${health}/readyz`)).status).toBe(200);
      return (await fetch(`${metrics}/metrics`)).text();
    };
    expect(await scraped(first)).toMatch(/^slipway_leader 1$/m);
    expect(await scraped(first)).toMatch(/^rollout_info\{name="web",.*\} 1$/m);
    expect(await scraped(second)).toMatch(/^slipway_leader 0$/m);
    expect(await scraped(second)).not.toMatch(/^rollout_/m);
    expect(new Set(writes.map(({ by }) => by))).toEqual(new Set(['first']));

    first.signal('SIGSTOP');
    // What the frozen one would act on if it could: it learns of it when it wakes, as the other one has by then.
    await image('app:v2');
    await second.says(/msg=ready/);
    await until('healthy again', () => isHealthy('app:v2'));
    await image('app:v3');
    const before = writes.filter(({ by }) => by === 'first').length;
    first.signal('SIGCONT');
    expect(await first.exited).toEqual([1, null]);
    await until('healthy once more', () => isHealthy('app:v3'));
    expect(writes.filter(({ by }) => by === 'first').slice(before)).toEqual([]);
    second.terminate();
    expect(await second.exited).toEqual([0, null]);
    await stop();
  }, 60_000);

  it('the second is ready only for as long as it could take over', async () => {
    const { server, stop, until } = await watched();
    const first = await controllerOn(server, FLAGS, 'first');
    await first.says(/msg=ready/);
    const second = await controllerOn(server, FLAGS, 'second');
    await second.says(/msg=leader/);
    const { health } = await second.ports();
    const readiness = async () => {
      const answer = await fetch(`${health}/readyz`);
      return `${answer.status} ${await answer.text()}`;
    };
    await until('ready', async () => (await readiness()) === '200 ok');
    await stop();
    await until('not ready', async () => (await readiness()) !== '200 ok');
    expect(await readiness()).toBe('503 waiting for the Lease to be read again');
    expect(await first.exited).toEqual([1, null]);
    second.terminate();
    expect(await second.exited).toEqual([0, null]);
  }, 60_000);

  it('the second begins at once when the first ends', async () => {
    const { server, stop } = await watched();
    const long = [...FLAGS, '--leader-election-lease-duration=60s'];
    const first = await controllerOn(server, long, 'first');
    await first.says(/msg=ready/);
    const second = await controllerOn(server, long, 'second');
    await second.says(/msg=leader.*first|leader=\S+/);
    first.terminate();
    expect(await first.exited).toEqual([0, null]);
    const begin = performance.now();
    await second.says(/msg=ready/);
    expect(performance.now() - begin).toBeLessThan(10_000);
    second.terminate();
    await second.exited;
    await stop();
  }, 60_000);
});
