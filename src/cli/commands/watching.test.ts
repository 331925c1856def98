import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../../../test/support/cluster.ts';
import {
  type PluginOptions,
  type Running,
  runPlugin,
  startPlugin,
} from '../../../test/support/command-line.ts';
import { post } from '../../../test/support/objects.ts';
import type { Json, KubeObject } from '../../api/object.ts';
import { EXPERIMENTS, NAMESPACES, ROLLOUTS } from '../../api/resources.ts';
import { bodyOf, utf8 } from '../../lib/bytes.ts';
import { type Transport, TransportError } from '../../lib/ports.ts';
import { instant } from '../../lib/time.ts';

// Commands that follow what happens: list -w, status, get -w (cli.md 2.6, 3.9, 7). The controller is stopped: the test
// is what happens.

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({ start: instant(Date.UTC(2026, 0, 1)) });
  await Promise.all([cluster.controller.stop(), cluster.advance(1000)]);
  for (const name of ['shop', 'yard']) {
    await cluster.client.create(NAMESPACES, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name },
    });
  }
});
afterAll(() => cluster.stop());

beforeEach(async () => {
  for (const resource of [ROLLOUTS, EXPERIMENTS]) {
    const { items } = await cluster.client.listAll<KubeObject>(resource);
    for (const { metadata } of items) {
      const { namespace = '', name } = metadata;
      await cluster.client.delete({ resource, namespace, name });
    }
  }
  await cluster.advance(1000);
});

interface Place {
  readonly name: string;
  readonly namespace?: string;
}

async function given(
  { name, namespace = 'shop' }: Place,
  spec: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  await post(cluster.client, namespace, {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name },
    spec: {
      replicas: 5,
      selector: { matchLabels: { app: name } },
      strategy: { canary: { steps: [{ setWeight: 10 }, { pause: {} }, { setWeight: 60 }] } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name, image: `${name}:1` }] },
      },
      ...spec,
    },
  } as KubeObject);
}

/** Changes its status, and lets those who watch see it. */
async function now({ name, namespace = 'shop' }: Place, status: Json): Promise<void> {
  const ref = { resource: ROLLOUTS, namespace, name };
  await cluster.client.patch(ref, { type: 'merge', body: { status }, subresource: 'status' });
  await cluster.advance(700);
}

/** Starts a command and lets it print what there is already. */
async function start(line: string, options: PluginOptions = {}): Promise<Running> {
  const running = startPlugin(cluster, 'shop', line.split(' '), options);
  await cluster.advance(700);
  return running;
}

const WEB = { name: 'web' };

