// The objects of a story, from its compact setup: one Rollout `web`, its Services, its mesh, its analyses.
import type { AnalysisTemplate } from '../../../src/api/analysis.ts';
import type { Deployment, Service } from '../../../src/api/kubernetes.ts';
import type { KubeObject } from '../../../src/api/object.ts';
import type {
  BlueGreenStrategy,
  CanaryStep,
  CanaryStrategy,
  Rollout,
  RolloutSpec,
} from '../../../src/api/rollout.ts';
import type { PodMetadata } from '../../../src/core/rollout/ephemeral-metadata.ts';
import type { DestinationRule, VirtualService } from '../../../src/core/traffic/istio-objects.ts';
import { type PluginStepWish, ROUTER_PLUGIN, STEP_PLUGIN } from './plugins.ts';

export const ROLLOUT = 'web';
export const CANARY_SERVICE = 'web-canary';
export const STABLE_SERVICE = 'web-stable';
export const PING_SERVICE = 'web-ping';
export const PONG_SERVICE = 'web-pong';
export const MESH = 'web-mesh';

/** How traffic is shifted: by pods alone, by pods behind Services, by Istio, by a plugin, or at once (blue-green). */
export type Traffic = 'pods' | 'services' | 'hosts' | 'ping-pong' | 'subsets' | 'plugin' | 'switch';

/** Labels and annotations that pods have for as long as their set is new, or stable. */
export interface Roles {
  readonly forNew?: PodMetadata;
  readonly forStable?: PodMetadata;
}

export type StepKind =
  | { readonly kind: 'weight'; readonly weight: number }
  | { readonly kind: 'pause'; readonly duration?: number | string }
  | { readonly kind: 'analysis' }
  | { readonly kind: 'plugin'; readonly wish: PluginStepWish }
  | { readonly kind: 'experiment'; readonly weight?: number; readonly isJudged: boolean }
  | { readonly kind: 'scale'; readonly scale: NonNullable<CanaryStep['setCanaryScale']> };

export interface Setup {
  readonly traffic: Traffic;
  /** The template comes from a Deployment, which is treated in that way; from the Rollout itself if absent. */
  readonly workload?: 'never' | 'onsuccess' | 'progressively';
  readonly steps: readonly StepKind[];
  readonly background: 'none' | 'always' | 'from 1';
  /** Pods of such a story are objects, whose metadata can be looked at. */
  readonly roles?: Roles;
  readonly strategy: Pick<
    CanaryStrategy,
    | 'maxSurge'
    | 'maxUnavailable'
    | 'dynamicStableScale'
    | 'scaleDownDelaySeconds'
    | 'scaleDownDelayRevisionLimit'
    | 'abortScaleDownDelaySeconds'
    | 'minPodsPerReplicaSet'
    | 'antiAffinity'
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
  return traffic === 'hosts' || traffic === 'ping-pong' || traffic === 'subsets';
}

