// ReplicaSets that were there before their Rollout (rollout.md 2.5, 2.9).
import { describe, expect, it } from 'vitest';
import type { Deployment, ReplicaSet } from '../../src/api/kubernetes.ts';
import type { KubeObject, ResourceType } from '../../src/api/object.ts';
import { DEPLOYMENTS, ROLLOUTS } from '../../src/api/resources.ts';
import type { Rollout } from '../../src/api/rollout.ts';
import { type Cluster, withCluster } from '../support/cluster.ts';
import { post } from '../support/objects.ts';
import { templated } from './web.ts';

const NAMESPACE = 'default';

const DEPLOYMENT: Deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: NAMESPACE },
  spec: { replicas: 4, ...templated('app:v1') },
};

const ROLLOUT: Rollout = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Rollout',
  metadata: { name: 'web', namespace: NAMESPACE },
  spec: {
    replicas: 4,
    ...templated('app:v1'),
    strategy: { canary: { steps: [{ setWeight: 50 }, { pause: {} }] } },
  },
};

interface PodLike extends KubeObject {
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

function podsOf({ sandbox }: Cluster): readonly PodLike[] {
  const pods = sandbox.store.list('/pods', NAMESPACE);
  return pods.filter(({ metadata }) => metadata.labels?.['app'] === 'web');
}

function names(cluster: Cluster): readonly string[] {
  return podsOf(cluster).map(({ metadata }) => metadata.name);
}

function setsOf({ sandbox }: Cluster): readonly ReplicaSet[] {
  return sandbox.store.list('apps/replicasets', NAMESPACE) as readonly ReplicaSet[];
}

function rolloutOf({ client }: Cluster): Promise<Rollout> {
  return client.get<Rollout>({ resource: ROLLOUTS, namespace: NAMESPACE, name: 'web' });
}

async function orphan({ client }: Cluster, resource: ResourceType): Promise<void> {
  await client.delete(
    { resource, namespace: NAMESPACE, name: 'web' },
    { propagationPolicy: 'Orphan' },
  );
}

function isReady({ metadata, status }: PodLike): boolean {
  const ready = status?.conditions?.some(
    ({ type, status: value }) => type === 'Ready' && value === 'True',
  );
  return metadata.deletionTimestamp === undefined && ready === true;
}

/** The fewest ready pods from now on. */
function fewestReady(cluster: Cluster): () => number {
  let fewest = Number.POSITIVE_INFINITY;
  cluster.sandbox.store.observe(() => {
    fewest = Math.min(fewest, podsOf(cluster).filter(isReady).length);
  });
  return () => fewest;
}

describe('sets that were there before', () => {
  it('go on when their Rollout is deleted without them and comes back', async () => {
    await withCluster({}, async (cluster) => {
      await post(cluster.client, NAMESPACE, ROLLOUT);
      await cluster.advance(3000);
      const pods = names(cluster);
      await orphan(cluster, ROLLOUTS);
      await cluster.advance(3000);
      expect(setsOf(cluster)[0]?.metadata.ownerReferences).toBeUndefined();
      await post(cluster.client, NAMESPACE, ROLLOUT);
      await cluster.advance(10_000);
      expect(names(cluster)).toEqual(pods);
      expect(setsOf(cluster)).toHaveLength(1);
      const { status, metadata } = await rolloutOf(cluster);
      expect(status).toMatchObject({ phase: 'Healthy', stableRS: status?.currentPodHash });
      expect(metadata.annotations?.['rollout.argoproj.io/revision']).toBe('1');
    });
  });

  it.each<{ readonly whose: string; readonly make: (cluster: Cluster) => Promise<void> }>([
    {
      whose: 'a Deployment that was deleted without them',
      make: async (cluster) => {
        await post(cluster.client, NAMESPACE, DEPLOYMENT);
        await cluster.advance(3000);
        await orphan(cluster, DEPLOYMENTS);
      },
    },
    {
      whose: 'nobody',
      make: async ({ client }) => {
        const metadata = { ...DEPLOYMENT.metadata, labels: { app: 'web' } };
        await post(client, NAMESPACE, { ...DEPLOYMENT, kind: 'ReplicaSet', metadata });
      },
    },
  ])(
    'are adopted, and replaced as far as availability allows: those of $whose',
    async ({ make }) => {
      await withCluster({}, async (cluster) => {
        await make(cluster);
        await cluster.advance(3000);
        const [old] = setsOf(cluster);
        const fewest = fewestReady(cluster);
        await post(cluster.client, NAMESPACE, ROLLOUT);
        await cluster.advance(10_000);
        const { status, metadata } = await rolloutOf(cluster);
        expect(status).toMatchObject({ phase: 'Healthy', stableRS: status?.currentPodHash });
        const adopted = setsOf(cluster).find((set) => set.metadata.name === old?.metadata.name);
        expect(adopted?.metadata.ownerReferences?.[0]?.uid).toBe(metadata.uid);
        expect(adopted?.metadata.labels).toEqual(old?.metadata.labels);
        expect(adopted?.spec.replicas).toBe(0);
        expect(podsOf(cluster).filter(isReady)).toHaveLength(4);
        expect(fewest()).toBeGreaterThanOrEqual(3);
      });
    },
  );

  it('stay with the Deployment that owns them', async () => {
    await withCluster({}, async (cluster) => {
      await post(cluster.client, NAMESPACE, DEPLOYMENT);
      await cluster.advance(3000);
      const pods = names(cluster);
      await post(cluster.client, NAMESPACE, ROLLOUT);
      await cluster.advance(10_000);
      expect(names(cluster)).toEqual(expect.arrayContaining([...pods]));
      expect(podsOf(cluster).filter(isReady)).toHaveLength(8);
      const owners = setsOf(cluster).map(({ metadata }) => metadata.ownerReferences?.[0]?.kind);
      expect(new Set(owners)).toEqual(new Set(['Deployment', 'Rollout']));
    });
  });
});
