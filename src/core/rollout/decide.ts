// What to do for a Rollout now (rollout.md 3). Entry point: `decide`.
//
// Flow: sets are claimed, the spec is checked, the set of the current template is made, pauses are told, revisions are
// brought in line; then one pass of the strategy. Each of these ends the pass if it changed something, so that the
// next is decided on what it led to.
// Guarantees: pure and total; stopping after any of the writes is safe; traffic moves before pods go.
import { normal } from '../events.ts';
import type { RolloutStatus } from '../../api/rollout.ts';
import { jsonEqual } from '../../lib/equal.ts';
import type { Instant } from '../../lib/time.ts';
import type { Decision } from '../decision.ts';
import { followAnalyses } from './analyses.ts';
import { blueGreenPass, blueGreenScaling } from './bluegreen/pass.ts';
import { pauseBookkeeping } from './bookkeeping.ts';
import { claimSets } from './claim.ts';
import { followExperiment, storedExperiment } from './experiments.ts';
import { cleanRevisions, cleanRuns } from './history.ts';
import { invalidStatus } from './invalid.ts';
import { lastDriven } from './last-driven.ts';
import { blueGreenOf, isRouted } from './limits.ts';
import { syncMetadata } from './metadata.ts';
import { createNewSet, foundStatus } from './new-set.ts';
import { isHalted, type Pass, passOf, rolloutPatch } from './pass.ts';
import { onward } from './onward.ts';
import { releaseObjects } from './release.ts';
import { restartPods } from './restart.ts';
import { syncRevision } from './revision.ts';
import { isScalingEvent, scaleReplicaSets } from './scaling.ts';
import { hasNothingToProtect } from './promotion.ts';
import { anewStatus, canaryStatus, isChanged, resetStatus, scaledStatus } from './status.ts';
import { followStepPlugins } from './step-plugins.ts';
import { pauseStep } from './steps.ts';
import { shiftTraffic } from './traffic.ts';
import type { RolloutProblem } from './validation/problem.ts';
import { recordWorkload } from './workload-scaling.ts';
import type { RolloutWorld } from './world.ts';

export function decide(world: RolloutWorld, now: Instant): Decision<RolloutStatus> {
  const driven = lastDriven(world);
  const decideOnce = (one: RolloutWorld) => {
    const pass = passOf(one, now);
    return decisionOf(pass, nextStatus(pass));
  };
  const decision = onward(driven, decideOnce(driven), { now, decide: decideOnce });
  // One that another controller has driven is no news: a restart over thousands at rest writes nothing.
  const isNew = world.firstSeen && world.rollout.status?.observedGeneration === undefined;
  return isNew ? announced(world, decision) : decision;
}

/** A Rollout that no controller has seen yet is told of before anything else. */
function announced(
  { rollout }: RolloutWorld,
  decision: Decision<RolloutStatus>,
): Decision<RolloutStatus> {
  const { namespace = '', name } = rollout.metadata;
  const text = `Rollout resource added to informer: ${namespace}/${name}`;
  const event = normal('RolloutAddedToInformer', text);
  const [first, ...others] = decision.writes;
  if (first === undefined) return { ...decision, events: [event, ...decision.events] };
  return { ...decision, writes: [{ ...first, events: [event, ...first.events] }, ...others] };
}

/** Runs the stages in order; what comes back is the whole next status. */
function nextStatus(pass: Pass): RolloutStatus {
  const { world, draft, sets } = pass;
  const stored = world.rollout.status ?? {};
  if (claimSets(pass)) return stored;
  recordWorkload(pass);
  const { problem } = world;
  if (problem !== undefined && !isAbortUnderWay(pass, problem)) {
    return invalidStatus(pass, problem);
  }
  draft.problem = problem?.text;
  releaseObjects(pass);
  if (sets.newSet === undefined) return createNewSet(pass);
  if (writesDefault(pass)) return stored;
  const booked = pauseBookkeeping(pass);
  if (booked !== undefined) return booked;
  if (syncRevision(pass)) return stored;
  return foundStatus(pass, sets.newSet) ?? strategyStatus(pass, stored);
}

