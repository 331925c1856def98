import { describe, expect, it } from 'vitest';
import type { Pod, ReplicaSet } from '../../api/kubernetes.ts';
import { HASH_LABEL } from '../../api/names.ts';
import type { Rollout } from '../../api/rollout.ts';
import { formatInstant, instant, later, seconds } from '../../lib/time.ts';
import { worldOf } from '../../../test/support/rollout-world.ts';
import { passOf } from './pass.ts';
import { restartPods } from './restart.ts';

const HASH = 'a';
const NOW = instant(1_000_000_000);
const MIN_READY_SECONDS = 60;

function ago(count: number): string {
  return formatInstant(later(NOW, seconds(-count)));
}

function owner(kind: string, uid: string) {
  return { apiVersion: '', kind, name: kind, uid, controller: true };
}

/** Two pods by its spec. */
function setOf(available: number, uid = 'set', hash = HASH): ReplicaSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `web-${hash}`,
      uid,
      labels: { [HASH_LABEL]: hash },
      ownerReferences: [owner('Rollout', 'u')],
    },
    spec: { replicas: 2, selector: {} },
    status: { replicas: 2, availableReplicas: available },
  };
}

/** An old pod; for how many seconds it has been ready, if it is. */
function pod(name: string, readyFor?: number, more: object = {}): Pod {
  const ready = { type: 'Ready', status: 'True', lastTransitionTime: ago(readyFor ?? 0) };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      uid: name,
      creationTimestamp: ago(3600),
      ownerReferences: [owner('ReplicaSet', 'set')],
      ...more,
    },
    spec: {},
    status: { conditions: readyFor === undefined ? [] : [ready] },
  };
}

const OTHERS = { ownerReferences: [owner('ReplicaSet', 'other')] };
const LEAVING = { deletionTimestamp: ago(5) };

interface Row {
  readonly reason: string;
  readonly pods: readonly Pod[];
  /** What their set says. */
  readonly available: number;
  /** And an older one, if there is one. */
  readonly otherAvailable?: number;
  readonly evicted: readonly string[];
  /** Seconds until it looks again; without, a change of the set is awaited. */
  readonly again?: readonly number[];
}

const ROWS: readonly Row[] = [
  {
    reason: 'one pod of two goes when both are available, and a budget may keep it',
    pods: [pod('a', 100), pod('b', 100)],
    available: 2,
    evicted: ['a'],
    again: [30],
  },
  {
    reason: 'nothing may go, and the set will tell when that changes',
    pods: [pod('a', 100), pod('b')],
    available: 1,
    evicted: [],
  },
  {
    reason: 'nothing may go, and nobody tells when the one that leaves has gone',
    pods: [pod('a', 100), pod('b', 100, LEAVING)],
    available: 1,
    evicted: [],
    again: [30],
  },
  {
    reason: 'what leaves is not asked to leave once more',
    pods: [pod('a', 100, LEAVING), pod('b', 100), pod('c', 100)],
    available: 2,
    evicted: ['b'],
    again: [30],
  },
  {
    reason: 'pods are older than what the set says: it has told already',
    pods: [pod('a', 100), pod('b')],
    available: 2,
    evicted: [],
    again: [30],
  },
  {
    reason: 'pods of one set are older than what it says, as many as another has lost',
    pods: [pod('a', 100), pod('b'), pod('x', 100, OTHERS), pod('y', 100, OTHERS)],
    available: 2,
    otherAvailable: 1,
    evicted: [],
    again: [30],
  },
  {
    reason: 'a pod that is ready has to be so for a while',
    pods: [pod('a', 100), pod('b', 20)],
    available: 1,
    evicted: [],
    again: [40],
  },
];

describe('a restart looks again', () => {
  it.each(ROWS)('when $reason', ({ pods, available, otherAvailable, evicted, again = [] }) => {
    const rollout: Rollout = {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Rollout',
      metadata: { name: 'web', uid: 'u' },
      spec: {
        replicas: 2,
        restartAt: ago(1),
        minReadySeconds: MIN_READY_SECONDS,
        strategy: { canary: {} },
      },
      status: { currentPodHash: HASH, stableRS: HASH },
    };
    const answers = [{ kind: 'pods' as const, key: 'pods/restart', pods }];
    const others = otherAvailable === undefined ? [] : [setOf(otherAvailable, 'other', 'b')];
    const replicaSets = [setOf(available), ...others];
    const pass = passOf(worldOf(rollout, HASH, { replicaSets, answers }), NOW);
    expect(restartPods(pass)).toBe(evicted.length > 0);
    const names = pass.draft.writes.map((write) => write.kind === 'evict' && write.ref.name);
    expect(names).toEqual(evicted);
    expect(pass.draft.moments).toEqual(again.map((count) => later(NOW, seconds(count))));
  });
});
