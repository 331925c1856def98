// When counts of pods are written to a Rollout's status.
import { describe, expect, it } from 'vitest';
import { startCluster } from '../../test/support/cluster.ts';
import { deploy, NAMESPACE } from '../../test/sim/fleet.ts';
import { ROLLOUTS } from '../api/resources.ts';
import type { Rollout } from '../api/rollout.ts';

const REF = { resource: ROLLOUTS, namespace: NAMESPACE, name: 'web' };

/** The status after some time, and how often it was written until then. */
async function after(ms: number, podStartMs: number) {
  let writes = 0;
  const cluster = await startCluster({
    podStartMs,
    onRequest: ({ method, path }) => {
      if (method === 'PATCH' && path.includes('/status')) writes += 1;
    },
  });
  await deploy(cluster.client, 'web');
  await cluster.advance(ms);
  const { status } = await cluster.client.get<Rollout>(REF);
  await cluster.stop();
  return { status, writes };
}

describe('counts of pods', () => {
  it('are written with what they were waited for', async () => {
    const { status, writes } = await after(900, 800);
    expect(status).toMatchObject({ phase: 'Healthy', replicas: 2, availableReplicas: 2 });
    expect(writes).toBe(3);
  });

  it('are not there at once while nothing else changes', async () => {
    const { status, writes } = await after(900, 5000);
    expect(status?.replicas).toBeUndefined();
    expect(writes).toBe(2);
  });

  it('are written after a second if nothing else has changed by then', async () => {
    const { status, writes } = await after(1100, 5000);
    expect(status).toMatchObject({ phase: 'Progressing', replicas: 2, updatedReplicas: 2 });
    expect(writes).toBe(3);
  });
});
