// The document's story on the virtual clock: kubectl is the machine's, time is ours.
import { fileURLToPath } from 'node:url';
import { type Stage, tell, toldText } from '../../src/cli/story/story.ts';
import { type Cluster, type ClusterOptions, withCluster } from '../support/cluster.ts';
import { runPlugin } from '../support/command-line.ts';
import { type Reachable, reachable } from '../support/https.ts';

const EXAMPLES = new URL('../../examples/', import.meta.url);
const STEP_MS = 100;
const PATIENCE_MS = 600_000;

/** Lets the cluster's time pass until it holds. */
export async function passUntil(
  cluster: Pick<Cluster, 'clock' | 'advance'>,
  what: string,
  holds: () => Promise<boolean>,
  stepMs = STEP_MS,
): Promise<void> {
  const end = cluster.clock.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (cluster.clock.now() > end) throw new Error(`never: ${what}`);
    await cluster.advance(stepMs);
  }
}

/** The stage of a test: our own commands in process, the others by the machine's kubectl. */
export function stageOf(cluster: Cluster, reach: Reachable): Stage {
  return {
    client: cluster.client,
    until: (what, holds) => passUntil(cluster, what, holds),
    run: async (words) => {
      const args = words.slice(1);
      const [first, second] = args;
      if (first === 'argo' && second === 'rollouts') {
        const { code, out, err } = await runPlugin(cluster, 'default', args.slice(2));
        if (code !== 0) throw new Error(err);
        return out;
      }
      const paths = args.map((arg, index) =>
        args[index - 1] === '-f' ? fileURLToPath(new URL(arg, EXAMPLES)) : arg,
      );
      const ran = await reach.kubectl(paths);
      if (ran.code !== 0) throw new Error(ran.stderr);
      return ran.stdout;
    },
  };
}

/** Plays it once; gives the transcript. */
export async function playStory(options: ClusterOptions = {}): Promise<string> {
  return withCluster(options, async (cluster) => {
    const reach = await reachable(cluster.sandbox);
    try {
      let transcript = '';
      for await (const told of tell(stageOf(cluster, reach))) transcript += toldText(told);
      return transcript;
    } finally {
      await reach.close();
    }
  });
}
