// What the controller's watch caches hold, read from the API server's store itself: never late, nothing to wait for.
import type { KubeObject, ResourceType } from '../../../src/api/object.ts';
import {
  ANALYSIS_RUNS,
  ANALYSIS_TEMPLATES,
  CLUSTER_ANALYSIS_TEMPLATES,
  destinationRules,
  EXPERIMENTS,
  REPLICA_SETS,
  ROLLOUTS,
  SERVICES,
  virtualServices,
} from '../../../src/api/resources.ts';
import { MANAGED_BY } from '../../../src/api/names.ts';
import type { ManagedObjects } from '../../../src/controller/managed-objects.ts';
import type { Caches } from '../../../src/controller/caches.ts';
import type { Workloads } from '../../../src/controller/workloads.ts';
import { workloadKind } from '../../../src/core/rollout/workload.ts';
import { controllerOf } from '../../../src/core/ownership.ts';
import type { WatchCache } from '../../../src/kube/watch-cache.ts';
import { type Store, storeKey } from '../../../src/sandbox/apiserver/store.ts';

const ISTIO_VERSION = 'v1beta1';

export function storeCaches(store: Store): Caches {
  const cacheOf = <T extends KubeObject>(resource: ResourceType) => cache<T>(store, resource);
  return {
    rollouts: cacheOf(ROLLOUTS),
    experiments: cacheOf(EXPERIMENTS),
    analysisRuns: cacheOf(ANALYSIS_RUNS),
    analysisTemplates: cacheOf(ANALYSIS_TEMPLATES),
    clusterAnalysisTemplates: cacheOf(CLUSTER_ANALYSIS_TEMPLATES),
    replicaSets: cacheOf(REPLICA_SETS),
    services: cacheOf(SERVICES),
    virtualServices: cacheOf(virtualServices(ISTIO_VERSION)),
    destinationRules: cacheOf(destinationRules(ISTIO_VERSION)),
  };
}

/** Services and DestinationRules that a Rollout has pointed. */
export function storeManagedObjects(store: Store): Pick<ManagedObjects, 'of'> {
  return {
    of: ({ namespace, name }) =>
      [SERVICES, destinationRules(ISTIO_VERSION)]
        .flatMap((resource) => store.list(storeKey(resource), namespace))
        .filter(({ metadata }) => metadata.annotations?.[MANAGED_BY] === name),
  };
}

/** What Rollouts take their template from. */
export function storeWorkloads(store: Store): Pick<Workloads, 'find'> {
  return {
    find: (_key, rollout) => {
      const resource = workloadKind(rollout);
      if (resource === undefined) return undefined;
      const name = rollout.spec.workloadRef?.name ?? '';
      return store.get(storeKey(resource), rollout.metadata.namespace, name);
    },
  };
}

/** Objects in the store are of the kind that their collection is for. */
function cache<T extends KubeObject>(store: Store, resource: ResourceType): WatchCache<T> {
  const key = storeKey(resource);
  const list = (namespace?: string) => store.list(key, namespace) as readonly T[];
  return {
    resource,
    isAbsent: false,
    synced: Promise.resolve(),
    start: () => undefined,
    stop: () => undefined,
    get: (namespace, name) => store.get(key, namespace, name) as T | undefined,
    list,
    byOwner: (uid) =>
      store
        .dependents(uid)
        .filter(([where, object]) => where === key && controllerOf(object)?.uid === uid)
        .map(([, object]) => object as T),
    orphans: (namespace) => list(namespace).filter((object) => controllerOf(object) === undefined),
    onChange: () => () => undefined,
    get resourceVersion() {
      return String(store.revision);
    },
  };
}
