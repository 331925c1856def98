// A watch cache of a kind that is not looked at: it holds nothing and asks the server nothing.
import type { KubeObject, ResourceType } from '../api/object.ts';
import type { WatchCache } from './watch-cache.ts';

/** Filled from the start, always empty, and absent as a kind is that the server does not serve. */
export function noObjects<T extends KubeObject>(resource: ResourceType): WatchCache<T> {
  return {
    resource,
    start: () => undefined,
    stop: () => undefined,
    synced: Promise.resolve(),
    get: () => undefined,
    list: () => [],
    byOwner: () => [],
    orphans: () => [],
    onChange: () => () => undefined,
    isAbsent: true,
    resourceVersion: '',
  };
}
