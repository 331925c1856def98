import { describe, expect, it } from 'vitest';
import type { Rollout } from '../api/rollout.ts';
import { shownPhase } from './phase.ts';

interface Given {
  readonly generation?: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly spec?: Partial<Rollout['spec']>;
  readonly status?: Rollout['status'];
}

function rolloutOf({ generation = 5, annotations = {}, spec = {}, status }: Given): Rollout {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name: 'web', generation, annotations },
    spec: { replicas: 2, strategy: { canary: {} }, ...spec },
    ...(status === undefined ? {} : { status }),
  };
}

const STORED = { phase: 'Healthy', message: 'as stored' } as const;
const WORKLOAD = { workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'old' } };
const ANNOTATED = { 'rollout.argoproj.io/workload-generation': '7' };
const PAUSE = [{ reason: 'CanaryPauseStep', startTime: '2026-01-01T00:00:00Z' }] as const;

const ROWS: readonly (Given & { readonly is: string; readonly reason: string })[] = [
  {
    status: { ...STORED, observedGeneration: '5' },
    is: 'Healthy as stored',
    reason: 'what the controller wrote',
  },
  {
    status: { ...STORED, observedGeneration: '4' },
    is: 'Progressing waiting for rollout spec update to be observed',
    reason: 'it has not seen this generation',
  },
  {
    status: { ...STORED, observedGeneration: '6' },
    is: 'Healthy as stored',
    reason: 'it has seen a later one: ours is old',
  },
  {
    status: { ...STORED, observedGeneration: '575b7cd4' },
    is: 'Healthy as stored',
    reason: 'what is no number counts as seen',
  },
  {
    status: { ...STORED, observedGeneration: '' },
    is: 'Healthy as stored',
    reason: 'so does nothing',
  },
  {
    status: { ...STORED, controllerPause: true },
    is: 'Progressing waiting for rollout to unpause',
    reason: 'a pause has been ended that the controller still keeps',
  },
  {
    status: { ...STORED, controllerPause: true, pauseConditions: PAUSE },
    is: 'Healthy as stored',
    reason: 'a pause that is on',
  },
  {
    status: { ...STORED, controllerPause: true, observedGeneration: '4' },
    is: 'Progressing waiting for rollout spec update to be observed',
    reason: 'generation first',
  },
  {
    spec: WORKLOAD,
    annotations: ANNOTATED,
    status: { ...STORED, workloadObservedGeneration: '6' },
    is: 'Progressing waiting for rollout spec update to be observed for the reference workload',
    reason: 'the workload has changed',
  },
  {
    spec: WORKLOAD,
    annotations: ANNOTATED,
    status: { ...STORED, workloadObservedGeneration: '7' },
    is: 'Healthy as stored',
    reason: 'the workload has been seen',
  },
  {
    spec: WORKLOAD,
    annotations: ANNOTATED,
    status: { ...STORED, workloadObservedGeneration: 'x' },
    is: 'Healthy as stored',
    reason: 'no number',
  },
  {
    spec: WORKLOAD,
    annotations: ANNOTATED,
    status: STORED,
    is: 'Healthy as stored',
    reason: 'nothing seen yet',
  },
  {
    spec: WORKLOAD,
    status: { ...STORED, workloadObservedGeneration: '6' },
    is: 'Healthy as stored',
    reason: 'no generation of the workload is known',
  },
  {
    annotations: ANNOTATED,
    status: { ...STORED, workloadObservedGeneration: '6' },
    is: 'Healthy as stored',
    reason: 'an annotation that stayed behind',
  },
  { is: 'Progressing more replicas need to be updated', reason: 'no status at all' },
  {
    status: { pauseConditions: PAUSE },
    is: 'Paused CanaryPauseStep',
    reason: 'objects from before there was a phase',
  },
  {
    spec: { paused: true },
    status: {},
    is: 'Paused manually paused',
    reason: 'objects from before there was a phase',
  },
  { status: { phase: 'Degraded' }, is: 'Degraded ', reason: 'a phase without a message' },
];

describe('the phase that is shown', () => {
  it.each(ROWS)('is $is: $reason', (row) => {
    const { phase, message } = shownPhase(rolloutOf(row));
    expect(`${phase} ${message}`).toBe(row.is);
  });
});