describe('list rollouts', () => {
  const HEAD =
    'NAME        STRATEGY   STATUS        STEP  SET-WEIGHT  READY  DESIRED  UP-TO-DATE  AVAILABLE\n';

  it('says on stderr that there are none', async () => {
    for (const line of ['list rollouts', 'list ro -A', 'list experiments', 'list exp -A']) {
      expect(await runPlugin(cluster, 'shop', line.split(' '))).toEqual({
        code: 0,
        out: '',
        err: 'No resources found.\n',
      });
    }
  });

  it('shows the namespace’s rollouts, all of them, or the one that is named', async () => {
    await given(WEB);
    await given({ name: 'api' });
    await given(
      { name: 'far', namespace: 'yard' },
      { strategy: { blueGreen: { activeService: 'far' } } },
    );
    await now(WEB, {
      phase: 'Healthy',
      currentStepIndex: 3,
      readyReplicas: 5,
      replicas: 5,
      updatedReplicas: 5,
      availableReplicas: 5,
    });
    const api =
      'api         Canary     Progressing   -     10          0/0    5        0           0        \n';
    const web =
      'web         Canary     Healthy       3/3   100         5/5    5        5           5        \n';
    const run = async (line: string) => (await runPlugin(cluster, 'shop', line.split(' '))).out;
    expect(await run('list rollouts')).toBe(HEAD + api + web);
    expect(await run('list rollout --name web')).toBe(HEAD + web);
    expect(await run('list rollouts -A')).toBe(
      `NAMESPACE  ${HEAD}shop       ${api}shop       ${web}` +
        'yard       far         BlueGreen  Progressing   -     -           0/0    5        0           0        \n',
    );
    expect(await run('list rollouts -n yard --timestamps')).toMatch(
      /^TIMESTAMP {13}NAME .*\n2026-01-01T00:\d\d:\d\dZ {2}far .*\n$/,
    );
  });

  it('goes on with a row for each change, without the head', async () => {
    await given(WEB);
    const running = await start('list rollouts -w');
    const first = `${HEAD}web         Canary     Progressing   -     10          0/0    5        0           0        \n`;
    expect(running.out).toBe(first);
    await now(WEB, { phase: 'Paused', currentStepIndex: 1 });
    const second = `${first}web         Canary     Paused        1/3   10          0/0    5        0           0        \n`;
    expect(running.out).toBe(second);
    await now(WEB, { message: 'what no column shows' });
    expect(running.out).toBe(second);
    await given({ name: 'a-longer-name' });
    await now(WEB, { phase: 'Healthy' });
    const third =
      'a-longer-name  Canary     Progressing   -     10          0/0    5        0           0        \n' +
      'web            Canary     Healthy       1/3   10          0/0    5        0           0        \n';
    expect(running.out).toBe(second + third);
    await cluster.client.delete({ resource: ROLLOUTS, namespace: 'shop', name: 'web' });
    await cluster.advance(1000);
    expect(running.out).toBe(second + third);
    running.interrupt();
    expect(await running.ended).toEqual({ code: 0, out: second + third, err: '' });
  });

  it('prints the head first even if there is nothing yet', async () => {
    const running = await start('list rollouts --watch');
    expect(running.out).toBe(HEAD);
    running.interrupt();
    expect((await running.ended).code).toBe(0);
  });

  it('gives up when a watch has failed six times in a row', async () => {
    await given(WEB);
    let watches = 0;
    const transport: Transport = (request) => {
      if (!request.path.includes('watch=true')) return cluster.sandbox.api(request);
      watches += 1;
      return Promise.reject(new TransportError('reset', 'the line is cut'));
    };
    const running = await start('list rollouts -w', { transport });
    await cluster.advance(10_000);
    const { code, err } = await running.ended;
    const remedy = 'the line is cut';
    expect(err).toBe(
      `${`watch of rollouts: ${remedy}; trying again\n`.repeat(5)}Error: ${remedy}\n`,
    );
    expect({ code, watches }).toEqual({ code: 1, watches: 6 });
  });

  it('lists anew when what happened meanwhile is no longer told', async () => {
    await given(WEB);
    let old: string | undefined;
    const transport: Transport = (request) => {
      const version = /watch=true.*resourceVersion=(\d+)/.exec(request.path)?.[1];
      old ??= version;
      if (version === undefined || version !== old) return cluster.sandbox.api(request);
      const status = { kind: 'Status', reason: 'Expired', code: 410, message: 'too old' };
      return Promise.resolve({
        status: 410,
        headers: {},
        body: bodyOf(utf8(JSON.stringify(status))),
      });
    };
    const running = await start('list rollouts -w', { transport });
    await now(WEB, { phase: 'Healthy' });
    await cluster.advance(3000);
    expect(running.out.split('\n').filter((line) => line.startsWith('web'))).toHaveLength(2);
    running.interrupt();
    await running.ended;
  });

  it('does not ask a server without pause that ends every watch at once', async () => {
    let watches = 0;
    const transport: Transport = (request) => {
      if (!request.path.includes('watch=true')) return cluster.sandbox.api(request);
      watches += 1;
      return Promise.resolve({ status: 200, headers: {}, body: bodyOf(utf8('')) });
    };
    const running = await start('list rollouts -w', { transport });
    await cluster.advance(10_000);
    expect(watches).toBeLessThanOrEqual(12);
    expect(watches).toBeGreaterThan(5);
    running.interrupt();
    expect((await running.ended).code).toBe(0);
  });
});

