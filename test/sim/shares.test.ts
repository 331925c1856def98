// Who answers users while a rollout is under way: the shares that its weights promise, counted from outside, request by
// request, through the mesh and from the shell pod.
import { afterEach, describe, expect, it } from 'vitest';
import type { Pod } from '../../src/api/kubernetes.ts';
import type { KubeObject } from '../../src/api/object.ts';
import { ROLLOUTS } from '../../src/api/resources.ts';
import { readAll, utf8Text } from '../../src/lib/bytes.ts';
import { passUntil } from '../scenarios/story.ts';
import {
  isHealthy,
  isPaused,
  service,
  type Strategy,
  type Web,
  withWeb,
} from '../scenarios/web.ts';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { documentObjects } from '../support/document.ts';
import { execute } from '../support/exec.ts';
import { post } from '../support/objects.ts';

const THROUGH_MESH = 10_000;
const FROM_SHELL = 500;
const IMAGE = 'ghcr.io/ssup2/mock-go-server';
const ISTIO = 'networking.istio.io/v1beta1';

type Counts = ReadonlyMap<string, number>;

interface Answer {
  readonly version: string;
  /** Name of the pod. */
  readonly hostname: string;
}

function counted(answers: readonly Answer[], groupOf: (answer: Answer) => string): Counts {
  const counts = new Map<string, number>();
  for (const answer of answers) {
    const group = groupOf(answer);
    counts.set(group, (counts.get(group) ?? 0) + 1);
  }
  return counts;
}

async function throughMesh({ sandbox }: Cluster, host: string): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  for (let sent = 0; sent < THROUGH_MESH; sent += 1) {
    const { body } = await sandbox.mesh.send({
      method: 'GET',
      path: '/version',
      headers: { host },
    });
    answers.push(JSON.parse(utf8Text(await readAll(body))) as Answer);
  }
  return answers;
}

async function fromShell(cluster: Cluster, host: string): Promise<readonly Answer[]> {
  const script = `for i in $(seq ${FROM_SHELL}); do curl -s ${host}:80/version; done`;
  const state = { isDone: false };
  const running = execute(cluster.sandbox, 'shell', ['sh', '-c', script]).finally(() => {
    state.isDone = true;
  });
  await passUntil(cluster, 'the command ends', async () => state.isDone, 1);
  const { code, out, err } = await running;
  expect([code, err]).toEqual([0, '']);
  const lines = out.trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Answer);
}

interface Expected {
  readonly weights: Readonly<Record<string, number>>;
  readonly groupOf: (answer: Answer) => string;
  /** Says which run it was. */
  readonly run: string;
}

/** Four standard errors of a binomial: at one weight, four in 60,000 fair runs lie outside. */
function expectShares(answers: readonly Answer[], { weights, groupOf, run }: Expected): void {
  const counts = counted(answers, groupOf);
  const shown = `${run}: ${JSON.stringify(Object.fromEntries(counts))}`;
  expect(
    [...counts.keys()].filter((group) => !(group in weights)),
    shown,
  ).toEqual([]);
  for (const [group, weight] of Object.entries(weights)) {
    const share = weight / 100;
    const off = Math.abs((counts.get(group) ?? 0) - answers.length * share);
    const most = 4 * Math.sqrt(answers.length * share * (1 - share));
    expect(off, `${shown}, ${group} has ${weight} %`).toBeLessThanOrEqual(most);
  }
}

async function expectBoth(cluster: Cluster, host: string, expected: Expected): Promise<void> {
  const mesh = await throughMesh(cluster, host);
  expect(mesh).toHaveLength(THROUGH_MESH);
  expectShares(mesh, { ...expected, run: `${expected.run}, through the mesh` });
  const shell = await fromShell(cluster, host);
  expect(shell).toHaveLength(FROM_SHELL);
  expectShares(shell, { ...expected, run: `${expected.run}, from the shell` });
}

const WEIGHTS = [10, 25, 50, 75, 100] as const;
const STEPS = WEIGHTS.flatMap((setWeight) => [{ setWeight }, { pause: {} }]);

function virtualService(stable: object, canary: object): KubeObject {
  const route = [
    { destination: stable, weight: 100 },
    { destination: canary, weight: 0 },
  ];
  const spec = { hosts: ['web'], http: [{ name: 'primary', route }] };
  const metadata = { name: 'web' };
  return { apiVersion: ISTIO, kind: 'VirtualService', metadata, spec } as KubeObject;
}

function destinationRule(): KubeObject {
  const subsets = ['stable', 'canary'].map((name) => ({ name, labels: { app: 'web' } }));
  const spec = { host: 'web', subsets };
  return {
    apiVersion: ISTIO,
    kind: 'DestinationRule',
    metadata: { name: 'web' },
    spec,
  } as KubeObject;
}

const ROUTE = { virtualService: { name: 'web', routes: ['primary'] } };

