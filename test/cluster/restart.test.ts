// Controllers that are replaced in the middle of many updates, and over many Rollouts at rest, on a real API server.
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { ReplicaSet } from '../../src/api/kubernetes.ts';
import { REVISION } from '../../src/api/names.ts';
import { REPLICA_SETS, ROLLOUTS } from '../../src/api/resources.ts';
import type { Rollout } from '../../src/api/rollout.ts';
import { bundledProgram, type Program } from '../support/program.ts';
import { askedWith, forbiddenIn, writesIn } from './audit.ts';
import { clusterFacts } from './facts.ts';
import { createFleet, fleetOf, isFleetHealthy, updateFleet } from './fleet.ts';
import { type Course, type History, watchHistory } from './history.ts';
import {
  endCleanly,
  type Installed,
  installForOne,
  lastWords,
  startInstalled,
} from './installed.ts';
import { type Real, until, withReal } from './real.ts';

let program: Program;
beforeAll(async () => {
  program = await bundledProgram();
});
afterAll(() => program.close());

const WEIGHTS = [10, 20, 30, 40, 50, 60, 70, 80, 90];
/** An update takes longer than six replacements of its controller. */
const FLEET = fleetOf(50, WEIGHTS, 4);
const { names: NAMES, steps: STEPS } = FLEET;
/** Its times of leading are those that it is installed with: shorter ones are lost on a machine that does much else. */
const FLAGS = ['--propagation-delay=0s'];
/** How the leader ends, turn by turn. */
const ENDS = ['SIGTERM', 'SIGTERM', 'SIGKILL', 'SIGTERM', 'SIGTERM', 'SIGTERM'] as const;
const END_MS = 5000;
const LONG_MS = 240_000;

const histories: History[] = [];
afterEach(async () => {
  for (const history of histories.splice(0)) await history.end();
});

async function rolloutsOf({ client, namespace }: Real): Promise<readonly Rollout[]> {
  return (await client.listAll<Rollout>(ROLLOUTS, { namespace })).items;
}

/** Steps of its update that are over; status and annotations are not written together. */
function stepOf({ metadata, status }: Rollout): number {
  if (metadata.annotations?.[REVISION] !== '2') return 0;
  if (status?.observedGeneration !== String(metadata.generation)) return 0;
  return status.currentStepIndex ?? 0;
}

/** Of all updates. */
async function stepsDone(real: Real): Promise<number> {
  const all = await rolloutsOf(real);
  return all.reduce((sum, rollout) => sum + stepOf(rollout), 0);
}

/** Two replicas, of which one leads. */
interface Pair {
  readonly leader: Installed;
  readonly next: Installed;
}

async function startPair(start: () => Promise<Installed>): Promise<Pair> {
  const leader = await start();
  await leader.leads();
  const next = await start();
  await next.standsBy();
  return { leader, next };
}

/** Ends the leader; the other one leads, and a new one waits behind it. */
async function replaceLeader(
  { leader, next }: Pair,
  signal: NodeJS.Signals,
  start: () => Promise<Installed>,
): Promise<Pair> {
  const begin = performance.now();
  const code = await leader.end(signal);
  const took = performance.now() - begin;
  const wanted = signal === 'SIGKILL' ? null : 0;
  expect({ code, words: lastWords(leader) }).toMatchObject({ code: wanted });
  expect({ took: took < END_MS || took, words: lastWords(leader) }).toMatchObject({ took: true });
  await next.leads();
  const another = await start();
  await another.standsBy();
  return { leader: next, next: another };
}

/** Each passed every step once, in order, with a pod behind each route at every moment. */
async function expectWhole(real: Real, courses: ReadonlyMap<string, Course>): Promise<void> {
  const wanted = { weights: [0, ...WEIGHTS, 100, 0], steps: STEPS.map((_step, index) => index) };
  for (const name of NAMES) {
    const { weights = [], steps = [], dead } = courses.get(name) ?? {};
    // Past the last step.
    const passed = steps.filter((step) => step < STEPS.length);
    expect({ name, dead, weights, steps: passed }).toEqual({ name, dead: [], ...wanted });
  }
  const { items } = await real.client.listAll<ReplicaSet>(REPLICA_SETS, {
    namespace: real.namespace,
  });
  for (const rollout of await rolloutsOf(real)) {
    const { uid, annotations } = rollout.metadata;
    const own = items.filter(({ metadata }) => metadata.ownerReferences?.[0]?.uid === uid);
    const revisions = own.map(({ metadata }) => metadata.annotations?.[REVISION] ?? '');
    expect([annotations?.[REVISION], revisions.toSorted()]).toEqual(['2', ['1', '2']]);
  }
}

/** What is left of the first version is empty, also by its own word. */
async function areOldSetsEmpty({ client, namespace }: Real): Promise<boolean> {
  const { items } = await client.listAll<ReplicaSet>(REPLICA_SETS, { namespace });
  return items
    .filter(({ metadata }) => metadata.annotations?.[REVISION] === '1')
    .every(({ spec, status }) => spec.replicas === 0 && status?.replicas === 0);
}

/** A new process looks at all that rests, and writes nothing but its Lease. */
async function expectQuiet(start: () => Promise<Installed>): Promise<void> {
  const newest = await start();
  await newest.leads();
  await until('it has looked at all', async () => {
    const text = await newest.page('/metrics');
    const looked = text.match(/^rollout_reconcile_count\{[^}]*\} [1-9]/gm) ?? [];
    return looked.length === NAMES.length && !/^workqueue_depth\{[^}]*\} [1-9]/m.test(text);
  });
  await endCleanly(newest);
  const asked = askedWith(clusterFacts().auditLog, newest.token);
  expect(writesIn(asked, ['leases'])).toEqual([]);
  expect(forbiddenIn(asked)).toEqual([]);
}

it(
  'fifty updates come to their end whole while their controller is replaced six times',
  async () => {
    await withReal({ name: 'restart', isUncontrolled: true }, async (real) => {
      const place = await installForOne(program, clusterFacts().kubeconfig, real.namespace);
      const start = () => startInstalled(program, place, { flags: FLAGS });
      let pair = await startPair(start);
      await createFleet(real, FLEET, 'app:v1');
      await until('all are healthy', () => isFleetHealthy(real, 'app:v1'), LONG_MS);
      const history = await watchHistory(real.client, real.namespace);
      histories.push(history);
      await updateFleet(real, FLEET, 'app:v2');
      for (const [turn, signal] of ENDS.entries()) {
        const share = ((turn + 1) * NAMES.length * STEPS.length) / (ENDS.length + 4);
        await until(`${share} steps done`, async () => (await stepsDone(real)) >= share, LONG_MS);
        pair = await replaceLeader(pair, signal, start);
      }
      expect(await isFleetHealthy(real, 'app:v2')).toBe(false);
      await until('all are healthy again', () => isFleetHealthy(real, 'app:v2'), LONG_MS);
      await expectWhole(real, await history.end());
      await until('the old sets are empty', () => areOldSetsEmpty(real));
      for (const each of [pair.next, pair.leader]) await endCleanly(each);
      await expectQuiet(start);
    });
  },
  3 * LONG_MS,
);
