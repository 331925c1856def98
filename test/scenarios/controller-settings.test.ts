// What flags of `slipway controller` make of it.
import { expect, it } from 'vitest';
import type { AnalysisRun } from '../../src/api/analysis.ts';
import { ANALYSIS_RUNS, ROLLOUTS } from '../../src/api/resources.ts';
import type { Rollout } from '../../src/api/rollout.ts';
import { seconds } from '../../src/lib/time.ts';
import { exposition } from '../../src/controller/metrics/exposition.ts';
import { startCluster } from '../support/cluster.ts';
import { post } from '../support/objects.ts';
import { templated, withWeb } from './web.ts';

const NAMESPACE = 'default';

it('a controller of analysis alone measures, and leaves rollouts to others', async () => {
  const paths: string[] = [];
  const cluster = await startCluster({
    settings: { onlyAnalysis: true },
    onRequest: ({ path }) => paths.push(path),
  });
  const provider = {
    prometheus: { address: 'http://prometheus.istio-system:9090', query: 'vector(1)' },
  };
  const objects = [
    {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'AnalysisRun',
      metadata: { name: 'run', namespace: NAMESPACE },
      spec: { metrics: [{ name: 'one', successCondition: 'result[0] == 1', provider }] },
    },
    {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Rollout',
      metadata: { name: 'web', namespace: NAMESPACE },
      spec: { replicas: 1, ...templated('app:v1'), strategy: { canary: {} } },
    },
  ];
  for (const object of objects) await post(cluster.client, NAMESPACE, object);
  await cluster.advance(5000);
  const at = { namespace: NAMESPACE };
  const run = await cluster.client.get<AnalysisRun>({
    ...at,
    resource: ANALYSIS_RUNS,
    name: 'run',
  });
  expect(run.status?.phase).toBe('Successful');
  const rollout = await cluster.client.get<Rollout>({ ...at, resource: ROLLOUTS, name: 'web' });
  expect(rollout.status).toBeUndefined();
  expect(paths.filter((path) => /\/(?:rollouts|replicasets|services)/.test(path))).toEqual([]);
  await cluster.stop();
});

it('everything is looked at again as often as --rollout-resync says', async () => {
  const strategy = { canary: {} };
  await withWeb({ strategy, settings: { resync: seconds(100) } }, async (web) => {
    await web.until('v1', ({ status }) => status?.phase === 'Healthy');
    await web.seconds(99);
    const passes = (): number => {
      const text = [...exposition(web.cluster.metrics.families())].join('');
      return Number(/^rollout_reconcile_count\{.*\} (\d+)$/m.exec(text)?.[1]);
    };
    const before = passes();
    await web.seconds(99);
    expect(passes()).toBe(before + 1);
    await web.seconds(100);
    expect(passes()).toBe(before + 2);
  });
});
