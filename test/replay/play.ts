// Plays a trace on the sandbox with our controller, on the virtual clock: from its beginning, or from a rest point on.
import { NAMESPACES } from '../../src/api/resources.ts';
import type { HttpRequest } from '../../src/lib/ports.ts';
import { type Cluster, type ClusterOptions, withCluster } from '../support/cluster.ts';
import { MetricSource } from './metrics.ts';
import { isWrite, type Played, Player } from './player.ts';
import type { RestPoint } from './rest-points.ts';
import { sandboxStage, type Stage } from './stage.ts';
import { loadingBegins, loadRest } from './takeover.ts';
import { type TakenOver, takenOver } from './taking-over.ts';
import type { Trace } from './trace.ts';

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
    const player = new Player(await stageOf(cluster, trace), trace, metrics);
    await player.begin();
    await player.run();
    return { ...player.played(), writes };
  });
}

/** The trace's namespace, which is made. */
async function stageOf(cluster: Cluster, { namespace: name }: Trace): Promise<Stage> {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
  await cluster.client.create(NAMESPACES, namespace);
  return sandboxStage(cluster, name);
}

function clusterOptions({ name, nodes }: Trace, metrics: MetricSource): ClusterOptions {
  const { startMs, stopMs } = nodes;
  return { seed: name, podStartMs: startMs, podStopMs: stopMs, metrics: metrics.transport };
}

/** Loads what the reference left behind at a rest point, starts a controller on it, and plays on from there. */
export async function takeOver({ trace, objects, index }: RestPoint): Promise<TakenOver> {
  const metrics = new MetricSource();
  const writes: string[] = [];
  const options = {
    ...clusterOptions(trace, metrics),
    start: loadingBegins(objects),
    isUncontrolled: true,
    onRequest: (request: HttpRequest) => {
      if (isWrite(request)) writes.push(`${request.method} ${request.path}`);
    },
  };
  return withCluster(options, async (cluster) => {
    const stage = await stageOf(cluster, trace);
    const player = new Player(stage, trace, metrics);
    player.know(objects, index);
    await loadRest(cluster, stage, { trace, objects, index });
    const control = () => cluster.restart();
    return takenOver({ stage, player, writes, control }, index);
  });
}
