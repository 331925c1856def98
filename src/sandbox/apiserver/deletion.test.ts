import { describe, expect, it } from 'vitest';
import type { KubeObject, ObjectRef, OwnerReference } from '../../api/object.ts';
import { CONFIG_MAPS } from '../../api/resources.ts';
import { createClient } from '../../kube/client.ts';
import { seededRandom } from '../../lib/random.ts';
import { instant, milliseconds } from '../../lib/time.ts';
import { VirtualClock } from '../../lib/virtual-clock.ts';
import { createApiServer } from './server.ts';
import { Store, type StoreChange, storeKey } from './store.ts';

const KEY = storeKey(CONFIG_MAPS);

async function cluster() {
  const clock = new VirtualClock({
    start: instant(Date.UTC(2026, 0, 1)),
    idle: () => new Promise<void>((resolve) => setImmediate(resolve)),
  });
  const store = new Store();
  const server = createApiServer({ clock, random: seededRandom('deletion'), store });
  const client = createClient({ transport: server.handle });
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } };
  await client.raw('POST', '/api/v1/namespaces', { body: namespace });
  const make = (name: string, metadata: Partial<KubeObject['metadata']> = {}) =>
    client.create<KubeObject>(CONFIG_MAPS, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace: 'default', ...metadata },
    });
  return {
    client,
    store,
    make,
    names: () => store.list(KEY).map(({ metadata }) => metadata.name),
    settle: () => clock.advance(milliseconds(1)),
  };
}

function refTo(name: string): ObjectRef {
  return { resource: CONFIG_MAPS, namespace: 'default', name };
}

function ownedBy({ metadata }: KubeObject): OwnerReference {
  const { name, uid = '' } = metadata;
  return { apiVersion: 'v1', kind: 'ConfigMap', name, uid, controller: true };
}

describe('deleting an owner', () => {
  it('in the background goes at once, and what belongs to it follows', async () => {
    const { make, names, client, settle } = await cluster();
    await make('child', { ownerReferences: [ownedBy(await make('owner'))] });
    await client.delete(refTo('owner'), { propagationPolicy: 'Background' });
    expect(names()).toEqual(['child']);
    await settle();
    expect(names()).toEqual([]);
  });

  it('in the foreground waits for what belongs to it', async () => {
    const { make, names, client, settle } = await cluster();
    const owner = await make('owner');
    await make('child', {
      ownerReferences: [ownedBy(owner)],
      finalizers: ['example.com/wait'],
    });
    await client.delete(refTo('owner'), { propagationPolicy: 'Foreground' });
    await settle();
    expect(names()).toEqual(['child', 'owner']);
    await client.patch(refTo('child'), { type: 'merge', body: { metadata: { finalizers: null } } });
    await settle();
    expect(names()).toEqual([]);
  });

  it('in the foreground takes along what a late controller still makes for it', async () => {
    const { make, names, client, settle } = await cluster();
    const ownerReferences = [ownedBy(await make('owner'))];
    await make('child', { ownerReferences, finalizers: ['example.com/wait'] });
    await client.delete(refTo('owner'), { propagationPolicy: 'Foreground' });
    await make('late', { ownerReferences });
    await settle();
    expect(names()).toEqual(['child', 'owner']);
  });

  it('alone lets its dependents go only after it has been marked', async () => {
    const { make, names, client, store, settle } = await cluster();
    await make('child', { ownerReferences: [ownedBy(await make('owner'))] });
    const changes: StoreChange[] = [];
    store.subscribe(KEY, (change) => changes.push(change));
    await client.delete(refTo('owner'), { propagationPolicy: 'Orphan' });
    await settle();
    expect(names()).toEqual(['child']);
    const [marked, freed] = changes;
    expect(marked?.object.metadata).toMatchObject({ name: 'owner', finalizers: ['orphan'] });
    expect(marked?.object.metadata.deletionTimestamp).toBeDefined();
    expect(freed?.object.metadata.name).toBe('child');
    expect(freed?.object.metadata.ownerReferences).toBeUndefined();
  });
});
