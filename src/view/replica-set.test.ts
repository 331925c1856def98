import { describe, expect, it } from 'vitest';
import type { ReplicaSet } from '../api/kubernetes.ts';
import type { Rollout } from '../api/rollout.ts';
import { replicaSetIcon, rolloutIcon, runIcon } from './icons.ts';
import { replicaSetStatus, tagsOf } from './replica-set.ts';

const FAILURE = {
  type: 'ReplicaFailure',
  status: 'True',
  lastTransitionTime: '2026-01-01T00:00:00Z',
  reason: 'FailedCreate',
  message: 'no',
} as const;

function setOf(
  more: { readonly generation?: number; readonly replicas?: number; readonly hash?: string },
  status: NonNullable<ReplicaSet['status']> = { replicas: 0 },
): ReplicaSet {
  const { generation = 3, replicas = 2, hash } = more;
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: 'web',
      generation,
      labels: hash === undefined ? {} : { 'rollouts-pod-template-hash': hash },
    },
    spec: { replicas, selector: {} },
    status: { observedGeneration: 3, ...status },
  };
}

describe('the status of a ReplicaSet', () => {
  it.each([
    {
      set: setOf({ generation: 4, replicas: 0 }),
      is: 'Progressing',
      reason: 'its controller has not seen it',
    },
    {
      set: setOf({ generation: 2 }, { replicas: 2, availableReplicas: 2 }),
      is: 'Healthy',
      reason: 'it has seen a later one',
    },
    {
      set: setOf({}, { replicas: 0, conditions: [FAILURE] }),
      is: 'ReplicaFailure',
      reason: 'no pods could be made',
    },
    {
      set: setOf({}, { replicas: 0, conditions: [{ ...FAILURE, status: 'False' }] }),
      is: 'Progressing',
      reason: 'a failure that is over',
    },
    {
      set: setOf({}, { replicas: 2, availableReplicas: 1 }),
      is: 'Progressing',
      reason: 'one is missing',
    },
    {
      set: setOf({}, { replicas: 2, availableReplicas: 2 }),
      is: 'Healthy',
      reason: 'all are there',
    },
    {
      set: setOf({ replicas: 0 }, { replicas: 1, availableReplicas: 1 }),
      is: 'ScaledDown',
      reason: 'none are wanted',
    },
    {
      set: setOf({ replicas: 0 }, { replicas: 0, conditions: [FAILURE] }),
      is: 'ReplicaFailure',
      reason: 'a failure goes before the size',
    },
  ])('is $is: $reason', ({ set, is }) => {
    expect(replicaSetStatus(set)).toBe(is);
  });
});

describe('icons', () => {
  it.each([
    {
      of: rolloutIcon,
      is: {
        Progressing: '◌',
        Paused: '॥',
        Healthy: '✔',
        Degraded: '✖',
        Error: '⚠',
        InvalidSpec: '⚠',
        Unknown: '?',
        ScaledDown: '•',
        Other: ' ',
        '': ' ',
      },
    },
    {
      of: replicaSetIcon,
      is: {
        Progressing: '◌',
        Healthy: '✔',
        ReplicaFailure: '✖',
        ScaledDown: '•',
      },
    },
    {
      of: runIcon,
      is: {
        Pending: '◷',
        Running: '◌',
        Successful: '✔',
        Failed: '✖',
        Error: '⚠',
        Inconclusive: '?',
        '': ' ',
        Other: ' ',
      },
    },
  ])('$of.name is $is', ({ of, is }) => {
    const shown = Object.keys(is).map((word) => [word, of(word).text]);
    expect(Object.fromEntries(shown)).toEqual(is);
  });
});

function rolloutOf(strategy: Rollout['spec']['strategy'], status: Rollout['status']): Rollout {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name: 'web' },
    spec: strategy === undefined ? {} : { strategy },
    ...(status === undefined ? {} : { status }),
  };
}

