// The matrix on a real API server, in real time: each combination in a namespace of its own, judged by the server's log.
// Entry point: `playedReally`.
import type { ResourceType } from '../../src/api/object.ts';
import {
  ANALYSIS_RUNS,
  destinationRules,
  EXPERIMENTS,
  PODS,
  REPLICA_SETS,
  ROLLOUTS,
  SERVICES,
  virtualServices,
} from '../../src/api/resources.ts';
import type { Rollout } from '../../src/api/rollout.ts';
import { systemClock } from '../../src/host/clock.ts';
import type { HttpRequest } from '../../src/lib/ports.ts';
import { sleep } from '../../src/lib/clock.ts';
import { milliseconds } from '../../src/lib/time.ts';
import { manifest, service } from '../scenarios/web.ts';
import { Crash, isWrite } from '../sim/crash.ts';
import type { Combination } from '../sim/matrix.ts';
import { type Pace, playOn, type Stage } from '../sim/matrix-play.ts';
import { webOf } from '../sim/matrix-rollout.ts';
import type { ApiLog } from './api-log.ts';
import { Authors } from './authors.ts';
import { judged, owedAfter } from './judge.ts';
import { type Real, withReal } from './real.ts';

/** Kinds that the checkers look at. */
export const LOGGED: readonly ResourceType[] = [
  ROLLOUTS,
  EXPERIMENTS,
  ANALYSIS_RUNS,
  REPLICA_SETS,
  SERVICES,
  PODS,
  virtualServices('v1beta1'),
  destinationRules('v1beta1'),
];

/** Nobody waits longer than he must: the right end may come at once, or after two delays of 30 s on a busy machine. */
const PACE: Pace = { settles: 1, patience: 120, ending: 0, grace: 120, rest: 6 };

/** Broken promises and wrong end states; empty if all is well. */
export async function playedReally(
  combination: Combination,
  log: ApiLog,
): Promise<readonly string[]> {
  const { objects = [], ...options } = webOf(combination);
  const { propagationDelayMs = 0 } = options;
  const crash = new Crash();
  const authors = new Authors();
  const writes: string[] = [];
  const onRequest = (request: HttpRequest): void => {
    crash.see(request);
    if (isWrite(request)) writes.push(`${request.method} ${request.path}`);
  };
  const problems: string[] = [];
  await withReal(
    {
      name: 'matrix',
      onRequest,
      propagationDelayMs,
      intercept: (request, next) => authors.intercept(request, next),
    },
    async (real) => {
      const { namespace } = real;
      const services = [service('web-active'), service('web-preview')];
      for (const object of [...services, ...objects]) await real.post(object);
      await real.post(manifest(options));
      try {
        problems.push(...(await playOn(stageOn(real, { crash, writes, log }), combination)));
      } catch (error) {
        problems.push(error instanceof Error ? error.message : String(error));
      }
      await log.complete(namespace);
      problems.push(...judged(log.of(namespace), authors));
    },
  );
  return problems;
}

function stageOn(
  real: Real,
  parts: { readonly crash: Crash; readonly writes: readonly string[]; readonly log: ApiLog },
): Stage {
  const { client, namespace } = real;
  const ref = { resource: ROLLOUTS, namespace, name: 'web' };
  const run = async (...words: string[]): Promise<void> => {
    const { code, err } = await real.plugin(...words);
    if (code !== 0) throw new Error(err);
  };
  return {
    client,
    namespace,
    run,
    setImage: (image) => run('set', 'image', 'web', `app=${image}`),
    rollout: () => client.get<Rollout>(ref),
    seconds: (count) => sleep(systemClock, milliseconds(count * 1000)),
    crash: parts.crash,
    writes: parts.writes,
    pace: PACE,
    restart: () => real.restart(),
    owed: () => Promise.resolve(owedAfter(parts.log.of(namespace), namespace)),
  };
}
