// What to do for an Experiment now (experiment.md 2-9). Entry point: `decide`.
//
// Flow: an invalid spec is told and nothing else happens; otherwise templates in order (set, Service, status), then
// analyses in order, then the phase that follows from both, conditions, and the next moment to look.
// Everything is judged against the status as stored, which the shell guarantees to be our own last one.
import type { ExperimentStatus, TemplateStatus } from '../../api/experiment.ts';
import { formatInstant, type Instant, later, milliseconds } from '../../lib/time.ts';
import { isCompleted } from '../analysis/assess.ts';
import type { Decision, EventNote } from '../decision.ts';
import type { Reason } from '../reasons.ts';
import { type AnalysisStep, analysisStep } from './analyses.ts';
import { progressing, wanted, withCondition, withoutCondition } from './conditions.ts';
import { phaseOf, templatesPhase } from './phase.ts';
import { claimed } from './replica-set.ts';
import { endOf, isTerminating, type Situation, situationOf, storedTemplate } from './situation.ts';
import { deadlineOf, hasMoved, type TemplateStep, templateStep } from './template.ts';
import { experimentProblem } from './validation.ts';
import type { ExperimentWorld } from './world.ts';

type ExperimentDecision = Decision<ExperimentStatus>;

export function decide(world: ExperimentWorld, now: Instant): ExperimentDecision {
  const problem = experimentProblem(world.experiment) ?? doubleClaim(world);
  if (problem !== undefined) return invalid(world, problem, now);
  const situation = situationOf(world, now);
  const { spec } = world.experiment;
  const templates = (spec.templates ?? []).map((template) => templateStep(situation, template));
  const analyses = uniqueAnalyses(situation);
  return concluded(situation, templates, analyses);
}

/** Two analyses of one name share one entry; the first drives it. */
function uniqueAnalyses(situation: Situation): readonly AnalysisStep[] {
  const seen = new Set<string>();
  const steps: AnalysisStep[] = [];
  for (const analysis of situation.world.experiment.spec.analyses ?? []) {
    if (seen.has(analysis.name)) continue;
    seen.add(analysis.name);
    const step = analysisStep(situation, analysis);
    if (step !== undefined) steps.push(step);
  }
  return steps;
}

function doubleClaim(world: ExperimentWorld): string | undefined {
  for (const { name } of world.experiment.spec.templates ?? []) {
    if (claimed(world, world.replicaSets, name).length > 1) {
      return `multiple ReplicaSets match single experiment template: ${name}`;
    }
    if (claimed(world, world.services, name).length > 1) {
      return `multiple Services match single experiment template: ${name}`;
    }
  }
  return undefined;
}

/** The phase stays as it is; the condition says what is wrong. */
function invalid(
  { experiment }: ExperimentWorld,
  message: string,
  now: Instant,
): ExperimentDecision {
  const stored = experiment.status ?? {};
  const before = stored.conditions ?? [];
  const current = before.find(({ type }) => type === 'InvalidSpec');
  const condition = wanted('InvalidSpec', 'True', 'InvalidSpec', message);
  const conditions = withCondition(before, condition, {
    now,
    isRewritten: current?.message !== message,
  });
  return {
    status: { ...stored, conditions },
    writes: [],
    events: [],
    asks: [],
    reasons: [{ code: 'ExperimentInvalid', message }],
  };
}

function concluded(
  situation: Situation,
  templates: readonly TemplateStep[],
  analyses: readonly AnalysisStep[],
): ExperimentDecision {
  const { stored, world } = situation;
  const before = stored.phase ?? '';
  const status = statusOf(situation, templates, analyses);
  const phase = status.phase ?? '';
  const requeueAt = nextMoment(situation, status, templates);
  return {
    status,
    writes: [...templates, ...analyses].flatMap((step) => step.writes),
    events: [
      ...[...templates, ...analyses].flatMap((step) => step.events),
      ...(phase === before ? [] : [phaseEvent(before, phase)]),
    ],
    asks: [],
    ...(requeueAt === undefined ? {} : { requeueAt }),
    reasons: [reasonOf(world, status)],
  };
}

const BAD: ReadonlySet<string> = new Set(['Failed', 'Error', 'Inconclusive']);

function phaseEvent(before: string, phase: string): EventNote {
  return {
    type: BAD.has(phase) ? 'Warning' : 'Normal',
    reason: `Experiment${phase}`,
    message: `Experiment transitioned from ${before} -> ${phase}`,
  };
}

