import { describe, expect, it } from 'vitest';
import { readFileSync } from 'node:fs';
import type { KubeObject } from '../../src/api/object.ts';
import type { Rollout } from '../../src/api/rollout.ts';
import { ROLLOUTS } from '../../src/api/resources.ts';
import { type HttpRequest, TransportError } from '../../src/lib/ports.ts';
import { parseYaml } from '../../src/lib/yaml.ts';
import { type Cluster, withCluster } from '../support/cluster.ts';
import { runPlugin } from '../support/command-line.ts';
import { post } from '../support/objects.ts';
import { passUntil } from './story.ts';

const MANIFEST = readFileSync(
  new URL(
    '../../examples/mock-server-canary-istio-destinationrule-analysistemplate-experiment.yaml',
    import.meta.url,
  ),
  'utf8',
);
const REF = { resource: ROLLOUTS, namespace: 'default', name: 'mock-server' };

/** How long a dead controller stays dead at most; what follows must not depend on it. */
const LOOK_MS = 1000;

interface Outcome {
  /** Weights of the route, each time that they changed. */
  readonly weights: readonly string[];
  readonly phase: string | undefined;
  readonly message: string | undefined;
  readonly sets: readonly string[];
  readonly writes: number;
}

interface VirtualService extends KubeObject {
  readonly spec: {
    readonly http: readonly { readonly route: readonly { readonly weight?: number }[] }[];
  };
}

/** Plays deploy, update and abort; the controller dies right after its `crashAfter`th write. */
async function outcomeOf(crashAfter: number | undefined): Promise<Outcome> {
  const state = { writes: 0, isDead: false };
  const onRequest = ({ method, path }: HttpRequest) => {
    if (state.isDead) throw new TransportError('reset', 'the controller has been stopped');
    if (method !== 'GET' && !path.includes('/events')) {
      state.writes += 1;
      if (state.writes === crashAfter) state.isDead = true;
    }
  };
  return withCluster({ onRequest }, (cluster) => outcomeOn(cluster, state));
}

interface Life {
  writes: number;
  isDead: boolean;
}

async function outcomeOn(cluster: Cluster, state: Life): Promise<Outcome> {
  const weights: string[] = [];
  cluster.sandbox.store.observe((key, { object }) => {
    if (key !== 'networking.istio.io/virtualservices') return;
    const shown = (object as VirtualService).spec.http[0]?.route
      .map(({ weight = 0 }) => weight)
      .join('/');
    if (shown !== undefined && weights.at(-1) !== shown) weights.push(shown);
  });
  await play(cluster, state);
  const { status } = await cluster.client.get<Rollout>(REF);
  const sets = cluster.sandbox.store
    .list('apps/replicasets', 'default')
    .map(
      (set) =>
        `${set.metadata.name} ${String((set as KubeObject & { spec: { replicas: number } }).spec.replicas)}`,
    );
  return { weights, phase: status?.phase, message: status?.message, sets, writes: state.writes };
}

async function play(cluster: Cluster, state: Life): Promise<void> {
  const parsed = parseYaml(MANIFEST);
  if (!parsed.ok) throw new Error(parsed.error);
  for (const document of parsed.documents) {
    await post(cluster.client, 'default', document as KubeObject);
  }
  const revive = async (): Promise<void> => {
    if (!state.isDead) return;
    state.isDead = false;
    await cluster.restart();
  };
  const until = (what: string, holds: (rollout: Rollout) => boolean) =>
    passUntil(
      cluster,
      what,
      async () => {
        await revive();
        return holds(await cluster.client.get<Rollout>(REF));
      },
      LOOK_MS,
    );
  const isAborted = ({ status }: Rollout) => status?.phase === 'Degraded';
  await until(
    'healthy',
    ({ status }) =>
      status?.conditions?.some(
        ({ type, status: value }) => type === 'Healthy' && value === 'True',
      ) === true,
  );
  const image = 'mock-server=ghcr.io/ssup2/mock-go-server:2.0.0';
  await runPlugin(cluster, 'default', ['set', 'image', 'mock-server', image]);
  await until('aborted', isAborted);
  await runPlugin(cluster, 'default', ['retry', 'rollout', 'mock-server']);
  await until('tried again', (rollout) => !isAborted(rollout));
  await until('aborted again', isAborted);
  // Until the delays have passed and the experiment's sets are down.
  for (let second = 0; second < 45; second += 1) {
    await cluster.advance(2000);
    await revive();
  }
}

const SAMPLE = 9;

/** Every write when SLIPWAY_TEST_ALL is set, as in .ci/run; else every ninth, which takes seconds. */
function chosen(count: number): readonly number[] {
  const all = Array.from({ length: count }, (_, index) => index + 1);
  const isWhole = (process.env['SLIPWAY_TEST_ALL'] ?? '') !== '';
  return isWhole ? all : all.filter((write) => write % SAMPLE === 0);
}

const { writes, ...whole } = await outcomeOf(undefined);

describe('a controller that is stopped after any of its writes', () => {
  it('has a story to be stopped in', () => {
    expect(whole.weights).toEqual(['100/0', '60/0/20/20', '100/0', '60/0/20/20', '100/0']);
    expect(whole.phase).toBe('Degraded');
  });

  it.each(chosen(writes))(
    'write %i: ends in the same place with the same history of weights',
    async (crashAfter) => {
      const { writes: _writes, ...crashed } = await outcomeOf(crashAfter);
      expect(crashed).toEqual(whole);
    },
  );
});
