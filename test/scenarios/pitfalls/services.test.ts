// Pitfalls of Services and routes (rollout.md 12), each named after its symptom.
import { expect, it } from 'vitest';
import { HASH_LABEL, MANAGED_BY } from '../../../src/api/names.ts';
import type { Service } from '../../../src/api/kubernetes.ts';
import { ROLLOUTS, SERVICES } from '../../../src/api/resources.ts';
import { isHealthy, isPaused, service, type Web, withWeb } from '../web.ts';
import { byHost, setOf, writesOf } from './routed.ts';

const STEPS = [{ setWeight: 50 }, { pause: {} }];
const WAITING = {
  strategy: {
    blueGreen: {
      activeService: 'web-active',
      previewService: 'web-preview',
      autoPromotionEnabled: false,
    },
  },
};

/** As a tool does that applies the Service of its repository again: the hash is not in it. */
async function applyAgain({ cluster }: Web, name: string): Promise<void> {
  const ref = { resource: SERVICES, namespace: 'default', name };
  const { spec } = service(name);
  const selector = { ...spec.selector, [HASH_LABEL]: null };
  const metadata = { annotations: { [MANAGED_BY]: null } };
  await cluster.client.patch(ref, { type: 'merge', body: { metadata, spec: { selector } } });
}

it('an abort switches the Service of a routed canary once (pitfall 37)', async () => {
  const options = byHost({ steps: STEPS, abortScaleDownDelaySeconds: 5 });
  await withWeb(options, async (web) => {
    await web.until('healthy', isHealthy);
    await web.setImage('app:v2');
    await web.until('paused', isPaused);
    const before = [writesOf(web, 'services').length, web.told('SwitchService').length];
    await web.run('abort', 'web');
    await web.until('drained', () => web.sizes()['app:v2'] === 0);
    await web.seconds(10);
    const after = [writesOf(web, 'services').length, web.told('SwitchService').length];
    expect(after.map((count, index) => count - (before[index] ?? 0))).toEqual([1, 1]);
    expect(await web.served('web-preview')).toBe('app:v1');
  });
});

it('an active Service that loses its hash does not bring the waiting preview into service (pitfall 44)', async () => {
  await withWeb(WAITING, async (web) => {
    await web.until('healthy', isHealthy);
    await web.setImage('app:v2');
    await web.until('paused', isPaused);
    await applyAgain(web, 'web-active');
    await web.cluster.settle();
    expect(await web.served('web-active')).toBe('app:v1');
    await web.patch({ metadata: { annotations: { touched: 'yes' } } });
    await web.seconds(30);
    expect(await web.served('web-active')).toBe('app:v1');
    expect((await web.rollout()).status).toMatchObject({
      phase: 'Paused',
      message: 'BlueGreenPause',
    });
  });
});

it('an active Service that loses its hash gets it back before the preview has pods (pitfall 44)', async () => {
  await withWeb({ ...WAITING, podStartMs: 20_000 }, async (web) => {
    await web.until('healthy', isHealthy);
    await web.setImage('app:v2');
    await web.until('begun', () => setOf(web, 'app:v2') !== undefined);
    await applyAgain(web, 'web-active');
    await web.cluster.settle();
    expect(await web.served('web-active')).toBe('app:v1');
  });
});

const KINDS = [
  { name: 'canary', options: byHost({ steps: STEPS }) },
  { name: 'blue-green', options: WAITING },
];

it.each(KINDS)(
  'a Service whose mark is taken away is given back with its Rollout all the same: $name (pitfall 20)',
  async ({ options }) => {
    await withWeb(options, async (web) => {
      await web.until('healthy', isHealthy);
      const ref = { resource: SERVICES, namespace: 'default', name: 'web-active' };
      const told = web.told('SwitchService').length;
      const body = { metadata: { annotations: { [MANAGED_BY]: null } } };
      await web.cluster.client.patch(ref, { type: 'merge', body });
      await web.seconds(1);
      const marked = await web.cluster.client.get<Service>(ref);
      expect(marked.metadata.annotations?.[MANAGED_BY]).toBe('web');
      expect(web.told('SwitchService')).toHaveLength(told);
      const { cluster } = web;
      await cluster.client.delete({ resource: ROLLOUTS, namespace: 'default', name: 'web' });
      await web.seconds(5);
      expect((await cluster.client.get<Service>(ref)).spec.selector).toEqual({ app: 'web' });
    });
  },
);
