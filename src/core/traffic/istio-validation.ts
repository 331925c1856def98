// Checks of the Istio settings and of the VirtualServices they name (traffic.md 2.3, rollout.md 10.3).
import type { KubeObject } from '../../api/object.ts';
import type { Rollout } from '../../api/rollout.ts';
import type { IstioRouting, IstioVirtualServiceRef } from '../../api/traffic-routing.ts';
import type { EventNote } from '../decision.ts';
import { routesOf, type VirtualService } from './istio-objects.ts';
import { parseVirtualServiceName } from './istio-reference.ts';
import { istioOf, virtualServiceRefs, virtualServiceProblem } from './istio-routes.ts';
import { ruleNotFound } from './istio-rule.ts';

const PATH = 'spec.strategy.canary.trafficRouting.istio';

/** The first problem in the words of validation; undefined if there is none. */
export function istioProblem(
  rollout: Rollout,
  virtualServices: readonly VirtualService[],
): string | undefined {
  return istioMissing(rollout, virtualServices) ?? istioUnfit(rollout, virtualServices);
}

/** That the settings contradict themselves, or that a VirtualService which they name is not there. */
export function istioMissing(
  rollout: Rollout,
  virtualServices: readonly VirtualService[],
): string | undefined {
  const istio = istioOf(rollout);
  if (istio === undefined) return undefined;
  if (hasList(istio) === (istio.virtualService !== undefined)) {
    return `${PATH}: Internal error: either VirtualService or VirtualServices must be configured`;
  }
  const missing = named(rollout, virtualServices).find(({ found }) => found === undefined);
  if (missing === undefined) return undefined;
  const { name } = parseVirtualServiceName(missing.reference.name);
  const problem = `virtualservices.networking.istio.io "${name}" not found`;
  return worded(istio, missing.reference, problem);
}

/** The first VirtualService whose routes cannot carry the rollout's traffic. */
export function istioUnfit(
  rollout: Rollout,
  virtualServices: readonly VirtualService[],
): string | undefined {
  const istio = istioOf(rollout);
  if (istio === undefined) return undefined;
  for (const { reference, found } of named(rollout, virtualServices)) {
    const problem =
      found === undefined ? undefined : virtualServiceProblem(found, reference, rollout);
    if (problem !== undefined) return worded(istio, reference, problem);
  }
  return undefined;
}

/**
 * The first header or mirror step whose route has no place in one of the VirtualServices (traffic.md 4): without HTTP
 * routes the router would refuse every pass, and the step would never end.
 */
export function routeStepUnfit(
  rollout: Rollout,
  virtualServices: readonly VirtualService[],
): string | undefined {
  const steps = rollout.spec.strategy?.canary?.steps ?? [];
  const index = steps.findIndex(
    (step) => step.setHeaderRoute !== undefined || step.setMirrorRoute !== undefined,
  );
  const without = named(rollout, virtualServices).find(
    ({ found }) => found !== undefined && routesOf(found, 'http') === undefined,
  );
  if (index < 0 || without === undefined) return undefined;
  const kind = steps[index]?.setHeaderRoute === undefined ? 'setMirrorRoute' : 'setHeaderRoute';
  const problem =
    'Istio VirtualService has no HTTP routes, which this step needs; ' +
    'remove the step or use a VirtualService with HTTP routes';
  const field = `spec.strategy.canary.steps[${index}].${kind}`;
  return `${field}: Invalid value: ${JSON.stringify(without.reference.name)}: ${problem}`;
}

function hasList({ virtualServices = [] }: IstioRouting): boolean {
  return virtualServices.length > 0;
}

function worded(istio: IstioRouting, reference: IstioVirtualServiceRef, problem: string): string {
  const field = `${PATH}.${hasList(istio) ? 'virtualServices' : 'virtualService'}.name`;
  return `${field}: Invalid value: ${JSON.stringify(reference.name)}: ${problem}`;
}

interface Named {
  readonly reference: IstioVirtualServiceRef;
  readonly found: VirtualService | undefined;
}

function named(rollout: Rollout, virtualServices: readonly VirtualService[]): readonly Named[] {
  const own = rollout.metadata.namespace ?? '';
  return virtualServiceRefs(istioOf(rollout) ?? {}).map((reference) => {
    const { name, namespace } = parseVirtualServiceName(reference.name);
    const found = virtualServices.find(
      ({ metadata }) =>
        metadata.name === name &&
        (metadata.namespace ?? '') === (namespace === '' ? own : namespace),
    );
    return { reference, found };
  });
}

/** That the DestinationRule which the Rollout names is not there; undefined if it is, or if none is named. */
export function ruleProblem(
  rollout: Rollout,
  destinationRules: readonly KubeObject[],
): { readonly text: string; readonly event: EventNote } | undefined {
  const name = istioOf(rollout)?.destinationRule?.name;
  const own = rollout.metadata.namespace ?? '';
  const isThere = destinationRules.some(
    ({ metadata }) => metadata.name === name && (metadata.namespace ?? '') === own,
  );
  if (name === undefined || isThere) return undefined;
  const problem = `destinationrules.networking.istio.io "${name}" not found`;
  return {
    text: `${PATH}.destinationRule.name: Invalid value: ${JSON.stringify(name)}: ${problem}`,
    event: ruleNotFound(name),
  };
}
