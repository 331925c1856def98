import { describe, expect, it } from 'vitest';
import type { AnalysisTemplate, ClusterAnalysisTemplate } from '../../../api/analysis.ts';
import type { Service } from '../../../api/kubernetes.ts';
import type { KubeObject } from '../../../api/object.ts';
import type { Rollout } from '../../../api/rollout.ts';
import { referenceProblem } from './references.ts';

// Rules for what a spec names that the recorded facts (test/vectors/validation.json) leave out.

type Loose = { readonly [key: string]: unknown };

function object(kind: string, name: string, spec: unknown, apiVersion = 'v1'): KubeObject {
  return { apiVersion, kind, metadata: { name, namespace: 'shop' }, spec } as KubeObject;
}

const service = (name: string, selector: Loose = { app: 'web' }) =>
  object('Service', name, { selector });
const template = (name: string, spec: Loose, kind = 'AnalysisTemplate') =>
  object(kind, name, spec, 'argoproj.io/v1alpha1');
const virtualService = (name: string, spec: Loose) =>
  object('VirtualService', name, spec, 'networking.istio.io/v1');
const ingress = (name: string, paths: readonly unknown[]) =>
  object('Ingress', name, { rules: [{}, { http: { paths } }] }, 'networking.k8s.io/v1');
const mesh = (kind: string, name: string, spec: Loose) =>
  object(kind, name, spec, 'appmesh.k8s.aws/v1beta2');

const METRIC = { name: 'm', provider: { web: { url: 'http://x' } } };
const BOTH = { stableService: 's', canaryService: 'c' };
const SERVICES = [service('s'), service('c')];

function problem(strategy: Loose, objects: readonly KubeObject[]): string | undefined {
  const rollout = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name: 'web', namespace: 'shop' },
    spec: { template: { metadata: { labels: { app: 'web' } } }, strategy },
  } as unknown as Rollout;
  const of = (kind: string) => objects.filter((one) => one.kind === kind);
  return referenceProblem({
    rollout,
    services: of('Service') as Service[],
    virtualServices: objects.filter(({ apiVersion }) => apiVersion.startsWith('networking.istio')),
    destinationRules: [],
    analysisTemplates: of('AnalysisTemplate') as AnalysisTemplate[],
    clusterAnalysisTemplates: of('ClusterAnalysisTemplate') as ClusterAnalysisTemplate[],
    routerObjects: objects,
  });
}

interface Row {
  readonly reason: string;
  readonly strategy: Loose;
  readonly objects: readonly KubeObject[];
  readonly told: string | undefined;
}

const canary = (more: Loose): Loose => ({ canary: { ...BOTH, ...more } });
const routing = (trafficRouting: Loose, more: Loose = {}): Loose =>
  canary({ trafficRouting, ...more });
const analysed = (analysis: Loose): Loose => canary({ steps: [{ analysis }] });
const STEP = 'spec.strategy.canary.steps[0].analysis.templates: Invalid value';
const PATH = 'spec.strategy.canary.trafficRouting';

const ORDER: readonly Row[] = [
  {
    reason: 'what is missing comes before what does not fit, whatever it is',
    strategy: routing({ istio: { virtualService: { name: 'v' } } }),
    objects: [service('s', { app: 'other' }), service('c')],
    told: `${PATH}.istio.virtualService.name: Invalid value: "v": virtualservices.networking.istio.io "v" not found`,
  },
  {
    reason: 'of several labels that do not fit it is always the same that is told',
    strategy: canary({}),
    objects: [service('s', { z: '1', b: '2', app: 'web' }), service('c')],
    told: 'spec.strategy.canary.stableService: Invalid value: "s": Service "s" has unmatch label "b" in rollout',
  },
  {
    reason: 'pods of that side get the label, so its Service may select it',
    strategy: canary({ canaryMetadata: { labels: { role: 'canary' } } }),
    objects: [service('s'), service('c', { app: 'web', role: 'canary' })],
    told: undefined,
  },
  {
    reason: 'and that of the other side may not',
    strategy: canary({ canaryMetadata: { labels: { role: 'canary' } } }),
    objects: [service('s', { role: 'canary' }), service('c')],
    told: 'spec.strategy.canary.stableService: Invalid value: "s": Service "s" has unmatch label "role" in rollout',
  },
];

