// Two Services that are canary and stable in turn (rollout.md 8.1, traffic.md 1.6): at a promotion they change roles, so
// no selector of a Service that gets requests has to change. Entry point: `pointPingPong`.
//
// The one that is canary names the new set from the start, before there are pods. Where a route still leads to it, say
// because a third version comes amid an update, or because nobody has chosen a role yet, the route is emptied in a
// pass before, or the pods are waited for: else requests would meet nobody.
// The one that is stable names the stable set (pitfall 46): a promotion has left it so, but a Service that has just been
// taken on selects every pod, those of the canary too.
import type { Service } from '../../api/kubernetes.ts';
import { HASH_LABEL } from '../../api/names.ts';
import type { Rollout } from '../../api/rollout.ts';
import { istioOf, pingPongServices, serviceNames } from '../traffic/istio-routes.ts';
import { lanesOf } from '../traffic/lanes.ts';
import type { Plan } from '../traffic/plan.ts';
import { stateOf } from './istio-state.ts';
import { canaryOf, isRouted } from './limits.ts';
import type { Pass } from './pass.ts';
import { isPaced } from './propagation.ts';
import { mayPoint, point, pointGuarded, serviceNamed } from './services.ts';
import { availableOf, hashOf, setWith } from './sets.ts';
import { isFullyPromoted } from './weights.ts';

/** Both Services to their sets, as far as no request is lost by it. */
export function pointPingPong(pass: Pass, plan: Plan | undefined): void {
  const { rollout, sets } = pass;
  const services = pingPongServices(rollout);
  if (services === undefined) return;
  const isLane = isPingPongRouted(rollout);
  const canary = canaryToPoint(pass);
  if (canary !== undefined && (!isLane || mayPoint(pass, plan, 'canary'))) {
    if (isLane && mayLeave(pass, canary)) point(pass, canary, hashOf(sets.newSet));
    // Without a hash it selects pods that may not be ours.
    else if (!isLane || hashIn(canary) === '') pointGuarded(pass, canary, sets.newSet);
  }
  if (isLane && !mayPoint(pass, plan, 'stable')) return;
  pointGuarded(pass, serviceNamed(pass, services.stable), sets.stableSet);
  if (isPaced(pass)) pointIdle(pass, services.canary);
}

/**
 * A Service that has had no role yet selects every pod. Proxies that learn late may go by that for a while after its first
 * update has begun, and meet pods of the update after that, which no Service selects yet: so it is given a hash before.
 */
function pointIdle(pass: Pass, name: string): void {
  const service = serviceNamed(pass, name);
  if (service !== undefined && idleService(pass) === name && hashIn(service) === '') {
    pointGuarded(pass, service, pass.sets.stableSet);
  }
}

/** The Service that is canary, if an update is under way that it must follow. */
function canaryToPoint(pass: Pass): Service | undefined {
  const { rollout, sets } = pass;
  if (sets.newSet === undefined || isFullyPromoted(rollout)) return undefined;
  return serviceNamed(pass, pingPongServices(rollout)?.canary);
}

function hashIn({ spec }: Service): string {
  return spec.selector?.[HASH_LABEL] ?? '';
}

/** Nobody is sent there, or nobody is served by what it names now. */
function mayLeave(pass: Pass, service: Service): boolean {
  const { sets } = pass;
  if (!isReached(pass)) return true;
  const hash = hashIn(service);
  const named = setWith(sets, hash);
  if (hash === '' || named === sets.newSet) return hash !== '';
  return availableOf(named) === 0 && availableOf(sets.newSet) > 0;
}

/** Routes choose between the two Services; else they choose between others, or between subsets. */
function isPingPongRouted(rollout: Rollout): boolean {
  return (
    isRouted(rollout) &&
    istioOf(rollout)?.destinationRule === undefined &&
    pingPongServices(rollout)?.canary === serviceNames(rollout).canary
  );
}

/** Some route sends requests to the Service that is canary. */
function isReached(pass: Pass): boolean {
  const { rollout, world } = pass;
  return isPingPongRouted(rollout) && lanesOf(stateOf(pass), world.services).canary.isReached;
}

/**
 * The Service that is canary while nothing is updated: it goes on naming the set of before, and nobody is sent there, so
 * that set may go.
 */
export function idleService(pass: Pass): string | undefined {
  const { rollout } = pass;
  const services = pingPongServices(rollout);
  if (services === undefined || !isFullyPromoted(rollout)) return undefined;
  return isReached(pass) ? undefined : services.canary;
}

/** Which of the two is stable after a promotion; undefined without ping-pong. */
export function stableAfterPromotion(rollout: Rollout): 'ping' | 'pong' | undefined {
  if (canaryOf(rollout)?.pingPong === undefined) return undefined;
  return rollout.status?.canary?.stablePingPong === 'ping' ? 'pong' : 'ping';
}
