// Rules of the steps setHeaderRoute and setMirrorRoute (rollout.md 10.1, last table).
import type { CanaryStep, Rollout } from '../../../api/rollout.ts';
import { canaryOf } from '../limits.ts';
import { invalid, type Problem, required, when } from './problem.ts';

type StringMatch =
  | { readonly exact?: string; readonly prefix?: string; readonly regex?: string }
  | undefined;

const MISSED =
  'StringMatch value missed, match value must have one of the following: exact, regex, prefix';
const MANY = 'StringMatch match value must have exactly one of the following: exact, regex, prefix';
const MANAGED = 'spec.strategy.trafficRouting.managedRoutes';

function setCount(match: StringMatch): number {
  return [match?.exact, match?.prefix, match?.regex].filter((text) => (text ?? '') !== '').length;
}

function matchProblems(field: string, match: StringMatch): readonly Problem[] {
  const count = setCount(match);
  if (count === 0) return [invalid(field, match, MISSED)];
  return when(count > 1, () => invalid(field, match, MANY));
}

export function headerRouteProblems(
  rollout: Rollout,
  { setHeaderRoute: step }: CanaryStep,
  field: string,
): readonly Problem[] {
  if (step === undefined) return [];
  const own = `${field}.setHeaderRoute`;
  const routing = canaryOf(rollout)?.trafficRouting;
  const { alb, istio, apisix, plugins } = routing ?? {};
  const isKnown =
    alb !== undefined || istio !== undefined || apisix !== undefined || plugins !== undefined;
  if (!isKnown) {
    const detail = 'SetHeaderRoute requires TrafficRouting, supports Istio and ALB and Apisix';
    return [invalid(own, step, detail)];
  }
  return (step.match ?? []).flatMap(({ headerValue }, index) => {
    const at = `${own}.match[${index}]`;
    const value = headerValue;
    if (alb === undefined) return matchProblems(at, value);
    if (headerValue === undefined) return [invalid(at, value, MISSED)];
    const isExact = (headerValue.exact ?? '') !== '' && setCount(headerValue) === 1;
    const detail = "SetHeaderRoute match value invalid. ALB supports 'exact' value only";
    return when(!isExact, () => invalid(at, value, detail));
  });
}

export function mirrorRouteProblems(
  rollout: Rollout,
  { setMirrorRoute: step }: CanaryStep,
  field: string,
): readonly Problem[] {
  if (step === undefined) return [];
  const own = `${field}.setMirrorRoute`;
  const routing = canaryOf(rollout)?.trafficRouting;
  if (routing?.istio === undefined && routing?.plugins === undefined) {
    const detail = 'SetMirrorRoute requires TrafficRouting, supports Istio and Plugins';
    return [invalid(own, step, detail)];
  }
  return (step.match ?? []).flatMap((match, index) => {
    const at = `${own}.match[${index}]`;
    // Method is looked at twice, as the texts that clients know have it.
    return [match.method, match.path, match.method].flatMap((one) =>
      one === undefined ? [] : matchProblems(at, one),
    );
  });
}

/** Routes that steps make must be listed, so that they can be taken away again. */
export function routeNameProblems(
  rollout: Rollout,
  { setHeaderRoute, setMirrorRoute }: CanaryStep,
  field: string,
): readonly Problem[] {
  const routing = canaryOf(rollout)?.trafficRouting;
  if (routing === undefined) return [];
  const named = [
    ['setHeaderRoute', setHeaderRoute?.name, setHeaderRoute !== undefined],
    ['setMirrorRoute', setMirrorRoute?.name, setMirrorRoute !== undefined],
  ] as const;
  const routes = routing.managedRoutes;
  const missing = "Rollout has missing field 'spec.strategy.canary.trafficRouting.managedRoutes'";
  const unknown =
    'Steps define a route that does not exist in spec.strategy.canary.trafficRouting.managedRoutes';
  return named.flatMap(([kind, name = '', isSet]) => {
    if (!isSet) return [];
    if (routes === undefined) return [required(MANAGED, missing)];
    return when(!routes.some((route) => route.name === name), () =>
      invalid(`${field}.${kind}`, name, unknown),
    );
  });
}
