// Steps that are taken by a plugin (rollout.md 5.4): run until it is done, aborted with the rollout, terminated by a full
// promotion. Entry point: `followStepPlugins`.
//
// A call is a question; until its answer is there the pass goes on without it. What was said is kept in
// status.canary.stepPluginStatuses: an entry with a backoff is asked again when that is over.
import type { Json } from '../../api/object.ts';
import type { CanaryStep } from '../../api/rollout.ts';
import {
  formatDuration,
  formatInstant,
  type Instant,
  later,
  parseDuration,
  parseInstant,
  seconds,
} from '../../lib/time.ts';
import { normal, warning } from '../events.ts';
import type { StepOperation, StepPluginAnswer, StepPluginOutcome } from '../plugin-asks.ts';
import { isAborted, type Pass, type StepPluginStatus } from './pass.ts';
import { currentStepOf, isFullyPromoted, stepIndexOf, stepsOf } from './weights.ts';

const ERROR_BACKOFF = seconds(30);
const DEFAULT_REQUEUE = seconds(30);
const SHORTEST_REQUEUE = seconds(10);

const PHASES: ReadonlySet<string> = new Set(['Running', 'Successful', 'Failed', 'Error']);

type PluginStep = NonNullable<CanaryStep['plugin']>;

interface Operation {
  readonly operation: StepOperation;
  readonly index: number;
  readonly step: PluginStep;
  /** What is known of this operation. */
  readonly entry: StepPluginStatus | undefined;
  /** What the plugin gave to be kept. */
  readonly state: Json | undefined;
}

/** Asks what is to be asked now, and works in what has been answered. */
export function followStepPlugins(pass: Pass): void {
  const { draft } = pass;
  draft.stepPlugins.isFollowed = true;
  if (isAborted(pass)) return perform(pass, nextAbort(pass));
  if (pass.stored.promoteFull === true || isFullyPromoted(pass.rollout)) {
    return perform(pass, nextTermination(pass));
  }
  forgetEarlierAttempt(pass);
  perform(pass, currentRun(pass));
}

/** Whether the plugin of the current step is done with it. */
export function isPluginStepComplete(pass: Pass): boolean {
  const { entries, isFollowed } = pass.draft.stepPlugins;
  if (!isFollowed) return false;
  const index = stepIndexOf(pass.rollout);
  const run = entryOf(entries, index, 'Run');
  if (run === undefined) return false;
  if (run.disabled === true || run.phase === 'Successful' || run.phase === 'Failed') return true;
  const isEnded = (['Terminate', 'Abort'] as const).some(
    (operation) => entryOf(entries, index, operation) !== undefined,
  );
  return run.phase === 'Running' && isEnded;
}

function entryOf(
  entries: readonly StepPluginStatus[],
  index: number,
  operation: StepOperation,
): StepPluginStatus | undefined {
  return entries.find((entry) => entry.index === index && entry.operation === operation);
}

/** The last step whose effects are still to be undone; those before it follow, one after the other. */
function nextAbort({ rollout, draft }: Pass): Operation | undefined {
  const { entries } = draft.stepPlugins;
  for (const run of entries.toReversed()) {
    const step = stepsOf(rollout)[run.index]?.plugin;
    const isUndoable = run.phase === 'Running' || run.phase === 'Successful';
    if (run.operation !== 'Run' || step === undefined || !isUndoable) continue;
    const entry = entryOf(entries, run.index, 'Abort');
    if (entry !== undefined && entry.backoff === undefined) continue;
    return { operation: 'Abort', index: run.index, step, entry, state: run.status as Json };
  }
  return undefined;
}

function nextTermination({ rollout, draft }: Pass): Operation | undefined {
  const { entries } = draft.stepPlugins;
  for (const one of entries.toReversed()) {
    if (one.operation === 'Terminate' && one.phase === 'Successful') return undefined;
    if (one.operation !== 'Run' || one.phase !== 'Running') continue;
    const step = stepsOf(rollout)[one.index]?.plugin;
    const entry = entryOf(entries, one.index, 'Terminate');
    if (step === undefined || (entry !== undefined && entry.backoff === undefined))
      return undefined;
    return { operation: 'Terminate', index: one.index, step, entry, state: one.status as Json };
  }
  return undefined;
}

/** Entries at the first step are those of an attempt that was aborted, unless its plugin is at work. */
function forgetEarlierAttempt(pass: Pass): void {
  const { rollout, draft } = pass;
  const { entries } = draft.stepPlugins;
  const step = currentStepOf(rollout);
  if (entries.length === 0 || step === undefined || stepIndexOf(rollout) > 0) return;
  if (rollout.spec.paused === true) return;
  if (step.plugin !== undefined && !isPluginStepComplete(pass)) return;
  draft.stepPlugins.entries = [];
}

