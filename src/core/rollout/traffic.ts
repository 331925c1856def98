// The traffic of a pass: Services, then the router's operations, then what is recorded (rollout.md 5.5, traffic.md 1.3).
import type { EventNote } from '../decision.ts';
import { warning } from '../events.ts';
import type { Json, KubeObject, ResourceType } from '../../api/object.ts';
import { WEIGHTS_SET } from '../../api/names.ts';
import { destinationRules, virtualServices } from '../../api/resources.ts';
import { mergePatchOf } from '../../lib/merge-patch.ts';
import { refOf } from '../ownership.ts';
import {
  type IstioState,
  removeManagedRoutes,
  type RouterResult,
  setHeaderRoute,
  setMirrorRoute,
  setWeight,
  updateHash,
} from '../traffic/istio.ts';
import { subsetsLost } from '../traffic/istio-rule.ts';
import { lanesOf, subsetHash, switchedKey, switchedText } from '../traffic/lanes.ts';
import { istioOf } from '../traffic/istio-routes.ts';
import { type Operation, type Plan, trafficPlan } from '../traffic/plan.ts';
import { isSameWeights, weightsEvent } from '../traffic/weight-record.ts';
import { stateOf } from './istio-state.ts';
import { isRouted } from './limits.ts';
import { type Pass, rolloutRevision } from './pass.ts';
import { isProblemTold } from './progress.ts';
import { pointPingPong } from './ping-pong.ts';
import { isPaced, propagationDelay } from './propagation.ts';
import { recordedWeights } from './recorded-weights.ts';
import { routeByPlugins } from './router-plugins.ts';
import { pointCanaryServiceBack, pointServices } from './services.ts';
import { canarySetsOf } from './sets.ts';

/** False: a router refused, the pass goes no further and its status is not written. */
export function shiftTraffic(pass: Pass): boolean {
  if (!isRouted(pass.rollout)) {
    pass.draft.weights = undefined;
    pass.draft.troubles = [];
    pointPingPong(pass, undefined);
    pointServices(pass, undefined);
    return true;
  }
  const state = stateOf(pass);
  const plan = planOf(pass, state);
  pointPingPong(pass, plan);
  pointServices(pass, plan);
  return runPlan(pass, plan, state);
}

function planOf(pass: Pass, state: IstioState): Plan {
  const { rollout, sets, draft, now } = pass;
  const lanes = lanesOf(state, pass.world.services);
  const { stored } = pass;
  // What an update that is given up has lost already it does not get back.
  const told = stored.canary?.weights;
  const recorded = stored.abort === true ? recordedWeights(told, lanes) : told;
  const revision = Number(rolloutRevision(rollout));
  const plan = trafficPlan({
    rollout,
    sets: canarySetsOf(sets),
    revision: Number.isNaN(revision) ? 0 : revision,
    ...(recorded === undefined ? {} : { recorded }),
    ...(draft.experiment === undefined ? {} : { experiment: draft.experiment }),
    ...(isPaced(pass)
      ? {
          propagation: {
            lanes,
            now,
            delay: propagationDelay(pass),
          },
        }
      : {}),
  });
  const { pace } = plan.wanted;
  draft.moments.push(...(pace?.until ?? []));
  if (pace?.waiting !== undefined) {
    draft.reasons.push({ code: 'TrafficMoves', message: pace.waiting });
  }
  return plan;
}

function runPlan(pass: Pass, plan: Plan, before: IstioState): boolean {
  const { draft } = pass;
  const begun = draft.writes.length;
  let state = before;
  for (const operation of plan.operations) {
    const result = perform(state, operation, plan);
    writeSteps(pass, state, result);
    state = result.state;
    if (result.error !== undefined) return refused(pass, operation.op, result.error);
    if (result.waiting !== undefined) {
      draft.reasons.push({ code: 'WaitingForPods', message: result.waiting });
      return true;
    }
  }
  const routed = routeByPlugins(pass, plan);
  if (routed.kind === 'asked') return false;
  if (routed.kind === 'refused') return refused(pass, routed.op, routed.error);
  draft.troubles = [];
  record(pass, plan, { begun, verified: routed.verified });
  tellVerifyError(pass, routed.verifyError);
  if (plan.waiting !== undefined) {
    draft.reasons.push({ code: 'WaitingForPods', message: plan.waiting });
    return true;
  }
  pointCanaryServiceBack(pass, plan);
  return true;
}

