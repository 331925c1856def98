// The traffic step of a pass: which weight, hashes and destinations are wanted (traffic.md 1.5) and the router
// operations that lead there, in an order in which every prefix is safe (1.4).
import type { Experiment } from '../../api/experiment.ts';
import type { CanaryStep, Rollout, TrafficWeights, WeightDestination } from '../../api/rollout.ts';
import { canaryOf, desiredReplicas, maxWeightOf } from '../rollout/limits.ts';
import {
  atDesiredCounts,
  type CanarySets,
  progressThresholdMet,
  trafficRoutedReplicas,
} from '../rollout/replicas.ts';
import {
  backOffWeight,
  currentStepOf,
  isFullyPromoted,
  nearestSetWeight,
  type SetCounts,
  stepIndexOf,
  stepsOf,
} from '../rollout/weights.ts';
import type { Duration, Instant } from '../../lib/time.ts';
import type { Hashes } from './istio.ts';
import type { Lanes } from './lanes.ts';
import { type Pace, paceOf } from './pace.ts';

export interface TrafficWorld {
  readonly rollout: Rollout;
  readonly sets: CanarySets;
  readonly recorded?: TrafficWeights;
  /** The experiment of the current step, if there is one. */
  readonly experiment?: Experiment;
  readonly revision: number;
  /** How the objects are, and how late proxies may learn of a change; absent if they learn of it at once. */
  readonly propagation?: {
    readonly lanes: Lanes;
    readonly now: Instant;
    readonly delay: Duration;
  };
}

/** What the traffic should be. */
export interface Wanted {
  readonly weight: number;
  readonly hashes: Hashes;
  /** What subsets name, where that is not what is recorded. */
  readonly subsetHashes?: Hashes;
  readonly extras: readonly WeightDestination[];
  readonly removesManagedRoutes: boolean;
  /** The canary Service names the stable set from now on (abort). */
  readonly pointsCanaryServiceAtStable: boolean;
  /** Pods of a set that traffic is drained from do not hold the subset switch up. */
  readonly canaryExempt: boolean;
  /** What stands in the way of being there at once, given the propagation delay. */
  readonly pace?: Pace;
}

export type Operation =
  | { readonly op: 'removeManagedRoutes' }
  | { readonly op: 'setHeaderRoute'; readonly step: NonNullable<CanaryStep['setHeaderRoute']> }
  | { readonly op: 'setMirrorRoute'; readonly step: NonNullable<CanaryStep['setMirrorRoute']> }
  | { readonly op: 'updateHash' }
  | { readonly op: 'setWeight' };

export interface Plan {
  readonly wanted: Wanted;
  readonly operations: readonly Operation[];
  /** What is recorded once all operations have been accepted; absent when the capacity gate holds them up. */
  readonly record?: TrafficWeights;
  /** Why nothing more is done: the stable set cannot carry the rest yet. */
  readonly waiting?: string;
}

/** The plan of one router for this pass. */
export function trafficPlan(world: TrafficWorld): Plan {
  const wanted = paced(world, wantedTraffic(world));
  const before: Operation[] = wanted.removesManagedRoutes ? [{ op: 'removeManagedRoutes' }] : [];
  const waiting = capacityGate(world, wanted.weight);
  if (waiting !== undefined) return waitingPlan(world, { wanted, operations: before, waiting });
  const operations: Operation[] = [
    ...before,
    ...(wanted.removesManagedRoutes ? [] : routeOperations(world)),
    ...(lowersFirst(world, wanted) ? [{ op: 'setWeight' } as const] : []),
    { op: 'updateHash' },
    { op: 'setWeight' },
  ];
  return { wanted, operations, record: recordOf(world, wanted) };
}

/** Traffic of a set without pods, or more of it than the next set is to have, leaves before the subset changes (I4). */
function lowersFirst({ recorded, sets }: TrafficWorld, { weight, hashes }: Wanted): boolean {
  const current = recorded?.canary.weight ?? 0;
  const isEmpty = (sets.canary?.available ?? 0) === 0;
  const isOther = (recorded?.canary.podTemplateHash ?? '') !== hashes.canary;
  return current > 0 && (isEmpty || (isOther && weight < current));
}

