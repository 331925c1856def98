// Runs analysis-assess.json: phases of metrics and runs, schedules, and whole runs on a virtual clock.
import type {
  AnalysisRun,
  AnalysisRunStatus,
  Measurement,
  Metric,
  MetricResult,
} from '../../src/api/analysis.ts';
import {
  assessMetric,
  assessRun,
  exceededLimit,
  isTerminating,
} from '../../src/core/analysis/assess.ts';
import { decide } from '../../src/core/analysis/decide.ts';
import { dueAction, nextDue } from '../../src/core/analysis/schedule.ts';
import type { Answer, Ask, Measured } from '../../src/core/decision.ts';
import { jsonEqual } from '../../src/lib/equal.ts';
import { formatInstantMicro, type Instant, instant, parseInstant } from '../../src/lib/time.ts';
import { type CaseResult, unknownKind } from './result.ts';

const COUNTERS = [
  'count',
  'successful',
  'failed',
  'inconclusive',
  'error',
  'consecutiveError',
  'consecutiveSuccess',
] as const;
type Counters = Record<(typeof COUNTERS)[number], number>;
type Phase = 'Successful' | 'Failed' | 'Error' | 'Inconclusive';

interface RecordedResult {
  readonly name: string;
  readonly storedPhase: string;
  readonly storedMessage?: string;
  readonly dryRun?: boolean;
  readonly counters?: Counters;
  readonly measurements: readonly {
    readonly phase: string;
    readonly message?: string;
    readonly finishedAtSeconds?: number;
    readonly resumeAtSeconds?: number;
    readonly inFlight?: boolean;
  }[];
}

interface Case {
  readonly id: string;
  readonly kind: string;
  readonly metrics: readonly Metric[];
  readonly results: readonly RecordedResult[];
  readonly terminating: boolean;
  readonly terminate?: boolean;
  readonly runStartedAtSeconds?: number;
  readonly terminateAtSeconds?: number;
  readonly dryRunMetrics: Readonly<Record<string, boolean>>;
  readonly measurementOutcomes: Readonly<Record<string, readonly Phase[]>>;
  readonly expect: Readonly<Record<string, unknown>>;
}

/** "Now" of every case. */
const EPOCH = Date.parse('2026-01-01T00:00:00Z');
const at = (seconds: number): Instant => instant(EPOCH + seconds * 1000);
const NOW = at(0);

function secondsOf(moment: Instant): number {
  return Math.floor((moment - EPOCH) / 1000);
}

function replayed(measurements: RecordedResult['measurements']): Counters {
  const counters = Object.fromEntries(COUNTERS.map((name) => [name, 0])) as Counters;
  for (const { phase, inFlight } of measurements) {
    if (inFlight === true) continue;
    if (phase === 'Error') {
      counters.error += 1;
      counters.consecutiveError += 1;
      counters.consecutiveSuccess = 0;
      continue;
    }
    counters.count += 1;
    counters.consecutiveError = 0;
    counters.consecutiveSuccess = phase === 'Successful' ? counters.consecutiveSuccess + 1 : 0;
    counters[phase.toLowerCase() as 'successful' | 'failed' | 'inconclusive'] += 1;
  }
  return counters;
}

function resultOf(recorded: RecordedResult): MetricResult {
  const measurements = recorded.measurements.map(
    ({ phase, message, finishedAtSeconds, resumeAtSeconds, inFlight }): Measurement => ({
      phase,
      ...(message === undefined ? {} : { message }),
      ...(inFlight === true ? {} : { finishedAt: formatInstantMicro(at(finishedAtSeconds ?? 0)) }),
      ...(resumeAtSeconds === undefined
        ? {}
        : { resumeAt: formatInstantMicro(at(resumeAtSeconds)) }),
    }),
  );
  return {
    name: recorded.name,
    phase: recorded.storedPhase,
    ...(recorded.storedMessage === undefined ? {} : { message: recorded.storedMessage }),
    ...(recorded.dryRun === true ? { dryRun: true } : {}),
    measurements,
    ...(recorded.counters ?? replayed(recorded.measurements)),
  };
}

function countersOf(result: MetricResult): Counters {
  return Object.fromEntries(COUNTERS.map((name) => [name, result[name] ?? 0])) as Counters;
}

const SUMMARY = ['count', 'successful', 'failed', 'inconclusive', 'error'] as const;

function summaryOf(summary: AnalysisRunStatus['runSummary']) {
  return Object.fromEntries(SUMMARY.map((name) => [name, summary?.[name] ?? 0]));
}

function metricPhase({ metrics, results, terminating }: Case): unknown {
  const [metric] = metrics;
  const [recorded] = results;
  if (metric === undefined || recorded === undefined) return undefined;
  const result = resultOf(recorded);
  const limit = exceededLimit(metric, result);
  return {
    counters: countersOf(result),
    limitMessage: limit?.message ?? '',
    limitPhase: limit?.phase ?? '',
    metricPhase: assessMetric(metric, result, terminating),
  };
}

/** Recorded metrics name no provider; any that answers at once will do. */
const PROVIDER = { prometheus: { address: 'http://scripted', query: 'up' } };

