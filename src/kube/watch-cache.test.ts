import { describe, expect, it } from 'vitest';
import { idle } from '../../test/support/cluster.ts';
import {
  type Answer,
  json,
  refusal,
  scriptedServer,
  stream,
  text,
} from '../../test/support/scripted-server.ts';
import type { KubeObject } from '../api/object.ts';
import { CONFIG_MAPS } from '../api/resources.ts';
import { TransportError } from '../lib/ports.ts';
import { seededRandom } from '../lib/random.ts';
import { instant, milliseconds, seconds } from '../lib/time.ts';
import { VirtualClock } from '../lib/virtual-clock.ts';
import { createClient } from './client.ts';
import { type Change, createWatchCache, type WatchCacheOptions } from './watch-cache.ts';

function map(name: string, version: number, more: object = {}): KubeObject {
  const metadata = { name, namespace: 'shop', resourceVersion: String(version), ...more };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata };
}

function listed(version: number, ...items: readonly KubeObject[]): Answer {
  return () =>
    json(200, {
      kind: 'ConfigMapList',
      apiVersion: 'v1',
      metadata: { resourceVersion: String(version) },
      items,
    });
}

function line(type: string, object: unknown): string {
  return `${JSON.stringify({ type, object })}\n`;
}

function bookmark(version: number): string {
  return line('BOOKMARK', { metadata: { resourceVersion: String(version) } });
}

const REFUSED = new TransportError('refused', 'nothing listens');
const RESET = new TransportError('reset', 'the peer went away');

/** A cache of ConfigMaps on a server with a script; at its end every request is refused. */
function cacheWith(options: Partial<WatchCacheOptions<KubeObject>> = {}) {
  const clock = new VirtualClock({ start: instant(0), idle });
  const server = scriptedServer(() => clock.now(), REFUSED);
  const problems: string[] = [];
  const changes: string[] = [];
  const cache = createWatchCache<KubeObject>({
    client: createClient({ transport: server.transport }),
    resource: CONFIG_MAPS,
    clock,
    random: seededRandom('watch'),
    onProblem: (error) => problems.push(error.message),
    ...options,
  });
  cache.onChange((change) => changes.push(told(change)));
  /** What was asked, in short: `list`, or `watch VERSION`. */
  const asked = () =>
    server.asked.map(({ request: { path } }) => {
      const version = /[?&]resourceVersion=(\d+)/.exec(path)?.[1];
      return path.includes('watch=true') ? `watch ${version}` : 'list';
    });
  const names = () => cache.list().map(({ metadata }) => metadata.name);
  return { clock, server, cache, problems, changes, asked, names };
}

function told({ before, after }: Change<KubeObject>): string {
  const name = (after ?? before)?.metadata.name ?? '';
  const of = (object: KubeObject | undefined) => object?.metadata.resourceVersion ?? '-';
  return `${name} ${of(before)}>${of(after)}`;
}

const SOON = milliseconds(0);

