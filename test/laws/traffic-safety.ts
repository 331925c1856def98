// What must hold after every single write of the controller (design.md "Traffic safety", traffic.md 7), read from the
// API server's objects and not from our status. Entry point: `watchSafety`.
import type { ReplicaSet, Service } from '../../src/api/kubernetes.ts';
import { HASH_LABEL } from '../../src/api/names.ts';
import type { KubeObject } from '../../src/api/object.ts';
import {
  destinationRules,
  REPLICA_SETS,
  ROLLOUTS,
  SERVICES,
  virtualServices,
} from '../../src/api/resources.ts';
import type { Rollout } from '../../src/api/rollout.ts';
import { isControlledBy } from '../../src/core/ownership.ts';
import { limitsOf } from '../../src/core/rollout/limits.ts';
import type { Destination, DestinationRule, Route } from '../../src/core/traffic/istio-objects.ts';
import { jsonEqual } from '../../src/lib/equal.ts';
import { type Store, storeKey } from '../../src/sandbox/apiserver/store.ts';
import {
  CANARY_SERVICE,
  MESH,
  PING_SERVICE,
  PONG_SERVICE,
  ROLLOUT,
  STABLE_SERVICE,
} from './stand/manifests.ts';
import { NAMESPACE, type Stand } from './stand/stand.ts';

interface VirtualService extends KubeObject {
  readonly spec: { readonly http: readonly Route[] };
}

const KEYS = {
  rollouts: storeKey(ROLLOUTS),
  sets: storeKey(REPLICA_SETS),
  services: storeKey(SERVICES),
  routes: storeKey(virtualServices('v1beta1')),
  rules: storeKey(destinationRules('v1beta1')),
};

/** The objects of a story at one moment. */
export interface Scene {
  readonly rollout: Rollout | undefined;
  readonly sets: readonly ReplicaSet[];
  readonly services: readonly Service[];
  readonly route: VirtualService | undefined;
  readonly rule: DestinationRule | undefined;
}

export function sceneOf(store: Store): Scene {
  return {
    rollout: store.get(KEYS.rollouts, NAMESPACE, ROLLOUT) as Rollout | undefined,
    sets: store.list(KEYS.sets, NAMESPACE) as readonly ReplicaSet[],
    services: store.list(KEYS.services, NAMESPACE) as readonly Service[],
    route: store.get(KEYS.routes, NAMESPACE, MESH) as VirtualService | undefined,
    rule: store.get(KEYS.rules, NAMESPACE, MESH),
  };
}

export function managedRoute({ route }: Scene): Route | undefined {
  return route?.spec.http.find(({ name }) => name === 'primary');
}

/** The hash that a destination selects; undefined if it selects pods of every version. */
function hashOf(scene: Scene, { destination }: Destination): string | undefined {
  const { host = '', subset } = destination ?? {};
  if (subset !== undefined) {
    const found = scene.rule?.spec?.subsets?.find(({ name }) => name === subset);
    return found?.labels?.[HASH_LABEL];
  }
  const service = scene.services.find(({ metadata }) => metadata.name === host);
  return service?.spec.selector?.[HASH_LABEL];
}

/** Weight by hash, of the destinations that name one. */
export function sharesOf(scene: Scene): ReadonlyMap<string, number> {
  const shares = new Map<string, number>();
  for (const destination of managedRoute(scene)?.route ?? []) {
    const hash = hashOf(scene, destination);
    if (hash === undefined) continue;
    shares.set(hash, (shares.get(hash) ?? 0) + (destination.weight ?? 0));
  }
  return shares;
}

function isOf(hash: string, { metadata }: ReplicaSet): boolean {
  return metadata.labels?.[HASH_LABEL] === hash;
}

function isOwn({ rollout }: Scene, set: ReplicaSet): boolean {
  return isControlledBy(set, rollout?.metadata.uid);
}

