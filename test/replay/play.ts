// Plays a trace on the sandbox with our controller, on the virtual clock: from its beginning, or from a rest point on.
import { NAMESPACES } from '../../src/api/resources.ts';
import type { HttpRequest } from '../../src/lib/ports.ts';
import { type Cluster, type ClusterOptions, withCluster } from '../support/cluster.ts';
import { MetricSource } from './metrics.ts';
import { isWrite, type Played, Player } from './player.ts';
import { sandboxStage } from './stage.ts';
import { loadingBegins, loadRest, type Stored } from './takeover.ts';
import type { Trace } from './trace.ts';

const TAKE_OVER_MS = 1500;

export async function play(trace: Trace): Promise<Played> {
  const metrics = new MetricSource();
  let writes = 0;
  const options = {
    ...clusterOptions(trace, metrics),
    onRequest: (request: HttpRequest) => {
      if (isWrite(request)) writes += 1;
    },
  };
  return withCluster(options, async (cluster) => {
    const player = await playerOn(cluster, trace, metrics);
    await player.begin();
    await player.run();
    return { ...player.played(), writes };
  });
}

/** A player in the trace's namespace, which it makes. */
async function playerOn(cluster: Cluster, trace: Trace, metrics: MetricSource): Promise<Player> {
  const { namespace: name } = trace;
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
  await cluster.client.create(NAMESPACES, namespace);
  return new Player(sandboxStage(cluster, name), trace, metrics);
}

function clusterOptions({ name, nodes }: Trace, metrics: MetricSource): ClusterOptions {
  const { startMs, stopMs } = nodes;
  return { seed: name, podStartMs: startMs, podStopMs: stopMs, metrics: metrics.transport };
}

/** What a controller of ours did that was put in the reference's place at a rest point. */
export interface TakenOver {
  /** Its writes before anything else happened: method and path. */
  readonly writes: readonly string[];
  /** Phases and messages of the Rollout, the one that was found first. */
  readonly phases: readonly string[];
  readonly podsBefore: readonly string[];
  readonly podsAfter: readonly string[];
  /** How the scenario went on from there: the states from this rest point on. */
  readonly played: Played;
}

/** Loads what the reference left behind at a rest point, starts a controller on it, and plays on from there. */
export async function takeOver(
  trace: Trace,
  objects: readonly Stored[],
  index: number,
): Promise<TakenOver> {
  const metrics = new MetricSource();
  const writes: string[] = [];
  const phases: string[] = [];
  const options = {
    ...clusterOptions(trace, metrics),
    start: loadingBegins(objects),
    isUncontrolled: true,
    onRequest: (request: HttpRequest) => {
      if (isWrite(request)) writes.push(`${request.method} ${request.path}`);
    },
  };
  return withCluster(options, async (cluster) => {
    const player = await playerOn(cluster, trace, metrics);
    player.know(objects, index);
    await loadRest(cluster, trace, { objects, index });
    const pods = () => player.pods.map(({ metadata }) => metadata.uid ?? '');
    const podsBefore = pods();
    const told = () => {
      const phase = player.phase;
      if (phases.at(-1) !== phase) phases.push(phase);
    };
    told();
    cluster.sandbox.store.observe(told);
    await cluster.restart();
    await cluster.advance(TAKE_OVER_MS);
    const found = { writes: [...writes], phases: [...phases], podsBefore, podsAfter: pods() };
    await player.run(index);
    return { ...found, played: { ...player.played(), writes: writes.length } };
  });
}
