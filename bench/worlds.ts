// Snapshots for `decide`, taken by the controller's own eyes from a cluster on the virtual clock.
import { readFileSync } from 'node:fs';
import type { KubeObject } from '../src/api/object.ts';
import { analysisRunKind } from '../src/controller/analysis-runs.ts';
import { createCaches } from '../src/controller/caches.ts';
import { Dependents } from '../src/controller/dependents.ts';
import { experimentKind } from '../src/controller/experiments.ts';
import type { Snapshot } from '../src/controller/kind.ts';
import { SILENT } from '../src/controller/log.ts';
import { Memory } from '../src/controller/memory.ts';
import { rolloutKind } from '../src/controller/rollouts.ts';
import { ANALYSIS_RUNS, EXPERIMENTS, ROLLOUTS } from '../src/api/resources.ts';
import type { WatchCache } from '../src/kube/watch-cache.ts';
import { seconds } from '../src/lib/time.ts';
import { seededRandom } from '../src/lib/random.ts';
import { parseYaml } from '../src/lib/yaml.ts';
import { type Cluster, startCluster } from '../test/support/cluster.ts';
import { runPlugin } from '../test/support/command-line.ts';
import { post } from '../test/support/objects.ts';

const DOCUMENT = new URL(
  '../examples/mock-server-canary-istio-destinationrule-analysistemplate-experiment.yaml',
  import.meta.url,
);
const NAMESPACE = 'default';
const NAME = 'mock-server';
const HEALTHY_MS = 30_000;
const EXPERIMENTING_MS = 20_000;

export interface Snapshots {
  readonly settled: Snapshot;
  readonly inProgress: Snapshot;
  readonly experiment: Snapshot;
  readonly analysisRun: Snapshot;
}

/** The document's Rollout at rest, and in the middle of its experiment. */
export async function snapshots(): Promise<Snapshots> {
  const cluster = await startCluster({ seed: 'bench' });
  try {
    for (const object of documents()) await post(cluster.client, NAMESPACE, object);
    await cluster.advance(HEALTHY_MS);
    const settled = await taken(cluster, 'rollouts');
    const image = `${NAME}=ghcr.io/ssup2/mock-go-server:2.0.0`;
    const { code, err } = await runPlugin(cluster, NAMESPACE, ['set', 'image', NAME, image]);
    if (code !== 0) throw new Error(err);
    await cluster.advance(EXPERIMENTING_MS);
    return {
      settled,
      inProgress: await taken(cluster, 'rollouts'),
      experiment: await taken(cluster, 'experiments'),
      analysisRun: await taken(cluster, 'analysisruns'),
    };
  } finally {
    await cluster.stop();
  }
}

function documents(): readonly KubeObject[] {
  const parsed = parseYaml(readFileSync(DOCUMENT, 'utf8'));
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.documents as unknown as readonly KubeObject[];
}

/** The one object of that kind as a pass would see it; its hashes are computed already. */
async function taken(
  cluster: Cluster,
  plural: 'rollouts' | 'experiments' | 'analysisruns',
): Promise<Snapshot> {
  const caches = createCaches({
    client: cluster.client,
    clock: cluster.clock,
    random: seededRandom('bench'),
    log: SILENT,
    istioVersion: 'v1beta1',
  });
  const all: readonly WatchCache<KubeObject>[] = Object.values(caches);
  for (const cache of all) cache.start();
  await cluster.advance(1);
  await Promise.all(all.map((cache) => cache.synced));
  const ports = {
    caches,
    dependents: new Dependents(),
    workloads: { find: () => undefined },
    managedObjects: { of: () => [] },
    propagationDelay: seconds(5),
    keyOf: (...parts: readonly string[]) => parts.join('/'),
  };
  const kind = {
    [ROLLOUTS.plural]: rolloutKind,
    [EXPERIMENTS.plural]: experimentKind,
    [ANALYSIS_RUNS.plural]: analysisRunKind,
  }[plural]?.(ports);
  const cache = {
    rollouts: caches.rollouts,
    experiments: caches.experiments,
    analysisruns: caches.analysisRuns,
  }[plural];
  const [object] = cache.list();
  const take = () => {
    const snapshot = kind?.snapshot(NAMESPACE, object?.metadata.name ?? '', new Memory());
    return snapshot === 'unread' ? undefined : snapshot;
  };
  take()?.onCarriedOut();
  const again = take();
  for (const one of all) one.stop();
  if (again === undefined) throw new Error(`there is no object in ${plural}`);
  return again;
}
