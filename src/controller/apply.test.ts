import { describe, expect, it } from 'vitest';
import type { KubeObject, ObjectRef } from '../api/object.ts';
import { CONFIG_MAPS } from '../api/resources.ts';
import type { CreateWrite, EventNote, PatchWrite, Write } from '../core/decision.ts';
import { normal } from '../core/events.ts';
import { createClient, type KubeClient } from '../kube/client.ts';
import { cancellation } from '../lib/clock.ts';
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

describe('the writes of a decision', () => {
  function createOf(name: string): CreateWrite {
    return {
      kind: 'create',
      ref: refTo(name),
      object: configMap(name),
      events: [normal('NewReplicaSetCreated', `Made-${name}`)],
    };
  }

  function labelOf(name: string, resourceVersion: string): PatchWrite {
    return {
      kind: 'patch',
      ref: refTo(name),
      resourceVersion,
      patch: { type: 'merge', body: { metadata: { labels: { mine: 'yes' } } } },
      events: [normal('RolloutUpdated', `Labelled-${name}`)],
    };
  }

  async function carriedOut(writes: readonly Write[], options: { readonly stopAt?: number } = {}) {
    const client = await clientOfCluster();
    const old = await client.create(CONFIG_MAPS, configMap('old'));
    const stop = cancellation();
    if (options.stopAt === 0) stop.now();
    const told: string[] = [];
    const tell = ({ message }: EventNote) => {
      told.push(message);
      if (told.length === options.stopAt) stop.now();
    };
    const outcome = await applyWrites({ client, tell, cancel: stop.cancel }, writes);
    const { items } = await client.list(CONFIG_MAPS, { namespace: 'default' });
    const names = items.map(({ metadata }) => metadata.name).filter((name) => name !== 'old');
    return { outcome, told, names, old };
  }

  it('are made in order, each told after it', async () => {
    const { outcome, told, names } = await carriedOut([createOf('a'), createOf('b')]);
    expect(outcome.kind).toBe('ok');
    expect(outcome.effects).toHaveLength(2);
    expect(told).toEqual(['Made-a', 'Made-b']);
    expect(names).toEqual(['a', 'b']);
  });

  it.each([
    {
      reason: 'an outdated version',
      refused: labelOf('old', '1'),
      expected: { kind: 'stale', error: { reason: 'Conflict' } },
    },
    {
      reason: 'an object that is not there',
      refused: labelOf('gone', '1'),
      expected: { kind: 'failed', what: 'patch configmaps/gone', error: { reason: 'NotFound' } },
    },
    {
      reason: 'a name that no object can have',
      refused: createOf('No_Name'),
      expected: { kind: 'refused', refusal: { kind: 'ConfigMap', name: 'No_Name' } },
    },
    {
      reason: 'a name that another has taken',
      refused: { ...createOf('old'), object: owned('old', 'me') },
      expected: { kind: 'taken', object: { metadata: { name: 'old' } } },
    },
  ])('end at the first refusal, which is not told: $reason', async ({ refused, expected }) => {
    const { outcome, told, names } = await carriedOut([createOf('a'), refused, createOf('c')]);
    expect(outcome).toMatchObject(expected);
    expect(outcome.effects).toHaveLength(1);
    expect(told).toEqual(['Made-a']);
    expect(names).toEqual(['a']);
  });

  function owned(name: string, uid: string): KubeObject {
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid, controller: true };
    return configMap(name, { ownerReferences: [owner] });
  }

  it('a child that is there already counts as made', async () => {
    const client = await clientOfCluster();
    const owner = await client.create(CONFIG_MAPS, configMap('owner'));
    const object = owned('child', owner.metadata.uid ?? '');
    const write = { ...createOf('child'), object };
    const tell = () => undefined;
    const first = await applyWrites({ client, tell }, [write]);
    const second = await applyWrites({ client, tell }, [write]);
    expect(second).toEqual(first);
    expect(second.kind).toBe('ok');
  });

  it('a second patch of one object is made on what the first left', async () => {
    const client = await clientOfCluster();
    const { metadata } = await client.create(CONFIG_MAPS, configMap('twice'));
    const version = metadata.resourceVersion ?? '';
    const body = { metadata: { annotations: { more: 'yes' } } };
    const second = { ...labelOf('twice', version), patch: { type: 'merge', body } } as const;
    const writes = [labelOf('twice', version), second];
    const outcome = await applyWrites({ client, tell: () => undefined }, writes);
    expect(outcome.kind).toBe('ok');
    const after = await client.get(refTo('twice'));
    expect(after.metadata).toMatchObject({ labels: { mine: 'yes' }, annotations: { more: 'yes' } });
  });

  it('go on after an optional one that was refused, and say so', async () => {
    const refused = { ...labelOf('gone', '1'), isOptional: true };
    const { outcome, names } = await carriedOut([createOf('a'), refused, createOf('c')]);
    const skipped = { what: 'patch configmaps/gone', error: { reason: 'NotFound' } };
    expect(outcome).toMatchObject({ kind: 'ok', skipped });
    expect(outcome.effects).toHaveLength(2);
    expect(names).toEqual(['a', 'c']);
  });

  it('a deletion of what is gone counts as done, one of a successor is refused', async () => {
    const client = await clientOfCluster();
    const { metadata } = await client.create(CONFIG_MAPS, configMap('gone'));
    const write = {
      kind: 'delete',
      ref: refTo('gone'),
      uid: metadata.uid ?? '',
      resourceVersion: metadata.resourceVersion ?? '',
      events: [],
    } as const;
    await client.delete(refTo('gone'));
    const tell = () => undefined;
    expect((await applyWrites({ client, tell }, [write])).kind).toBe('ok');
    await client.create(CONFIG_MAPS, configMap('gone'));
    expect((await applyWrites({ client, tell }, [write])).kind).toBe('stale');
    expect(await client.get(refTo('gone'))).toBeDefined();
  });

  it('a patch of what is gone counts as done only where that is said', async () => {
    const client = await clientOfCluster();
    const { metadata } = await client.create(CONFIG_MAPS, configMap('gone'));
    const write = labelOf('gone', metadata.resourceVersion ?? '');
    await client.delete(refTo('gone'));
    const tell = () => undefined;
    expect((await applyWrites({ client, tell }, [write])).kind).toBe('failed');
    const outcome = await applyWrites({ client, tell }, [{ ...write, mayBeGone: true }]);
    expect(outcome).toEqual({ kind: 'ok', effects: [{ kind: 'none' }] });
  });

  it('a patch of what has changed is refused even where it may be gone', async () => {
    const client = await clientOfCluster();
    const { metadata } = await client.create(CONFIG_MAPS, configMap('changed'));
    const write = labelOf('changed', metadata.resourceVersion ?? '');
    const body = { metadata: { labels: { other: 'yes' } } };
    await client.patch(refTo('changed'), { type: 'merge', body });
    const tell = () => undefined;
    const outcome = await applyWrites({ client, tell }, [{ ...write, mayBeGone: true }]);
    expect(outcome.kind).toBe('stale');
  });

  it('nothing is deleted that has changed since it was decided on', async () => {
    const client = await clientOfCluster();
    const { metadata } = await client.create(CONFIG_MAPS, configMap('changed'));
    const write = {
      kind: 'delete',
      ref: refTo('changed'),
      uid: metadata.uid ?? '',
      resourceVersion: metadata.resourceVersion ?? '',
      events: [],
    } as const;
    const body = { metadata: { labels: { alive: 'again' } } };
    await client.patch(refTo('changed'), { type: 'merge', body });
    expect((await applyWrites({ client, tell: () => undefined }, [write])).kind).toBe('stale');
    expect(await client.get(refTo('changed'))).toBeDefined();
  });

  it('end between two of them when the controller is abandoned', async () => {
    const { outcome, names } = await carriedOut([createOf('a'), createOf('b')], { stopAt: 1 });
    expect(outcome).toMatchObject({ kind: 'abandoned', effects: [{ kind: 'written' }] });
    expect(names).toEqual(['a']);
  });
});
