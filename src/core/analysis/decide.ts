// What to do for an AnalysisRun now: measurements to take, their verdicts, the run's phase, and when to look again
// (analysis.md 6-8). Entry point: `decide`.
//
// Flow: a completed run only waits for its time to live; otherwise arguments are resolved, the spec is checked, the
// measurements that are due are asked for, and once all answers are there they are worked in and assessed at once.
import { warning } from '../events.ts';
import type { AnalysisRunStatus, Metric, MetricResult } from '../../api/analysis.ts';
import { formatInstant, type Instant, parseInstant } from '../../lib/time.ts';
import type { Ask, Decision, EventNote, Measured } from '../decision.ts';
import type { Reason } from '../reasons.ts';
import { assessRun, eventType, isCompleted, isTerminating } from './assess.ts';
import { absenceText, NO_DATA } from '../../api/no-data.ts';
import { retention, trimmed, withMeasurement } from './measured.ts';
import { limitsOfMetric } from './metric.ts';
import {
  type DueAction,
  dueAction,
  firstInstant,
  isSwept,
  type Moment,
  nextDue,
} from './schedule.ts';
import { redacted } from './redaction.ts';
import { hidden, PLACEHOLDER, resolvedMetrics, secretsOf, secretValue } from './resolution.ts';
import type { Substituted } from './substitution.ts';
import { completedDecision } from './time-to-live.ts';
import { metricRules, metricsProblem, type MetricRules } from './validation.ts';
import type { AnalysisWorld } from './world.ts';

type RunDecision = Decision<AnalysisRunStatus>;

/** What the API server may hold before the first assessment. */
const EMPTY: AnalysisRunStatus = { phase: '' };

export function decide(world: AnalysisWorld, now: Instant): RunDecision {
  const status = world.run.status ?? EMPTY;
  if (isCompleted(status.phase)) return completedDecision(world, status, now);
  const plain = resolvedMetrics(world, PLACEHOLDER);
  if (!plain.ok) return ended(world, `Unable to resolve metric arguments: ${plain.error}`);
  const rules = checked(world, plain.value);
  if (!rules.ok) return ended(world, `Analysis spec invalid: ${rules.error}`);
  const run: Run = { world, status, now, metrics: plain.value, rules: rules.value };
  return measured(run);
}

interface Run {
  readonly world: AnalysisWorld;
  readonly status: AnalysisRunStatus;
  readonly now: Instant;
  /** Resolved without secrets. */
  readonly metrics: readonly Metric[];
  readonly rules: MetricRules;
}

function checked({ run }: AnalysisWorld, metrics: readonly Metric[]): Substituted<MetricRules> {
  const problem = metricsProblem(metrics);
  if (problem !== undefined) return { ok: false, error: problem };
  const names = metrics.map((metric) => metric.name);
  return metricRules(names, run.spec.dryRun ?? [], run.spec.measurementRetention ?? []);
}

/** The run is over before it could be measured; neither start nor end is recorded then. */
function ended(world: AnalysisWorld, message: string): RunDecision {
  const status = { ...(world.run.status ?? EMPTY), phase: 'Error', message };
  return {
    status,
    writes: [],
    events: [completionEvent('Error')],
    asks: [],
    reasons: [{ code: 'RunInvalid', message }],
  };
}

function completionEvent(phase: string): EventNote {
  return {
    type: eventType(phase),
    reason: `AnalysisRun${phase}`,
    message: `Analysis Completed. Result: ${phase}`,
  };
}

interface Due {
  /** Resolved without secrets; `index` is its place in the run. */
  readonly metric: Metric;
  readonly index: number;
  readonly action: DueAction | 'sweep';
  readonly key: string;
}

function resultFor(status: AnalysisRunStatus, name: string): MetricResult | undefined {
  return status.metricResults?.find((result) => result.name === name);
}

function dueMetrics(run: Run, moment: Moment): readonly Due[] {
  return run.metrics.flatMap((metric, index) => {
    const result = resultFor(run.status, metric.name);
    const isLeft = isSwept(metric, result, moment);
    const action = dueAction(metric, result, moment) ?? (isLeft ? 'sweep' : undefined);
    if (action === undefined) return [];
    // The number keeps an answer from being taken for that of a later measurement.
    return [{ metric, index, action, key: `${metric.name}/${takenOf(result)}/${action}` }];
  });
}

