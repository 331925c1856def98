import { describe, expect, it } from 'vitest';
import type { ReplicaSet } from '../../api/kubernetes.ts';
import { DESIRED_REPLICAS, HASH_LABEL, REVISION } from '../../api/names.ts';
import type { Rollout } from '../../api/rollout.ts';
import { instant } from '../../lib/time.ts';
import { worldOf } from '../../../test/support/rollout-world.ts';
import { passOf } from './pass.ts';
import { scaleReplicaSets } from './scaling.ts';

const OWNER = { apiVersion: '', kind: 'Rollout', name: 'web', uid: 'u', controller: true };

interface Sized {
  readonly size: number;
  /** As its status says, which may be late. */
  readonly available: number;
}

function setOf(hash: string, revision: string, { size, available }: Sized): ReplicaSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `web-${hash}`,
      labels: { [HASH_LABEL]: hash },
      annotations: { [REVISION]: revision, [DESIRED_REPLICAS]: '4' },
      ownerReferences: [OWNER],
    },
    spec: { replicas: size, selector: {} },
    status: { replicas: Math.max(size, available), availableReplicas: available },
  };
}

/** Sizes that a canary without surge gives its sets: four pods wanted, one may be missing. */
function sizes(of: { readonly stable: Sized; readonly other: Sized; readonly fresh: Sized }) {
  const rollout: Rollout = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name: 'web', uid: 'u' },
    spec: {
      replicas: 4,
      strategy: {
        canary: { maxSurge: 0, maxUnavailable: '25%', steps: [{ setWeight: 25 }, { pause: {} }] },
      },
    },
    status: { currentPodHash: 'c', stableRS: 'a', currentStepIndex: 0 },
  };
  const replicaSets = [
    setOf('a', '1', of.stable),
    setOf('b', '2', of.other),
    setOf('c', '3', of.fresh),
  ];
  const pass = passOf(worldOf(rollout, 'c', { replicaSets }), instant(0));
  scaleReplicaSets(pass);
  return pass.draft.writes.flatMap((write) => {
    if (write.kind !== 'patch') return [];
    const { spec } = write.patch.body as { readonly spec?: { readonly replicas?: number } };
    return spec?.replicas === undefined ? [] : [[write.ref.name, spec.replicas]];
  });
}

describe('sets of an update that another one took the place of', () => {
  const stable = { size: 3, available: 2 };
  const fresh = { size: 0, available: 0 };

  it('keep the pods without which too few would be left, though the status still counts those that go', () => {
    expect(sizes({ stable, other: { size: 1, available: 2 }, fresh })).toEqual([]);
    expect(sizes({ stable, other: { size: 1, available: 1 }, fresh })).toEqual([]);
  });

  it('go as soon as the others have their pods', () => {
    const whole = { size: 3, available: 3 };
    expect(sizes({ stable: whole, other: { size: 1, available: 1 }, fresh })).toContainEqual([
      'web-b',
      0,
    ]);
  });
});

describe('a stable set that follows the weights', () => {
  const ISTIO = {
    virtualService: { name: 'web' },
    destinationRule: { name: 'web', canarySubsetName: 'canary', stableSubsetName: 'stable' },
  };

  /** Recorded is half and half; the routes give the canary `weight`, and the Rollout was made larger: 4 -> 8. */
  function sizeOfStable(weight: number): unknown {
    const rollout: Rollout = {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Rollout',
      metadata: { name: 'web', uid: 'u' },
      spec: {
        replicas: 8,
        strategy: {
          canary: {
            dynamicStableScale: true,
            trafficRouting: { istio: ISTIO },
            steps: [{ setWeight: 50 }, { pause: {} }],
          },
        },
      },
      status: {
        currentPodHash: 'c',
        stableRS: 'a',
        currentStepIndex: 0,
        canary: {
          weights: {
            canary: { weight: 50, podTemplateHash: 'c' },
            stable: { weight: 50, podTemplateHash: 'a' },
          },
        },
      },
    };
    const route = [
      { destination: { host: 'web', subset: 'stable' }, weight: 100 - weight },
      { destination: { host: 'web', subset: 'canary' }, weight },
    ];
    const mesh = {
      apiVersion: 'networking.istio.io/v1',
      kind: 'VirtualService',
      metadata: { name: 'web' },
      spec: { hosts: ['web'], http: [{ route }] },
    };
    const four = { size: 4, available: 4 };
    const replicaSets = [setOf('a', '1', four), setOf('c', '2', { size: 0, available: 0 })];
    const world = worldOf(rollout, 'c', { replicaSets, virtualServices: [mesh] });
    const pass = passOf(world, instant(0));
    scaleReplicaSets(pass);
    const write = pass.draft.writes.find(({ ref }) => ref.name === 'web-a');
    return write?.kind === 'patch' ? write.patch.body : undefined;
  }

  it('has pods for what the routes send it, though the status that tells of them was refused', () => {
    expect(sizeOfStable(0)).toMatchObject({ spec: { replicas: 8 } });
    expect(sizeOfStable(25)).toMatchObject({ spec: { replicas: 6 } });
  });

  it('has pods for what is recorded', () => {
    expect(sizeOfStable(50)).not.toMatchObject({ spec: expect.anything() });
  });
});
