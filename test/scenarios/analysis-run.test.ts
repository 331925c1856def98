// One AnalysisRun from its first measurement to its deletion: when it measures, with what, and how it ends.
import { afterEach, describe, expect, it } from 'vitest';
import type { AnalysisRun, AnalysisRunSpec, Metric } from '../../src/api/analysis.ts';
import { ANALYSIS_RUNS, SECRETS } from '../../src/api/resources.ts';
import { base64, utf8 } from '../../src/lib/bytes.ts';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { post } from '../support/objects.ts';
import { json, text } from '../support/scripted-server.ts';

const REF = { resource: ANALYSIS_RUNS, namespace: 'default', name: 'check' };
const VAULT = { resource: SECRETS, namespace: 'default', name: 'vault' };

let cluster: Cluster | undefined;
afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

interface Asked {
  /** Seconds after the run was created. */
  readonly at: number;
  readonly path: string;
  readonly token: string | undefined;
}

function metric(more: Partial<Metric> = {}): Metric {
  const web = { url: 'http://gate/a', jsonPath: '{.value}' };
  return { name: 'm', successCondition: 'result == 1', provider: { web }, ...more };
}

/** A run whose metric source gives these values in turn, the last one again and again; `undefined` is an error. */
async function begun(
  spec: Partial<AnalysisRunSpec>,
  values: readonly (number | undefined)[] = [1],
) {
  const asked: Asked[] = [];
  const started: Cluster = await startCluster({
    metrics: ({ path, headers }) => {
      const value = asked.length < values.length ? values[asked.length] : values.at(-1);
      asked.push({ at: since(), path, token: headers['x-token'] });
      if (value === undefined) return Promise.resolve(text(500, ''));
      return Promise.resolve(json(200, { value }));
    },
  });
  cluster = started;
  await post(started.client, 'default', {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'vault', namespace: 'default' },
    data: { token: base64(utf8('first')) },
  } as never);
  const start = started.clock.now();
  const since = () => Math.round((started.clock.now() - start) / 1000);
  await post(started.client, 'default', {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisRun',
    metadata: { name: 'check', namespace: 'default' },
    spec: { metrics: [metric()], ...spec },
  } as AnalysisRun);
  const { client } = started;
  const run = () => client.get<AnalysisRun>(REF);
  return {
    client,
    asked,
    times: () => asked.map(({ at }) => at),
    after: (seconds: number) => started.advance(seconds * 1000),
    run,
    status: async () => (await run()).status,
    result: async () => (await run()).status?.metricResults?.[0],
  };
}

describe('an AnalysisRun measures', () => {
  it.each([
    { reason: 'once without an interval', metric: {}, times: [0] },
    {
      reason: 'as often as its count says, an interval after each',
      metric: { interval: '30s', count: 3 },
      times: [0, 30, 60],
    },
    {
      reason: 'first after its delay',
      metric: { initialDelay: '20s', interval: '30s', count: 2 },
      times: [20, 50],
    },
    {
      reason: 'after ten seconds where there was an error, and in its interval again',
      metric: { interval: '30s', count: 2 },
      values: [1, undefined, undefined, 1],
      times: [0, 30, 40, 50],
    },
    {
      reason: 'no more once enough have failed',
      metric: { interval: '10s', count: 10, failureLimit: 1 },
      values: [0, 1, 0, 1],
      times: [0, 10, 20],
    },
    {
      reason: 'no more once enough in a row have succeeded',
      metric: { interval: '10s', consecutiveSuccessLimit: 2, failureLimit: -1 },
      values: [1, 0, 1, 1],
      times: [0, 10, 20, 30],
    },
    {
      reason: 'no more after five errors in a row',
      metric: {},
      values: [undefined],
      times: [0, 10, 20, 30, 40],
    },
  ])('$reason', async ({ metric: more, values, times }) => {
    const view = await begun({ metrics: [metric(more)] }, values);
    await view.after(120);
    expect(view.times()).toEqual(times);
  });

  it('with the secret as it is at the time', async () => {
    const web = {
      url: 'http://gate/a',
      jsonPath: '{.value}',
      headers: [{ key: 'x-token', value: '{{args.token}}' }],
    };
    const args = [{ name: 'token', valueFrom: { secretKeyRef: { name: 'vault', key: 'token' } } }];
    const metrics = [metric({ provider: { web }, interval: '10s', count: 5 })];
    const view = await begun({ metrics, args });
    await view.after(5);
    const data = { token: base64(utf8('second')) };
    await view.client.patch(VAULT, { type: 'merge', body: { data } });
    await view.after(10);
    expect(view.asked.map(({ token }) => token)).toEqual(['first', 'second']);
    await view.client.delete(VAULT);
    await view.after(10);
    expect(view.asked).toHaveLength(2);
    expect(await view.status()).toMatchObject({
      phase: 'Error',
      message: 'Unable to resolve metric arguments: secrets "vault" not found',
    });
  });
});