function schedule(test: Case): unknown {
  const metrics = test.metrics.map((metric) => ({ ...metric, provider: PROVIDER }));
  const results = test.results.map(resultOf);
  const startedAt =
    test.runStartedAtSeconds === undefined ? undefined : at(test.runStartedAtSeconds);
  const moment = { now: NOW, startedAt, terminating: isTerminating(test.terminate, results) };
  const resultFor = (metric: Metric) => results.find((result) => result.name === metric.name);
  const actionsNow = metrics.flatMap((metric) => {
    const action = dueAction(metric, resultFor(metric), moment);
    return action === undefined
      ? []
      : [{ action: action === 'run' ? 'start' : action, metric: metric.name }];
  });
  const moments = metrics.flatMap((metric) => {
    const next = nextDue(metric, resultFor(metric), moment);
    return next === undefined ? [] : [(next.at - EPOCH) / 1000];
  });
  return { actionsNow, nextReconcileAtSeconds: moments.length === 0 ? null : Math.min(...moments) };
}

function dryRunOf(test: Case): ReadonlySet<string> {
  const names = Object.entries(test.dryRunMetrics).filter(([, dry]) => dry);
  return new Set(names.map(([name]) => name));
}

function runPhase(test: Case): unknown {
  const results = test.results.map(resultOf);
  const assessed = assessRun({
    metrics: test.metrics,
    results,
    dryRun: dryRunOf(test),
    terminate: test.terminate === true,
    terminating: isTerminating(test.terminate, results),
  });
  return {
    dryRunSummary: summaryOf(assessed.dryRunSummary),
    metricEvents: assessed.events.map((event) => `${event.type} ${event.reason}`),
    metricResults: assessed.results.map(({ message = '', name, phase }) => ({
      message,
      name,
      phase,
    })),
    runMessage: assessed.message,
    runPhase: assessed.phase,
    runSummary: summaryOf(assessed.runSummary),
  };
}

interface Taken {
  readonly atSeconds: number;
  readonly metric: string;
  readonly outcome: string;
}

/** Plays the run with a provider that answers at once with the scripted outcomes. */
function timeline(test: Case): unknown {
  const taken: Taken[] = [];
  const spec = {
    metrics: test.metrics.map((metric) => ({ ...metric, provider: PROVIDER })),
    dryRun: [...dryRunOf(test)].map((metricName) => ({ metricName })),
  };
  let run: AnalysisRun = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisRun',
    metadata: { name: 'run', namespace: 'default', uid: 'run' },
    spec,
  };
  const terminateAt =
    test.terminateAtSeconds === undefined ? undefined : at(test.terminateAtSeconds);
  let now: Instant | undefined = NOW;
  let answers: readonly Answer[] = [];
  while (now !== undefined && now < at(1_000_000)) {
    if (terminateAt !== undefined && now >= terminateAt) {
      run = { ...run, spec: { ...run.spec, terminate: true } };
    }
    const decision = decide({ run, answers }, now);
    const settled = jsonEqual(decision.status, run.status) && decision.asks.length === 0;
    const moment: Instant = now;
    answers = decision.asks.map((ask) => answered(test, ask, { now: moment, taken }));
    run = { ...run, status: decision.status };
    const passed: Instant | undefined = settled
      ? nextMoment(decision.requeueAt, now, terminateAt)
      : now;
    now = passed;
  }
  return timelineResult(run.status, taken);
}

function nextMoment(
  requeueAt: Instant | undefined,
  now: Instant,
  terminateAt: Instant | undefined,
): Instant | undefined {
  const moments = [requeueAt, terminateAt].filter((one) => one !== undefined && one > now);
  return moments.length === 0 ? undefined : (Math.min(...(moments as number[])) as Instant);
}

function answered(
  test: Case,
  ask: Ask,
  { now, taken }: { readonly now: Instant; readonly taken: Taken[] },
): Answer {
  if (ask.kind !== 'measure') throw new Error(`a timeline has no answer to ${ask.kind}`);
  const metric = ask.measure.metricName;
  const outcomes = test.measurementOutcomes[metric] ?? [];
  const outcome = outcomes[taken.filter((one) => one.metric === metric).length] ?? outcomes.at(-1);
  if (outcome === undefined) throw new Error(`no outcome for ${metric}`);
  taken.push({ atSeconds: secondsOf(now), metric, outcome });
  const measured: Measured = {
    startedAt: now,
    finishedAt: now,
    ...(outcome === 'Error' ? { error: 'boom' } : { phase: outcome }),
  };
  return { kind: 'measure', key: ask.key, measured };
}

function timelineResult(status: AnalysisRunStatus | undefined, taken: readonly Taken[]): unknown {
  const completed = parseInstant(status?.completedAt ?? '');
  return {
    completedAtSeconds: completed === undefined ? null : secondsOf(completed),
    dryRunSummary: summaryOf(status?.dryRunSummary),
    measurementsTaken: taken,
    metricResults: (status?.metricResults ?? []).map((result) => ({
      counters: countersOf(result),
      message: result.message ?? '',
      name: result.name,
      phase: result.phase,
    })),
    runMessage: status?.message ?? '',
    runPhase: status?.phase ?? '',
    runSummary: summaryOf(status?.runSummary),
  };
}

const KINDS: Readonly<Record<string, (test: Case) => unknown>> = {
  'metric-phase': metricPhase,
  schedule,
  'run-phase': runPhase,
  timeline,
};

/** All cases of the file. */
export function run(file: { readonly cases: readonly Case[] }): readonly CaseResult[] {
  return file.cases.map((test) => {
    const name = `${test.id} ${test.kind}`;
    const kind = KINDS[test.kind];
    if (kind === undefined) return unknownKind(name, test.kind);
    const answer = kind(test);
    const ok = jsonEqual(test.expect, answer);
    const detail = `expected ${JSON.stringify(test.expect)}, got ${JSON.stringify(answer)}`;
    return { name, ok, ...(ok ? {} : { detail }) };
  });
}
