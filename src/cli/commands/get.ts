// `get rollout` and `get experiment`, with their watches (cli.md 3).
import type { AnalysisRun } from '../../api/analysis.ts';
import type { Experiment } from '../../api/experiment.ts';
import type { Pod, ReplicaSet } from '../../api/kubernetes.ts';
import type { KubeObject, ResourceType } from '../../api/object.ts';
import { ANALYSIS_RUNS, EXPERIMENTS, PODS, REPLICA_SETS, ROLLOUTS } from '../../api/resources.ts';
import type { Rollout } from '../../api/rollout.ts';
import type { KubeClient } from '../../kube/client.ts';
import { isNotFound } from '../../kube/errors.ts';
import { createWatchCache, type WatchCache } from '../../kube/watch-cache.ts';
import { cancellation, sleep } from '../../lib/clock.ts';
import { seededRandom } from '../../lib/random.ts';
import { milliseconds, seconds } from '../../lib/time.ts';
import type { Family } from '../../view/family.ts';
import { experimentText, rolloutText } from '../../view/get.ts';
import { COLOURED, type Paint, PLAIN } from '../../view/icons.ts';
import { CommandError, type Connected, type Context, type Flag, type Leaf } from '../command.ts';
import { bool, int } from '../flags.ts';

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

type Text<T> = (
  object: T,
  options: { family: Family; now: Awaited<ReturnType<Connected['serverNow']>>; paint: Paint },
) => string;

interface Shown<T> {
  readonly resource: ResourceType;
  readonly text: Text<T>;
}

/** These commands read through caches, whose words for what is missing are in the singular. */
async function readOne<T extends KubeObject>(
  client: KubeClient,
  resource: ResourceType,
  place: { readonly namespace: string; readonly name: string },
): Promise<T> {
  try {
    return await client.get<T>({ resource, ...place });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    throw missing(resource, place.name);
  }
}

export function missing({ kind, group }: ResourceType, name: string): CommandError {
  return new CommandError(`${kind.toLowerCase()}.${group} "${name}" not found`);
}

async function show<T extends KubeObject>(
  context: Context,
  { resource, text }: Shown<T>,
  name: string,
): Promise<number> {
  const connected = await context.connect();
  const { client, namespace } = connected;
  if (context.flags.bool('watch')) return watch(context, connected, { resource, text, name });
  const [object, family, now] = await Promise.all([
    readOne<T>(client, resource, { namespace, name }),
    familyOf(client, namespace),
    connected.serverNow(),
  ]);
  context.terminal.out(text(object, { family, now, paint: paintOf(context) }));
  return 0;
}

interface Watched<T> extends Shown<T> {
  readonly name: string;
}

const REPAINT = seconds(1);
const SHORTEST = milliseconds(200);
const CLEAR = '\u001B[H\u001B[2J\u001B[0;0H';

/** Caches of everything that is shown, started together. */
function cachesOf<T extends KubeObject>(
  context: Context,
  { client, namespace }: Connected,
  resource: ResourceType,
) {
  const cache = <K extends KubeObject>(kind: ResourceType): WatchCache<K> =>
    createWatchCache<K>({
      client,
      resource: kind,
      namespace,
      clock: context.clock,
      random: seededRandom(kind.plural),
      onProblem: (error) => context.terminal.err(`watch of ${kind.plural}: ${error.message}\n`),
    });
  return {
    main: cache<T>(resource),
    replicaSets: cache<ReplicaSet>(REPLICA_SETS),
    pods: cache<Pod>(PODS),
    experiments: cache<Experiment>(EXPERIMENTS),
    analysisRuns: cache<AnalysisRun>(ANALYSIS_RUNS),
  };
}

/** Repaints at every change, and every second since ages move. */
async function watch<T extends KubeObject>(
  context: Context,
  connected: Connected,
  { resource, text, name }: Watched<T>,
): Promise<number> {
  const { clock, terminal, cancel, flags } = context;
  const { namespace } = connected;
  await readOne(connected.client, resource, { namespace, name });
  const caches = cachesOf<T>(context, connected, resource);
  const all: readonly WatchCache<KubeObject>[] = Object.values(caches);
  const over = cancellation();
  cancel.onCancel(() => over.now());
  const limit = flags.int('timeout-seconds');
  if (limit > 0) void sleep(clock, seconds(limit), over.cancel).then(() => over.now());
  let changed = cancellation();
  for (const cache of all) {
    cache.onChange(() => changed.now());
    cache.start();
  }
  await Promise.race([
    Promise.all(all.map((cache) => cache.synced)),
    new Promise<void>((resolve) => over.cancel.onCancel(() => resolve())),
  ]);
  while (!over.cancel.cancelled) {
    const object = caches.main.get(namespace, name);
    changed = cancellation();
    if (object !== undefined) {
      const family = {
        replicaSets: caches.replicaSets.list(),
        pods: caches.pods.list(),
        experiments: caches.experiments.list(),
        analysisRuns: caches.analysisRuns.list(),
      };
      const now = await connected.serverNow();
      terminal.out(CLEAR + text(object, { family, now, paint: paintOf(context) }));
    }
    await sleep(clock, SHORTEST, over.cancel);
    const wake = changed.cancel;
    const both = cancellation();
    wake.onCancel(() => both.now());
    over.cancel.onCancel(() => both.now());
    await sleep(clock, milliseconds(REPAINT - SHORTEST), both.cancel);
  }
  for (const cache of all) cache.stop();
  return 0;
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
  flags: [WATCH, NO_COLOR, int('timeout-seconds', '0', 'Timeout after specified seconds')],
  completes: 'rollouts',
  run: (context, [name = '']) =>
    show<Rollout>(context, { resource: ROLLOUTS, text: rolloutText }, name),
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
