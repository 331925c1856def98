import { describe, expect, it } from 'vitest';
import { compileWholePattern } from '../lib/pattern.ts';
import { absenceOf, type SeriesIndex } from './prometheus-absence.ts';
import { selectorsOf, selectorText } from './prometheus-selectors.ts';

type Labels = Readonly<Record<string, string>>;

/** An index over a handful of series; reads selectors with the code under test, values on its own. */
function indexOf(series: readonly Labels[]): SeriesIndex {
  const matching = (text: string) => {
    const [selector] = selectorsOf(text);
    return series.filter(
      (labels) =>
        (selector?.metric === '' || labels['__name__'] === selector?.metric) &&
        (selector?.matchers ?? []).every(({ label, operator, value }) => {
          const own = labels[label] ?? '';
          if (operator === '=') return own === value;
          if (operator === '!=') return own !== value;
          const compiled = compileWholePattern(value);
          return compiled.ok && compiled.pattern.test(own) === (operator === '=~');
        }),
    );
  };
  return {
    hasSeries: (text) => Promise.resolve(matching(text).length > 0),
    labelValues: (label, text) =>
      Promise.resolve([...new Set(matching(text).flatMap((labels) => labels[label] ?? []))]),
  };
}

const REQUESTS = [
  { service: 'mock-server', workload: 'mock-server', code: '200' },
  { service: 'mock-server-789-2-0-canary', workload: 'mock-server-789-2-0-canary', code: '200' },
  {
    service: 'mock-server-789-2-0-baseline',
    workload: 'mock-server-789-2-0-baseline',
    code: '500',
  },
].map((labels) => ({ __name__: 'requests_total', ...labels }));

describe('selectorsOf', () => {
  const rows = [
    { reason: 'a bare metric', query: 'up', selectors: ['up'] },
    {
      reason: 'functions, keywords and label lists are no metrics',
      query:
        'sum by (job, code) (rate(http_total{code=~"2..", job!="a"}[5m])) / on (job) group_left (x) up > bool 1',
      selectors: ['http_total{code=~"2..",job!="a"}', 'up'],
    },
    {
      reason: 'equal selectors count once, whatever they are written like',
      query: "a{x='1'} / a { x = `1` , }",
      selectors: ['a{x="1"}'],
    },
    {
      reason: 'a selector without a name',
      query: '{__name__=~"a.*"}',
      selectors: ['{__name__=~"a.*"}'],
    },
    {
      reason: 'braces, quotes and comments in strings and comments do not count',
      query: 'a{x="}\\"{"} # b{c="d"}\n + 5',
      selectors: ['a{x="}\\"{"}'],
    },
    {
      reason: 'numbers, ranges, offsets and modifiers are no metrics',
      query: 'max_over_time(a[1h30m:1m] offset 5m) + 1e3 + 0x1f + Inf @ end()',
      selectors: ['a'],
    },
    { reason: 'what cannot be read is left out', query: 'a{x="', selectors: ['a'] },
  ];
  it.each(rows)('$reason', ({ query, selectors }) => {
    const texts = selectorsOf(query).map(selectorText);
    expect(texts).toEqual(selectors);
  });
});

describe('absenceOf', () => {
  const rows = [
    {
      reason: 'a metric that is not there is told as such',
      query: 'sum(rate(requests{service="a"}[1m]))',
      says: 'there is no series requests',
    },
    {
      reason: 'the one label without which there would be series, with the values nearest first',
      query: 'scalar(sum(rate(requests_total{code="200",service="mock-server-canary"}[1m])))',
      says:
        'no series requests_total has service="mock-server-canary" ' +
        '(there is "mock-server", "mock-server-789-2-0-canary")',
    },
    {
      reason: 'several labels that nobody has are all told',
      query:
        'requests_total{service="mock-server-canary",workload=~"mock-server-68.*",code=~"2.."}',
      says:
        'no series requests_total has service="mock-server-canary" ' +
        '(there is "mock-server", "mock-server-789-2-0-canary", "mock-server-789-2-0-baseline"), ' +
        'and none has workload=~"mock-server-68.*" ' +
        '(there is "mock-server", "mock-server-789-2-0-canary", "mock-server-789-2-0-baseline")',
    },
    {
      reason: 'a label that no series has',
      query: 'requests_total{zone="a"}',
      says: 'no series requests_total has zone="a" (there is no value)',
    },
    {
      reason: 'values that exist, but not together',
      query:
        'requests_total{service="mock-server",workload="mock-server-789-2-0-canary",code="500"}',
      says:
        'no series requests_total has all of service="mock-server", ' +
        'workload="mock-server-789-2-0-canary", code="500"',
    },
    {
      reason: 'series that are there and gave nothing',
      query: 'rate(requests_total[1s])',
      says: 'the series exist, but have no value that the query can use',
    },
    {
      reason: 'the first selector that has none is the one that is told',
      query: 'requests_total{code="200"} / requests_total{code="404"}',
      says: 'no series requests_total has code="404" (there is "200", "500")',
    },
  ];
  it.each(rows)('$reason', async ({ query, says }) => {
    expect(await absenceOf(query, indexOf(REQUESTS))).toContain(says);
  });
});