/** Nothing moves but what an experiment that is over leaves behind: its pods go soon, so its share goes first (I10). */
function waitingPlan(world: TrafficWorld, plan: Plan): Plan {
  const { recorded, rollout, sets } = world;
  const wanted = held(plan.wanted, world);
  const isOver = wanted.extras.length === 0 && (recorded?.additional ?? []).length > 0;
  const hasPods = (sets.stable?.available ?? 0) > 0;
  if (recorded === undefined || !isOver || !hasPods) return { ...plan, wanted };
  const { additional: _over, ...parties } = recorded;
  const { weight } = recorded.canary;
  return {
    ...plan,
    wanted: { ...wanted, weight },
    operations: [...plan.operations, { op: 'setWeight' }],
    record: {
      ...parties,
      stable: { ...recorded.stable, weight: maxWeightOf(canaryOf(rollout)) - weight },
    },
  };
}

/** What may be written of it now; subsets that may not change yet keep what they name. */
function paced(world: TrafficWorld, wanted: Wanted): Wanted {
  const { propagation, sets, rollout } = world;
  if (propagation === undefined) return wanted;
  const all = [sets.canary, sets.stable, ...sets.others];
  const find = (hash: string) => all.find((set) => set?.hash === hash && hash !== '');
  const aimed = wanted.subsetHashes ?? wanted.hashes;
  const aim = { weight: wanted.weight, hashes: aimed };
  const pace = paceOf(
    {
      ...propagation,
      available: (hash) => find(hash)?.available ?? 0,
      carries: (hash) => isEnough(rollout, find(hash), desiredReplicas(rollout)),
      maxWeight: maxWeightOf(canaryOf(rollout)),
    },
    aim,
  );
  const { lanes } = propagation;
  const hashes = {
    canary: pace.mayPoint.canary ? aimed.canary : lanes.canary.hash,
    stable: pace.mayPoint.stable ? aimed.stable : lanes.stable.hash,
  };
  return { ...wanted, weight: pace.weight, hashes, subsetHashes: hashes, pace };
}

/** While the canary still has traffic its Service goes on naming it. */
function held(wanted: Wanted, { recorded }: TrafficWorld): Wanted {
  const hasTraffic = (recorded?.canary.weight ?? 0) > 0;
  return hasTraffic ? { ...wanted, pointsCanaryServiceAtStable: false } : wanted;
}

/** Routes to the canary are inserted only while it has a pod that answers. */
function routeOperations({ rollout, revision, sets }: TrafficWorld): readonly Operation[] {
  const step = currentStepOf(rollout);
  if (revision <= 1 || (sets.canary?.available ?? 0) === 0) return [];
  const operations: Operation[] = [];
  if (step?.setHeaderRoute !== undefined) {
    operations.push({ op: 'setHeaderRoute', step: step.setHeaderRoute });
  }
  if (step?.setMirrorRoute !== undefined) {
    operations.push({ op: 'setMirrorRoute', step: step.setMirrorRoute });
  }
  return operations;
}

function recordOf(world: TrafficWorld, { weight, hashes, extras }: Wanted): TrafficWeights {
  const strategy = canaryOf(world.rollout);
  const given = extras.reduce((sum, extra) => sum + extra.weight, 0);
  const left = maxWeightOf(strategy) - weight - given;
  const party = (share: number, hash: string, service: string | undefined): WeightDestination => ({
    weight: share,
    ...((service ?? '') === '' ? {} : { serviceName: service ?? '' }),
    ...(hash === '' ? {} : { podTemplateHash: hash }),
  });
  return {
    canary: party(weight, hashes.canary, strategy?.canaryService),
    stable: party(
      left,
      left > 0 ? hashes.stable : emptied(world, hashes.stable),
      strategy?.stableService,
    ),
    ...(extras.length === 0 ? {} : { additional: extras }),
  };
}

/**
 * The lane that all traffic has left is turned to the new set before it is used again. That is told with its weight: by
 * itself it would cost a write of the status, and tells nobody anything.
 */
