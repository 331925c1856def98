// The user's document on a real API server: it becomes Healthy, its update is analysed, found without data and taken
// back, as its transcript tells.
import { expect, it } from 'vitest';
import type { ReplicaSet } from '../../src/api/kubernetes.ts';
import { REPLICA_SETS, ROLLOUTS, virtualServices } from '../../src/api/resources.ts';
import type { KubeObject } from '../../src/api/object.ts';
import type { Rollout } from '../../src/api/rollout.ts';
import { DOCUMENT } from '../support/kubectl.ts';
import { type Real, withReal } from './real.ts';

const NAME = 'mock-server';

function rolloutOf({ client, namespace }: Real): Promise<Rollout> {
  return client.get({ resource: ROLLOUTS, namespace, name: NAME });
}

interface Routed extends KubeObject {
  readonly spec: {
    readonly http: readonly {
      readonly route: readonly {
        readonly destination: { readonly host: string; readonly subset?: string };
        readonly weight?: number;
      }[];
    }[];
  };
}

/** Destinations of the route with their weights: `stable 100`. */
async function weightsOf({ client, namespace }: Real): Promise<readonly string[]> {
  const resource = virtualServices('v1beta1');
  const { spec } = await client.get<Routed>({ resource, namespace, name: NAME });
  return (spec.http[0]?.route ?? []).map(
    ({ destination, weight }) => `${destination.subset ?? destination.host} ${weight ?? 0}`,
  );
}

async function readyPods({ client, namespace }: Real): Promise<number> {
  const { items } = await client.list<ReplicaSet>(REPLICA_SETS, { namespace });
  return items.reduce((sum, { status }) => sum + (status?.readyReplicas ?? 0), 0);
}

async function ok(real: Real, ...words: readonly string[]): Promise<string> {
  const { code, out, err } = await real.plugin(...words);
  expect({ words, code, err }).toEqual({ words, code: 0, err: '' });
  return out;
}

it("the user's document comes true on a real API server", async () => {
  await withReal({ name: 'document' }, async (real) => {
    await real.kubectl('apply', '-f', DOCUMENT);
    await real.until('healthy', async () => (await rolloutOf(real)).status?.phase === 'Healthy');
    expect(await readyPods(real)).toBe(5);
    expect(await weightsOf(real)).toEqual(['stable 100', 'canary 0']);
    const text = await ok(real, 'get', 'rollout', NAME);
    expect(text).toMatch(/Status: +✔ Healthy\n/);
    expect(text.match(/ready:1\/1/g)).toHaveLength(5);

    await ok(real, 'set', 'image', NAME, 'mock-server=ghcr.io/ssup2/mock-go-server:2.0.0');
    const hash = async () => (await rolloutOf(real)).status?.currentPodHash ?? '';
    await real.until('traffic to the experiment', async () => {
      const experiment = `${NAME}-${await hash()}-2-0`;
      const wanted = [
        'stable 60',
        'canary 0',
        `${experiment}-baseline 20`,
        `${experiment}-canary 20`,
      ];
      return JSON.stringify(await weightsOf(real)) === JSON.stringify(wanted);
    });
    await real.until('aborted', async () => (await rolloutOf(real)).status?.phase === 'Degraded');
    expect((await rolloutOf(real)).status?.message).toMatch(
      /^RolloutAborted: Rollout aborted update to revision 2: Metric "(?:baseline|canary)-success-rate" assessed Failed due to failed \(3\) > failureLimit \(2\)$/,
    );
    await real.until('traffic back', async () => {
      return JSON.stringify(await weightsOf(real)) === JSON.stringify(['stable 100', 'canary 0']);
    });
    const rule = await real.kubectl(
      'get',
      'destinationrule',
      NAME,
      '-o',
      'jsonpath={.spec.subsets[*].name}',
    );
    expect(rule).toBe('stable canary');
    await real.until('only the stable pods are left', async () => (await readyPods(real)) === 5);
  });
});