/** How many measurements have ended. */
function takenOf(result: MetricResult | undefined): number {
  return (result?.count ?? 0) + (result?.error ?? 0);
}

function measured(run: Run): RunDecision {
  const { status, now, world } = run;
  const startedAt = parseInstant(status.startedAt ?? '');
  const results = status.metricResults ?? [];
  const terminating = isTerminating(world.run.spec.terminate, results);
  const moment = { now, startedAt, terminating };
  const due = dueMetrics(run, moment);
  if (due.length === 0 && startedAt !== undefined) return assessed(run, results, moment);
  const secrets = secretsOf(world);
  if (!secrets.ok) return ended(world, `Unable to resolve metric arguments: ${secrets.error}`);
  if (secrets.value.missing.length > 0) return asking(run, secrets.value.missing);
  const { values } = secrets.value;
  const resolved = resolvedMetrics(world, (ref) => secretValue(values, ref));
  if (!resolved.ok) return ended(world, `Unable to resolve metric arguments: ${resolved.error}`);
  return taken(run, { due, moment, metrics: resolved.value, secrets: hidden(world, values) });
}

interface Round {
  readonly due: readonly Due[];
  readonly moment: Moment;
  /** Resolved with secrets. */
  readonly metrics: readonly Metric[];
  readonly secrets: readonly string[];
}

/** Asks for what is due, or works it in once every answer is there. */
function taken(run: Run, round: Round): RunDecision {
  const missing = round.due.filter((one) => answerTo(run.world, one.key) === undefined);
  if (missing.length > 0)
    return asking(
      run,
      missing.map((one) => measureAsk(run, round, one)),
    );
  const results = round.due.reduce<readonly MetricResult[]>((list, one) => {
    const answer = answerTo(run.world, one.key);
    const { action } = one;
    if (answer === undefined || action === 'sweep') return list;
    return withAnswer(run, round, { list, one, action, answer });
  }, run.status.metricResults ?? []);
  const decision = assessed(run, results, round.moment);
  return { ...decision, events: [...absences(run, round), ...decision.events] };
}

/** The metric with its secrets, but under the name that is stored. */
function revealed({ metrics }: Round, { metric, index }: Due): Metric {
  return { ...(metrics[index] ?? metric), name: metric.name };
}

/** Why measurements of this round had no data, as far as it was found out. */
function absences({ world }: Run, { due, secrets }: Round): readonly EventNote[] {
  return due.flatMap(({ metric, key }) => {
    const measured = answerTo(world, key);
    const reason = measured?.metadata?.[NO_DATA];
    if (measured === undefined || reason === undefined) return [];
    const message = absenceText({
      metric: metric.name,
      at: formatInstant(measured.startedAt),
      reason: redacted(reason, secrets),
      query: metric.provider.prometheus?.query ?? '',
    });
    return [warning('MetricNoData', message)];
  });
}

function withAnswer(
  run: Run,
  round: Round,
  {
    list,
    one,
    action,
    answer,
  }: {
    readonly list: readonly MetricResult[];
    readonly one: Due;
    readonly action: DueAction;
    readonly answer: Measured;
  },
): readonly MetricResult[] {
  const { name } = one.metric;
  const before = list.find((result) => result.name === name);
  const result = withMeasurement(before, {
    metric: revealed(round, one),
    action,
    measured: answer,
    now: run.now,
    dryRun: run.rules.dryRun.has(name),
    secrets: round.secrets,
  });
  return before === undefined
    ? [...list, result]
    : list.map((other) => (other.name === name ? result : other));
}

function answerTo({ answers }: AnalysisWorld, key: string): Measured | undefined {
  const found = answers.find((answer) => answer.kind === 'measure' && answer.key === key);
  return found?.kind === 'measure' ? found.measured : undefined;
}

