// The matrix of test/sim/matrix.ts on a real API server: a fixed sample, in parallel namespaces.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient } from '../../src/kube/client.ts';
import { nameOf } from '../sim/matrix.ts';
import { type ApiLog, startLog } from './api-log.ts';
import { transportOf } from './control-plane.ts';
import { clusterFacts } from './facts.ts';
import { NOT_JUDGED } from './judge.ts';
import { turn } from './machine-time.ts';
import { chosenCombinations } from './matrix-choice.ts';
import { LOGGED, playedReally } from './matrix-stage.ts';

/** Each waits for delays of 30 s, and for its turn of the API server. */
const PATIENCE_MS = 480_000;
const CHOSEN = chosenCombinations();

let log: ApiLog;
let close = (): void => undefined;
beforeAll(async () => {
  const reach = await transportOf(clusterFacts().kubeconfig);
  close = () => reach.close();
  log = await startLog(createClient({ transport: reach.send, userAgent: 'test-log' }), LOGGED);
});
afterAll(async () => {
  await log.stop();
  close();
});

/** What a run of these does not show is said where it is read. */
const LEFT_OUT = NOT_JUDGED.map(
  ({ promise, instead }) => `promise ${promise}; instead: ${instead}`,
);
const TITLE = `${CHOSEN.length} combinations of the matrix on a real API server`;

describe.concurrent(`${TITLE} (not judged in real time: ${LEFT_OUT.join('; ')})`, () => {
  it.each(CHOSEN.map((combination) => ({ name: nameOf(combination), combination })))(
    '$name',
    async ({ name, combination }) => {
      await turn();
      const problems = await playedReally(combination, log);
      expect(problems, name).toEqual([]);
    },
    PATIENCE_MS,
  );
});