const CANARY = { canary: {} };
const PING_PONG = { canary: { pingPong: { pingService: 'ping', pongService: 'pong' } } };
const BLUE_GREEN = { blueGreen: { activeService: 'active' } };
const TWO = { stableRS: 'a', currentPodHash: 'b' };

describe('the part that a ReplicaSet plays', () => {
  it.each([
    { strategy: CANARY, status: TWO, hash: 'a', tags: 'stable', reason: 'the stable one' },
    { strategy: CANARY, status: TWO, hash: 'b', tags: 'canary', reason: 'the new one' },
    { strategy: CANARY, status: TWO, hash: 'c', tags: '', reason: 'an old one' },
    { strategy: CANARY, status: TWO, hash: undefined, tags: '', reason: 'one without a hash' },
    {
      strategy: CANARY,
      status: { stableRS: '', currentPodHash: '' },
      hash: undefined,
      tags: '',
      reason: 'nothing is no hash',
    },
    {
      strategy: CANARY,
      status: { stableRS: 'a', currentPodHash: 'a' },
      hash: 'a',
      tags: 'stable',
      reason: 'fully promoted: stable alone',
    },
    { strategy: CANARY, status: undefined, hash: 'a', tags: '', reason: 'nothing is known yet' },
    {
      strategy: PING_PONG,
      status: { ...TWO, canary: { stablePingPong: 'ping' as const } },
      hash: 'a',
      tags: 'stable,ping',
      reason: 'stable is ping',
    },
    {
      strategy: PING_PONG,
      status: { ...TWO, canary: { stablePingPong: 'ping' as const } },
      hash: 'b',
      tags: 'canary,pong',
      reason: 'and the canary pong',
    },
    {
      strategy: PING_PONG,
      status: { ...TWO, canary: { stablePingPong: 'pong' as const } },
      hash: 'a',
      tags: 'stable,pong',
      reason: 'stable is pong',
    },
    {
      strategy: PING_PONG,
      status: { ...TWO, canary: { stablePingPong: 'pong' as const } },
      hash: 'b',
      tags: 'canary,ping',
      reason: 'and the canary ping',
    },
    { strategy: PING_PONG, status: TWO, hash: 'a', tags: 'stable,pong', reason: 'not said: pong' },
    { strategy: PING_PONG, status: TWO, hash: 'c', tags: '', reason: 'others are neither' },
    {
      strategy: BLUE_GREEN,
      status: { stableRS: 'a', blueGreen: { activeSelector: 'a', previewSelector: 'b' } },
      hash: 'a',
      tags: 'stable,active',
      reason: 'both',
    },
    {
      strategy: BLUE_GREEN,
      status: { stableRS: 'a', blueGreen: { activeSelector: 'a', previewSelector: 'b' } },
      hash: 'b',
      tags: 'preview',
      reason: 'the new one',
    },
    {
      strategy: BLUE_GREEN,
      status: { stableRS: 'a', blueGreen: { activeSelector: 'b', previewSelector: 'b' } },
      hash: 'b',
      tags: 'active',
      reason: 'never active and preview',
    },
    {
      strategy: BLUE_GREEN,
      status: { stableRS: 'a', blueGreen: { activeSelector: 'b', previewSelector: 'b' } },
      hash: 'a',
      tags: 'stable',
      reason: 'stable without traffic',
    },
    {
      strategy: BLUE_GREEN,
      status: { stableRS: 'a' },
      hash: 'b',
      tags: '',
      reason: 'nothing is known of it',
    },
    { strategy: undefined, status: TWO, hash: 'a', tags: '', reason: 'no strategy, no parts' },
  ])('is "$tags": $reason', ({ strategy, status, hash, tags }) => {
    const set = setOf(hash === undefined ? {} : { hash });
    expect(tagsOf(rolloutOf(strategy, status), set).join(',')).toBe(tags);
  });
});
