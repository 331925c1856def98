// The workload controllers of the sandbox together: what kube-controller-manager is in a cluster.
import type { KubeObject, ResourceType } from '../../api/object.ts';
import { DEPLOYMENTS, JOBS, PODS, REPLICA_SETS, SERVICES } from '../../api/resources.ts';
import type { KubeClient } from '../../kube/client.ts';
import { createEventRecorder } from '../../kube/events.ts';
import { createWatchCache, type WatchCache } from '../../kube/watch-cache.ts';
import type { Clock, Random } from '../../lib/ports.ts';
import type { WorkloadCaches, WorkloadContext } from './context.ts';
import { startDeployments } from './deployment.ts';
import { startEndpoints } from './endpoints.ts';
import { startJobs } from './job.ts';
import { startReplicaSets } from './replica-set.ts';

export interface WorkloadsOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly onProblem: (what: string, error: Error) => void;
}

export interface Workloads {
  readonly caches: WorkloadCaches;
  /** Resolves when everything that is there has been seen. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export function createWorkloads(options: WorkloadsOptions): Workloads {
  const { client, clock, random, onProblem } = options;
  const cache = <T extends KubeObject>(resource: ResourceType): WatchCache<T> =>
    createWatchCache<T>({
      client,
      resource,
      clock,
      random,
      onProblem: (error) => onProblem(`watch of ${resource.plural}`, error),
    });
  const caches: WorkloadCaches = {
    pods: cache(PODS),
    replicaSets: cache(REPLICA_SETS),
    deployments: cache(DEPLOYMENTS),
    jobs: cache(JOBS),
    services: cache(SERVICES),
  };
  const events = createEventRecorder({
    client,
    clock,
    component: 'slipway-sandbox',
    onProblem: (error) => onProblem('event', error),
  });
  const context: WorkloadContext = { client, clock, random, caches, events, onProblem };
  const all: readonly WatchCache<KubeObject>[] = Object.values(caches);
  const loops = [startReplicaSets, startDeployments, startJobs, startEndpoints].map((begin) =>
    begin(context),
  );
  return {
    caches,
    start: async () => {
      for (const one of all) one.start();
      await Promise.all(all.map((one) => one.synced));
    },
    stop: async () => {
      for (const loop of loops) loop.stop();
      for (const one of all) one.stop();
      await events.flush();
    },
  };
}
