// Checks of the Istio settings and of the VirtualServices they name (traffic.md 2.3, rollout.md 10.3).
import type { KubeObject } from '../../api/object.ts';
import type { Rollout } from '../../api/rollout.ts';
import type { EventNote } from '../decision.ts';
import type { VirtualService } from './istio-objects.ts';
import { parseVirtualServiceName } from './istio-reference.ts';
import { istioOf, virtualServiceRefs, virtualServiceProblem } from './istio-routes.ts';
import { ruleNotFound } from './istio-rule.ts';

const PATH = 'spec.strategy.canary.trafficRouting.istio';

/** The first problem in the words of validation; undefined if there is none. */
export function istioProblem(
  rollout: Rollout,
  virtualServices: readonly VirtualService[],
): string | undefined {
  const istio = istioOf(rollout);
  if (istio === undefined) return undefined;
  const hasList = (istio.virtualServices ?? []).length > 0;
  if (hasList === (istio.virtualService !== undefined)) {
    return `${PATH}: Internal error: either VirtualService or VirtualServices must be configured`;
  }
  const field = `${PATH}.${hasList ? 'virtualServices' : 'virtualService'}.name`;
  const own = rollout.metadata.namespace ?? '';
  for (const reference of virtualServiceRefs(istio)) {
    const { name, namespace } = parseVirtualServiceName(reference.name);
    const found = virtualServices.find(
      (object) =>
        object.metadata.name === name &&
        (object.metadata.namespace ?? '') === (namespace === '' ? own : namespace),
    );
    const problem =
      found === undefined
        ? `virtualservices.networking.istio.io "${name}" not found`
        : virtualServiceProblem(found, reference, rollout);
    if (problem !== undefined) {
      return `${field}: Invalid value: ${JSON.stringify(reference.name)}: ${problem}`;
    }
  }
  return undefined;
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
