// The matrix: every pair of settings of a Rollout and of what happens to it in the middle of an update, each on the
// sandbox with the production controller. Entry points: `MATRIX` (the combinations), `matrixOf`.
import {
  type Constraint,
  coveringArray,
  type CoveringArray,
  type Factors,
  type Row,
} from './pairwise.ts';

export const FACTORS = {
  strategy: ['canary', 'blue-green'],
  routing: ['none', 'services', 'host', 'subset', 'ping-pong'],
  routes: ['none', 'header', 'mirror'],
  canaryScale: ['none', 'replicas', 'weight'],
  dynamicStableScale: ['no', 'yes'],
  scaleDownDelaySeconds: ['unset', '0', '30'],
  abortScaleDownDelaySeconds: ['unset', '0', '30'],
  maxSurge: ['25%', '0'],
  maxUnavailable: ['25%', '0'],
  workloadRef: ['none', 'never', 'onsuccess', 'progressively'],
  hpa: ['none', 'edits'],
  minPodsPerReplicaSet: ['unset', '2'],
  analysis: ['none', 'step', 'background', 'failing step', 'failing background'],
  experiment: ['none', 'step'],
  propagation: ['0 s', '2 s'],
  happens: [
    'promote',
    'promote --full',
    'abort',
    'retry',
    'undo',
    'new revision',
    'dead revision',
    'scale',
    'pause',
    'restart',
    'pod loss',
    'crash',
  ],
  when: ['paused', 'moving'],
} as const satisfies Factors;

export type Combination = {
  readonly [Name in keyof typeof FACTORS]: (typeof FACTORS)[Name][number];
};

/** A combination that makes no sense to the API, and how it says so. */
interface Refusal extends Constraint {
  /** Settings that show it, beside the first value of each factor. */
  readonly example: Partial<Combination>;
  /** What the Rollout tells; undefined if the API server drops the field. */
  readonly told: RegExp | undefined;
}

function isBlueGreen({ strategy }: Row): boolean {
  return strategy === 'blue-green';
}

function isSet(value: string | undefined, unset: string): boolean {
  return value !== undefined && value !== unset;
}

function isUnrouted({ routing }: Row): boolean {
  return routing === 'none' || routing === 'services';
}

