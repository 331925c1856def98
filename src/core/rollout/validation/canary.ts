// Rules of the canary strategy as a whole (rollout.md 10.1); its steps are in steps.ts. Entry point: `canaryProblems`.
import type { CanaryStrategy, Rollout } from '../../../api/rollout.ts';
import { antiAffinityProblems } from './anti-affinity.ts';
import { hasPlugins } from './plugins.ts';
import { given, invalid, type Problem, when } from './problem.ts';
import { stepProblems } from './steps.ts';

const PREFIX = 'spec.strategy';
const SAME_SERVICE =
  'This rollout uses the same service for the stable and canary services, ' +
  'but two different services are required.';
const SAME_PING_PONG =
  'This rollout uses the same service for the ping and pong services, ' +
  'but two different services are required.';

/** All problems in their order. */
export function canaryProblems(rollout: Rollout, canary: CanaryStrategy): readonly Problem[] {
  return [
    ...surgeProblems(canary),
    ...when(isSame(canary.stableService, canary.canaryService), () =>
      invalid(`${PREFIX}.stableService`, canary.stableService, SAME_SERVICE),
    ),
    ...pingPongProblems(canary),
    ...serviceProblems(canary),
    ...scaleProblems(canary),
    ...(canary.steps ?? []).flatMap((step, index) => stepProblems(rollout, step, index)),
    ...antiAffinityProblems(canary.antiAffinity),
  ];
}

function isSame(a: string | undefined, b: string | undefined): boolean {
  return (a ?? '') !== '' && a === b;
}

/** Plain numbers and percentages are read; any other text counts as zero. */
function isZero(value: number | string | undefined): boolean {
  if (value === undefined) return false;
  if (typeof value === 'number') return value === 0;
  const digits = /^[+-]?\d+$/.exec(value)?.[0] ?? /^(\d+)%$/.exec(value)?.[1] ?? '0';
  return Number(digits) === 0;
}

function surgeProblems({ maxSurge, maxUnavailable }: CanaryStrategy): readonly Problem[] {
  return when(isZero(maxSurge) && isZero(maxUnavailable), () =>
    invalid(`${PREFIX}.maxSurge`, maxSurge, 'MaxSurge and MaxUnavailable both can not be zero'),
  );
}

function pingPongProblems({ pingPong, trafficRouting }: CanaryStrategy): readonly Problem[] {
  if (pingPong === undefined) return [];
  const pingService = given(pingPong.pingService);
  const pongService = given(pingPong.pongService);
  const { alb, istio } = trafficRouting ?? {};
  const isUnknown =
    trafficRouting !== undefined &&
    alb === undefined &&
    istio === undefined &&
    !hasPlugins(trafficRouting);
  const missing = 'Ping service and Pong service must to be set to use Ping-Pong feature';
  const onlyThese =
    'Ping-pong feature works with the ALB, Istio, and plugin-based traffic routers only';
  const root =
    'Root service field is required for the configuration with ALB and ping-pong feature enabled';
  return [
    ...when(isUnknown, () => invalid(`${PREFIX}.trafficRouting.alb`, alb, onlyThese)),
    ...when(pingService === '', () =>
      invalid(`${PREFIX}.pingPong.pingService`, pingService, missing),
    ),
    ...when(pongService === '', () =>
      invalid(`${PREFIX}.pingPong.pongService`, pongService, missing),
    ),
    ...when(pingService === pongService, () =>
      invalid(`${PREFIX}.pingPong.pingService`, pingService, SAME_PING_PONG),
    ),
    ...when(alb !== undefined && (alb.rootService ?? '') === '', () =>
      invalid(`${PREFIX}.trafficRouting.alb.rootService`, alb?.rootService ?? '', root),
    ),
  ];
}

const NEED_SERVICES = ['smi', 'apisix', 'ambassador', 'nginx', 'appMesh', 'traefik'] as const;

/** Routers other than plugins need both Services, unless something else names the two sides. */
function serviceProblems(canary: CanaryStrategy): readonly Problem[] {
  const { trafficRouting, pingPong, stableService = '', canaryService = '' } = canary;
  if (trafficRouting === undefined) return [];
  const { alb, istio } = trafficRouting;
  const byRouter = NEED_SERVICES.some((name) => trafficRouting[name] !== undefined);
  const byAlb = alb !== undefined && pingPong === undefined;
  const byIstio =
    istio !== undefined && istio.destinationRule === undefined && pingPong === undefined;
  if (!byRouter && !byAlb && !byIstio) return [];
  const detail = 'Canary service and Stable service must to be set to use Traffic Routing';
  return [
    ...when(stableService === '', () => invalid(`${PREFIX}.stableService`, stableService, detail)),
    ...when(canaryService === '', () => invalid(`${PREFIX}.canaryService`, canaryService, detail)),
  ];
}

function scaleProblems(canary: CanaryStrategy): readonly Problem[] {
  const { trafficRouting, scaleDownDelaySeconds, dynamicStableScale = false } = canary;
  const isBasic = trafficRouting === undefined;
  const max = trafficRouting?.maxTrafficWeight;
  const isMaxAllowed = trafficRouting?.nginx !== undefined || hasPlugins(trafficRouting);
  const dynamic = `${PREFIX}.dynamicStableScale`;
  return [
    ...when(isBasic && scaleDownDelaySeconds !== undefined, () =>
      invalid(
        `${PREFIX}.scaleDownDelaySeconds`,
        scaleDownDelaySeconds,
        'Canary scaleDownDelaySeconds can only be used with traffic routing',
      ),
    ),
    ...when(isBasic && dynamicStableScale, () =>
      invalid(
        dynamic,
        dynamicStableScale,
        'Canary dynamicStableScale can only be used with traffic routing',
      ),
    ),
    ...when(!isBasic && dynamicStableScale && scaleDownDelaySeconds !== undefined, () =>
      invalid(
        dynamic,
        dynamicStableScale,
        'Canary dynamicStableScale cannot be used with scaleDownDelaySeconds',
      ),
    ),
    ...when(max !== undefined && !isMaxAllowed, () =>
      invalid(
        `${PREFIX}.trafficRouting.maxTrafficWeight`,
        max,
        'Canary maxTrafficWeight in traffic routing only supported in Nginx and Plugins',
      ),
    ),
    // Not looked at by the reference: one weight would mean two shares (traffic.md 4).
    ...when(isMaxAllowed && trafficRouting?.istio !== undefined && (max ?? 100) !== 100, () =>
      invalid(
        `${PREFIX}.trafficRouting.maxTrafficWeight`,
        max,
        'Istio takes weights in percent; remove maxTrafficWeight or set it to 100',
      ),
    ),
  ];
}
