// What our client and any API server agree on, over every way to one: reads, writes, watches and refusals.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { crds } from '../../src/api/crds.ts';
import type { Json, KubeObject, ObjectRef } from '../../src/api/object.ts';
import { CONFIG_MAPS, CRDS, NAMESPACES, ROLLOUTS, SERVICES } from '../../src/api/resources.ts';
import { createClient, type KubeClient, type WatchEvent } from '../../src/kube/client.ts';
import { ApiError, isExpired, isNotFound } from '../../src/kube/errors.ts';
import { collectionPath } from '../../src/kube/paths.ts';
import { lines } from '../../src/lib/bytes.ts';
import { cancellation, sleep } from '../../src/lib/clock.ts';
import { between, milliseconds } from '../../src/lib/time.ts';
import { type Reached, SERVERS } from './servers.ts';

interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

interface MapContent extends Pick<ConfigMap, 'data'> {
  readonly labels?: Readonly<Record<string, string>>;
}

/** The failure of `work`; fails the test if there is none. */
async function failureOf(work: Promise<unknown>): Promise<Error> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('it did not fail');
}

async function refusalOf(work: Promise<unknown>): Promise<{ reason: string; code: number }> {
  const error = await failureOf(work);
  if (!(error instanceof ApiError)) throw error;
  return { reason: error.reason, code: error.code };
}

/** Watches end by themselves after half an hour; on the fastest clock here this is 1.5 s. */
const LONG_MS = 1_500_000;

