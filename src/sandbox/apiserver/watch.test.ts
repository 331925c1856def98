import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../api/object.ts';
import { CONFIG_MAPS } from '../../api/resources.ts';
import { utf8Text } from '../../lib/bytes.ts';
import { seededRandom } from '../../lib/random.ts';
import { instant, seconds } from '../../lib/time.ts';
import { VirtualClock } from '../../lib/virtual-clock.ts';
import { createApiServer } from './server.ts';
import { Store, type StoreChange, storeKey } from './store.ts';

const KEY = storeKey(CONFIG_MAPS);

function cluster() {
  const clock = new VirtualClock({
    start: instant(Date.UTC(2026, 0, 1)),
    idle: () => new Promise<void>((resolve) => setImmediate(resolve)),
  });
  const store = new Store({ clock });
  const { handle } = createApiServer({ clock, random: seededRandom('watch'), store });
  const put = (name: string, labels: Readonly<Record<string, string>> = {}): KubeObject =>
    store.put(KEY, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace: 'default', uid: name, labels },
    });
  const watch = async (query: string) => {
    const path = `/api/v1/namespaces/default/configmaps?watch=true&${query}`;
    const response = await handle({ method: 'GET', path, headers: {} });
    const lines = response.body[Symbol.asyncIterator]();
    const next = async (): Promise<string> => {
      const { done, value } = await lines.next();
      if (done === true) return 'the end';
      const { type, object } = JSON.parse(utf8Text(value)) as {
        readonly type: string;
        readonly object: KubeObject;
      };
      const { name, resourceVersion = '', labels } = object.metadata;
      const mark = labels?.['on'] === undefined ? '' : ` on=${labels['on']}`;
      return `${type} ${name} ${resourceVersion}${mark}`;
    };
    return { code: response.status, next };
  };
  return { clock, store, put, watch };
}

describe('a watch', () => {
  it('begins with what is there and goes on with what happens', async () => {
    const { put, watch, store } = cluster();
    const a = put('a');
    const { next } = await watch('resourceVersion=0');
    expect(await next()).toBe(`ADDED a ${a.metadata.resourceVersion}`);
    const coming = next();
    const changed = put('a', { x: 'y' });
    expect(await coming).toBe(`MODIFIED a ${changed.metadata.resourceVersion}`);
    store.remove(KEY, changed);
    expect(await next()).toBe(`DELETED a ${store.revision}`);
  });

  it('goes on from a version with all that came after it', async () => {
    const { put, watch } = cluster();
    const { metadata } = put('a');
    put('b');
    put('c');
    const { next } = await watch(`resourceVersion=${metadata.resourceVersion}`);
    expect([await next(), await next()]).toEqual(['ADDED b 3', 'ADDED c 4']);
  });

  it('shows what comes to match as new, and what ceases to as gone, as it last was', async () => {
    const { put, watch } = cluster();
    put('a');
    const { next } = await watch('resourceVersion=0&labelSelector=on%3Dyes');
    const first = next();
    put('a', { on: 'yes' });
    expect(await first).toBe('ADDED a 3 on=yes');
    put('a');
    expect(await next()).toBe('DELETED a 4 on=yes');
  });

  it('marks the end of what is there, and tells how far it is when nothing happens', async () => {
    const { put, watch, clock } = cluster();
    put('a');
    const { next } = await watch(
      'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true',
    );
    expect(await next()).toBe('ADDED a 2');
    expect(await next()).toBe('BOOKMARK undefined 2');
    const coming = next();
    await clock.advance(seconds(61));
    expect(await coming).toBe('BOOKMARK undefined 2');
  });

  it('ends after the time that was asked for', async () => {
    const { watch, clock } = cluster();
    const { next } = await watch('timeoutSeconds=5');
    const coming = next();
    await clock.advance(seconds(6));
    expect(await coming).toBe('the end');
  });

  it('is refused from a version that is no longer kept', async () => {
    const { put, watch } = cluster();
    put('a');
    for (let index = 0; index < 5000; index += 1) put('b', { at: String(index) });
    expect((await watch('resourceVersion=2')).code).toBe(410);
  });

  it('is refused from a version that is ten minutes old, and goes on from one of five', async () => {
    const { clock, put, watch } = cluster();
    put('a');
    put('a', { at: '0' });
    await clock.advance(seconds(301));
    put('a', { at: '1' });
    const { code, next } = await watch('resourceVersion=2');
    expect([code, await next(), await next()]).toEqual([200, 'MODIFIED a 3', 'MODIFIED a 4']);
    await clock.advance(seconds(299));
    put('a', { at: '2' });
    expect((await watch('resourceVersion=2')).code).toBe(410);
    const later = await watch('resourceVersion=3');
    expect([later.code, await later.next()]).toEqual([200, 'MODIFIED a 4']);
  });

  it('drops a client that does not read, so that what waits for it is bounded', async () => {
    const { put, watch } = cluster();
    put('a');
    const { next } = await watch('resourceVersion=0');
    expect(await next()).toBe('ADDED a 2');
    for (let index = 0; index < 4000; index += 1) put('b', { at: String(index) });
    expect(await next()).toBe('ADDED b 3');
    for (let index = 0; index < 5000; index += 1) put('b', { at: String(index) });
    let last = '';
    for (let line = await next(); line !== 'the end'; line = await next()) last = line;
    expect(Number(last.split(' ')[2])).toBeLessThan(4010);
  });
});

describe('a change in the store', () => {
  it('is written out once for all who watch it, and not kept', () => {
    const { store, put } = cluster();
    const lines: Uint8Array[] = [];
    const changes: StoreChange[] = [];
    for (let index = 0; index < 3; index += 1) {
      store.subscribe(KEY, (change) => {
        lines.push(change.line('ADDED'));
        changes.push(change);
      });
    }
    put('a');
    expect(new Set(lines).size).toBe(1);
    expect(changes[0]?.line('ADDED')).not.toBe(lines[0]);
    expect(changes[0]?.line('ADDED')).toEqual(lines[0]);
  });
});
