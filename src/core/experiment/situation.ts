// What holds for a whole pass of an Experiment, judged by the status as it is stored (experiment.md 2).
import type { ExperimentStatus, ExperimentTemplate, TemplateStatus } from '../../api/experiment.ts';
import {
  type Duration,
  type Instant,
  later,
  parseDuration,
  parseInstant,
  seconds,
} from '../../lib/time.ts';
import { isCompleted } from '../analysis/assess.ts';
import type { ExperimentWorld } from './world.ts';

export type AnalysisEntry = NonNullable<ExperimentStatus['analysisRuns']>[number];

export interface Situation {
  readonly world: ExperimentWorld;
  readonly now: Instant;
  readonly stored: ExperimentStatus;
  readonly terminating: boolean;
  readonly hasPassedDuration: boolean;
}

const BAD_TEMPLATE: ReadonlySet<string> = new Set(['Failed', 'Error']);
const BAD_ANALYSIS: ReadonlySet<string> = new Set(['Failed', 'Error', 'Inconclusive']);
const ENDED_TEMPLATE: ReadonlySet<string> = new Set(['Successful', 'Failed', 'Error']);

export function situationOf(world: ExperimentWorld, now: Instant): Situation {
  const stored = world.experiment.status ?? {};
  const ends = endOf(world, stored);
  return {
    world,
    now,
    stored,
    terminating: isTerminating(world, stored),
    hasPassedDuration: ends !== undefined && now > ends,
  };
}

/** Whether the Experiment winds up, judged by `status`. */
export function isTerminating({ experiment }: ExperimentWorld, status: ExperimentStatus): boolean {
  return (
    experiment.spec.terminate === true ||
    isCompleted(status.phase) ||
    (status.templateStatuses ?? []).some(({ status: word = '' }) => BAD_TEMPLATE.has(word)) ||
    (status.analysisRuns ?? []).some(({ phase }) => BAD_ANALYSIS.has(phase)) ||
    hasRequiredSuccess(experiment.spec.analyses ?? [], status.analysisRuns ?? [])
  );
}

/** Whether some analysis is required for completion and all such are Successful. */
export function hasRequiredSuccess(
  analyses: readonly { readonly name: string; readonly requiredForCompletion?: boolean }[],
  entries: readonly AnalysisEntry[],
): boolean {
  const required = analyses.filter((analysis) => analysis.requiredForCompletion === true);
  return (
    required.length > 0 &&
    required.every((analysis) =>
      entries.some((entry) => entry.name === analysis.name && entry.phase === 'Successful'),
    )
  );
}

/** The moment after which the duration has passed; undefined without duration or before all were available. */
export function endOf(
  { experiment }: ExperimentWorld,
  status: ExperimentStatus,
): Instant | undefined {
  const duration = parseDuration(experiment.spec.duration ?? '');
  const from = parseInstant(status.availableAt ?? '');
  return duration.ok && from !== undefined ? later(from, duration.duration) : undefined;
}

export function isEndedTemplate(status: string | undefined): boolean {
  return ENDED_TEMPLATE.has(status ?? '');
}

/** How many pods the template should have now. */
export function desiredReplicas(
  { terminating }: Situation,
  template: ExperimentTemplate,
  stored: TemplateStatus | undefined,
): number {
  return terminating || isEndedTemplate(stored?.status) ? 0 : (template.replicas ?? 1);
}

export function storedTemplate({ stored }: Situation, name: string): TemplateStatus | undefined {
  return stored.templateStatuses?.find((status) => status.name === name);
}

const DEFAULT_SCALE_DOWN_DELAY_SECONDS = 30;

export function scaleDownDelay({ experiment }: ExperimentWorld): Duration {
  return seconds(experiment.spec.scaleDownDelaySeconds ?? DEFAULT_SCALE_DOWN_DELAY_SECONDS);
}
