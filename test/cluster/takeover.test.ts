// A controller that takes over what the reference left behind, on a real API server: nothing that runs is touched, and the
// user's next word is heard. All rest points are tried on the sandbox (test/replay/takeover.test.ts).
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Pod } from '../../src/api/kubernetes.ts';
import type { KubeObject } from '../../src/api/object.ts';
import { PODS, REPLICA_SETS, ROLLOUTS } from '../../src/api/resources.ts';
import type { Rollout } from '../../src/api/rollout.ts';
import { systemClock } from '../../src/host/clock.ts';
import type { HttpRequest } from '../../src/lib/ports.ts';
import { sleep } from '../../src/lib/clock.ts';
import { milliseconds } from '../../src/lib/time.ts';
import { loadObjects, type Remains, type Stored } from '../replay/takeover.ts';
import type { Trace } from '../replay/trace.ts';
import { type Real, withReal } from './real.ts';

const FOLDER = new URL('../traces/', import.meta.url);

/** Rest points where nothing but a user can change something: `index` counts from the first deployment. */
const POINTS = [
  { name: 'canary-pause-promote', index: 0, phase: 'Healthy', next: 'Paused' },
  { name: 'canary-pause-promote', index: 1, phase: 'Paused', next: 'Healthy' },
  { name: 'istio-host', index: 1, phase: 'Paused', next: 'Healthy' },
  { name: 'istio-header-route', index: 1, phase: 'Paused', next: 'Healthy' },
  { name: 'bluegreen-manual', index: 1, phase: 'Paused', next: 'Healthy' },
] as const;

/** Addresses that the server of the recording gave out are perhaps somebody else's here. */
function withoutAddresses(object: Stored): Stored {
  if (object.kind !== 'Service') return object;
  const { clusterIP: _one, clusterIPs: _all, ...spec } = object.spec as Record<string, never>;
  return { ...object, spec };
}

function read(file: string): unknown {
  return JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8'));
}

function rolloutOf({ client, namespace }: Real, name: string): Promise<Rollout> {
  return client.get({ resource: ROLLOUTS, namespace, name });
}

/** Pods that run, by uid. */
async function podsOf({ client, namespace }: Real): Promise<readonly string[]> {
  const { items } = await client.list<Pod>(PODS, { namespace });
  return items.map(({ metadata }) => metadata.uid ?? '').toSorted();
}

interface Sized extends KubeObject {
  readonly spec: { readonly replicas?: number };
  readonly status?: { readonly availableReplicas?: number };
}

/** What the sets say of their pods may be from the recording: the pods are counted. */
async function areSetsWhole(real: Real): Promise<boolean> {
  const { items } = await real.client.list<Sized>(REPLICA_SETS, { namespace: real.namespace });
  const wanted = items.reduce((sum, { spec }) => sum + (spec.replicas ?? 1), 0);
  if ((await podsOf(real)).length !== wanted) return false;
  return items.every(({ spec, status }) => (status?.availableReplicas ?? 0) === spec.replicas);
}

/** What may be put right: the status, and a subset that names a set without pods. */
const PUT_RIGHT = /\/(?:rollouts\/[^/]+\/status|destinationrules\/[^/]+)$/;

function isTouch({ method, path }: HttpRequest): boolean {
  const [bare = ''] = path.split('?');
  return method !== 'GET' && !bare.includes('/events') && !PUT_RIGHT.test(bare);
}

describe.concurrent('a controller that takes over on a real API server', () => {
  it.each(POINTS)('$name at rest point $index, $phase', async ({ name, index, phase, next }) => {
    const trace = read(`${name}.json`) as Trace;
    const { objects } = (read(`${name}.objects.json`) as Remains).rest[index] ?? { objects: [] };
    const touches: string[] = [];
    const onRequest = (request: HttpRequest): void => {
      if (isTouch(request)) touches.push(`${request.method} ${request.path}`);
    };
    await withReal({ name: 'takeover', isUncontrolled: true, onRequest }, async (real) => {
      const { client, namespace } = real;
      const place = { client, advance: (ms: number) => sleep(systemClock, milliseconds(ms)) };
      const here = { ...trace, namespace };
      await loadObjects(place, here, { objects: objects.map(withoutAddresses), index });
      await real.until('its pods are there', () => areSetsWhole(real));
      const before = await podsOf(real);
      expect(before.length).toBeGreaterThan(0);
      expect((await rolloutOf(real, trace.target.name)).status?.phase).toBe(phase);

      await real.control();
      expect(touches).toEqual([]);
      expect(await podsOf(real)).toEqual(before);
      expect((await rolloutOf(real, trace.target.name)).status?.phase).toBe(phase);

      const word = phase === 'Paused' ? ['promote', '--full'] : ['set', 'image'];
      const images = phase === 'Paused' ? [] : ['*=app:next'];
      const { code, err } = await real.plugin(...word, trace.target.name, ...images);
      expect({ code, err }).toEqual({ code: 0, err: '' });
      await real.until('the next rest', async () => {
        const { status, metadata } = await rolloutOf(real, trace.target.name);
        return (
          status?.phase === next &&
          status.observedGeneration === String(metadata.generation) &&
          touches.length > 0
        );
      });
    });
  });
});
