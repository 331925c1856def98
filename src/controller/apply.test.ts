import { describe, expect, it } from 'vitest';
import type { KubeObject, ObjectRef } from '../api/object.ts';
import { CONFIG_MAPS } from '../api/resources.ts';
import type { PatchWrite } from '../core/decision.ts';
import { createClient, type KubeClient } from '../kube/client.ts';
import { seededRandom } from '../lib/random.ts';
import { instant } from '../lib/time.ts';
import { VirtualClock } from '../lib/virtual-clock.ts';
import { createApiServer } from '../sandbox/apiserver/server.ts';
import { Store } from '../sandbox/apiserver/store.ts';
import { applyWrites } from './apply.ts';

async function clientOfCluster(): Promise<KubeClient> {
  const clock = new VirtualClock({
    start: instant(0),
    idle: () => new Promise<void>((resolve) => setImmediate(resolve)),
  });
  const server = createApiServer({ clock, random: seededRandom('apply'), store: new Store() });
  const client = createClient({ transport: server.handle });
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } };
  await client.raw('POST', '/api/v1/namespaces', { body: namespace });
  return client;
}

function configMap(name: string, metadata: Partial<KubeObject['metadata']> = {}): KubeObject {
  const own = { name, namespace: 'default', ...metadata };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: own };
}

function refTo(name: string): ObjectRef {
  return { resource: CONFIG_MAPS, namespace: 'default', name };
}

/** Gives `owned` a label, for an owner as it was read. */
function labelFor({ metadata }: KubeObject, owned: KubeObject): PatchWrite {
  return {
    kind: 'patch',
    ref: refTo(owned.metadata.name),
    resourceVersion: owned.metadata.resourceVersion ?? '',
    patch: { type: 'merge', body: { metadata: { labels: { mine: 'yes' } } } },
    events: [],
    onlyWhile: { ref: refTo(metadata.name), uid: metadata.uid ?? '' },
  };
}

describe('a patch that is done only while its owner is there', () => {
  it.each([
    {
      reason: 'the owner is there',
      meanwhile: () => Promise.resolve(),
      expected: 'ok',
    },
    {
      reason: 'the owner is gone',
      meanwhile: (client: KubeClient) => client.delete(refTo('owner'), {}),
      expected: 'stale',
    },
    {
      reason: 'the owner is being deleted',
      meanwhile: async (client: KubeClient) => {
        const body = { metadata: { finalizers: ['example.com/wait'] } };
        await client.patch(refTo('owner'), { type: 'merge', body });
        await client.delete(refTo('owner'), {});
      },
      expected: 'stale',
    },
    {
      reason: 'another one has taken the name',
      meanwhile: async (client: KubeClient) => {
        await client.delete(refTo('owner'), {});
        await client.create(CONFIG_MAPS, configMap('owner'));
      },
      expected: 'stale',
    },
  ])('$expected: $reason', async ({ meanwhile, expected }) => {
    const client = await clientOfCluster();
    const owner = await client.create(CONFIG_MAPS, configMap('owner'));
    const owned = await client.create(CONFIG_MAPS, configMap('owned'));
    await meanwhile(client);
    const outcome = await applyWrites({ client, tell: () => undefined }, [labelFor(owner, owned)]);
    const { metadata } = await client.get(refTo('owned'));
    expect({ kind: outcome.kind, labels: metadata.labels }).toEqual({
      kind: expected,
      labels: expected === 'ok' ? { mine: 'yes' } : undefined,
    });
  });
});