const TEMPLATES: readonly Row[] = [
  {
    reason: 'nested templates are named too: those of the namespace first',
    strategy: analysed({ templates: [{ templateName: 'c', clusterScope: true }] }),
    objects: [
      ...SERVICES,
      template(
        'c',
        { metrics: [METRIC], templates: [{ templateName: 'inner' }] },
        'ClusterAnalysisTemplate',
      ),
      template('inner', { metrics: [METRIC] }),
    ],
    told: `${STEP}: "templateNames: [inner c]": two metrics have the same name 'm'`,
  },
  {
    reason: 'a nested template without end',
    strategy: analysed({ templates: [{ templateName: 'a' }] }),
    objects: [
      ...SERVICES,
      template('a', { metrics: [METRIC], templates: [{ templateName: 'b' }] }),
      template('b', { metrics: [{ ...METRIC, name: 'n', interval: '5s' }] }),
    ],
    told: `${STEP}: "b": AnalysisTemplate b has metric n which runs indefinitely. Invalid value for count: <nil>`,
  },
  {
    reason: 'templates that name each other in a circle end',
    strategy: analysed({ templates: [{ templateName: 'a' }] }),
    objects: [
      ...SERVICES,
      template('a', { metrics: [METRIC], templates: [{ templateName: 'b' }] }),
      template('b', { templates: [{ templateName: 'a' }] }),
    ],
    told: undefined,
  },
  {
    reason: 'an argument with two values',
    strategy: analysed({ templates: [{ templateName: 'a' }] }),
    objects: [
      ...SERVICES,
      template('a', {
        metrics: [METRIC],
        args: [{ name: 'x', value: '1', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }],
      }),
    ],
    told: `${STEP}: "a": AnalysisTemplate a: arg 'x' has both Value and ValueFrom fields`,
  },
  {
    reason: 'a placeholder that nothing fills',
    strategy: analysed({ templates: [{ templateName: 'a' }] }),
    objects: [...SERVICES, template('a', { metrics: [{ ...METRIC, interval: '{{args.x}}' }] })],
    told: `${STEP}: "a": AnalysisTemplate a: failed to resolve {{args.x}}`,
  },
  {
    reason: 'a count that comes with the arguments ends the metric',
    strategy: analysed({ templates: [{ templateName: 'a' }], args: [{ name: 'x', value: '3' }] }),
    objects: [
      ...SERVICES,
      template('a', {
        metrics: [{ ...METRIC, interval: '5s', count: '{{args.x}}' }],
        args: [{ name: 'x' }],
      }),
    ],
    told: undefined,
  },
  {
    reason: 'rules of another step say nothing about this one (rollout.md 12, 18)',
    strategy: canary({
      steps: [
        { analysis: { templates: [{ templateName: 'a' }] } },
        { analysis: { templates: [{ templateName: 'b' }], dryRun: [{ metricName: 'm' }] } },
      ],
    }),
    objects: [
      ...SERVICES,
      template('a', { metrics: [METRIC], dryRun: [{ metricName: 'm' }] }),
      template('b', { metrics: [METRIC] }),
    ],
    told: undefined,
  },
  {
    reason:
      'a background template needs its argument from the Rollout even where another has a default for it',
    strategy: canary({ analysis: { templates: [{ templateName: 'a' }, { templateName: 'b' }] } }),
    objects: [
      ...SERVICES,
      template('a', { metrics: [METRIC], args: [{ name: 'x' }] }),
      template('b', { metrics: [{ ...METRIC, name: 'n' }], args: [{ name: 'x', value: '1' }] }),
    ],
    told: 'spec.strategy.canary.analysis.templates: Invalid value: "a": missing analysis arguments in rollout spec',
  },
  {
    reason: 'and says which where there are others',
    strategy: canary({
      analysis: { templates: [{ templateName: 'a' }, { templateName: 'b' }], args: [] },
    }),
    objects: [
      ...SERVICES,
      template('a', { metrics: [METRIC], args: [{ name: 'x' }] }),
      template('b', { metrics: [{ ...METRIC, name: 'n' }], args: [{ name: 'x', value: '1' }] }),
    ],
    told: 'spec.strategy.canary.analysis.templates: Invalid value: "a": x',
  },
];

const DIRECT = { backend: { service: { name: 's' } } };
const RESOURCE = { backend: { resource: { kind: 'Bucket', name: 's' } } };