describe.each(SERVERS)('the API, $name', (row) => {
  let server: Reached;
  let client: KubeClient;
  const namespace = `contract-${Date.now().toString(36)}`;

  beforeAll(async () => {
    server = await row.start();
    client = createClient({ transport: server.transport, fieldManager: 'contract' });
    const metadata = { name: namespace };
    await client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata });
    if (!row.isOurs) await ensureRollouts();
  });

  afterAll(async () => {
    await client.delete(namespaceRef());
    await server.stop();
  });

  function namespaceRef(): ObjectRef {
    return { resource: NAMESPACES, name: namespace };
  }

  async function ensureRollouts(): Promise<void> {
    for (const crd of crds()) {
      try {
        await client.create(CRDS, crd);
      } catch (error) {
        if (!(error instanceof ApiError) || error.reason !== 'AlreadyExists') throw error;
      }
    }
    await eventually(async () => {
      await client.list(ROLLOUTS, { namespace, limit: 1 });
      return true;
    });
  }

  /** Asks until it holds: controllers of the server take their time. */
  async function eventually(check: () => Promise<boolean>, turns = 200): Promise<void> {
    for (let turn = 0; turn < turns; turn += 1) {
      const holds = await check().catch((error: unknown) => {
        if (error instanceof ApiError) return false;
        throw error;
      });
      if (holds) return;
      await server.wait(sleep(server.clock, milliseconds(50)));
    }
    throw new Error('it did not happen');
  }

  function mapRef(name: string): ObjectRef {
    return { resource: CONFIG_MAPS, namespace, name };
  }

  function map(name: string, more: MapContent = {}): ConfigMap {
    const { labels, ...rest } = more;
    const metadata = { name, namespace, ...(labels === undefined ? {} : { labels }) };
    return { apiVersion: 'v1', kind: 'ConfigMap', metadata, ...rest };
  }

  function created(name: string, more: MapContent = {}): Promise<ConfigMap> {
    return client.create(CONFIG_MAPS, map(name, more));
  }

  function rolloutRef(name: string): ObjectRef {
    return { resource: ROLLOUTS, namespace, name };
  }

  interface Rollout extends KubeObject {
    readonly spec: { readonly replicas?: number; readonly paused?: boolean };
    readonly status?: { readonly phase?: string };
  }

  function createdRollout(name: string): Promise<Rollout> {
    const template = {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'main', image: 'mock:1' }] },
    };
    const spec = {
      replicas: 0,
      selector: { matchLabels: { app: name } },
      strategy: { canary: {} },
      template,
    };
    const metadata = { name, namespace };
    const rollout: Rollout = {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Rollout',
      metadata,
      spec,
    };
    return client.create(ROLLOUTS, rollout);
  }

  async function currentVersion(): Promise<string> {
    return (await client.list(CONFIG_MAPS, { namespace, limit: 1 })).resourceVersion;
  }

  describe('reads', () => {
    it('an object is read as it was created, with what the server adds', async () => {
      await created('read', { data: { a: 'ä' }, labels: { app: 'x' } });
      const found = await client.get<ConfigMap>(mapRef('read'));
      expect(found).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap', data: { a: 'ä' } });
      expect(found.metadata.labels).toEqual({ app: 'x' });
      expect(found.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
      expect(found.metadata.resourceVersion).toMatch(/^\d+$/);
      expect(found.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    });

    it('a list comes in pages that are together the whole, each item with its kind', async () => {
      const names = ['page-a', 'page-b', 'page-c', 'page-d', 'page-e'];
      for (const name of names) await created(name, { labels: { set: 'pages' } });
      const options = { namespace, labelSelector: 'set=pages', limit: 2 };
      const first = await client.list<ConfigMap>(CONFIG_MAPS, options);
      expect(first.items.map(({ metadata }) => metadata.name)).toEqual(['page-a', 'page-b']);
      expect(first.items[0]).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });
      const second = await client.list(CONFIG_MAPS, { ...options, continue: first.continue ?? '' });
      const third = await client.list(CONFIG_MAPS, { ...options, continue: second.continue ?? '' });
      const rest = [...second.items, ...third.items].map(({ metadata }) => metadata.name);
      expect(rest).toEqual(['page-c', 'page-d', 'page-e']);
      expect(third.continue).toBeUndefined();
    });

    it('all pages carry the version of the first', async () => {
      for (const name of ['v-a', 'v-b', 'v-c']) await created(name, { labels: { set: 'version' } });
      const options = { namespace, labelSelector: 'set=version', limit: 2 };
      const first = await client.list(CONFIG_MAPS, options);
      await created('v-meanwhile');
      const second = await client.list(CONFIG_MAPS, { ...options, continue: first.continue ?? '' });
      expect(second.resourceVersion).toBe(first.resourceVersion);
    });

    it('labels and fields select', async () => {
      await created('select-a', { labels: { tier: 'web', set: 'select' } });
      await created('select-b', { labels: { tier: 'db', set: 'select' } });
      await created('select-c', { labels: { set: 'select' } });
      const names = async (options: object) => {
        const { items } = await client.list(CONFIG_MAPS, { namespace, ...options });
        return items.map(({ metadata }) => metadata.name);
      };
      expect(await names({ labelSelector: 'tier in (web,db)' })).toEqual(['select-a', 'select-b']);
      expect(await names({ labelSelector: 'set=select,!tier' })).toEqual(['select-c']);
      expect(await names({ fieldSelector: 'metadata.name=select-b' })).toEqual(['select-b']);
    });

    it('any path is read as text', async () => {
      const { text, headers } = await client.raw('GET', '/version');
      expect(JSON.parse(text)).toHaveProperty('gitVersion');
      expect(Date.parse(headers['date'] ?? '')).not.toBeNaN();
    });
  });

  describe('writes', () => {
    it('the server can choose the name', async () => {
      const metadata = { name: '', generateName: 'chosen-', namespace };
      const one = await client.create(CONFIG_MAPS, { ...map(''), metadata });
      expect(one.metadata.name).toMatch(/^chosen-[a-z0-9]{5}$/);
    });

    it('a dry run answers and changes nothing', async () => {
      const made = await client.create(CONFIG_MAPS, map('dry'), { dryRun: true });
      expect(made.metadata.name).toBe('dry');
      const failure = await failureOf(client.get(mapRef('dry')));
      expect(isNotFound(failure)).toBe(true);
    });

    it('an update replaces the object and moves its version', async () => {
      const before = await created('update', { data: { a: '1', b: '1' } });
      const after = await client.update(mapRef('update'), { ...before, data: { a: '2' } });
      expect(after.data).toEqual({ a: '2' });
      expect(after.metadata.resourceVersion).not.toBe(before.metadata.resourceVersion);
    });

    it('an update from an outdated version is a Conflict and changes nothing', async () => {
      const before = await created('stale', { data: { a: '1' } });
      await client.update(mapRef('stale'), { ...before, data: { a: '2' } });
      const late = client.update(mapRef('stale'), { ...before, data: { a: '3' } });
      expect(await refusalOf(late)).toEqual({ reason: 'Conflict', code: 409 });
      expect(await client.get<ConfigMap>(mapRef('stale'))).toMatchObject({ data: { a: '2' } });
    });

    it('a change of the spec moves the generation, one of a label does not', async () => {
      await createdRollout('generation');
      const ref = rolloutRef('generation');
      const labels = { type: 'merge', body: { metadata: { labels: { a: 'b' } } } } as const;
      expect((await client.patch(ref, labels)).metadata.generation).toBe(1);
      const spec = { type: 'merge', body: { spec: { paused: true } } } as const;
      expect((await client.patch(ref, spec)).metadata.generation).toBe(2);
    });
  });

  describe('patches', () => {
    it('merge: null takes a member away, others stay', async () => {
      await created('merge', { data: { a: '1', b: '1' } });
      const body = { data: { a: null, c: '2' } };
      const after = await client.patch<ConfigMap>(mapRef('merge'), { type: 'merge', body });
      expect(after.data).toEqual({ b: '1', c: '2' });
    });

    it('merge: an outdated version in the patch is a Conflict', async () => {
      const before = await created('guarded');
      const { resourceVersion = '' } = before.metadata;
      const body = { metadata: { resourceVersion }, data: { a: '1' } };
      await client.patch(mapRef('guarded'), { type: 'merge', body });
      const again = client.patch(mapRef('guarded'), { type: 'merge', body });
      // The second one changes nothing, and is refused all the same.
      expect(await refusalOf(again)).toEqual({ reason: 'Conflict', code: 409 });
    });

    it('json: operations in order', async () => {
      await created('json', { data: { a: '1' } });
      const body = [
        { op: 'test', path: '/data/a', value: '1' },
        { op: 'add', path: '/data/b', value: '2' },
        { op: 'move', from: '/data/a', path: '/data/c' },
      ];
      const after = await client.patch<ConfigMap>(mapRef('json'), { type: 'json', body });
      expect(after.data).toEqual({ b: '2', c: '1' });
    });

    it('json: a test that fails refuses all of it', async () => {
      await created('json-test', { data: { a: '1' } });
      const body = [
        { op: 'replace', path: '/data/a', value: '2' },
        { op: 'test', path: '/data/a', value: '1' },
      ];
      const work = client.patch(mapRef('json-test'), { type: 'json', body });
      expect((await refusalOf(work)).code).toBe(422);
      expect(await client.get<ConfigMap>(mapRef('json-test'))).toMatchObject({ data: { a: '1' } });
    });

    it('strategic: items of a list are found by their key', async () => {
      const ports = [
        { name: 'http', port: 80, protocol: 'TCP' },
        { name: 'admin', port: 81, protocol: 'TCP' },
      ];
      const service = {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'strategic', namespace },
        spec: { clusterIP: 'None', ports },
      };
      await client.create(SERVICES, service);
      const body = { spec: { ports: [{ port: 81, name: 'ops' }] } };
      const ref = { resource: SERVICES, namespace, name: 'strategic' };
      const after = await client.patch<KubeObject & { spec: { ports: readonly object[] } }>(ref, {
        type: 'strategic',
        body,
      });
      expect(after.spec.ports).toMatchObject([
        { name: 'http', port: 80 },
        { name: 'ops', port: 81, protocol: 'TCP' },
      ]);
      const removal = { spec: { ports: [{ port: 80, $patch: 'delete' }] } };
      const last = await client.patch<typeof after>(ref, { type: 'strategic', body: removal });
      expect(last.spec.ports).toMatchObject([{ name: 'ops' }]);
    });

    it('strategic: a custom kind refuses it and names what it takes', async () => {
      await createdRollout('strategic');
      const body = { spec: { paused: true } };
      const work = client.patch(rolloutRef('strategic'), { type: 'strategic', body });
      expect(await refusalOf(work)).toEqual({ reason: 'UnsupportedMediaType', code: 415 });
    });

    function applied(name: string, data: Json, fieldManager: string, force = false) {
      const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data };
      return client.patch<ConfigMap>(mapRef(name), { type: 'apply', body, fieldManager, force });
    }

    it('apply: creates, and takes away what its manager no longer names', async () => {
      expect((await applied('apply', { a: '1', b: '1' }, 'one')).data).toEqual({ a: '1', b: '1' });
      await applied('apply', { c: '1' }, 'two');
      expect((await applied('apply', { a: '2' }, 'one')).data).toEqual({ a: '2', c: '1' });
    });

    it('apply: a field of another manager is a Conflict unless it is forced', async () => {
      await applied('owned', { a: '1' }, 'one');
      const failure = await failureOf(applied('owned', { a: '2' }, 'two'));
      expect(failure).toMatchObject({ reason: 'Conflict', code: 409 });
      expect((failure as ApiError).details?.causes?.[0]?.reason).toBe('FieldManagerConflict');
      expect((await applied('owned', { a: '2' }, 'two', true)).data).toEqual({ a: '2' });
    });
  });

  describe('deletion', () => {
    it('what is deleted is gone', async () => {
      await created('gone');
      await client.delete(mapRef('gone'));
      expect(isNotFound(await failureOf(client.get(mapRef('gone'))))).toBe(true);
    });

    it.each([
      { reason: 'another uid', options: { uid: '00000000-0000-0000-0000-000000000000' } },
      { reason: 'another version', options: { resourceVersion: '1' } },
    ])('$reason as a precondition is a Conflict and deletes nothing', async ({ options }) => {
      const name = `kept-${Object.keys(options)[0]?.toLowerCase()}`;
      const { metadata } = await created(name);
      const work = client.delete(mapRef(name), options);
      expect(await refusalOf(work)).toEqual({ reason: 'Conflict', code: 409 });
      await client.delete(mapRef(name), { uid: metadata.uid ?? '' });
    });

    it('an object with a finalizer stays until that is taken off', async () => {
      const finalizers = ['slipway.test/hold'];
      const object = map('held');
      await client.create(CONFIG_MAPS, { ...object, metadata: { ...object.metadata, finalizers } });
      await client.delete(mapRef('held'));
      const held = await client.get(mapRef('held'));
      expect(held.metadata.deletionTimestamp).toBeDefined();
      const body = { metadata: { finalizers: null } };
      await client.patch(mapRef('held'), { type: 'merge', body });
      await eventually(async () => !(await isThere('held')));
    });

    // An API server alone has nobody who empties what is deleted.
    it.runIf(!row.lacks.has('garbage-collector'))(
      'a namespace that goes takes nothing new, says why, and is there until it is empty',
      async () => {
        const name = `${namespace}-going`;
        const ref = { resource: NAMESPACES, name };
        await client.create(NAMESPACES, {
          apiVersion: 'v1',
          kind: 'Namespace',
          metadata: { name },
        });
        const metadata = { name: 'last', namespace: name, finalizers: ['slipway.test/hold'] };
        await client.create(CONFIG_MAPS, { ...map('last'), metadata });
        await client.delete(ref);
        const object = map('late');
        const late = { ...object, metadata: { ...object.metadata, namespace: name } };
        const failure = await failureOf(client.create(CONFIG_MAPS, late));
        expect(failure).toBeInstanceOf(ApiError);
        expect(failure).toMatchObject({ reason: 'Forbidden', code: 403 });
        expect(failure.message).toContain(
          `unable to create new content in namespace ${name} because it is being terminated`,
        );
        expect((failure as ApiError).details?.causes).toEqual([
          {
            reason: 'NamespaceTerminating',
            message: `namespace ${name} is being terminated`,
            field: 'metadata.namespace',
          },
        ]);
        const last = { resource: CONFIG_MAPS, namespace: name, name: 'last' };
        await client.patch(last, { type: 'merge', body: { metadata: { finalizers: null } } });
        // Who empties it comes back to it later and later.
        const isGone = async (): Promise<boolean> =>
          client.get(ref).then(
            () => false,
            (error: unknown) => isNotFound(error),
          );
        await eventually(isGone, 2400);
      },
    );

    async function family(name: string): Promise<void> {
      const owner = await created(`${name}-owner`);
      const reference = {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        name: owner.metadata.name,
        uid: owner.metadata.uid ?? '',
        controller: true,
        blockOwnerDeletion: true,
      };
      const child = map(`${name}-child`);
      const metadata = { ...child.metadata, ownerReferences: [reference] };
      await client.create(CONFIG_MAPS, { ...child, metadata });
    }

    async function isThere(name: string): Promise<boolean> {
      const { items } = await client.list(CONFIG_MAPS, {
        namespace,
        fieldSelector: `metadata.name=${name}`,
      });
      return items.length === 1;
    }

    // An API server alone has nobody who collects what lost its owner.
    describe.runIf(!row.lacks.has('garbage-collector'))('with its dependents', () => {
      it('in the background: the owner goes at once, its dependents follow', async () => {
        await family('background');
        const propagationPolicy = 'Background';
        await client.delete(mapRef('background-owner'), { propagationPolicy });
        expect(await isThere('background-owner')).toBe(false);
        await eventually(async () => !(await isThere('background-child')));
      });

      it('in the foreground: the owner goes after its dependents', async () => {
        await family('foreground');
        const propagationPolicy = 'Foreground';
        await client.delete(mapRef('foreground-owner'), { propagationPolicy });
        await eventually(async () => !(await isThere('foreground-owner')));
        expect(await isThere('foreground-child')).toBe(false);
      });

      it('as orphans: dependents stay and name no owner', async () => {
        await family('orphan');
        const propagationPolicy = 'Orphan';
        await client.delete(mapRef('orphan-owner'), { propagationPolicy });
        await eventually(async () => !(await isThere('orphan-owner')));
        const child = await client.get(mapRef('orphan-child'));
        expect(child.metadata.ownerReferences ?? []).toEqual([]);
      });
    });
  });

  describe('subresources', () => {
    it('status is written apart from the rest', async () => {
      await createdRollout('status');
      const ref = rolloutRef('status');
      const body = { spec: { paused: true }, status: { phase: 'Progressing' } };
      const bySpec = await client.patch<Rollout>(ref, { type: 'merge', body });
      expect([bySpec.spec.paused, bySpec.status?.phase]).toEqual([true, undefined]);
      const other = { spec: { paused: false }, status: { phase: 'Healthy' } };
      const byStatus = await client.patch<Rollout>(ref, {
        type: 'merge',
        body: other,
        subresource: 'status',
      });
      expect([byStatus.spec.paused, byStatus.status?.phase]).toEqual([true, 'Healthy']);
      expect(byStatus.metadata.generation).toBe(bySpec.metadata.generation);
    });

    it('an update of the status leaves the rest as it is', async () => {
      const before = await createdRollout('status-update');
      const ref = rolloutRef('status-update');
      const changed = {
        ...before,
        spec: { ...before.spec, paused: true },
        status: { phase: 'Paused' },
      };
      const after = await client.update<Rollout>(ref, changed, { subresource: 'status' });
      expect([after.spec.paused, after.status?.phase]).toEqual([undefined, 'Paused']);
    });

    it('an update of the status from an outdated version is a Conflict', async () => {
      const before = await createdRollout('status-stale');
      const ref = rolloutRef('status-stale');
      await client.patch(ref, { type: 'merge', body: { spec: { paused: true } } });
      const after = { ...before, status: { phase: 'Healthy' } };
      const work = client.update(ref, after, { subresource: 'status' });
      expect(await refusalOf(work)).toEqual({ reason: 'Conflict', code: 409 });
    });

    it('scale reads and sets the number of replicas', async () => {
      await createdRollout('scale');
      const ref = rolloutRef('scale');
      const scale = await client.getSubresource<KubeObject>(ref, 'scale');
      expect(scale).toMatchObject({ kind: 'Scale', apiVersion: 'autoscaling/v1' });
      const body = { spec: { replicas: 4 } };
      await client.patch(ref, { type: 'merge', body, subresource: 'scale' });
      expect((await client.get<Rollout>(ref)).spec.replicas).toBe(4);
    });
  });

  describe('refusals', () => {
    it.each([
      {
        reason: 'what is not there is NotFound',
        work: () => client.get(mapRef('nowhere')),
        expected: { reason: 'NotFound', code: 404 },
      },
      {
        reason: 'a name that is taken is AlreadyExists',
        work: async () => {
          await created('twice');
          await created('twice');
        },
        expected: { reason: 'AlreadyExists', code: 409 },
      },
      {
        reason: 'a name that no object can have is Invalid',
        work: () => created('Not_A_Name'),
        expected: { reason: 'Invalid', code: 422 },
      },
      {
        reason: 'a body that is no object is BadRequest',
        work: () => client.raw('POST', collectionPath(CONFIG_MAPS, namespace), { body: [] }),
        expected: { reason: 'BadRequest', code: 400 },
      },
      {
        reason: 'a kind that is not served is NotFound',
        work: () => client.list({ ...CONFIG_MAPS, plural: 'wombats' }, { namespace }),
        expected: { reason: 'NotFound', code: 404 },
      },
      {
        reason: 'a method that has no meaning is MethodNotAllowed',
        work: () => client.raw('POST', `${collectionPath(CONFIG_MAPS, namespace)}/x`, { body: {} }),
        expected: { reason: 'MethodNotAllowed', code: 405 },
      },
    ])('$reason', async ({ work, expected }) => {
      expect(await refusalOf(work())).toEqual(expected);
    });

    it('a refusal carries the object, and for a bad field its path', async () => {
      const missing = (await failureOf(client.get(mapRef('nowhere')))) as ApiError;
      expect(missing.message).toBe('configmaps "nowhere" not found');
      expect(missing.details).toMatchObject({ name: 'nowhere', kind: 'configmaps' });
      await createdRollout('field');
      const body = { spec: { replicas: 'many' } };
      const work = client.patch(rolloutRef('field'), { type: 'merge', body });
      const bad = (await failureOf(work)) as ApiError;
      expect([bad.reason, bad.code]).toEqual(['Invalid', 422]);
      expect(bad.details?.causes?.[0]?.field).toBe('spec.replicas');
    });
  });

  describe("kinds of the groups that are Kubernetes' own", () => {
    const APPROVED = 'api-approved.kubernetes.io';
    const field = `metadata.annotations[${APPROVED}]`;
    const demand = `protected groups must have approval annotation "${APPROVED}"`;
    const see = 'see https://github.com/kubernetes/enhancements/pull/1111';
    const missing = `${field}: Required value: ${demand}, ${see}`;
    const wrong =
      `${field}: Invalid value: "by nobody": ${demand} with either a URL or a reason starting with "unapproved", ` +
      see;

    function kindOf(group: string, annotations: Readonly<Record<string, string>> = {}) {
      const schema = { openAPIV3Schema: { type: 'object' } };
      return {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name: `trials.${group}`, annotations },
        spec: {
          group,
          names: { kind: 'Trial', plural: 'trials' },
          scope: 'Namespaced',
          versions: [{ name: 'v1', served: true, storage: true, schema }],
        },
      };
    }

    async function outcome(work: Promise<KubeObject>): Promise<string> {
      const outcome = await work.then(
        () => 'done',
        (error: unknown) => (error as Error).message,
      );
      return outcome.replace(/^.* is invalid: /, '');
    }

    it.each([
      { group: `${namespace}.k8s.io`, approval: undefined, expected: missing },
      { group: `${namespace}.kubernetes.io`, approval: undefined, expected: missing },
      { group: `${namespace}.k8s.io`, approval: 'by nobody', expected: wrong },
      { group: `${namespace}.k8s.io`, approval: 'unapproved, a contract', expected: 'done' },
      { group: `${namespace}.k8s.io`, approval: 'https://example.com/1', expected: 'done' },
      { group: `${namespace}-k8s.io`, approval: undefined, expected: 'done' },
    ])('($group) need approval: $approval', async ({ group, approval, expected }) => {
      const crd = kindOf(group, approval === undefined ? {} : { [APPROVED]: approval });
      const ref = { resource: CRDS, name: crd.metadata.name };
      expect(await outcome(client.create(CRDS, crd))).toBe(expected);
      if (expected !== 'done') return;
      const annotations = { [APPROVED]: null, note: 'seen' };
      const taken = client.patch(ref, { type: 'merge', body: { metadata: { annotations } } });
      expect(await outcome(taken)).toBe(approval === undefined ? 'done' : missing);
      await client.delete(ref);
      await eventually(async () => {
        const late = await client.get(ref).catch((error: unknown) => error);
        return isNotFound(late);
      });
    });
  });

  describe('watches', () => {
    /** The first `count` events after `version`, once `change` has been made. */
    async function eventsOf(
      count: number,
      options: { readonly version: string; readonly labelSelector?: string },
      change: () => Promise<unknown>,
    ): Promise<readonly string[]> {
      const stop = cancellation();
      const { version: resourceVersion, labelSelector } = options;
      const watch = client.watch<ConfigMap>(CONFIG_MAPS, {
        namespace,
        resourceVersion,
        cancel: stop.cancel,
        ...(labelSelector === undefined ? {} : { labelSelector }),
      });
      const told: string[] = [];
      const reading = (async () => {
        for await (const event of watch) {
          // Bookmarks come when the server likes.
          if (event.type !== 'BOOKMARK') told.push(textOf(event));
          if (told.length === count) return;
        }
      })();
      await change();
      await server.wait(reading);
      stop.now();
      return told;
    }

    function textOf(event: Exclude<WatchEvent<ConfigMap>, { type: 'BOOKMARK' }>): string {
      return `${event.type} ${event.object.metadata.name} ${event.object.data?.['a'] ?? ''}`;
    }

    it('every change after its version is told once, in order', async () => {
      const version = await currentVersion();
      await created('watch', { data: { a: '1' } });
      const events = await eventsOf(4, { version }, async () => {
        await client.patch(mapRef('watch'), { type: 'merge', body: { data: { a: '2' } } });
        await client.delete(mapRef('watch'));
        await created('watch-next');
      });
      expect(events).toEqual([
        'ADDED watch 1',
        'MODIFIED watch 2',
        'DELETED watch 2',
        'ADDED watch-next ',
      ]);
    });

    it('what comes to match a selector is ADDED, what no longer does is DELETED', async () => {
      await created('moving');
      const version = await currentVersion();
      const label = (value: string | null) =>
        client.patch(mapRef('moving'), {
          type: 'merge',
          body: { metadata: { labels: { in: value } } },
        });
      const events = await eventsOf(3, { version, labelSelector: 'in' }, async () => {
        await label('a');
        await label('b');
        await label(null);
      });
      expect(events).toEqual(['ADDED moving ', 'MODIFIED moving ', 'DELETED moving ']);
    });

    const hasInitialEvents = !row.lacks.has('initial-events');
    it.runIf(hasInitialEvents)(
      'sendInitialEvents: what is there is told first, then a bookmark says so',
      async () => {
        for (const name of ['initial-a', 'initial-b']) {
          await created(name, { labels: { set: 'initial' } });
        }
        const parameters =
          'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true' +
          '&labelSelector=set%3Dinitial&timeoutSeconds=30';
        const path = `${collectionPath(CONFIG_MAPS, namespace)}?${parameters}`;
        const { body } = await client.stream('GET', path);
        const told: string[] = [];
        const reading = (async () => {
          for await (const line of lines(body)) {
            const { type, object } = JSON.parse(line) as { type: string; object: KubeObject };
            const isEnd = object.metadata.annotations?.['k8s.io/initial-events-end'] === 'true';
            told.push(isEnd ? `${type} end` : `${type} ${object.metadata.name}`);
            if (isEnd) return object.metadata.resourceVersion;
          }
          return undefined;
        })();
        expect(await server.wait(reading)).toMatch(/^\d+$/);
        expect(told.slice(0, 2).toSorted()).toEqual(['ADDED initial-a', 'ADDED initial-b']);
        expect(told.slice(2)).toEqual(['BOOKMARK end']);
      },
    );

    it('a watch ends by itself when its time is up', async () => {
      const resourceVersion = await currentVersion();
      const started = server.clock.now();
      const watch = client.watch(CONFIG_MAPS, { namespace, resourceVersion, timeoutSeconds: 1 });
      const types: string[] = [];
      const reading = (async () => {
        for await (const event of watch) types.push(event.type);
      })();
      await server.wait(reading);
      expect(types.filter((type) => type !== 'BOOKMARK')).toEqual([]);
      expect(between(started, server.clock.now())).toBeLessThan(LONG_MS);
    });

    it('a watch that is cancelled ends, whether it fails or not', async () => {
      const stop = cancellation();
      const started = server.clock.now();
      const resourceVersion = await currentVersion();
      const watch = client.watch(CONFIG_MAPS, {
        namespace,
        resourceVersion,
        cancel: stop.cancel,
      });
      const begun = Promise.withResolvers<undefined>();
      const reading = (async () => {
        for await (const event of watch) if (event.type === 'ADDED') begun.resolve(undefined);
      })();
      const ended = reading.then(
        () => 'cancelled',
        (error: unknown) => (error as { kind?: string }).kind,
      );
      await created('watched-first');
      await server.wait(begun.promise);
      stop.now();
      expect(await server.wait(ended)).toBe('cancelled');
      expect(between(started, server.clock.now())).toBeLessThan(LONG_MS);
    });

    it.runIf(!row.lacks.has('expired-versions'))(
      'a version that is too old has expired',
      async () => {
        const { own } = server;
        own?.expireVersions();
        const watch = client.watch(CONFIG_MAPS, {
          namespace,
          resourceVersion: '1',
          timeoutSeconds: 5,
        });
        const reading = (async () => {
          for await (const event of watch) expect(event.type).toBe('BOOKMARK');
        })();
        expect(isExpired(await failureOf(server.wait(reading)))).toBe(true);
      },
    );

    // How long versions live on a real server is its own affair (five minutes, as a rule).
    it.runIf(row.isOurs)('a place in a list that is too old has expired', async () => {
      const first = await client.list(CONFIG_MAPS, { limit: 1 });
      server.own?.expireVersions();
      const work = client.list(CONFIG_MAPS, { limit: 1, continue: first.continue ?? '' });
      expect(await refusalOf(work)).toEqual({ reason: 'Expired', code: 410 });
    });

    it.runIf(row.isOurs)('an idle watch tells how far it has got', async () => {
      const resourceVersion = await currentVersion();
      // A change of another kind: only a bookmark can tell of its version.
      const { metadata } = await createdRollout('elsewhere');
      const reading = (async () => {
        for await (const event of client.watch(CONFIG_MAPS, { namespace, resourceVersion })) {
          if (event.type === 'BOOKMARK') return Number(event.resourceVersion);
        }
        return undefined;
      })();
      const reached = await server.wait(reading);
      expect(reached).toBeGreaterThanOrEqual(Number(metadata.resourceVersion));
    });
  });
});
