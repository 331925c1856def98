import { describe, expect, it } from 'vitest';
import type { ReplicaSet } from '../../api/kubernetes.ts';
import { HASH_LABEL, REACHED } from '../../api/names.ts';
import type { Rollout, RolloutStatus } from '../../api/rollout.ts';
import { instant } from '../../lib/time.ts';
import { worldOf } from '../../../test/support/rollout-world.ts';
import { type Pass, passOf } from './pass.ts';
import { noteSetback, reached } from './setback.ts';

const NEW = 'b';
const OLD = 'a';
const OWNER = { apiVersion: '', kind: 'Rollout', name: 'web', uid: 'u', controller: true };

function setOf(hash: string, replicas: number, mark?: string): ReplicaSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `web-${hash}`,
      labels: { [HASH_LABEL]: hash },
      annotations: mark === undefined ? {} : { [REACHED]: mark },
      ownerReferences: [OWNER],
    },
    spec: { replicas, selector: {} },
  };
}

/** A pass of four pods, of which the new set is to have `wanted`. */
function passWith(wanted: number, mark?: string, stored: RolloutStatus = {}): Pass {
  const rollout: Rollout = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name: 'web', uid: 'u' },
    spec: { replicas: 4 },
    status: { currentPodHash: NEW, stableRS: OLD, ...stored },
  };
  const replicaSets = [setOf(OLD, 3), setOf(NEW, wanted, mark)];
  return passOf(worldOf(rollout, NEW, { replicaSets }), instant(0));
}

function counts(replicas: number, updated: number, ready: number, available: number) {
  return {
    currentPodHash: NEW,
    replicas,
    updatedReplicas: updated,
    readyReplicas: ready,
    availableReplicas: available,
  };
}

const SIZES = 'web-a=3,web-b=2';
const NONE = { updated: 0, ready: 0, available: 0 };

describe('what an update had reached', () => {
  it.each([
    { reason: 'counts at the same sizes', mark: `2/4/3 at ${SIZES}`, is: [2, 4, 3] },
    { reason: 'is forgotten at others', mark: '2/4/3 at web-a=4,web-b=1', is: [0, 0, 0] },
    { reason: 'is nothing where no pods were lost', mark: undefined, is: [0, 0, 0] },
    { reason: 'is nothing that cannot be read', mark: 'all of it', is: [0, 0, 0] },
  ])('$reason', ({ mark, is: [updated, ready, available] }) => {
    expect(reached(passWith(2, mark))).toEqual({ ...NONE, updated, ready, available });
  });
});

interface Row {
  readonly reason: string;
  readonly before: RolloutStatus;
  readonly after: RolloutStatus;
  readonly mark?: string;
  /** Pods that the new set is to have; 2 if absent. */
  readonly wanted?: number;
  readonly noted: string | undefined;
}

const ROWS: readonly Row[] = [
  {
    reason: 'a pod of the new set is lost',
    before: counts(5, 2, 4, 3),
    after: counts(4, 1, 3, 3),
    noted: `2/4/3 at ${SIZES}`,
  },
  {
    reason: 'a pod is there and ready no more',
    before: counts(5, 2, 5, 4),
    after: counts(5, 2, 4, 4),
    noted: `2/5/4 at ${SIZES}`,
  },
  {
    reason: 'more had been reached before an earlier loss',
    before: counts(5, 2, 4, 3),
    after: counts(4, 1, 3, 3),
    mark: `2/5/5 at ${SIZES}`,
    noted: undefined,
  },
  {
    reason: 'the new set is made smaller',
    before: counts(5, 2, 5, 5),
    after: counts(4, 1, 4, 4),
    wanted: 1,
    noted: undefined,
  },
  {
    reason: 'an old pod goes',
    before: counts(6, 2, 6, 6),
    after: counts(5, 2, 5, 5),
    noted: undefined,
  },
  {
    reason: 'a pod comes',
    before: counts(4, 1, 3, 3),
    after: counts(5, 2, 3, 3),
    noted: undefined,
  },
  {
    reason: 'another version is counted',
    before: { ...counts(5, 2, 5, 5), currentPodHash: OLD },
    after: counts(4, 0, 4, 4),
    noted: undefined,
  },
];

describe('a setback is noted or not when', () => {
  it.each(ROWS)('$reason', ({ before, after, mark, wanted = 2, noted }) => {
    const pass = passWith(wanted, mark, before);
    noteSetback(pass, after);
    const patches = pass.draft.writes.flatMap((write) =>
      write.kind === 'patch' ? [write.patch.body] : [],
    );
    const body = { metadata: { annotations: { [REACHED]: noted } } };
    expect(patches).toEqual(noted === undefined ? [] : [body]);
  });
});
