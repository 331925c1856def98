import { expect, test } from 'vitest';
import type { Deployment, Pod, ReplicaSet } from '../../api/kubernetes.ts';
import { idle } from '../../../test/support/cluster.ts';
import { bodyOf, utf8 } from '../../lib/bytes.ts';
import type { Transport } from '../../lib/ports.ts';
import { instant, milliseconds } from '../../lib/time.ts';
import { VirtualClock } from '../../lib/virtual-clock.ts';
import { createTelemetry, type TelemetryRecord } from '../mesh/telemetry.ts';
import { workloadOf } from '../mesh/telemetry-labels.ts';
import { createCollector } from './collect.ts';
import { labelSetOf } from './labels.ts';
import { equalMatcher } from './matcher.ts';
import { SeriesStore } from './store.ts';

const SHELL = { namespace: 'default', name: 'shell', labels: { run: 'shell' } };
const OWNER = { kind: 'ReplicaSet', name: 'web-66f8b' };
const WEB = {
  namespace: 'default',
  name: 'web-1',
  labels: { app: 'web', 'rollouts-pod-template-hash': '66f8b' },
  owner: OWNER,
};
const SERVICE = { namespace: 'default', name: 'web', host: 'web.default.svc.cluster.local' };

function podOf(
  name: string,
  more: {
    ip: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    restarts?: number;
  },
): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'default',
      uid: `uid-${name}`,
      labels: more.labels ?? {},
      annotations: more.annotations ?? {},
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
    spec: { containers: [{ name: 'main', image: 'web:1', ports: [{ containerPort: 8080 }] }] },
    status: {
      phase: 'Running',
      podIP: more.ip,
      conditions: [{ type: 'Ready', status: 'True' }],
      containerStatuses: [
        {
          name: 'main',
          ready: true,
          restartCount: more.restarts ?? 0,
          image: 'web:1',
          state: { running: { startedAt: '2026-01-01T00:00:00Z' } },
        },
      ],
    },
  };
}

function worldOf(options: { pods: Pod[]; servers?: Record<string, Transport> }) {
  const clock = new VirtualClock({ start: instant(Date.UTC(2026, 0, 1)), idle });
  const store = new SeriesStore();
  const telemetry = createTelemetry();
  const sets: ReplicaSet[] = [];
  const deployments: Deployment[] = [];
  const work = { requests: 0, active: 0 };
  const collector = createCollector({
    clock,
    store,
    interval: milliseconds(5000),
    pods: { list: () => options.pods },
    replicaSets: { list: () => sets },
    deployments: { list: () => deployments },
    telemetry,
    work: () => work,
    server: (address, port) => options.servers?.[`${address}:${port}`],
  });
  collector.start();
  /** Of each series of that name: its labels, its values in order; `stale` where it has ended. */
  const series = (name: string, where: Record<string, string> = {}) =>
    store
      .select(
        [
          equalMatcher('__name__', name),
          ...Object.entries(where).map(([key, value]) => equalMatcher(key, value)),
        ],
        0,
        Infinity,
      )
      .map(({ labels, values, stale }) => ({
        labels: labelSetOf(labels),
        values: [...values].map((value, at) => (stale?.[at] === 1 ? 'stale' : value)),
      }));
  return { clock, store, telemetry, collector, sets, deployments, work, series };
}

function record(more: Partial<TelemetryRecord> = {}): TelemetryRecord {
  return {
    reporter: 'source',
    source: { caller: { kind: 'pod', namespace: 'default', labels: SHELL.labels }, pod: SHELL },
    service: SERVICE,
    pod: WEB,
    status: 200,
    flags: '-',
    grpcStatus: '',
    isGrpc: false,
    durationMs: 3,
    requestBytes: 100,
    responseBytes: 73,
    ...more,
  };
}

test('a request is a series at both proxies, with the labels of Istio and of the pods', async () => {
  const { clock, telemetry, series } = worldOf({
    pods: [
      podOf('shell', { ip: '10.0.0.1', labels: SHELL.labels }),
      podOf('web-1', { ip: '10.0.0.2', labels: WEB.labels }),
    ],
  });
  telemetry.record(record());
  telemetry.record(record({ reporter: 'destination' }));
  await clock.advance(milliseconds(5000));
  telemetry.record(record());
  await clock.advance(milliseconds(5000));
  const [source] = series('istio_requests_total', { reporter: 'source' });
  expect(source).toEqual({
    values: [1, 2],
    labels: {
      __name__: 'istio_requests_total',
      reporter: 'source',
      source_workload: 'shell',
      source_workload_namespace: 'default',
      source_canonical_service: 'shell',
      source_canonical_revision: 'latest',
      source_principal: 'spiffe://cluster.local/ns/default/sa/default',
      source_cluster: 'Kubernetes',
      destination_workload: 'web',
      destination_workload_namespace: 'default',
      destination_canonical_service: 'web',
      destination_canonical_revision: 'latest',
      destination_principal: 'spiffe://cluster.local/ns/default/sa/default',
      destination_app: 'web',
      destination_cluster: 'Kubernetes',
      destination_service: 'web.default.svc.cluster.local',
      destination_service_name: 'web',
      destination_service_namespace: 'default',
      request_protocol: 'http',
      response_code: '200',
      response_flags: '-',
      connection_security_policy: 'unknown',
      job: 'kubernetes-pods',
      instance: '10.0.0.1:15020',
      namespace: 'default',
      pod: 'shell',
      run: 'shell',
    },
  });
  const [destination] = series('istio_requests_total', { reporter: 'destination' });
  expect(destination?.values).toEqual([1, 1]);
  expect(destination?.labels).toMatchObject({
    connection_security_policy: 'mutual_tls',
    pod: 'web-1',
    rollouts_pod_template_hash: '66f8b',
  });
});

