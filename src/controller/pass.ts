// One pass over one key: snapshot, decide, writes, status, events, questions, timer. Reads as the loop in
// docs/architecture.md; everything it calls is a step of it.
import type { ObjectRef } from '../api/object.ts';
import type { Decision, EventNote } from '../core/decision.ts';
import type { KubeClient } from '../kube/client.ts';
import { ApiError } from '../kube/errors.ts';
import { unreachable } from '../lib/assert.ts';
import { jsonEqual } from '../lib/equal.ts';
import type { Cancel, Clock } from '../lib/ports.ts';
import { later, seconds } from '../lib/time.ts';
import { applyWrites, type Effect, nameOf, type Outcome, writeStatus } from './apply.ts';
import { type AskPorts, fetchAnswers } from './asks.ts';
import type { Backlog } from './backlog.ts';
import { whatCanWait } from './can-wait.ts';
import type { Kind, Snapshot } from './kind.ts';
import type { Fields, Log } from './log.ts';
import type { Memory, Seen } from './memory.ts';
import type { Metrics } from './metrics/metrics.ts';
import type { PassResult, Queue } from './queue.ts';

/** How long counts of pods wait to be written with something else. */
const COUNTS_WAIT = seconds(1);

export interface PassPorts {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Log;
  readonly asks: AskPorts;
  readonly queue: Pick<Queue, 'add' | 'addAt' | 'forgetTimer'>;
  /** What the caches say of an object that was written; undefined if no cache watches its kind. */
  readonly look: (ref: ObjectRef) => Seen | undefined;
  /** Cancelled when the controller is to end: no new questions are asked. */
  readonly stopping: Cancel;
  /** Cancelled when passes have had their time to end: nothing more is written. */
  readonly abandoned: Cancel;
  /** Sends an event on the object. */
  readonly tell: (ref: ObjectRef, uid: string, note: EventNote) => void;
  /** Asked before an update begins or is cleared up after; both may be at once, if absent. */
  readonly backlog?: Pick<Backlog, 'mayBegin' | 'mayClear' | 'forget'>;
  /** Told of each pass. */
  readonly metrics?: Pick<Metrics, 'passed'>;
}

export interface PassOf {
  readonly kind: Kind;
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly memory: Memory;
}

/** Looks at one key once. `'retry'` asks for another pass after a back-off. */
export async function runPass(ports: PassPorts, pass: PassOf): Promise<PassResult> {
  if (!pass.memory.isCaughtUp(ports.look)) return 'retry';
  const started = ports.clock.now();
  const snapshot = pass.kind.snapshot(pass.namespace, pass.name, pass.memory);
  ports.queue.forgetTimer(pass.key);
  if (snapshot === 'unread') return 'done';
  if (snapshot === undefined) {
    pass.memory.end();
    ports.backlog?.forget(pass.key, pass.namespace);
    return 'done';
  }
  const used = pass.memory.answers;
  const decision = snapshot.decide(ports.clock.now());
  if (hasToWait(ports, pass, snapshot, decision)) return 'done';
  const result = await carryOut(ports, pass, snapshot, decision);
  const durationMs = ports.clock.now() - started;
  const { ref, status } = snapshot;
  ports.metrics?.passed({ ref, status, decision, result, durationMs });
  report(ports, snapshot, decision, { result, durationMs });
  if (result.kind !== 'ok') {
    // Pods are asked for again: a refusal may mean that those of the answer have changed.
    pass.memory.used(used.filter(({ kind }) => kind === 'pods'));
    return 'retry';
  }
  if (decision.asks.length === 0) {
    const { keeps = [] } = decision;
    pass.memory.used(used.filter(({ key }) => !keeps.some((one) => key.startsWith(one))));
  }
  pass.memory.forgetCreates();
  snapshot.onCarriedOut();
  ask(ports, pass, snapshot, decision);
  if (decision.requeueAt !== undefined) ports.queue.addAt(pass.key, decision.requeueAt);
  return result.skipped === undefined ? 'done' : 'retry';
}

/** Whether others go first: then nothing of the decision is carried out, and it is made anew when its turn has come. */
function hasToWait(
  { backlog }: PassPorts,
  { key, namespace }: PassOf,
  snapshot: Snapshot,
  decision: Decision<unknown>,
): boolean {
  if (backlog === undefined) return false;
  const what = whatCanWait(snapshot, decision);
  if (what === 'beginning') return !backlog.mayBegin(key, namespace);
  if (what === 'clearing') return !backlog.mayClear(key);
  backlog.forget(key, namespace);
  return false;
}

/** Writes, status, events; stops at the first refusal and remembers what was done up to there. */
async function carryOut(
  ports: PassPorts,
  pass: PassOf,
  snapshot: Snapshot,
  decision: Decision<unknown>,
): Promise<Outcome> {
  const tell = (note: EventNote) => tellOf(ports, snapshot, note);
  const { client, abandoned: cancel } = ports;
  const outcome = await applyWrites({ client, tell, cancel }, decision.writes);
  pass.memory.wrote(outcome.effects);
  if (outcome.kind === 'taken') pass.memory.found(outcome.object);
  if (outcome.kind === 'refused') pass.memory.refusedToCreate(outcome.refusal);
  if (outcome.kind !== 'ok') return outcome;
  const status = await statusOutcome(ports, pass, snapshot, { decision, effects: outcome.effects });
  pass.memory.wrote(status.effects);
  if (status.kind === 'ok') {
    const { events, troubles } = decision;
    for (const note of [...events, ...pass.memory.newTroubles(troubles)]) tell(note);
  }
  const effects = [...outcome.effects, ...status.effects];
  if (status.kind !== 'ok') return { ...status, effects };
  return { ...outcome, effects };
}