function availableFor({ sets }: Scene, hash: string): number {
  return sets
    .filter((set) => isOf(hash, set))
    .reduce((sum, set) => sum + (set.status?.availableReplicas ?? 0), 0);
}

/** What destinations of experiments have lost: their time is over, so stable takes it whatever its pods. */
function givenBack(before: Scene, after: Scene): number {
  const shares = sharesOf(after);
  return [...sharesOf(before)]
    .filter(([hash]) => !after.sets.some((set) => isOf(hash, set) && isOwn(after, set)))
    .reduce((sum, [hash, share]) => sum + Math.max(0, share - (shares.get(hash) ?? 0)), 0);
}

/** A version whose share grows has the pods for it; one that has traffic has pods at all. */
function capacityProblems(before: Scene, after: Scene): readonly string[] {
  const previous = sharesOf(before);
  const { rollout } = after;
  const replicas = rollout?.spec.replicas ?? 1;
  const returned = givenBack(before, after);
  const isSized = (rollout?.spec.strategy?.canary?.steps ?? []).some(
    ({ setCanaryScale }) => setCanaryScale !== undefined,
  );
  return [...sharesOf(after)].flatMap(([hash, share]) => {
    if (share <= (previous.get(hash) ?? 0)) return [];
    const available = availableFor(after, hash);
    if (available === 0 && replicas > 0) return [`${share} % go to ${hash}, which has no pods`];
    const isOurs = after.sets.some((set) => isOf(hash, set) && isOwn(after, set));
    // A user who sizes the canary by hand, or an experiment's template, answers for its capacity.
    const isFree = !isOurs || (isSized && hash !== rollout?.status?.stableRS);
    const isReturned = share - returned <= (previous.get(hash) ?? 0);
    const need = Math.floor((share * replicas) / 100);
    return isFree || isReturned || available >= need
      ? []
      : [`${share} % go to ${hash}, which has ${available} of the ${need} pods for it`];
  });
}

function weightProblems({ route, rollout }: Scene): readonly string[] {
  const sums = (route?.spec.http ?? []).map(({ name = '', route: destinations = [] }) => ({
    name,
    sum: destinations.reduce((total, { weight = 0 }) => total + weight, 0),
  }));
  const wrong = sums
    .filter(({ sum }) => sum !== 100)
    .map(({ name, sum }) => `the weights of route ${name} are ${sum} in all`);
  const recorded = rollout?.status?.canary?.weights;
  if (recorded === undefined) return wrong;
  const { canary, stable, additional = [] } = recorded;
  const all = [canary, stable, ...additional].map(({ weight }) => weight);
  const sum = all.reduce((total, weight) => total + weight, 0);
  return sum === 100 && all.every((weight) => weight >= 0)
    ? wrong
    : [...wrong, `the recorded weights are ${all.join(', ')}`];
}

/** Sets that get smaller: none that has traffic goes to zero, and enough pods stay over all. */
function scaleProblems(before: Scene, after: Scene): readonly string[] {
  const shares = sharesOf(after);
  const smaller = after.sets.filter((set) => {
    const old = before.sets.find(({ metadata }) => metadata.uid === set.metadata.uid);
    return old !== undefined && (set.spec.replicas ?? 1) < (old.spec.replicas ?? 1);
  });
  if (smaller.length === 0) return [];
  const { rollout } = after;
  const replicas = rollout?.spec.replicas ?? 1;
  const emptied = smaller
    .filter(({ spec }) => spec.replicas === 0)
    .map(({ metadata }) => metadata.labels?.[HASH_LABEL] ?? '')
    .filter((hash) => !after.sets.some((set) => isOf(hash, set) && set.spec.replicas !== 0))
    .filter((hash) => (shares.get(hash) ?? 0) > 0 && replicas > 0)
    .filter((hash) => isAvoidable(after, hash))
    .map((hash) => `the set of ${hash}, which gets ${shares.get(hash)} %, is scaled to zero`);
  const owned = (scene: Scene) =>
    scene.sets.filter((set) => isControlledBy(set, rollout?.metadata.uid));
  const ready = (scene: Scene) =>
    owned(scene).reduce((sum, { spec, status }) => {
      return sum + Math.min(spec.replicas ?? 1, status?.availableReplicas ?? 0);
    }, 0);
  const floor =
    rollout === undefined ? 0 : Math.max(0, replicas - limitsOf(rollout).maxUnavailable);
  const isShort = ready(after) < Math.min(floor, ready(before));
  return isShort ? [...emptied, `${ready(after)} pods are left, ${floor} must be`] : emptied;
}

