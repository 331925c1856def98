import { describe, expect, it } from 'vitest';
import { readAll, utf8, utf8Text } from '../../lib/bytes.ts';
import { instant } from '../../lib/time.ts';
import { VirtualClock } from '../../lib/virtual-clock.ts';
import { prometheusApi } from './api.ts';
import { SeriesStore } from './store.ts';

const START = 1_700_000_000;

function api(limits = {}) {
  const store = new SeriesStore();
  for (let second = 0; second <= 60; second += 15) {
    for (const pod of ['a', 'b', 'c']) {
      store.append({ __name__: 'm', pod }, second, instant((START + second) * 1000));
    }
  }
  const start = instant((START + 60) * 1000);
  return prometheusApi({
    store,
    clock: new VirtualClock({ start, idle: () => Promise.resolve() }),
    limits,
  });
}

async function ask(path: string, { method = 'GET', form = '', limits = {} } = {}) {
  const headers: Record<string, string> =
    form === '' ? {} : { 'content-type': 'application/x-www-form-urlencoded' };
  const response = await api(limits)({ method, path, headers, body: utf8(form) });
  return { status: response.status, text: utf8Text(await readAll(response.body)) };
}

describe('requests', () => {
  it.each([
    {
      reason: 'without a time it is now',
      path: '/api/v1/query?query=sum(m)',
      text: '{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1700000060,"180"]}]}}',
    },
    {
      reason: 'times may be RFC 3339, and results have milliseconds',
      path: '/api/v1/query?query=1&time=2023-11-14T22:14:20.050Z',
      text: '{"status":"success","data":{"resultType":"scalar","result":[1700000060.050,"1"]}}',
    },
    {
      reason: 'a form in the body comes before the address',
      path: '/api/v1/query?query=1&time=5',
      options: { method: 'POST', form: 'query=2%2B1' },
      text: '{"status":"success","data":{"resultType":"scalar","result":[5,"3"]}}',
    },
    {
      reason: 'a range takes durations as steps',
      path: '/api/v1/query_range?query=max(m)&start=1700000000&end=1700000060&step=30s',
      text: '{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1700000000,"0"],[1700000030,"30"],[1700000060,"60"]]}]}}',
    },
    {
      reason: 'large and small numbers in vectors have exponents, scalars have not',
      path: '/api/v1/query?query=vector(1e21)&time=1',
      text: '{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"1e+21"]}]}}',
    },
    {
      reason: 'a number that is only a scalar',
      path: '/api/v1/query?query=1e21&time=1',
      text: '{"status":"success","data":{"resultType":"scalar","result":[1,"1000000000000000000000"]}}',
    },
    {
      reason: 'values of a label',
      path: '/api/v1/label/pod/values',
      text: '{"status":"success","data":["a","b","c"]}',
    },
    {
      reason: 'a limit cuts, and says so',
      path: '/api/v1/label/pod/values?limit=2',
      text: '{"status":"success","data":["a","b"],"warnings":["results truncated due to limit"]}',
    },
    {
      reason: 'series of several selectors',
      path: '/api/v1/series?match%5B%5D=m%7Bpod=%22a%22%7D&match%5B%5D=%7Bpod=%22b%22%7D',
      text: '{"status":"success","data":[{"__name__":"m","pod":"a"},{"__name__":"m","pod":"b"}]}',
    },
    {
      reason: 'no series in the asked time',
      path: '/api/v1/series?match%5B%5D=m&start=1&end=2',
      text: '{"status":"success","data":[]}',
    },
  ])('$reason', async ({ path, options, text }) => {
    expect(await ask(path, options)).toEqual({ status: 200, text });
  });

  it.each([
    [400, '/api/v1/query?query=', 'bad_data', '1:1: parse error: no expression found in input'],
    [400, '/api/v1/query?query=1&time=x', 'bad_data', 'cannot parse "x" to a valid timestamp'],
    [422, '/api/v1/query?query=m*on()m', 'execution', 'many-to-many matching not allowed'],
    [503, '/api/v1/query?query=m&timeout=0', 'timeout', 'query timed out'],
    [400, '/api/v1/query_range?query=m&start=2&end=1&step=1', 'bad_data', 'before start time'],
    [400, '/api/v1/query_range?query=m&start=0&end=11001&step=1', 'bad_data', '11,000 points'],
    [400, '/api/v1/query_range?query=m&start=0&end=1&step=0', 'bad_data', 'zero or negative'],
    [400, '/api/v1/series', 'bad_data', 'no match[] parameter provided'],
    [400, '/api/v1/label/a-b/values', 'bad_data', 'invalid label name: "a-b"'],
  ])('status %i to %s', async (status, path, type, message) => {
    const answer = await ask(path);
    const document = JSON.parse(answer.text) as Record<string, string>;
    expect(answer.status).toBe(status);
    expect(document).toMatchObject({ status: 'error', errorType: type });
    expect(document['error']).toContain(message);
  });

  it.each([
    [404, 'GET', '/api/v1/nothing', '404 page not found\n'],
    [404, 'GET', '/api/v1/constructor', '404 page not found\n'],
    [405, 'DELETE', '/api/v1/query', 'Method Not Allowed\n'],
    [200, 'GET', '/-/ready', 'Prometheus Server is Ready.\n'],
    [200, 'GET', '/-/healthy', 'Prometheus Server is Healthy.\n'],
  ])('%i to %s %s', async (status, method, path, text) => {
    expect(await ask(path, { method })).toEqual({ status, text });
  });
});
