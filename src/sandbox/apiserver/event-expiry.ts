// Events are kept for an hour, as in a cluster: a sandbox that runs for days does not fill up with them.
import type { KubeEvent } from '../../api/kubernetes.ts';
import type { KubeObject } from '../../api/object.ts';
import { EVENTS } from '../../api/resources.ts';
import type { Clock } from '../../lib/ports.ts';
import { parseInstant } from '../../lib/time.ts';
import { type Store, storeKey } from './store.ts';

const KEY = storeKey(EVENTS);
const KEPT_MS = 3_600_000;

/** Whenever an event is written, those go that are an hour old. No timer wakes the process for it. */
export function expireEvents(store: Store, clock: Clock): void {
  // Oldest first; an event that was told of again is looked at when its first time has come.
  let waiting: { readonly object: KubeObject; readonly at: number }[] = [];
  store.subscribe(KEY, ({ type, object }) => {
    if (type !== 'ADDED') return;
    const now = clock.now();
    waiting.push({ object, at: seenAt(object) ?? now });
    const due = waiting.findIndex(({ at }) => at > now - KEPT_MS);
    if (due <= 0) return;
    const old = waiting.slice(0, due);
    waiting = waiting.slice(due);
    // After the write that is under way has been told to everybody.
    clock.at(now, () => {
      for (const { object: event } of old) {
        const live = store.get(KEY, event.metadata.namespace, event.metadata.name);
        if (live === undefined || live.metadata.uid !== event.metadata.uid) continue;
        const at = seenAt(live) ?? 0;
        if (at > now - KEPT_MS) waiting.push({ object: live, at });
        else store.remove(KEY, live);
      }
      waiting.sort((a, b) => a.at - b.at);
    });
  });
}

function seenAt(object: KubeObject): number | undefined {
  const { lastTimestamp, firstTimestamp } = object as KubeEvent;
  return parseInstant(lastTimestamp ?? firstTimestamp ?? object.metadata.creationTimestamp ?? '');
}
