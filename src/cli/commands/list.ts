// `list rollouts` and `list experiments` (cli.md 7).
import type { Experiment } from '../../api/experiment.ts';
import type { KubeObject } from '../../api/object.ts';
import { EXPERIMENTS, ROLLOUTS } from '../../api/resources.ts';
import type { Rollout } from '../../api/rollout.ts';
import type { ObjectList, WatchEvent } from '../../kube/client.ts';
import { isExpired } from '../../kube/errors.ts';
import { sleep } from '../../lib/clock.ts';
import { instant, milliseconds, seconds } from '../../lib/time.ts';
import { experimentList, type ListOptions, rolloutList, rolloutRows } from '../../view/list.ts';
import type { Connected, Context, Flag, Leaf } from '../command.ts';
import { bool, text } from '../flags.ts';

const ALL: Flag = {
  ...bool('all-namespaces', 'Include all namespaces'),
  shorthand: 'A',
};
const NOTHING = 'No resources found.\n';
const MOST_FAILURES = 5;
const BATCH = milliseconds(500);
const NO_TIME = instant(0);

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
  const listed = await connected.client.listAll<Rollout>(ROLLOUTS, place);
  const { items } = listed;
  const isWatch = flags.bool('watch');
  if (items.length === 0 && !isWatch) {
    terminal.err(NOTHING);
    return 0;
  }
  const options = await optionsOf(context, connected);
  terminal.out(rolloutList(items, options));
  return isWatch ? watchRollouts(context, connected, listed) : 0;
}

function keyOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

/** Prints a row whenever it differs from the last one of its rollout. */
async function watchRollouts(
  context: Context,
  connected: Connected,
  listed: ObjectList<Rollout>,
): Promise<number> {
  const { terminal, cancel, clock } = context;
  const rows = new Rows(context, connected);
  rows.know(listed.items);
  const place = placeOf(context, connected);
  let version = listed.resourceVersion;
  let failures = 0;
  while (!cancel.cancelled) {
    let isFruitful = false;
    try {
      if (version === '') {
        const again = await connected.client.listAll<Rollout>(ROLLOUTS, { ...place, cancel });
        for (const rollout of again.items) rows.take(rollout);
        version = again.resourceVersion;
      }
      const from = { ...place, resourceVersion: version, cancel };
      for await (const event of connected.client.watch<Rollout>(ROLLOUTS, from)) {
        failures = 0;
        isFruitful = true;
        version = versionOf(event) ?? version;
        if (event.type === 'ADDED' || event.type === 'MODIFIED') rows.take(event.object);
      }
    } catch (error) {
      if (cancel.cancelled) break;
      // What happened meanwhile is no longer told: it is listed.
      if (isExpired(error)) version = '';
      failures += 1;
      if (failures > MOST_FAILURES) throw error;
      const message = error instanceof Error ? error.message : String(error);
      terminal.err(`watch of rollouts: ${message}; trying again\n`);
    }
    // A server that ends every watch at once must not be asked without pause.
    if (!isFruitful) await sleep(clock, seconds(1), cancel);
  }
  await rows.flush();
  return 0;
}

function versionOf(event: WatchEvent<Rollout>): string | undefined {
  return event.type === 'BOOKMARK' ? event.resourceVersion : event.object.metadata.resourceVersion;
}

/** Rows that are printed in batches, so that what comes together stands in straight columns. */
class Rows {
  readonly #context: Context;
  readonly #connected: Connected;
  readonly #last = new Map<string, string>();
  #waiting: Rollout[] = [];

  constructor(context: Context, connected: Connected) {
    this.#context = context;
    this.#connected = connected;
  }

  /** Has them as printed already. */
  know(rollouts: readonly Rollout[]): void {
    for (const rollout of rollouts) this.#last.set(keyOf(rollout), rowOf(rollout));
  }

  take(rollout: Rollout): void {
    const row = rowOf(rollout);
    if (this.#last.get(keyOf(rollout)) === row) return;
    this.#last.set(keyOf(rollout), row);
    this.#waiting.push(rollout);
    if (this.#waiting.length > 1) return;
    const { clock, cancel } = this.#context;
    void sleep(clock, BATCH, cancel).then(() => this.flush());
  }

  async flush(): Promise<void> {
    const rollouts = this.#waiting;
    this.#waiting = [];
    if (rollouts.length === 0) return;
    const options = await optionsOf(this.#context, this.#connected);
    this.#context.terminal.out(rolloutRows(rollouts, options));
  }
}

/** What a row says, without its time. */
function rowOf(rollout: Rollout): string {
  return rolloutRows([rollout], { now: NO_TIME, allNamespaces: true, timestamps: false });
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
