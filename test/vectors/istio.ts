// Runs istio.json: the Istio router, the traffic step of a pass, and what belongs to them.
import type { Experiment } from '../../src/api/experiment.ts';
import { type MeshPod, workloadName } from '../../src/api/mesh-workload.ts';
import { MANAGED_BY } from '../../src/api/names.ts';
import type { KubeObject } from '../../src/api/object.ts';
import type {
  CanaryStep,
  Rollout,
  TrafficWeights,
  WeightDestination,
} from '../../src/api/rollout.ts';
import type { EventNote } from '../../src/core/decision.ts';
import {
  type IstioState,
  removeManagedRoutes,
  type RouterResult,
  setHeaderRoute,
  setMirrorRoute,
  setWeight,
  updateHash,
} from '../../src/core/traffic/istio.ts';
import type { DestinationRule, VirtualService } from '../../src/core/traffic/istio-objects.ts';
import { hostLabel, parseVirtualServiceName } from '../../src/core/traffic/istio-reference.ts';
import { istioProblem } from '../../src/core/traffic/istio-validation.ts';
import { ruleChange } from '../../src/core/traffic/istio-rule.ts';
import { trafficPlan } from '../../src/core/traffic/plan.ts';
import { weightsEvent } from '../../src/core/traffic/weight-record.ts';
import { jsonEqual } from '../../src/lib/equal.ts';
import { type CaseResult, unknownKind } from './result.ts';

interface Call {
  readonly op: string;
  readonly weight?: number;
  readonly canaryHash?: string;
  readonly stableHash?: string;
  readonly additional?: readonly WeightDestination[];
  readonly setHeaderRoute?: NonNullable<CanaryStep['setHeaderRoute']>;
  readonly setMirrorRoute?: NonNullable<CanaryStep['setMirrorRoute']>;
}

interface RecordedSet {
  readonly hash: string;
  readonly name?: string;
  readonly replicas: number;
  readonly available: number;
  readonly created: number;
}

interface Given {
  readonly rollout: Rollout;
  readonly virtualServices?: readonly VirtualService[];
  readonly destinationRules?: readonly DestinationRule[];
  readonly replicaSets?: readonly unknown[];
  readonly [key: string]: unknown;
}

interface Vector {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly mode: string;
  readonly given: Given;
  readonly calls?: readonly Call[];
  readonly expect?: Readonly<Record<string, unknown>>;
}

function outcome(
  test: Vector,
  pairs: Readonly<Record<string, readonly [unknown, unknown]>>,
): CaseResult {
  const name = `${test.id} ${test.name}`;
  const wrong = Object.entries(pairs).find(
    ([, [expected, actual]]) => !jsonEqual(expected, actual),
  );
  if (wrong === undefined) return { name, ok: true };
  const [part, [expected, actual]] = wrong;
  return {
    name,
    ok: false,
    detail: `${part}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`,
  };
}

