// A view of one object that is painted anew as its cluster changes (cli.md 3.9). Entry point: `showLive`.
import type { AnalysisRun } from '../api/analysis.ts';
import type { Experiment } from '../api/experiment.ts';
import type { Pod, ReplicaSet } from '../api/kubernetes.ts';
import type { KubeObject, ResourceType } from '../api/object.ts';
import { ANALYSIS_RUNS, EXPERIMENTS, PODS, REPLICA_SETS } from '../api/resources.ts';
import { createWatchCache, type WatchCache } from '../kube/watch-cache.ts';
import { cancellation, sleep } from '../lib/clock.ts';
import type { Cancel, Duration, Instant } from '../lib/ports.ts';
import { seededRandom } from '../lib/random.ts';
import { milliseconds, seconds } from '../lib/time.ts';
import type { Family } from '../view/family.ts';
import type { Connected, Context } from './command.ts';

export interface Live<T> {
  readonly resource: ResourceType;
  readonly name: string;
  readonly text: (object: T, family: Family, now: Instant) => string;
  /** What is told when the object has gone. */
  readonly gone: string;
  /** The watch ends after this time. */
  readonly timeout: Duration | undefined;
}

/** Ages move, so that it is painted at least this often. */
const REPAINT = seconds(1);
/** Nobody reads faster. */
const SHORTEST = milliseconds(200);
const CLEAR = '\u001B[H\u001B[2J\u001B[0;0H';

interface Caches<T extends KubeObject> {
  readonly main: WatchCache<T>;
  readonly replicaSets: WatchCache<ReplicaSet>;
  readonly pods: WatchCache<Pod>;
  readonly experiments: WatchCache<Experiment>;
  readonly analysisRuns: WatchCache<AnalysisRun>;
}

function cachesOf<T extends KubeObject>(
  { clock, terminal }: Context,
  { client, namespace }: Connected,
  resource: ResourceType,
): Caches<T> {
  const cache = <K extends KubeObject>(kind: ResourceType): WatchCache<K> =>
    createWatchCache<K>({
      client,
      resource: kind,
      namespace,
      clock,
      random: seededRandom(kind.plural),
      onProblem: (error) => terminal.err(`watch of ${kind.plural}: ${error.message}\n`),
    });
  return {
    main: cache<T>(resource),
    replicaSets: cache(REPLICA_SETS),
    pods: cache(PODS),
    experiments: cache(EXPERIMENTS),
    analysisRuns: cache(ANALYSIS_RUNS),
  };
}

function familyOf(caches: Caches<KubeObject>): Family {
  return {
    replicaSets: caches.replicaSets.list(),
    pods: caches.pods.list(),
    experiments: caches.experiments.list(),
    analysisRuns: caches.analysisRuns.list(),
  };
}

/** Cancelled with the context, and after the time limit if there is one. */
export function ending({ clock, cancel }: Context, timeout: Duration | undefined) {
  const over = cancellation();
  cancel.onCancel(() => over.now());
  if (timeout !== undefined) void sleep(clock, timeout, over.cancel).then(() => over.now());
  return over;
}

export function cancelled(cancel: Cancel): Promise<undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  cancel.onCancel(() => resolve(undefined));
  return promise;
}

/** Paints until the context is cancelled or the time is over; the last view stays. */
export async function showLive<T extends KubeObject>(
  context: Context,
  connected: Connected,
  live: Live<T>,
): Promise<void> {
  const { clock } = context;
  const over = ending(context, live.timeout);
  const ended = cancelled(over.cancel);
  const caches = cachesOf<T>(context, connected, live.resource);
  const all: readonly WatchCache<KubeObject>[] = Object.values(caches);
  let wake = cancellation();
  over.cancel.onCancel(() => wake.now());
  for (const cache of all) {
    cache.onChange(() => wake.now());
    cache.start();
  }
  await Promise.race([Promise.all(all.map(({ synced }) => synced)), ended]);
  const canvas = new Canvas(context, connected, live);
  while (!over.cancel.cancelled) {
    wake = cancellation();
    const object = caches.main.get(connected.namespace, live.name);
    await Promise.race([canvas.paint(object, familyOf(caches)), ended]);
    await sleep(clock, SHORTEST, over.cancel);
    await sleep(clock, milliseconds(REPAINT - SHORTEST), wake.cancel);
  }
  for (const cache of all) cache.stop();
}

/** What is on the screen. */
class Canvas<T extends KubeObject> {
  readonly #context: Context;
  readonly #connected: Connected;
  readonly #live: Live<T>;
  #painted: { readonly text: string; readonly now: Instant; readonly at: Instant } | undefined;
  #isGone = false;

  constructor(context: Context, connected: Connected, live: Live<T>) {
    this.#context = context;
    this.#connected = connected;
    this.#live = live;
  }

  async paint(object: T | undefined, family: Family): Promise<void> {
    const { terminal, clock } = this.#context;
    if (object === undefined) {
      if (!this.#isGone) terminal.err(`${this.#live.gone}\n`);
      this.#isGone = true;
      return;
    }
    this.#isGone = false;
    if (!this.#isDue() && !this.#isChanged(object, family)) return;
    const now = await this.#connected.serverNow();
    const text = this.#live.text(object, family, now);
    this.#painted = { text, now, at: clock.now() };
    terminal.out(CLEAR + text);
  }

  #isDue(): boolean {
    const { clock } = this.#context;
    return this.#painted === undefined || clock.now() - this.#painted.at >= REPAINT;
  }

  /** Many changes in a cluster are none of this view. */
  #isChanged(object: T, family: Family): boolean {
    if (this.#painted === undefined) return true;
    return this.#live.text(object, family, this.#painted.now) !== this.#painted.text;
  }
}