function emptied({ recorded, propagation }: TrafficWorld, hash: string): string {
  const isEmpty = propagation !== undefined && recorded?.stable.weight === 0;
  return isEmpty ? (recorded.stable.podTemplateHash ?? '') : hash;
}

/** The stable set must be able to carry what the canary does not (traffic.md 1.4, 2). */
function capacityGate({ rollout, sets }: TrafficWorld, weight: number): string | undefined {
  const strategy = canaryOf(rollout);
  const maxWeight = maxWeightOf(strategy);
  const need = Math.floor(((maxWeight - weight) * desiredReplicas(rollout)) / maxWeight);
  const { stable } = sets;
  if (stable === undefined) return 'there is no stable ReplicaSet yet';
  if (isEnough(rollout, stable, need)) return undefined;
  return `the stable ReplicaSet has ${stable.available} available replicas, waiting for ${need}`;
}

/** The set has that many pods, or as many of them as the threshold asks for. */
function isEnough(rollout: Rollout, set: SetCounts | undefined, need: number): boolean {
  if (set === undefined) return false;
  if (set.available >= need) return true;
  const threshold = canaryOf(rollout)?.replicaProgressThreshold;
  return threshold !== undefined && progressThresholdMet(threshold, set, need);
}

/** The desired weight and what belongs to it; the first row of traffic.md 1.5 that fits. */
export function wantedTraffic(world: TrafficWorld): Wanted {
  const { rollout, sets, recorded } = world;
  const hashes = { canary: sets.canary?.hash ?? '', stable: sets.stable?.hash ?? '' };
  const base = {
    hashes,
    extras: [],
    removesManagedRoutes: false,
    pointsCanaryServiceAtStable: false,
    canaryExempt: false,
  };
  const rollback = dynamicRollback(world);
  if (rollback !== undefined) return { ...base, ...rollback };
  if (isFullyPromoted(rollout)) return { ...base, weight: 0, removesManagedRoutes: true };
  if (rollout.status?.abort === true) return { ...base, ...aborted(world) };
  if ((sets.canary?.available ?? 0) === 0) {
    return { ...base, weight: 0, extras: experimentExtras(world), removesManagedRoutes: true };
  }
  if (rollout.status?.promoteFull === true) {
    const weight = fullPromotionWeight(rollout, sets.canary, recorded);
    return { ...base, weight, removesManagedRoutes: true };
  }
  return { ...base, ...stepTraffic(world) };
}

/** Rollback to stable while it was scaled down: traffic moves back only as stable grows. */
function dynamicRollback({ rollout, sets, recorded }: TrafficWorld) {
  const strategy = canaryOf(rollout);
  const { canary, stable } = sets;
  if (
    recorded === undefined ||
    strategy?.dynamicStableScale !== true ||
    !isFullyPromoted(rollout)
  ) {
    return undefined;
  }
  const previous = recorded.canary.podTemplateHash ?? '';
  if (previous === (canary?.hash ?? '')) return undefined;
  if ((canary?.available ?? 0) >= desiredReplicas(rollout)) return undefined;
  return {
    weight: backOffWeight(rollout, sets, recorded),
    hashes: { canary: previous, stable: stable?.hash ?? '' },
    canaryExempt: true,
  };
}

function aborted({ rollout, sets, recorded }: TrafficWorld) {
  const weight = backOffWeight(rollout, sets, recorded);
  const isDynamic = canaryOf(rollout)?.dynamicStableScale === true;
  return {
    weight,
    removesManagedRoutes: true,
    pointsCanaryServiceAtStable: !isDynamic || weight === 0,
    canaryExempt: true,
    ...hashesAfterAbort(sets, weight, recorded),
  };
}

