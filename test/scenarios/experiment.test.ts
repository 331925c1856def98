// Experiments on their own, as their users live with them.
import { expect, it } from 'vitest';
import type { ReplicaSet } from '../../src/api/kubernetes.ts';
import { REPLICA_SETS } from '../../src/api/resources.ts';
import { startCluster } from '../support/cluster.ts';
import { post } from '../support/objects.ts';
import { templated } from './web.ts';

const NAMESPACE = 'default';

it('sets of an experiment that is over do not grow again while they wait to be taken away', async () => {
  const cluster = await startCluster();
  const experiment = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Experiment',
    metadata: { name: 'try', namespace: NAMESPACE },
    spec: { duration: '5s', templates: [{ name: 'one', replicas: 2, ...templated('app:v1') }] },
  };
  await post(cluster.client, NAMESPACE, experiment);
  await cluster.advance(8000);
  const set = () =>
    (cluster.sandbox.store.list('apps/replicasets', NAMESPACE) as readonly ReplicaSet[])[0];
  expect(set()?.spec.replicas).toBe(2);
  expect(set()?.metadata.annotations?.['scale-down-deadline']).toBeDefined();
  const ref = { resource: REPLICA_SETS, namespace: NAMESPACE, name: set()?.metadata.name ?? '' };
  await cluster.client.patch(ref, { type: 'merge', body: { spec: { replicas: 1 } } });
  await cluster.advance(8000);
  expect(set()?.spec.replicas).toBe(1);
  await cluster.advance(30_000);
  expect(set()?.spec.replicas).toBe(0);
  await cluster.stop();
});
