// Selectors of Services: how one is switched, and the one rule that decides the target of each of a canary's
// (rollout.md 8.1, traffic.md 1.6, I7). Those of a blue-green: `bluegreen/services.ts`.
import { normal } from '../events.ts';
import type { ReplicaSet, Service } from '../../api/kubernetes.ts';
import { HASH_LABEL, MANAGED_BY, SWITCHED } from '../../api/names.ts';
import { SERVICES } from '../../api/resources.ts';
import { refOf } from '../ownership.ts';
import { switchedText } from '../traffic/lanes.ts';
import type { Plan } from '../traffic/plan.ts';
import { canaryOf, isRouted, maxWeightOf } from './limits.ts';
import type { Pass } from './pass.ts';
import { isPaced } from './propagation.ts';
import { canaryReplicas } from './replicas.ts';
import { availableOf, canarySetsOf, hashOf, setWith, sizeOf } from './sets.ts';

export function serviceNamed({ world }: Pass, name: string | undefined): Service | undefined {
  if (name === undefined || name === '') return undefined;
  return world.services.find((service) => service.metadata.name === name);
}

/** Before traffic moves: Services follow their sets as soon as these have pods. */
export function pointServices(pass: Pass, plan: Plan | undefined): void {
  const { rollout, sets, stored } = pass;
  const canary = canaryOf(rollout);
  if (mayPoint(pass, plan, 'stable') && !isStableLeaving(pass)) {
    pointGuarded(pass, serviceNamed(pass, canary?.stableService), sets.stableSet);
  }
  const service = serviceNamed(pass, canary?.canaryService);
  if (stored.abort === true) {
    // With a router the Service follows once the weight is gone: `pointCanaryServiceBack`.
    if (!isRouted(rollout)) pointGuarded(pass, service, sets.stableSet);
    return;
  }
  if (plan?.wanted.canaryExempt === true || !mayPoint(pass, plan, 'canary')) return;
  if (!isTooSmall(pass)) pointGuarded(pass, service, sets.newSet);
}

/** Without a router, a stable set that is about to lose its last pod does not get its Service back (`scaling.ts`). */
function isStableLeaving({ rollout, sets }: Pass): boolean {
  if (isRouted(rollout) || sets.stableSet === sets.newSet) return false;
  return canaryReplicas(rollout, canarySetsOf(sets), undefined).stable === 0;
}

/**
 * The route still gives another set, that serves, more than the new one has pods for: weight goes first (I4).
 * 10 pods, 50 % on an update that was superseded -> the canary Service waits for 5 pods, or for less weight.
 */
function isTooSmall({ rollout, sets, stored, draft, replicas }: Pass): boolean {
  const { weight = 0, podTemplateHash = '' } = stored.canary?.weights?.canary ?? {};
  const { newSet, stableSet } = sets;
  const serving = setWith(sets, podTemplateHash);
  if (!isRouted(rollout) || weight === 0 || serving === newSet || availableOf(serving) === 0) {
    return false;
  }
  const share = Math.floor((weight * replicas) / maxWeightOf(canaryOf(rollout)));
  const need = newSet === stableSet ? replicas : share;
  if (availableOf(newSet) >= need) return false;
  const message = `the canary Service waits for ${need} pods of ReplicaSet ${newSet?.metadata.name ?? ''}`;
  draft.reasons.push({ code: 'WaitingForPods', message });
  return true;
}

/** Whether what the lane names may be changed now; only proxies that learn late can be in the way. */
export function mayPoint(
  { draft }: Pass,
  plan: Plan | undefined,
  side: 'canary' | 'stable',
): boolean {
  const pace = plan?.wanted.pace;
  if (pace === undefined || pace.mayPoint[side]) return true;
  draft.reasons.push({ code: 'TrafficMoves', message: pace.waiting ?? '' });
  return false;
}

