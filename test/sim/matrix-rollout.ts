// What a combination of the matrix deploys: the Rollout's strategy, and the objects beside it. Entry point: `webOf`.
import type { KubeObject } from '../../src/api/object.ts';
import type { CanaryStep, CanaryStrategy, RolloutSpec } from '../../src/api/rollout.ts';
import type { Deployment } from '../../src/api/kubernetes.ts';
import { type Strategy, templated, type WebOptions } from '../scenarios/web.ts';
import { HOST, type Kind, PING_PONG, SUBSET } from './kinds.ts';
import type { Combination } from './matrix.ts';

export const REPLICAS = 4;
const ANALYSES = {
  step: 'ok',
  background: 'ok',
  'failing step': 'bad',
  'failing background': 'bad',
};

/** The Rollout of a combination with all that it needs beside it. */
export function webOf(combination: Combination): WebOptions {
  return {
    strategy: strategyOf(combination),
    objects: [...kindOf(combination).objects, ...templates(), ...workloadsOf(combination)],
    replicas: REPLICAS,
    ...workloadRefOf(combination),
    spec: specOf(),
    propagationDelayMs: combination.propagation === '0 s' ? 0 : 2000,
  };
}

/** Where the template comes from in some combinations. */
export const WORKLOAD = 'old';

function workloadsOf({ workloadRef }: Combination): readonly KubeObject[] {
  if (workloadRef === 'none') return [];
  const deployment: Deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: WORKLOAD, namespace: 'default' },
    spec: { replicas: REPLICAS, ...templated('app:v1') },
  };
  return [deployment];
}

function workloadRefOf({ workloadRef: scaleDown }: Combination): Pick<WebOptions, 'workloadRef'> {
  if (scaleDown === 'none') return {};
  return {
    workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: WORKLOAD, scaleDown },
  };
}

const NO_ROUTER: Kind = { name: 'no router', strategy: {}, objects: [] };
const SERVICES: Kind = {
  name: 'Services',
  strategy: { canary: { canaryService: 'web-preview', stableService: 'web-active' } },
  objects: [],
};
const KINDS: Readonly<Record<Combination['routing'], Kind>> = {
  none: NO_ROUTER,
  services: SERVICES,
  host: HOST,
  subset: SUBSET,
  'ping-pong': PING_PONG,
};

/** Traffic is split by weights. */
export function isRouted({ routing }: Combination): boolean {
  return routing !== 'none' && routing !== 'services';
}

function kindOf({ routing }: Combination): Kind {
  return KINDS[routing];
}

function specOf(): Partial<RolloutSpec> {
  return { progressDeadlineSeconds: 200, revisionHistoryLimit: 3 };
}

function numberOf(text: string): number | undefined {
  return text === 'unset' ? undefined : Number(text);
}

function limit(text: string): number | string {
  return text.endsWith('%') ? text : Number(text);
}

