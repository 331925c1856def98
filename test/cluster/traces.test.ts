// Every trace of the reference on a real API server, in real time, each in a namespace of its own.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { differences, type Pace } from '../replay/compare.ts';
import { MetricSource } from '../replay/metrics.ts';
import { isWrite, type Played, Player } from '../replay/player.ts';
import { withRules } from '../replay/rules.ts';
import type { Trace } from '../replay/trace.ts';
import { differencesInTime, LONGEST_MS } from './patience.ts';
import { withReal } from './real.ts';
import { withStage } from './stage.ts';

const FOLDER = new URL('../traces/', import.meta.url);

const TRACES = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.json') && !name.endsWith('.objects.json'))
  .map((name) => JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as Trace);

/**
 * Pods that are ready within some milliseconds of each other are told of one by one, and a status is written for each, or
 * together, and a state is passed over.
 */
const REAL_PACE: Pace = { mostWrites: 1.3, overlaps: true };

async function played(trace: Trace): Promise<Played> {
  const metrics = new MetricSource();
  let writes = 0;
  const onRequest = (request: Parameters<typeof isWrite>[0]): void => {
    if (isWrite(request)) writes += 1;
  };
  const { promise, resolve } = Promise.withResolvers<Played>();
  await withReal({ name: trace.name, metrics: metrics.transport, onRequest }, (real) =>
    withStage(real, async (stage) => {
      const player = new Player(stage, trace, metrics);
      await player.begin();
      await player.run();
      resolve({ ...player.played(), writes });
    }),
  );
  return promise;
}

/** Those that wait longest begin first. */
function patienceOf({ actions, end }: Trace): number {
  return [...actions.map(({ when }) => when), end].reduce(
    (sum, when) => sum + (when === 'rest' ? 1 : (when.timeout ?? 1)),
    0,
  );
}

describe.concurrent('traces of the reference on a real API server', () => {
  it.each(TRACES.toSorted((a, b) => patienceOf(b) - patienceOf(a)))(
    '$name plays alike',
    async (trace) => {
      const differ = async () => differences(withRules(trace), await played(trace), REAL_PACE);
      expect(await differencesInTime(trace.name, differ)).toEqual([]);
    },
    LONGEST_MS,
  );
});
