// A controller that takes over what the reference left behind, on a real API server, in real time: nothing that runs is
// touched, and the scenario goes on as it was recorded. Each rest point has a namespace of its own.
import { describe, expect, it } from 'vitest';
import { MetricSource } from '../replay/metrics.ts';
import { isWrite, Player } from '../replay/player.ts';
import { differencesFrom, type RestPoint, restPoints, touches } from '../replay/rest-points.ts';
import type { Stage } from '../replay/stage.ts';
import { bringToNow, loadObjects, type Stored } from '../replay/takeover.ts';
import { type TakenOver, takenOver } from '../replay/taking-over.ts';
import { differencesInTime, LONGEST_MS } from './patience.ts';
import { until, withReal } from './real.ts';
import { withStage } from './stage.ts';

interface SetStatus {
  readonly replicas?: number;
  readonly readyReplicas?: number;
  readonly availableReplicas?: number;
}

function countsOf({ replicas = 0, readyReplicas = 0, availableReplicas = 0 }: SetStatus) {
  return `${replicas} ${readyReplicas} ${availableReplicas}`;
}

/** What the sets say of their pods may be from the recording: the pods are counted too. */
function areSetsWhole(stage: Stage, objects: readonly Stored[]): boolean {
  const sets = objects.filter(({ kind }) => kind === 'ReplicaSet');
  const statuses = new Map(
    (stage.list('apps/replicasets') as readonly Stored[]).map(({ metadata, status }) => [
      metadata.name,
      (status ?? {}) as SetStatus,
    ]),
  );
  const owned = stage
    .list('/pods')
    .filter(({ metadata }) => metadata.ownerReferences?.[0]?.kind === 'ReplicaSet');
  const wanted = sets.reduce((sum, { status }) => sum + ((status as SetStatus).replicas ?? 0), 0);
  return (
    owned.length === wanted &&
    sets.every(({ metadata, status }) => {
      return countsOf(statuses.get(metadata.name) ?? {}) === countsOf((status ?? {}) as SetStatus);
    })
  );
}

async function takeOver({ trace, objects, index }: RestPoint): Promise<TakenOver> {
  const metrics = new MetricSource();
  const writes: string[] = [];
  const { promise, resolve } = Promise.withResolvers<TakenOver>();
  const options = {
    name: `from-${trace.name}`,
    isUncontrolled: true,
    metrics: metrics.transport,
    onRequest: (request: Parameters<typeof isWrite>[0]) => {
      if (isWrite(request)) writes.push(`${request.method} ${request.path}`);
    },
  };
  await withReal(options, (real) =>
    withStage(real, async (stage) => {
      const player = new Player(stage, trace, metrics);
      player.know(objects, index);
      await loadObjects(stage, { trace, objects, index });
      const areThere = () => Promise.resolve(areSetsWhole(stage, objects));
      await until('the pods of the recorded sets are there', areThere);
      await bringToNow(stage, objects);
      await stage.caughtUp();
      const control = () => real.control();
      resolve(await takenOver({ stage, player, writes, control }, index));
    }),
  );
  return promise;
}

async function differencesAt(point: RestPoint): Promise<readonly string[]> {
  const { writes, phases, podsBefore, podsAfter, played } = await takeOver(point);
  const lost = podsBefore.filter((uid) => !podsAfter.includes(uid));
  const made = podsAfter.filter((uid) => !podsBefore.includes(uid));
  return [
    ...touches(writes).map((write) => `touched: ${write}`),
    ...lost.map((uid) => `pod ${uid} is gone`),
    ...made.map((uid) => `pod ${uid} was made`),
    ...phases.slice(1).map((phase) => `phase: ${phases[0] ?? ''} became ${phase}`),
    ...differencesFrom(point, played),
  ];
}

/** Rest points that are over before a real clock lets a controller be looked at; the virtual one has them all. */
const TOO_SHORT: Readonly<Record<string, string>> = {
  'bluegreen-auto-seconds 1': 'it promotes itself two and a half seconds after the rest point',
  'experiment-step-weights 1': 'its experiment ends two and a half seconds after the rest point',
};

describe.concurrent('a controller that takes over on a real API server', () => {
  it('says what it leaves out, and why', () => {
    const names = new Set(restPoints().map(({ name }) => name));
    for (const [name, reason] of Object.entries(TOO_SHORT)) {
      expect(names).toContain(name);
      process.stderr.write(`${name} is left out: ${reason}\n`);
    }
  });

  it.for(restPoints())(
    'touches nothing that runs, and goes on as recorded: $name',
    { timeout: LONGEST_MS },
    async (point, { skip }) => {
      const reason = TOO_SHORT[point.name];
      skip(reason !== undefined, reason);
      expect(await differencesInTime(point.name, () => differencesAt(point))).toEqual([]);
    },
  );
});
