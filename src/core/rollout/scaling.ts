// Sizes of a canary's sets in this pass: stable, then new, then the others; each change ends the stage, so that the
// next one is decided on what the change led to (rollout.md 4.6-4.8). Entry point: `scaleReplicaSets`.
import type { ReplicaSet } from '../../api/kubernetes.ts';
import { HASH_LABEL } from '../../api/names.ts';
import type { TrafficWeights } from '../../api/rollout.ts';
import { lanesOf } from '../traffic/lanes.ts';
import { scaleAborted } from './abort-scaling.ts';
import { stateOf } from './istio-state.ts';
import { canaryOf, isRouted, limitsOf, maxWeightOf } from './limits.ts';
import { isCompleted, type Pass } from './pass.ts';
import { recordedWeights } from './recorded-weights.ts';
import { referencedHashes } from './references.ts';
import { canaryReplicas } from './replicas.ts';
import { delayCounter } from './scale-down-delay.ts';
import { point, serviceNamed } from './services.ts';
import { scaleSet } from './set-scaling.ts';
import {
  availableOf,
  byRevision,
  canarySetsOf,
  deadlineTextOf,
  desiredAnnotationOf,
  hashOf,
  sizeOf,
} from './sets.ts';
import { shrinkWorkload } from './workload-scaling.ts';
import {
  atLeastMinimum,
  canaryScaleInForce,
  currentSetWeight,
  replicasForWeight,
} from './weights.ts';

/** True if something was scaled. */
export function scaleReplicaSets(pass: Pass): boolean {
  if (scaleStable(pass)) return true;
  const isNewScaled = scaleNew(pass);
  shrinkWorkload(pass);
  return isNewScaled || scaleOthers(pass);
}

function scaleStable(pass: Pass): boolean {
  const { sets, rollout } = pass;
  const { stableSet, newSet } = sets;
  if (stableSet === undefined || stableSet === newSet) return false;
  const { stable } = canaryReplicas(rollout, canarySetsOf(sets), heavierStable(pass));
  // Beside a canary that is kept for good, stable cannot grow in step with its shrinking: it grows at once.
  const wanted = Math.max(stable, carryingSize(pass));
  const size = isKeptAfterAbort(pass) ? pass.replicas : coveredSize(pass, stableSet, wanted);
  if (size === 0) leaveStable(pass, stableSet);
  return scaleSet(pass, stableSet, { size, deadline: null });
}

/**
 * A canary that is sized by hand says nothing of the traffic that stable has to carry: its weight cannot go down before
 * stable has grown. 4 pods at 50, setCanaryScale weight 50, then setWeight 25 -> 3.
 */
function carryingSize({ rollout, replicas, stored }: Pass): number {
  const canary = canaryOf(rollout);
  const isByHand = canaryScaleInForce(rollout) !== undefined;
  const isUnderWay = stored.abort !== true && stored.promoteFull !== true;
  if (canary?.dynamicStableScale !== true || !isByHand || !isUnderWay) return 0;
  const maxWeight = maxWeightOf(canary);
  return replicasForWeight(replicas, maxWeight - currentSetWeight(rollout), maxWeight);
}

/** What routers were told in earlier passes still sends stable traffic, and so does what they are told in this one (I16). */
function heavierStable(pass: Pass): TrafficWeights | undefined {
  const { stored, draft, world, rollout } = pass;
  // Otherwise it is whole, whatever it is sent.
  if (!isRouted(rollout) || canaryOf(rollout)?.dynamicStableScale !== true) return undefined;
  const lanes = lanesOf(stateOf(pass), world.services);
  const before = recordedWeights(stored.canary?.weights, lanes);
  const { weights: after } = draft;
  if (before === undefined || after === undefined) return before;
  const weight = Math.max(before.stable.weight, after.stable.weight);
  return { ...before, stable: { ...before.stable, weight } };
}

