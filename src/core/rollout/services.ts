// Selectors of Services: how one is switched, and the one rule that decides the target of each of a canary's
// (rollout.md 8.1, traffic.md 1.6, I7). Those of a blue-green: `bluegreen/services.ts`.
import type { ReplicaSet, Service } from '../../api/kubernetes.ts';
import { HASH_LABEL, MANAGED_BY } from '../../api/names.ts';
import { SERVICES } from '../../api/resources.ts';
import { refOf } from '../ownership.ts';
import type { Plan } from '../traffic/plan.ts';
import { canaryOf, isRouted } from './limits.ts';
import { normal, type Pass } from './pass.ts';
import { availableOf, hashOf, sizeOf } from './sets.ts';

export function serviceNamed({ world }: Pass, name: string | undefined): Service | undefined {
  if (name === undefined || name === '') return undefined;
  return world.services.find((service) => service.metadata.name === name);
}

/** Before traffic moves: Services follow their sets as soon as these have pods. */
export function pointServices(pass: Pass, plan: Plan | undefined): void {
  const { rollout, sets, stored } = pass;
  const canary = canaryOf(rollout);
  pointGuarded(pass, serviceNamed(pass, canary?.stableService), sets.stableSet);
  const service = serviceNamed(pass, canary?.canaryService);
  if (stored.abort === true) {
    // With a router the Service follows once the weight is gone: `pointCanaryServiceBack`.
    if (!isRouted(rollout)) pointGuarded(pass, service, sets.stableSet);
    return;
  }
  if (plan?.wanted.canaryExempt === true) return;
  pointGuarded(pass, service, sets.newSet);
}

/** After an abort, once no weight goes to the canary any more. */
export function pointCanaryServiceBack(pass: Pass, plan: Plan): void {
  const { rollout, sets } = pass;
  if (!plan.wanted.pointsCanaryServiceAtStable || plan.waiting !== undefined) return;
  const service = serviceNamed(pass, canaryOf(rollout)?.canaryService);
  if (service !== undefined && sets.stableSet !== undefined) {
    point(pass, service, hashOf(sets.stableSet));
  }
}

/**
 * Points a Service at a set that can answer: one that was never ours needs the whole set available, one that is ours a
 * single pod. Otherwise it stays where it is.
 */
function pointGuarded(pass: Pass, service: Service | undefined, set: ReplicaSet | undefined): void {
  if (service === undefined || set === undefined) return;
  const hash = hashOf(set);
  if (service.spec.selector?.[HASH_LABEL] === hash) return;
  const available = availableOf(set);
  const isOurs = service.metadata.annotations?.[MANAGED_BY] !== undefined;
  const isReady = isOurs ? available >= 1 : sizeOf(set) > 0 && available >= sizeOf(set);
  if (isReady) point(pass, service, hash);
  else {
    pass.draft.reasons.push({
      code: 'WaitingForPods',
      message: `Service ${service.metadata.name} waits for pods of ReplicaSet ${set.metadata.name}`,
    });
  }
}

/** Writes the hash into the selector, and whose Service it is; nothing if both are there. */
export function point({ rollout, draft }: Pass, service: Service, hash: string): void {
  const before = service.spec.selector?.[HASH_LABEL] ?? '';
  const isOurs = service.metadata.annotations?.[MANAGED_BY] !== undefined;
  if (before === hash && isOurs) return;
  const { name } = service.metadata;
  const message = `Switched selector for service '${name}' from '${before}' to '${hash}'`;
  draft.writes.push({
    kind: 'patch',
    ref: refOf(SERVICES, service),
    resourceVersion: service.metadata.resourceVersion ?? '',
    patch: {
      type: 'merge',
      body: {
        ...(isOurs ? {} : { metadata: { annotations: { [MANAGED_BY]: rollout.metadata.name } } }),
        spec: { selector: { [HASH_LABEL]: hash } },
      },
    },
    events: [normal('SwitchService', message)],
  });
  draft.reasons.push({ code: 'SwitchingService', message });
}
