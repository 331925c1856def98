// Gauges of objects, computed from the watch caches when they are asked for; nothing is kept (operations.md 4). Entry
// point: `objectGauges`.
import type { AnalysisRun, Metric } from '../../api/analysis.ts';
import type { Experiment } from '../../api/experiment.ts';
import type { KubeObject } from '../../api/object.ts';
import type { Rollout } from '../../api/rollout.ts';
import type { Caches } from '../caches.ts';
import type { Family, Sample } from './exposition.ts';
import { type MetricName, rowOf, type ValuesOf } from './table.ts';

type Watched = Pick<
  Caches,
  'rollouts' | 'experiments' | 'analysisRuns' | 'analysisTemplates' | 'clusterAnalysisTemplates'
>;

/** Families in the order of the table, one after the other as they are read. */
export function* objectGauges(caches: Watched): Generator<Family> {
  yield* rolloutGauges(sorted(caches.rollouts.list()));
  yield* experimentGauges(sorted(caches.experiments.list()));
  yield* analysisRunGauges(sorted(caches.analysisRuns.list()));
  yield* templateGauges([
    ...sorted(caches.clusterAnalysisTemplates.list()),
    ...sorted(caches.analysisTemplates.list()),
  ]);
}

function sorted<T extends KubeObject>(objects: readonly T[]): readonly T[] {
  return [...objects].sort((a, b) => (pathOf(a) < pathOf(b) ? -1 : 1));
}

function pathOf(object: KubeObject): string {
  return placeOf(object).join('/');
}

type Place = readonly [namespace: string, name: string];

function placeOf({ metadata }: KubeObject): Place {
  return [metadata.namespace ?? '', metadata.name];
}

type GaugeName = MetricName<'gauge'>;

function of<N extends GaugeName>(values: ValuesOf<N>, value: number): Sample {
  return { values, value };
}

/** One family of a series or more for each object. */
function family<T>(
  name: GaugeName,
  objects: readonly T[],
  samples: (object: T) => readonly Sample[],
): Family {
  return { row: rowOf(name), samples: objects.flatMap(samples) };
}

function* rolloutGauges(rollouts: readonly Rollout[]): Generator<Family> {
  yield family('rollout_info', rollouts, (one) => [
    of<'rollout_info'>([...placeOf(one), strategyOf(one), routerOf(one), rolloutPhase(one)], 1),
  ]);
  const count = (name: GaugeName, value: (rollout: Rollout) => number) =>
    family(name, rollouts, (one) => [{ values: placeOf(one), value: value(one) }]);
  yield count('rollout_info_replicas_available', ({ status }) => status?.availableReplicas ?? 0);
  yield count('rollout_info_replicas_unavailable', ({ status }) => {
    return (status?.replicas ?? 0) - (status?.availableReplicas ?? 0);
  });
  yield count('rollout_info_replicas_desired', ({ spec }) => spec.replicas ?? 1);
  yield count('rollout_info_replicas_updated', ({ status }) => status?.updatedReplicas ?? 0);
  yield family('rollout_phase', rollouts, (one) => {
    const current = rolloutPhase(one);
    return ROLLOUT_PHASES.map((phase) =>
      of<'rollout_phase'>([...placeOf(one), strategyOf(one), phase], Number(phase === current)),
    );
  });
}

const ROLLOUT_PHASES = ['Completed', 'Progressing', 'Paused', 'Timeout', 'Error', 'Abort'] as const;

/** Reasons of the condition Progressing that have a phase of their own here. */
const PHASE_OF_REASON: ReadonlyMap<string, (typeof ROLLOUT_PHASES)[number]> = new Map([
  ['NewReplicaSetAvailable', 'Completed'],
  ['RolloutPaused', 'Paused'],
  ['ReplicaSetCreateError', 'Error'],
  ['ProgressDeadlineExceeded', 'Timeout'],
  ['RolloutAborted', 'Abort'],
]);

/** Not status.phase: what these metrics have called it since before there was one. */
function rolloutPhase({ status }: Rollout): string {
  const conditions = status?.conditions ?? [];
  if (conditions.some(({ type }) => type === 'InvalidSpec')) return 'InvalidSpec';
  const progressing = conditions.find(({ type }) => type === 'Progressing');
  return PHASE_OF_REASON.get(progressing?.reason ?? '') ?? 'Progressing';
}

function strategyOf({ spec }: Rollout): string {
  if (spec.strategy?.blueGreen !== undefined) return 'blueGreen';
  return spec.strategy?.canary === undefined ? 'none' : 'canary';
}

