import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../api/object.ts';
import { REPLICA_SETS } from '../api/resources.ts';
import { warning } from '../core/events.ts';
import type { Effect } from './apply.ts';
import { Memory, type Seen } from './memory.ts';

const REF = { resource: REPLICA_SETS, namespace: 'shop', name: 'web' };

function object(resourceVersion: string, more: object = {}): KubeObject {
  const metadata = { name: 'web', namespace: 'shop', uid: 'u1', resourceVersion, ...more };
  return { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata };
}

const WRITTEN: Effect = { kind: 'written', ref: REF, resourceVersion: '100' };
const DELETED: Effect = { kind: 'deleted', ref: REF, uid: 'u1' };

interface Row {
  readonly reason: string;
  readonly effect: Effect;
  readonly seen: Seen | undefined;
  readonly isCaughtUp: boolean;
}

const ROWS: readonly Row[] = [
  {
    reason: 'the cache has the version before',
    effect: WRITTEN,
    seen: { object: object('99'), readUpTo: '99' },
    isCaughtUp: false,
  },
  {
    reason: 'versions are compared as numbers',
    effect: { kind: 'written', ref: REF, resourceVersion: '1000' },
    seen: { object: object('999'), readUpTo: '999' },
    isCaughtUp: false,
  },
  {
    reason: 'the cache has the version that was written',
    effect: WRITTEN,
    seen: { object: object('100'), readUpTo: '100' },
    isCaughtUp: true,
  },
  {
    reason: 'the cache has a later version',
    effect: WRITTEN,
    seen: { object: object('101'), readUpTo: '101' },
    isCaughtUp: true,
  },
  {
    reason: 'what was created is not in the cache yet',
    effect: WRITTEN,
    seen: { object: undefined, readUpTo: '99' },
    isCaughtUp: false,
  },
  {
    reason: 'what was written has been deleted by another since',
    effect: WRITTEN,
    seen: { object: undefined, readUpTo: '120' },
    isCaughtUp: true,
  },
  {
    reason: 'the cache is being filled anew',
    effect: WRITTEN,
    seen: { object: undefined, readUpTo: '' },
    isCaughtUp: false,
  },
  {
    reason: 'the cache is being filled anew, and the object is in it already',
    effect: WRITTEN,
    seen: { object: object('100'), readUpTo: '' },
    isCaughtUp: true,
  },
  {
    reason: 'nobody watches the kind',
    effect: WRITTEN,
    seen: undefined,
    isCaughtUp: true,
  },
  {
    reason: 'what was deleted is still in the cache',
    effect: DELETED,
    seen: { object: object('90'), readUpTo: '99' },
    isCaughtUp: false,
  },
  {
    reason: 'what was deleted is marked and waits for its finalizers',
    effect: DELETED,
    seen: { object: object('90', { deletionTimestamp: 'now' }), readUpTo: '99' },
    isCaughtUp: true,
  },
  {
    reason: 'what was deleted is gone',
    effect: DELETED,
    seen: { object: undefined, readUpTo: '99' },
    isCaughtUp: true,
  },
  {
    reason: 'another object has the name of what was deleted',
    effect: DELETED,
    seen: { object: object('120', { uid: 'u2' }), readUpTo: '120' },
    isCaughtUp: true,
  },
];

describe('a snapshot is decided on once it shows our own writes', () => {
  it.each(ROWS)('$isCaughtUp when $reason', ({ effect, seen, isCaughtUp }) => {
    const memory = new Memory();
    memory.wrote([effect]);
    expect(memory.isCaughtUp(() => seen)).toBe(isCaughtUp);
  });

  it('of several writes to one object the last one counts', () => {
    const memory = new Memory();
    memory.wrote([WRITTEN, { ...WRITTEN, resourceVersion: '110' }]);
    expect(memory.isCaughtUp(() => ({ object: object('105'), readUpTo: '105' }))).toBe(false);
    expect(memory.isCaughtUp(() => ({ object: object('110'), readUpTo: '110' }))).toBe(true);
  });

  it('what has been seen once is not waited for again', () => {
    const memory = new Memory();
    memory.wrote([WRITTEN]);
    expect(memory.isCaughtUp(() => ({ object: object('100'), readUpTo: '100' }))).toBe(true);
    expect(memory.isCaughtUp(() => ({ object: object('1'), readUpTo: '1' }))).toBe(true);
  });
});

describe('what stands in the way', () => {
  const refused = warning('TrafficRoutingError', 'no such route');
  const busy = warning('TrafficRoutingError', 'too busy');

  it('is told once while it lasts', () => {
    const memory = new Memory();
    expect(memory.newTroubles([refused])).toEqual([refused]);
    expect(memory.newTroubles([refused])).toEqual([]);
  });

  it('is told when it reads otherwise, and when it comes back', () => {
    const memory = new Memory();
    memory.newTroubles([refused]);
    expect(memory.newTroubles([busy, refused])).toEqual([busy]);
    expect(memory.newTroubles([])).toEqual([]);
    expect(memory.newTroubles([refused])).toEqual([refused]);
  });

  it('is not over for a decision that does not know', () => {
    const memory = new Memory();
    memory.newTroubles([refused]);
    expect(memory.newTroubles(undefined)).toEqual([]);
    expect(memory.newTroubles([refused])).toEqual([]);
  });
});
