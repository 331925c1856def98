// What Prometheus finds on the controller's port after things have happened (operations.md 4).
import { expect, it } from 'vitest';
import { ROLLOUTS } from '../../src/api/resources.ts';
import { exposition } from '../../src/controller/metrics/exposition.ts';
import type { Metrics } from '../../src/controller/metrics/metrics.ts';
import { startCluster } from '../support/cluster.ts';
import { post } from '../support/objects.ts';
import { promtoolSays } from '../support/promtool.ts';
import { templated, withWeb } from './web.ts';

const NAMESPACE = 'default';
const STEPS = { canary: { steps: [{ setWeight: 50 }, { pause: {} }] } };

/** Values by series, as they are written. */
function seriesOf(metrics: Metrics): ReadonlyMap<string, string> {
  const text = [...exposition(metrics.families())].join('');
  expect(promtoolSays(text)).toEqual([]);
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const pairs = lines.map((line) => {
    const at = line.lastIndexOf(' ');
    return [line.slice(0, at), line.slice(at + 1)] as const;
  });
  const series = new Map(pairs);
  expect(series.size).toBe(pairs.length);
  return series;
}

function expectSeries(metrics: Metrics, expected: Readonly<Record<string, string>>): void {
  const series = seriesOf(metrics);
  const found = Object.keys(expected).map((name) => [name, series.get(name)]);
  expect(Object.fromEntries(found)).toEqual(expected);
}

function namesWith(metrics: Metrics, part: string): readonly string[] {
  return [...seriesOf(metrics).keys()].filter((name) => name.includes(part));
}

it('a rollout that was promoted after a pause is told with its times, once', async () => {
  await withWeb({ strategy: STEPS }, async (web) => {
    await web.until('v1', ({ status }) => status?.phase === 'Healthy');
    await web.setImage('app:v2');
    await web.until('paused', ({ status }) => status?.phase === 'Paused');
    await web.seconds(1);
    const { metrics } = web.cluster;
    const of = 'name="web",namespace="default"';
    expectSeries(metrics, {
      [`rollout_info{${of},phase="Paused",strategy="canary",traffic_router=""}`]: '1',
      [`rollout_phase{${of},phase="Paused",strategy="canary"}`]: '1',
      [`rollout_phase{${of},phase="Completed",strategy="canary"}`]: '0',
      [`rollout_phase{${of},phase="Abort",strategy="canary"}`]: '0',
      [`rollout_info_replicas_desired{${of}}`]: '2',
      [`rollout_info_replicas_available{${of}}`]: '2',
      [`rollout_info_replicas_unavailable{${of}}`]: '0',
      [`rollout_info_replicas_updated{${of}}`]: '1',
      // The first version is an update too.
      'rollout_duration_seconds_count{status="Promoted"}': '1',
      [`rollout_events_total{${of},reason="RolloutPaused",type="Normal"}`]: '1',
    });
    await web.seconds(100);
    await web.run('promote', 'web');
    await web.until('v2', ({ status }) => status?.phase === 'Healthy');
    expectSeries(metrics, {
      [`rollout_info{${of},phase="Completed",strategy="canary",traffic_router=""}`]: '1',
      'rollout_duration_seconds_count{status="Promoted"}': '2',
      'rollout_duration_seconds_bucket{status="Promoted",le="30"}': '1',
      'rollout_duration_seconds_bucket{status="Promoted",le="120"}': '2',
      'rollout_duration_seconds_bucket{status="Promoted",le="+Inf"}': '2',
      'rollout_progression_duration_seconds_bucket{status="Promoted",le="30"}': '2',
      'rollout_manual_pause_duration_seconds_bucket{status="Promoted",le="0"}': '1',
      'rollout_manual_pause_duration_seconds_bucket{status="Promoted",le="60"}': '1',
      'rollout_manual_pause_duration_seconds_bucket{status="Promoted",le="300"}': '2',
      'argo_rollouts_controller_info{version="v1.2.3"}': '1',
      'build_info{commit="abc",goarch="amd64",goversion="node",version="v1.2.3"}': '1',
      'workqueue_depth{name="Rollouts"}': '0',
      slipway_leader: '1',
    });
    await web.seconds(2000);
    expectSeries(metrics, { 'rollout_duration_seconds_count{status="Promoted"}': '2' });
    const series = seriesOf(metrics);
    expect(Number(series.get(`rollout_reconcile_count{${of}}`))).toBeGreaterThan(5);
    expect(Number(series.get('workqueue_adds_total{name="Rollouts"}'))).toBeGreaterThan(5);
    expect(namesWith(metrics, 'rollout_reconcile_error')).toEqual([]);
  });
});

