import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../api/object.ts';
import { afterUpdate, applied, type Applied } from './apply.ts';
import { conflictText } from './conflict-text.ts';
import { managedFieldsOf } from './managed-fields.ts';

const TIME = '2026-01-01T00:00:00Z';
const LATER = '2026-01-01T00:01:00Z';

type Spec = Readonly<Record<string, unknown>>;

function deployment(spec: Spec, metadata: Partial<KubeObject['metadata']> = {}): KubeObject {
  const object = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', ...metadata },
  };
  return { ...object, spec } as KubeObject;
}

function apply(
  live: KubeObject | undefined,
  config: KubeObject,
  options: { readonly manager?: string; readonly force?: boolean; readonly keyed?: boolean } = {},
): Applied {
  const { manager = 'alice', force = false, keyed = true } = options;
  return applied({ live, config, manager, force, keyed, subresource: undefined, time: TIME });
}

function update(before: KubeObject, after: KubeObject, manager = 'bob'): KubeObject {
  return afterUpdate(before, after, { manager, subresource: undefined, time: LATER, keyed: true });
}

function specOf(object: KubeObject): Spec {
  return (object as KubeObject & { readonly spec: Spec }).spec;
}

function texts({ conflicts }: Applied): readonly string[] {
  return conflicts.map(({ manager, field }) => `${manager}: ${field}`);
}

function containers(...items: readonly unknown[]): Spec {
  return { template: { spec: { containers: items } } };
}

describe('applied', () => {
  it('owns what it sets, and the next configuration gives up what it leaves out', () => {
    const first = apply(undefined, deployment({ replicas: 1, paused: true })).object;
    const second = apply(first, deployment({ replicas: 1 })).object;
    expect(specOf(second)).toEqual({ replicas: 1 });
  });

  it('keeps what another manager owns too', () => {
    const first = apply(undefined, deployment({ replicas: 1, paused: true })).object;
    const shared = apply(first, deployment({ paused: true }), { manager: 'carol' }).object;
    const second = apply(shared, deployment({ replicas: 1 })).object;
    expect(specOf(second)).toEqual({ replicas: 1, paused: true });
  });

  it('keeps what nobody ever applied', () => {
    const first = apply(undefined, deployment({ replicas: 1 })).object;
    const defaulted = { ...first, spec: { replicas: 1, minReadySeconds: 0 } } as KubeObject;
    expect(specOf(apply(defaulted, deployment({ replicas: 1 })).object)).toEqual({
      replicas: 1,
      minReadySeconds: 0,
    });
  });

  it.each([
    {
      reason: 'another applier set another value',
      live: apply(undefined, deployment({ replicas: 1 }), { manager: 'carol' }).object,
      expected: ['carol: .spec.replicas'],
    },
    {
      reason: 'a writer changed what was applied',
      live: update(
        apply(undefined, deployment({ replicas: 1 })).object,
        deployment({ replicas: 5 }),
      ),
      expected: ['bob: .spec.replicas'],
    },
    {
      reason: 'the object was there before anyone applied it',
      live: deployment({ replicas: 1 }),
      expected: ['before-first-apply: .spec.replicas'],
    },
    {
      reason: 'the value is the same: both own it',
      live: deployment({ replicas: 2 }),
      expected: [],
    },
  ])('conflicts are told: $reason', ({ live, expected }) => {
    expect(texts(apply(live, deployment({ replicas: 2 })))).toEqual(expected);
  });

  it('takes the field over when it is forced', () => {
    const live = apply(undefined, deployment({ replicas: 1 }), { manager: 'carol' }).object;
    const { object, conflicts } = apply(live, deployment({ replicas: 2 }), { force: true });
    expect(conflicts).toEqual([]);
    expect(specOf(object)).toEqual({ replicas: 2 });
    expect(managedFieldsOf(object).map(({ manager }) => manager)).toEqual(['alice']);
  });

  it('tells an element of a list by its keys', () => {
    const live = apply(undefined, deployment(containers({ name: 'a', image: 'x' })), {
      manager: 'carol',
    }).object;
    expect(texts(apply(live, deployment(containers({ name: 'a', image: 'y' }))))).toEqual([
      'carol: .spec.template.spec.containers[name="a"].image',
    ]);
  });

  it('adds an element beside those of others', () => {
    const live = apply(undefined, deployment(containers({ name: 'a' })), {
      manager: 'carol',
    }).object;
    const { object } = apply(live, deployment(containers({ name: 'b' })));
    expect(specOf(object)).toEqual(containers({ name: 'a' }, { name: 'b' }));
  });

  it('tells ports of one number apart by their protocol; TCP is the default', () => {
    const ports = [{ port: 53 }, { port: 53, protocol: 'UDP' }];
    const first = apply(undefined, deployment({ ports })).object;
    expect(specOf(apply(first, deployment({ ports })).object)).toEqual({ ports });
    const one = apply(first, deployment({ ports: [{ port: 53, protocol: 'TCP' }] })).object;
    expect(specOf(one)).toEqual({ ports: [{ port: 53, protocol: 'TCP' }] });
  });

  it('takes a list of a custom kind as one value, but merges finalizers as a set', () => {
    const custom = { keyed: false };
    const steps = (name: string) => deployment({ steps: [{ name }] }, { finalizers: [name] });
    const live = apply(undefined, steps('a'), { manager: 'carol', ...custom }).object;
    expect(texts(apply(live, steps('b'), custom))).toEqual(['carol: .spec.steps']);
    const { object } = apply(live, steps('b'), { force: true, ...custom });
    expect(specOf(object)).toEqual({ steps: [{ name: 'b' }] });
    expect(object.metadata.finalizers).toEqual(['a', 'b']);
  });

  it('changes nothing, not even a time, when it is applied again', () => {
    const config = deployment(
      { replicas: 1, ...containers({ name: 'a' }) },
      { labels: { x: 'y' } },
    );
    const first = apply(undefined, config).object;
    const again = applied({
      live: first,
      config,
      manager: 'alice',
      force: false,
      keyed: true,
      subresource: undefined,
      time: LATER,
    });
    expect(again.object).toEqual(first);
  });
});

