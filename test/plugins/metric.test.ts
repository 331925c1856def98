// Metric plugins: real programs over the public go-plugin module, asked as the controller asks them.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Metric } from '../../src/api/analysis.ts';
import { cancellation } from '../../src/lib/clock.ts';
import { measurePlugin, pluginMetadata } from '../../src/plugins/kinds/metric.ts';
import type { Plugins } from '../../src/plugins/plugins.ts';
import { builtPlugin, hasGo } from '../support/go.ts';
import { pluginStand, recordedCalls } from '../support/plugins.ts';

const NAME = 'tests/own';
const never = cancellation().cancel;

function metricThat(wish: object): Metric {
  return {
    name: 'success-rate',
    failureLimit: '2',
    provider: { plugin: { [NAME]: wish } },
  };
}

const RUN = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'AnalysisRun',
  metadata: {
    name: 'rate-1',
    namespace: 'shop',
    uid: 'u1',
    labels: { app: 'käse' },
    creationTimestamp: '2026-01-02T03:04:05Z',
  },
  spec: { metrics: [] },
  status: { phase: 'Running' },
};

function ask(plugins: Plugins, wish: object, action: 'run' | 'resume' | 'terminate' = 'run') {
  return measurePlugin(plugins, {
    run: RUN,
    metric: metricThat(wish),
    action,
    cancel: never,
    ...(action === 'run'
      ? {}
      : {
          measurement: {
            phase: 'Running',
            startedAt: '2026-01-02T02:04:05Z',
            metadata: { job: '42' },
          },
        }),
  });
}

