// What a pass only leads up to is done in the same pass, so that an update begins with one write of the status: its set
// is made, the status begins anew, and the set gets its first pods (rollout.md 3.2). Entry point: `onward`.
import type { ReplicaSet } from '../../api/kubernetes.ts';
import { REVISION } from '../../api/names.ts';
import type { KubeObject } from '../../api/object.ts';
import { REPLICA_SETS } from '../../api/resources.ts';
import type { Rollout, RolloutStatus } from '../../api/rollout.ts';
import { formatInstant, type Instant } from '../../lib/time.ts';
import { mergePatch } from '../../lib/merge-patch.ts';
import type { Decision, EventNote, Write } from '../decision.ts';
import { subsetHash } from '../traffic/lanes.ts';
import { istioOf } from '../traffic/istio-routes.ts';
import type { RolloutWorld } from './world.ts';

type RolloutDecision = Decision<RolloutStatus>;

/**
 * `decision`, and what would be decided on what it leads to, if it only makes the set of a new template or begins an
 * update. Without that status in between a crash leaves what can be decided anew: a set without pods, or with those of
 * the first step, and a canary subset that gets no traffic yet. Whatever others can see of the order of things stays:
 * traffic, runs and the next step wait until the status says that the update has begun.
 */
export function onward(
  world: RolloutWorld,
  decision: RolloutDecision,
  at: { readonly now: Instant; readonly decide: (world: RolloutWorld) => RolloutDecision },
): RolloutDecision {
  const made = withSet(world, decision, at.now);
  const begun = made === undefined ? undefined : at.decide(made);
  const isBegun = begun !== undefined && isBeginning(begun) && begun.writes.length === 0;
  const first = isBegun ? joined(decision, begun) : decision;
  if (!isBeginning(first)) return first;
  const next = withStatus(isBegun ? (made ?? world) : world, first.status);
  const then = at.decide(next);
  if (isFirstSet(world)) return sized(first, then);
  return isPreparation(world, first, then) ? joined(first, then) : first;
}

/** The very first set serves nobody yet, and there is no other: it gets all its pods with it. */
function isFirstSet({ rollout, replicaSets }: RolloutWorld): boolean {
  return replicaSets.length === 0 && (rollout.status?.stableRS ?? '') === '';
}

/** `first` with the size that the next pass would give the set; that it is stable is told then. */
function sized(first: RolloutDecision, then: RolloutDecision): RolloutDecision {
  const { currentPodHash = '' } = first.status;
  const writes = then.writes.filter((write) => isSizeOf(write, currentPodHash));
  if (then.asks.length > 0 || writes.length !== then.writes.length) return first;
  return joined(first, { ...first, writes, events: [], reasons: first.reasons.slice(-1) });
}

function isSizeOf({ kind, ref }: Write, hash: string): boolean {
  return kind === 'patch' && ref.resource === REPLICA_SETS && ref.name.endsWith(`-${hash}`);
}

function isBeginning({ reasons, asks }: RolloutDecision): boolean {
  return asks.length === 0 && reasons.some(({ code }) => code === 'UpdateBegins');
}

/** The world once the set of the template has been made and its revision written; undefined if none is. */
function withSet(
  world: RolloutWorld,
  { writes, status }: RolloutDecision,
  now: Instant,
): RolloutWorld | undefined {
  const made = writes.find(
    (write) => write.kind === 'create' && write.ref.resource === REPLICA_SETS,
  );
  const rest = writes.filter((write) => write !== made);
  if (made?.kind !== 'create' || !rest.every((write) => isRevision(write, world.rollout))) {
    return undefined;
  }
  const { object } = made;
  const { rollout } = world;
  const set = {
    ...object,
    metadata: { ...object.metadata, creationTimestamp: formatInstant(now) },
  } as ReplicaSet;
  const revision = object.metadata.annotations?.[REVISION] ?? '';
  const annotations = { ...rollout.metadata.annotations, [REVISION]: revision };
  const revised = { ...rollout, metadata: { ...rollout.metadata, annotations } };
  const next = { ...world, rollout: revised, replicaSets: [...world.replicaSets, set] };
  return withStatus(next, status);
}

function isRevision({ kind, ref }: Write, { kind: own, metadata }: Rollout): boolean {
  return kind === 'patch' && ref.resource.kind === own && ref.name === metadata.name;
}

function withStatus(world: RolloutWorld, status: RolloutStatus): RolloutWorld {
  return { ...world, rollout: { ...world.rollout, status } };
}

/** Only what nobody is served by: the subsets get their hashes, the new set its first pods. */
function isPreparation(
  world: RolloutWorld,
  first: RolloutDecision,
  then: RolloutDecision,
): boolean {
  const { currentPodHash = '', stableRS, currentStepIndex, phase } = first.status;
  return (
    then.asks.length === 0 &&
    then.writes.length > 0 &&
    then.status.stableRS === stableRS &&
    then.status.currentStepIndex === currentStepIndex &&
    then.status.phase === phase &&
    then.writes.every((write) => isOfCanary(world, write, currentPodHash))
  );
}

function isOfCanary(world: RolloutWorld, write: Write, hash: string): boolean {
  if (write.kind !== 'patch' || write.isOptional === true || write.onlyWhile !== undefined) {
    return false;
  }
  if (write.ref.resource.kind === 'DestinationRule') return isStableApart(world, write.ref.name);
  return isSizeOf(write, hash);
}

/** Without a hash the stable subset would send requests to the new set's pods, should they come first. */
function isStableApart({ rollout, destinationRules }: RolloutWorld, name: string): boolean {
  const rule = destinationRules.find(({ metadata }) => metadata.name === name);
  const subset = istioOf(rollout)?.destinationRule?.stableSubsetName ?? '';
  return rule !== undefined && subsetHash(rule, subset) !== '';
}

/** Both in one: events of the first come before those of the second. */
function joined(first: RolloutDecision, then: RolloutDecision): RolloutDecision {
  const writes: Write[] = [...first.writes];
  let untold = first.events;
  for (const write of then.writes) {
    const events = [...untold, ...write.events];
    untold = [];
    if (!addToCreated(writes, write, events)) writes.push({ ...write, events });
  }
  return {
    ...then,
    writes,
    events: [...untold, ...then.events],
    reasons: [...first.reasons.slice(0, -1), ...then.reasons],
  };
}

/** A change of a set that is made in this very pass is made with it; it is told with what was written last. */
function addToCreated(writes: Write[], change: Write, events: readonly EventNote[]): boolean {
  const at = writes.findIndex(
    ({ kind, ref }) =>
      kind === 'create' &&
      ref.resource === change.ref.resource &&
      ref.name === change.ref.name &&
      change.kind === 'patch',
  );
  const made = writes[at];
  const last = writes.at(-1);
  if (made?.kind !== 'create' || last === undefined || change.kind !== 'patch') return false;
  writes[writes.length - 1] = { ...last, events: [...last.events, ...events] };
  const object = mergePatch(made.object, change.patch.body) as KubeObject;
  writes[at] = { ...made, object, events: writes[at]?.events ?? [] };
  return true;
}