function currentRun({ rollout, stored, draft }: Pass): Operation | undefined {
  const index = stepIndexOf(rollout);
  const step = currentStepOf(rollout)?.plugin;
  if (step === undefined || stored.phase !== 'Progressing') return undefined;
  const known = entryOf(draft.stepPlugins.entries, index, 'Run');
  // A plugin that was switched off and is on again, or another one in its place, begins anew.
  const entry = known?.disabled === true || known?.name !== step.name ? undefined : known;
  if (entry?.phase === 'Successful' || entry?.phase === 'Failed') return undefined;
  return { operation: 'Run', index, step, entry, state: entry?.status as Json | undefined };
}

function perform(pass: Pass, operation: Operation | undefined): void {
  if (operation === undefined) return;
  const { draft, now, world } = pass;
  const due = dueAt(operation.entry);
  const name = `${operation.step.name} (step ${operation.index + 1})`;
  if (due !== undefined && now < due) {
    draft.moments.push(due);
    const message = `step plugin ${name} is asked again at ${formatInstant(due)}`;
    draft.reasons.push({ code: 'WaitingForPlugin', message });
    return;
  }
  const key = keyOf(pass, operation);
  const answer = world.answers.find((one) => one.kind === 'step-plugin' && one.key === key);
  if (answer?.kind === 'step-plugin') return take(pass, operation, answer.answer);
  const { config } = operation.step;
  draft.asks.push({
    kind: 'step-plugin',
    key,
    ask: {
      operation: operation.operation,
      name: operation.step.name,
      rollout: world.rollout,
      ...(config === undefined ? {} : { config: config as Json }),
      ...(operation.state === undefined ? {} : { state: operation.state }),
    },
  });
  draft.reasons.push({ code: 'WaitingForPlugin', message: `asking the step plugin ${name}` });
}

/** Undefined: at once. */
function dueAt(entry: StepPluginStatus | undefined): Instant | undefined {
  const last = parseInstant(entry?.updatedAt ?? '');
  const backoff = parseDuration(entry?.backoff ?? '');
  return last === undefined || !backoff.ok ? undefined : later(last, backoff.duration);
}

/** The same until the entry has changed. */
function keyOf({ stored }: Pass, { operation, index, step, entry }: Operation): string {
  const { currentPodHash = '', abortedAt = '' } = stored;
  const attempt = `${entry?.executions ?? 0}@${entry?.updatedAt ?? ''}`;
  const update = `${currentPodHash}${abortedAt === '' ? '' : `!${abortedAt}`}`;
  return `step-plugin/${update}/${index}/${step.name}/${operation}/${attempt}`;
}

function take(pass: Pass, operation: Operation, answer: StepPluginAnswer): void {
  const { draft } = pass;
  const next = nextEntry(operation, answer);
  const { entries } = draft.stepPlugins;
  const before = entryOf(entries, operation.index, operation.operation);
  draft.stepPlugins.entries =
    before === undefined
      ? [...entries, next]
      : entries.map((entry) => (entry === before ? next : entry));
  tell(pass, next, before, answer.outcome);
  const due = dueAt(next);
  if (due !== undefined) draft.moments.push(due);
  if (operation.operation === 'Run' && next.phase === 'Failed') {
    const cause = `Step Plugin ${next.index + 1} (${next.name}) failed: ${next.message ?? ''}`;
    draft.abortCause ??= cause;
  }
}

function nextEntry(operation: Operation, answer: StepPluginAnswer): StepPluginStatus {
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
  if (outcome.kind !== 'result' || outcome.phase === '' || PHASES.has(outcome.phase)) {
    return undefined;
  }
  const verb = operation.toLowerCase();
  return `failed to ${verb} plugin: could not validate rpc phase: phase '${outcome.phase}' is not valid`;
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

function tell(
  { draft }: Pass,
  next: StepPluginStatus,
  before: StepPluginStatus | undefined,
  outcome: StepPluginOutcome,
): void {
  if (next.disabled === true) return;
  const { phase = '', operation, name, index, message = '' } = next;
  // Whoever was not asked has made no transition.
  if (next.backoff !== undefined && isNotAsked(outcome)) {
    draft.events.push(
      warning('ReconciliationError', `Reconciliation failed with error: ${message}`),
    );
    return;
  }
  if (before?.phase === phase || (operation === 'Run' && phase === 'Successful')) return;
  const verb = VERBS[operation as StepOperation];
  const shown = operation === 'Run' ? phase : `(${phase})`;
  const text = `Step plugin ${name} (step ${index + 1}) ${verb} ${shown}`;
  const isBad = phase === 'Error' || phase === 'Failed';
  draft.events.push(
    isBad ? warning('StepPluginTransition', text) : normal('StepPluginTransition', text),
  );
}

function isNotAsked(outcome: StepPluginOutcome): boolean {
  return (
    outcome.kind === 'unavailable' ||
    (outcome.kind === 'result' && outcome.phase !== '' && !PHASES.has(outcome.phase))
  );
}