/** Without the members that are undefined: the wire has no such value. */
function present<T extends object>(members: { readonly [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(
    Object.entries(members).filter(([, value]) => value !== undefined),
  ) as T;
}

function analysisOf(combination: Combination, at: 'step' | 'background') {
  const { analysis } = combination;
  if (analysis === 'none' || !analysis.endsWith(at)) return undefined;
  const isForever = at === 'background' && combination.strategy === 'canary';
  const name = `${ANALYSES[analysis]}${isForever ? '-forever' : ''}`;
  return { templates: [{ templateName: name }] };
}

/** Every setting is written where the strategy would have it, whether it takes it or not. */
function strategyOf(combination: Combination): Strategy {
  const shared = present<CanaryStrategy>({
    dynamicStableScale: combination.dynamicStableScale === 'yes' ? true : undefined,
    scaleDownDelaySeconds: numberOf(combination.scaleDownDelaySeconds),
    abortScaleDownDelaySeconds: numberOf(combination.abortScaleDownDelaySeconds),
    maxSurge: limit(combination.maxSurge),
    maxUnavailable: limit(combination.maxUnavailable),
    minPodsPerReplicaSet: numberOf(combination.minPodsPerReplicaSet),
  });
  const { canaryService, stableService, pingPong, trafficRouting } =
    kindOf(combination).strategy.canary ?? {};
  const managedRoutes = combination.routes === 'none' ? undefined : [{ name: MANAGED_ROUTE }];
  const routing = present<CanaryStrategy>({
    trafficRouting: trafficRouting && { ...trafficRouting, ...present({ managedRoutes }) },
  });
  if (combination.strategy === 'canary') {
    const steps = stepsOf(combination);
    const analysis = analysisOf(combination, 'background');
    return {
      canary: {
        ...shared,
        ...routing,
        ...present({ canaryService, stableService, pingPong, steps, analysis }),
      },
    };
  }
  const { experiment, routes, canaryScale } = combination;
  const hasSteps = experiment !== 'none' || routes !== 'none' || canaryScale !== 'none';
  const steps = hasSteps ? { steps: stepsOf(combination) } : {};
  return {
    blueGreen: {
      ...shared,
      ...routing,
      ...steps,
      activeService: 'web-active',
      previewService: 'web-preview',
      autoPromotionEnabled: false,
      ...present({
        prePromotionAnalysis: analysisOf(combination, 'step'),
        postPromotionAnalysis: analysisOf(combination, 'background'),
      }),
    },
  };
}

function experimentStep(isRouted: boolean): CanaryStep {
  const weight = isRouted ? { weight: 10 } : {};
  const templates = [{ name: 'probe', specRef: 'canary' as const, replicas: 1, ...weight }];
  return { experiment: { duration: '5s', templates } };
}

export const MANAGED_ROUTE = 'by-hand';

/** All requests with the header, or copies of half of all. */
function routeSteps({ routes }: Combination): readonly CanaryStep[] {
  const name = MANAGED_ROUTE;
  if (routes === 'header') {
    const match = [{ headerName: 'x-beta', headerValue: { exact: 'yes' } }];
    return [{ setHeaderRoute: { name, match } }];
  }
  const match = [{ path: { prefix: '/' } }];
  return routes === 'mirror' ? [{ setMirrorRoute: { name, match, percentage: 50 } }] : [];
}

const CANARY_SCALES = { none: [], replicas: [{ replicas: 2 }], weight: [{ weight: 50 }] } as const;

function stepsOf(combination: Combination): readonly CanaryStep[] {
  const analysis = analysisOf(combination, 'step');
  const sizes = CANARY_SCALES[combination.canaryScale];
  return [
    ...sizes.map((setCanaryScale) => ({ setCanaryScale })),
    { setWeight: 25 },
    ...routeSteps(combination),
    ...(combination.experiment === 'step' ? [experimentStep(isRouted(combination))] : []),
    ...(analysis === undefined ? [] : [{ analysis }]),
    { setWeight: 50 },
    { pause: {} },
    ...sizes.map(() => ({ setCanaryScale: { matchTrafficWeight: true } })),
    { setWeight: 30 },
    { setWeight: 75 },
    { pause: { duration: 3 } },
  ];
}

const PROMETHEUS = 'http://prometheus.istio-system.svc.cluster.local:9090';

/** A metric that is judged good (below 1) or bad, once or for as long as it takes. */
function template(name: string, value: number, rhythm: object): KubeObject {
  const provider = { prometheus: { address: PROMETHEUS, query: `vector(${value})` } };
  const metric = { name: 'errors', successCondition: 'result[0] < 1', provider, ...rhythm };
  const spec = { metrics: [metric] };
  const metadata = { name, namespace: 'default' };
  const object = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisTemplate',
    metadata,
    spec,
  };
  return object;
}

function templates(): readonly KubeObject[] {
  return [
    template('ok', 0, {}),
    template('bad', 5, {}),
    template('ok-forever', 0, { interval: '5s' }),
    template('bad-forever', 5, { interval: '5s', initialDelay: '2s' }),
  ];
}
