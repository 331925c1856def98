// The matrix on the sandbox: virtual clock, checkers after every write. Entry points: `played`, `refusalWith`.
import { type Web, type WebOptions, withWeb } from '../scenarios/web.ts';
import { owed } from './checkers/ending.ts';
import { Scene } from './checkers/scene.ts';
import { textOf } from './checkers/watch.ts';
import { Crash } from './crash.ts';
import type { Combination } from './matrix.ts';
import { type Pace, playOn, type Stage } from './matrix-play.ts';
import { webOf } from './matrix-rollout.ts';

const PACE: Pace = { settles: 5, patience: 300, ending: 60, grace: 0, rest: 600 };

/** Broken promises and wrong end states; empty if all is well. */
export async function played(
  combination: Combination,
  onStart: (web: Web) => void = () => undefined,
): Promise<readonly string[]> {
  const problems: string[] = [];
  const crash = new Crash();
  try {
    await withWeb(
      {
        ...webOf(combination),
        seed: JSON.stringify(combination),
        meshLagMs: combination.propagation === '0 s' ? 0 : 1000,
        breaksPromises: true,
        onRequest: (request) => crash.see(request),
      },
      async (web) => {
        onStart(web);
        try {
          problems.push(...(await playOn(stageOf(web, crash), combination)));
        } finally {
          problems.push(...web.cluster.broken.map(textOf));
        }
      },
    );
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
  }
  return problems;
}

function stageOf(web: Web, crash: Crash): Stage {
  const { client, namespace } = web;
  return {
    client,
    namespace,
    run: (...words) => web.run(...words),
    setImage: (image) => web.setImage(image),
    rollout: () => web.rollout(),
    seconds: (count) => web.seconds(count),
    crash,
    pace: PACE,
    get writes() {
      return web.writes.map(({ method, path }) => `${method} ${path}`);
    },
    restart: () => web.cluster.restart(),
    owed: () => Promise.resolve(owed(new Scene(web.cluster.sandbox.store, namespace))),
  };
}

/** The Rollout of a combination that the API refuses. */
export function refusalWith(combination: Combination): WebOptions {
  const { strategy, objects = [] } = webOf(combination);
  return { strategy, objects };
}
