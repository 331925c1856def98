// The Istio router: operations of traffic.md 1.1 as pure functions over VirtualServices and DestinationRules.
import type { KubeObject } from '../../api/object.ts';
import type { Rollout, WeightDestination } from '../../api/rollout.ts';
import type { IstioVirtualServiceRef } from '../../api/traffic-routing.ts';
import type { EventNote } from '../decision.ts';
import { normal, warning } from '../events.ts';
import {
  type HeaderRoute,
  type MirrorRoute,
  type Routed,
  withHeaderRoute,
  withMirrorRoute,
  withoutManagedRoutes,
} from './istio-managed.ts';
import type { DestinationRule, VirtualService } from './istio-objects.ts';
import { parseVirtualServiceName } from './istio-reference.ts';
import { istioOf, managedNames, partiesOf, virtualServiceRefs } from './istio-routes.ts';
import { ruleNotFound, withHashes } from './istio-rule.ts';
import { withWeights } from './istio-weights.ts';

/** What the router sees. Objects that do not exist are not in the lists. */
export interface IstioState {
  readonly rollout: Rollout;
  readonly virtualServices: readonly VirtualService[];
  readonly destinationRules: readonly DestinationRule[];
  /** Sets of the Rollout, for the gate before subsets are switched. */
  readonly sets: readonly GateSet[];
}

export interface GateSet {
  readonly name: string;
  readonly hash: string;
  readonly spec: number;
  readonly available: number;
}

/** One object as it should be, with what is told once it is written; without object only told. */
export interface RouterStep {
  readonly object?: KubeObject;
  readonly events: readonly EventNote[];
}

export interface RouterResult {
  readonly state: IstioState;
  /** In order; only objects that change. */
  readonly steps: readonly RouterStep[];
  /** What stands in the way; the steps before it are still good. */
  readonly error?: string;
  /** Not an error: pods that must be ready first (observed-defects 8). */
  readonly waiting?: string;
}

function namespaceOf(rollout: Rollout): string {
  return rollout.metadata.namespace ?? '';
}

function isNamed(object: KubeObject, namespace: string, name: string): boolean {
  return object.metadata.name === name && (object.metadata.namespace ?? '') === namespace;
}

export function findVirtualService(
  state: IstioState,
  reference: string,
): VirtualService | undefined {
  const parsed = parseVirtualServiceName(reference);
  const namespace = parsed.namespace === '' ? namespaceOf(state.rollout) : parsed.namespace;
  return state.virtualServices.find((object) => isNamed(object, namespace, parsed.name));
}

/** The DestinationRule that the Rollout names, if it exists. */
export function findRule(state: IstioState): DestinationRule | undefined {
  const name = istioOf(state.rollout)?.destinationRule?.name;
  return state.destinationRules.find((object) =>
    isNamed(object, namespaceOf(state.rollout), name ?? ''),
  );
}

function missing(plural: string, name: string): string {
  return `${plural}.networking.istio.io "${name}" not found`;
}

type Change = (virtualService: VirtualService, reference: IstioVirtualServiceRef) => Routed;

interface Described {
  readonly change: Change;
  /** The event of a changed VirtualService. */
  readonly event: string;
  readonly skipMissing?: boolean;
  readonly missingPrefix?: string;
}

/** Applies a change to every VirtualService in turn; the first that cannot be changed ends it. */
function overVirtualServices(state: IstioState, described: Described): RouterResult {
  const steps: RouterStep[] = [];
  let current = state;
  const istio = istioOf(state.rollout);
  for (const reference of istio === undefined ? [] : virtualServiceRefs(istio)) {
    const found = findVirtualService(current, reference.name);
    if (found === undefined) {
      const { name } = parseVirtualServiceName(reference.name);
      const message = `VirtualService \`${name}\` not found`;
      steps.push({ events: [warning('VirtualServiceNotFound', message)] });
      if (described.skipMissing === true) continue;
      return {
        state: current,
        steps,
        error: `${described.missingPrefix ?? ''}${missing('virtualservices', name)}`,
      };
    }
    const routed = described.change(found, reference);
    if (!routed.ok) return { state: current, steps, error: routed.error };
    if (!routed.changed) continue;
    const { name } = found.metadata;
    const message = `VirtualService \`${name}\` ${described.event}`;
    steps.push({
      object: routed.virtualService,
      events: [normal('Updated VirtualService', message)],
    });
    current = {
      ...current,
      virtualServices: current.virtualServices.map((object) =>
        object === found ? routed.virtualService : object,
      ),
    };
  }
  return { state: current, steps };
}