describe('a watch cache', () => {
  it('lists in pages, then watches from the version of the first page', async () => {
    const { clock, server, cache, asked, names } = cacheWith();
    const page = (version: number, name: string, next: string): Answer =>
      json(200, {
        metadata: { resourceVersion: String(version), continue: next },
        items: [map(name, 1)],
      });
    server.next(page(10, 'a', 'more'), page(12, 'b', ''), stream().response);
    cache.start();
    await clock.advance(SOON);
    expect(asked()).toEqual(['list', 'list', 'watch 10']);
    expect(server.asked[0]?.request.path).toContain('limit=500');
    expect(server.asked[1]?.request.path).toContain('continue=more');
    expect(server.asked[2]?.request.path).toMatch(/allowWatchBookmarks=true.*timeoutSeconds=\d+/);
    expect(names()).toEqual(['a', 'b']);
    cache.stop();
  });

  it('hands over the old and the new object of every change, in order', async () => {
    const { clock, server, cache, changes } = cacheWith();
    const watch = stream();
    server.next(listed(5, map('a', 3)), watch.response);
    cache.start();
    await clock.advance(SOON);
    watch.send(line('ADDED', map('b', 6)) + line('MODIFIED', map('a', 7)));
    watch.send(line('DELETED', map('a', 8)));
    await clock.advance(SOON);
    expect(changes).toEqual(['a ->3', 'b ->6', 'a 3>7', 'a 7>-']);
    expect(cache.resourceVersion).toBe('8');
    cache.stop();
  });

  it('a list after a time away tells of what has vanished meanwhile', async () => {
    const { clock, server, cache, changes, names } = cacheWith();
    const watch = stream();
    server.next(listed(5, map('a', 3), map('b', 4)), watch.response);
    cache.start();
    await clock.advance(SOON);
    server.next(listed(9, map('b', 4), map('c', 8)), stream().response);
    watch.send(line('ERROR', { code: 410, reason: 'Expired', message: 'too old' }));
    await clock.advance(SOON);
    expect(changes.slice(2)).toEqual(['c ->8', 'a 3>-']);
    expect(names()).toEqual(['b', 'c']);
    cache.stop();
  });

  it('bookmarks alone move the version that it goes on from', async () => {
    const { clock, server, cache, asked, problems } = cacheWith();
    const watch = stream();
    server.next(listed(5), watch.response, stream().response);
    cache.start();
    await clock.advance(SOON);
    watch.send(bookmark(70));
    await clock.advance(seconds(60));
    watch.send(bookmark(90));
    await clock.advance(seconds(60));
    watch.end();
    await clock.advance(SOON);
    expect(asked()).toEqual(['list', 'watch 5', 'watch 90']);
    expect(problems).toEqual([]);
    cache.stop();
  });

  it('a quiet watch that ends when its time is up is no failure', async () => {
    const { clock, server, cache, asked, problems } = cacheWith();
    const watch = stream();
    server.next(listed(5), watch.response, stream().response);
    cache.start();
    await clock.advance(seconds(300));
    watch.end();
    await clock.advance(SOON);
    expect(asked()).toEqual(['list', 'watch 5', 'watch 5']);
    expect(problems).toEqual([]);
    cache.stop();
  });

  it('a stopped cache asks no more and ends its watch', async () => {
    const { clock, server, cache, asked } = cacheWith();
    const watch = stream();
    server.next(listed(5), watch.response);
    cache.start();
    await clock.advance(SOON);
    cache.stop();
    await clock.advance(seconds(600));
    expect(watch.isCancelled).toBe(true);
    expect(asked()).toHaveLength(2);
  });
});

interface Row {
  readonly reason: string;
  /** What happens to the first watch, from version 5 on. */
  readonly fault: (watch: ReturnType<typeof stream>) => void;
  /** What is asked next. */
  readonly next: string;
  readonly problem?: RegExp;
}

