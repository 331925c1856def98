import { describe, expect, it } from 'vitest';
import { REPLICA_SETS, ROLLOUTS, virtualServices } from '../api/resources.ts';
import type { RolloutStatus } from '../api/rollout.ts';
import type { Write } from '../core/decision.ts';
import { whatCanWait } from './can-wait.ts';

const REF = { resource: ROLLOUTS, namespace: 'default', name: 'web' };
const AT_REST: RolloutStatus = { phase: 'Healthy', stableRS: 'new', currentPodHash: 'new' };

function ref(name: string, resource = REPLICA_SETS) {
  return { resource, namespace: 'default', name };
}

function create(name: string): Write {
  const object = { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: { name } };
  return { kind: 'create', ref: ref(name), object, events: [] };
}

function resize(name: string, replicas: number, resource = REPLICA_SETS): Write {
  const patch = { type: 'merge', body: { spec: { replicas } } } as const;
  return { kind: 'patch', ref: ref(name, resource), resourceVersion: '1', patch, events: [] };
}

function remove(name: string): Write {
  return { kind: 'delete', ref: ref(name), uid: 'u', resourceVersion: '1', events: [] };
}

function what(status: RolloutStatus | undefined, ...writes: Write[]) {
  return whatCanWait({ ref: REF, status }, { writes });
}

describe('what can wait', () => {
  it('the next set of a Rollout at rest, and the first of a new one', () => {
    expect(what(AT_REST, create('web-next'))).toBe('beginning');
    expect(what(undefined, create('web-first'))).toBe('beginning');
  });

  it('what a Rollout at rest has left behind', () => {
    expect(what(AT_REST, resize('web-old', 0))).toBe('clearing');
    expect(what(AT_REST, remove('web-older'), resize('web-old', 0))).toBe('clearing');
  });

  it.each([
    ['an update of an update', { ...AT_REST, phase: 'Progressing' }, [create('web-fix')]],
    ['pods of the set that serves', AT_REST, [resize('web-new', 0)]],
    ['more pods for a set that was taken over', AT_REST, [resize('other', 3)]],
    ['old sets of an abort', { ...AT_REST, phase: 'Degraded' }, [resize('web-old', 0)]],
    ['traffic with them', AT_REST, [resize('web', 0, virtualServices('v1')), resize('web-old', 0)]],
    ['nothing to do', AT_REST, []],
  ] as const)('not %s', (_, status, writes) => {
    expect(what(status, ...writes)).toBeUndefined();
  });
});
