// All metrics of the controller: one row each, of which docs/reference/metrics.md is made. A series without a row does
// not compile. Names, labels and buckets of the first part are the reference's (operations.md 4).

export interface MetricRow {
  readonly name: string;
  readonly type: 'gauge' | 'counter' | 'histogram';
  readonly labels: readonly string[];
  /** Upper bounds of a histogram, ascending. */
  readonly buckets?: readonly number[];
  readonly help: string;
}

const OF_OBJECT = ['namespace', 'name'] as const;
const SECONDS_OF_PASS = [0.01, 0.15, 0.25, 0.5, 1] as const;
/** Ten powers of ten, as Kubernetes has them for its queues. */
const SECONDS_OF_QUEUE = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 1, 10] as const;

export const METRICS = [
  {
    name: 'rollout_info',
    type: 'gauge',
    labels: [...OF_OBJECT, 'strategy', 'traffic_router', 'phase'],
    help: 'Information about a Rollout: always 1.',
  },
  {
    name: 'rollout_info_replicas_available',
    type: 'gauge',
    labels: OF_OBJECT,
    help: 'Available pods of a Rollout.',
  },
  {
    name: 'rollout_info_replicas_unavailable',
    type: 'gauge',
    labels: OF_OBJECT,
    help: 'Pods of a Rollout that are not available.',
  },
  {
    name: 'rollout_info_replicas_desired',
    type: 'gauge',
    labels: OF_OBJECT,
    help: 'Pods that the spec of a Rollout wants.',
  },
  {
    name: 'rollout_info_replicas_updated',
    type: 'gauge',
    labels: OF_OBJECT,
    help: 'Pods of the version of the template.',
  },
  {
    name: 'rollout_phase',
    type: 'gauge',
    labels: [...OF_OBJECT, 'strategy', 'phase'],
    help: 'Deprecated, use rollout_info: 1 for the phase that a Rollout is in, else 0.',
  },
  {
    name: 'rollout_reconcile',
    type: 'histogram',
    labels: OF_OBJECT,
    buckets: SECONDS_OF_PASS,
    help: 'Seconds that a pass over a Rollout took.',
  },
  {
    name: 'rollout_reconcile_error',
    type: 'counter',
    labels: OF_OBJECT,
    help: 'Passes over a Rollout that failed.',
  },
  {
    name: 'rollout_events_total',
    type: 'counter',
    labels: [...OF_OBJECT, 'type', 'reason'],
    help: 'Events told on a Rollout.',
  },
  {
    name: 'rollout_duration_seconds',
    type: 'histogram',
    labels: ['status'],
    buckets: [30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400, 28_800],
    help: 'Seconds from the start of an update to its end.',
  },
  {
    name: 'rollout_progression_duration_seconds',
    type: 'histogram',
    labels: ['status'],
    buckets: [30, 60, 120, 300, 600, 900, 1800, 3600],
    help: 'Seconds of an update in which it did not wait for a person.',
  },
  {
    name: 'rollout_manual_pause_duration_seconds',
    type: 'histogram',
    labels: ['status'],
    buckets: [0, 60, 300, 600, 1800, 3600, 7200, 14_400, 28_800],
    help: 'Seconds of an update in which it waited for a person.',
  },
  {
    name: 'experiment_info',
    type: 'gauge',
    labels: [...OF_OBJECT, 'phase'],
    help: 'Information about an Experiment: always 1.',
  },
  {
    name: 'experiment_phase',
    type: 'gauge',
    labels: [...OF_OBJECT, 'phase'],
    help: 'Deprecated, use experiment_info: 1 for the phase that an Experiment is in, else 0.',
  },
  {
    name: 'experiment_reconcile',
    type: 'histogram',
    labels: OF_OBJECT,
    buckets: SECONDS_OF_PASS,
    help: 'Seconds that a pass over an Experiment took.',
  },
  {
    name: 'experiment_reconcile_error',
    type: 'counter',
    labels: OF_OBJECT,
    help: 'Passes over an Experiment that failed.',
  },
  {
    name: 'analysis_run_info',
    type: 'gauge',
    labels: [...OF_OBJECT, 'phase'],
    help: 'Information about an AnalysisRun: always 1.',
  },
  {
    name: 'analysis_run_phase',
    type: 'gauge',
    labels: [...OF_OBJECT, 'phase'],
    help: 'Deprecated, use analysis_run_info: 1 for the phase that an AnalysisRun is in, else 0.',
  },
  {
    name: 'analysis_run_metric_type',
    type: 'gauge',
    labels: [...OF_OBJECT, 'metric', 'type'],
    help: 'Provider of a metric of an AnalysisRun: always 1.',
  },
  {
    name: 'analysis_run_metric_phase',
    type: 'gauge',
    labels: [...OF_OBJECT, 'metric', 'type', 'dry_run', 'phase'],
    help: '1 for the phase that a metric of an AnalysisRun is in, else 0.',
  },
  {
    name: 'analysis_run_reconcile',
    type: 'histogram',
    labels: OF_OBJECT,
    buckets: SECONDS_OF_PASS,
    help: 'Seconds that a pass over an AnalysisRun took.',
  },
  {
    name: 'analysis_run_reconcile_error',
    type: 'counter',
    labels: OF_OBJECT,
    help: 'Passes over an AnalysisRun that failed.',
  },
  {
    name: 'analysis_template_info',
    type: 'gauge',
    labels: OF_OBJECT,
    help: 'An AnalysisTemplate, or without a namespace a ClusterAnalysisTemplate: always 1.',
  },
  {
    name: 'analysis_template_metric_info',
    type: 'gauge',
    labels: [...OF_OBJECT, 'type', 'metric'],
    help: 'A metric of a template and its provider: always 1.',
  },
  {
    name: 'controller_clientset_k8s_request_total',
    type: 'counter',
    labels: ['kind', 'namespace', 'name', 'verb', 'status_code'],
    help: 'Requests to the API server; status_code 0 if no answer came.',
  },
  {
    name: 'argo_rollouts_controller_info',
    type: 'gauge',
    labels: ['version'],
    help: 'The controller that runs: always 1.',
  },
  {
    name: 'build_info',
    type: 'gauge',
    labels: ['version', 'goversion', 'goarch', 'commit'],
    help: 'What the controller was built from; goversion tells the runtime: always 1.',
  },
  {
    name: 'workqueue_adds_total',
    type: 'counter',
    labels: ['name'],
    help: 'Keys put into the queue.',
  },
  {
    name: 'workqueue_depth',
    type: 'gauge',
    labels: ['name'],
    help: 'Keys that wait in the queue.',
  },
  {
    name: 'workqueue_queue_duration_seconds',
    type: 'histogram',
    labels: ['name'],
    buckets: SECONDS_OF_QUEUE,
    help: 'Seconds that a key waited in the queue.',
  },
  {
    name: 'workqueue_work_duration_seconds',
    type: 'histogram',
    labels: ['name'],
    buckets: SECONDS_OF_QUEUE,
    help: 'Seconds that a pass over a key took.',
  },
  {
    name: 'workqueue_unfinished_work_seconds',
    type: 'gauge',
    labels: ['name'],
    help: 'Seconds that the passes which run have taken so far, all together.',
  },
  {
    name: 'workqueue_longest_running_processor_seconds',
    type: 'gauge',
    labels: ['name'],
    help: 'Seconds that the longest pass which runs has taken so far.',
  },
  {
    name: 'workqueue_retries_total',
    type: 'counter',
    labels: ['name'],
    help: 'Passes that asked for another one after a pause.',
  },
  {
    name: 'slipway_decisions_total',
    type: 'counter',
    labels: ['kind', 'reason'],
    help: 'Decisions by their first reason.',
  },
  {
    name: 'slipway_writes_refused_total',
    type: 'counter',
    labels: ['kind', 'outcome'],
    help: 'Writes that were not done: stale, taken, refused, failed or skipped, by the kind that was decided.',
  },
  {
    name: 'slipway_watch_restarts_total',
    type: 'counter',
    labels: ['resource'],
    help: 'Lists and watches that broke and were begun anew.',
  },
  {
    name: 'slipway_updates_waiting',
    type: 'gauge',
    labels: [],
    help: 'Updates that begin when the ReplicaSet controller has caught up with those that have begun.',
  },
  {
    name: 'slipway_leader',
    type: 'gauge',
    labels: [],
    help: '1 while this controller leads, else 0.',
  },
  {
    name: 'process_cpu_seconds_total',
    type: 'counter',
    labels: [],
    help: 'Processor time of this process in seconds.',
  },
  {
    name: 'process_resident_memory_bytes',
    type: 'gauge',
    labels: [],
    help: 'Memory of this process that is resident.',
  },
  {
    name: 'process_start_time_seconds',
    type: 'gauge',
    labels: [],
    help: 'When this process began, in seconds since 1970.',
  },
  {
    name: 'process_heap_bytes',
    type: 'gauge',
    labels: [],
    help: 'Memory of this process that objects use.',
  },
] as const satisfies readonly MetricRow[];

type Row = (typeof METRICS)[number];
type RowOf<N extends Row['name']> = Extract<Row, { readonly name: N }>;

export type MetricName<T extends MetricRow['type'] = MetricRow['type']> = Extract<
  Row,
  { readonly type: T }
>['name'];

/** Label values of a series, in the order of its row's labels. */
export type ValuesOf<N extends MetricName> = Texts<RowOf<N>['labels']>;

type Texts<L extends readonly string[]> = { readonly [K in keyof L]: string };

const ROWS: ReadonlyMap<string, MetricRow> = new Map(METRICS.map((row) => [row.name, row]));

export function rowOf(name: MetricName): MetricRow {
  const row = ROWS.get(name);
  if (row === undefined) throw new Error(`no row for the metric ${name}`);
  return row;
}