const BROKEN_WATCHES: readonly Row[] = [
  {
    reason: 'a connection that breaks in the middle of a line loses nothing',
    fault: (watch) => {
      watch.send(line('ADDED', map('b', 6)));
      watch.send('{"type":"MODIFIED","obj');
      watch.end(RESET);
    },
    next: 'watch 6',
    problem: /peer went away/,
  },
  {
    reason: 'a body that ends in the middle of a line loses nothing',
    fault: (watch) => {
      watch.send(`${line('ADDED', map('b', 6))}{"type":"MODIFIED","obj`);
      watch.end();
    },
    next: 'watch 6',
    problem: /not JSON: \{"type":"MODIFIED"/,
  },
  {
    reason: 'an expired version, told as an event, is listed anew',
    fault: (watch) => watch.send(line('ERROR', { code: 410, reason: 'Expired' })),
    next: 'list',
  },
  {
    reason: 'an expired version whose event has only the old reason is listed anew',
    fault: (watch) => watch.send(line('ERROR', { code: 410, reason: 'Gone' })),
    next: 'list',
  },
  {
    reason: 'an error event of another kind keeps the version',
    fault: (watch) =>
      watch.send(line('ERROR', { code: 500, reason: 'InternalError', message: 'etcd' })),
    next: 'watch 5',
    problem: /etcd/,
  },
  {
    reason: 'a line that is no JSON keeps the version',
    fault: (watch) => watch.send('<html>proxy</html>\n'),
    next: 'watch 5',
    problem: /not JSON: <html>/,
  },
];

describe('a watch cache whose watch breaks', () => {
  it.each(BROKEN_WATCHES)('$reason', async ({ fault, next, problem }) => {
    const { clock, server, cache, asked, problems } = cacheWith();
    const first = stream();
    const second = stream();
    const again = next === 'list' ? [listed(5)] : [];
    server.next(listed(5), first.response, ...again, second.response);
    cache.start();
    await clock.advance(seconds(2));
    fault(first);
    await clock.advance(seconds(1));
    expect(asked()[2]).toBe(next);
    if (problem === undefined) expect(problems).toEqual([]);
    else expect(problems).toEqual([expect.stringMatching(problem)]);
    second.send(line('ADDED', map('late', 20)));
    await clock.advance(SOON);
    expect(cache.get('shop', 'late')).toBeDefined();
    cache.stop();
  });

  it('a watch that falls silent past its time is given up and resumed', async () => {
    const { clock, server, cache, asked, problems } = cacheWith();
    const silent = stream();
    const second = stream();
    server.next(listed(5), silent.response, second.response);
    cache.start();
    await clock.advance(SOON);
    const path = server.asked[1]?.request.path ?? '';
    const timeout = Number(/timeoutSeconds=(\d+)/.exec(path)?.[1]);
    await clock.advance(seconds(timeout + 9));
    expect(silent.isCancelled).toBe(false);
    await clock.advance(seconds(2));
    expect(silent.isCancelled).toBe(true);
    expect(asked()).toEqual(['list', 'watch 5', 'watch 5']);
    expect(problems).toEqual([expect.stringMatching(/connection is dead/)]);
    second.send(line('ADDED', map('late', 20)));
    await clock.advance(SOON);
    expect(cache.get('shop', 'late')).toBeDefined();
    cache.stop();
  });

  it.each([
    { reason: 'refused', answer: REFUSED, problem: /nothing listens/ },
    { reason: 'status 500', answer: refusal(500, 'InternalError'), problem: /InternalError/ },
    { reason: 'status 403', answer: refusal(403, 'Forbidden'), problem: /Forbidden/ },
    { reason: 'a page of a proxy', answer: text(502, '<html>bad</html>'), problem: /<html>bad/ },
    { reason: 'an answer that is no JSON', answer: text(200, 'hello'), problem: /not JSON: hello/ },
  ])('a list that fails ($reason) is tried again', async ({ answer, problem }) => {
    const { clock, server, cache, problems, names } = cacheWith();
    server.next(answer, listed(5, map('a', 1)), stream().response);
    cache.start();
    await clock.advance(seconds(1));
    expect(names()).toEqual(['a']);
    expect(problems).toEqual([expect.stringMatching(problem)]);
    cache.stop();
  });

  it('an expired version, told as a status, is listed anew at once', async () => {
    const { clock, server, cache, asked } = cacheWith();
    server.next(listed(5), refusal(410, 'Expired'), listed(9), stream().response);
    cache.start();
    await clock.advance(SOON);
    expect(asked()).toEqual(['list', 'watch 5', 'list', 'watch 9']);
    cache.stop();
  });

  it('a place in a list that has expired is followed by one whole list', async () => {
    const { clock, server, cache, asked, names } = cacheWith();
    const metadata = { resourceVersion: '5', continue: 'old' };
    const whole = listed(9, map('a', 1), map('b', 1));
    server.next(json(200, { metadata, items: [] }), refusal(410, 'Expired'), whole);
    server.next(stream().response);
    cache.start();
    await clock.advance(SOON);
    expect(asked()).toEqual(['list', 'list', 'list', 'watch 9']);
    expect(server.asked[2]?.request.path).not.toContain('limit');
    expect(names()).toEqual(['a', 'b']);
    cache.stop();
  });
});

describe('the pauses of a watch cache', () => {
  /** Moments between requests. */
  function gaps(asked: readonly { readonly at: number }[]): number[] {
    return asked.slice(1).map(({ at }, index) => at - (asked[index]?.at ?? 0));
  }

  it('grow from failure to failure up to half a minute, each with chance', async () => {
    const { clock, server, cache } = cacheWith();
    cache.start();
    await clock.advance(seconds(300));
    cache.stop();
    const pauses = gaps(server.asked);
    for (const [index, pause] of pauses.entries()) {
      const longest = Math.min(30_000, 200 * 2 ** index);
      expect(pause).toBeGreaterThanOrEqual(Math.floor(longest / 2));
      expect(pause).toBeLessThanOrEqual(longest);
    }
    expect(pauses.length).toBeGreaterThan(12);
    expect(new Set(pauses.slice(8)).size).toBeGreaterThan(1);
  });

  it('are short again after an event has come', async () => {
    const { clock, server, cache } = cacheWith();
    const failures = Array.from({ length: 8 }, () => REFUSED);
    const watch = stream();
    server.next(...failures, listed(5), watch.response);
    cache.start();
    await clock.advance(seconds(60));
    watch.send(bookmark(6));
    watch.end(RESET);
    await clock.advance(milliseconds(200));
    expect(server.asked).toHaveLength(11);
    cache.stop();
  });

  it('follow when the server answers 410 to everything', async () => {
    const { clock, server, cache, asked } = cacheWith();
    for (let turn = 0; turn < 50; turn += 1) server.next(listed(5), refusal(410, 'Expired'));
    cache.start();
    await clock.advance(seconds(1));
    cache.stop();
    expect(asked().length).toBeLessThan(16);
  });

  it('follow when every watch ends at once', async () => {
    const { clock, server, cache, asked } = cacheWith();
    const ended = () => json(200, { type: 'BOOKMARK', object: map('', 6) });
    server.next(listed(5), ...Array.from({ length: 100 }, () => ended()));
    cache.start();
    await clock.advance(seconds(1));
    cache.stop();
    expect(asked().length).toBeLessThan(14);
  });

  it('are as long as the server asks', async () => {
    const { clock, server, cache } = cacheWith();
    server.next(refusal(429, 'TooManyRequests', { 'retry-after': '20' }), listed(5));
    server.next(stream().response);
    cache.start();
    await clock.advance(seconds(19));
    expect(server.asked).toHaveLength(1);
    await clock.advance(seconds(1));
    expect(server.asked).toHaveLength(3);
    cache.stop();
  });
});

describe('a watch cache and those that it tells', () => {
  it('a listener that throws stops neither the reading nor the other listeners', async () => {
    const { clock, server, cache, problems, changes } = cacheWith();
    const after: string[] = [];
    cache.onChange(() => {
      throw new Error('the handler is broken');
    });
    cache.onChange((change) => after.push(told(change)));
    const watch = stream();
    server.next(listed(5, map('a', 1)), watch.response);
    cache.start();
    await clock.advance(SOON);
    watch.send(line('MODIFIED', map('a', 6)));
    await clock.advance(SOON);
    expect(after).toEqual(['a ->1', 'a 1>6']);
    expect(changes).toEqual(after);
    expect(problems).toEqual(['the handler is broken', 'the handler is broken']);
    cache.stop();
  });

  it('who is told of problems may throw too', async () => {
    const { clock, server, cache, names } = cacheWith({
      onProblem: () => {
        throw new Error('the log is full');
      },
    });
    server.next(REFUSED, listed(5, map('a', 1)), stream().response);
    cache.start();
    await clock.advance(seconds(1));
    expect(names()).toEqual(['a']);
    cache.stop();
  });

  it('an object that cannot be trimmed is kept whole', async () => {
    const { clock, server, cache, problems, names } = cacheWith({
      trim: () => {
        throw new Error('cannot trim');
      },
    });
    server.next(listed(5, map('a', 1)), stream().response);
    cache.start();
    await clock.advance(SOON);
    expect(names()).toEqual(['a']);
    expect(problems).toEqual(['cannot trim']);
    cache.stop();
  });

  it('finds objects by their controller, and those without one by namespace', async () => {
    const { clock, server, cache } = cacheWith();
    const ownerReferences = [
      { apiVersion: 'v1', kind: 'X', name: 'x', uid: 'u1', controller: true },
    ];
    const watch = stream();
    server.next(listed(5, map('b', 1, { ownerReferences }), map('a', 2)), watch.response);
    cache.start();
    await clock.advance(SOON);
    const namesOf = (objects: readonly KubeObject[]) =>
      objects.map(({ metadata }) => metadata.name);
    expect(namesOf(cache.byOwner('u1'))).toEqual(['b']);
    expect(namesOf(cache.orphans('shop'))).toEqual(['a']);
    watch.send(line('MODIFIED', map('b', 6)));
    await clock.advance(SOON);
    expect(namesOf(cache.byOwner('u1'))).toEqual([]);
    expect(namesOf(cache.orphans('shop'))).toEqual(['a', 'b']);
    cache.stop();
  });
});

describe('a watch cache of a kind that need not be there', () => {
  it('counts as filled when the server does not serve it, and says so once', async () => {
    const { clock, server, cache, problems, names } = cacheWith({ isOptional: true });
    const absent = () => text(404, '404 page not found');
    server.next(absent(), absent());
    cache.start();
    const state = { isSynced: false };
    void cache.synced.then(() => {
      state.isSynced = true;
      return undefined;
    });
    await clock.advance(SOON);
    expect(state.isSynced).toBe(true);
    await clock.advance(seconds(100));
    expect(problems).toEqual(['404 page not found']);
    server.next(listed(5, map('a', 1)), stream().response);
    await clock.advance(seconds(60));
    expect(names()).toEqual(['a']);
    cache.stop();
  });

  it('a kind that is needed is waited for', async () => {
    const { clock, server, cache, problems, names } = cacheWith();
    server.next(text(404, '404 page not found'), listed(5, map('a', 1)), stream().response);
    cache.start();
    await clock.advance(seconds(1));
    expect(names()).toEqual(['a']);
    expect(problems).toEqual(['404 page not found']);
    cache.stop();
  });
});
