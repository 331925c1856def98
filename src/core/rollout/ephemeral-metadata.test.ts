import { describe, expect, it } from 'vitest';
import type { PodTemplateSpec, ReplicaSet } from '../../api/kubernetes.ts';
import { EPHEMERAL_METADATA, HASH_LABEL, REPLACED_METADATA } from '../../api/names.ts';
import { type PodMetadata, withEphemeral, withoutEphemeral } from './ephemeral-metadata.ts';

const HASH = { [HASH_LABEL]: '6d' };

function setWith(
  metadata: PodTemplateSpec['metadata'] & object,
  annotations: Readonly<Record<string, string>> = {},
): ReplicaSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name: 'web-6d', annotations },
    spec: {
      selector: { matchLabels: { app: 'web', ...HASH } },
      template: { metadata, spec: { containers: [] } },
    },
  };
}

interface Row {
  readonly reason: string;
  readonly set: ReplicaSet;
  readonly wanted?: PodMetadata;
  readonly own?: PodMetadata;
  readonly template: PodTemplateSpec['metadata'];
  readonly record?: string;
  readonly replaced?: string;
}

const MARKED = {
  set: setWith(
    { labels: { app: 'web', role: 'canary', ...HASH }, annotations: { note: 'new' } },
    { [EPHEMERAL_METADATA]: '{"labels":{"role":"canary"},"annotations":{"note":"new"}}' },
  ),
};

const ROWS: readonly Row[] = [
  {
    reason: 'a bare set gets labels and annotations, recorded in the order of their keys',
    set: setWith({ labels: { app: 'web', ...HASH } }),
    wanted: { annotations: { note: 'x' }, labels: { z: '1', a: '2' } },
    template: { labels: { app: 'web', ...HASH, z: '1', a: '2' }, annotations: { note: 'x' } },
    record: '{"labels":{"a":"2","z":"1"},"annotations":{"note":"x"}}',
  },
  {
    reason: 'what is wanted no longer goes, what is wanted otherwise changes',
    set: MARKED.set,
    wanted: { labels: { role: 'stable' } },
    template: { labels: { app: 'web', role: 'stable', ...HASH }, annotations: {} },
    record: '{"labels":{"role":"stable"}}',
  },
  {
    reason: 'nothing wanted leaves the template as its user wrote it',
    set: MARKED.set,
    template: { labels: { app: 'web', ...HASH }, annotations: {} },
  },
  {
    reason: 'a value of the user that is covered is remembered',
    set: setWith({ labels: { app: 'web', role: 'mine', ...HASH } }),
    wanted: { labels: { role: 'canary' } },
    template: { labels: { app: 'web', role: 'canary', ...HASH } },
    record: '{"labels":{"role":"canary"}}',
    replaced: '{"labels":{"role":"mine"}}',
  },
  {
    reason: 'and comes back',
    set: setWith(
      { labels: { app: 'web', role: 'canary', ...HASH } },
      {
        [EPHEMERAL_METADATA]: '{"labels":{"role":"canary"}}',
        [REPLACED_METADATA]: '{"labels":{"role":"mine"}}',
      },
    ),
    template: { labels: { app: 'web', role: 'mine', ...HASH } },
  },
  {
    reason: 'what the template says anyway is not recorded, so it is never taken away',
    set: setWith({ labels: { app: 'web', role: 'canary', ...HASH } }),
    wanted: { labels: { role: 'canary' } },
    template: { labels: { app: 'web', role: 'canary', ...HASH } },
  },
  {
    reason: 'the reference records that too; the template of the Rollout says whose it is',
    set: MARKED.set,
    own: { labels: { app: 'web', role: 'canary' } },
    template: { labels: { app: 'web', role: 'canary', ...HASH }, annotations: {} },
  },
  {
    reason: 'labels that the selector matches are left alone',
    set: setWith({ labels: { app: 'web', ...HASH } }),
    wanted: { labels: { app: 'other', [HASH_LABEL]: 'x' } },
    template: { labels: { app: 'web', ...HASH } },
  },
  {
    reason: 'a record that cannot be read counts as none',
    set: setWith({ labels: { app: 'web', ...HASH } }, { [EPHEMERAL_METADATA]: '{"labels":' }),
    wanted: { labels: { role: 'x' } },
    template: { labels: { app: 'web', role: 'x', ...HASH } },
    record: '{"labels":{"role":"x"}}',
  },
  {
    reason: 'nor does one of another form do harm',
    set: setWith({ labels: { app: 'web', ...HASH } }, { [EPHEMERAL_METADATA]: '{"labels":[7]}' }),
    template: { labels: { app: 'web', ...HASH } },
  },
];

describe('metadata of a role in the template of a set', () => {
  it.each(ROWS)('$reason', ({ set, wanted = {}, own, template, record, replaced }) => {
    const next = withEphemeral(set, wanted, own);
    expect(next.template.metadata).toEqual(template);
    expect(next.template.spec).toEqual(set.spec.template?.spec);
    expect(next.record).toBe(record);
    expect(next.replaced).toBe(replaced);
  });

  it.each(ROWS)('the template without it is that of the user: $reason', ({ set, wanted = {} }) => {
    const next = withEphemeral(set, wanted, undefined);
    const annotations = {
      ...(next.record === undefined ? {} : { [EPHEMERAL_METADATA]: next.record }),
      ...(next.replaced === undefined ? {} : { [REPLACED_METADATA]: next.replaced }),
    };
    const marked = {
      ...set,
      metadata: { ...set.metadata, annotations },
      spec: { ...set.spec, template: next.template },
    };
    const filled = ({ metadata }: PodTemplateSpec) => ({ annotations: {}, ...metadata });
    expect(filled(withoutEphemeral(marked))).toEqual(filled(withoutEphemeral(set)));
  });
});
