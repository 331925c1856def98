// Steps that are taken by a plugin (rollout.md 5.4): run until it is done, aborted with the rollout, terminated by a full
// promotion. Entry point: `followStepPlugins`.
//
// A call is a question; until its answer is there the pass goes on without it. What was said is kept in
// status.canary.stepPluginStatuses: an entry with a backoff is asked again when that is over. That a step is begun is
// written before its plugin is asked, so that an abort undoes it even if nobody heard the answer.
import type { Json } from '../../api/object.ts';
import { formatInstant, type Instant, later, parseDuration, parseInstant } from '../../lib/time.ts';
import type { StepOperation, StepPluginAnswer } from '../../api/plugin-asks.ts';
import { isAborted, type Pass, STEP_PLUGIN_KEYS, type StepPluginStatus } from './pass.ts';
import { eventOf, nextEntry, type Operation } from './step-plugin-entries.ts';
import { currentStepOf, isFullyPromoted, stepIndexOf, stepsOf } from './weights.ts';

/** Asks what is to be asked now, and works in what has been answered. */
export function followStepPlugins(pass: Pass): void {
  const { draft } = pass;
  draft.stepPlugins.isFollowed = true;
  draft.keeps = draft.keeps.filter((key) => !key.startsWith(STEP_PLUGIN_KEYS));
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
    return { operation: 'Abort', index: run.index, step, entry, run };
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
    return { operation: 'Terminate', index: one.index, step, entry, run: one };
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
  return { operation: 'Run', index, step, entry, run: entry };
}

function perform(pass: Pass, wanted: Operation | undefined): void {
  if (wanted === undefined) return;
  const operation = begun(pass, wanted);
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
      ...(operation.run?.status === undefined ? {} : { state: operation.run.status as Json }),
    },
  });
  draft.reasons.push({ code: 'WaitingForPlugin', message: `asking the step plugin ${name}` });
}

/** The first call of a step leaves its entry before it is made. */
function begun({ draft, now }: Pass, operation: Operation): Operation {
  const { index, step, entry } = operation;
  if (operation.operation !== 'Run' || entry !== undefined) return operation;
  const intent: StepPluginStatus = {
    index,
    name: step.name,
    operation: 'Run',
    phase: 'Running',
    startedAt: formatInstant(now),
  };
  const { entries } = draft.stepPlugins;
  const before = entryOf(entries, index, 'Run');
  draft.stepPlugins.entries = [...entries.filter((one) => one !== before), intent];
  return { ...operation, entry: intent };
}

/** Undefined: at once. */
function dueAt(entry: StepPluginStatus | undefined): Instant | undefined {
  const last = parseInstant(entry?.updatedAt ?? '');
  const backoff = parseDuration(entry?.backoff ?? '');
  return last === undefined || !backoff.ok ? undefined : later(last, backoff.duration);
}

/** The same until the plugin has answered: it must not be asked twice for the same. */
function keyOf({ stored }: Pass, { operation, index, step, entry, run }: Operation): string {
  const { executions = 0, updatedAt, startedAt = '' } = entry ?? run ?? {};
  const attempt = `${executions}@${updatedAt ?? startedAt}`;
  const of = `${stored.currentPodHash ?? ''}/${index}/${step.name}`;
  return `${STEP_PLUGIN_KEYS}${of}/${operation}/${attempt}`;
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
  const event = eventOf(next, before, answer.outcome);
  if (event !== undefined) draft.events.push(event);
  const due = dueAt(next);
  if (due !== undefined) draft.moments.push(due);
  if (operation.operation === 'Run' && next.phase === 'Failed') {
    const cause = `Step Plugin ${next.index + 1} (${next.name}) failed: ${next.message ?? ''}`;
    draft.abortCause ??= cause;
  }
}
