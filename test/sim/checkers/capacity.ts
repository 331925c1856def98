// Promises 2, 3 and 4: traffic goes where ready pods are, no more of it than they were sized for, and a set that
// something live refers to is not scaled to zero.
import type { ReplicaSet } from '../../../src/api/kubernetes.ts';
import type { Rollout } from '../../../src/api/rollout.ts';
import { type Checker, type Entry, NOTHING } from './checker.ts';
import {
  availableFor,
  hashOfSet,
  KEYS,
  type Lane,
  lanesOf,
  ownSets,
  rolloutsOf,
  type Scene,
  selectedHash,
  shareOf,
} from './scene.ts';

const ROUTING: ReadonlySet<string> = new Set([KEYS.routes, KEYS.rules, KEYS.services]);

/** A change of a route, a subset or a selector by us: what each lane was and is. */
function* moves(entry: Entry): Generator<{ rollout: Rollout; was: Lane | undefined; lane: Lane }> {
  if (entry.author !== 'controller' || !ROUTING.has(entry.key)) return;
  for (const rollout of rolloutsOf(entry.after)) {
    const before = lanesOf(entry.before, rollout);
    for (const lane of lanesOf(entry.after, rollout)) {
      yield { rollout, was: before.find(({ name }) => name === lane.name), lane };
    }
  }
}

function isRisen(hash: string, lane: Lane, was: Lane | undefined): boolean {
  return (lane.shares.get(hash) ?? 0) > (was?.shares.get(hash) ?? 0);
}

export function readinessChecker(): Checker {
  return {
    promise: '2: no destination with weight selects zero ready pods, if that could be avoided',
    see: (entry) =>
      [...moves(entry)].flatMap(({ rollout, was, lane }) =>
        [...lane.shares]
          .filter(([hash]) => isRisen(hash, lane, was) && entry.replicasOf(rollout) > 0)
          .filter(([hash]) => availableFor(entry.after, hash) === 0)
          .filter(([hash]) => hasOtherPods(entry.after, rollout, hash))
          .map(([hash, share]) => `${share} % of ${lane.name} go to ${hash}, which has no pods`),
      ),
  };
}

/** Whether traffic could have stayed, or gone, where pods are. */
function hasOtherPods(scene: Scene, rollout: Rollout, hash: string): boolean {
  return ownSets(scene, rollout).some(
    (set) => hashOfSet(set) !== hash && (set.status?.availableReplicas ?? 0) > 0,
  );
}

export function sizeChecker(): Checker {
  return {
    promise: '3: the share of a version never exceeds what its ready pods were sized for',
    see: (entry) => [...risenProblems(entry), ...shrunkProblems(entry)],
  };
}

/** A share that grows has the pods for it. */
function risenProblems(entry: Entry): readonly string[] {
  const { before, after } = entry;
  return [...moves(entry)].flatMap(({ rollout, was, lane }) => {
    if (!lane.isSized) return NOTHING;
    const returned = givenBack(lane, was);
    return [...lane.shares].flatMap(([hash, share]) => {
      const old = was?.shares.get(hash) ?? 0;
      if (share <= old || share - returned <= old || isFree(after, rollout, hash)) return NOTHING;
      const need = needFor(entry, rollout, share);
      const available = availableFor(after, hash);
      if (available >= need || isRescue({ before, after, was, available })) return NOTHING;
      return [`${share} % of ${lane.name} go to ${hash}, which has ${available} of ${need} pods`];
    });
  });
}

/** A Service has no shares: it goes to the version that has more pods than the one it leaves. */
function isRescue(of: {
  readonly before: Scene;
  readonly after: Scene;
  readonly was: Lane | undefined;
  readonly available: number;
}): boolean {
  if (of.was === undefined) return true;
  const [first, ...others] = of.was.shares.keys();
  const isService = of.was.name.startsWith('Service') && others.length === 0;
  return isService && first !== undefined && availableFor(of.after, first) < of.available;
}

/** Pods for a share; as many of them as the progress threshold asks for. */
function needFor({ replicasOf }: Entry, rollout: Rollout, share: number): number {
  const need = Math.floor((share * replicasOf(rollout)) / 100);
  const threshold = rollout.spec.strategy?.canary?.replicaProgressThreshold;
  if (threshold === undefined) return need;
  const part = threshold.type.startsWith('Percent')
    ? Math.ceil((need * threshold.value) / 100)
    : threshold.value;
  return Math.min(need, part);
}

/** A user who sizes the canary by hand, or an experiment's template, answers for its capacity. */
function isFree(scene: Scene, rollout: Rollout, hash: string): boolean {
  const isOurs = ownSets(scene, rollout).some((set) => hashOfSet(set) === hash);
  const isByHand = (rollout.spec.strategy?.canary?.steps ?? []).some(
    ({ setCanaryScale }) => setCanaryScale !== undefined,
  );
  return !isOurs || (isByHand && hash !== rollout.status?.stableRS);
}