function stepOf(step: StepKind): CanaryStep {
  switch (step.kind) {
    case 'weight':
      return { setWeight: step.weight };
    case 'pause':
      return { pause: step.duration === undefined ? {} : { duration: step.duration } };
    case 'analysis':
      return { analysis: { templates: [{ templateName: 'step' }] } };
    case 'plugin':
      return { plugin: { name: STEP_PLUGIN, config: { wish: step.wish } } };
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
  if (traffic === 'plugin') return { trafficRouting: { plugins: { [ROUTER_PLUGIN]: {} } } };
  if (!isRoutedBy(traffic)) return {};
  const destinationRule = {
    name: MESH,
    canarySubsetName: 'canary',
    stableSubsetName: 'stable',
  };
  const virtualService = { name: MESH, routes: ['primary'] };
  const istio = traffic === 'subsets' ? { virtualService, destinationRule } : { virtualService };
  const pingPong = { pingService: PING_SERVICE, pongService: PONG_SERVICE };
  return { ...(traffic === 'ping-pong' ? { pingPong } : {}), trafficRouting: { istio } };
}

export function strategyOf(setup: Setup): CanaryStrategy {
  const hasServices = ['hosts', 'services', 'plugin'].includes(setup.traffic);
  return {
    ...setup.strategy,
    ...(hasServices ? { canaryService: CANARY_SERVICE, stableService: STABLE_SERVICE } : {}),
    ...routing(setup.traffic),
    ...rolesOf(setup.roles, 'canaryMetadata', 'stableMetadata'),
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

/** The metadata of the two roles under the names that a strategy has for them. */
export function rolesOf<const N extends string>(
  { forNew, forStable }: Roles = {},
  ...[newName, stableName]: readonly [N, N]
): Partial<Record<N, PodMetadata>> {
  return {
    ...(forNew === undefined ? {} : { [newName]: forNew }),
    ...(forStable === undefined ? {} : { [stableName]: forStable }),
  } as Partial<Record<N, PodMetadata>>;
}

/** Of the steps only whether there are any counts: without them a person promotes. Analyses are those of the canary. */
function blueGreenOf({ roles, strategy, steps, background }: Setup): BlueGreenStrategy {
  const {
    scaleDownDelaySeconds,
    scaleDownDelayRevisionLimit,
    abortScaleDownDelaySeconds,
    antiAffinity,
  } = strategy;
  const gate = { templates: [{ templateName: 'step' }] };
  return {
    activeService: STABLE_SERVICE,
    previewService: CANARY_SERVICE,
    autoPromotionEnabled: steps.length > 0,
    ...(scaleDownDelaySeconds === undefined ? {} : { scaleDownDelaySeconds }),
    ...(scaleDownDelayRevisionLimit === undefined ? {} : { scaleDownDelayRevisionLimit }),
    ...(abortScaleDownDelaySeconds === undefined ? {} : { abortScaleDownDelaySeconds }),
    ...(background === 'always' ? { prePromotionAnalysis: gate } : {}),
    ...(background === 'from 1' ? { postPromotionAnalysis: gate } : {}),
    ...(antiAffinity === undefined ? {} : { antiAffinity }),
    ...rolesOf(roles, 'previewMetadata', 'activeMetadata'),
  };
}

const LABELS = { app: 'web' };
/** What the user's own template has under a key that a role may have too. */
export const NOTE = { note: 'of the user' };

function templated({ roles }: Pick<Setup, 'roles'>) {
  return {
    selector: { matchLabels: LABELS },
    template: {
      metadata: { labels: LABELS, ...(roles === undefined ? {} : { annotations: NOTE }) },
      spec: {
        containers: [
          { name: 'web', image: imageOf(1), ports: [{ containerPort: 8080, protocol: 'TCP' }] },
        ],
      },
    },
  };
}

/** What `spec.workloadRef` names. Nothing runs its pods. */
function deployment(setup: Setup): Deployment {
  const metadata = { name: ROLLOUT };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata,
    spec: { replicas: 3, ...templated(setup) },
  };
}

function templateSource(setup: Setup): Partial<RolloutSpec> {
  const { workload } = setup;
  if (workload === undefined) return templated(setup);
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
      strategy:
        setup.traffic === 'switch'
          ? { blueGreen: blueGreenOf(setup) }
          : { canary: strategyOf(setup) },
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
  const isByHost = traffic !== 'subsets';
  const [first, second] = servicesOf(traffic);
  const stable = isByHost ? { host: second ?? '' } : { host: 'web', subset: 'stable' };
  const canary = isByHost ? { host: first ?? '' } : { host: 'web', subset: 'canary' };
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

/** The canary's, then the stable one. Ping serves first: whoever has no role yet is canary. */
function servicesOf(traffic: Traffic): readonly string[] {
  if (traffic === 'ping-pong') return [PONG_SERVICE, PING_SERVICE];
  return traffic === 'pods' || traffic === 'subsets' ? [ROLLOUT] : [CANARY_SERVICE, STABLE_SERVICE];
}

/** Everything that must be there, in the order in which a user would apply it. */
export function manifestsOf(setup: Setup): readonly KubeObject[] {
  return [
    ...servicesOf(setup.traffic).map(service),
    ...mesh(setup.traffic),
    template('step', { interval: '10s', count: 2 }),
    template('background', { interval: '20s' }),
    ...(setup.workload === undefined ? [] : [deployment(setup)]),
    rolloutOf(setup),
  ];
}
