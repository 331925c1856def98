// The objects of a story, from its compact setup: one Rollout `web`, its Services, its mesh, its analyses.
import type { AnalysisTemplate } from '../../../src/api/analysis.ts';
import type { Deployment, Service } from '../../../src/api/kubernetes.ts';
import type { KubeObject } from '../../../src/api/object.ts';
import type { CanaryStep, CanaryStrategy, Rollout, RolloutSpec } from '../../../src/api/rollout.ts';
import type { DestinationRule, VirtualService } from '../../../src/core/traffic/istio-objects.ts';

export const ROLLOUT = 'web';
export const CANARY_SERVICE = 'web-canary';
export const STABLE_SERVICE = 'web-stable';
export const MESH = 'web-mesh';

/** How traffic is shifted: by pods alone, by pods behind Services, by Istio, or at once (blue-green). */
export type Traffic = 'pods' | 'services' | 'hosts' | 'subsets' | 'switch';

export type StepKind =
  | { readonly kind: 'weight'; readonly weight: number }
  | { readonly kind: 'pause'; readonly duration?: number | string }
  | { readonly kind: 'analysis' }
  | { readonly kind: 'experiment'; readonly weight?: number; readonly isJudged: boolean }
  | { readonly kind: 'scale'; readonly scale: NonNullable<CanaryStep['setCanaryScale']> };

export interface Setup {
  readonly traffic: Traffic;
  /** The template comes from a Deployment, which is treated in that way; from the Rollout itself if absent. */
  readonly workload?: 'never' | 'onsuccess' | 'progressively';
  readonly steps: readonly StepKind[];
  readonly background: 'none' | 'always' | 'from 1';
  readonly strategy: Pick<
    CanaryStrategy,
    | 'maxSurge'
    | 'maxUnavailable'
    | 'dynamicStableScale'
    | 'scaleDownDelaySeconds'
    | 'scaleDownDelayRevisionLimit'
    | 'abortScaleDownDelaySeconds'
    | 'minPodsPerReplicaSet'
  >;
  readonly spec: Pick<
    RolloutSpec,
    | 'replicas'
    | 'revisionHistoryLimit'
    | 'progressDeadlineSeconds'
    | 'progressDeadlineAbort'
    | 'rollbackWindow'
    | 'analysis'
  >;
}

export function imageOf(version: number): string {
  return `example.com/web:${version}`;
}

export function isRoutedBy(traffic: Traffic): boolean {
  return traffic === 'hosts' || traffic === 'subsets';
}

function stepOf(step: StepKind): CanaryStep {
  switch (step.kind) {
    case 'weight':
      return { setWeight: step.weight };
    case 'pause':
      return { pause: step.duration === undefined ? {} : { duration: step.duration } };
    case 'analysis':
      return { analysis: { templates: [{ templateName: 'step' }] } };
    case 'experiment':
      return { experiment: experimentOf(step) };
    default:
      return { setCanaryScale: step.scale };
  }
}

function experimentOf({
  weight,
  isJudged,
}: Extract<StepKind, { kind: 'experiment' }>): NonNullable<CanaryStep['experiment']> {
  return {
    duration: '20s',
    templates: [
      {
        name: 'probe',
        specRef: 'canary',
        replicas: 1,
        ...(weight === undefined ? {} : { weight }),
        metadata: { labels: { role: 'probe' } },
      },
    ],
    ...(isJudged
      ? { analyses: [{ name: 'judge', templateName: 'step', requiredForCompletion: true }] }
      : {}),
  };
}

export function stepsOf(steps: readonly StepKind[]): readonly CanaryStep[] {
  return steps.map(stepOf);
}

function routing(traffic: Traffic): Pick<CanaryStrategy, 'trafficRouting'> {
  if (!isRoutedBy(traffic)) return {};
  const destinationRule = {
    name: MESH,
    canarySubsetName: 'canary',
    stableSubsetName: 'stable',
  };
  const virtualService = { name: MESH, routes: ['primary'] };
  const istio = traffic === 'hosts' ? { virtualService } : { virtualService, destinationRule };
  return { trafficRouting: { istio } };
}

