import { describe, expect, it } from 'vitest';
import { instant, milliseconds } from '../../lib/time.ts';
import { labelSetOf } from './labels.ts';
import { equalMatcher } from './matcher.ts';
import { SeriesStore } from './store.ts';

const START = 1_700_000_000_000;
const at = (seconds: number) => instant(START + seconds * 1000);

function valuesOf(store: SeriesStore, name: string, from = -Infinity, to = Infinity) {
  return store
    .select([equalMatcher('__name__', name)], from, to)
    .map(({ labels, values }) => [labelSetOf(labels), [...values]] as const);
}

describe('appending', () => {
  it('gives back what was appended, in the order of time and labels', () => {
    const store = new SeriesStore();
    for (let i = 0; i < 300; i += 1) {
      store.append({ __name__: 'm', b: 'y' }, i, at(i));
      store.append({ b: 'x', __name__: 'm' }, -i, at(i));
    }
    const all = Array.from({ length: 300 }, (_, i) => i);
    expect(valuesOf(store, 'm')).toEqual([
      [{ __name__: 'm', b: 'x' }, all.map((i) => -i)],
      [{ __name__: 'm', b: 'y' }, all],
    ]);
    expect(store.sampleCount).toBe(600);
  });

  it('includes both ends of the asked time', () => {
    const store = new SeriesStore();
    for (let i = 0; i < 10; i += 1) store.append({ __name__: 'm' }, i, at(i));
    expect(valuesOf(store, 'm', at(2), at(5))[0]?.[1]).toEqual([2, 3, 4, 5]);
    expect(valuesOf(store, 'm', at(2.5), at(4.5))[0]?.[1]).toEqual([3, 4]);
    expect(valuesOf(store, 'm', at(20), at(30))).toEqual([]);
  });

  it.each([
    { reason: 'the same once more', value: 1, seconds: 10, outcome: 'known' },
    { reason: 'another value for the same time', value: 2, seconds: 10, outcome: 'conflict' },
    { reason: 'an older time', value: 2, seconds: 9, outcome: 'late' },
    { reason: 'the next time', value: 2, seconds: 11, outcome: 'added' },
  ])('answers $outcome to $reason', ({ value, seconds, outcome }) => {
    const store = new SeriesStore();
    store.append({ __name__: 'm' }, 1, at(10));
    expect(store.append({ __name__: 'm' }, value, at(seconds))).toBe(outcome);
  });

  it('keeps stale marks apart from NaN', () => {
    const store = new SeriesStore();
    const writer = store.writer({ __name__: 'm' });
    expect(writer.markStale(at(0))).toBe('known');
    writer.append(Number.NaN, at(1));
    writer.markStale(at(2));
    expect(writer.markStale(at(3))).toBe('known');
    writer.append(5, at(4));
    const [series] = store.select([equalMatcher('__name__', 'm')], at(0), at(9));
    expect([...(series?.stale ?? [])]).toEqual([0, 1, 0]);
    expect([...(series?.values ?? [])]).toEqual([Number.NaN, Number.NaN, 5]);
  });

  it('takes an empty label for no label', () => {
    const store = new SeriesStore();
    store.append({ __name__: 'm', a: '' }, 1, at(1));
    expect(store.append({ __name__: 'm' }, 1, at(1))).toBe('known');
  });
});

describe('bounds', () => {
  it('forgets samples beyond the retention, and series that have none left', () => {
    const store = new SeriesStore({ retention: milliseconds(60_000) });
    store.append({ __name__: 'old' }, 1, at(0));
    for (let i = 0; i <= 600; i += 1) store.append({ __name__: 'm' }, i, at(i));
    expect(valuesOf(store, 'old')).toEqual([]);
    expect(store.seriesCount).toBe(1);
    expect(store.sampleCount).toBeLessThan(70);
    expect(valuesOf(store, 'm')[0]?.[1]).toEqual(Array.from({ length: 61 }, (_, i) => 540 + i));
  });

  it('drops the oldest samples beyond the maximum and says so once', () => {
    const told: string[] = [];
    const store = new SeriesStore({ maxSamples: 1000, onFull: (message) => told.push(message) });
    for (let i = 0; i < 5000; i += 1) {
      store.append({ __name__: 'm', which: String(i % 7) }, i, at(i));
      expect(store.sampleCount).toBeLessThanOrEqual(1000);
    }
    expect(store.sampleCount).toBeGreaterThan(800);
    expect(valuesOf(store, 'm').flatMap(([, values]) => values)).toContain(4999);
    expect(told).toEqual([
      'the metrics store is full (1000 samples): the oldest samples are dropped',
    ]);
  });

  it('drops the series that were silent longest beyond the maximum and says so once', () => {
    const told: string[] = [];
    const store = new SeriesStore({ maxSeries: 20, onFull: (message) => told.push(message) });
    for (let i = 0; i < 50; i += 1) store.append({ __name__: 'm', i: String(i) }, i, at(i));
    expect(store.seriesCount).toBe(20);
    expect(store.sampleCount).toBe(20);
    expect(store.labelValues('i')).toEqual(Array.from({ length: 20 }, (_, i) => String(30 + i)));
    expect(store.select([equalMatcher('i', '3')], -Infinity, Infinity)).toEqual([]);
    expect(told).toHaveLength(1);
  });

  it('lets a writer go on after its series was dropped', () => {
    const store = new SeriesStore({ maxSeries: 1 });
    const writer = store.writer({ __name__: 'a' });
    writer.append(1, at(0));
    store.append({ __name__: 'b' }, 1, at(1));
    expect(writer.append(2, at(2))).toBe('added');
    expect(store.labelValues('__name__')).toEqual(['a']);
  });
});

describe('lists', () => {
  const store = new SeriesStore();
  store.append({ __name__: 'm', pod: 'a' }, 1, at(0));
  store.append({ __name__: 'm', pod: 'b', zone: 'z' }, 1, at(100));
  store.append({ __name__: 'n' }, 1, at(200));

  it('names labels, values and series within a time and of selectors', () => {
    expect(store.labelNames()).toEqual(['__name__', 'pod', 'zone']);
    expect(store.labelNames({ to: at(50) })).toEqual(['__name__', 'pod']);
    expect(store.labelValues('pod')).toEqual(['a', 'b']);
    expect(store.labelValues('pod', { from: at(50) })).toEqual(['b']);
    const selectors = [[equalMatcher('zone', 'z')], [equalMatcher('__name__', 'n')]];
    expect(store.seriesLabels({ selectors }).map(labelSetOf)).toEqual([
      { __name__: 'm', pod: 'b', zone: 'z' },
      { __name__: 'n' },
    ]);
  });
});