export const REFUSALS: readonly Refusal[] = [
  {
    reason: 'a blue-green has no trafficRouting',
    isBroken: (row) => isBlueGreen(row) && isSet(row['routing'], 'none'),
    example: { strategy: 'blue-green', routing: 'host' },
    told: undefined,
  },
  {
    reason: 'a blue-green has no dynamicStableScale',
    isBroken: (row) => isBlueGreen(row) && row['dynamicStableScale'] === 'yes',
    example: { strategy: 'blue-green', dynamicStableScale: 'yes' },
    told: undefined,
  },
  {
    reason: 'a blue-green has no maxSurge',
    isBroken: (row) => isBlueGreen(row) && row['maxSurge'] === '0',
    example: { strategy: 'blue-green', maxSurge: '0' },
    told: undefined,
  },
  {
    reason: 'a blue-green has no minPodsPerReplicaSet',
    isBroken: (row) => isBlueGreen(row) && isSet(row['minPodsPerReplicaSet'], 'unset'),
    example: { strategy: 'blue-green', minPodsPerReplicaSet: '2' },
    told: undefined,
  },
  {
    reason: 'a blue-green has no steps, so no experiment',
    isBroken: (row) => isBlueGreen(row) && row['experiment'] === 'step',
    example: { strategy: 'blue-green', experiment: 'step' },
    told: undefined,
  },
  {
    reason: 'a blue-green has no steps, so no header or mirror routes',
    isBroken: (row) => isBlueGreen(row) && isSet(row['routes'], 'none'),
    example: { strategy: 'blue-green', routes: 'header' },
    told: undefined,
  },
  {
    reason: 'a blue-green has no steps, so no canary that is sized by hand',
    isBroken: (row) => isBlueGreen(row) && isSet(row['canaryScale'], 'none'),
    example: { strategy: 'blue-green', canaryScale: 'replicas' },
    told: undefined,
  },
  {
    reason: 'a header route needs traffic routing',
    isBroken: (row) => isUnrouted(row) && row['routes'] === 'header',
    example: { routes: 'header' },
    told: /SetHeaderRoute requires TrafficRouting, supports Istio and ALB and Apisix/,
  },
  {
    reason: 'a mirror route needs traffic routing',
    isBroken: (row) => isUnrouted(row) && row['routes'] === 'mirror',
    example: { routing: 'services', routes: 'mirror' },
    told: /SetMirrorRoute requires TrafficRouting, supports Istio and Plugins/,
  },
  {
    reason: 'a canary that is sized by hand needs traffic routing',
    isBroken: (row) => isUnrouted(row) && isSet(row['canaryScale'], 'none'),
    example: { canaryScale: 'weight' },
    told: /SetCanaryScale requires TrafficRouting to be set/,
  },
  {
    reason: 'maxSurge and maxUnavailable are not both 0',
    isBroken: (row) => row['maxSurge'] === '0' && row['maxUnavailable'] === '0',
    example: { maxSurge: '0', maxUnavailable: '0' },
    told: /MaxSurge and MaxUnavailable both can not be zero/,
  },
  {
    reason: 'dynamicStableScale needs traffic routing',
    isBroken: (row) => isUnrouted(row) && row['dynamicStableScale'] === 'yes',
    example: { dynamicStableScale: 'yes' },
    told: /dynamicStableScale can only be used with traffic routing/,
  },
  {
    reason: 'scaleDownDelaySeconds of a canary needs traffic routing',
    isBroken: (row) =>
      row['strategy'] === 'canary' &&
      isUnrouted(row) &&
      isSet(row['scaleDownDelaySeconds'], 'unset'),
    example: { scaleDownDelaySeconds: '0' },
    told: /scaleDownDelaySeconds can only be used with traffic routing/,
  },
  {
    reason: 'dynamicStableScale leaves nothing to scaleDownDelaySeconds',
    isBroken: (row) =>
      row['dynamicStableScale'] === 'yes' && isSet(row['scaleDownDelaySeconds'], 'unset'),
    example: { routing: 'host', dynamicStableScale: 'yes', scaleDownDelaySeconds: '30' },
    told: /dynamicStableScale cannot be used with scaleDownDelaySeconds/,
  },
];

const SEED = 'matrix';

export function matrixOf(seed = SEED): CoveringArray {
  return coveringArray({ factors: FACTORS, constraints: REFUSALS, seed });
}

/** Settings that are not the first of their factor, in the factors' order: how a combination is called. */
export function nameOf(combination: Combination): string {
  const { strategy, happens, when } = combination;
  const others = Object.entries(FACTORS as Factors)
    .filter(([name]) => !['strategy', 'happens', 'when'].includes(name))
    .filter(([name, [first]]) => (combination as Row)[name] !== first)
    .map(([name]) => `${name} ${(combination as Row)[name] ?? ''}`);
  return [strategy, ...others, `${happens} while ${when}`].join(', ');
}

const FIRST = Object.fromEntries(
  Object.entries(FACTORS).map(([name, [first]]) => [name, first]),
) as Combination;

/** The combination with these settings and the first value of each other factor. */
export function withSettings(settings: Partial<Combination>): Combination {
  return { ...FIRST, ...settings };
}

/** The combination of that name: any valid one, of this matrix or another. */
export function combinationNamed(name: string): Combination {
  const parts = name.split(', ');
  const [strategy = '', ...others] = parts;
  const [happens = '', when = ''] = (others.pop() ?? '').split(' while ');
  const settings = others.map((part) => {
    const space = part.indexOf(' ');
    return [part.slice(0, space), part.slice(space + 1)] as const;
  });
  const found = { strategy, happens, when, ...Object.fromEntries(settings) };
  for (const [factor, value] of Object.entries(found)) {
    const values = (FACTORS as Factors)[factor];
    if (values?.includes(value) === true) continue;
    const known = values === undefined ? Object.keys(FACTORS) : values;
    throw new Error(`"${name}": there is no ${factor} ${value}, but ${known.join(', ')}`);
  }
  return withSettings(found as Partial<Combination>);
}
