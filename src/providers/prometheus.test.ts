import { describe, expect, it } from 'vitest';
import type { Metric } from '../api/analysis.ts';
import { bodyOf, utf8, utf8Text } from '../lib/bytes.ts';
import { cancellation } from '../lib/clock.ts';
import { type Clock, type HttpRequest, TransportError } from '../lib/ports.ts';
import { instant } from '../lib/time.ts';
import { measurePrometheus, plainNumber } from './prometheus.ts';
import type { ProviderPorts } from './provider.ts';

type Settings = NonNullable<Metric['provider']['prometheus']>;

const NOW = instant(1_700_000_000_500);
const still: Clock = { now: () => NOW, at: () => () => undefined };

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** A fake server that answers in turn and notes what it was asked. */
function serverOf(...answers: readonly Answer[]) {
  const asked: HttpRequest[] = [];
  const ports: ProviderPorts = {
    clock: still,
    env: () => undefined,
    connect: () => (request) => {
      const answer = answers[asked.length] ?? answers.at(-1);
      asked.push(request);
      if (answer === undefined) return Promise.reject(new TransportError('refused', 'refused'));
      const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
      return Promise.resolve({ status: answer.status, headers: {}, body: bodyOf(utf8(text)) });
    },
  };
  return { asked, ports };
}

function measure(ports: ProviderPorts, settings: Partial<Settings> = {}) {
  const all: Settings = { address: 'http://prom:9090/', query: 'up', ...settings };
  return measurePrometheus(ports, all, {
    cancel: cancellation().cancel,
    explainsAbsence: false,
  });
}

function success(resultType: string, result: unknown): Answer {
  return { status: 200, body: { status: 'success', data: { resultType, result } } };
}

describe('measurePrometheus', () => {
  it('posts the query with the moment as a form', async () => {
    const { asked, ports } = serverOf(success('vector', [{ metric: {}, value: [1, '0.5'] }]));
    const measured = await measure(ports);
    expect(asked[0]?.method).toBe('POST');
    expect(asked[0]?.path).toBe('/api/v1/query');
    expect(utf8Text(asked[0]?.body ?? new Uint8Array())).toBe('query=up&time=1700000000.5');
    expect(measured.value).toBe('[0.5]');
    expect(measured.result).toEqual({ type: 'float64[]', value: [0.5] });
    expect(measured.metricMetadata).toEqual({ ResolvedPrometheusQuery: 'up' });
  });

  it.each([
    { reason: 'a scalar is a number', answer: success('scalar', [1, 'NaN']), value: 'NaN' },
    { reason: 'no series is an empty list', answer: success('vector', []), value: '[]' },
    {
      reason: 'samples of all series of a matrix form one list',
      answer: success('matrix', [
        {
          values: [
            [1, '1'],
            [2, '+Inf'],
          ],
        },
        { values: [[1, '3']] },
      ]),
      value: '[1,+Inf,3]',
    },
  ])('$reason', async ({ answer, value }) => {
    const { ports } = serverOf(answer);
    expect((await measure(ports)).value).toBe(value);
  });

  it.each([
    {
      reason: 'a text is refused',
      answer: success('string', [1, 'x']),
      error: 'unexpected value type "string"',
    },
    {
      reason: 'an error of Prometheus is told in its words',
      answer: { status: 400, body: { status: 'error', errorType: 'bad_data', error: 'parse' } },
      error: 'bad_data: parse',
    },
    {
      reason: 'a broken server is told by its status',
      answer: { status: 503, body: 'no' },
      error: 'server_error: server error: 503',
    },
    {
      reason: 'a missing path is told by its status',
      answer: { status: 404, body: 'no' },
      error: 'client_error: client error: 404',
    },
  ])('$reason', async ({ answer, error }) => {
    const { ports } = serverOf(answer);
    const measured = await measure(ports);
    expect(measured.error).toBe(error);
    expect(measured.value).toBeUndefined();
  });

  it.each([
    {
      reason: 'an address is needed',
      settings: { address: '' },
      error: 'prometheus address is not configured',
    },
    {
      reason: 'an address has a scheme',
      settings: { address: 'prom' },
      error: 'prometheus address is not is url format',
    },
    {
      reason: 'a timeout is not negative',
      settings: { timeout: -1 },
      error: 'prometheus timeout should not be negative',
    },
    {
      reason: 'basic authentication needs both parts',
      settings: { authentication: { basicAuth: { username: 'u' } } },
      error: 'missing mandatory parameter in metric for basic auth setup: password',
    },
  ])('$reason', async ({ settings, error }) => {
    const { ports } = serverOf(success('vector', []));
    expect((await measure(ports, settings)).error).toBe(error);
  });

  it('asks again with GET where POST is not allowed', async () => {
    const { asked, ports } = serverOf({ status: 405, body: '' }, success('vector', []));
    await measure(ports);
    expect(asked.map(({ method }) => method)).toEqual(['POST', 'GET']);
    expect(asked[1]?.path).toBe('/api/v1/query?query=up&time=1700000000.5');
  });

  it('fetches a token and lets own headers override it', async () => {
    const token = { status: 200, body: { access_token: 't', token_type: 'bearer' } };
    const oauth2 = { tokenUrl: 'http://id/token', clientId: 'c', clientSecret: 's' };
    const { asked, ports } = serverOf(token, success('vector', []));
    await measure(ports, { authentication: { oauth2 } });
    expect(asked[1]?.headers['authorization']).toBe('Bearer t');
  });

  it('asks for a range with its moments and step', async () => {
    const { asked, ports } = serverOf(success('matrix', []));
    const rangeQuery = { start: 'now() - duration("1m")', end: 'now()', step: '30s' };
    await measure(ports, { rangeQuery });
    const form = utf8Text(asked[0]?.body ?? new Uint8Array());
    expect(form).toBe('query=up&start=1699999940.5&end=1700000000.5&step=30');
  });
});

