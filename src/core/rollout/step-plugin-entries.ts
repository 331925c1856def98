// What a step plugin's answer makes of its entry in status.canary.stepPluginStatuses, and what is told of it
// (rollout.md 5.4). Entry points: `nextEntry`, `eventOf`.
import type { CanaryStep } from '../../api/rollout.ts';
import { formatDuration, formatInstant, seconds } from '../../lib/time.ts';
import type { EventNote } from '../decision.ts';
import { normal, warning } from '../events.ts';
import type { StepOperation, StepPluginAnswer, StepPluginOutcome } from '../../api/plugin-asks.ts';
import type { StepPluginStatus } from './pass.ts';

const ERROR_BACKOFF = seconds(30);
const DEFAULT_REQUEUE = seconds(30);
const SHORTEST_REQUEUE = seconds(10);
const PHASES: ReadonlySet<string> = new Set(['Running', 'Successful', 'Failed', 'Error']);

type PluginStep = NonNullable<CanaryStep['plugin']>;

export interface Operation {
  readonly operation: StepOperation;
  readonly index: number;
  readonly step: PluginStep;
  /** What is known of this operation. */
  readonly entry: StepPluginStatus | undefined;
  /** What is undone or ended, and knows what the plugin gave to be kept. */
  readonly run: StepPluginStatus | undefined;
}

export function nextEntry(operation: Operation, answer: StepPluginAnswer): StepPluginStatus {
  const { entry, index, step } = operation;
  const base = { index, name: step.name, operation: operation.operation };
  if (answer.outcome.kind === 'disabled') return { ...base, disabled: true };
  const { backoff: _over, message: _said, finishedAt: _ended, ...held } = entry ?? {};
  const common = {
    ...held,
    ...base,
    startedAt: entry?.startedAt ?? formatInstant(answer.askedAt),
  };
  const problem = problemOf(operation, answer.outcome);
  if (problem !== undefined) {
    return {
      ...common,
      phase: 'Error',
      message: problem,
      updatedAt: formatInstant(answer.at),
      backoff: formatDuration(ERROR_BACKOFF),
    };
  }
  return operation.operation === 'Run' ? ranEntry(common, answer) : endedEntry(common, answer);
}

/** Why the plugin was not asked, or its answer makes no sense: then it is asked again. */
function problemOf({ operation, index, step }: Operation, outcome: StepPluginOutcome) {
  if (outcome.kind === 'unavailable') {
    return `could not create step plugin at index ${index} : failed to get step plugin ${step.name}: ${outcome.error}`;
  }
  const nonsense = nonsenseOf(outcome);
  return nonsense === undefined
    ? undefined
    : `failed to ${operation.toLowerCase()} plugin: ${nonsense}`;
}

/** What no status could hold. */
function nonsenseOf(outcome: StepPluginOutcome): string | undefined {
  if (outcome.kind !== 'result') return undefined;
  const { phase, state } = outcome;
  if (phase !== '' && !PHASES.has(phase)) {
    return `could not validate rpc phase: phase '${phase}' is not valid`;
  }
  const isObject = typeof state === 'object' && state !== null && !Array.isArray(state);
  return state === undefined || isObject
    ? undefined
    : `its status is ${JSON.stringify(state).slice(0, 100)}, but only a JSON object can be kept`;
}

type Common = Omit<StepPluginStatus, 'backoff' | 'message' | 'finishedAt'>;

function ranEntry(common: Common, { outcome, at }: StepPluginAnswer): StepPluginStatus {
  const asked = {
    ...common,
    executions: (common.executions ?? 0) + 1,
    updatedAt: formatInstant(at),
  };
  if (outcome.kind !== 'result') {
    const message = 'error' in outcome ? outcome.error : '';
    return { ...asked, phase: 'Error', message, backoff: formatDuration(ERROR_BACKOFF) };
  }
  const phase = outcome.phase === '' ? (common.phase ?? 'Running') : outcome.phase;
  const { status: kept, ...rest } = asked;
  // What comes with an error may be broken: the next call goes on from what was there before.
  const state = phase === 'Error' ? kept : outcome.state;
  const pause = outcome.requeueAfter > SHORTEST_REQUEUE ? outcome.requeueAfter : DEFAULT_REQUEUE;
  const backoff = phase === 'Running' ? pause : phase === 'Error' ? ERROR_BACKOFF : undefined;
  const isOver = phase === 'Successful' || phase === 'Failed';
  return {
    ...rest,
    phase,
    ...(outcome.message === '' ? {} : { message: outcome.message }),
    ...(isOver ? { finishedAt: formatInstant(at) } : {}),
    ...(backoff === undefined ? {} : { backoff: formatDuration(backoff) }),
    ...(state === undefined ? {} : { status: state }),
  };
}

/** The end of an operation that is not repeated; what would go on counts as failed. */
function endedEntry(common: Common, { outcome, at }: StepPluginAnswer): StepPluginStatus {
  const { updatedAt: _before, ...rest } = common;
  const ended = { ...rest, finishedAt: formatInstant(at) };
  if (outcome.kind !== 'result') {
    return { ...ended, phase: 'Error', message: 'error' in outcome ? outcome.error : '' };
  }
  const phase = outcome.phase === '' ? 'Successful' : outcome.phase;
  return {
    ...ended,
    phase: phase === 'Running' ? 'Failed' : phase,
    ...(outcome.message === '' ? {} : { message: outcome.message }),
  };
}

const VERBS = { Run: 'transitioned to', Terminate: 'terminated', Abort: 'aborted' } as const;

/** Undefined: nothing that anybody waits for has changed. */
export function eventOf(
  next: StepPluginStatus,
  before: StepPluginStatus | undefined,
  outcome: StepPluginOutcome,
): EventNote | undefined {
  // Whoever was not asked has made no transition; that it still cannot be asked is no news.
  if (isNotAsked(outcome)) {
    if (before?.phase === next.phase && before?.message === next.message) return undefined;
    return warning(
      'ReconciliationError',
      `Reconciliation failed with error: ${next.message ?? ''}`,
    );
  }
  return isTransition(next, before) ? transition(next) : undefined;
}

function isTransition(next: StepPluginStatus, before: StepPluginStatus | undefined): boolean {
  if (next.disabled === true) return false;
  if (next.operation !== 'Run') return before?.phase !== next.phase;
  // The completed step has an event of its own.
  if (next.phase === 'Successful') return false;
  return before?.updatedAt === undefined || before.phase !== next.phase;
}

function transition({ operation, name, index, phase = '' }: StepPluginStatus): EventNote {
  const verb = VERBS[operation as StepOperation];
  const shown = operation === 'Run' ? phase : `(${phase})`;
  const text = `Step plugin ${name} (step ${index + 1}) ${verb} ${shown}`;
  const isBad = phase === 'Error' || phase === 'Failed';
  return isBad ? warning('StepPluginTransition', text) : normal('StepPluginTransition', text);
}

function isNotAsked(outcome: StepPluginOutcome): boolean {
  return outcome.kind === 'unavailable' || nonsenseOf(outcome) !== undefined;
}