/** Gives the canary `weight`, each extra destination its own, stable the remainder (traffic.md 2.4). */
export function setWeight(
  state: IstioState,
  weight: number,
  extras: readonly WeightDestination[],
): RouterResult {
  const parties = partiesOf(state.rollout);
  const managed = managedNames(state.rollout);
  return overVirtualServices(state, {
    event: `set to desiredWeight '${weight}'`,
    change: (virtualService, reference) =>
      withWeights(virtualService, { weight, extras, parties, reference, managed }),
  });
}

export function setHeaderRoute(state: IstioState, step: HeaderRoute): RouterResult {
  const rule = ruleFor(state, '[SetHeaderRoute] failed to reconcile header routes: ');
  if ('error' in rule) return rule;
  return overVirtualServices(state, {
    event: `set headerRoute '${step.name ?? ''}'`,
    missingPrefix: '[SetHeaderRoute] failed to get istio virtual service: ',
    change: (virtualService, reference) =>
      withHeaderRoute(virtualService, step, { rollout: state.rollout, reference, ...rule }),
  });
}

export function setMirrorRoute(state: IstioState, step: MirrorRoute): RouterResult {
  const rule = ruleFor(
    state,
    '[SetMirrorRoute] failed reconcile virtual service for mirror routes: ',
  );
  if ('error' in rule) return rule;
  return overVirtualServices(state, {
    event: `set mirrorRoute '${step.name}'`,
    missingPrefix: '[SetMirrorRoute] failed to get virtual service: ',
    change: (virtualService, reference) =>
      withMirrorRoute(virtualService, step, { rollout: state.rollout, reference, ...rule }),
  });
}

/** The rule whose host header and mirror routes need at subset level, or that it is missing. */
function ruleFor(
  state: IstioState,
  prefix: string,
): { readonly rule?: DestinationRule } | (RouterResult & { readonly error: string }) {
  const name = istioOf(state.rollout)?.destinationRule?.name;
  if (name === undefined) return {};
  const rule = findRule(state);
  if (rule !== undefined) return { rule };
  const hasVirtualServices = state.virtualServices.length > 0;
  if (!hasVirtualServices) return {};
  const error = `${prefix}${missing('destinationrules', name)}`;
  return { state, steps: [{ events: [ruleNotFound(name)] }], error };
}

/** Takes away every route that the controller made; VirtualServices that are missing are skipped. */
export function removeManagedRoutes(state: IstioState): RouterResult {
  return overVirtualServices(state, {
    event: 'removed all managed routes.',
    skipMissing: true,
    change: (virtualService) => withoutManagedRoutes(virtualService, state.rollout),
  });
}

export interface Hashes {
  readonly canary: string;
  readonly stable: string;
}

/** A set that must be fully available before subsets are switched to it (traffic.md 2.5, 1); undefined: go on. */
function gate(state: IstioState, hashes: Hashes, canaryExempt: boolean): GateSet | undefined {
  const strategy = state.rollout.spec.strategy?.canary;
  if ((strategy?.canaryService ?? '') !== '' || (strategy?.stableService ?? '') !== '')
    return undefined;
  const waited = canaryExempt ? [hashes.stable] : [hashes.canary, hashes.stable];
  return state.sets.find(
    (set) => set.spec > 0 && waited.includes(set.hash) && set.available < set.spec,
  );
}

/** Tells the subsets which pods are canary, stable and of experiments (traffic.md 2.5). */
export function updateHash(
  state: IstioState,
  hashes: Hashes,
  options: { readonly extras: readonly WeightDestination[]; readonly canaryExempt: boolean },
): RouterResult {
  const none = { state, steps: [] };
  const waited = gate(state, hashes, options.canaryExempt);
  if (waited !== undefined) {
    const waiting = `delaying destination rule switch: ReplicaSet ${waited.name} not fully available`;
    return { ...none, waiting };
  }
  const settings = istioOf(state.rollout)?.destinationRule;
  if (settings === undefined) return none;
  const rule = findRule(state);
  if (rule === undefined) {
    return {
      ...none,
      error: missing('destinationrules', settings.name),
      steps: [{ events: [ruleNotFound(settings.name)] }],
    };
  }
  const { canarySubsetName, stableSubsetName } = settings;
  const next = withHashes(rule, {
    rolloutName: state.rollout.metadata.name,
    canarySubset: canarySubsetName,
    stableSubset: stableSubsetName,
    canaryHash: hashes.canary,
    stableHash: hashes.stable,
    extras: options.extras,
  });
  if (next === rule) return none;
  const message =
    `DestinationRule ${rule.metadata.name} subset updated ` +
    `(${canarySubsetName}: ${hashes.canary}, ${stableSubsetName}: ${hashes.stable})`;
  return {
    state: {
      ...state,
      destinationRules: state.destinationRules.map((object) => (object === rule ? next : object)),
    },
    steps: [{ object: next, events: [normal('UpdatedDestinationRule', message)] }],
  };
}