/** Without a router the new set takes the stable Service over before the old one loses its last pod (promise 4). */
function leaveStable(pass: Pass, stableSet: ReplicaSet): void {
  const { rollout, sets } = pass;
  const service = serviceNamed(pass, canaryOf(rollout)?.stableService);
  if (isRouted(rollout) || service === undefined || availableOf(sets.newSet) === 0) return;
  if (service.spec.selector?.[HASH_LABEL] !== hashOf(stableSet)) return;
  point(pass, service, hashOf(sets.newSet));
}

/**
 * A stable set that follows the weights shrinks only as far as available pods of the new set make up for it. (Without
 * a router surge and unavailable rule this.) 10 pods, 3 new ones -> 7 at least.
 */
function coveredSize(pass: Pass, stableSet: ReplicaSet, wanted: number): number {
  const { sets, replicas, rollout } = pass;
  const isDynamic = canaryOf(rollout)?.dynamicStableScale === true && isRouted(rollout);
  if (!isDynamic) return wanted;
  const size = sizeOf(stableSet);
  const uncovered = replicas - availableOf(sets.newSet);
  return wanted < size ? Math.min(size, Math.max(wanted, uncovered)) : wanted;
}

function scaleNew(pass: Pass): boolean {
  const { sets, rollout, draft } = pass;
  const { newSet } = sets;
  if (newSet === undefined) return false;
  const waits = waitsAfterAbort(pass);
  if (waits) {
    const done = scaleAborted(pass, newSet, {
      delaySeconds: canaryOf(rollout)?.abortScaleDownDelaySeconds,
      isHeld: (draft.weights?.canary.weight ?? 0) > 0,
    });
    if (done !== undefined) return done;
  }
  if (isKeptAfterAbort(pass)) return scaleSet(pass, newSet, { size: sizeOf(newSet) });
  const { canary } = canaryReplicas(rollout, canarySetsOf(sets), draft.weights);
  const size = Math.max(keptForTraffic(pass, newSet, canary), keptInService(pass, newSet));
  return scaleSet(pass, newSet, { size, ...(waits ? {} : { deadline: null }) });
}

/**
 * What routers still send to the new set must leave before its pods do: it does not shrink below what its recorded
 * weight was sized for. A step that sizes it by hand may go lower, but not to nothing.
 * 10 pods at 50, then setWeight 0 -> 5 until the weight is 0.
 */
function keptForTraffic(
  { rollout, draft, replicas }: Pass,
  set: ReplicaSet,
  wanted: number,
): number {
  const recorded = draft.weights?.canary;
  const size = sizeOf(set);
  const isItsOwn = (recorded?.podTemplateHash ?? '') === hashOf(set);
  if (!isRouted(rollout) || recorded === undefined || !isItsOwn || wanted >= size) return wanted;
  const canary = canaryOf(rollout);
  const pods = replicasForWeight(replicas, recorded.weight, maxWeightOf(canary));
  const share = atLeastMinimum(pods, canary, replicas);
  const need = canaryScaleInForce(rollout) === undefined ? share : Math.min(1, share);
  return Math.min(size, Math.max(wanted, need));
}

/**
 * Available pods of a routed canary without which there would be fewer than the spec allows: they stay until the other
 * sets have theirs. (Without a router surge and unavailable rule this.) 4 pods, 1 unavailable, stable lost 2 -> 1.
 */
function keptInService(pass: Pass, set: ReplicaSet): number {
  const { rollout, sets, replicas } = pass;
  if (!isRouted(rollout)) return 0;
  const others = sets.all
    .filter((one) => one !== set)
    .reduce((sum, one) => sum + Math.min(sizeOf(one), availableOf(one)), 0);
  const missing = replicas - limitsOf(rollout).maxUnavailable - others;
  return Math.max(0, Math.min(sizeOf(set), availableOf(set), missing));
}

