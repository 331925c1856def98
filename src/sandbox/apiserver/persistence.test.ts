import { describe, expect, it } from 'vitest';
import { crds } from '../../api/crds.ts';
import type { KubeObject } from '../../api/object.ts';
import { CONFIG_MAPS, CRDS, ROLLOUTS } from '../../api/resources.ts';
import { createClient } from '../../kube/client.ts';
import type { Database } from '../../lib/ports.ts';
import { seededRandom } from '../../lib/random.ts';
import { instant } from '../../lib/time.ts';
import { VirtualClock } from '../../lib/virtual-clock.ts';
import { createApiServer } from './server.ts';
import { Store } from './store.ts';

/** Rows in memory, which two servers after each other share. */
function memoryDatabase(): Database {
  const rows = new Map<string, string>();
  return {
    load: () => Promise.resolve([...rows].map(([key, value]) => ({ key, value }))),
    save: (changed) => {
      for (const { key, value } of changed) {
        if (value === undefined) rows.delete(key);
        else rows.set(key, value);
      }
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
}

/** As the sandbox does it: the server is made first, then the state is read. */
async function start(database: Database) {
  const clock = new VirtualClock({
    start: instant(Date.UTC(2026, 0, 1)),
    idle: () => new Promise<void>((resolve) => setImmediate(resolve)),
  });
  const store = new Store({ database });
  const server = createApiServer({ clock, random: seededRandom('restart'), store });
  await store.load();
  const client = createClient({ transport: server.handle });
  return { store, client, clock };
}

const NAMESPACE = {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'default' },
} as const;

function configMap(name: string, metadata: Partial<KubeObject['metadata']> = {}): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'default', ...metadata },
  };
}

async function furnished(database: Database) {
  const first = await start(database);
  await first.client.raw('POST', '/api/v1/namespaces', { body: NAMESPACE });
  return first;
}

describe('a server with a database', () => {
  it('serves the kinds of CustomResourceDefinitions after a restart', async () => {
    const database = memoryDatabase();
    const first = await furnished(database);
    for (const crd of crds()) await first.client.create(CRDS, crd);
    await first.store.flush();

    const { client } = await start(database);
    expect((await client.list(ROLLOUTS)).items).toEqual([]);
  });

  it('counts on beyond all that it may have told of before it was killed', async () => {
    const database = memoryDatabase();
    const first = await furnished(database);
    await first.client.create(CONFIG_MAPS, configMap('a'));
    await first.store.flush();

    const { client } = await start(database);
    const { metadata } = await client.create(CONFIG_MAPS, configMap('b'));
    expect(Number(metadata.resourceVersion)).toBeGreaterThan(first.store.revision + 1000);
  });

  it('does not go on with a watch from a version that was told of but never saved', async () => {
    const database = memoryDatabase();
    const first = await furnished(database);
    const { client } = await start(database);
    await client.create(CONFIG_MAPS, configMap('b'));
    const resourceVersion = String(first.store.revision + 3);
    const watch = client.watch(CONFIG_MAPS, { resourceVersion });
    await expect(watch.next()).rejects.toMatchObject({ code: 410, reason: 'Expired' });
  });

  it('answers a write only when it is on disk', async () => {
    const saving = Promise.withResolvers<undefined>();
    const slow: Database = { ...memoryDatabase(), save: () => saving.promise };
    const { client } = await start(slow);
    const answered = client.raw('POST', '/api/v1/namespaces', { body: NAMESPACE });
    const later = new Promise<string>((resolve) => setImmediate(() => resolve('not yet')));
    expect(await Promise.race([answered, later])).toBe('not yet');
    saving.resolve(undefined);
    expect((await answered).text).toContain('"Namespace"');
  });

  it('ends a watch that asks for changes of its former life', async () => {
    const database = memoryDatabase();
    const first = await furnished(database);
    await first.client.create(CONFIG_MAPS, configMap('a'));
    await first.store.flush();

    const { client } = await start(database);
    const watch = client.watch(CONFIG_MAPS, { resourceVersion: '1' });
    await expect(watch.next()).rejects.toMatchObject({ code: 410, reason: 'Expired' });
  });

  it('collects what lost its owner while it was going down', async () => {
    const database = memoryDatabase();
    const first = await furnished(database);
    const owner = await first.client.create(CONFIG_MAPS, configMap('owner'));
    const { uid = '' } = owner.metadata;
    const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid }];
    await first.client.create(CONFIG_MAPS, configMap('owned', { ownerReferences }));
    await first.client.delete({ resource: CONFIG_MAPS, namespace: 'default', name: 'owner' });
    // Its clock stands still, so that the owned object is not yet collected.
    await first.store.flush();

    const { client, clock } = await start(database);
    await clock.advanceTo(clock.now());
    expect((await client.list(CONFIG_MAPS)).items).toEqual([]);
  });
});
