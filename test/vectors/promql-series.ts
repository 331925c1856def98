// Series with everything that makes PromQL differ: resets, gaps, stale marks, NaN, infinities, crooked histograms,
// odd label values, samples off the beat.
import type { Random } from '../../src/lib/ports.ts';

export const START = 1_700_000_000;
export const SECONDS = 40 * 60;

export interface TestSample {
  /** Milliseconds. */
  readonly time: number;
  /** Undefined: a stale mark. */
  readonly value: number | undefined;
}

export interface TestSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly samples: readonly TestSample[];
}

interface Shape {
  readonly every?: number;
  readonly shift?: number;
  readonly keep?: (second: number) => boolean;
}

function sampled(
  labels: Readonly<Record<string, string>>,
  valueAt: (second: number, index: number) => number | undefined,
  { every = 15, shift = 0, keep = () => true }: Shape = {},
): TestSeries {
  const samples: TestSample[] = [];
  for (let second = shift, index = 0; second <= SECONDS; second += every, index += 1) {
    if (!keep(second)) continue;
    samples.push({ time: Math.round((START + second) * 1000), value: valueAt(second, index) });
  }
  return { labels, samples };
}

function counters(random: Random): readonly TestSeries[] {
  return ['a', 'b', 'c'].flatMap((pod) =>
    ['200', '404', '503'].map((code) => {
      let total = 0;
      const pace = code === '200' ? 30 : 2;
      return sampled(
        { __name__: 'counter_total', job: 'x', pod, code },
        () => {
          total += random.next() < 0.02 ? -total : Math.round(random.next() * pace * 100) / 100;
          return total;
        },
        { shift: pod === 'c' ? 3.217 : 0 },
      );
    }),
  );
}

function histograms(random: Random): readonly TestSeries[] {
  const bounds = ['0.1', '0.5', '1', '2.5', '10', '+Inf'];
  return ['x', 'y'].flatMap((app) => {
    const weights = bounds.map((_, at) => at + random.next());
    return bounds.map((le, at) =>
      sampled({ __name__: 'latency_bucket', app, le }, (_, index) =>
        Math.floor(index * (weights[at] ?? 0) * (app === 'x' ? 3 : 0.4)),
      ),
    );
  });
}

function strangeHistograms(): readonly TestSeries[] {
  const bucket = (labels: Record<string, string>, value: number) =>
    sampled({ __name__: 'strange_bucket', ...labels }, () => value);
  return [
    bucket({ app: 'noinf', le: '1' }, 3),
    bucket({ app: 'noinf', le: '2' }, 5),
    bucket({ app: 'falling', le: '1' }, 10),
    bucket({ app: 'falling', le: '2' }, 7),
    bucket({ app: 'falling', le: '+Inf' }, 9),
    bucket({ app: 'twice', le: '1' }, 2),
    bucket({ app: 'twice', le: '1.0' }, 3),
    bucket({ app: 'twice', le: 'Inf' }, 8),
    bucket({ app: 'words', le: 'many' }, 2),
    bucket({ app: 'words', le: '+Inf' }, 2),
    bucket({ app: 'negative', le: '-1' }, 5),
    bucket({ app: 'negative', le: '0' }, 6),
    bucket({ app: 'negative', le: '+inf' }, 7),
    bucket({ app: 'empty', le: '1' }, 0),
    bucket({ app: 'empty', le: '+Inf' }, 0),
    bucket({ app: 'nan', le: '1' }, Number.NaN),
    bucket({ app: 'nan', le: '+Inf' }, 4),
    bucket({ app: 'none' }, 4),
  ];
}

