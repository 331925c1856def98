// Pitfalls of which set is which (rollout.md 12), each named after its symptom.
import { expect, it } from 'vitest';
import { podTemplateHash } from '../../../src/api/hash.ts';
import { HASH_LABEL } from '../../../src/api/names.ts';
import { EXPERIMENTS } from '../../../src/api/resources.ts';
import { post } from '../../support/objects.ts';
import { isHealthy, isPaused, type Web, withWeb } from '../web.ts';

const TEMPLATE = (image: string) => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'app', image, ports: [{ containerPort: 80 }] }] },
});

/** The set of an image as a newer release of the reference has made it: its hash is of the other form. */
async function madeByNewer({ cluster }: Web, image: string): Promise<string> {
  const template = TEMPLATE(image);
  const hash = podTemplateHash(template, { form: 'current' });
  const label = { [HASH_LABEL]: hash };
  const labels = { app: 'web', ...label };
  await post(cluster.client, 'default', {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name: `web-${hash}`, namespace: 'default', labels },
    spec: {
      replicas: 0,
      selector: { matchLabels: labels },
      template: { ...template, metadata: { labels } },
    },
  } as never);
  return hash;
}

it('a set that carries the hash of a newer release is taken as it is named (pitfall 6)', async () => {
  const steps = [
    { experiment: { templates: [{ name: 'probe', specRef: 'canary' as const }] } },
    { pause: {} },
  ];
  await withWeb({ strategy: { canary: { steps } } }, async (web) => {
    await web.until('healthy', isHealthy);
    const hash = await madeByNewer(web, 'app:v2');
    expect(hash).not.toBe(podTemplateHash(TEMPLATE('app:v2'), { form: 'legacy' }));
    await web.setImage('app:v2');
    await web.seconds(5);
    const { items } = await web.cluster.client.list(EXPERIMENTS, { namespace: 'default' });
    expect(items.map(({ metadata }) => metadata.name)).toEqual([`web-${hash}-2-0`]);
    await web.run('promote', 'web', '--full');
    await web.until('healthy', isHealthy);
    expect((await web.rollout()).status).toMatchObject({ stableRS: hash, currentPodHash: hash });
    // Another size beside it: nothing is made anew.
    const named = () => web.sets().filter(({ metadata }) => metadata.name === `web-${hash}`);
    const count = web.sets().length;
    await web.patch({ spec: { replicas: 3 } });
    await web.until('grown', () => named()[0]?.status?.availableReplicas === 3);
    await web.until('healthy', isHealthy);
    expect(web.sets()).toHaveLength(count);
  });
});

const SERVED = { activeService: 'web-active', previewService: 'web-preview' };

it('a way back works between sets that were made in the same second (pitfall 32)', async () => {
  const strategy = { blueGreen: { ...SERVED, autoPromotionEnabled: false } };
  await withWeb({ strategy, podStartMs: 50 }, async (web) => {
    await web.until('healthy', isHealthy);
    await web.setImage('app:v2');
    await web.until('paused', isPaused);
    await web.run('promote', 'web');
    await web.until('healthy', isHealthy);
    const made = web.sets().map(({ metadata }) => metadata.creationTimestamp);
    expect(new Set(made).size).toBe(1);
    await web.run('undo', 'web');
    await web.seconds(5);
    expect(await web.served('web-active')).toBe('app:v1');
  });
});

it('a way back inside the window works between sets that were made in the same second (pitfall 32)', async () => {
  const canary = { steps: [{ setWeight: 50 }, { pause: {} }] };
  const spec = { rollbackWindow: { revisions: 1 } };
  await withWeb({ strategy: { canary }, spec, podStartMs: 50 }, async (web) => {
    await web.until('healthy', isHealthy);
    await web.setImage('app:v2');
    await web.until('paused', isPaused);
    await web.run('promote', 'web', '--full');
    await web.until('healthy', isHealthy);
    const made = web.sets().map(({ metadata }) => metadata.creationTimestamp);
    expect(new Set(made).size).toBe(1);
    await web.run('undo', 'web');
    await web.seconds(5);
    expect(isHealthy(await web.rollout())).toBe(true);
    expect(web.sizes()).toEqual({ 'app:v1': 2, 'app:v2': 0 });
  });
});

it('an update to a set that was made in the same second as stable is none back (pitfall 32)', async () => {
  const strategy = { blueGreen: { ...SERVED, autoPromotionEnabled: false } };
  await withWeb({ strategy, podStartMs: 50 }, async (web) => {
    await web.until('healthy', isHealthy);
    await web.setImage('app:v2');
    await web.until('paused', isPaused);
    expect(new Set(web.sets().map(({ metadata }) => metadata.creationTimestamp)).size).toBe(1);
    await web.seconds(5);
    expect(await web.served('web-active')).toBe('app:v1');
  });
});
