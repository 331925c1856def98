import { describe, expect, it } from 'vitest';
import type { Rollout, RolloutArgument } from '../../api/rollout.ts';
import { mergeArguments, rolloutArguments } from './arguments.ts';

const ROLLOUT: Rollout = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Rollout',
  metadata: {
    name: 'web',
    namespace: 'shop',
    uid: 'u-1',
    labels: { team: 'b', app: 'web', 'example.com/x.y': 'dotted' },
    annotations: { note: 'say "hi"' },
  },
  spec: {
    replicas: 5,
    paused: false,
    minReadySeconds: 1_000_000,
    progressDeadlineSeconds: 1_234_567,
    revisionHistoryLimit: 123_456,
    template: {
      spec: { containers: [{ name: 'app', image: 'app:v1' }] },
      metadata: { annotations: { ratio: '0.1' } },
    },
  },
};

const OF = { rollout: ROLLOUT, newHash: 'new1', stableHash: 'old1' };

function valueOf(argument: Omit<RolloutArgument, 'name'>): string {
  const resolved = rolloutArguments([{ name: 'a', ...argument }], OF);
  return resolved.ok ? (resolved.value[0]?.value ?? 'none') : `error: ${resolved.error}`;
}

describe('an argument of a Rollout', () => {
  it.each([
    { argument: { value: 'x' }, value: 'x', reason: 'is its value' },
    { argument: { value: '' }, value: '', reason: 'is empty if that is its value' },
    { argument: {}, value: '', reason: 'is empty if it has none' },
    {
      argument: { valueFrom: { podTemplateHashValue: 'Latest' as const } },
      value: 'new1',
      reason: 'is the new hash',
    },
    {
      argument: { valueFrom: { podTemplateHashValue: 'Stable' as const } },
      value: 'old1',
      reason: 'is the stable hash',
    },
    {
      argument: {
        value: 'x',
        valueFrom: {
          podTemplateHashValue: 'Latest' as const,
          fieldRef: { fieldPath: 'metadata.name' },
        },
      },
      value: 'new1',
      reason: 'is the hash whatever else is set',
    },
    {
      argument: { value: 'x', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      value: 'web',
      reason: 'is the field even beside a value',
    },
  ])('$reason', ({ argument, value }) => {
    expect(valueOf(argument)).toBe(value);
  });

  it.each([
    { path: 'metadata.name', value: 'web' },
    { path: 'metadata.namespace', value: 'shop' },
    { path: 'metadata.uid', value: 'u-1' },
    { path: 'metadata.labels', value: 'app="web"\nexample.com/x.y="dotted"\nteam="b"' },
    { path: 'metadata.annotations', value: String.raw`note="say \"hi\""` },
    { path: `metadata.labels['example.com/x.y']`, value: 'dotted' },
    { path: `metadata.annotations['note']`, value: 'say "hi"' },
    { path: `metadata.labels['none']`, value: '' },
    { path: 'metadata.generation', value: 'error: unsupported fieldPath: metadata.generation' },
    {
      path: `metadata.x['y']`,
      value: `error: fieldPath "metadata.x['y']" does not support subscript`,
    },
    {
      path: `metadata.name['x']`,
      value: `error: fieldPath "metadata.name['x']" does not support subscript`,
    },
    { path: 'spec.replicas', value: '5' },
    { path: 'spec.paused', value: 'false' },
    { path: 'spec.revisionHistoryLimit', value: '123456' },
    { path: 'spec.minReadySeconds', value: '1e+06' },
    { path: 'spec.progressDeadlineSeconds', value: '1.234567e+06' },
    { path: 'spec.template.spec.containers[0].image', value: 'app:v1' },
    { path: 'spec..template.[spec].containers.0.name', value: 'app' },
    { path: 'spec.template.metadata.annotations.ratio', value: '0.1' },
    { path: 'spec.template.spec.containers[x]', value: `error: invalid index 'x'` },
    { path: 'spec.template.spec.containers[-1]', value: 'error: index -1 out of range' },
    { path: 'spec.template.spec.containers[1]', value: 'error: index 1 out of range' },
    { path: 'spec.none', value: 'error: invalid path spec.none in rollout' },
    { path: 'spec.replicas.deep', value: 'error: invalid path spec.replicas.deep in rollout' },
    {
      path: 'spec.template',
      value: 'error: path spec.template in rollout must terminate in a primitive value',
    },
  ])('from the field $path is $value', ({ path, value }) => {
    expect(valueOf({ valueFrom: { fieldRef: { fieldPath: path } } })).toBe(value);
  });

  it('is an error wherever in the list its path leads nowhere (pitfall 47)', () => {
    const from = (fieldPath: string) => ({ valueFrom: { fieldRef: { fieldPath } } });
    const args = [
      { name: 'a', ...from('spec.none') },
      { name: 'b', ...from('spec.replicas') },
    ];
    expect(rolloutArguments(args, OF)).toEqual({
      ok: false,
      error: 'invalid path spec.none in rollout',
    });
  });
});

describe('arguments of a caller', () => {
  const secretKeyRef = { name: 'vault', key: 'token' };

  it.each([
    {
      reason: 'go over the template’s, in its order; others are dropped',
      caller: [
        { name: 'z', value: '3' },
        { name: 'b', value: '2' },
      ],
      template: [{ name: 'a', value: '1' }, { name: 'b' }],
      merged: [
        { name: 'a', value: '1' },
        { name: 'b', value: '2' },
      ],
    },
    {
      reason: 'may be empty',
      caller: [{ name: 'a', value: '' }],
      template: [{ name: 'a', value: '1' }],
      merged: [{ name: 'a', value: '' }],
    },
    {
      reason: 'stand beside a secret of the template',
      caller: [{ name: 'a', value: '1' }],
      template: [{ name: 'a', valueFrom: { secretKeyRef } }],
      merged: [{ name: 'a', value: '1', valueFrom: { secretKeyRef } }],
    },
    {
      reason: 'may name a secret',
      caller: [{ name: 'a', valueFrom: { secretKeyRef } }],
      template: [{ name: 'a', value: '1' }],
      merged: [{ name: 'a', value: '1', valueFrom: { secretKeyRef } }],
    },
  ])('$reason', ({ caller, template, merged }) => {
    expect(mergeArguments(caller, template)).toEqual({ ok: true, value: merged });
  });

  it('must leave none without a value; the first is told', () => {
    const template = [{ name: 'a' }, { name: 'b' }, { name: 'c' }];
    expect(mergeArguments([{ name: 'a', value: '1' }], template)).toEqual({
      ok: false,
      error: 'args.b was not resolved',
    });
  });
});
