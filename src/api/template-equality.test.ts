import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { podTemplateHash } from './hash.ts';
import { defaultPodTemplate } from './pod-defaults.ts';
import { isSameTemplate } from './template-equality.ts';

const image = (name: string) => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'web', image: name }] },
});

describe('template equality', () => {
  it.each([
    {
      live: defaultPodTemplate(image('a:1')),
      desired: image('a:1'),
      same: true,
      reason: 'server defaults do not count',
    },
    { live: image('a:1'), desired: image('a:2'), same: false, reason: 'another image counts' },
    {
      live: {
        ...image('a:1'),
        metadata: { labels: { app: 'web', 'rollouts-pod-template-hash': 'x' } },
      },
      desired: image('a:1'),
      same: true,
      reason: 'the hash label does not count',
    },
    {
      live: { ...image('a:1'), metadata: { labels: { app: 'web' }, annotations: {} } },
      desired: image('a:1'),
      same: true,
      reason: 'empty and absent maps are alike',
    },
  ])('$reason', ({ live, desired, same }) => {
    expect(isSameTemplate(live, desired)).toBe(same);
  });

  it('defaults make the hashes of experiment templates that a real cluster showed', () => {
    const file = JSON.parse(
      readFileSync(new URL('../../test/vectors/pod-template-hash.json', import.meta.url), 'utf8'),
    ) as {
      cases: {
        kind: string;
        manifestTemplate: unknown;
        storedTemplate: object;
        observedOnCluster?: string;
      }[];
    };
    const observed = file.cases.filter((test) => test.kind === 'experimentTemplate');
    for (const test of observed) {
      expect(podTemplateHash(defaultPodTemplate(test.storedTemplate), { form: 'legacy' })).toBe(
        test.observedOnCluster,
      );
    }
    expect(observed.length).toBe(2);
  });
});