describe('status', () => {
  const NEW = 'Progressing - waiting for rollout spec update to be observed';
  const BAD = 'Error: The rollout is in a degraded state with message: RolloutAborted: no\n';

  it.each([
    { status: { phase: 'Healthy' }, out: 'Healthy\n', code: 0, err: '' },
    {
      status: { phase: 'Degraded', message: 'RolloutAborted: no' },
      out: 'Degraded\n',
      code: 1,
      err: BAD,
    },
    {
      status: { phase: 'Paused', message: 'CanaryPauseStep' },
      out: 'Paused - CanaryPauseStep\n',
      code: 0,
      err: '',
    },
    { status: { phase: 'Progressing' }, out: 'Progressing - \n', code: 0, err: '' },
    { status: { phase: 'Healthy', observedGeneration: '0' }, out: `${NEW}\n`, code: 0, err: '' },
  ])('--watch=false tells $out once', async ({ status, out, code, err }) => {
    await given(WEB);
    await now(WEB, status);
    expect(await runPlugin(cluster, 'shop', ['status', 'web', '--watch=false'])).toEqual({
      code,
      out,
      err,
    });
    expect(await runPlugin(cluster, 'shop', ['status', '-w=false', 'web'])).toEqual({
      code,
      out,
      err,
    });
  });

  it('follows up to Healthy, each change once', async () => {
    await given(WEB);
    await now(WEB, { phase: 'Progressing', message: 'more replicas need to be updated' });
    const running = await start('status web');
    await now(WEB, { readyReplicas: 1 });
    await now(WEB, { phase: 'Progressing', message: '' });
    await now(WEB, { phase: 'Healthy' });
    expect(await running.ended).toEqual({
      code: 0,
      out: 'Progressing - more replicas need to be updated\nProgressing\nHealthy\n',
      err: '',
    });
  });

  it('follows up to Degraded, which is a failure', async () => {
    await given(WEB);
    const running = await start('status web');
    await now(WEB, { phase: 'Degraded', message: 'RolloutAborted: no' });
    const { code, out, err } = await running.ended;
    expect({ code, err }).toEqual({ code: 1, err: BAD });
    expect(out.endsWith('\nDegraded - RolloutAborted: no\n')).toBe(true);
  });

  it('is over after --timeout, and at Ctrl-C, which are failures', async () => {
    await given(WEB);
    await now(WEB, { phase: 'Paused', message: 'CanaryPauseStep' });
    const late = {
      code: 1,
      out: 'Paused - CanaryPauseStep\n',
      err: 'Error: Rollout status watch exceeded timeout\n',
    };
    const running = await start('status web --timeout 1m');
    const before = startPlugin(cluster, 'shop', ['status', 'web', '-t', '0']);
    await cluster.advance(58_000);
    expect(running.err).toBe('');
    await cluster.advance(2000);
    expect(await running.ended).toEqual(late);
    await cluster.advance(3_600_000);
    expect(before.err).toBe('');
    before.interrupt();
    expect(await before.ended).toEqual(late);
  });

  it('says when the rollout has gone, and waits for another', async () => {
    await given(WEB);
    await now(WEB, { phase: 'Paused', message: 'CanaryPauseStep' });
    const running = await start('status web');
    await cluster.client.delete({ resource: ROLLOUTS, namespace: 'shop', name: 'web' });
    await cluster.advance(500);
    expect(running.err).toBe('rollout.argoproj.io "web" not found\n');
    await given(WEB);
    await now(WEB, { phase: 'Healthy' });
    expect((await running.ended).code).toBe(0);
  });
});

