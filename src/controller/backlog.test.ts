import { describe, expect, it } from 'vitest';
import type { ReplicaSet } from '../api/kubernetes.ts';
import type { Change } from '../kube/watch-cache.ts';
import { instant, seconds } from '../lib/time.ts';
import { VirtualClock } from '../lib/virtual-clock.ts';
import { Backlog } from './backlog.ts';
import { keyOf } from './key.ts';

/** So many sets may be unread before nobody else begins. */
const LIMIT = 16;
/** And so many before old sets stay. */
const CALM = 4;

function key(namespace: string, index: number): string {
  return keyOf('rollouts', namespace, `r${index}`);
}

function started() {
  const clock = new VirtualClock({ start: instant(0), idle: () => Promise.resolve() });
  const woken: string[] = [];
  const backlog = new Backlog({ clock, wake: (one) => woken.push(one) });
  let tell: ((change: Change<ReplicaSet>) => void) | undefined;
  const stop = backlog.follow({
    onChange: (listener) => {
      tell = listener;
      return () => {
        tell = undefined;
      };
    },
  });
  const set = (namespace: string, index: number, generation: number, observed: number) => ({
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      namespace,
      name: `r${index}-1`,
      uid: `${namespace}/${index}`,
      generation,
      ownerReferences: [
        {
          apiVersion: 'argoproj.io/v1alpha1',
          kind: 'Rollout',
          name: `r${index}`,
          uid: 'u',
          controller: true,
        },
      ],
    },
    spec: { selector: {} },
    status: { observedGeneration: observed },
  });
  return {
    clock,
    woken,
    backlog,
    stop,
    isFollowed: () => tell !== undefined,
    begin: (namespace: string, index: number) => backlog.mayBegin(key(namespace, index), namespace),
    /** The set is there, and the ReplicaSet controller has acted on it or not. */
    see: (namespace: string, index: number, isRead: boolean) =>
      tell?.({ before: undefined, after: set(namespace, index, 2, isRead ? 2 : 1) }),
    remove: (namespace: string, index: number) =>
      tell?.({ before: set(namespace, index, 2, 1), after: undefined }),
  };
}

/** As many as may have begun; their sets are there and unread. */
function full() {
  const all = started();
  for (let index = 0; index < LIMIT; index += 1) {
    expect(all.begin('a', index)).toBe(true);
    all.see('a', index, false);
  }
  return all;
}

