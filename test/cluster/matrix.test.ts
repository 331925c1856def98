// The matrix of test/sim/matrix.ts on a real API server: a fixed sample, in parallel namespaces.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient } from '../../src/kube/client.ts';
import { type Combination, matrixOf, nameOf } from '../sim/matrix.ts';
import { type ApiLog, startLog } from './api-log.ts';
import { transportOf } from './control-plane.ts';
import { clusterFacts } from './facts.ts';
import { LOGGED, playedReally } from './matrix-stage.ts';

const CHOSEN = (matrixOf().rows as unknown as readonly Combination[]).slice(0, 8);

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

describe.concurrent('the matrix on a real API server', () => {
  it.each(CHOSEN.map((combination) => ({ name: nameOf(combination), combination })))(
    '$name',
    async ({ combination }) => {
      const problems = await playedReally(combination, log);
      expect(problems).toEqual([]);
    },
  );
});