/** What still has traffic stays where it is, be it of an update that another one had taken the place of (I4). */
function hashesAfterAbort(
  sets: CanarySets,
  weight: number,
  recorded: TrafficWeights | undefined,
): Partial<Pick<Wanted, 'hashes' | 'subsetHashes'>> {
  const previous = recorded?.canary.podTemplateHash ?? '';
  const serving = sets.others.find(({ hash }) => hash === previous);
  if (weight > 0 && serving !== undefined) {
    return { hashes: { canary: previous, stable: sets.stable?.hash ?? '' } };
  }
  return isGone(sets.canary) ? { subsetHashes: bothStable(sets) } : {};
}

/** No pods, and none to come: then its subset names the stable set, so that direct callers work (I8). */
function isGone(canary: SetCounts | undefined): boolean {
  return canary === undefined || (canary.spec === 0 && (canary.created ?? 0) === 0);
}

function bothStable({ stable }: CanarySets): Hashes {
  const hash = stable?.hash ?? '';
  return { canary: hash, stable: hash };
}

function fullPromotionWeight(
  rollout: Rollout,
  canary: SetCounts | undefined,
  recorded: TrafficWeights | undefined,
): number {
  const strategy = canaryOf(rollout);
  if (strategy?.dynamicStableScale !== true) return recorded?.canary.weight ?? 0;
  const maxWeight = maxWeightOf(strategy);
  const share = Math.floor((maxWeight * (canary?.available ?? 0)) / desiredReplicas(rollout));
  return Math.min(maxWeight, share);
}

function stepTraffic(world: TrafficWorld): Pick<Wanted, 'weight' | 'extras'> {
  const { rollout, sets } = world;
  const steps = stepsOf(rollout);
  const index = stepIndexOf(rollout);
  if (steps.length === 0) return { weight: 0, extras: [] };
  const lower = lowerWeight(world);
  if (lower !== undefined) return { weight: lower, extras: experimentExtras(world) };
  // Sizes are judged by what this pass wants, not by what earlier passes recorded.
  if (!atDesiredCounts(rollout, sets, undefined)) {
    const weight = Math.min(nearestSetWeight(rollout, index, false), appliedWeight(world));
    return { weight, extras: experimentExtras(world) };
  }
  if (index < steps.length) {
    return { weight: nearestSetWeight(rollout, index), extras: experimentExtras(world) };
  }
  return { weight: maxWeightOf(canaryOf(rollout)), extras: [] };
}

/** What routers have accepted for this canary; a step that was skipped never was (I12). */
function appliedWeight({ recorded, sets }: TrafficWorld): number {
  const canary = recorded?.canary;
  return (canary?.podTemplateHash ?? '') === sets.canary?.hash ? (canary?.weight ?? 0) : 0;
}

/** On the way down traffic leaves before pods do: a step with no more than the one before waits for no sizes (I3). */
function lowerWeight(world: TrafficWorld): number | undefined {
  const { rollout, sets } = world;
  const index = stepIndexOf(rollout);
  if (index >= stepsOf(rollout).length) return undefined;
  const wanted = trafficRoutedReplicas(rollout, sets, undefined).canary;
  const weight = wanted === 0 ? 0 : nearestSetWeight(rollout, index);
  const before = Math.min(nearestSetWeight(rollout, index, false), appliedWeight(world));
  return weight <= before ? weight : undefined;
}

/**
 * Destinations of a running experiment: a function of the experiment, replaced as a set. A template without a
 * Service yet is left out, so no destination without host is ever written (observed-defects 2).
 */
export function experimentExtras({
  rollout,
  experiment,
}: TrafficWorld): readonly WeightDestination[] {
  const index = stepIndexOf(rollout);
  const step = stepsOf(rollout).findLast(
    (candidate, at) => at <= index && candidate.experiment !== undefined,
  )?.experiment;
  if (step === undefined || experiment?.status?.phase !== 'Running') return [];
  const weights = new Map(
    (step.templates ?? []).map((template) => [template.name, template.weight]),
  );
  return (experiment.status.templateStatuses ?? []).flatMap((template) => {
    const weight = weights.get(template.name);
    if (weight === undefined || (template.serviceName ?? '') === '') return [];
    return [
      {
        weight,
        serviceName: template.serviceName ?? '',
        podTemplateHash: template.podTemplateHash ?? '',
      },
    ];
  });
}
