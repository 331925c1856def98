// How long one decision takes.
import type { Snapshot } from '../src/controller/kind.ts';
import { instant } from '../src/lib/time.ts';
import { type Figure, type Measurement, median } from './figure.ts';
import { snapshots } from './worlds.ts';

const ROUNDS = 15;
const ROUND_US = 100_000;

/** Median CPU time of one call in microseconds: what else runs on the machine does not count. */
function microseconds(work: () => unknown): number {
  for (let warm = 0; warm < 5000; warm += 1) work();
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = process.cpuUsage();
    let calls = 0;
    let tookUs = 0;
    while (tookUs < ROUND_US) {
      for (let call = 0; call < 50; call += 1) work();
      calls += 50;
      const { user, system } = process.cpuUsage(before);
      tookUs = user + system;
    }
    times.push(tookUs / calls);
  }
  return median(times);
}

/** Decided at a moment after everything that is in the snapshot. */
function deciding(snapshot: Snapshot): () => unknown {
  const now = instant(Date.UTC(2026, 0, 1, 0, 1));
  return () => snapshot.decide(now);
}

function figure(name: string, snapshot: Snapshot, atMost: number | undefined): Figure {
  const text = JSON.stringify(snapshot.object);
  const value = microseconds(deciding(snapshot));
  const parse = microseconds(() => JSON.parse(text));
  return {
    name,
    value,
    unit: 'µs',
    ...(atMost === undefined ? {} : { atMost }),
    against: { what: 'JSON.parse of the object', ratio: value / parse },
  };
}

export const DECIDE: Measurement = {
  name: 'decide',
  how:
    'One decision on a snapshot as the controller takes it: the document at rest, and in the middle of its experiment. ' +
    'CPU time, median of 15 rounds.',
  measure: async () => {
    const { settled, inProgress, experiment, analysisRun } = await snapshots();
    return [
      figure('Rollout at rest', settled, 20),
      figure('Rollout in progress', inProgress, 100),
      figure('Experiment in progress', experiment, 100),
      figure('AnalysisRun in progress', analysisRun, 100),
    ];
  },
};
