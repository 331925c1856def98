import { describe, expect, it } from 'vitest';
import { EVENTS } from '../../api/resources.ts';
import { formatInstant, instant, milliseconds } from '../../lib/time.ts';
import { VirtualClock } from '../../lib/virtual-clock.ts';
import { expireEvents } from './event-expiry.ts';
import { Store, storeKey } from './store.ts';

const KEY = storeKey(EVENTS);
const HOUR_MS = 3_600_000;

function cluster() {
  const clock = new VirtualClock({
    start: instant(Date.UTC(2026, 0, 1)),
    idle: () => Promise.resolve(),
  });
  const store = new Store();
  expireEvents(store, clock);
  const tell = (name: string) => {
    const event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace: 'default', uid: name },
      lastTimestamp: formatInstant(clock.now()),
    };
    return store.put(KEY, event);
  };
  const pass = (ms: number) => clock.advance(milliseconds(ms));
  return { tell, pass, names: () => store.list(KEY).map(({ metadata }) => metadata.name) };
}

describe('an event', () => {
  it('goes when another one comes an hour after it', async () => {
    const { tell, pass, names } = cluster();
    tell('a');
    await pass(HOUR_MS / 2);
    tell('b');
    await pass(HOUR_MS / 2);
    tell('c');
    await pass(1);
    expect(names()).toEqual(['b', 'c']);
  });

  it('stays while it is told of again', async () => {
    const { tell, pass, names } = cluster();
    tell('a');
    await pass(HOUR_MS / 2);
    tell('a');
    await pass(HOUR_MS / 2);
    tell('b');
    await pass(1);
    expect(names()).toEqual(['a', 'b']);
    await pass(HOUR_MS / 2);
    tell('c');
    await pass(1);
    expect(names()).toEqual(['b', 'c']);
  });
});
