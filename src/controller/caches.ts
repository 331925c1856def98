// The watch caches of the controller: what it sees of the cluster, trimmed, indexed by owner. Pods are not watched.
import type { AnalysisRun, AnalysisTemplate, ClusterAnalysisTemplate } from '../api/analysis.ts';
import type { Experiment } from '../api/experiment.ts';
import type { Deployment, ReplicaSet, Service } from '../api/kubernetes.ts';
import { INSTANCE_LABEL, LAST_APPLIED } from '../api/names.ts';
import type { KubeObject, ObjectRef, ResourceType } from '../api/object.ts';
import {
  ANALYSIS_RUNS,
  ANALYSIS_TEMPLATES,
  CLUSTER_ANALYSIS_TEMPLATES,
  DEPLOYMENTS,
  destinationRules,
  EXPERIMENTS,
  POD_TEMPLATES,
  REPLICA_SETS,
  ROLLOUTS,
  SERVICES,
  virtualServices,
} from '../api/resources.ts';
import type { Rollout } from '../api/rollout.ts';
import type { KubeClient } from '../kube/client.ts';
import { noObjects } from '../kube/no-objects.ts';
import { createWatchCache, type WatchCache } from '../kube/watch-cache.ts';
import type { Clock, Random } from '../lib/ports.ts';
import type { Log } from './log.ts';
import type { Seen } from './memory.ts';
import { type WorkloadCaches, withoutStatus } from './workloads.ts';

export interface Caches {
  readonly rollouts: WatchCache<Rollout>;
  readonly experiments: WatchCache<Experiment>;
  readonly analysisRuns: WatchCache<AnalysisRun>;
  readonly analysisTemplates: WatchCache<AnalysisTemplate>;
  readonly clusterAnalysisTemplates: WatchCache<ClusterAnalysisTemplate>;
  readonly replicaSets: WatchCache<ReplicaSet>;
  readonly services: WatchCache<Service>;
  readonly virtualServices: WatchCache<KubeObject>;
  readonly destinationRules: WatchCache<KubeObject>;
}

/** The caches of the kinds that are decided, by plural. */
export type DecidedCaches = readonly (readonly [string, WatchCache<KubeObject>])[];

export function decidedCaches(caches: Caches, onlyAnalysis = false): DecidedCaches {
  const runs = [ANALYSIS_RUNS.plural, caches.analysisRuns] as const;
  if (onlyAnalysis) return [runs];
  return [[ROLLOUTS.plural, caches.rollouts], [EXPERIMENTS.plural, caches.experiments], runs];
}

export interface CachesOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Watch this namespace only; all if absent. */
  readonly namespace?: string;
  /** Version of networking.istio.io in request paths (traffic.md 2.1). */
  readonly istioVersion: string;
  /** Objects of this instance only (operations.md 6); only those of none if absent. */
  readonly instance?: string;
  /** Told of each list or watch that broke; it is begun anew. */
  readonly onRestart?: (resource: ResourceType) => void;
}

/** Kinds that belong to one instance of the controller. */
const OF_INSTANCE: ReadonlySet<ResourceType> = new Set([
  ROLLOUTS,
  EXPERIMENTS,
  ANALYSIS_RUNS,
  ANALYSIS_TEMPLATES,
  CLUSTER_ANALYSIS_TEMPLATES,
]);

function instanceSelector({ instance }: CachesOptions): string {
  return instance === undefined ? `!${INSTANCE_LABEL}` : `${INSTANCE_LABEL}=${instance}`;
}

type CacheOf = <T extends KubeObject>(
  resource: ResourceType,
  of?: { readonly isOptional?: boolean; readonly trim?: (object: T) => T },
) => WatchCache<T>;

function cacheMaker(options: CachesOptions): CacheOf {
  return <T extends KubeObject>(
    resource: ResourceType,
    { isOptional = false, trim = (object: T) => object } = {},
  ): WatchCache<T> =>
    createWatchCache<T>({
      client: options.client,
      resource,
      isOptional,
      ...(OF_INSTANCE.has(resource) ? { labelSelector: instanceSelector(options) } : {}),
      trim: (object) => trim(withoutLastApplied(object)),
      clock: options.clock,
      random: options.random,
      onProblem: (error) => {
        options.onRestart?.(resource);
        options.log.warn('watch failed, trying again', {
          resource: resource.plural,
          cause: error.message,
        });
      },
      ...(options.namespace === undefined || !resource.namespaced
        ? {}
        : { namespace: options.namespace }),
    });
}

/** Makes the caches; none is started. */
export function createCaches(options: CachesOptions): Caches {
  const cacheOf = cacheMaker(options);
  return {
    rollouts: cacheOf(ROLLOUTS),
    experiments: cacheOf(EXPERIMENTS),
    analysisRuns: cacheOf(ANALYSIS_RUNS),
    analysisTemplates: cacheOf(ANALYSIS_TEMPLATES),
    // Whoever has the rights of one namespace may not read what is of none (operations.md 6).
    clusterAnalysisTemplates:
      options.namespace === undefined
        ? cacheOf(CLUSTER_ANALYSIS_TEMPLATES)
        : noObjects(CLUSTER_ANALYSIS_TEMPLATES),
    replicaSets: cacheOf(REPLICA_SETS),
    services: cacheOf(SERVICES),
    // A cluster need not have Istio, and may get it later.
    virtualServices: cacheOf(virtualServices(options.istioVersion), { isOptional: true }),
    destinationRules: cacheOf(destinationRules(options.istioVersion), { isOptional: true }),
  };
}

/** Makes the caches of workloads, which are started when a Rollout names one. */
export function createWorkloadCaches(options: CachesOptions, caches: Caches): WorkloadCaches {
  const cacheOf = cacheMaker(options);
  return {
    deployments: cacheOf<Deployment>(DEPLOYMENTS, { trim: withoutStatus }),
    podTemplates: cacheOf(POD_TEMPLATES),
    replicaSets: caches.replicaSets,
  };
}

/** What kubectl keeps for itself is as large as the object; nothing of ours reads it. */
function withoutLastApplied<T extends KubeObject>(object: T): T {
  const { annotations } = object.metadata;
  if (annotations?.[LAST_APPLIED] === undefined) return object;
  const { [LAST_APPLIED]: _dropped, ...kept } = annotations;
  return { ...object, metadata: { ...object.metadata, annotations: kept } };
}

/** What the caches say of the object of `ref`; undefined when its kind is not watched. */
export function seenIn(
  caches: readonly (Caches | WorkloadCaches)[],
  ref: ObjectRef,
): Seen | undefined {
  const all = caches.flatMap((some): readonly WatchCache<KubeObject>[] => Object.values(some));
  const cache = all.find(
    (candidate) =>
      candidate.resource.plural === ref.resource.plural &&
      candidate.resource.group === ref.resource.group,
  );
  // What is not served (any more), or not read yet, may never be seen: nobody waits for it.
  if (cache === undefined || cache.isAbsent || cache.resourceVersion === '') return undefined;
  return { object: cache.get(ref.namespace, ref.name), readUpTo: cache.resourceVersion };
}