function gauges(random: Random): readonly TestSeries[] {
  return [
    sampled({ __name__: 'gauge', room: 'a' }, (second) => 20 + 5 * Math.sin(second / 100)),
    sampled({ __name__: 'gauge', room: 'b' }, (_, index) => -3 + index / 40, { shift: 7 }),
    sampled({ __name__: 'gauge', room: 'ab', floor: '2' }, () => 7.5),
    sampled({ __name__: 'gauge' }, () => Math.round(random.next() * 1000) / 10),
    sampled({ __name__: 'other', room: 'a', node: 'n1' }, (_, index) => index),
    sampled({ __name__: 'other', room: 'b', node: 'n2' }, (_, index) => 100 - index),
    sampled({ __name__: 'other', room: 'a', node: 'n2' }, () => 1),
    sampled({ __name__: 'odd', kind: 'nan' }, () => Number.NaN),
    sampled({ __name__: 'odd', kind: 'inf' }, (_, index) =>
      index % 2 === 0 ? Infinity : -Infinity,
    ),
    sampled({ __name__: 'odd', kind: 'plus' }, () => Infinity),
    sampled({ __name__: 'odd', kind: 'zero' }, () => 0),
    sampled({ __name__: 'odd', kind: 'minus' }, () => -0),
    sampled({ __name__: 'odd', kind: 'some' }, (_, index) =>
      index % 3 === 0 ? Number.NaN : index,
    ),
    sampled({ __name__: 'odd', kind: 'huge' }, (_, index) => 1e300 * (index + 1)),
    sampled({ __name__: 'odd', kind: 'tiny' }, (_, index) => 1e-9 * index),
    sampled({ __name__: 'lonely' }, (_, index) => index),
    sampled({ __name__: 'calendar', which: 'leap' }, (second) => 951_782_400 + second * 100),
    sampled({ __name__: 'calendar', which: 'before' }, (second) => -1.5 - second * 1e5),
    sampled({ __name__: 'calendar', which: 'far' }, (second) => 1e11 + second * 1e9),
    ...['a', 'b', 'c'].map((which) => sampled({ __name__: 'same', which }, () => 1)),
  ];
}

function interrupted(): readonly TestSeries[] {
  const isOn = (second: number) => second % 600 < 350;
  return [
    sampled({ __name__: 'flaky', job: 'x' }, (_, index) => 2 * index, { keep: isOn }),
    sampled({ __name__: 'flaky', job: 'y' }, (_, index) => index % 7, {
      every: 10,
      keep: (second) => second % 100 < 40,
    }),
    sampled(
      { __name__: 'ended', job: 'x' },
      (second, index) => (second === 900 ? undefined : index),
      {
        keep: (second) => second <= 900 || second >= 1500,
      },
    ),
    sampled({ __name__: 'ended', job: 'y' }, (second, index) =>
      second % 120 === 60 ? undefined : index,
    ),
    sampled({ __name__: 'once' }, () => 42, { keep: (second) => second === 1200 }),
    sampled({ __name__: 'info', pod: 'a', node: 'n1' }, () => 1),
    sampled({ __name__: 'info', pod: 'b', node: 'n1' }, () => 1),
    sampled({ __name__: 'info', pod: 'c', node: 'n2' }, () => 1),
    sampled(
      { __name__: 'text', quote: 'a"b', slash: 'c\\d', letters: 'ünï😀', line: 'x\ny' },
      () => 1,
    ),
    sampled({ __name__: 'text', quote: "it's", tab: '\t', odd: '\u0001\u200b' }, () => 2),
    sampled({ __name__: 'sum', pod: 'a' }, () => 5),
  ];
}

/** All series, the same for the same seed, in the order of their labels. */
export function testSeries(random: Random): readonly TestSeries[] {
  const all = [
    ...counters(random),
    ...histograms(random),
    ...strangeHistograms(),
    ...gauges(random),
    ...interrupted(),
  ];
  // Prometheus keeps series in the order in which they came; ours are ordered by their labels.
  return all.toSorted((a, b) => (orderKey(a) < orderKey(b) ? -1 : 1));
}

function orderKey({ labels }: TestSeries): string {
  return Object.keys(labels)
    .toSorted()
    .map((name) => `${name}\u0001${labels[name]}\u0001`)
    .join('');
}
