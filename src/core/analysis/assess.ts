// Assessment: the phase of a metric from its measurements' counts, and of the whole run from its metrics
// (analysis.md 7). Entry points: `assessMetric`, `assessRun`.
import type { Metric, MetricResult, RunSummary } from '../../api/analysis.ts';
import type { EventNote } from '../decision.ts';
import { limitsOfMetric, type MetricLimits } from './metric.ts';

export type AnalysisPhase =
  | 'Pending'
  | 'Running'
  | 'Successful'
  | 'Failed'
  | 'Error'
  | 'Inconclusive';

/** From best to worst; an unknown or empty phase ranks with the best. */
const BADNESS: readonly string[] = [
  'Successful',
  'Running',
  'Pending',
  'Inconclusive',
  'Error',
  'Failed',
];
const COMPLETED: ReadonlySet<string> = new Set(['Successful', 'Failed', 'Error', 'Inconclusive']);
const BAD: ReadonlySet<string> = new Set(['Failed', 'Error', 'Inconclusive']);

export function isCompleted(phase: string | undefined): boolean {
  return COMPLETED.has(phase ?? '');
}

export function isWorse(phase: string, than: string): boolean {
  return BADNESS.indexOf(phase) > Math.max(0, BADNESS.indexOf(than));
}

/** `Warning` for what failed or could not be judged, as events of analyses have it (analysis.md 8.1). */
export function eventType(phase: string): 'Normal' | 'Warning' {
  return phase === 'Failed' || phase === 'Error' ? 'Warning' : 'Normal';
}

/** Whether the run winds up: asked to, or a metric that counts has ended badly. */
export function isTerminating(
  terminate: boolean | undefined,
  results: readonly MetricResult[],
): boolean {
  return terminate === true || results.some((one) => one.dryRun !== true && BAD.has(one.phase));
}

export interface ExceededLimit {
  readonly phase: 'Failed' | 'Inconclusive' | 'Error';
  readonly message: string;
}

/** The limit that a result exceeds; of several the last in the order failed, inconclusive, errors. */
export function exceededLimit(metric: Metric, result: MetricResult): ExceededLimit | undefined {
  const limits = limitsOfMetric(metric);
  const { failed = 0, inconclusive = 0, consecutiveError = 0 } = result;
  if (consecutiveError > limits.consecutiveErrorLimit) {
    const limit = `consecutiveErrorLimit (${limits.consecutiveErrorLimit})`;
    return { phase: 'Error', message: `consecutiveErrors (${consecutiveError}) > ${limit}` };
  }
  if (inconclusive > limits.inconclusiveLimit) {
    const limit = `inconclusiveLimit (${limits.inconclusiveLimit})`;
    return { phase: 'Inconclusive', message: `inconclusive (${inconclusive}) > ${limit}` };
  }
  if (limits.failureLimit >= 0 && failed > limits.failureLimit) {
    const limit = `failureLimit (${limits.failureLimit})`;
    return { phase: 'Failed', message: `failed (${failed}) > ${limit}` };
  }
  return undefined;
}

/** The phase of one metric; the first rule that fits wins. */
export function assessMetric(
  metric: Metric,
  result: MetricResult,
  terminating: boolean,
): AnalysisPhase {
  if (isCompleted(result.phase)) return result.phase as AnalysisPhase;
  const last = result.measurements?.at(-1);
  if (last === undefined) return terminating ? 'Successful' : 'Pending';
  if (!isCompleted(last.phase)) return 'Running';
  const exceeded = exceededLimit(metric, result);
  if (exceeded !== undefined) return exceeded.phase;
  const ended = countedPhase(limitsOfMetric(metric), result);
  return ended ?? (terminating ? 'Successful' : 'Running');
}

/** What enough successes, or all measurements taken, make of a metric; undefined while it goes on. */
function countedPhase(limits: MetricLimits, result: MetricResult): AnalysisPhase | undefined {
  const needsSuccesses = limits.consecutiveSuccessLimit > 0;
  const { consecutiveSuccess = 0, count = 0 } = result;
  if (needsSuccesses && consecutiveSuccess >= limits.consecutiveSuccessLimit) return 'Successful';
  if (limits.count === undefined || count < limits.count) return undefined;
  if (!needsSuccesses) return 'Successful';
  return limits.failureLimit >= 0 ? 'Inconclusive' : 'Failed';
}

export interface RunToAssess {
  readonly metrics: readonly Metric[];
  readonly results: readonly MetricResult[];
  /** Names of metrics that are measured without counting. */
  readonly dryRun: ReadonlySet<string>;
  /** `spec.terminate`. */
  readonly terminate: boolean;
  /** `isTerminating`, from the results as they were before this pass. */
  readonly terminating: boolean;
}