interface StoredSet {
  readonly metadata?: {
    readonly name?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec?: { readonly replicas?: number };
  readonly status?: { readonly availableReplicas?: number };
  readonly name?: string;
  readonly hash?: string;
  readonly replicas?: number;
  readonly available?: number;
}

function stateOf({ rollout, virtualServices, destinationRules, replicaSets }: Given): IstioState {
  return {
    rollout,
    virtualServices: virtualServices ?? [],
    destinationRules: destinationRules ?? [],
    sets: (replicaSets ?? []).map((item) => {
      const set = item as StoredSet;
      return {
        name: set.metadata?.name ?? set.name ?? '',
        hash: set.metadata?.labels?.['rollouts-pod-template-hash'] ?? set.hash ?? '',
        spec: set.spec?.replicas ?? set.replicas ?? 0,
        available: set.status?.availableReplicas ?? set.available ?? 0,
      };
    }),
  };
}

function applied(state: IstioState, call: Call): RouterResult {
  switch (call.op) {
    case 'setWeight':
      return setWeight(state, call.weight ?? 0, call.additional ?? []);
    case 'updateHash': {
      const hashes = { canary: call.canaryHash ?? '', stable: call.stableHash ?? '' };
      const { status, spec } = state.rollout;
      const isRollback =
        spec.strategy?.canary?.dynamicStableScale === true &&
        (status?.stableRS ?? '') !== '' &&
        status?.stableRS === status?.currentPodHash;
      const canaryExempt = status?.abort === true || isRollback;
      return updateHash(state, hashes, { extras: call.additional ?? [], canaryExempt });
    }
    case 'setHeaderRoute':
      return setHeaderRoute(state, call.setHeaderRoute ?? {});
    case 'setMirrorRoute':
      return setMirrorRoute(state, call.setMirrorRoute ?? { name: '' });
    default:
      return removeManagedRoutes(state);
  }
}

function idOf(object: KubeObject): string {
  return `${object.kind} ${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}

/** An absent weight equals 0 and numbers compare by value. */
function normal(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(normal);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, member]) => [key, normal(member)] as const);
  return Object.fromEntries(
    'destination' in value && !('weight' in value) ? [...entries, ['weight', 0] as const] : entries,
  );
}

function routerCase(test: Vector): CaseResult {
  let state = stateOf(test.given);
  const writes: string[] = [];
  const events: EventNote[] = [];
  let error: string | undefined;
  for (const call of test.calls ?? []) {
    const result = applied(state, call);
    state = result.state;
    for (const step of result.steps) {
      const id = step.object === undefined ? undefined : idOf(step.object);
      if (id !== undefined && !writes.includes(id)) writes.push(id);
      events.push(...step.events);
    }
    // The reference treats waiting as an error; ours is a reason (observed-defects 8).
    error = result.error ?? result.waiting;
    if (error !== undefined) break;
  }
  const expect = test.expect ?? {};
  const wantsAny = typeof expect['error'] === 'object';
  return outcome(test, {
    error: wantsAny ? [true, error !== undefined] : [expect['error'], error],
    writes: [expect['writes'], writes],
    events: [expect['events'], events],
    virtualServices: [normal(expect['virtualServices'] ?? []), normal(state.virtualServices)],
    destinationRules: [expect['destinationRules'] ?? [], state.destinationRules],
  });
}

interface Orchestration {
  readonly replicas: number;
  readonly maxTrafficWeight?: number;
  readonly dynamicStableScale?: boolean;
  readonly revision?: number;
  readonly steps?: readonly CanaryStep[];
  readonly replicaProgressThreshold?: { readonly type: 'Percent' | 'Pods'; readonly value: number };
  readonly explicitAbortScaleDownDelay?: number;
  readonly status: {
    readonly stableRS: string;
    readonly currentPodHash: string;
    readonly currentStepIndex?: number;
    readonly abort?: boolean;
    readonly promoteFull?: boolean;
    readonly weights?: { readonly canary: number; readonly canaryHash: string };
  };
  readonly stable: RecordedSet | null;
  readonly canary: RecordedSet | null;
  readonly experiment?: {
    readonly phase: string;
    readonly templates: readonly {
      readonly serviceName: string;
      readonly podTemplateHash: string;
      readonly weight: number | null;
    }[];
  };
}

function rolloutOf(given: Orchestration): Rollout {
  const { weights: _recorded, ...status } = given.status;
  const steps = (given.steps ?? []).map((step) => {
    if (step.experiment === undefined) return step;
    const templates = (given.experiment?.templates ?? []).map(({ weight }, index) => ({
      name: `t${index}`,
      specRef: 'canary',
      ...(weight === null ? {} : { weight }),
    }));
    return { ...step, experiment: { templates } };
  });
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name: 'shop', namespace: 'default' },
    spec: {
      replicas: given.replicas,
      strategy: {
        canary: {
          ...(steps.length === 0 ? {} : { steps }),
          trafficRouting: {
            istio: { virtualService: { name: 'shop' } },
            ...(given.maxTrafficWeight === undefined
              ? {}
              : { maxTrafficWeight: given.maxTrafficWeight }),
          },
          ...(given.dynamicStableScale === undefined
            ? {}
            : { dynamicStableScale: given.dynamicStableScale }),
          ...(given.replicaProgressThreshold === undefined
            ? {}
            : { replicaProgressThreshold: given.replicaProgressThreshold }),
          ...(given.explicitAbortScaleDownDelay === undefined
            ? {}
            : { abortScaleDownDelaySeconds: given.explicitAbortScaleDownDelay }),
        },
      },
    },
    status,
  };
}

function experimentOf(given: Orchestration): Experiment | undefined {
  if (given.experiment === undefined) return undefined;
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Experiment',
    metadata: { name: 'e' },
    spec: { templates: [] },
    status: {
      phase: given.experiment.phase,
      templateStatuses: given.experiment.templates.map(
        ({ serviceName, podTemplateHash }, index) => ({
          name: `t${index}`,
          replicas: 1,
          updatedReplicas: 1,
          readyReplicas: 1,
          availableReplicas: 1,
          serviceName,
          podTemplateHash,
        }),
      ),
    },
  };
}

function counts(set: RecordedSet) {
  return { hash: set.hash, spec: set.replicas, available: set.available, created: set.created };
}

function recordedWeights(given: Orchestration): TrafficWeights | undefined {
  const { weights, stableRS } = given.status;
  if (weights === undefined) return undefined;
  const max = given.maxTrafficWeight ?? 100;
  return {
    canary: { weight: weights.canary, podTemplateHash: weights.canaryHash },
    stable: { weight: max - weights.canary, podTemplateHash: stableRS },
  };
}

function orchestrationCase(test: Vector): CaseResult {
  const given = test.given as unknown as Orchestration;
  const recorded = recordedWeights(given);
  const experiment = experimentOf(given);
  const plan = trafficPlan({
    rollout: rolloutOf(given),
    revision: given.revision ?? 2,
    sets: {
      others: [],
      ...(given.canary === null ? {} : { canary: counts(given.canary) }),
      ...(given.stable === null ? {} : { stable: counts(given.stable) }),
    },
    ...(recorded === undefined ? {} : { recorded }),
    ...(experiment === undefined ? {} : { experiment }),
  });
  const { wanted } = plan;
  const additional = wanted.extras.length === 0 ? {} : { additional: wanted.extras };
  const calls: Record<string, unknown>[] = plan.operations.map((operation) => {
    switch (operation.op) {
      case 'updateHash':
        return {
          op: 'updateHash',
          canaryHash: wanted.hashes.canary,
          stableHash: wanted.hashes.stable,
          ...additional,
        };
      case 'setWeight':
        return { op: 'setWeight', weight: wanted.weight, ...additional };
      case 'setHeaderRoute':
        return { op: 'setHeaderRoute', setHeaderRoute: operation.step };
      case 'setMirrorRoute':
        return { op: 'setMirrorRoute', setMirrorRoute: operation.step };
      default:
        return { op: operation.op };
    }
  });
  // Istio has no word on verification; the recorded calls end with the question all the same.
  if (plan.record !== undefined)
    calls.push({ op: 'verifyWeight', weight: wanted.weight, ...additional });
  const expect = test.expect ?? {};
  const expectedCalls = expect['calls'];
  return outcome(test, {
    calls: [expectedCalls, calls],
    status: [expect['status'] ?? 'unchanged', plan.record ?? 'unchanged'],
    stopped: [expect['stopped'] !== undefined, plan.waiting !== undefined],
    canaryServiceSelector: [
      expect['canaryServiceSelector'],
      wanted.pointsCanaryServiceAtStable ? 'stable' : null,
    ],
  });
}

function ruleCase(test: Vector): CaseResult {
  const given = test.given as unknown as {
    readonly destinationRule: DestinationRule;
    readonly rollout: { readonly references: readonly string[] } | null;
  };
  const rule = given.destinationRule;
  const id = `${rule.metadata.namespace ?? ''}/${rule.metadata.name}`;
  const change = ruleChange(rule, () => given.rollout?.references.includes(id) === true);
  const expect = test.expect ?? {};
  const cleaned = change.kind === 'clean' ? change.rule : undefined;
  return outcome(test, {
    write: [expect['write'], change.kind === 'clean'],
    enqueueRollout: [expect['enqueueRollout'], change.kind === 'enqueue'],
    subsets: [expect['subsets'], cleaned?.spec?.subsets],
    annotationRemoved: [
      expect['annotationRemoved'] ?? false,
      cleaned !== undefined && cleaned.metadata.annotations?.[MANAGED_BY] === undefined,
    ],
  });
}

function simpleCase(test: Vector, actual: unknown): CaseResult {
  return outcome(test, { answer: [test.expect, actual] });
}

const KINDS: Readonly<Record<string, (test: Vector) => CaseResult>> = {
  router: routerCase,
  orchestration: orchestrationCase,
  'destination-rule-sync': ruleCase,
  'parse-reference': (test) =>
    simpleCase(test, parseVirtualServiceName(String(test.given['reference']))),
  'host-label': (test) => simpleCase(test, { label: hostLabel(String(test.given['host'])) }),
  'weight-event': (test) => {
    const { previous, new: next } = test.given as unknown as {
      readonly previous: TrafficWeights | null;
      readonly new: TrafficWeights;
    };
    return simpleCase(test, { event: weightsEvent(previous ?? undefined, next) });
  },
  validation: (test) =>
    simpleCase(test, {
      error: istioProblem(test.given.rollout, test.given.virtualServices ?? []) ?? null,
    }),
  'workload-name': (test) =>
    simpleCase(test, { workload: workloadName(test.given as unknown as MeshPod) }),
  'workload-name-legacy': (test) =>
    simpleCase(test, { workload: workloadName(test.given as unknown as MeshPod) }),
};

/** All vectors; of a reference defect only what is right counts, where the file says it. */
export function run(file: { readonly vectors: readonly Vector[] }): readonly CaseResult[] {
  return file.vectors.map((test) => {
    const kind = KINDS[test.kind];
    const name = `${test.id} ${test.name}`;
    if (kind === undefined) return unknownKind(name, test.kind);
    return test.expect === undefined ? { name, ok: true } : kind(test);
  });
}
