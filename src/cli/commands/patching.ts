// Commands that are one patch: pause, abort, retry, terminate, restart (cli.md 2).
import type { Json, ObjectRef, ResourceType } from '../../api/object.ts';
import { ANALYSIS_RUNS, EXPERIMENTS, ROLLOUTS } from '../../api/resources.ts';
import { isNotFound } from '../../kube/errors.ts';
import type { KubeClient } from '../../kube/client.ts';
import { formatInstant, later, parseDuration } from '../../lib/time.ts';
import { CommandError, type Context, type Leaf } from '../command.ts';

/** Patches the status; servers whose kind has no such subresource get it on the object. */
export async function patchStatus(client: KubeClient, ref: ObjectRef, body: Json): Promise<void> {
  try {
    await client.patch(ref, { type: 'merge', body, subresource: 'status' });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await client.patch(ref, { type: 'merge', body });
  }
}

/** Does one thing to each name, in order, up to the first that fails. */
async function forEach(
  context: Context,
  names: readonly string[],
  act: (
    client: KubeClient,
    ref: { readonly namespace: string; readonly name: string },
  ) => Promise<string>,
): Promise<number> {
  const { client, namespace } = await context.connect();
  for (const name of names) context.terminal.out(`${await act(client, { namespace, name })}\n`);
  return 0;
}

interface Patching {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly args: string;
  readonly short: string;
  readonly example: string;
  readonly completes: NonNullable<Leaf['completes']>;
  readonly resource: ResourceType;
  readonly body: Json;
  readonly isStatus?: boolean;
  readonly done: (name: string) => string;
}

function patching(wanted: Patching): Leaf {
  const { name, aliases, args, short, example, completes, resource, body, done } = wanted;
  return {
    kind: 'leaf',
    name,
    ...(aliases === undefined ? {} : { aliases }),
    args,
    minArgs: 1,
    maxArgs: Number.POSITIVE_INFINITY,
    short,
    example,
    flags: [],
    completes,
    run: (context, names) =>
      forEach(context, names, async (client, place) => {
        const ref = { resource, ...place };
        if (wanted.isStatus === true) await patchStatus(client, ref, body);
        else await client.patch(ref, { type: 'merge', body });
        return done(place.name);
      }),
  };
}

export const PAUSE = patching({
  name: 'pause',
  args: 'ROLLOUT_NAME...',
  short: 'Pause a rollout',
  example: '# Pause a rollout\nkubectl argo rollouts pause guestbook',
  completes: 'rollouts',
  resource: ROLLOUTS,
  body: { spec: { paused: true } },
  done: (name) => `rollout '${name}' paused`,
});

export const ABORT = patching({
  name: 'abort',
  args: 'ROLLOUT_NAME...',
  short: 'Abort a rollout',
  example: '# Abort a rollout\nkubectl argo rollouts abort guestbook',
  completes: 'rollouts',
  resource: ROLLOUTS,
  body: { status: { abort: true } },
  isStatus: true,
  done: (name) => `rollout '${name}' aborted`,
});

export const RETRY_ROLLOUT = patching({
  name: 'rollout',
  aliases: ['ro', 'rollouts'],
  args: 'ROLLOUT_NAME...',
  short: 'Retry an aborted rollout',
  example: '# Retry an aborted rollout\nkubectl argo rollouts retry rollout guestbook',
  completes: 'rollouts',
  resource: ROLLOUTS,
  body: { status: { abort: false } },
  isStatus: true,
  done: (name) => `rollout '${name}' retried`,
});

export const RETRY_EXPERIMENT = patching({
  name: 'experiment',
  aliases: ['exp', 'experiments'],
  args: 'EXPERIMENT_NAME...',
  short: 'Retry an experiment',
  example: '# Retry an experiment\nkubectl argo rollouts retry experiment my-experiment',
  completes: 'experiments',
  resource: EXPERIMENTS,
  body: { status: null },
  done: (name) => `experiment '${name}' retried`,
});

export const TERMINATE_RUN = patching({
  name: 'analysisrun',
  aliases: ['ar', 'analysisruns'],
  args: 'ANALYSISRUN_NAME...',
  short: 'Terminate an AnalysisRun',
  example:
    '# Terminate an AnalysisRun\nkubectl argo rollouts terminate analysisrun guestbook-877894d5b-4-success-rate.1',
  completes: 'analysisruns',
  resource: ANALYSIS_RUNS,
  body: { spec: { terminate: true } },
  done: (name) => `analysisRun '${name}' terminated`,
});

export const TERMINATE_EXPERIMENT = patching({
  name: 'experiment',
  aliases: ['exp', 'experiments'],
  args: 'EXPERIMENT_NAME...',
  short: 'Terminate an experiment',
  example: '# Terminate an experiment\nkubectl argo rollouts terminate experiment my-experiment',
  completes: 'experiments',
  resource: EXPERIMENTS,
  body: { spec: { terminate: true } },
  done: (name) => `experiment '${name}' terminated`,
});

export const RESTART: Leaf = {
  kind: 'leaf',
  name: 'restart',
  args: 'ROLLOUT',
  minArgs: 1,
  maxArgs: 1,
  short: 'Restart the pods of a rollout',
  example:
    '# Restart the pods of a rollout now\nkubectl argo rollouts restart ROLLOUT_NAME\n\n' +
    '# Restart the pods of a rollout in ten seconds\nkubectl argo rollouts restart ROLLOUT_NAME --in 10s',
  flags: [
    {
      name: 'in',
      shorthand: 'i',
      type: 'string',
      default: '',
      usage: 'Amount of time before a restart. (e.g. 30s, 5m, 1h)',
    },
  ],
  completes: 'rollouts',
  run: async (context, [name = '']) => {
    const delay = context.flags.text('in');
    const parsed = parseDuration(delay === '' ? '0s' : delay);
    if (!parsed.ok) throw new CommandError(`--in: ${parsed.error}: write it as in 30s, 5m or 1h`);
    const connected = await context.connect();
    const at = later(await connected.serverNow(), parsed.duration);
    const ref = { resource: ROLLOUTS, namespace: connected.namespace, name };
    await connected.client.patch(ref, {
      type: 'merge',
      body: { spec: { restartAt: formatInstant(at) } },
    });
    context.terminal.out(`rollout '${name}' restarts in ${delay === '' ? '0s' : delay}\n`);
    return 0;
  },
};
