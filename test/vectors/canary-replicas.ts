// Runs canary-replicas.json: the replica arithmetic.
import type { Rollout, TrafficWeights } from '../../src/api/rollout.ts';
import { fenceposts, limitsOf } from '../../src/core/rollout/limits.ts';
import {
  atDesiredCounts,
  basicCanaryReplicas,
  blueGreenNewReplicas,
  type CanarySets,
  type Counts,
  progressThresholdMet,
  replicasForScaleDown,
  trafficRoutedReplicas,
  weightedApproximation,
} from '../../src/core/rollout/replicas.ts';
import {
  currentSetWeight,
  desiredCanaryWeight,
  replicasForWeight,
  type SetCounts,
} from '../../src/core/rollout/weights.ts';
import { jsonEqual } from '../../src/lib/equal.ts';
import type { CaseResult } from './result.ts';

interface RecordedSet {
  readonly hash: string;
  readonly specReplicas: number | null;
  readonly availableReplicas: number;
  readonly statusReplicas?: number;
}

interface Input {
  readonly rollout: Pick<Rollout, 'spec' | 'status'>;
  readonly canaryRS: RecordedSet | null;
  readonly stableRS: RecordedSet | null;
  readonly otherRSs?: readonly RecordedSet[];
  readonly allRSs: readonly RecordedSet[];
  readonly newRS: string;
  readonly rs: RecordedSet | null;
  readonly currentWeights: { readonly canary: number; readonly stable: number } | null;
  readonly replicas: number;
  readonly weight: number;
  readonly maxWeight: number;
  readonly maxSurge: number;
  readonly maxUnavailable: number;
  readonly desired: number;
  readonly threshold: { readonly type: 'Percent' | 'Pods'; readonly value: number } | null;
  readonly ignoreAvailability: boolean;
  readonly start: readonly [number, number];
}

interface Case {
  readonly id: string;
  readonly function: string;
  readonly input: Input;
  readonly expect: unknown;
}

function counts(set: RecordedSet | null | undefined): SetCounts | undefined {
  if (set === null || set === undefined) return undefined;
  return {
    hash: set.hash,
    spec: set.specReplicas ?? 0,
    available: set.availableReplicas,
    ...(set.statusReplicas === undefined ? {} : { created: set.statusReplicas }),
  };
}

function rolloutOf(input: Input): Rollout {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name: 'x' },
    ...input.rollout,
  };
}

function setsOf(input: Input): CanarySets {
  const canary = counts(input.canaryRS);
  const stable = counts(input.stableRS);
  return {
    ...(canary === undefined ? {} : { canary }),
    ...(stable === undefined ? {} : { stable }),
    others: (input.otherRSs ?? []).flatMap((set) => counts(set) ?? []),
  };
}

function weightsOf({ currentWeights }: Input): TrafficWeights | undefined {
  if (currentWeights === null || currentWeights === undefined) return undefined;
  return { canary: { weight: currentWeights.canary }, stable: { weight: currentWeights.stable } };
}

/** Pass after pass: stable is written first, one set a pass, all pods available between. */
function sequence(input: Input): readonly (readonly [number, number])[] {
  const rollout = rolloutOf(input);
  let [canary, stable] = input.start;
  const seen: (readonly [number, number])[] = [];
  for (let pass = 0; pass < 100; pass++) {
    const next: Counts = basicCanaryReplicas(rollout, {
      canary: { hash: 'canary', spec: canary, available: canary },
      stable: { hash: 'stable', spec: stable, available: stable },
      others: [],
    });
    if (next.stable !== stable) stable = next.stable;
    else if (next.canary !== canary) canary = next.canary;
    else break;
    seen.push([canary, stable]);
  }
  return seen;
}

const FUNCTIONS: Readonly<Record<string, (input: Input) => unknown>> = {
  fenceposts: (input) => fenceposts(input.maxSurge, input.maxUnavailable, input.desired),
  strategyLimits: (input) => limitsOf(rolloutOf(input)),
  currentSetWeight: (input) => ({ weight: currentSetWeight(rolloutOf(input)) }),
  weightedApproximation: (input) => weightedApproximation(input),
  basicCanary: (input) => basicCanaryReplicas(rolloutOf(input), setsOf(input)),
  basicCanarySequence: (input) => ({ sequence: sequence(input) }),
  replicasForScaleDown: (input) => ({
    replicas: replicasForScaleDown(counts(input.rs), input.ignoreAvailability),
  }),
  trafficWeightToReplicas: (input) => ({
    replicas: replicasForWeight(input.replicas, input.weight, input.maxWeight),
  }),
  trafficRoutedCanary: (input) =>
    trafficRoutedReplicas(rolloutOf(input), setsOf(input), weightsOf(input)),
  desiredCanaryWeight: (input) => ({
    weight: desiredCanaryWeight(rolloutOf(input), setsOf(input)),
  }),
  replicaProgressThresholdMet: (input) => ({
    met: progressThresholdMet(input.threshold ?? undefined, counts(input.rs), input.desired),
  }),
  atDesiredCounts: (input) => ({
    atDesired: atDesiredCounts(rolloutOf(input), setsOf(input), weightsOf(input)),
  }),
  blueGreenNewReplicas: (input) => {
    const active = input.rollout.status?.blueGreen?.activeSelector;
    const isKnown = input.allRSs.some((set) => set.hash === active);
    return {
      replicas: blueGreenNewReplicas(rolloutOf(input), input.newRS, isKnown ? active : undefined),
    };
  },
};

/** All cases of the file. */
export function run(file: { readonly cases: readonly Case[] }): readonly CaseResult[] {
  return file.cases.map((test) => {
    const actual = FUNCTIONS[test.function]?.(test.input);
    const ok = jsonEqual(actual, test.expect);
    const detail = `${JSON.stringify(test.input)}: expected ${JSON.stringify(test.expect)}, got ${JSON.stringify(actual)}`;
    return { name: test.id, ok, ...(ok ? {} : { detail }) };
  });
}