describe('the backlog of the ReplicaSet controller', () => {
  it('lets updates begin until so many sets are unread, and the next when one is read', () => {
    const { begin, see, woken, backlog } = full();
    expect(begin('a', 100)).toBe(false);
    expect(begin('a', 101)).toBe(false);
    expect(backlog.waiting).toBe(2);
    see('a', 3, true);
    expect(woken).toEqual([key('a', 100)]);
    expect(begin('a', 100)).toBe(true);
    expect(backlog.waiting).toBe(1);
  });

  it('counts those that may begin before their set is seen', () => {
    const { begin } = started();
    const answers = Array.from({ length: LIMIT + 1 }, (_, index) => begin('a', index));
    expect(answers.filter(Boolean)).toHaveLength(LIMIT);
    // One that was let begin and failed to is not stopped by those that came after it.
    expect(begin('a', 0)).toBe(true);
  });

  it('one that is woken keeps its place until its set is seen', () => {
    const { begin, see, woken } = full();
    begin('a', 100);
    see('a', 0, true);
    expect(woken).toEqual([key('a', 100)]);
    expect(begin('a', 101)).toBe(false);
    expect(begin('a', 100)).toBe(true);
    see('a', 100, true);
    expect(woken).toEqual([key('a', 100), key('a', 101)]);
  });

  it('takes the namespaces in turn', () => {
    const { begin, see, woken } = full();
    for (const index of [100, 101, 102]) begin('a', index);
    for (const index of [100, 101]) begin('b', index);
    for (let index = 0; index < 5; index += 1) see('a', index, true);
    expect(woken).toEqual([
      key('a', 100),
      key('b', 100),
      key('a', 101),
      key('b', 101),
      key('a', 102),
    ]);
  });

  it('a set that is removed is no work any more', () => {
    const { begin, remove, woken } = full();
    begin('a', 100);
    remove('a', 7);
    expect(woken).toEqual([key('a', 100)]);
  });

  it('sets that nobody reads hold nobody up for longer than half a minute', async () => {
    const { begin, clock, woken } = full();
    begin('a', 100);
    await clock.advance(seconds(29));
    expect(woken).toEqual([]);
    await clock.advance(seconds(2));
    expect(woken).toEqual([key('a', 100)]);
  });

  it('old sets go at once while little is unread, and stay while more is', () => {
    const { backlog, see } = started();
    for (let index = 0; index < CALM - 1; index += 1) see('a', index, false);
    expect(backlog.mayClear(key('a', 200))).toBe(true);
    see('a', 200, false);
    expect(backlog.mayClear(key('a', 201))).toBe(false);
  });

  it('old sets go one by one when no update waits or began lately, and little is unread', async () => {
    const { backlog, begin, clock, see, woken } = full();
    begin('a', 100);
    backlog.mayClear(key('a', 200));
    backlog.mayClear(key('a', 201));
    for (let index = 0; index < LIMIT - CALM + 1; index += 1) see('a', index, true);
    // 100 is one of those in hand.
    expect(woken).toEqual([key('a', 100)]);
    see('a', LIMIT - CALM + 1, true);
    await clock.advance(seconds(19));
    expect(woken).toEqual([key('a', 100)]);
    expect(backlog.hasManyUpdates).toBe(true);
    await clock.advance(seconds(1));
    expect(woken).toEqual([key('a', 100), key('a', 200)]);
    expect(backlog.hasManyUpdates).toBe(false);
    expect(backlog.mayClear(key('a', 200))).toBe(true);
    see('a', 200, true);
    see('a', LIMIT - 1, true);
    expect(woken).toEqual([key('a', 100), key('a', 200), key('a', 201)]);
  });

  it('old sets stay no longer than two minutes', async () => {
    const { backlog, begin, clock, woken, see } = full();
    expect(backlog.mayClear(key('a', 200))).toBe(false);
    for (let quarter = 0; quarter < 4; quarter += 1) {
      for (let index = 0; index < LIMIT; index += 1) {
        see('a', index, true);
        see('a', index, false);
      }
      begin('a', 100 + quarter);
      await clock.advance(seconds(29));
      expect(backlog.mayClear(key('a', 200))).toBe(false);
    }
    woken.length = 0;
    await clock.advance(seconds(5));
    expect(woken).toContain(key('a', 200));
    expect(backlog.mayClear(key('a', 200))).toBe(true);
  });

  it('who fails to begin again and again keeps others waiting no longer either', async () => {
    const { begin, clock, woken } = started();
    for (let index = 0; index < LIMIT; index += 1) begin('a', index);
    expect(begin('a', 100)).toBe(false);
    for (let second = 0; second < 31; second += 1) {
      await clock.advance(seconds(1));
      for (let index = 0; index < LIMIT; index += 1) expect(begin('a', index)).toBe(true);
    }
    expect(woken).toEqual([key('a', 100)]);
  });

  it('whose update is taken back, or who is gone, gives its place to the next', () => {
    const { backlog, begin, see, woken } = full();
    for (const index of [100, 101, 102]) begin('a', index);
    backlog.forget(key('a', 101), 'a');
    expect(backlog.waiting).toBe(2);
    see('a', 0, true);
    expect(woken).toEqual([key('a', 100)]);
    backlog.forget(key('a', 100), 'a');
    expect(woken).toEqual([key('a', 100), key('a', 102)]);
    expect(backlog.waiting).toBe(0);
  });

  it('wakes nobody once it has been stopped', async () => {
    const { begin, clock, woken, stop, isFollowed } = full();
    begin('a', 100);
    stop();
    begin('a', 101);
    await clock.advance(seconds(120));
    expect(woken).toEqual([]);
    expect(isFollowed()).toBe(false);
  });
});
