// `status` (cli.md 2.6).
import { ROLLOUTS } from '../../api/resources.ts';
import type { Rollout } from '../../api/rollout.ts';
import { createWatchCache } from '../../kube/watch-cache.ts';
import { seededRandom } from '../../lib/random.ts';
import { parseDuration } from '../../lib/time.ts';
import { type ShownPhase, shownPhase } from '../../view/phase.ts';
import { CommandError, type Connected, type Context, type Leaf } from '../command.ts';
import { bool } from '../flags.ts';
import { cancelled, ending } from '../live.ts';
import { missing, readOne } from './get.ts';

function degraded({ message }: ShownPhase): CommandError {
  return new CommandError(`The rollout is in a degraded state with message: ${message}`);
}

function isFinal({ phase }: ShownPhase): boolean {
  return phase === 'Healthy' || phase === 'Degraded';
}

function once({ terminal }: Context, rollout: Rollout): number {
  const shown = shownPhase(rollout);
  terminal.out(isFinal(shown) ? `${shown.phase}\n` : `${shown.phase} - ${shown.message}\n`);
  if (shown.phase === 'Degraded') throw degraded(shown);
  return 0;
}

/** Follows until Healthy or Degraded, one line for each change. */
async function follow(context: Context, connected: Connected, name: string): Promise<number> {
  const { terminal, clock, flags } = context;
  const timeout = parseDuration(flags.text('timeout'));
  const over = ending(context, timeout.ok && timeout.duration > 0 ? timeout.duration : undefined);
  const cache = createWatchCache<Rollout>({
    client: connected.client,
    resource: ROLLOUTS,
    namespace: connected.namespace,
    clock,
    random: seededRandom('status'),
    onProblem: (error) => terminal.err(`watch of rollouts: ${error.message}\n`),
  });
  let last = '';
  let end: ShownPhase | undefined;
  cache.onChange(({ before, after }) => {
    if (end !== undefined) return;
    if (after === undefined) {
      if (before?.metadata.name === name) terminal.err(`${missing(ROLLOUTS, name).message}\n`);
      return;
    }
    if (after.metadata.name !== name) return;
    const shown = shownPhase(after);
    const line = shown.message === '' ? shown.phase : `${shown.phase} - ${shown.message}`;
    if (line !== last) terminal.out(`${line}\n`);
    last = line;
    if (!isFinal(shown)) return;
    end = shown;
    over.now();
  });
  cache.start();
  await cancelled(over.cancel);
  cache.stop();
  if (end?.phase === 'Healthy') return 0;
  throw end === undefined
    ? new CommandError('Rollout status watch exceeded timeout')
    : degraded(end);
}

export const STATUS: Leaf = {
  kind: 'leaf',
  name: 'status',
  args: 'ROLLOUT_NAME',
  minArgs: 1,
  maxArgs: 1,
  short: 'Show the status of a rollout',
  long: 'Watch rollout until it finishes or the timeout is exceeded. Returns success if the rollout is healthy upon completion and an error otherwise.',
  example:
    '# Watch the rollout until it succeeds\nkubectl argo rollouts status guestbook\n\n' +
    '# Show the rollout status\nkubectl argo rollouts status guestbook --watch=false\n\n' +
    '# Watch the rollout until it succeeds, fail if it takes more than 60 seconds\n' +
    'kubectl argo rollouts status --timeout 60s guestbook',
  flags: [
    { ...bool('watch', "Watch the status of the rollout until it's done", true), shorthand: 'w' },
    {
      name: 'timeout',
      shorthand: 't',
      type: 'duration',
      default: '0s',
      usage: 'The length of time to watch before giving up. Zero means wait forever',
    },
  ],
  completes: 'rollouts',
  run: async (context, [name = '']) => {
    const connected = await context.connect();
    const { client, namespace } = connected;
    const rollout = await readOne<Rollout>(client, { resource: ROLLOUTS, namespace, name });
    return context.flags.bool('watch') ? follow(context, connected, name) : once(context, rollout);
  },
};
