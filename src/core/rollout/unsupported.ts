// What this version does not do yet. A Rollout that asks for it is told so and left alone, instead of being driven
// half.
import type { Rollout } from '../../api/rollout.ts';
import { canaryOf } from './limits.ts';

const OTHER_ROUTERS = [
  'nginx',
  'alb',
  'smi',
  'ambassador',
  'appMesh',
  'traefik',
  'apisix',
] as const;

/** The first such member of the spec with what to do instead; undefined if there is none. */
export function unsupportedProblem(rollout: Rollout): string | undefined {
  const later = (field: string, instead: string) =>
    `${field}: Forbidden: not in this version of Slipway yet; ${instead}`;
  const canary = canaryOf(rollout);
  const router = OTHER_ROUTERS.find((name) => canary?.trafficRouting?.[name] !== undefined);
  if (router !== undefined) {
    return later(`spec.strategy.canary.trafficRouting.${router}`, 'use istio or a plugin');
  }
  return undefined;
}