describe('get -w', () => {
  const CLEAR = '\u001B[H\u001B[2J\u001B[0;0H';

  function views({ out }: Running): readonly string[] {
    return out.split(CLEAR).slice(1);
  }

  it('begins with what get shows, behind the codes that clear the screen', async () => {
    await given(WEB);
    const plain = await runPlugin(cluster, 'shop', ['get', 'rollout', 'web']);
    const running = startPlugin(cluster, 'shop', ['get', 'rollout', 'web', '-w']);
    await cluster.advance(0);
    expect(running.out).toBe(CLEAR + plain.out);
    running.interrupt();
    await cluster.advance(0);
    expect(await running.ended).toEqual({ code: 0, out: CLEAR + plain.out, err: '' });
  });

  it('paints once a second when nothing changes', async () => {
    await given(WEB);
    const running = await start('get rollout web -w');
    const before = views(running).length;
    await cluster.advance(10_000);
    expect(views(running).length - before).toBe(10);
    running.interrupt();
    expect((await running.ended).code).toBe(0);
  });

  it('paints what has changed within 200 ms, but not for what is none of it', async () => {
    await given(WEB);
    await given({ name: 'other' });
    const running = await start('get ro web --watch');
    await cluster.advance(350);
    const before = views(running).length;
    const ref = { resource: ROLLOUTS, namespace: 'shop', name: 'web' };
    const other = { ...ref, name: 'other' };
    const patch = { type: 'merge', body: { spec: { replicas: 7 } } } as const;
    await cluster.client.patch(other, patch);
    await cluster.advance(250);
    expect(views(running)).toHaveLength(before);
    await cluster.client.patch(ref, patch);
    await cluster.advance(200);
    expect(views(running)).toHaveLength(before + 1);
    expect(views(running).at(-1)).toContain('  Desired:       7\n');
    running.interrupt();
    await running.ended;
  });

  it('paints five times a second at most', async () => {
    await given(WEB);
    const running = await start('get rollout web -w');
    const before = views(running).length;
    for (let replicas = 10; replicas < 60; replicas += 1) {
      const ref = { resource: ROLLOUTS, namespace: 'shop', name: 'web' };
      await cluster.client.patch(ref, { type: 'merge', body: { spec: { replicas } } });
      await cluster.advance(20);
    }
    expect(views(running).length - before).toBeLessThanOrEqual(6);
    await cluster.advance(200);
    expect(views(running).at(-1)).toContain('  Desired:       59\n');
    running.interrupt();
    await running.ended;
  });

  it('keeps the last view when the rollout has gone, and says so once', async () => {
    await given(WEB);
    const running = await start('get rollout web -w');
    await cluster.client.delete({ resource: ROLLOUTS, namespace: 'shop', name: 'web' });
    await cluster.advance(100);
    const shown = running.out;
    await cluster.advance(5000);
    expect(running.out).toBe(shown);
    expect(running.err).toBe('rollout.argoproj.io "web" not found\n');
    running.interrupt();
    expect((await running.ended).code).toBe(0);
  });

  it('ends with 0 after --timeout-seconds', async () => {
    await given(WEB);
    const running = await start('get rollout web -w --timeout-seconds 5');
    await cluster.advance(4000);
    const during = views(running).length;
    await cluster.advance(10_000);
    expect((await running.ended).code).toBe(0);
    expect(views(running).length - during).toBeLessThanOrEqual(1);
  });

  it('shows an experiment in the same way', async () => {
    await post(cluster.client, 'shop', {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Experiment',
      metadata: { name: 'try' },
      spec: {
        templates: [
          {
            name: 'a',
            selector: { matchLabels: { app: 'try' } },
            template: {
              metadata: { labels: { app: 'try' } },
              spec: { containers: [{ name: 'try', image: 'try:1' }] },
            },
          },
        ],
      },
    } as KubeObject);
    const plain = await runPlugin(cluster, 'shop', ['get', 'experiment', 'try']);
    expect(plain.out.split('\n').slice(0, 3)).toEqual([
      'Name:            try',
      'Namespace:       shop',
      'Status:            ',
    ]);
    const running = startPlugin(cluster, 'shop', ['get', 'exp', 'try', '-w']);
    await cluster.advance(0);
    expect(running.out).toBe(CLEAR + plain.out);
    running.interrupt();
    await cluster.advance(0);
    expect((await running.ended).code).toBe(0);
  });

  it('names what it may not see, and ends when it is told to', async () => {
    await given(WEB);
    const transport: Transport = (request) => {
      if (!/\/pods\?/.test(request.path)) return cluster.sandbox.api(request);
      const status = {
        kind: 'Status',
        reason: 'Forbidden',
        code: 403,
        message: 'pods is forbidden',
      };
      return Promise.resolve({
        status: 403,
        headers: {},
        body: bodyOf(utf8(JSON.stringify(status))),
      });
    };
    const running = await start('get rollout web -w', { transport });
    expect(running.err.startsWith('watch of pods: pods is forbidden\n')).toBe(true);
    running.interrupt();
    await cluster.advance(0);
    expect((await running.ended).code).toBe(0);
    const once = await runPlugin(cluster, 'shop', ['get', 'rollout', 'web'], { transport });
    expect(once).toEqual({ code: 1, out: '', err: 'Error: pods is forbidden\n' });
  });

  it('asks for the Deployment that the template comes from', async () => {
    await given(WEB, { workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'old' } });
    for (const words of [['web'], ['web', '-w']]) {
      expect(await runPlugin(cluster, 'shop', ['get', 'rollout', ...words])).toEqual({
        code: 1,
        out: '',
        err: 'Error: deployment.apps "old" not found\n',
      });
    }
  });
});

describe('colours', () => {
  it.each([
    { term: 'xterm', flags: [], coloured: true, reason: 'they are on, terminal or not' },
    { term: 'xterm', flags: ['--no-color'], coloured: false, reason: 'the flag' },
    { term: 'dumb', flags: [], coloured: false, reason: 'a terminal without' },
    { term: '', flags: [], coloured: true, reason: 'no TERM is no reason' },
  ])('$term $flags: $reason', async ({ term, flags, coloured }) => {
    await given(WEB);
    const { out } = await runPlugin(cluster, 'shop', ['get', 'rollout', 'web', ...flags], { term });
    expect(out.includes('\u001B[94m\u25CC\u001B[0m Progressing')).toBe(coloured);
    expect(out.includes('\u001B')).toBe(coloured);
  });
});