const ROUTINGS: readonly {
  readonly routing: string;
  readonly seed: string;
  readonly strategy: Strategy;
  readonly objects: readonly KubeObject[];
}[] = [
  {
    routing: 'host',
    seed: 'shares-host',
    strategy: {
      canary: {
        steps: STEPS,
        stableService: 'web-active',
        canaryService: 'web-preview',
        trafficRouting: { istio: ROUTE },
      },
    },
    objects: [virtualService({ host: 'web-active' }, { host: 'web-preview' })],
  },
  {
    routing: 'subset',
    seed: 'shares-subset',
    strategy: {
      canary: {
        steps: STEPS,
        trafficRouting: {
          istio: {
            ...ROUTE,
            destinationRule: {
              name: 'web',
              canarySubsetName: 'canary',
              stableSubsetName: 'stable',
            },
          },
        },
      },
    },
    objects: [
      virtualService({ host: 'web', subset: 'stable' }, { host: 'web', subset: 'canary' }),
      destinationRule(),
    ],
  },
];

/** Paused after `setWeight`, with all that follows from it done. */
async function pausedAt(web: Web, weight: number): Promise<void> {
  const index = WEIGHTS.findIndex((one) => one === weight) * 2 + 1;
  await web.until(`paused at ${weight}`, (rollout) => {
    return isPaused(rollout) && rollout.status?.currentStepIndex === index;
  });
  await web.seconds(5);
}

describe('at every weight of a rollout in progress', () => {
  it.each(ROUTINGS)(
    'requests are answered by share, within four standard errors ($routing routing, seed $seed)',
    async ({ routing, seed, strategy, objects }) => {
      const options = {
        seed,
        strategy,
        replicas: 4,
        image: `${IMAGE}:1.0.0`,
        objects: [service('web'), ...objects],
      };
      await withWeb(options, async (web) => {
        await web.until('healthy', isHealthy);
        await web.setImage(`${IMAGE}:2.0.0`);
        for (const weight of WEIGHTS) {
          await pausedAt(web, weight);
          await expectBoth(web.cluster, 'web', {
            weights: { '1.0.0': 100 - weight, '2.0.0': weight },
            groupOf: ({ version }) => version,
            run: `seed ${seed}, ${routing} routing, ${weight} %`,
          });
          await web.run('promote', 'web');
        }
        await web.until('healthy', isHealthy);
      });
    },
  );
});

describe('during the document’s experiment', () => {
  let cluster: Cluster | undefined;
  afterEach(async () => {
    await cluster?.stop();
    cluster = undefined;
  });

  const seed = 'shares-experiment';
  it(`stable, canary and both templates answer 60, 0, 20 and 20 (seed ${seed})`, async () => {
    cluster = await startCluster({ seed });
    for (const object of documentObjects()) await post(cluster.client, 'default', object);
    await cluster.advance(10_000);
    const name = 'mock-server';
    const body = [
      {
        op: 'replace',
        path: '/spec/template/spec/containers/0/image',
        value: `${IMAGE}:2.0.0`,
      },
    ];
    await cluster.client.patch(
      { resource: ROLLOUTS, namespace: 'default', name },
      { type: 'json', body },
    );
    await passUntil(cluster, 'traffic goes to the experiment', async () => {
      return cluster !== undefined && routeWeights(cluster).length === 4;
    });
    await cluster.advance(1000);
    expect(routeWeights(cluster)).toEqual([60, 0, 20, 20]);
    const pods = rolesByPod(cluster);
    await expectBoth(cluster, name, {
      weights: {
        'rollout 1.0.0': 60,
        'rollout 2.0.0': 0,
        'baseline 1.0.0': 20,
        'canary 2.0.0': 20,
      },
      groupOf: ({ hostname, version }) => `${pods.get(hostname) ?? hostname} ${version}`,
      run: `seed ${seed}`,
    });
  });
});

interface Routes {
  readonly spec: { readonly http: readonly { readonly route: readonly { weight?: number }[] }[] };
}

function routeWeights({ sandbox }: Cluster): readonly number[] {
  const [found] = sandbox.store.list('networking.istio.io/virtualservices', 'default');
  const route = (found as unknown as Routes | undefined)?.spec.http[0]?.route ?? [];
  return route.map(({ weight = 0 }) => weight);
}

/** Template of the experiment that a pod belongs to; `rollout` for the Rollout's own. */
function rolesByPod({ sandbox }: Cluster): ReadonlyMap<string, string> {
  const pods = sandbox.store.list('/pods', 'default') as readonly Pod[];
  return new Map(
    pods.map(({ metadata }) => {
      const set = metadata.ownerReferences?.[0]?.name ?? '';
      return [metadata.name, /-(baseline|canary)$/.exec(set)?.[1] ?? 'rollout'];
    }),
  );
}