test('histograms have Istio’s buckets, cumulated', async () => {
  const { clock, telemetry, series } = worldOf({ pods: [podOf('shell', { ip: '10.0.0.1' })] });
  for (const durationMs of [0.5, 3, 3, 7, 4_000_000]) telemetry.record(record({ durationMs }));
  await clock.advance(milliseconds(5000));
  const buckets = series('istio_request_duration_milliseconds_bucket');
  const byBound = Object.fromEntries(
    buckets.map(({ labels, values }) => [labels['le'], values[0]]),
  );
  expect(Object.keys(byBound)).toHaveLength(20);
  expect(byBound).toMatchObject({ '0.5': 1, '1': 1, '5': 3, '10': 4, '3600000': 4, '+Inf': 5 });
  expect(series('istio_request_duration_milliseconds_count')[0]?.values).toEqual([5]);
  expect(series('istio_request_duration_milliseconds_sum')[0]?.values).toEqual([4_000_013.5]);
  expect(series('istio_response_bytes_bucket', { le: '100' })[0]?.values).toEqual([5]);
});

const WORKLOADS: readonly {
  readonly reason: string;
  readonly owner?: { readonly kind: string; readonly name: string };
  readonly labels: Readonly<Record<string, string>>;
  readonly current: string;
  readonly old: string;
}[] = [
  {
    reason: 'a Deployment',
    owner: { kind: 'ReplicaSet', name: 'web-66f8b' },
    labels: { 'pod-template-hash': '66f8b' },
    current: 'web',
    old: 'web',
  },
  {
    reason: 'a Rollout',
    owner: { kind: 'ReplicaSet', name: 'web-66f8b' },
    labels: { 'rollouts-pod-template-hash': '66f8b' },
    current: 'web',
    old: 'web-66f8b',
  },
  {
    reason: 'an experiment',
    owner: { kind: 'ReplicaSet', name: 'web-66f8b-2-0-canary' },
    labels: { 'rollouts-pod-template-hash': '7d9c' },
    current: 'web-66f8b-2-0-canary',
    old: 'web-66f8b-2-0-canary',
  },
  {
    reason: 'a Job',
    owner: { kind: 'Job', name: 'once' },
    labels: {},
    current: 'once',
    old: 'once',
  },
  { reason: 'no owner', labels: {}, current: 'web-1', old: 'web-1' },
  {
    reason: 'a label of its own',
    labels: { 'service.istio.io/workload-name': 'mine' },
    current: 'mine',
    old: 'mine',
  },
];

test.each(WORKLOADS)('destination_workload of $reason', ({ owner, labels, current, old }) => {
  const pod = {
    namespace: 'default',
    name: 'web-1',
    labels,
    ...(owner === undefined ? {} : { owner }),
  };
  expect(workloadOf(pod, 'current')).toBe(current);
  expect(workloadOf(pod, 'replica-set')).toBe(old);
});

test('what never reached a pod has an unknown workload but its service', async () => {
  const { clock, telemetry, series } = worldOf({ pods: [podOf('shell', { ip: '10.0.0.1' })] });
  telemetry.record(record({ pod: undefined, status: 503, flags: 'UH' }));
  await clock.advance(milliseconds(5000));
  expect(series('istio_requests_total')[0]?.labels).toMatchObject({
    destination_workload: 'unknown',
    destination_workload_namespace: 'unknown',
    destination_service_name: 'web',
    response_flags: 'UH',
  });
});

test('the series of a pod that is gone end at the next scrape', async () => {
  const pods = [podOf('shell', { ip: '10.0.0.1' })];
  const { clock, telemetry, series } = worldOf({ pods });
  telemetry.record(record());
  await clock.advance(milliseconds(5000));
  pods.splice(0);
  await clock.advance(milliseconds(10_000));
  expect(series('istio_requests_total')[0]?.values).toEqual([1, 'stale']);
  expect(series('up', { job: 'kubernetes-pods' })[0]?.values).toEqual([1, 'stale']);
  expect(series('kube_pod_info')[0]?.values).toEqual([1, 'stale']);
});

