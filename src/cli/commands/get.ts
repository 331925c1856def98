// `get rollout` and `get experiment` (cli.md 3); -w goes on in ../live.ts.
import type { AnalysisRun } from '../../api/analysis.ts';
import type { Experiment } from '../../api/experiment.ts';
import type { Pod, ReplicaSet } from '../../api/kubernetes.ts';
import type { KubeObject, ObjectRef, ResourceType } from '../../api/object.ts';
import {
  ANALYSIS_RUNS,
  DEPLOYMENTS,
  EXPERIMENTS,
  PODS,
  REPLICA_SETS,
  ROLLOUTS,
} from '../../api/resources.ts';
import type { Rollout } from '../../api/rollout.ts';
import type { KubeClient } from '../../kube/client.ts';
import { isNotFound } from '../../kube/errors.ts';
import { seconds } from '../../lib/time.ts';
import type { Family } from '../../view/family.ts';
import { experimentText, rolloutText, type ViewOptions } from '../../view/get.ts';
import { COLOURED, type Paint, PLAIN } from '../../view/icons.ts';
import { noDataLines } from '../../view/no-data.ts';
import { CommandError, type Context, type Flag, type Leaf } from '../command.ts';
import { bool, int } from '../flags.ts';
import { showLive } from '../live.ts';

const WATCH: Flag = { ...bool('watch', 'Watch live updates to the object'), shorthand: 'w' };
const NO_COLOR = bool('no-color', 'Do not colorize output');

function paintOf({ flags, env }: Context): Paint {
  return flags.bool('no-color') || env('TERM') === 'dumb' ? PLAIN : COLOURED;
}

/** One reading of everything that a tree may show. */
async function familyOf(client: KubeClient, namespace: string): Promise<Family> {
  const all = async <T extends KubeObject>(resource: ResourceType): Promise<readonly T[]> =>
    (await client.listAll<T>(resource, { namespace })).items;
  const [replicaSets, pods, experiments, analysisRuns] = await Promise.all([
    all<ReplicaSet>(REPLICA_SETS),
    all<Pod>(PODS),
    all<Experiment>(EXPERIMENTS),
    all<AnalysisRun>(ANALYSIS_RUNS),
  ]);
  return { replicaSets, pods, experiments, analysisRuns };
}

interface Shown<T> {
  readonly resource: ResourceType;
  readonly text: (object: T, options: ViewOptions) => string;
  /** What else must be there. */
  readonly check?: (client: KubeClient, object: T) => Promise<void>;
}

/** In the words of clients that read through caches, which are in the singular. */
export function missing({ kind, group }: ResourceType, name: string): CommandError {
  return new CommandError(`${kind.toLowerCase()}.${group} "${name}" not found`);
}

/** One object; `missing` if there is none. */
export async function readOne<T extends KubeObject>(
  client: KubeClient,
  ref: ObjectRef,
): Promise<T> {
  try {
    return await client.get<T>(ref);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    throw missing(ref.resource, ref.name);
  }
}

async function show<T extends KubeObject>(
  context: Context,
  { resource, text, check }: Shown<T>,
  name: string,
): Promise<number> {
  const { flags, terminal } = context;
  const connected = await context.connect();
  const { client, namespace } = connected;
  const paint = paintOf(context);
  const ref = { resource, namespace, name };
  if (flags.bool('watch')) {
    const object = await readOne<T>(client, ref);
    await check?.(client, object);
    const limit = flags.int('timeout-seconds');
    await showLive<T>(context, connected, {
      resource,
      name,
      text: (object, family, now) =>
        text(object, { family, now, paint }) + withoutData(object, family),
      gone: missing(resource, name).message,
      timeout: limit > 0 ? seconds(limit) : undefined,
    });
    return 0;
  }
  const [object, family] = await Promise.all([
    readOne<T>(client, ref),
    familyOf(client, namespace),
  ]);
  await check?.(client, object);
  terminal.out(text(object, { family, now: await connected.serverNow(), paint }));
  // Beside the output, which stays what scripts know.
  terminal.err(withoutData(object, family));
  return 0;
}

/** Why measurements had no data; empty if all had some. */
function withoutData(object: KubeObject, family: Family): string {
  const lines = noDataLines(object, family);
  return lines.length === 0 ? '' : `\n${lines.join('\n')}\n`;
}

/** The Deployment that a rollout takes its template from. */
async function checkWorkload(client: KubeClient, { metadata, spec }: Rollout): Promise<void> {
  const { workloadRef } = spec;
  const { namespace = '' } = metadata;
  if (workloadRef === undefined || (workloadRef.kind ?? 'Deployment') !== 'Deployment') return;
  await readOne(client, { resource: DEPLOYMENTS, namespace, name: workloadRef.name ?? '' });
}

export const GET_ROLLOUT: Leaf = {
  kind: 'leaf',
  name: 'rollout',
  aliases: ['ro', 'rollouts'],
  args: 'ROLLOUT_NAME',
  minArgs: 1,
  maxArgs: 1,
  short: 'Get details about a rollout',
  long: 'Get details about and visual representation of a rollout.',
  example:
    '# Get a rollout\nkubectl argo rollouts get rollout guestbook\n\n' +
    '# Watch a rollouts progress\nkubectl argo rollouts get rollout guestbook -w',
  flags: [WATCH, NO_COLOR, int('timeout-seconds', '0', 'End the watch after that many seconds')],
  completes: 'rollouts',
  run: (context, [name = '']) =>
    show<Rollout>(context, { resource: ROLLOUTS, text: rolloutText, check: checkWorkload }, name),
};

export const GET_EXPERIMENT: Leaf = {
  kind: 'leaf',
  name: 'experiment',
  aliases: ['exp', 'experiments'],
  args: 'EXPERIMENT_NAME',
  minArgs: 1,
  maxArgs: 1,
  short: 'Get details about an Experiment',
  long: 'Get details about and visual representation of an experiment.',
  example:
    '# Get an experiment\nkubectl argo rollouts get experiment my-experiment\n\n' +
    '# Watch experiment progress\nkubectl argo rollouts get experiment my-experiment -w',
  flags: [WATCH, NO_COLOR],
  completes: 'experiments',
  run: (context, [name = '']) =>
    show<Experiment>(context, { resource: EXPERIMENTS, text: experimentText }, name),
};
