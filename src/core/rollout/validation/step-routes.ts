// Rules of the steps setHeaderRoute and setMirrorRoute (rollout.md 10.1, last table).
import type { CanaryStep, Rollout } from '../../../api/rollout.ts';
import { canaryOf } from '../limits.ts';
import { hasPlugins } from './plugins.ts';
import { invalid, invalidPart, type Problem, required, when } from './problem.ts';

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
  if (count === 1) return [];
  return [invalidPart(field, { type: 'StringMatch', value: match }, count === 0 ? MISSED : MANY)];
}

export function headerRouteProblems(
  rollout: Rollout,
  { setHeaderRoute: step }: CanaryStep,
  field: string,
): readonly Problem[] {
  if (step === undefined) return [];
  const own = `${field}.setHeaderRoute`;
  const routing = canaryOf(rollout)?.trafficRouting;
  const { alb, istio, apisix } = routing ?? {};
  const isKnown =
    alb !== undefined || istio !== undefined || apisix !== undefined || hasPlugins(routing);
  if (!isKnown) {
    const detail = 'SetHeaderRoute requires TrafficRouting, supports Istio and ALB and Apisix';
    return [invalidPart(own, { type: 'SetHeaderRoute', value: step }, detail)];
  }
  return (step.match ?? []).flatMap(({ headerValue }, index) => {
    const at = `${own}.match[${index}]`;
    const value = headerValue ?? undefined;
    if (alb === undefined || value === undefined) return matchProblems(at, value);
    const isExact = (value.exact ?? '') !== '' && setCount(value) === 1;
    const detail = "SetHeaderRoute match value invalid. ALB supports 'exact' value only";
    return when(!isExact, () => invalidPart(at, { type: 'StringMatch', value }, detail));
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
  const isKnown = routing?.istio !== undefined || hasPlugins(routing);
  const detail = 'SetMirrorRoute requires TrafficRouting, supports Istio and Plugins';
  return [
    ...when(!isKnown, () => invalidPart(own, { type: 'SetMirrorRoute', value: step }, detail)),
    ...(step.match ?? []).flatMap((match, index) => {
      const at = `${own}.match[${index}]`;
      // Method is looked at twice, as the texts that clients know have it.
      return [match.method, match.path, match.method].flatMap((one) =>
        one === undefined ? [] : matchProblems(at, one),
      );
    }),
  ];
}

/** Routes that steps make must be listed, so that they can be taken away again. */
export function routeNameProblems(
  rollout: Rollout,
  { setHeaderRoute, setMirrorRoute }: CanaryStep,
  field: string,
): readonly Problem[] {
  const routing = canaryOf(rollout)?.trafficRouting;
  if (routing === undefined) return [];
  if (setHeaderRoute === undefined && setMirrorRoute === undefined) return [];
  const routes = routing.managedRoutes;
  if (routes === undefined) {
    const missing = "Rollout has missing field 'spec.strategy.canary.trafficRouting.managedRoutes'";
    return [required(MANAGED, missing)];
  }
  const unknown =
    'Steps define a route that does not exist in spec.strategy.canary.trafficRouting.managedRoutes';
  return Object.entries({ setHeaderRoute, setMirrorRoute }).flatMap(([kind, step]) => {
    const { name = '' } = step ?? {};
    const isMissing = step !== undefined && !routes.some((route) => route.name === name);
    return when(isMissing, () => invalid(`${field}.${kind}`, name, unknown));
  });
}