/** What destinations of experiments have lost: their time is over, so stable takes it whatever its pods. */
function givenBack(lane: Lane, was: Lane | undefined): number {
  return Math.max(0, (was?.lent ?? 0) - lane.lent);
}

/** The set of a change that made it smaller, by us. */
function shrunkSet({ author, key, change }: Entry): ReplicaSet | undefined {
  if (author !== 'controller' || key !== KEYS.sets || change.before === undefined) return undefined;
  const set = change.object as ReplicaSet;
  const old = change.before as ReplicaSet;
  return (set.spec.replicas ?? 1) < (old.spec.replicas ?? 1) ? set : undefined;
}

/** A set that gets smaller keeps the pods for its share. */
function shrunkProblems(entry: Entry): readonly string[] {
  const set = shrunkSet(entry);
  if (set === undefined) return NOTHING;
  const { after } = entry;
  const hash = hashOfSet(set);
  const size = set.spec.replicas ?? 1;
  return rolloutsOf(after).flatMap((rollout) => {
    if (!ownSets(after, rollout).some(({ metadata }) => metadata.uid === set.metadata.uid)) {
      return NOTHING;
    }
    const lanes = lanesOf(after, rollout).filter(({ isSized }) => isSized);
    const share = shareOf(lanes, hash);
    const need = needFor(entry, rollout, share);
    // Pods that never came are not missed; who sizes the canary by hand may size it below its share.
    const had = (set.status?.availableReplicas ?? 0) > size;
    return size < need && had && !isFree(after, rollout, hash)
      ? [`${set.metadata.name} is scaled to ${size} while ${share} % need ${need} pods`]
      : NOTHING;
  });
}

export function referenceChecker(): Checker {
  return {
    promise: '4: a set that a live route, Service or subset refers to is not scaled to zero',
    see: (entry) => [...emptiedProblems(entry), ...deletedProblems(entry)],
  };
}

function emptiedProblems(entry: Entry): readonly string[] {
  const set = shrunkSet(entry);
  if (set === undefined || set.spec.replicas !== 0) return NOTHING;
  const { after } = entry;
  const hash = hashOfSet(set);
  const isLeft = after
    .list<ReplicaSet>(KEYS.sets)
    .some((one) => hashOfSet(one) === hash && one.spec.replicas !== 0);
  if (isLeft) return NOTHING;
  return rolloutsOf(after)
    .filter((rollout) => entry.replicasOf(rollout) > 0 && isAvoidable(after, rollout, hash))
    .flatMap((rollout) => {
      const found = referencesTo(after, rollout, hash);
      return found.map((one) => `${set.metadata.name} is scaled to zero, and ${one} refers to it`);
    });
}

/**
 * The share of an experiment is lost if nothing else could take it: its pods go when its time is over, though a user has
 * taken away what the route leads to stable by.
 */
function isAvoidable(scene: Scene, rollout: Rollout, hash: string): boolean {
  const own = ownSets(scene, rollout);
  if (own.some((set) => hashOfSet(set) === hash)) return true;
  const stable = rollout.status?.stableRS ?? '';
  const isReachable = lanesOf(scene, rollout).every(({ shares }) => shares.has(stable));
  return isReachable && own.some(({ status }) => (status?.availableReplicas ?? 0) > 0);
}

function referencesTo(scene: Scene, rollout: Rollout, hash: string): readonly string[] {
  const lanes = lanesOf(scene, rollout)
    .filter(({ shares }) => (shares.get(hash) ?? 0) > 0)
    // Without a router and without surge one version goes before the other comes.
    .filter(({ isSized }) => isSized || hasOtherPods(scene, rollout, hash))
    .map(({ name }) => name);
  const canary = rollout.spec.strategy?.canary;
  const { status } = rollout;
  // The Service of a canary that its own steps size to nothing has no traffic; after its end it goes back first.
  const isEnded = status?.abort === true || hash !== status?.currentPodHash;
  const isNamed =
    canary?.trafficRouting !== undefined &&
    isEnded &&
    selectedHash(scene, canary.canaryService) === hash;
  return isNamed ? [...lanes, `Service ${canary.canaryService}`] : lanes;
}

/** A set with pods that gets traffic is not deleted. */
function deletedProblems({ author, key, change, after }: Entry): readonly string[] {
  if (author !== 'controller' || key !== KEYS.sets || change.type !== 'DELETED') return NOTHING;
  const set = change.object as ReplicaSet;
  if (set.spec.replicas === 0 && (set.status?.replicas ?? 0) === 0) return NOTHING;
  const hash = hashOfSet(set);
  return rolloutsOf(after)
    .filter((rollout) => shareOf(lanesOf(after, rollout), hash) > 0)
    .map(() => `${set.metadata.name}, which gets traffic, is deleted`);
}
