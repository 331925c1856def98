// How many requests a rollout takes (docs/benchmarks.md has the figures of the reference beside them).
import { describe, expect, it } from 'vitest';
import { costs } from './requests.ts';

describe('the requests of a rollout', () => {
  it('a first version takes one status when it begins, is promoted, and is healthy', async () => {
    const { create } = await costs(0);
    expect(Object.fromEntries(create.by)).toEqual({
      'POST replicasets': 1,
      'PATCH rollouts': 1,
      'PATCH rollouts/status': 3,
      'PATCH destinationrules': 1,
    });
  });

  it('an update through three weights takes one status for each thing that others can see', async () => {
    const { update } = await costs(0);
    expect(Object.fromEntries(update.by)).toEqual({
      'POST replicasets': 1,
      'PATCH rollouts': 1,
      'PATCH destinationrules': 2,
      'PATCH virtualservices': 5,
      // Begun, three steps, promoted, healthy, the old set gone.
      'PATCH rollouts/status': 7,
      // The second pod; the old set's deadline and its end.
      'PATCH replicasets': 3,
    });
  });

  it('an update whose old pods stay no longer than proxies are given needs no deadline on their set', async () => {
    const { update } = await costs(5000);
    expect(Object.fromEntries(update.by)).toEqual({
      'POST replicasets': 1,
      'PATCH rollouts': 1,
      'PATCH destinationrules': 2,
      'PATCH virtualservices': 5,
      'PATCH rollouts/status': 7,
      'PATCH replicasets': 2,
    });
  });
});
