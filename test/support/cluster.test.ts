import { expect, it } from 'vitest';
import { CONFIG_MAPS } from '../../src/api/resources.ts';
import { type Cluster, withCluster } from './cluster.ts';
import { post } from './objects.ts';

/** Its end fails from then on. */
async function breakEnd({ sandbox, client }: Cluster): Promise<void> {
  sandbox.store.observe(() => {
    throw new Error('not as it should be');
  });
  await post(client, 'default', {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'shop' },
  });
  await client.get({ resource: CONFIG_MAPS, namespace: 'default', name: 'shop' });
}

it('an observer of the store that throws fails the test when its cluster is stopped', async () => {
  await expect(withCluster({}, breakEnd)).rejects.toThrow(
    'telling that /configmaps default/shop was ADDED: not as it should be',
  );
});

it('what fails a story is told before what fails its end', async () => {
  const story = withCluster({}, async (cluster) => {
    await breakEnd(cluster);
    throw new Error('of the story');
  });
  const error = await story.catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ message: 'of the story' });
  expect(String((error as Error).cause)).toContain('not as it should be');
});