describe.runIf(hasGo)('a metric plugin', () => {
  let command = '';
  beforeAll(() => {
    command = builtPlugin('own');
  }, 300_000);

  const stand = (args: readonly string[] = [], callSeconds = 20) =>
    pluginStand([{ kind: 'metric', name: NAME, command, args }], { callSeconds });

  it('measures, and its times and its value come as they are', async () => {
    await using own = stand();
    expect(await ask(own.plugins, { do: 'value', value: '0.95' })).toEqual({
      ok: true,
      measurement: {
        phase: 'Successful',
        value: '0.95',
        startedAt: '2026-01-02T02:04:05Z',
        finishedAt: '2026-01-02T02:04:06Z',
      },
    });
  });

  it('gets the run and the metric', async () => {
    await using own = stand();
    const measured = await ask(own.plugins, { do: 'echo' });
    if (!measured.ok) throw new Error(measured.error);
    expect(JSON.parse(measured.measurement.value ?? '')).toMatchObject({
      AnalysisRun: {
        ObjectMeta: {
          Name: 'rate-1',
          Namespace: 'shop',
          UID: 'u1',
          Labels: { app: 'käse' },
          CreationTimestamp: '2026-01-02T03:04:05Z',
        },
        Status: { Phase: 'Running' },
      },
      Metric: {
        Name: 'success-rate',
        FailureLimit: { IntVal: 0, StrVal: '2' },
        Provider: { Plugin: { [NAME]: { do: 'echo' } } },
      },
    });
  });

  it('goes on with a measurement, and ends one', async () => {
    await using own = stand();
    expect(await ask(own.plugins, { do: 'later' })).toMatchObject({
      measurement: {
        phase: 'Running',
        resumeAt: '2026-01-02T02:04:15Z',
        metadata: { job: '42' },
      },
    });
    expect(await ask(own.plugins, {}, 'resume')).toMatchObject({
      measurement: { phase: 'Failed', value: 'resumed 42', startedAt: '2026-01-02T02:04:05Z' },
    });
    expect(await ask(own.plugins, {}, 'terminate')).toMatchObject({
      measurement: { phase: 'Successful', message: 'told to end' },
    });
    expect(await pluginMetadata(own.plugins, metricThat({}), never)).toEqual({
      metric: 'success-rate',
    });
  });

  it('may answer more than a window of the stream holds', async () => {
    await using own = stand();
    const size = 1_000_000;
    const measured = await ask(own.plugins, { do: 'large', size });
    expect(measured.ok && measured.measurement.value?.length).toBe(size);
  });

  it('may be asked more than a window of the stream holds', async () => {
    await using own = stand();
    const measured = await ask(own.plugins, { do: 'value', value: 'y'.repeat(1_000_000) });
    expect(measured.ok && measured.measurement.value?.length).toBe(1_000_000);
  });

  it('is asked many things at the same time by one process', async () => {
    await using own = stand();
    const values = Array.from({ length: 50 }, (_, index) => String(index));
    const answers = await Promise.all(
      values.map((value) => ask(own.plugins, { do: 'slow', value })),
    );
    expect(answers.map((one) => one.ok && one.measurement.value)).toEqual(values);
    expect(own.logged.filter((line) => line.startsWith('plugin is ready'))).toHaveLength(1);
  });

  it('that refuses or fails is quoted', async () => {
    await using own = stand();
    expect(await ask(own.plugins, { do: 'refuse', message: 'not on Sundays' })).toEqual({
      ok: false,
      error: 'Run rpc call error: not on Sundays',
    });
    expect(await ask(own.plugins, { do: 'error', message: 'no such series' })).toEqual({
      ok: false,
      error: 'failed to run via plugin: no such series',
    });
  });

  it('that dies in a call fails that call, and pauses before it is started again', async () => {
    await using own = stand();
    expect(await ask(own.plugins, { do: 'die' })).toEqual({
      ok: false,
      error: 'Run rpc call error: the plugin ended (exit status 3)',
    });
    const next = await ask(own.plugins, { do: 'value', value: '1' });
    expect(next.ok ? '' : next.error).toMatch(
      /^failed to create plugin: unable to get metric plugin: unable to start plugin system: unable to get plugin client \(tests\/own\): it ended \(exit status 3\); it is started again at .*Z or later$/,
    );
    expect(own.logged).toContain('plugin has ended tests/own exit status 3');
    expect(own.logged.join('\n')).toContain('plugin address');
  });

  it('whose call hangs harms no other call', async () => {
    await using own = stand([], 1);
    const hanging = ask(own.plugins, { do: 'hang' });
    expect(await ask(own.plugins, { do: 'value', value: '7' })).toMatchObject({ ok: true });
    expect(await hanging).toEqual({
      ok: false,
      error: 'Run rpc call error: no answer within 1 s',
    });
    expect(await ask(own.plugins, { do: 'value', value: '8' })).toMatchObject({ ok: true });
    expect(own.logged.filter((line) => line.startsWith('plugin is ready'))).toHaveLength(1);
  });

  it('that stands still as a whole is killed', async () => {
    await using own = stand([], 1);
    expect(await ask(own.plugins, { do: 'freeze' })).toEqual({
      ok: false,
      error:
        'Run rpc call error: no answer within 1 s; the plugin does not react at all and was killed',
    });
  });

  it('that stands still as a whole goes with its controller', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'slipway-plugin-')), 'calls');
    const own = stand(['-calls', file]);
    const hanging = ask(own.plugins, { do: 'freeze' });
    await expect.poll(() => recordedCalls(file).map(({ method }) => method)).toContain('Run');
    await own.plugins.stop();
    const pid = recordedCalls(file)[0]?.pid ?? 0;
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    expect(await hanging).toMatchObject({ ok: false });
  });

  it.each([
    {
      args: ['-die'],
      problem: 'it ended before its handshake (exit status 7): cannot read the licence',
    },
    {
      args: ['-nonsense', 'handshake'],
      problem:
        'its first line is "Hello, I am a web server, listening on :8080", not a handshake: is it a plugin for this machine?',
    },
    { args: ['-nonsense', 'wire'], problem: 'the plugin does not speak yamux' },
  ])('that starts with $args cannot be had', async ({ args, problem }) => {
    await using own = stand(args);
    expect(await ask(own.plugins, {})).toEqual({
      ok: false,
      error: `failed to create plugin: unable to get metric plugin: unable to start plugin system: unable to get plugin client (${NAME}): ${problem}`,
    });
  });

  it('that cannot be initialised is quoted', async () => {
    await using own = stand(['-init-error', 'no licence']);
    expect(await ask(own.plugins, {})).toEqual({
      ok: false,
      error: `failed to create plugin: unable to get metric plugin: unable to start plugin system: unable to initialize plugin via rpc (${NAME}): no licence`,
    });
  });

  it('that is not configured or not there is named', async () => {
    await using own = pluginStand([
      { kind: 'metric', name: NAME, command: '/nowhere/plugin' },
      { kind: 'step', name: 'tests/other', command },
    ]);
    expect(await ask(own.plugins, {})).toMatchObject({
      error: expect.stringContaining('the program /nowhere/plugin was not found') as string,
    });
    const metric = { ...metricThat({}), provider: { plugin: { 'tests/other': {} } } } as never;
    const outcome = await measurePlugin(own.plugins, {
      run: RUN,
      metric,
      action: 'run',
      cancel: never,
    });
    expect(outcome).toEqual({
      ok: false,
      error:
        'failed to create plugin: unable to get metric plugin: unable to start plugin system: unable to find plugin (tests/other): plugin tests/other not configured in configmap',
    });
  });
});