const ROUTERS: readonly Row[] = [
  {
    reason: 'a path that leads to something else than a Service breaks nothing (rollout.md 12, 21)',
    strategy: routing({ nginx: { stableIngress: 'i' } }),
    objects: [...SERVICES, ingress('i', [RESOURCE, {}])],
    told: `${PATH}.nginx.stableIngress: Invalid value: "i": ingress \`i\` has no rules using service s backend`,
  },
  {
    reason: 'the list is told whole where one of it is missing',
    strategy: routing({ nginx: { stableIngresses: ['i', 'j'] } }),
    objects: [...SERVICES, ingress('i', [DIRECT])],
    told: `${PATH}.nginx.StableIngresses: Invalid value: ["i","j"]: ingress.networking.k8s.io "j" not found`,
  },
  {
    reason: 'Ingresses of both routers are looked at (traffic.md 4)',
    strategy: routing({ nginx: { stableIngress: 'i' }, alb: { ingress: 'j', servicePort: 80 } }),
    objects: [...SERVICES, ingress('i', []), ingress('j', [DIRECT])],
    told: `${PATH}.nginx.stableIngress: Invalid value: "i": ingress \`i\` has no rules using service s backend`,
  },
  {
    reason: 'Ingresses are looked for before VirtualServices',
    strategy: routing({ istio: { virtualService: { name: 'v' } }, alb: { servicePort: 80 } }),
    objects: SERVICES,
    told: `${PATH}.alb: Internal error: Either Ingress or Ingresses must be configured. Neither are configured.`,
  },
  {
    reason: 'a mapping that is missing, and one with a weight of its own',
    strategy: routing({ ambassador: { mappings: ['m'] } }),
    objects: SERVICES,
    told: `${PATH}.ambassador.mappings: Invalid value: "m": mappings.getambassador.io "m" not found`,
  },
  {
    reason: 'the weight of a mapping is the router’s',
    strategy: routing({ ambassador: { mappings: ['m'] } }),
    objects: [...SERVICES, object('Mapping', 'm', { weight: 5 }, 'getambassador.io/v2')],
    told: 'spec.weight: Invalid value: "m": Ambassador mapping "m" can not define weight',
  },
  {
    reason: 'App Mesh’s VirtualService is named with its namespace',
    strategy: routing({ appMesh: { virtualService: { name: 'v' } } }),
    objects: SERVICES,
    told: `${PATH}.appmesh.virtualService: Invalid value: "v.shop": virtualservices.appmesh.k8s.aws "v" not found`,
  },
  {
    reason: 'header routes stand beside HTTP routes',
    strategy: routing(
      { istio: { virtualService: { name: 'v' } }, managedRoutes: [{ name: 'h' }] },
      { steps: [{ pause: {} }, { setHeaderRoute: { name: 'h' } }] },
    ),
    objects: [
      ...SERVICES,
      virtualService('v', {
        tcp: [{ route: [{ destination: { host: 's' } }, { destination: { host: 'c' } }] }],
      }),
    ],
    told:
      'spec.strategy.canary.steps[1].setHeaderRoute: Invalid value: "v": Istio VirtualService has no HTTP routes, ' +
      'which this step needs; remove the step or use a VirtualService with HTTP routes',
  },
];

const TARGETS = [{}, {}];
const MESH = [
  ...SERVICES,
  mesh('VirtualService', 'v', {
    provider: { virtualRouter: { virtualRouterRef: { name: 'r' } } },
  }),
];

/** Routes of App Mesh's router, and what is told of them. */
const ROUTES: readonly Row[] = (
  [
    [
      'no routes',
      [],
      'spec.routes: Invalid value: "r": No routes defined for AppMesh virtual-router r',
    ],
    [
      'a route of no known kind',
      [{ name: 'x' }],
      'spec.routes[0]: Invalid value: "r": Invalid route was found for AppMesh virtual-router r at index 0',
    ],
    [
      'a route without targets',
      [{ name: 'x', httpRoute: { action: {} } }],
      'spec.routes[0].httpRoute.action.weightedTargets: Invalid value: "r": Invalid route action found for AppMesh virtual-router r and route x',
    ],
    [
      'a route with one target',
      [
        { name: 'x', grpcRoute: { action: { weightedTargets: TARGETS } } },
        { name: 'y', tcpRoute: { action: { weightedTargets: [{}] } } },
      ],
      'spec.routes[1].tcpRoute.action.weightedTargets: Invalid value: "r": Invalid number of weightedTargets (1) for AppMesh virtual-router r and route y, expected 2',
    ],
  ] as const
).map(([reason, routes, told]) => ({
  reason,
  strategy: routing({ appMesh: { virtualService: { name: 'v' } } }),
  objects: [...MESH, mesh('VirtualRouter', 'r', { routes })],
  told,
}));

describe('what a spec names', () => {
  it.each([...ORDER, ...TEMPLATES, ...ROUTERS, ...ROUTES])(
    '$reason',
    ({ strategy, objects, told }) => {
      expect(problem(strategy, objects)).toBe(told);
    },
  );
});
