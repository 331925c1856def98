// How long one decision takes.
import type { Snapshot } from '../src/controller/kind.ts';
import { instant } from '../src/lib/time.ts';
import { type Figure, type Measurement, median } from './figure.ts';
import { snapshots } from './worlds.ts';

const ROUNDS = 15;
const ROUND_US = 50_000;
/** As many calls as it takes until the engine has compiled all of it; what is measured first is not dearer for that. */
const WARM_UP = 40_000;

type Work = () => unknown;

/** CPU time of one call in microseconds: what else runs on the machine does not count. */
function microseconds(work: Work): number {
  const before = process.cpuUsage();
  let calls = 0;
  let tookUs = 0;
  while (tookUs < ROUND_US) {
    for (let call = 0; call < 50; call += 1) work();
    calls += 50;
    const { user, system } = process.cpuUsage(before);
    tookUs = user + system;
  }
  return tookUs / calls;
}

/** Medians; the works take turns, so that all meet the same machine. */
function medians(works: readonly Work[]): readonly number[] {
  for (const work of works) for (let warm = 0; warm < WARM_UP; warm += 1) work();
  const times = works.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [index, work] of works.entries()) times[index]?.push(microseconds(work));
  }
  return times.map(median);
}

/** Decided at a moment after everything that is in the snapshot. */
function deciding(snapshot: Snapshot): Work {
  const now = instant(Date.UTC(2026, 0, 1, 0, 1));
  return () => snapshot.decide(now);
}

function parsing({ object }: Snapshot): Work {
  const text = JSON.stringify(object);
  return () => JSON.parse(text);
}

interface Decided {
  readonly name: string;
  readonly snapshot: Snapshot;
  readonly atMost: number;
}

function figures(all: readonly Decided[]): readonly Figure[] {
  const values = medians(
    all.flatMap(({ snapshot }) => [deciding(snapshot), parsing(snapshot)] as const),
  );
  return all.map(({ name, atMost }, index) => {
    const value = values[2 * index] ?? 0;
    const ratio = value / (values[2 * index + 1] ?? 1);
    return {
      name,
      value,
      unit: 'µs',
      atMost,
      against: { what: 'JSON.parse of the object', ratio },
    };
  });
}

export const DECIDE: Measurement = {
  name: 'decide',
  how:
    'One decision on a snapshot as the controller takes it: the document at rest, and in the middle of its experiment. ' +
    'CPU time, median of 15 rounds that take turns, each in a process that has decided it 40,000 times before.',
  measure: async () => {
    const { settled, inProgress, experiment, analysisRun } = await snapshots();
    return figures([
      { name: 'Rollout at rest', snapshot: settled, atMost: 20 },
      { name: 'Rollout in progress', snapshot: inProgress, atMost: 100 },
      { name: 'Experiment in progress', snapshot: experiment, atMost: 100 },
      { name: 'AnalysisRun in progress', snapshot: analysisRun, atMost: 100 },
    ]);
  },
};