function measureAsk(run: Run, round: Round, due: Due): Ask {
  const { metric, action, key } = due;
  const result = resultFor(run.status, metric.name);
  const isInFlight = action === 'resume' || action === 'terminate';
  const measurement = isInFlight ? result?.measurements?.at(-1) : undefined;
  const { name, namespace = '', uid = '' } = run.world.run.metadata;
  const resolved = revealed(round, due);
  return {
    kind: 'measure',
    key,
    measure: {
      metricName: metric.name,
      provider: resolved.provider,
      action,
      run: { namespace, name, uid },
      number: takenOf(result) + 1,
      keep: retention(run.rules.retention.get(metric.name)),
      explainsAbsence: isExplanationDue(metric, result),
      ...(measurement === undefined ? {} : { measurement }),
      ...(resolved.provider.plugin === undefined
        ? {}
        : { plugin: { run: run.world.run, metric: resolved } }),
    },
  };
}

/** Once, and again for a measurement that may end the run: by then there may be other series. */
function isExplanationDue(metric: Metric, result: MetricResult | undefined): boolean {
  const { measurements = [], failed = 0 } = result ?? {};
  const isKnown = measurements.some(({ metadata }) => metadata?.[NO_DATA] !== undefined);
  const { failureLimit } = limitsOfMetric(metric);
  return !isKnown || (failureLimit >= 0 && failed >= failureLimit);
}

/** Nothing is stored before the answers are there. */
function asking(run: Run, asks: readonly Ask[]): RunDecision {
  const names = asks.map((ask) => (ask.kind === 'measure' ? ask.measure.metricName : ask.key));
  const reason: Reason = {
    code: 'MeasurementDue',
    message: `measuring ${names.join(', ')}`,
  };
  return { status: run.status, writes: [], events: [], asks, reasons: [reason] };
}

function assessed(run: Run, results: readonly MetricResult[], moment: Moment): RunDecision {
  const { status, now, rules, world } = run;
  const outcome = assessRun({
    metrics: run.metrics,
    results,
    dryRun: rules.dryRun,
    terminate: world.run.spec.terminate === true,
    terminating: moment.terminating,
  });
  const isNew = outcome.phase !== status.phase;
  const completed = isCompleted(outcome.phase);
  const kept = outcome.results.map((one) => trimmed(one, rules.retention.get(one.name)));
  const next: AnalysisRunStatus = {
    ...status,
    ...(isNew ? withMessage(outcome.phase, outcome.message) : {}),
    ...(kept.length === 0 ? {} : { metricResults: kept }),
    startedAt: status.startedAt ?? formatInstant(now),
    runSummary: outcome.runSummary,
    dryRunSummary: outcome.dryRunSummary,
    ...(completed ? { completedAt: status.completedAt ?? formatInstant(now) } : {}),
  };
  const requeueAt = completed ? undefined : nextMoment(run, next, moment);
  return {
    status: next,
    writes: [],
    events: [...outcome.events, ...(isNew && completed ? [completionEvent(outcome.phase)] : [])],
    asks: [],
    ...(requeueAt === undefined ? {} : { requeueAt }),
    reasons: [assessedReason(outcome, requeueAt)],
  };
}

function withMessage(phase: string, message: string): AnalysisRunStatus {
  return message === '' ? { phase } : { phase, message };
}

function assessedReason(
  { phase, message }: { readonly phase: string; readonly message: string },
  requeueAt: Instant | undefined,
): Reason {
  if (isCompleted(phase)) {
    return { code: 'RunCompleted', message: message === '' ? `the run is ${phase}` : message };
  }
  const until = requeueAt === undefined ? '' : ` until ${formatInstant(requeueAt)}`;
  return { code: 'MeasurementWaiting', message: `waiting for the next measurement${until}` };
}

function nextMoment(run: Run, status: AnalysisRunStatus, moment: Moment): Instant | undefined {
  const startedAt = parseInstant(status.startedAt ?? '');
  const terminating = isTerminating(run.world.run.spec.terminate, status.metricResults ?? []);
  const moments = run.metrics.flatMap((metric) => {
    const next = nextDue(metric, resultFor(status, metric.name), {
      ...moment,
      startedAt,
      terminating,
    });
    return next === undefined ? [] : [firstInstant(next)];
  });
  const [first, ...rest] = moments;
  return first === undefined ? undefined : rest.reduce((a, b) => (b < a ? b : a), first);
}