function perform(state: IstioState, operation: Operation, { wanted }: Plan): RouterResult {
  const { extras, weight, canaryExempt } = wanted;
  const hashes = wanted.subsetHashes ?? wanted.hashes;
  switch (operation.op) {
    case 'removeManagedRoutes':
      return removeManagedRoutes(state);
    case 'setHeaderRoute':
      return setHeaderRoute(state, operation.step);
    case 'setMirrorRoute':
      return setMirrorRoute(state, operation.step);
    case 'updateHash':
      return updateHash(state, hashes, { extras, canaryExempt });
    default:
      return setWeight(state, weight, extras);
  }
}

function refused(pass: Pass, op: string, error: string): boolean {
  const { draft } = pass;
  const isTold = op !== 'setWeight' || isProblemTold(pass);
  draft.troubles = isTold ? [] : [warning('TrafficRoutingError', error)];
  draft.reasons.unshift({ code: 'TrafficRefused', message: error });
  return false;
}

/** Each object as one patch against what the step before left. */
function writeSteps(pass: Pass, before: IstioState, result: RouterResult): void {
  const { draft } = pass;
  for (const { object, events } of result.steps) {
    if (object === undefined) {
      if (!isProblemTold(pass)) draft.events.push(...events);
      continue;
    }
    const old = [...before.virtualServices, ...before.destinationRules].find((one) =>
      isSameObject(one, object),
    );
    if (mergePatchOf(old, object) === undefined) continue;
    const body = mergePatchOf(old, dated(pass, old, object));
    draft.writes.push({
      kind: 'patch',
      ref: refOf(resourceOf(object), object),
      resourceVersion: object.metadata.resourceVersion ?? '',
      patch: { type: 'merge', body: body as Json },
      events: [...events, ...lossOf(old, object)],
    });
    draft.reasons.push({ code: 'ShiftingTraffic', message: events[0]?.message ?? 'routing' });
  }
}

function lossOf(old: KubeObject | undefined, object: KubeObject): readonly EventNote[] {
  if (old === undefined || object.kind !== 'DestinationRule') return [];
  const lost = subsetsLost(old, object);
  return lost === undefined ? [] : [lost];
}

/** The object with the moment of its change on it, where proxies learn of it late. */
function dated(pass: Pass, old: KubeObject | undefined, object: KubeObject): KubeObject {
  if (!isPaced(pass)) return object;
  const { metadata } = object;
  const annotations = { ...metadata.annotations, ...changeMarks(pass, old, object) };
  return { ...object, metadata: { ...metadata, annotations } };
}

function changeMarks(
  { rollout, now }: Pass,
  old: KubeObject | undefined,
  object: KubeObject,
): Readonly<Record<string, string>> {
  if (object.kind !== 'DestinationRule') {
    return { [WEIGHTS_SET]: switchedText({ at: now, from: '' }) };
  }
  const { canarySubsetName, stableSubsetName } = istioOf(rollout)?.destinationRule ?? {};
  const names = { canary: canarySubsetName ?? '', stable: stableSubsetName ?? '' };
  const marks = (['canary', 'stable'] as const).flatMap((side) => {
    const from = subsetHash(old ?? object, names[side]);
    if (from === subsetHash(object, names[side])) return [];
    return [[switchedKey(side), switchedText({ at: now, from })] as const];
  });
  return Object.fromEntries(marks);
}

/** Once for what is recorded: a verification goes on at rest. */
function tellVerifyError({ draft, stored }: Pass, error: string | undefined): void {
  if (error === undefined || draft.weights === stored.canary?.weights) return;
  draft.events.push(warning('WeightVerifyError', `Failed to verify weight: ${error}`));
}

function isSameObject(a: KubeObject, b: KubeObject): boolean {
  return (
    a.kind === b.kind &&
    a.metadata.name === b.metadata.name &&
    a.metadata.namespace === b.metadata.namespace
  );
}

function resourceOf({ apiVersion, kind }: KubeObject): ResourceType {
  const version = apiVersion.slice(apiVersion.indexOf('/') + 1);
  return kind === 'DestinationRule' ? destinationRules(version) : virtualServices(version);
}

interface Recorded {
  /** How many writes there were before those of routers. */
  readonly begun: number;
  readonly verified: boolean | undefined;
}

/** Told with the last of the router's writes. */
function record({ draft, stored }: Pass, plan: Plan, { begun, verified }: Recorded): void {
  const before = stored.canary?.weights;
  if (plan.record === undefined) return;
  const next = verified === undefined ? plan.record : { ...plan.record, verified };
  if (before !== undefined && isSameWeights(before, next)) {
    if (before.verified !== verified) draft.weights = next;
    return;
  }
  draft.weights = next;
  const event = weightsEvent(before, next);
  const last = draft.writes.length > begun ? draft.writes.pop() : undefined;
  if (last === undefined) draft.events.push(event);
  else draft.writes.push({ ...last, events: [...last.events, event] });
}
