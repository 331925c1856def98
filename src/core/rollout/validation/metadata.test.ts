import { describe, expect, it } from 'vitest';
import type { Rollout } from '../../../api/rollout.ts';
import type { PodMetadata } from '../ephemeral-metadata.ts';
import { metadataProblem } from './metadata.ts';

function rolloutWith(canaryMetadata: PodMetadata): Rollout {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name: 'web' },
    spec: {
      selector: {
        matchLabels: { app: 'web' },
        matchExpressions: [{ key: 'tier', operator: 'Exists' }],
      },
      strategy: { canary: { canaryMetadata } },
    },
  };
}

interface Row {
  readonly reason: string;
  readonly metadata: PodMetadata;
  readonly says?: string;
}

const ROWS: readonly Row[] = [
  { reason: 'plain keys and values are fine', metadata: { labels: { role: 'canary' } } },
  { reason: 'a key may have a prefix', metadata: { labels: { 'example.com/role': 'a.b-c_d' } } },
  { reason: 'a label may be empty', metadata: { labels: { role: '' } } },
  { reason: 'an annotation may say anything', metadata: { annotations: { note: 'a b, c!' } } },
  { reason: 'what the selector asks for may be said again', metadata: { labels: { app: 'web' } } },
  {
    reason: 'what the selector matches stays',
    metadata: { labels: { app: 'other' } },
    says: 'labels[app]: Invalid value: "other": this label decides whose pods they are; use another key',
  },
  {
    reason: 'what an expression of the selector names stays too',
    metadata: { labels: { tier: 'x' } },
    says: 'labels[tier]: Invalid value: "x": this label decides whose pods they are',
  },
  {
    reason: 'the hash is ours',
    metadata: { labels: { 'rollouts-pod-template-hash': 'x' } },
    says: 'this label decides whose pods they are',
  },
  {
    reason: 'a value with a blank is no label',
    metadata: { labels: { role: 'a b' } },
    says: 'labels[role]: Invalid value: "a b": a value is up to 63',
  },
  {
    reason: 'a value can be too long',
    metadata: { labels: { role: 'x'.repeat(64) } },
    says: 'what does not fit can be an annotation',
  },
  {
    reason: 'a key with two slashes is none',
    metadata: { annotations: { 'a/b/c': 'x' } },
    says: 'annotations[a/b/c]: Invalid value: "a/b/c": a key is an optional DNS name',
  },
];

describe('metadata of a role', () => {
  it.each(ROWS)('$reason', ({ metadata, says }) => {
    const problem = metadataProblem(rolloutWith(metadata));
    if (says === undefined) expect(problem).toBeUndefined();
    else expect(problem?.text).toContain(`spec.strategy.canary.canaryMetadata.`);
    expect(problem?.text ?? '').toContain(says ?? '');
  });
});
