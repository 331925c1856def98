import { describe, expect, it } from 'vitest';
import { instant } from '../../../lib/time.ts';
import { VirtualClock } from '../../../lib/virtual-clock.ts';
import { SeriesStore } from '../store.ts';
import { instantQuery, type QueryOptions, rangeQuery } from './engine.ts';

const START = 1_700_000_000_000;

function options(more: Partial<QueryOptions> = {}): QueryOptions {
  const store = new SeriesStore();
  for (let i = 0; i < 100; i += 1) {
    store.append({ __name__: 'm', i: String(i % 10) }, i, instant(START + i * 1000));
  }
  const clock = new VirtualClock({ start: instant(START), idle: () => Promise.resolve() });
  return { source: store, clock, deadline: instant(START + 30_000), ...more };
}

const tooMany = 'query processing would load too many samples into memory in query execution';
const timedOut = 'query timed out in expression evaluation';

describe('no query runs without bounds', () => {
  it.each([
    ['m', { maxSamples: 5 }, 'execution', tooMany],
    ['vector(1)[100y:1ms]', {}, 'execution', tooMany],
    ['sum_over_time(vector(1)[100y:1ms])', {}, 'execution', tooMany],
    ['max_over_time(m[1h])', { maxWork: 50 }, 'timeout', timedOut],
    ['m * on(i) m', { maxWork: 40 }, 'timeout', timedOut],
  ] as const)('%s within %j ends with %s', (text, limits, kind, message) => {
    const result = instantQuery(text, START + 90_000, options({ limits }));
    expect(result).toEqual({ ok: false, problem: { kind, message } });
  });

  it('a query that is late ends at its deadline', () => {
    const late = options({ deadline: instant(START - 1) });
    const result = rangeQuery('vector(1)', { start: 0, end: 2_000_000, step: 1 }, late);
    expect(result).toEqual({ ok: false, problem: { kind: 'timeout', message: timedOut } });
  });

  it.each([
    ['operators in a row', `1${' + 1'.repeat(5000)}`],
    ['parentheses', `${'('.repeat(5000)}1${')'.repeat(5000)}`],
    ['signs', `${'-'.repeat(5000)}1`],
    ['calls', `${'abs('.repeat(5000)}m${')'.repeat(5000)}`],
  ])('too many %s are refused before the stack overflows', (_, text) => {
    const result = instantQuery(text, START, options());
    expect(result.ok || result.problem.message).toMatch(
      /parse error: expression nests too deeply$/,
    );
  });

  it('what is just allowed can be evaluated', () => {
    const text = `${'abs('.repeat(150)}m${' + 1'.repeat(900)}${')'.repeat(150)}`;
    const result = instantQuery(text, START + 90_000, options());
    expect(result.ok && result.value.type === 'vector' && result.value.samples[0]?.value).toBe(990);
  });
});
