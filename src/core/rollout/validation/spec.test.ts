import { describe, expect, it } from 'vitest';
import type { Rollout } from '../../../api/rollout.ts';
import { specProblems } from './spec.ts';

// Rules that the recorded facts (test/vectors/validation.json) leave out, or where order and quoting decide.

const CONTAINER = { name: 'web', image: 'example.com/web:1' };
const LABELS = { app: 'web' };

type Loose = { readonly [key: string]: unknown };

function texts(spec: Loose): readonly string[] {
  const rollout = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name: 'web', namespace: 'shop' },
    spec: {
      selector: { matchLabels: LABELS },
      template: { metadata: { labels: LABELS }, spec: { containers: [CONTAINER] } },
      strategy: { canary: {} },
      ...spec,
    },
  };
  return specProblems(rollout as unknown as Rollout).map(({ text }) => text);
}

const canary = (strategy: Loose): Loose => ({ strategy: { canary: strategy } });
const istio = { istio: { virtualService: { name: 'web' } } };
const routed = (strategy: Loose): Loose =>
  canary({ stableService: 's', canaryService: 'c', trafficRouting: istio, ...strategy });
const pods = (spec: Loose, metadata: Loose = { labels: LABELS }): Loose => ({
  template: { metadata, spec: { containers: [CONTAINER], ...spec } },
});

const QUALIFIED =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end " +
  "with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for " +
  "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const NO_FIT = '`selector` does not match template `labels`';

interface Row {
  readonly reason: string;
  readonly spec: Loose;
  readonly told: readonly string[];
}

const SELECTORS: readonly Row[] = [
  {
    reason: 'without a selector nothing fits the template either',
    spec: { selector: undefined },
    told: [
      "spec.selector: Required value: Rollout has missing field '.spec.selector'",
      `spec.template.metadata.labels: Invalid value: {"app":"web"}: ${NO_FIT}`,
    ],
  },
  {
    reason: 'labels that are absent print as null, labels that are there sorted',
    spec: { template: { spec: { containers: [CONTAINER] } } },
    told: [`spec.template.metadata.labels: Invalid value: null: ${NO_FIT}`],
  },
  {
    reason: 'a selector that cannot be read is told so, and the template is not looked at',
    spec: {
      selector: { matchExpressions: [{ operator: 'In', key: 'app', values: [] }] },
      template: {},
    },
    told: [
      "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
      'spec.selector: Invalid value: {"matchExpressions":[{"key":"app","operator":"In"}]}: invalid label selector',
    ],
  },
  {
    reason: 'Exists takes no values',
    spec: { selector: { matchExpressions: [{ key: 'app', operator: 'Exists', values: ['x'] }] } },
    told: [
      "spec.selector.matchExpressions[0].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
      'spec.selector: Invalid value: {"matchExpressions":[{"key":"app","operator":"Exists","values":["x"]}]}: invalid label selector',
    ],
  },
  {
    reason: 'keys are looked at as well, sorted, before their values',
    spec: { selector: { matchLabels: { b: '-', 'a!': 'x' } } },
    told: [
      `spec.selector.matchLabels: Invalid value: "a!": ${QUALIFIED}`,
      expect.stringContaining('spec.selector.matchLabels: Invalid value: "-": a valid label'),
      'spec.selector: Invalid value: {"matchLabels":{"a!":"x","b":"-"}}: invalid label selector',
    ],
  },
  {
    reason: 'an empty prefix of a key',
    spec: { selector: { matchExpressions: [{ key: '/app', operator: 'Exists' }] } },
    told: [
      'spec.selector.matchExpressions[0].key: Invalid value: "/app": prefix part must be non-empty',
      expect.stringContaining('invalid label selector'),
    ],
  },
  {
    reason: 'a template beside workloadRef',
    spec: { workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } },
    told: ['spec.template: Internal error: template must be empty for workload reference rollout'],
  },
];

const TEMPLATES: readonly Row[] = [
  {
    reason: 'a ReplicaSet keeps its pods running',
    spec: pods({ restartPolicy: 'OnFailure', activeDeadlineSeconds: 5 }),
    told: [
      'spec.template.spec.restartPolicy: Unsupported value: "OnFailure": supported values: "Always"',
      'spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported',
    ],
  },
  {
    reason: 'no container at all',
    spec: pods({ containers: [] }),
    told: ['spec.template.spec.containers: Required value'],
  },
  {
    reason: 'a container needs a name and an image of its own',
    spec: pods({ containers: [CONTAINER, { name: 'web' }, { image: 'x' }] }),
    told: [
      'spec.template.spec.containers[1].image: Required value',
      'spec.template.spec.containers[1].name: Duplicate value: "web"',
      'spec.template.spec.containers[2].name: Required value',
    ],
  },
  {
    reason: 'ports and variables',
    spec: pods({
      containers: [
        {
          ...CONTAINER,
          ports: [{ containerPort: 70_000, protocol: 'HTTP' }],
          env: [{ value: 'x' }],
        },
      ],
    }),
    told: [
      'spec.template.spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive',
      'spec.template.spec.containers[0].ports[0].protocol: Unsupported value: "HTTP": supported values: "SCTP", "TCP", "UDP"',
      'spec.template.spec.containers[0].env[0].name: Required value',
    ],
  },
  {
    reason: 'keys of annotations may have capitals anywhere',
    spec: pods({}, { labels: LABELS, annotations: { 'Example.com/Note': 'x', 'a b': 'y' } }),
    told: [`spec.template.annotations: Invalid value: "a b": ${QUALIFIED}`],
  },
];

