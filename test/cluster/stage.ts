// A namespace of the real API server as a stage for traces: seen by watches, in real time. Entry point: `withStage`.
import type { KubeObject, ResourceType } from '../../src/api/object.ts';
import {
  ANALYSIS_RUNS,
  DEPLOYMENTS,
  destinationRules,
  EVENTS,
  EXPERIMENTS,
  PODS,
  REPLICA_SETS,
  ROLLOUTS,
  SERVICES,
  virtualServices,
} from '../../src/api/resources.ts';
import { systemClock, systemRandom } from '../../src/host/clock.ts';
import { createWatchCache, type WatchCache } from '../../src/kube/watch-cache.ts';
import { sleep } from '../../src/lib/clock.ts';
import { milliseconds } from '../../src/lib/time.ts';
import { storeKey } from '../../src/sandbox/apiserver/store.ts';
import type { Revision, Stage } from '../replay/stage.ts';
import { until, type Real } from './real.ts';

const KINDS: readonly ResourceType[] = [
  ROLLOUTS,
  EXPERIMENTS,
  ANALYSIS_RUNS,
  REPLICA_SETS,
  DEPLOYMENTS,
  SERVICES,
  PODS,
  virtualServices('v1beta1'),
  destinationRules('v1beta1'),
];

type Caches = ReadonlyMap<string, WatchCache<KubeObject>>;

/** Watches the namespace, hands it to `play`, and ends the watches in any case. */
export async function withStage(real: Real, play: (stage: Stage) => Promise<void>): Promise<void> {
  const { client, namespace } = real;
  const caches: Caches = new Map(
    [...KINDS, EVENTS].map((resource) => [
      storeKey(resource),
      createWatchCache({
        client,
        resource,
        namespace,
        clock: systemClock,
        random: systemRandom(),
      }),
    ]),
  );
  try {
    for (const cache of caches.values()) cache.start();
    await Promise.all([...caches.values()].map(({ synced }) => synced));
    await play(stageOn(real, caches));
  } finally {
    for (const cache of caches.values()) cache.stop();
  }
}

function stageOn(real: Real, caches: Caches): Stage {
  const { client, api, namespace } = real;
  const list = (key: string): readonly KubeObject[] =>
    (caches.get(key)?.list() ?? []).toSorted((a, b) =>
      a.metadata.name < b.metadata.name ? -1 : 1,
    );
  return {
    namespace,
    client,
    api,
    clock: systemClock,
    list,
    observe: (see) => {
      for (const [key, cache] of caches) follow(key, cache, see);
    },
    advance: (ms) => sleep(systemClock, milliseconds(ms)),
    caughtUp: () => seen(real, caches, KINDS),
    end: async () => {
      await real.end();
      await seen(real, caches, [EVENTS]);
    },
  };
}

function follow(
  key: string,
  cache: WatchCache<KubeObject>,
  see: (revision: Revision) => void,
): void {
  cache.onChange(({ before, after }) => {
    const object = after ?? before;
    if (object === undefined) return;
    // The version of a deletion is not the object's last one.
    const version = after?.metadata.resourceVersion ?? cache.resourceVersion;
    see({ key, number: Number(version), object, isGone: after === undefined });
  });
}

/** Resolves when the watches have told of all that the server has of these kinds. */
async function seen(real: Real, caches: Caches, kinds: readonly ResourceType[]): Promise<void> {
  await Promise.all(
    kinds.map(async (resource) => {
      const cache = caches.get(storeKey(resource));
      if (cache === undefined) throw new Error(`${resource.plural} are not watched`);
      await until(`the watch of ${resource.plural} has caught up`, () => isSeen(real, cache));
    }),
  );
}

async function isSeen(
  { client, namespace }: Real,
  cache: WatchCache<KubeObject>,
): Promise<boolean> {
  const { items, resourceVersion } = await client.listAll(cache.resource, { namespace });
  const isReached = (object: KubeObject | undefined, version: string) =>
    object !== undefined && Number(object.metadata.resourceVersion) >= Number(version);
  if (Number(cache.resourceVersion) >= Number(resourceVersion)) return true;
  const names = new Set(items.map(({ metadata }) => metadata.name));
  return (
    items.every(({ metadata: { name, resourceVersion: version = '' } }) =>
      isReached(cache.get(namespace, name), version),
    ) &&
    cache.list().every((one) => names.has(one.metadata.name) || isReached(one, resourceVersion))
  );
}