export function strategyOf(setup: Setup): CanaryStrategy {
  const hasServices = setup.traffic === 'hosts' || setup.traffic === 'services';
  return {
    ...setup.strategy,
    ...(hasServices ? { canaryService: CANARY_SERVICE, stableService: STABLE_SERVICE } : {}),
    ...routing(setup.traffic),
    ...(setup.steps.length === 0 ? {} : { steps: stepsOf(setup.steps) }),
    ...(setup.background === 'none'
      ? {}
      : {
          analysis: {
            templates: [{ templateName: 'background' }],
            ...(setup.background === 'from 1' ? { startingStep: 1 } : {}),
          },
        }),
  };
}

const BLUE_GREEN = {
  blueGreen: {
    activeService: STABLE_SERVICE,
    previewService: CANARY_SERVICE,
    autoPromotionEnabled: false,
  },
};

const LABELS = { app: 'web' };

const TEMPLATED = {
  selector: { matchLabels: LABELS },
  template: {
    metadata: { labels: LABELS },
    spec: {
      containers: [
        { name: 'web', image: imageOf(1), ports: [{ containerPort: 8080, protocol: 'TCP' }] },
      ],
    },
  },
};

/** What `spec.workloadRef` names. Nothing runs its pods. */
function deployment(): Deployment {
  const metadata = { name: ROLLOUT };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata,
    spec: { replicas: 3, ...TEMPLATED },
  };
}

function templateSource({ workload }: Setup): Partial<RolloutSpec> {
  if (workload === undefined) return TEMPLATED;
  const names = { apiVersion: 'apps/v1', kind: 'Deployment', name: ROLLOUT };
  return { workloadRef: { ...names, scaleDown: workload } };
}

export function rolloutOf(setup: Setup): Rollout {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name: ROLLOUT },
    spec: {
      ...setup.spec,
      ...templateSource(setup),
      strategy: setup.traffic === 'switch' ? BLUE_GREEN : { canary: strategyOf(setup) },
    },
  };
}

function service(name: string): Service {
  const ports = [{ port: 80, targetPort: 8080 }];
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: { selector: LABELS, ports },
  };
}

function mesh(traffic: Traffic): readonly KubeObject[] {
  if (!isRoutedBy(traffic)) return [];
  const apiVersion = 'networking.istio.io/v1beta1';
  const isByHost = traffic === 'hosts';
  const stable = isByHost ? { host: STABLE_SERVICE } : { host: 'web', subset: 'stable' };
  const canary = isByHost ? { host: CANARY_SERVICE } : { host: 'web', subset: 'canary' };
  const virtualService: VirtualService = {
    apiVersion,
    kind: 'VirtualService',
    metadata: { name: MESH },
    spec: {
      hosts: ['web'],
      http: [
        { name: 'mine', timeout: '3s', route: [{ destination: { host: 'other' }, weight: 100 }] },
        {
          name: 'primary',
          retries: { attempts: 2 },
          route: [
            { destination: stable, weight: 100, headers: { response: { remove: ['x'] } } },
            { destination: canary, weight: 0 },
          ],
        },
      ],
    },
  };
  if (isByHost) return [virtualService];
  const rule: DestinationRule & { readonly spec: object } = {
    apiVersion,
    kind: 'DestinationRule',
    metadata: { name: MESH },
    spec: {
      host: 'web',
      subsets: [
        { name: 'canary', labels: LABELS },
        { name: 'stable', labels: LABELS },
      ],
    },
  };
  return [virtualService, rule];
}

/** A metric that is judged by `verdict`: below 1 is good, above 2 is bad, between nobody knows. */
function template(name: string, rhythm: { interval?: string; count?: number }): AnalysisTemplate {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisTemplate',
    metadata: { name },
    spec: {
      metrics: [
        {
          name,
          ...rhythm,
          successCondition: 'result < 1',
          failureCondition: 'result > 2',
          provider: { prometheus: { address: 'http://metrics', query: name } },
        },
      ],
    },
  };
}

/** Everything that must be there, in the order in which a user would apply it. */
export function manifestsOf(setup: Setup): readonly KubeObject[] {
  const services =
    setup.traffic !== 'pods' && setup.traffic !== 'subsets'
      ? [service(CANARY_SERVICE), service(STABLE_SERVICE)]
      : [service(ROLLOUT)];
  return [
    ...services,
    ...mesh(setup.traffic),
    template('step', { interval: '10s', count: 2 }),
    template('background', { interval: '20s' }),
    ...(setup.workload === undefined ? [] : [deployment()]),
    rolloutOf(setup),
  ];
}