const CANARIES: readonly Row[] = [
  {
    reason: 'an empty list of plugins is none',
    spec: canary({
      trafficRouting: { plugins: {}, maxTrafficWeight: 50, managedRoutes: [{ name: 'h' }] },
      steps: [{ setHeaderRoute: { match: [], name: 'h' } }],
    }),
    told: [
      'spec.strategy.trafficRouting.maxTrafficWeight: Invalid value: 50: Canary maxTrafficWeight in traffic routing only supported in Nginx and Plugins',
      'spec.strategy.steps[0].setHeaderRoute: Invalid value: {"name":"h"}: SetHeaderRoute requires TrafficRouting, supports Istio and ALB and Apisix',
    ],
  },
  {
    reason: 'one weight means one share',
    spec: routed({ trafficRouting: { ...istio, plugins: { 'o/p': {} }, maxTrafficWeight: 1000 } }),
    told: [
      'spec.strategy.trafficRouting.maxTrafficWeight: Invalid value: 1000: Istio takes weights in percent; remove maxTrafficWeight or set it to 100',
    ],
  },
  {
    reason: 'a signed percentage is no number, and text is quoted as Go quotes it',
    spec: canary({ maxSurge: '-5%\t', maxUnavailable: '-5%' }),
    told: [
      String.raw`spec.strategy.maxSurge: Invalid value: "-5%\t": MaxSurge and MaxUnavailable both can not be zero`,
    ],
  },
  {
    reason: 'the form of a match does not depend on the order in which it was written',
    spec: routed({
      trafficRouting: { ...istio, managedRoutes: [{ name: 'h' }] },
      steps: [
        {
          setHeaderRoute: {
            name: 'h',
            match: [{ headerValue: { regex: 'a<b', exact: 'x', prefix: '' }, headerName: 'n' }],
          },
        },
      ],
    }),
    told: [
      String.raw`spec.strategy.steps[0].setHeaderRoute.match[0]: Invalid value: {"exact":"x","regex":"a\u003cb"}: StringMatch match value must have exactly one of the following: exact, regex, prefix`,
    ],
  },
  {
    reason: 'missing managedRoutes are told once for each step',
    spec: routed({
      steps: [{ setHeaderRoute: { name: 'h' }, setMirrorRoute: { name: 'm' } }, { setWeight: 200 }],
    }),
    told: [
      "spec.strategy.trafficRouting.managedRoutes: Required value: Rollout has missing field 'spec.strategy.canary.trafficRouting.managedRoutes'",
      'spec.strategy.steps[1].setWeight: Invalid value: 200: SetWeight needs to be between 0 and 100',
    ],
  },
  {
    reason:
      'every bad argument is told, with all arguments of the step: those of the experiment first',
    spec: canary({
      steps: [
        {
          experiment: {
            templates: [],
            analyses: [
              {
                name: 'a',
                templateName: 't',
                args: [{ valueFrom: { fieldRef: { fieldPath: 'metadata.x' } }, name: 'p' }],
              },
              { name: 'b', templateName: 't', args: [{ name: 'q', value: '&' }] },
            ],
          },
        },
      ],
    }),
    told: [
      String.raw`spec.strategy.steps[0].analyses: Invalid value: [{"name":"p","valueFrom":{"fieldRef":{"fieldPath":"metadata.x"}}},{"name":"q","value":"\u0026"}]: Analyses arguments must refer to valid object metadata supported by downwardAPI`,
    ],
  },
];

const WEIGHTS: readonly Row[] = [
  {
    reason: 'an experiment takes its share from stable, and there is none left',
    spec: routed({
      steps: [
        { setWeight: 90 },
        { pause: {} },
        {
          experiment: {
            templates: [
              { name: 'a', weight: 10 },
              { name: 'b', weight: 5 },
            ],
          },
        },
      ],
    }),
    told: [
      'spec.strategy.steps[2].experiment.templates[1].weight: Invalid value: 5: Experiment template weights and SetWeight 90 come to 105, which is more than 100',
    ],
  },
  {
    reason: 'all of it and no more; a later setWeight does not count',
    spec: routed({
      steps: [
        { setWeight: 80 },
        { experiment: { templates: [{ name: 'a', weight: 20 }, { name: 'b' }] } },
        { setWeight: 100 },
        { experiment: { templates: [{ name: 'a', weight: 0 }] } },
      ],
    }),
    told: [],
  },
  {
    reason: 'a share below nothing',
    spec: routed({ steps: [{ experiment: { templates: [{ name: 'a', weight: -1 }] } }] }),
    told: [
      'spec.strategy.steps[0].experiment.templates[0].weight: Invalid value: -1: must be greater than or equal to 0',
    ],
  },
  {
    reason: 'a setWeight that makes no sense by itself is told at its own step alone',
    spec: routed({
      steps: [{ setWeight: 101 }, { experiment: { templates: [{ name: 'a', weight: 5 }] } }],
    }),
    told: [
      'spec.strategy.steps[0].setWeight: Invalid value: 101: SetWeight needs to be between 0 and 100',
    ],
  },
];

describe('a spec', () => {
  it.each([...SELECTORS, ...TEMPLATES, ...CANARIES, ...WEIGHTS])('$reason', ({ spec, told }) => {
    expect(texts(spec)).toEqual(told);
  });

  it('tells its problems in the order of its rules', () => {
    const fields = texts({
      replicas: -1,
      selector: {},
      template: {},
      minReadySeconds: -1,
      revisionHistoryLimit: -2,
      progressDeadlineSeconds: -3,
      strategy: {},
    }).map((text) => text.slice(0, text.indexOf(':')));
    expect(fields).toEqual([
      'spec.replicas',
      'spec.selector',
      'spec.template.spec.containers',
      'spec.minReadySeconds',
      'spec.revisionHistoryLimit',
      'spec.progressDeadlineSeconds',
      'spec.progressDeadlineSeconds',
      'spec.strategy.strategy',
    ]);
  });
});
