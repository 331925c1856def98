// `slipway controller` as a program on a real API server: two of them take turns by the Lease, and real kubectl sees what
// the leader does.
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { KubeObject } from '../../src/api/object.ts';
import { LEASES, ROLLOUTS } from '../../src/api/resources.ts';
import type { Rollout } from '../../src/api/rollout.ts';
import { manifest } from '../scenarios/web.ts';
import { bundledProgram, type Program, type Started } from '../support/program.ts';
import { clusterFacts } from './facts.ts';
import { type Real, withReal } from './real.ts';

let program: Program;
beforeAll(async () => {
  program = await bundledProgram();
});
afterAll(() => program.close());

interface Lease extends KubeObject {
  readonly spec?: { readonly holderIdentity?: string; readonly leaseTransitions?: number };
}

function leaseOf({ client, namespace }: Real): Promise<Lease> {
  return client.get({ resource: LEASES, namespace, name: 'argo-rollouts-controller-lock' });
}

function controllerIn({ namespace }: Real): Started {
  const { controllerKubeconfig } = clusterFacts();
  // Two of them stand on one machine.
  const ports = ['--metricsPort=0', '--healthzPort=0'];
  const flags = ['--leader-elect', '--namespaced', '-n', namespace, ...ports];
  return program.start(['controller', '--kubeconfig', controllerKubeconfig, ...flags], {
    POD_NAMESPACE: namespace,
  });
}

function said({ err }: Started, words: RegExp): () => Promise<boolean> {
  return () => Promise.resolve(words.test(err()));
}

async function isHealthy({ client, namespace }: Real, image: string): Promise<boolean> {
  const rollout = await client.get<Rollout>({ resource: ROLLOUTS, namespace, name: 'web' });
  const { spec, status, metadata } = rollout;
  return (
    status?.phase === 'Healthy' &&
    status.observedGeneration === String(metadata.generation) &&
    status.stableRS === status.currentPodHash &&
    spec.template?.spec?.containers?.[0]?.image === image
  );
}

it('two controllers take turns by the Lease, and the second goes on where the first has ended', async () => {
  await withReal({ name: 'leader', isUncontrolled: true }, async (real) => {
    const first = controllerIn(real);
    await real.until('the first leads', said(first, /msg=ready/));
    const second = controllerIn(real);
    await real.until('the second waits', said(second, /leader=\S+/));
    const [holder] = [(await leaseOf(real)).spec?.holderIdentity];

    await real.post(manifest({ strategy: { canary: {} } }));
    await real.until('healthy', () => isHealthy(real, 'app:v1'));
    expect((await leaseOf(real)).spec?.holderIdentity).toBe(holder);
    expect(second.err()).not.toMatch(/msg=ready/);

    expect(await first.end('SIGTERM')).toBe(0);
    await real.until('the second leads', said(second, /msg=ready/));
    expect((await leaseOf(real)).spec?.holderIdentity).not.toBe(holder);
    await real.kubectl(
      'patch',
      'rollout',
      'web',
      '--type=json',
      '-p',
      '[{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"app:v2"}]',
    );
    await real.until('healthy again', () => isHealthy(real, 'app:v2'));
    expect(await second.end('SIGTERM')).toBe(0);
  });
});

it('real kubectl waits for, scales, explains and describes a Rollout', async () => {
  await withReal({ name: 'kubectl' }, async (real) => {
    await real.post(manifest({ strategy: { canary: {} } }));
    await real.kubectl(
      'wait',
      '--for=jsonpath={.status.phase}=Healthy',
      'rollout/web',
      '--timeout=60s',
    );
    const columns = (await real.kubectl('get', 'rollouts')).split('\n');
    expect(columns[0]).toMatch(/^NAME +DESIRED +CURRENT +UP-TO-DATE +AVAILABLE +AGE$/);
    expect(columns[1]).toMatch(/^web +2 +2 +2 +2 +\d+s$/);
    await real.kubectl('scale', 'rollout/web', '--replicas=3');
    await real.until('three pods', async () => {
      const pods = await real.kubectl('get', 'pods', '-l', 'app=web', '--no-headers');
      return (pods.match(/1\/1 +Running/g) ?? []).length === 3;
    });
    const described = await real.kubectl('describe', 'rollout', 'web');
    expect(described).toMatch(/Events:[^]+RolloutCompleted/);
    expect(await real.kubectl('explain', 'rollout.spec.strategy.canary')).toMatch(/maxSurge/);
    await real.kubectl('delete', 'rollout', 'web', '--wait=true');
    await real.until('its sets and pods are collected', async () => {
      return (await real.kubectl('get', 'replicasets,pods', '-o', 'name')) === '';
    });
  });
});

it('an object that the schema refuses is refused by the server, with its field named', async () => {
  await withReal({ name: 'refused', isUncontrolled: true }, async (real) => {
    const wrong = { ...manifest({ strategy: { canary: {} } }) } as KubeObject & { spec: object };
    const post = real.post({ ...wrong, spec: { ...wrong.spec, replicas: 'two' } } as KubeObject);
    await expect(post).rejects.toThrow(/spec\.replicas/);
  });
});