describe('an AnalysisRun ends', () => {
  it.each<{
    readonly reason: string;
    readonly metric: Partial<Metric>;
    readonly values?: readonly (number | undefined)[];
    readonly phase: string;
    readonly message?: string;
  }>([
    {
      reason: 'well when all is measured',
      metric: { interval: '5s', count: 3 },
      phase: 'Successful',
    },
    {
      reason: 'well although some have failed, up to the limit',
      metric: { interval: '5s', count: 4, failureLimit: 2 },
      values: [0, 1, 0, 1],
      phase: 'Successful',
    },
    {
      reason: 'badly beyond the limit of failures',
      metric: { interval: '5s', count: 4, failureLimit: 1 },
      values: [0, 1, 0],
      phase: 'Failed',
      message: 'Metric "m" assessed Failed due to failed (2) > failureLimit (1)',
    },
    {
      reason: 'well however many have failed, if no failure counts',
      metric: { interval: '5s', failureLimit: -1, consecutiveSuccessLimit: 2 },
      values: [0, 0, 0, 1, 0, 1, 1],
      phase: 'Successful',
    },
    {
      reason: 'badly if it never came to enough successes and no failure counts',
      metric: { interval: '5s', count: 3, failureLimit: -1, consecutiveSuccessLimit: 2 },
      values: [1, 0, 1],
      phase: 'Failed',
    },
    {
      reason: 'undecided if it never came to enough successes within the failures allowed',
      metric: { interval: '5s', count: 4, failureLimit: 2, consecutiveSuccessLimit: 2 },
      values: [1, 0, 1, 0],
      phase: 'Inconclusive',
    },
    {
      reason: 'undecided beyond the limit of what could not be judged',
      metric: {
        interval: '5s',
        count: 5,
        inconclusiveLimit: 1,
        failureCondition: 'result == 0',
      },
      values: [0.5, 1, 0.5],
      phase: 'Inconclusive',
      message: 'Metric "m" assessed Inconclusive due to inconclusive (2) > inconclusiveLimit (1)',
    },
    {
      reason: 'well if errors were never too many in a row',
      metric: { interval: '5s', count: 2, consecutiveErrorLimit: 1 },
      values: [undefined, 1, undefined, 1],
      phase: 'Successful',
    },
    {
      reason: 'in error if they were',
      metric: { interval: '5s', count: 2, consecutiveErrorLimit: 1 },
      values: [1, undefined, undefined],
      phase: 'Error',
      message:
        'Metric "m" assessed Error due to consecutiveErrors (2) > consecutiveErrorLimit (1): ' +
        '"Error Message: received non 2xx response code: 500"',
    },
  ])('$reason', async ({ metric: more, values, phase, message }) => {
    const view = await begun({ metrics: [metric(more)] }, values);
    await view.after(90);
    const status = await view.status();
    expect(status?.phase).toBe(phase);
    expect(status?.message).toBe(message);
    expect(status?.completedAt).toBeDefined();
  });

  it('well if what it fails in is a dry run, and says so there', async () => {
    const view = await begun({ dryRun: [{ metricName: '^m$' }] }, [0]);
    await view.after(5);
    expect(await view.status()).toMatchObject({
      phase: 'Successful',
      runSummary: {},
      dryRunSummary: { count: 1, failed: 1 },
      metricResults: [
        {
          phase: 'Failed',
          dryRun: true,
          message: 'Metric assessed Failed due to failed (1) > failureLimit (0)',
        },
      ],
    });
  });

  it.each([
    {
      reason: 'an argument from a field, which only a Rollout can fill',
      spec: { args: [{ name: 'a', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }] },
      message: 'Unable to resolve metric arguments: argument "a" was not supplied',
    },
    {
      reason: 'a placeholder without argument',
      spec: { metrics: [metric({ successCondition: 'result == {{args.none}}' })] },
      message: 'Unable to resolve metric arguments: failed to resolve {{args.none}}',
    },
    {
      reason: 'a rule for no metric',
      spec: { dryRun: [{ metricName: '*' }] },
      message: `Analysis spec invalid: dryRun[0]: Rule didn't match any metric name(s)`,
    },
  ])('before it has begun for $reason', async ({ spec, message }) => {
    const view = await begun(spec);
    await view.after(5);
    expect(view.asked).toEqual([]);
    expect(await view.status()).toEqual({ phase: 'Error', message });
  });

  it('when it is told to, with what it has', async () => {
    const view = await begun({ metrics: [metric({ interval: '10s' })] });
    await view.after(25);
    await view.client.patch(REF, { type: 'merge', body: { spec: { terminate: true } } });
    await view.after(30);
    expect(view.times()).toEqual([0, 10, 20]);
    expect(await view.status()).toMatchObject({
      phase: 'Successful',
      message: 'Run Terminated',
      metricResults: [{ phase: 'Successful', count: 3 }],
    });
  });

  it('and is deleted when its time has passed', async () => {
    const view = await begun({ ttlStrategy: { secondsAfterCompletion: 30 } });
    await view.after(29);
    expect((await view.status())?.phase).toBe('Successful');
    await view.after(5);
    await expect(view.run()).rejects.toThrow('not found');
  });

  it('keeps the newest measurements, and counts all', async () => {
    const view = await begun({
      metrics: [metric({ interval: '5s', count: 6 })],
      measurementRetention: [{ metricName: 'm', limit: 2 }],
    });
    await view.after(60);
    const { count, measurements } = (await view.result()) ?? {};
    expect({ count, kept: measurements?.length }).toEqual({ count: 6, kept: 2 });
  });
});