it('an abort, and an update that another one takes the place of, end with their own status', async () => {
  await withWeb({ strategy: STEPS }, async (web) => {
    await web.until('v1', ({ status }) => status?.phase === 'Healthy');
    await web.setImage('app:v2');
    await web.until('paused', ({ status }) => status?.phase === 'Paused');
    await web.seconds(50);
    await web.setImage('app:v3');
    await web.until('paused again', ({ status }) => status?.phase === 'Paused');
    await web.seconds(5);
    const { metrics } = web.cluster;
    expectSeries(metrics, {
      'rollout_duration_seconds_bucket{status="Superseded",le="30"}': '0',
      'rollout_duration_seconds_bucket{status="Superseded",le="60"}': '1',
      'rollout_duration_seconds_count{status="Superseded"}': '1',
      'rollout_manual_pause_duration_seconds_bucket{status="Superseded",le="0"}': '0',
    });
    await web.run('abort', 'web');
    await web.until('aborted', ({ status }) => status?.phase === 'Degraded');
    const of = 'name="web",namespace="default"';
    expectSeries(metrics, {
      [`rollout_info{${of},phase="Abort",strategy="canary",traffic_router=""}`]: '1',
      'rollout_duration_seconds_count{status="Aborted"}': '1',
      [`rollout_events_total{${of},reason="RolloutAborted",type="Warning"}`]: '1',
    });
  });
});

it('a controller that starts anew does not tell old updates again', async () => {
  await withWeb({ strategy: STEPS }, async (web) => {
    await web.until('v1', ({ status }) => status?.phase === 'Healthy');
    await web.cluster.restart();
    await web.seconds(30);
    expect(namesWith(web.cluster.metrics, 'rollout_duration_seconds')).toEqual([]);
    expect(namesWith(web.cluster.metrics, 'rollout_info{')).toHaveLength(1);
  });
});

it('series of a deleted rollout go after 65 seconds, its gauges at once', async () => {
  await withWeb({ strategy: STEPS }, async (web) => {
    await web.until('v1', ({ status }) => status?.phase === 'Healthy');
    const { metrics, client } = web.cluster;
    expect(namesWith(metrics, 'name="web",namespace="default"').length).toBeGreaterThan(10);
    await client.delete({ resource: ROLLOUTS, namespace: NAMESPACE, name: 'web' });
    await web.seconds(1);
    expect(namesWith(metrics, 'rollout_info')).toEqual([]);
    await web.seconds(60);
    expect(namesWith(metrics, 'rollout_reconcile_count{name="web"')).toHaveLength(1);
    await web.seconds(6);
    expect(namesWith(metrics, 'name="web",namespace="default"')).toEqual([]);
    expect(namesWith(metrics, 'kind="rollouts",name="web"')).toEqual([]);
  });
});

it('a spec that is wrong has a phase of its own, and none of the old ones', async () => {
  await withWeb({ strategy: { canary: { steps: [{ setWeight: 500 }] } } }, async (web) => {
    await web.until('refused', ({ status }) => status?.phase === 'Degraded');
    const of = 'name="web",namespace="default"';
    const { metrics } = web.cluster;
    expectSeries(metrics, {
      [`rollout_info{${of},phase="InvalidSpec",strategy="canary",traffic_router=""}`]: '1',
      [`rollout_phase{${of},phase="Progressing",strategy="canary"}`]: '0',
      [`rollout_phase{${of},phase="Error",strategy="canary"}`]: '0',
      'slipway_decisions_total{kind="Rollout",reason="InvalidSpec"}': '1',
    });
  });
});

