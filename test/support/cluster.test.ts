import { expect, it } from 'vitest';
import { startCluster } from './cluster.ts';

it('an observer of the store that throws fails the test when its cluster is stopped', async () => {
  const cluster = await startCluster({ isUncontrolled: true });
  cluster.sandbox.store.observe(() => {
    throw new Error('not as it should be');
  });
  const metadata = { name: 'shop' };
  await cluster.client.raw('POST', '/api/v1/namespaces', {
    body: { apiVersion: 'v1', kind: 'Namespace', metadata },
  });
  await expect(cluster.stop()).rejects.toThrow(/Namespace|namespaces shop.*not as it should be/);
});
