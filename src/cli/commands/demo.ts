// `slipway demo`: the user's document, played live on a sandbox of its own (story/story.ts).
import { SILENT } from '../../controller/log.ts';
import { systemRandom } from '../../host/clock.ts';
import { ScaledClock, sleep } from '../../lib/clock.ts';
import { type Clock, ProcessError } from '../../lib/ports.ts';
import { milliseconds } from '../../lib/time.ts';
import { CommandError, type Context, type Leaf } from '../command.ts';
import { text } from '../flags.ts';
import type { LocalCluster } from '../local-cluster.ts';
import { exampleFolder } from '../places.ts';
import { type BusyStage, CORRECTED, PLAIN, tellSequel } from '../story/sequel.ts';
import { MANIFEST, tell, toldText } from '../story/story.ts';
import { startUsers } from '../story/users.ts';
import { speedOf } from './sandbox.ts';

const EXAMPLES: ReadonlySet<string> = new Set([MANIFEST, CORRECTED, PLAIN]);
const LOOK_MS = 100;
/** Real time after which the story is stuck, at speed 1. */
const PATIENCE_MS = 600_000;

const USERS_PER_SECOND = 20;

/** A sandbox of its own as the stage; commands are those of the machine's kubectl. */
function stageOn(context: Context, cluster: LocalCluster, own: Clock): BusyStage {
  const { clock, processes, files, env, cancel, terminal } = context;
  const folder = exampleFolder(files, context.program);
  return {
    client: cluster.client,
    run: async ([command = '', ...args]) => {
      const words = args.map((arg) => (EXAMPLES.has(arg) ? files.join(folder, arg) : arg));
      const { code, stdout, stderr } = await kubectl(() =>
        processes.run({
          command,
          args: words,
          env: {
            KUBECONFIG: cluster.kubeconfig,
            KUBECACHEDIR: files.join(cluster.programs, '..', 'cache'),
            PATH: `${cluster.programs}:${env('PATH') ?? ''}`,
            TERM: 'dumb',
          },
          cancel,
        }),
      );
      if (cancel.cancelled) throw new CommandError('the demo was stopped');
      if (code === 0) return stdout;
      throw new CommandError(`${[command, ...args].join(' ')} failed: ${stderr.trim()}`);
    },
    users: (host) =>
      startUsers({
        clock: own,
        mesh: cluster.mesh,
        host,
        path: '/status/200',
        perSecond: USERS_PER_SECOND,
      }),
    until: async (what, holds) => {
      const start = clock.now();
      if (terminal.isTty) terminal.err(`... until ${what}\n`);
      while (!(await holds())) {
        if (cancel.cancelled) throw new CommandError('the demo was stopped');
        if (clock.now() - start > PATIENCE_MS) {
          throw new CommandError(`the demo waited in vain: ${what}`);
        }
        await sleep(clock, milliseconds(LOOK_MS), cancel);
      }
    },
  };
}

async function kubectl<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof ProcessError) || error.kind !== 'missing') throw error;
    throw new CommandError(
      'kubectl was not found on PATH: install it (https://kubernetes.io/docs/tasks/tools/) and start the demo again',
      { cause: error },
    );
  }
}

export const DEMO: Leaf = {
  kind: 'leaf',
  name: 'demo',
  minArgs: 0,
  maxArgs: 0,
  short: 'Play a canary rollout from end to end',
  long:
    'Play the document in examples/ on a sandbox: deploy, update, an experiment without data that fails, abort, retry. ' +
    'Then it goes on with users: why the analysis fails even so, corrected queries and the promotion, and a bad version ' +
    'that is caught. Nothing but Node and kubectl is needed; no kubeconfig of yours is read or changed.',
  example:
    '# In about a minute\nslipway demo\n\n# In real time, with a transcript\nslipway demo --speed 1 --record story.txt',
  flags: [
    { ...text('speed', 'How much faster than real time its clock runs'), default: '8' },
    text('record', "File for the transcript of the document's part"),
  ],
  run: async (context) => {
    const { clock, terminal, files, env, flags } = context;
    const speed = speedOf(context);
    // Before anything is started: without kubectl there is no story.
    await kubectl(() =>
      context.processes.run({ command: 'kubectl', args: ['version', '--client'] }),
    );
    const folder = await files.temporaryFolder('slipway-demo-');
    // The other commands start without a cluster in their memory.
    const { startLocalCluster } = await import('../local-cluster.ts');
    try {
      const own = speed === 1 ? clock : new ScaledClock(clock, speed);
      const cluster = await startLocalCluster({
        clock: own,
        random: systemRandom(),
        files,
        env,
        log: SILENT,
        program: context.program,
        folder,
        port: 0,
        // As the document's transcript was recorded.
        propagationDelay: milliseconds(0),
      });
      let transcript = '';
      try {
        const stage = stageOn(context, cluster, own);
        for await (const told of tell(stage)) {
          const shown = toldText(told);
          terminal.out(shown);
          transcript += shown;
        }
        for await (const told of tellSequel(stage)) terminal.out(toldText(told));
      } finally {
        await cluster.stop();
      }
      const record = flags.text('record');
      if (record !== '') await files.write(record, transcript);
      return 0;
    } finally {
      await files.remove(folder);
    }
  },
};