it('experiments, runs and templates are told with their phases and metrics', async () => {
  const cluster = await startCluster();
  const metric = (name: string, successCondition: string) => ({
    name,
    successCondition,
    provider: {
      prometheus: { address: 'http://prometheus.istio-system:9090', query: 'vector(1)' },
    },
  });
  const web = { name: 'page', provider: { web: { url: 'http://nowhere', jsonPath: '{$}' } } };
  const objects = [
    {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Experiment',
      metadata: { name: 'try', namespace: NAMESPACE },
      spec: { duration: '1h', templates: [{ name: 'one', replicas: 1, ...templated('app:v1') }] },
    },
    {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'AnalysisRun',
      metadata: { name: 'run', namespace: NAMESPACE },
      spec: {
        dryRun: [{ metricName: 'bad' }],
        metrics: [metric('good', 'result[0] == 1'), metric('bad', 'result[0] == 2')],
      },
    },
    {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'AnalysisTemplate',
      metadata: { name: 'template', namespace: NAMESPACE },
      // Two of one name are wrong; a scrape must not fail for it.
      spec: { metrics: [metric('good', 'true'), web, web] },
    },
    {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'ClusterAnalysisTemplate',
      metadata: { name: 'everywhere' },
      spec: { metrics: [{ name: 'odd', provider: {} }] },
    },
  ];
  for (const object of objects) await post(cluster.client, NAMESPACE, object);
  await cluster.advance(10_000);
  const run = 'name="run",namespace="default"';
  const phase = (name: string, dry: boolean, one: string) =>
    `analysis_run_metric_phase{dry_run="${dry}",metric="${name}",${run},phase="${one}",type="Prometheus"}`;
  expectSeries(cluster.metrics, {
    'experiment_info{name="try",namespace="default",phase="Running"}': '1',
    'experiment_phase{name="try",namespace="default",phase="Running"}': '1',
    'experiment_phase{name="try",namespace="default",phase="Pending"}': '0',
    [`analysis_run_info{${run},phase="Successful"}`]: '1',
    [`analysis_run_phase{${run},phase="Successful"}`]: '1',
    [`analysis_run_phase{${run},phase="Failed"}`]: '0',
    [`analysis_run_metric_type{metric="good",${run},type="Prometheus"}`]: '1',
    [phase('good', false, 'Successful')]: '1',
    [phase('good', false, 'Failed')]: '0',
    [phase('bad', true, 'Failed')]: '1',
    [phase('bad', true, 'Successful')]: '0',
    'analysis_template_info{name="template",namespace="default"}': '1',
    'analysis_template_info{name="everywhere",namespace=""}': '1',
    'analysis_template_metric_info{metric="page",name="template",namespace="default",type="Web"}':
      '1',
    'analysis_template_metric_info{metric="odd",name="everywhere",namespace="",type="Unknown Provider"}':
      '1',
  });
  const requests = namesWith(cluster.metrics, 'controller_clientset_k8s_request_total{');
  const facts = (kind: string, name: string, status: string, verb: string) =>
    `controller_clientset_k8s_request_total{kind="${kind}",name="${name}",` +
    `namespace="${kind === 'rollouts' ? '' : NAMESPACE}",status_code="${status}",verb="${verb}"}`;
  expect(requests).toContain(facts('rollouts', 'N/A', '200', 'List'));
  expect(requests).toContain(facts('rollouts', 'N/A', '200', 'Watch'));
  expect(requests).toContain(facts('replicasets', 'N/A', '201', 'Create'));
  expect(requests).toContain(facts('analysisruns', 'run', '200', 'Patch'));
  await cluster.stop();
});

it('a write that is refused for good is a failed pass', async () => {
  const cluster = await startCluster({
    intercept: (request, next) =>
      request.method === 'POST' && request.path.includes('/replicasets')
        ? Promise.reject(new Error('the wire is cut'))
        : next(request),
  });
  await post(cluster.client, NAMESPACE, {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name: 'web', namespace: NAMESPACE },
    spec: { replicas: 1, ...templated('app:v1'), strategy: { canary: {} } },
  } as never);
  await cluster.advance(500);
  const series = seriesOf(cluster.metrics);
  const errors = Number(series.get('rollout_reconcile_error{name="web",namespace="default"}'));
  expect(errors).toBeGreaterThan(0);
  expect(series.get('slipway_writes_refused_total{kind="Rollout",outcome="failed"}')).toBe(
    String(errors),
  );
  expect(series.get('workqueue_retries_total{name="Rollouts"}')).toBeDefined();
  const cut = 'kind="replicasets",name="N/A",namespace="default",status_code="0",verb="Create"';
  expect(series.get(`controller_clientset_k8s_request_total{${cut}}`)).toBe(String(errors));
  await cluster.stop();
});