describe('plainNumber', () => {
  it.each([
    [1e21, '1000000000000000000000'],
    [1e-7, '0.0000001'],
    [-1.5e-8, '-0.000000015'],
    [100, '100'],
    [Number.NEGATIVE_INFINITY, '-Inf'],
  ])('prints %d without exponent', (value, text) => {
    expect(plainNumber(value)).toBe(text);
  });

  describe('without data', () => {
    const query = 'scalar(sum(rate(http_total{job="b"}[1m])))';
    const labels = (...values: readonly string[]): Answer => ({
      status: 200,
      body: { status: 'success', data: values },
    });
    const ask = (ports: ProviderPorts, explainsAbsence: boolean) =>
      measurePrometheus(
        ports,
        { address: 'http://prom:9090/', query },
        { cancel: cancellation().cancel, explainsAbsence },
      );

    it('finds out which label has no such value, when it is asked to', async () => {
      const { asked, ports } = serverOf(
        success('scalar', [1, 'NaN']),
        labels(),
        labels('there is one'),
        labels('there is one'),
        labels('a'),
      );
      const measured = await ask(ports, true);
      expect(measured.metadata).toEqual({
        NoData: 'no series http_total has job="b" (there is "a")',
      });
      const paths = asked.map(({ path }) => path.split('?')[0]);
      expect(paths).toEqual([
        '/api/v1/query',
        '/api/v1/series',
        '/api/v1/series',
        '/api/v1/series',
        '/api/v1/label/job/values',
      ]);
      expect(decodeURIComponent(asked[1]?.path ?? '')).toContain(
        'match[]=http_total{job="b"}&start=1699999700.5&end=1700000000.5',
      );
    });

    it('asks nothing more otherwise', async () => {
      const { asked, ports } = serverOf(success('vector', []));
      expect((await ask(ports, false)).metadata).toBeUndefined();
      expect(asked).toHaveLength(1);
    });

    it('keeps the measurement when the reason cannot be found out', async () => {
      const { ports } = serverOf(success('vector', []), { status: 500, body: 'broken' });
      const measured = await ask(ports, true);
      expect(measured).toMatchObject({ value: '[]' });
      expect(measured.metadata).toBeUndefined();
    });
  });
});