export interface AssessedRun {
  readonly phase: AnalysisPhase;
  readonly message: string;
  readonly results: readonly MetricResult[];
  readonly runSummary: RunSummary;
  readonly dryRunSummary: RunSummary;
  readonly events: readonly EventNote[];
}

/** One metric's part in the run. */
interface Assessed {
  readonly metric: Metric;
  readonly dryRun: boolean;
  readonly result: MetricResult | undefined;
  readonly phase: AnalysisPhase | undefined;
  readonly exceeded: ExceededLimit | undefined;
  readonly event: EventNote | undefined;
}

/** The run's phase, message and summaries, and the results with their new phases. */
export function assessRun(run: RunToAssess): AssessedRun {
  const held = new Map(run.results.map((result) => [result.name, result]));
  const parts = run.metrics.map((metric) => assessedPart(run, metric, held.get(metric.name)));
  const counting = parts.filter((part) => !part.dryRun);
  const changed = new Map(parts.map((part) => [part.metric.name, part.result]));
  const outcome = runOutcome(run, parts);
  return {
    ...outcome,
    results: run.results.map((result) => changed.get(result.name) ?? result),
    runSummary: summaryOf(counting),
    dryRunSummary: summaryOf(parts.filter((part) => part.dryRun)),
    events: parts.flatMap((part) => (part.event === undefined ? [] : [part.event])),
  };
}

function assessedPart(
  run: RunToAssess,
  metric: Metric,
  stored: MetricResult | undefined,
): Assessed {
  const dryRun = run.dryRun.has(metric.name);
  if (stored === undefined) {
    return {
      metric,
      dryRun,
      result: stored,
      phase: undefined,
      exceeded: undefined,
      event: undefined,
    };
  }
  const phase = assessMetric(metric, stored, run.terminating);
  const completed = isCompleted(phase);
  const exceeded = completed ? exceededLimit(metric, stored) : undefined;
  const fresh = phase !== stored.phase;
  const told = fresh
    ? withMessage({ ...stored, phase }, stored.measurements?.at(-1)?.message)
    : stored;
  const result =
    dryRun && exceeded !== undefined
      ? withMessage(told, `Metric assessed ${phase} due to ${exceeded.message}`)
      : told;
  const event = fresh && completed ? completionEvent(metric.name, phase) : undefined;
  return { metric, dryRun, result, phase, exceeded, event };
}

function withMessage(result: MetricResult, message: string | undefined): MetricResult {
  const { message: _before, ...rest } = result;
  return message === undefined || message === '' ? rest : { ...rest, message };
}

function completionEvent(name: string, phase: string): EventNote {
  return {
    type: eventType(phase),
    reason: `Metric${phase}`,
    message: `Metric '${name}' Completed. Result: ${phase}`,
  };
}

interface Worst {
  readonly phase: AnalysisPhase | undefined;
  readonly message: string;
}

/** The worst phase so far with one more metric; of equally bad ones the first keeps its message. */
function withPart(worst: Worst, { metric, dryRun, phase, result, exceeded }: Assessed): Worst {
  if (phase === undefined || !isCompleted(phase)) return worst;
  if (dryRun) return { ...worst, phase: worst.phase ?? 'Successful' };
  if (worst.phase !== undefined && !isWorse(phase, worst.phase)) return worst;
  if (exceeded === undefined) return { ...worst, phase };
  const cause = result?.message ?? '';
  return { phase, message: limitMessage(metric.name, phase, { exceeded, cause }) };
}

function runOutcome(
  run: RunToAssess,
  parts: readonly Assessed[],
): { readonly phase: AnalysisPhase; readonly message: string } {
  const none: Worst = { phase: undefined, message: run.terminate ? 'Run Terminated' : '' };
  const { phase, message } = parts.reduce(withPart, none);
  if (run.terminating) return { phase: phase ?? 'Successful', message };
  const allCompleted = parts.every((part) => isCompleted(part.phase));
  return allCompleted && phase !== undefined
    ? { phase, message }
    : { phase: 'Running', message: '' };
}

function limitMessage(
  name: string,
  phase: string,
  { exceeded, cause }: { readonly exceeded: ExceededLimit; readonly cause: string },
): string {
  const text = `Metric "${name}" assessed ${phase} due to ${exceeded.message}`;
  return cause === '' ? text : `${text}: "Error Message: ${cause}"`;
}

/** Counts metrics by the verdict of their limits; one that ended badly without a limit counts as successful. */
function summaryOf(parts: readonly Assessed[]): RunSummary {
  const ended = parts.filter((part) => isCompleted(part.phase));
  const within = (phase: string) => ended.filter((part) => part.exceeded?.phase === phase).length;
  const counts = {
    count: parts.length,
    successful: ended.filter((part) => part.exceeded === undefined).length,
    failed: within('Failed'),
    inconclusive: within('Inconclusive'),
    error: within('Error'),
  };
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}