/** An experiment ends when its time is over: its share is lost only if nothing else could take it. */
function isAvoidable(scene: Scene, hash: string): boolean {
  const own = scene.sets.filter((set) => isOwn(scene, set));
  const isLeft = own.some(({ status }) => (status?.availableReplicas ?? 0) > 0);
  return own.some((set) => isOf(hash, set)) || isLeft;
}

/** A set that gets traffic is not deleted with its pods; one without pods serves nobody. */
function deletionProblems(before: Scene, after: Scene): readonly string[] {
  const shares = sharesOf(after);
  return before.sets
    .filter(({ spec, status }) => spec.replicas !== 0 || (status?.replicas ?? 0) > 0)
    .filter(({ metadata }) => !after.sets.some((set) => set.metadata.uid === metadata.uid))
    .filter(({ metadata }) => (shares.get(metadata.labels?.[HASH_LABEL] ?? '') ?? 0) > 0)
    .map(({ metadata }) => `${metadata.name}, which gets traffic, is deleted`);
}

/** What the user wrote, without the two weights and the two hashes that are ours, and without our destinations. */
function userParts({ route, rule, services }: Scene): unknown {
  const own = [CANARY_SERVICE, STABLE_SERVICE, PING_SERVICE, PONG_SERVICE];
  const hosts = new Set(['web', ...own, 'other']);
  const http = (route?.spec.http ?? []).map((one) => ({
    ...one,
    route: (one.route ?? [])
      .filter(({ destination }) => hosts.has(destination?.host ?? ''))
      .map((destination) => {
        return one.name === 'primary' ? { ...destination, weight: 0 } : destination;
      }),
  }));
  const subsets = (rule?.spec?.subsets ?? [])
    .filter(({ name }) => name === 'canary' || name === 'stable')
    .map(({ labels, ...subset }) => ({ ...subset, labels: { ...labels, [HASH_LABEL]: '' } }));
  const selectors = services
    .filter(({ metadata }) => hosts.has(metadata.name))
    .map(({ metadata, spec }) => ({
      name: metadata.name,
      spec: { ...spec, selector: { ...spec.selector, [HASH_LABEL]: '' } },
    }));
  return {
    route: { ...route?.spec, http },
    rule: { ...rule?.spec, subsets },
    selectors,
  };
}

function ownershipProblems(before: Scene, after: Scene): readonly string[] {
  return jsonEqual(userParts(before), userParts(after)) ? [] : ['a part of the user has changed'];
}

/** Everything that a write of the controller made wrong. */
export function problemsOf(before: Scene, after: Scene): readonly string[] {
  const known = new Set(weightProblems(before));
  return [
    ...weightProblems(after).filter((problem) => !known.has(problem)),
    ...capacityProblems(before, after),
    ...scaleProblems(before, after),
    ...deletionProblems(before, after),
    ...ownershipProblems(before, after),
  ];
}

/** Gathers what writes make wrong. Those of users and pods only change what the next one is compared with. */
export function watchSafety(stand: Stand): readonly string[] {
  const found: string[] = [];
  let before = sceneOf(stand.store);
  stand.store.observe((key, { object }) => {
    const after = sceneOf(stand.store);
    const problems = stand.isPassing ? problemsOf(before, after) : [];
    before = after;
    found.push(
      ...problems.map((text) => `after a write of ${key} ${object.metadata.name}: ${text}`),
    );
  });
  return found;
}