test('a counter that has stood still for an hour ends, and begins anew with the next request', async () => {
  const pods = [podOf('shell', { ip: '10.0.0.1', labels: SHELL.labels })];
  const { clock, telemetry, series } = worldOf({ pods });
  telemetry.record(record());
  telemetry.record(record({ status: 503 }));
  const served = () => series('istio_requests_total', { response_code: '200' })[0]?.values ?? [];
  const failed = () => series('istio_requests_total', { response_code: '503' })[0]?.values ?? [];
  for (let quarter = 0; quarter < 4; quarter += 1) {
    await clock.advance(milliseconds(900_000));
    telemetry.record(record());
  }
  expect([served().at(-1), failed().at(-1)]).toEqual([4, 1]);
  await clock.advance(milliseconds(5000));
  expect([served().at(-1), failed().at(-1)]).toEqual([5, 'stale']);
  const length = failed().length;
  await clock.advance(milliseconds(600_000));
  expect(failed()).toHaveLength(length);
  telemetry.record(record({ status: 503 }));
  await clock.advance(milliseconds(5000));
  expect(failed().slice(-2)).toEqual(['stale', 1]);
});

test('what a pod exposes by annotation is scraped through its own server', async () => {
  const seen: string[] = [];
  const annotations = {
    'prometheus.io/scrape': 'true',
    'prometheus.io/port': '9100',
    'prometheus.io/path': '/stats',
  };
  const pods = [podOf('web-1', { ip: '10.0.0.2', annotations })];
  const server: Transport = ({ path }) => {
    seen.push(path);
    const text =
      '# HELP jobs_total Jobs.\n# TYPE jobs_total counter\njobs_total{kind="a\\"b",pod="x"} 7 1700000000000\n';
    return Promise.resolve({ status: 200, headers: {}, body: bodyOf(utf8(text)) });
  };
  const { clock, series } = worldOf({ pods, servers: { '10.0.0.2:9100': server } });
  await clock.advance(milliseconds(5000));
  expect(seen).toEqual(['/stats']);
  // The target's own label wins, as without honor_labels.
  expect(series('jobs_total')).toMatchObject([
    {
      values: [7],
      labels: { kind: 'a"b', pod: 'web-1', exported_pod: 'x', instance: '10.0.0.2:15020' },
    },
  ]);
  expect(series('up', { pod: 'web-1' })[0]?.values).toEqual([1]);
});

test('a server that does not answer is down', async () => {
  const annotations = { 'prometheus.io/scrape': 'true', 'prometheus.io/port': '9100' };
  const { clock, series } = worldOf({ pods: [podOf('web-1', { ip: '10.0.0.2', annotations })] });
  await clock.advance(milliseconds(5000));
  expect(series('up', { pod: 'web-1' })[0]?.values).toEqual([0]);
});

test('the document’s own annotations mean the proxy beside the pod', async () => {
  const annotations = {
    'prometheus.io/scrape': 'true',
    'prometheus.io/port': '15020',
    'prometheus.io/path': '/stats/prometheus',
  };
  const { clock, series } = worldOf({ pods: [podOf('web-1', { ip: '10.0.0.2', annotations })] });
  await clock.advance(milliseconds(5000));
  expect(series('up', { pod: 'web-1' })[0]?.values).toEqual([1]);
});

test('kube-state-metrics’ series follow the objects', async () => {
  const pods = [podOf('web-1', { ip: '10.0.0.2', labels: { app: 'web' } })];
  const { clock, sets, series } = worldOf({ pods });
  sets.push({
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name: 'web-66f8b', namespace: 'default' },
    spec: { replicas: 3, selector: {} },
    status: { replicas: 2, readyReplicas: 1 },
  });
  await clock.advance(milliseconds(5000));
  pods[0] = podOf('web-1', { ip: '10.0.0.2', labels: { app: 'web' }, restarts: 2 });
  await clock.advance(milliseconds(5000));
  expect(series('kube_pod_container_status_restarts_total')[0]?.values).toEqual([0, 2]);
  expect(series('kube_pod_status_ready', { condition: 'true' })[0]?.values).toEqual([1, 1]);
  expect(series('kube_pod_labels')[0]?.labels).toMatchObject({
    label_app: 'web',
    job: 'kube-state-metrics',
  });
  expect(series('kube_replicaset_spec_replicas')[0]?.values).toEqual([3, 3]);
  expect(series('kube_replicaset_status_ready_replicas')[0]?.values).toEqual([1, 1]);
});

test('use of a container follows from the requests that it answered', async () => {
  const { clock, work, series } = worldOf({ pods: [podOf('web-1', { ip: '10.0.0.2' })] });
  await clock.advance(milliseconds(5000));
  work.requests = 1000;
  await clock.advance(milliseconds(5000));
  const [idle, busy] = (series('container_cpu_usage_seconds_total')[0]?.values ?? []) as number[];
  expect(idle).toBeCloseTo(0.01);
  expect(busy).toBeCloseTo(0.52);
});