function strategyStatus(pass: Pass, stored: RolloutStatus): RolloutStatus {
  if (blueGreenOf(pass.rollout) !== undefined) {
    return isScalingEvent(pass) ? blueGreenScaling(pass) : (blueGreenPass(pass) ?? stored);
  }
  return canaryPass(pass) ?? stored;
}

/** Whether spec.replicas was absent and is being written (3.1). */
function writesDefault({ rollout, draft }: Pass): boolean {
  if (rollout.spec.replicas !== undefined) return false;
  draft.writes.push(rolloutPatch(rollout, { spec: { replicas: 1 } }));
  const message = 'writing the default of one replica';
  draft.reasons.push({ code: 'SyncingReplicaSet', message });
  return true;
}

/**
 * What is missing or wrong must not keep an abort from doing all that it can (observed-defects 9). Without the router
 * that has divided the traffic it cannot know where that goes.
 */
function isAbortUnderWay(
  { stored, sets, rollout, replicas }: Pass,
  { allowsAbort }: RolloutProblem,
): boolean {
  const hasLostRouter = stored.canary?.weights !== undefined && !isRouted(rollout);
  return (
    allowsAbort &&
    stored.abort === true &&
    sets.newSet !== undefined &&
    replicas >= 0 &&
    !hasLostRouter
  );
}

/** One pass of a canary (3.3); undefined: something went wrong or was evicted, the status stays. */
function canaryPass(pass: Pass): RolloutStatus | undefined {
  // Another template first begins anew: sizes would follow the weights and roles of the update before.
  if (isChanged(pass)) return hasNothingToProtect(pass) ? anewStatus(pass) : resetStatus(pass);
  if (isScalingEvent(pass)) {
    scaleReplicaSets(pass);
    return scaledStatus(pass);
  }
  const { draft } = pass;
  if (restartPods(pass)) return undefined;
  syncMetadata(pass);
  cleanRevisions(pass);
  draft.experiment = storedExperiment(pass);
  const isShifted = shiftTraffic(pass);
  // With something missing an abort goes on as far as it can: only pods must wait for what their traffic does.
  if (!isShifted && draft.problem === undefined) return undefined;
  if (!followExperiment(pass)) return undefined;
  if (!followAnalyses(pass)) return undefined;
  cleanRuns(pass);
  const isStopped = isHalted(pass) || draft.pausesAdded.has('InconclusiveAnalysisRun');
  if (isShifted && !isStopped && endsWithSizes(pass)) return canaryStatus(pass);
  const isHeld = draft.pausesAdded.has('InconclusiveAnalysisRun') || pauseStep(pass);
  if (!isHeld) followStepPlugins(pass);
  return canaryStatus(pass);
}

/** Sizes change, so steps wait; or it is the first version: they lead from one to the next. */
function endsWithSizes(pass: Pass): boolean {
  return scaleReplicaSets(pass) || (pass.stored.stableRS ?? '') === '';
}

function decisionOf(pass: Pass, status: RolloutStatus): Decision<RolloutStatus> {
  const { draft, rollout } = pass;
  const [first, ...others] = draft.moments;
  const requeueAt =
    first === undefined ? undefined : others.reduce((a, b) => (b < a ? b : a), first);
  const { phase = 'Progressing', message = '' } = status;
  const text = `rollout ${rollout.metadata.name} is ${phase}${message === '' ? '' : `: ${message}`}`;
  return {
    status,
    events: draft.events,
    ...(draft.troubles === undefined ? {} : { troubles: draft.troubles }),
    ...writesOf(pass, status),
    keeps: draft.keeps,
    ...(requeueAt === undefined ? {} : { requeueAt }),
    reasons: [...draft.reasons, { code: 'Settled', message: text }],
  };
}

/** What can wait is written by a pass that leaves all else as it is. */
function writesOf({ draft, world }: Pass, status: RolloutStatus) {
  const { writes, asks, lastWrites, lastAsks } = draft;
  const canWait = writes.length > 0 || !jsonEqual(world.rollout.status ?? {}, status);
  if (lastWrites.length === 0) return { writes, asks };
  return canWait ? { writes, asks: [...asks, ...lastAsks] } : { writes: lastWrites, asks };
}