async function statusOutcome(
  ports: PassPorts,
  pass: PassOf,
  snapshot: Snapshot,
  done: { readonly decision: Decision<unknown>; readonly effects: readonly Effect[] },
): Promise<Outcome> {
  const own = done.effects.findLast(
    (effect) =>
      effect.kind !== 'none' &&
      effect.ref.resource === pass.kind.resource &&
      effect.ref.name === snapshot.ref.name,
  );
  if (own?.kind === 'deleted') return { kind: 'ok', effects: [] };
  if (ports.abandoned.cancelled) return { kind: 'abandoned', effects: [] };
  if (waits(ports, pass, snapshot, done.decision)) return { kind: 'ok', effects: [] };
  const target = {
    ref: snapshot.ref,
    // A write of this pass to the object itself was refused unless it was made on the snapshot's version,
    // so the version it gave is the one that the status is decided on too.
    resourceVersion:
      own?.kind === 'written'
        ? own.resourceVersion
        : (snapshot.object.metadata.resourceVersion ?? ''),
    hasSubresource: pass.kind.hasStatusSubresource,
  };
  const change = { before: snapshot.status, after: done.decision.status };
  try {
    const effect: Effect = await writeStatus(ports.client, target, change);
    return { kind: 'ok', effects: [effect] };
  } catch (error) {
    if (error instanceof ApiError && (error.reason === 'Conflict' || error.reason === 'NotFound')) {
      return { kind: 'stale', effects: [], error };
    }
    if (!(error instanceof Error)) throw error;
    const what = `write the status of ${snapshot.ref.resource.plural}/${snapshot.ref.name}`;
    return { kind: 'failed', effects: [], error, what };
  }
}

/**
 * Counts of pods change several times while a set grows, and mostly with them what they are waited for: they are written
 * with that, or after a second. Whoever is only told a count later loses nothing; each write of it would cost as much as
 * one that moves the Rollout on.
 */
function waits(
  { clock, queue }: PassPorts,
  { key, memory }: PassOf,
  snapshot: Snapshot,
  { status, events }: Decision<unknown>,
): boolean {
  const now = clock.now();
  const isOfCounts = events.length === 0 && snapshot.canWait?.(status) === true;
  const isWritten = isOfCounts && jsonEqual(snapshot.status ?? {}, status);
  const until = later(memory.statusWaitsSince ?? now, COUNTS_WAIT);
  if (!isOfCounts || isWritten || now >= until) {
    memory.statusWaitsSince = undefined;
    return false;
  }
  memory.statusWaitsSince ??= now;
  queue.addAt(key, until);
  return true;
}

function tellOf(ports: PassPorts, snapshot: Snapshot, note: EventNote): void {
  const about = note.about ?? { ref: snapshot.ref, uid: snapshot.object.metadata.uid ?? '' };
  ports.tell(about.ref, about.uid, note);
}

function ask(
  ports: PassPorts,
  pass: PassOf,
  snapshot: Snapshot,
  decision: Decision<unknown>,
): void {
  if (ports.stopping.cancelled) return;
  const lookAgain = () => ports.queue.add(pass.key);
  fetchAnswers(ports.asks, decision.asks, {
    ref: snapshot.ref,
    memory: pass.memory,
    lookAgain,
    ...(decision.keeps === undefined ? {} : { keeps: decision.keeps }),
  });
}

/** One structured line for a pass that changed something or failed; silence otherwise. */
function report(
  ports: PassPorts,
  snapshot: Snapshot,
  decision: Decision<unknown>,
  ended: { readonly result: Outcome; readonly durationMs: number },
): void {
  const { result } = ended;
  if (result.kind === 'ok' && result.skipped !== undefined) {
    const { what, error } = result.skipped;
    ports.log.warn(`cannot ${what}, trying again`, {
      name: snapshot.ref.name,
      cause: error.message,
    });
  }
  if (result.kind === 'ok' && result.effects.every((effect) => effect.kind === 'none')) return;
  const fields = {
    kind: snapshot.object.kind,
    namespace: snapshot.ref.namespace ?? '',
    name: snapshot.ref.name,
    reasons: decision.reasons.map((reason) => reason.code),
    writes: decision.writes.map(nameOf),
    durationMs: ended.durationMs,
  };
  tellLog(ports.log, result, fields);
}

function tellLog(log: Log, result: Outcome, fields: Fields): void {
  switch (result.kind) {
    case 'ok':
      return log.info('pass', fields);
    case 'stale':
      return log.debug('outdated, trying again', { ...fields, cause: result.error.message });
    case 'taken':
      return log.warn('name is taken', { ...fields, by: result.object.metadata.name });
    case 'refused':
      return log.error(`cannot create ${result.refusal.kind} ${result.refusal.name}`, {
        ...fields,
        cause: result.refusal.message,
      });
    case 'failed':
      return log.error(`cannot ${result.what}, trying again`, {
        ...fields,
        cause: result.error.message,
      });
    case 'abandoned':
      return log.info('abandoned, the next controller goes on', fields);
    default:
      return unreachable(result);
  }
}
