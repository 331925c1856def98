// `list rollouts` and `list experiments` (cli.md 7).
import type { Experiment } from '../../api/experiment.ts';
import type { KubeObject } from '../../api/object.ts';
import { EXPERIMENTS, ROLLOUTS } from '../../api/resources.ts';
import type { Rollout } from '../../api/rollout.ts';
import { cancellation, sleep } from '../../lib/clock.ts';
import { seconds } from '../../lib/time.ts';
import { experimentList, type ListOptions, rolloutList, rolloutRows } from '../../view/list.ts';
import type { Connected, Context, Flag, Leaf } from '../command.ts';
import { bool, text } from '../flags.ts';

const ALL: Flag = {
  ...bool('all-namespaces', 'Include all namespaces'),
  shorthand: 'A',
};
const NOTHING = 'No resources found.\n';
const MOST_FAILURES = 5;

async function optionsOf({ flags }: Context, connected: Connected): Promise<ListOptions> {
  return {
    now: await connected.serverNow(),
    allNamespaces: flags.bool('all-namespaces'),
    timestamps: flags.bool('timestamps'),
  };
}

function placeOf({ flags }: Context, { namespace }: Connected) {
  const name = flags.text('name');
  return {
    ...(flags.bool('all-namespaces') ? {} : { namespace }),
    ...(name === '' ? {} : { fieldSelector: `metadata.name=${name}` }),
  };
}

async function listRollouts(context: Context): Promise<number> {
  const { terminal, flags } = context;
  const connected = await context.connect();
  const place = placeOf(context, connected);
  const { items, resourceVersion } = await connected.client.listAll<Rollout>(ROLLOUTS, place);
  const isWatch = flags.bool('watch');
  if (items.length === 0 && !isWatch) {
    terminal.err(NOTHING);
    return 0;
  }
  const options = await optionsOf(context, connected);
  terminal.out(rolloutList(items, options));
  return isWatch ? watchRollouts(context, connected, { items, resourceVersion }) : 0;
}

function keyOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

/** Prints a row whenever it differs from the last one of its rollout. */
async function watchRollouts(
  context: Context,
  connected: Connected,
  listed: { readonly items: readonly Rollout[]; readonly resourceVersion: string },
): Promise<number> {
  const { terminal, cancel, clock } = context;
  const options = await optionsOf(context, connected);
  const rowOf = (rollout: Rollout) => rolloutRows([rollout], { ...options, timestamps: false });
  const printed = new Map(listed.items.map((rollout) => [keyOf(rollout), rowOf(rollout)]));
  let version = listed.resourceVersion;
  let failures = 0;
  const over = cancellation();
  cancel.onCancel(() => over.now());
  while (!cancel.cancelled) {
    try {
      const events = connected.client.watch<Rollout>(ROLLOUTS, {
        ...placeOf(context, connected),
        resourceVersion: version,
        cancel,
      });
      for await (const event of events) {
        failures = 0;
        if (event.type === 'BOOKMARK') {
          version = event.resourceVersion;
          continue;
        }
        const { object } = event;
        version = object.metadata.resourceVersion ?? version;
        const row = rowOf(object);
        if (event.type === 'DELETED' || printed.get(keyOf(object)) === row) continue;
        printed.set(keyOf(object), row);
        terminal.out(rolloutRows([object], await optionsOf(context, connected)));
      }
    } catch (error) {
      if (cancel.cancelled) break;
      failures += 1;
      if (failures > MOST_FAILURES) throw error;
      terminal.err(`watch failed: ${error instanceof Error ? error.message : String(error)}\n`);
      await sleep(clock, seconds(1), over.cancel);
    }
  }
  return 0;
}

export const LIST_ROLLOUTS: Leaf = {
  kind: 'leaf',
  name: 'rollouts',
  aliases: ['ro', 'rollout'],
  minArgs: 0,
  maxArgs: 0,
  short: 'List rollouts',
  example:
    '# List rollouts\nkubectl argo rollouts list rollouts\n\n' +
    '# List rollouts from all namespaces\nkubectl argo rollouts list rollouts --all-namespaces\n\n' +
    '# List rollouts and watch for changes\nkubectl argo rollouts list rollouts --watch',
  flags: [
    text('name', 'Only show rollout with specified name'),
    ALL,
    { ...bool('watch', 'Watch for changes'), shorthand: 'w' },
    bool('timestamps', 'Print timestamps on updates'),
  ],
  run: listRollouts,
};

export const LIST_EXPERIMENTS: Leaf = {
  kind: 'leaf',
  name: 'experiments',
  aliases: ['exp', 'experiment'],
  minArgs: 0,
  maxArgs: 0,
  short: 'List experiments',
  example:
    '# List experiments\nkubectl argo rollouts list experiments\n\n' +
    '# List experiments from all namespaces\nkubectl argo rollouts list experiments --all-namespaces',
  flags: [ALL],
  run: async (context) => {
    const connected = await context.connect();
    const place = placeOf(context, connected);
    const { items } = await connected.client.listAll<Experiment>(EXPERIMENTS, place);
    if (items.length === 0) context.terminal.err(NOTHING);
    else context.terminal.out(experimentList(items, await optionsOf(context, connected)));
    return 0;
  },
};