function reasonOf({ experiment }: ExperimentWorld, status: ExperimentStatus): Reason {
  const { phase = '', message = '' } = status;
  const about = message === '' ? '' : `: ${message}`;
  const text = `experiment ${experiment.metadata.name} is ${phase}${about}`;
  return isCompleted(phase)
    ? { code: 'ExperimentSettled', message: text }
    : { code: 'ExperimentRunning', message: text };
}

function statusOf(
  situation: Situation,
  templates: readonly TemplateStep[],
  analyses: readonly AnalysisStep[],
): ExperimentStatus {
  const { stored, now } = situation;
  const entries = analyses.map((step) => step.entry);
  const statuses = templates.map((step) => step.status);
  const judged = judgedPhase(situation, statuses, entries);
  const { phase: _phase, message: _message, analysisRuns: _runs, ...rest } = stored;
  const next: ExperimentStatus = {
    ...rest,
    phase: judged.phase,
    ...(judged.message === '' ? {} : { message: judged.message }),
    ...(statuses.length === 0 ? {} : { templateStatuses: statuses }),
    ...(entries.length === 0 ? {} : { analysisRuns: entries }),
    ...(judged.isAvailable && stored.availableAt === undefined
      ? { availableAt: formatInstant(now) }
      : {}),
  };
  const conditions = conditionsOf(situation, judged.phase, statuses);
  return conditions.length === 0 ? next : { ...next, conditions };
}

function judgedPhase(
  { stored, world }: Situation,
  statuses: readonly TemplateStatus[],
  entries: readonly AnalysisStep['entry'][],
): { readonly phase: string; readonly message: string; readonly isAvailable: boolean } {
  const before = stored.phase ?? '';
  const { spec } = world.experiment;
  if (before === '') return { phase: 'Pending', message: '', isAvailable: false };
  if (isCompleted(before)) {
    return { phase: before, message: stored.message ?? '', isAvailable: false };
  }
  const names = (spec.templates ?? []).map((template) => template.name);
  const templates = templatesPhase(names, statuses);
  const { phase, message } = phaseOf({ templates, analyses: spec.analyses ?? [], entries });
  return { phase, message, isAvailable: templates.phase === 'Running' };
}

function conditionsOf(
  situation: Situation,
  phase: string,
  statuses: readonly TemplateStatus[],
): NonNullable<ExperimentStatus['conditions']> {
  const { stored, now, world, hasPassedDuration } = situation;
  const moved = statuses.some((status) => {
    const before = storedTemplate(situation, status.name);
    return before === undefined || hasMoved(before, status);
  });
  const wanted = progressing({
    name: world.experiment.metadata.name,
    phase,
    hasMoved: moved,
    stored,
    hasPassedDuration,
  });
  const valid = withoutCondition(stored.conditions ?? [], 'InvalidSpec');
  if (wanted === undefined) return valid;
  return withCondition(valid, wanted, { now, isRewritten: wanted.reason === 'ReplicaSetUpdated' });
}

/** Just after a bound: the moment at which "later than" holds first. */
function after(bound: Instant): Instant {
  return later(bound, milliseconds(1));
}

function nextMoment(
  situation: Situation,
  status: ExperimentStatus,
  templates: readonly TemplateStep[],
): Instant | undefined {
  const { world, now } = situation;
  const moments = templates.flatMap((step) => step.requeueAt ?? []);
  if (!isTerminating(world, status)) {
    const ends = endOf(world, status);
    // A template that lacks pods does not end with the duration; its pods or its deadline decide.
    const isEnding = (status.templateStatuses ?? []).some((entry) => hasItsPods(situation, entry));
    if (ends !== undefined && now <= ends && isEnding) moments.push(after(ends));
    moments.push(...deadlines(situation, status));
  }
  const [first, ...others] = moments;
  return first === undefined ? undefined : others.reduce((a, b) => (b < a ? b : a), first);
}

function hasItsPods({ world }: Situation, { name, availableReplicas }: TemplateStatus): boolean {
  const template = world.experiment.spec.templates.find((one) => one.name === name);
  return availableReplicas === (template?.replicas ?? 1);
}

function deadlines(situation: Situation, status: ExperimentStatus): readonly Instant[] {
  const { templates } = situation.world.experiment.spec;
  return (status.templateStatuses ?? []).flatMap((entry) => {
    const template = templates.find((one) => one.name === entry.name);
    const isWaiting =
      (entry.status === 'Progressing' || entry.status === 'Running') &&
      entry.availableReplicas !== (template?.replicas ?? 1);
    return isWaiting ? [after(deadlineOf(situation, entry))] : [];
  });
}