/** After an abort, once no request goes to the canary any more. */
export function pointCanaryServiceBack(pass: Pass, plan: Plan): void {
  const { rollout, sets, draft, now } = pass;
  if (!plan.wanted.pointsCanaryServiceAtStable || plan.waiting !== undefined) return;
  const service = serviceNamed(pass, canaryOf(rollout)?.canaryService);
  const hash = hashOf(sets.stableSet);
  if (service === undefined || hash === '' || service.spec.selector?.[HASH_LABEL] === hash) return;
  const { pace } = plan.wanted;
  // While a route still leads to it in the snapshot, the change of that route brings the next pass.
  const isDrained = pace === undefined || (pace.drainedAt !== undefined && pace.drainedAt <= now);
  if (isDrained) {
    point(pass, service, hash);
    return;
  }
  if (pace.drainedAt !== undefined) draft.moments.push(pace.drainedAt);
  const message = `Service ${service.metadata.name} goes back once traffic has left the canary`;
  draft.reasons.push({ code: 'TrafficMoves', message });
}

/**
 * Points a Service at a set that can answer: one that was never ours needs the whole set available, one that is ours a
 * single pod. Otherwise it stays where it is.
 */
export function pointGuarded(
  pass: Pass,
  service: Service | undefined,
  set: ReplicaSet | undefined,
): void {
  if (service === undefined || set === undefined) return;
  const hash = hashOf(set);
  if (service.spec.selector?.[HASH_LABEL] === hash) {
    mark(pass, service);
    return;
  }
  const available = availableOf(set);
  const isOurs = service.metadata.annotations?.[MANAGED_BY] !== undefined;
  // Pods of a set that has been scaled to zero are on their way out.
  const least = isOurs ? 1 : sizeOf(set);
  const isReady = sizeOf(set) > 0 && available >= least;
  if (isReady) point(pass, service, hash);
  else {
    pass.draft.reasons.push({
      code: 'WaitingForPods',
      message: `Service ${service.metadata.name} waits for pods of ReplicaSet ${set.metadata.name}`,
    });
  }
}

/** Writes the hash into the selector, and whose Service it is; nothing if both are there. */
export function point(pass: Pass, service: Service, hash: string): void {
  const { rollout, draft, now } = pass;
  const before = service.spec.selector?.[HASH_LABEL] ?? '';
  const isOurs = service.metadata.annotations?.[MANAGED_BY] !== undefined;
  if (before === hash) {
    mark(pass, service);
    return;
  }
  const { name } = service.metadata;
  const annotations = {
    ...(isOurs ? {} : { [MANAGED_BY]: rollout.metadata.name }),
    ...(isPaced(pass) ? { [SWITCHED]: switchedText({ at: now, from: before }) } : {}),
  };
  const message = `Switched selector for service '${name}' from '${before}' to '${hash}'`;
  draft.writes.push({
    kind: 'patch',
    ref: refOf(SERVICES, service),
    resourceVersion: service.metadata.resourceVersion ?? '',
    patch: {
      type: 'merge',
      body: {
        ...(Object.keys(annotations).length === 0 ? {} : { metadata: { annotations } }),
        spec: { selector: { [HASH_LABEL]: hash } },
      },
    },
    events: [normal('SwitchService', message)],
  });
  draft.reasons.push({ code: 'SwitchingService', message });
}

/** A Service that names our set says whose it is: without that nobody would give it back (pitfall 20). */
function mark({ rollout, draft }: Pass, service: Service): void {
  if (service.metadata.annotations?.[MANAGED_BY] !== undefined) return;
  const { name, resourceVersion = '' } = service.metadata;
  const annotations = { [MANAGED_BY]: rollout.metadata.name };
  draft.writes.push({
    kind: 'patch',
    ref: refOf(SERVICES, service),
    resourceVersion,
    patch: { type: 'merge', body: { metadata: { annotations } } },
    events: [],
  });
  const message = `marking Service ${name} as managed by ${rollout.metadata.name}`;
  draft.reasons.push({ code: 'SwitchingService', message });
}
