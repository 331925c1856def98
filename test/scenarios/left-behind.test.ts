// What a Rollout wrote into Services and DestinationRules is taken back when it lets go of them (rollout.md 8.2).
import { describe, expect, it } from 'vitest';
import type { Service } from '../../src/api/kubernetes.ts';
import { HASH_LABEL, MANAGED_BY } from '../../src/api/names.ts';
import type { KubeObject } from '../../src/api/object.ts';
import { ROLLOUTS, virtualServices } from '../../src/api/resources.ts';
import { TransportError } from '../../src/lib/ports.ts';
import { HOST, SUBSET } from '../sim/kinds.ts';
import { isHealthy, isPaused, service, type Web, type WebOptions, withWeb } from './web.ts';

function serviceOf({ cluster }: Web, name: string): Service {
  return cluster.sandbox.store.get('/services', 'default', name) as Service;
}

function ruleOf({ cluster }: Web): unknown {
  const key = 'networking.istio.io/destinationrules';
  const rule = cluster.sandbox.store.get(key, 'default', 'web') as KubeObject & {
    readonly spec: unknown;
  };
  return [rule.metadata.annotations ?? {}, rule.spec];
}

async function removeRollout({ cluster }: Web): Promise<void> {
  await cluster.client.delete({ resource: ROLLOUTS, namespace: 'default', name: 'web' });
}

async function routeTo({ cluster }: Web, host: string): Promise<void> {
  const route = [
    { destination: { host: 'web-active' }, weight: 100 },
    { destination: { host }, weight: 0 },
  ];
  await cluster.client.patch(
    { resource: virtualServices('v1beta1'), namespace: 'default', name: 'web' },
    { type: 'merge', body: { spec: { http: [{ name: 'primary', route }] } } },
  );
}

const OPTIONS: WebOptions = { ...HOST, objects: [...HOST.objects, service('web-other')] };

describe('a Service that a Rollout has written', () => {
  it('is as its user wrote it once the Rollout is gone', async () => {
    await withWeb(OPTIONS, async (web) => {
      const names = ['web-active', 'web-preview'];
      const before = names.map((name) => serviceOf(web, name).spec);
      await web.until('healthy', isHealthy);
      expect(serviceOf(web, 'web-active').spec.selector?.[HASH_LABEL]).toBeDefined();
      await removeRollout(web);
      await web.seconds(5);
      const after = names.map((name) => serviceOf(web, name));
      expect(after.map(({ spec }) => spec)).toEqual(before);
      expect(after.flatMap(({ metadata }) => metadata.annotations?.[MANAGED_BY] ?? [])).toEqual([]);
    });
  });

  it('is given back when the spec names another one', async () => {
    await withWeb(OPTIONS, async (web) => {
      await web.until('healthy', isHealthy);
      await web.patch({ spec: { strategy: { canary: { canaryService: 'web-other' } } } });
      await web.seconds(5);
      // The route does not know it yet: nothing moves while the spec does not fit.
      expect(serviceOf(web, 'web-preview').spec.selector).toHaveProperty(HASH_LABEL);
      await routeTo(web, 'web-other');
      await web.seconds(5);
      expect(serviceOf(web, 'web-preview').spec.selector).toEqual({ app: 'web' });
      expect(serviceOf(web, 'web-active').spec.selector?.[HASH_LABEL]).toBeDefined();
      const before = web.writes.length;
      await web.seconds(1800);
      expect(web.writes.length).toBe(before);
    });
  });

  it('is given back by the controller that starts after the Rollout has gone', async () => {
    const state = { isDown: false };
    const options = {
      ...OPTIONS,
      onRequest: () => {
        if (state.isDown) throw new TransportError('reset', 'the controller is down');
      },
    };
    await withWeb(options, async (web) => {
      await web.until('healthy', isHealthy);
      state.isDown = true;
      await removeRollout(web);
      await web.seconds(5);
      expect(serviceOf(web, 'web-active').spec.selector?.[HASH_LABEL]).toBeDefined();
      state.isDown = false;
      await web.cluster.restart();
      await web.seconds(5);
      expect(serviceOf(web, 'web-active').spec.selector).toEqual({ app: 'web' });
    });
  });

  it('stays as it is while nobody has marked it, whatever it selects', async () => {
    const pinned = service('pinned', { app: 'web', [HASH_LABEL]: 'by-hand' });
    await withWeb({ ...OPTIONS, objects: [...(OPTIONS.objects ?? []), pinned] }, async (web) => {
      await web.until('healthy', isHealthy);
      await removeRollout(web);
      await web.seconds(5);
      expect(serviceOf(web, 'pinned').spec.selector).toEqual(pinned.spec.selector);
    });
  });
});

describe('a DestinationRule that a Rollout has written', () => {
  it('is as its user wrote it once the Rollout is gone', async () => {
    await withWeb(SUBSET, async (web) => {
      const before = ruleOf(web);
      await web.until('healthy', isHealthy);
      await web.setImage('app:v2');
      await web.seconds(5);
      expect(ruleOf(web)).not.toEqual(before);
      await removeRollout(web);
      await web.seconds(5);
      expect(ruleOf(web)).toEqual(before);
    });
  });

  it('loses subsets that the router does not know, and their user is told what they were', async () => {
    const legacy = { name: 'legacy', labels: { app: 'web', version: 'v0' } };
    const objects = (SUBSET.objects ?? []).map((object) => {
      if (object.kind !== 'DestinationRule') return object;
      const { spec } = object as KubeObject & { readonly spec: { readonly subsets: unknown[] } };
      return { ...object, spec: { ...spec, subsets: [...spec.subsets, legacy] } };
    });
    await withWeb({ ...SUBSET, objects }, async (web) => {
      await web.until('healthy', isHealthy);
      await web.setImage('app:v2');
      await web.seconds(5);
      const [told, ...more] = web.told('DestinationRuleSubsetsRemoved');
      expect(more).toEqual([]);
      expect(told).toBe(
        'DestinationRule `web` lost subsets that are neither canary nor stable: ' +
          `${JSON.stringify(legacy)}; put them into a DestinationRule of their own`,
      );
    });
  });

  it('loses subsets of experiments without a word', async () => {
    const steps = [
      {
        experiment: {
          duration: '10s',
          templates: [{ name: 'baseline', specRef: 'stable' as const, weight: 10 }],
        },
      },
      { pause: {} },
    ];
    const strategy = { canary: { ...SUBSET.strategy.canary, steps } };
    await withWeb({ ...SUBSET, strategy }, async (web) => {
      await web.until('healthy', isHealthy);
      await web.setImage('app:v2');
      await web.until('in the experiment', () => JSON.stringify(ruleOf(web)).includes('-baseline'));
      await web.until('after it', isPaused);
      expect(JSON.stringify(ruleOf(web))).not.toContain('-baseline');
      expect(web.told('DestinationRuleSubsetsRemoved')).toEqual([]);
    });
  });
});