/** After an abort a routed canary stays for a while, so that traffic has left before its pods do. */
function waitsAfterAbort({ rollout, stored, sets }: Pass): boolean {
  const canary = canaryOf(rollout);
  const delay = canary?.abortScaleDownDelaySeconds;
  const isDynamic = canary?.dynamicStableScale === true && delay === undefined;
  return (
    stored.abort === true &&
    sets.stableSet !== undefined &&
    isRouted(rollout) &&
    delay !== 0 &&
    !isDynamic
  );
}

/** A delay of 0 means never (observed-defects 5). */
function isKeptAfterAbort({ rollout, stored, sets }: Pass): boolean {
  const never = canaryOf(rollout)?.abortScaleDownDelaySeconds === 0;
  return stored.abort === true && sets.stableSet !== undefined && isRouted(rollout) && never;
}

/** Sets that are neither new nor stable, as far as availability allows. */
function scaleOthers(pass: Pass): boolean {
  const { sets, rollout, replicas } = pass;
  const withPods = sets.others.filter((set) => sizeOf(set) > 0);
  if (withPods.length === 0) return false;
  const referenced = referencedHashes(pass);
  const cleaned = cleanUnhealthy(pass, withPods, referenced);
  // A set that was made smaller still counts, in its status, pods that are going.
  const available = sets.all.reduce((sum, set) => sum + Math.min(sizeOf(set), availableOf(set)), 0);
  const budget = available - (replicas - limitsOf(rollout).maxUnavailable);
  if (budget <= 0) return cleaned;
  const rest = cleaned ? withPods.filter((set) => isHealthy(set)) : withPods;
  return scaleDownOthers(pass, rest.toSorted(byRevision), { referenced, budget }) || cleaned;
}

function isHealthy(set: ReplicaSet): boolean {
  return sizeOf(set) === availableOf(set);
}

/** Pods that are not available help nobody: they go first. What is still referred to or waits is left alone. */
function cleanUnhealthy(
  pass: Pass,
  sets: readonly ReplicaSet[],
  referenced: ReadonlySet<string>,
): boolean {
  let changed = false;
  for (const set of sets) {
    if (isHealthy(set) || deadlineTextOf(set) !== '') continue;
    if (isRouted(pass.rollout) && referenced.has(hashOf(set))) continue;
    if (availableOf(set) > sizeOf(set)) continue;
    changed = scaleSet(pass, set, { size: availableOf(set) }) || changed;
  }
  return changed;
}

function scaleDownOthers(
  pass: Pass,
  sets: readonly ReplicaSet[],
  { referenced, budget }: { readonly referenced: ReadonlySet<string>; readonly budget: number },
): boolean {
  const { rollout, stored } = pass;
  const delay = delayCounter(pass);
  const isDynamic = canaryOf(rollout)?.dynamicStableScale === true;
  let left = budget;
  let changed = false;
  for (const set of sets) {
    if (isRouted(rollout) && referenced.has(hashOf(set))) continue;
    if (left <= 0) break;
    const size = sizeOf(set);
    const isRetired = isCompleted(stored) || deadlineTextOf(set) !== '';
    const wanted = isRouted(rollout) && isRetired && !isDynamic ? delay(set) : { size: 0 };
    // Of a set behind a router pods that are not available may go at once: they count for nothing.
    const counted = isRouted(rollout) ? Math.min(size, availableOf(set)) : size;
    const target = Math.max(wanted.size, counted - left);
    changed = scaleSet(pass, set, { ...wanted, size: target }) || changed;
    left -= size - target;
  }
  return changed;
}

/** A change of `spec.replicas` alone: sets are sized, nothing else is looked at (3.2 C). */
export function isScalingEvent({ sets, replicas }: Pass): boolean {
  return [sets.newSet, sets.stableSet].some((set) => {
    if (set === undefined || sizeOf(set) === 0) return false;
    const recorded = desiredAnnotationOf(set);
    return recorded !== undefined && recorded !== replicas;
  });
}