describe('afterUpdate', () => {
  it('records nothing on an object that nobody applied', () => {
    const after = deployment({ replicas: 2 });
    expect(update(deployment({ replicas: 1 }), after)).toEqual(after);
  });

  it('moves changed fields from the applier to the writer', () => {
    const before = apply(undefined, deployment({ replicas: 1, paused: true })).object;
    const after = update(before, deployment({ replicas: 2, paused: true }));
    expect(managedFieldsOf(after).map(({ manager, fieldsV1 }) => ({ manager, fieldsV1 }))).toEqual([
      { manager: 'alice', fieldsV1: { 'f:spec': { 'f:paused': {} } } },
      { manager: 'bob', fieldsV1: { 'f:spec': { 'f:replicas': {} } } },
    ]);
  });

  it('keeps the time of a writer that changes nothing', () => {
    const before = apply(undefined, deployment({ replicas: 1 })).object;
    const changed = update(before, deployment({ replicas: 2 }));
    const again = afterUpdate(changed, changed, {
      manager: 'bob',
      subresource: undefined,
      time: '2026-01-01T01:00:00Z',
      keyed: true,
    });
    expect(again).toEqual(changed);
  });

  it('keeps entries of the status apart from those of the object', () => {
    const before = apply(undefined, deployment({ replicas: 1 })).object;
    const after = { ...before, status: { replicas: 1 } } as KubeObject;
    const written = afterUpdate(before, after, {
      manager: 'bob',
      subresource: 'status',
      time: LATER,
      keyed: true,
    });
    expect(managedFieldsOf(written).at(-1)).toMatchObject({
      manager: 'bob',
      subresource: 'status',
    });
  });

  it('takes the entries that a client writes, as kubectl does when it moves to server-side apply', () => {
    const before = apply(deployment({ replicas: 1 }), deployment({ replicas: 1 })).object;
    const [own] = managedFieldsOf(before);
    const metadata = { ...before.metadata, managedFields: [own] };
    const after = update(before, { ...before, metadata }, 'kubectl');
    expect(managedFieldsOf(after)).toEqual([own]);
  });

  it.each([
    { reason: 'an empty list', managedFields: [] },
    { reason: 'a list of one empty entry', managedFields: [{}] },
  ])('forgets all owners: $reason', ({ managedFields }) => {
    const before = apply(undefined, deployment({ replicas: 1 })).object;
    const metadata = { ...before.metadata, managedFields };
    expect(managedFieldsOf(update(before, { ...before, metadata }))).toEqual([]);
  });
});

describe('conflictText', () => {
  const field = '.spec.replicas';
  const applier = { manager: 'carol', operation: 'Apply', apiVersion: 'apps/v1' } as const;
  const writer = { manager: 'bob', operation: 'Update', apiVersion: 'apps/v1' } as const;

  it.each([
    {
      reason: 'one conflict is told in one line',
      conflicts: [{ ...applier, field }],
      expected: 'Apply failed with 1 conflict: conflict with "carol": .spec.replicas',
    },
    {
      reason: 'a writer is told with the version it used',
      conflicts: [{ ...writer, field }],
      expected: 'Apply failed with 1 conflict: conflict with "bob" using apps/v1: .spec.replicas',
    },
    {
      reason: 'a subresource is told',
      conflicts: [{ ...applier, subresource: 'status', field: '.status.x' }],
      expected:
        'Apply failed with 1 conflict: conflict with "carol" with subresource "status": .status.x',
    },
    {
      reason: 'several are grouped by manager',
      conflicts: [
        { ...applier, field },
        { ...writer, field: '.spec.b' },
        { ...applier, field: '.spec.a' },
      ],
      expected: [
        'Apply failed with 3 conflicts: conflicts with "bob" using apps/v1:',
        '- .spec.b',
        'conflicts with "carol":',
        '- .spec.replicas',
        '- .spec.a',
      ].join('\n'),
    },
  ])('$reason', ({ conflicts, expected }) => {
    expect(conflictText(conflicts)).toBe(expected);
  });
});