/** Of several routers the last of these is told; others are not told at all. */
const ROUTERS = [
  ['alb', 'ALB'],
  ['ambassador', 'Ambassador'],
  ['istio', 'Istio'],
  ['nginx', 'Nginx'],
  ['smi', 'SMI'],
  ['appMesh', 'AppMesh'],
] as const;

function routerOf({ spec }: Rollout): string {
  const routing = spec.strategy?.canary?.trafficRouting;
  return ROUTERS.findLast(([field]) => routing?.[field] !== undefined)?.[1] ?? '';
}

/** Phases of experiments and runs: one that has none yet is pending. */
function isIn(phase: string, current: string | undefined): number {
  return Number((current ?? '') === '' ? phase === 'Pending' : phase === current);
}

const EXPERIMENT_PHASES = ['Pending', 'Error', 'Successful', 'Running', 'Inconclusive'] as const;
const RUN_PHASES = ['Pending', 'Error', 'Failed', 'Successful', 'Running', 'Inconclusive'] as const;

function* experimentGauges(experiments: readonly Experiment[]): Generator<Family> {
  yield family('experiment_info', experiments, (one) => [
    of<'experiment_info'>([...placeOf(one), one.status?.phase ?? ''], 1),
  ]);
  yield family('experiment_phase', experiments, (one) =>
    EXPERIMENT_PHASES.map((phase) =>
      of<'experiment_phase'>([...placeOf(one), phase], isIn(phase, one.status?.phase)),
    ),
  );
}

function* analysisRunGauges(runs: readonly AnalysisRun[]): Generator<Family> {
  yield family('analysis_run_info', runs, (one) => [
    of<'analysis_run_info'>([...placeOf(one), one.status?.phase ?? ''], 1),
  ]);
  yield family('analysis_run_phase', runs, (one) =>
    RUN_PHASES.map((phase) =>
      of<'analysis_run_phase'>([...placeOf(one), phase], isIn(phase, one.status?.phase)),
    ),
  );
  yield family('analysis_run_metric_type', runs, (one) =>
    metricsOf(one).map((metric) =>
      of<'analysis_run_metric_type'>([...placeOf(one), metric.name, typeOf(metric)], 1),
    ),
  );
  yield family('analysis_run_metric_phase', runs, (one) =>
    metricsOf(one).flatMap(metricPhases(one)),
  );
}

function metricPhases(run: AnalysisRun) {
  return (metric: Metric): readonly Sample[] => {
    const result = run.status?.metricResults?.find(({ name }) => name === metric.name);
    const dryRun = String(result?.dryRun === true);
    return RUN_PHASES.map((phase) =>
      of<'analysis_run_metric_phase'>(
        [...placeOf(run), metric.name, typeOf(metric), dryRun, phase],
        isIn(phase, result?.phase),
      ),
    );
  };
}

type Template = KubeObject & { readonly spec: { readonly metrics?: readonly Metric[] } };

function* templateGauges(templates: readonly Template[]): Generator<Family> {
  yield family('analysis_template_info', templates, (one) => [
    of<'analysis_template_info'>(placeOf(one), 1),
  ]);
  yield family('analysis_template_metric_info', templates, (one) =>
    metricsOf(one).map((metric) =>
      of<'analysis_template_metric_info'>([...placeOf(one), typeOf(metric), metric.name], 1),
    ),
  );
}

/** Of two metrics of one name the first: a series that comes twice makes a whole scrape worthless. */
function metricsOf({ spec }: Template): readonly Metric[] {
  const byName = new Map((spec.metrics ?? []).toReversed().map((metric) => [metric.name, metric]));
  return [...byName.values()].toReversed();
}

const TYPES: readonly (readonly [member: keyof Metric['provider'], type: string])[] = [
  ['prometheus', 'Prometheus'],
  ['job', 'Job'],
  ['kayenta', 'Kayenta'],
  ['web', 'Web'],
  ['datadog', 'Datadog'],
  ['wavefront', 'Wavefront'],
  ['newRelic', 'NewRelic'],
  ['cloudWatch', 'CloudWatch'],
  ['graphite', 'Graphite'],
  ['influxdb', 'Influxdb'],
  ['skywalking', 'skywalking'],
  ['plugin', 'RPCPlugin'],
];

function typeOf({ provider }: Metric): string {
  return TYPES.find(([member]) => provider[member] !== undefined)?.[1] ?? 'Unknown Provider';
}
