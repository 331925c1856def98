// The provider as a real Prometheus answers it: every kind of result, refusals in its own words, and patience.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Metric } from '../../src/api/analysis.ts';
import { systemClock } from '../../src/host/clock.ts';
import { createTransports } from '../../src/host/transports.ts';
import { cancellation } from '../../src/lib/clock.ts';
import { measurePrometheus } from '../../src/providers/prometheus.ts';
import { asksPrometheus } from '../support/prometheus.ts';
import { type RealPrometheus, startPrometheus, write } from '../vectors/promql-server.ts';

type Settings = NonNullable<Metric['provider']['prometheus']>;

/** Takes a real Prometheus minutes in sums of sums, little memory, and no sample. */
const ENDLESS = 'count_over_time((count_over_time(vector(1)[1h:1s]))[100d:1m])';

describe.runIf(asksPrometheus)('the prometheus provider asks a real server', () => {
  let server: RealPrometheus;

  beforeAll(async () => {
    const started = await startPrometheus();
    if (started === undefined) throw new Error('the program prometheus is not on the PATH');
    server = started;
    const now = systemClock.now();
    const samples = (...values: readonly number[]) =>
      values.map((value, at) => ({ time: now - (values.length - at) * 10_000, value }));
    await write(server.url, [
      { labels: { __name__: 'requests_total', code: '200' }, samples: samples(1, 2, 1e21) },
      { labels: { __name__: 'requests_total', code: '500' }, samples: samples(0, 0, 0.25) },
    ]);
  });

  afterAll(() => server.stop());

  function measured(settings: Partial<Settings>, explainsAbsence = false) {
    const ports = { clock: systemClock, env: () => undefined, connect: createTransports() };
    const all = { address: server.url, ...settings } as Settings;
    return measurePrometheus(ports, all, { cancel: cancellation().cancel, explainsAbsence });
  }

  it.for([
    { query: 'scalar(vector(0.5))', value: '0.5', reason: 'a scalar is one number' },
    {
      query: 'sort(requests_total)',
      value: '[0.25,1000000000000000000000]',
      reason: 'a vector is a list',
    },
    { query: 'requests_total{code="404"}', value: '[]', reason: 'no series is an empty list' },
    { query: 'vector(0) / 0', value: '[NaN]', reason: 'no number is told as such' },
    { query: '-vector(1) / 0', value: '[-Inf]', reason: 'and so are infinities' },
  ])('$query: $reason', async ({ query, value }) => {
    expect(await measured({ query })).toMatchObject({ value });
  });

  it('a range query gives the numbers of all steps', async () => {
    const rangeQuery = { start: 'now() - duration("2m")', end: 'now()', step: '1m' };
    expect(await measured({ query: 'vector(3)', rangeQuery })).toMatchObject({
      value: '[3,3,3]',
      result: { type: 'float64[]', value: [3, 3, 3] },
    });
  });

  it.for([
    {
      query: 'sum(',
      error: 'bad_data: invalid parameter "query": 1:5: parse error: unclosed left parenthesis',
      reason: 'a wrong expression',
    },
    {
      query: 'requests_total * on () requests_total',
      error: /^execution: found duplicate series for the match group/,
      reason: 'an expression that fails when it is evaluated',
    },
    { query: '"a"', error: 'unexpected value type "string"', reason: 'a text is no measurement' },
  ])('$query: $reason', async ({ query, error }) => {
    const { error: told, result } = await measured({ query });
    expect(told).toEqual(typeof error === 'string' ? error : expect.stringMatching(error));
    expect(result).toBeUndefined();
  });

  it('an answer that does not come in time is an error', async () => {
    const { error } = await measured({ query: ENDLESS, timeout: 1 });
    expect(error).toBe(`Post "${server.url}/api/v1/query": context deadline exceeded`);
  });

  it('why there is no data is found out from the server’s own series', async () => {
    const { metadata } = await measured({ query: 'requests_total{code="404"}' }, true);
    expect(Object.values(metadata ?? {}).join()).toContain('code');
  });
});
