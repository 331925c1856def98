// What the controller costs a cluster in which nothing happens: nothing but its watches.
import { expect, it } from 'vitest';
import { ROLLOUTS } from '../../src/api/resources.ts';
import type { Rollout } from '../../src/api/rollout.ts';
import type { HttpRequest } from '../../src/lib/ports.ts';
import { passUntil } from '../scenarios/story.ts';
import { withCluster } from '../support/cluster.ts';
import { correctedObjects } from '../support/document.ts';
import { post } from '../support/objects.ts';

const SETTLED_MS = 60_000;
const REST_MS = 2 * 3_600_000;

it('in two hours of rest the controller asks for nothing but to go on watching', async () => {
  const asked: string[] = [];
  const onRequest = ({ method, path }: HttpRequest) => asked.push(`${method} ${path}`);
  await withCluster({ seed: 'rest', onRequest }, async (cluster) => {
    for (const object of correctedObjects()) await post(cluster.client, 'default', object);
    const ref = { resource: ROLLOUTS, namespace: 'default', name: 'mock-server' };
    await passUntil(cluster, 'healthy', async () => {
      return (await cluster.client.get<Rollout>(ref)).status?.phase === 'Healthy';
    });
    await cluster.advance(SETTLED_MS);
    asked.splice(0);
    await cluster.advance(REST_MS);
    expect(asked.filter((request) => !request.includes('watch=true'))).toEqual([]);
    // The watches of two hours, so that something has been looked at.
    expect(asked.length).toBeGreaterThan(0);
  });
});
