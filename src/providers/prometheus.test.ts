import { describe, expect, it } from 'vitest';
import type { Metric } from '../api/analysis.ts';
import { serverCertificate } from '../host/certificate.ts';
import { systemClock } from '../host/clock.ts';
import { systemListener } from '../host/listener.ts';
import { createTransport } from '../host/transport.ts';
import { base64, bodyOf, utf8, utf8Text } from '../lib/bytes.ts';
import { cancellation } from '../lib/clock.ts';
import { type Clock, type HttpRequest, TransportError } from '../lib/ports.ts';
import { instant, later, milliseconds } from '../lib/time.ts';
import { VirtualClock } from '../lib/virtual-clock.ts';
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
    {
      reason: 'OAuth2 needs a client',
      settings: { authentication: { oauth2: { tokenUrl: 'http://id/token', clientId: 'web' } } },
      error: 'missing mandatory parameter in metric for OAuth2 setup',
    },
  ])('$reason', async ({ settings, error }) => {
    const { ports } = serverOf(success('vector', []));
    const measured = await measure(ports, settings);
    expect(measured.error).toBe(error);
    // What could not be set up has not resolved a query.
    expect(measured.metricMetadata).toBeUndefined();
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

interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** A server that says what the row wants at each address, and notes what it was asked, with the host. */
function hosts(replies: (host: string, request: HttpRequest) => Reply) {
  const asked: { host: string; method: string; path: string; request: HttpRequest }[] = [];
  const insecure: boolean[] = [];
  const ports: ProviderPorts = {
    clock: still,
    env: (name) => (name === 'ARGO_ROLLOUTS_PROMETHEUS_ADDRESS' ? 'http://env:9090' : undefined),
    connect: (host, options) => (request) => {
      insecure.push(options.insecure);
      asked.push({ host, method: request.method, path: request.path, request });
      const { status = 200, headers = {}, body = EMPTY } = replies(host, request);
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      return Promise.resolve({ status, headers, body: bodyOf(utf8(text)) });
    },
  };
  return { asked, insecure, ports };
}

const EMPTY = { status: 'success', data: { resultType: 'vector', result: [] } };

function formIn(request: HttpRequest | undefined): string {
  return utf8Text(request?.body ?? new Uint8Array());
}

describe('where and how Prometheus is asked', () => {
  it.each([
    {
      reason: 'the address is of the metric',
      address: 'https://a',
      expected: 'https://a/api/v1/query',
    },
    {
      reason: "the address is the environment's",
      address: '',
      expected: 'http://env:9090/api/v1/query',
    },
    {
      reason: 'a path in it is kept and slashes do not double',
      address: 'http://a/prom//',
      expected: 'http://a/prom/api/v1/query',
    },
  ])('$reason', async ({ address, expected }) => {
    const { asked, ports } = hosts(() => ({}));
    await measure(ports, { address });
    expect(`${asked[0]?.host}${asked[0]?.path}`).toBe(expected);
  });

  it('the form says everything that is no letter or digit in percent', async () => {
    const { asked, ports } = hosts(() => ({}));
    await measure(ports, { query: "a{b=~'x|y'} + (1 * 2)!" });
    expect(formIn(asked[0]?.request)).toBe(
      'query=a%7Bb%3D~%27x%7Cy%27%7D+%2B+%281+%2A+2%29%21&time=1700000000.5',
    );
    expect(asked[0]?.request.headers['content-type']).toBe('application/x-www-form-urlencoded');
  });

  it.each([403, 405, 501])('status %d makes it ask again by GET', async (status) => {
    const { asked, ports } = hosts((_host, { method }) => (method === 'POST' ? { status } : {}));
    const measured = await measure(ports);
    expect(asked.map(({ method }) => method)).toEqual(['POST', 'GET']);
    expect(asked[1]?.request.headers).not.toHaveProperty('content-type');
    expect(measured.value).toBe('[]');
  });

  it('certificates are not verified if the metric says so', async () => {
    const { insecure, ports } = hosts(() => ({}));
    await measure(ports);
    await measure(ports, { insecure: true });
    expect(insecure).toEqual([false, true]);
  });

  it('own headers go with every request, the later of two wins', async () => {
    const { asked, ports } = hosts(() => ({}));
    const headers = [
      { key: 'X-Scope-OrgID', value: 'one' },
      { key: 'x-scope-orgid', value: 'two' },
    ];
    await measure(ports, { headers });
    expect(asked[0]?.request.headers['x-scope-orgid']).toBe('two');
  });
});

describe('redirects', () => {
  it.each([
    { status: 307, location: 'http://b/x', next: 'POST http://b/x', keepsBody: true },
    { status: 308, location: '/other', next: 'POST http://a:1/other', keepsBody: true },
    {
      status: 302,
      location: 'other?x=1',
      next: 'GET http://a:1/p/api/v1/other?x=1',
      keepsBody: false,
    },
    { status: 303, location: '//c/y', next: 'GET http://c/y', keepsBody: false },
    { status: 301, location: '?z', next: 'GET http://a:1/p/api/v1/query?z', keepsBody: false },
  ])('$status to $location is followed by $next', async ({ status, location, next, keepsBody }) => {
    let isFirst = true;
    const { asked, ports } = hosts(() => {
      if (!isFirst) return {};
      isFirst = false;
      return { status, headers: { location }, body: '' };
    });
    await measure(ports, { address: 'http://a:1/p' });
    const second = asked[1];
    expect(`${second?.method} ${second?.host}${second?.path}`).toBe(next);
    expect(formIn(second?.request) !== '').toBe(keepsBody);
  });

  it('end after ten', async () => {
    const { asked, ports } = hosts(() => ({
      status: 307,
      headers: { location: '/again' },
      body: '',
    }));
    const { error } = await measure(ports, { address: 'http://a' });
    expect(error).toBe('Post "http://a/api/v1/query": stopped after 10 redirects');
    expect(asked).toHaveLength(11);
  });

  it('to another host get no credentials', async () => {
    const { asked, ports } = hosts((host) =>
      host === 'http://a' ? { status: 307, headers: { location: 'http://b/x' }, body: '' } : {},
    );
    const authentication = { basicAuth: { username: 'u', password: 'p' } };
    await measure(ports, { address: 'http://a', authentication });
    expect(asked[0]?.request.headers).toHaveProperty('authorization');
    expect(asked[1]?.request.headers).not.toHaveProperty('authorization');
  });
});

const BASIC = { username: 'u', password: 'p' };
const OAUTH = { tokenUrl: 'http://id/token', clientId: 'my id', clientSecret: 's+e/c' };

describe('authentication towards Prometheus', () => {
  /** A token for whoever shows the right credentials in the right way. */
  function identity(accepts: (request: HttpRequest) => boolean, token: Reply = {}) {
    return hosts((host, request) => {
      if (host !== 'http://id') return {};
      const body = { access_token: 'tok', token_type: 'bearer' };
      return accepts(request) ? { body, ...token } : { status: 401, body: 'no' };
    });
  }

  it('is by user and password', async () => {
    const { asked, ports } = hosts(() => ({}));
    await measure(ports, { authentication: { basicAuth: BASIC } });
    expect(asked[0]?.request.headers['authorization']).toBe(`Basic ${base64(utf8('u:p'))}`);
  });

  it.each([
    { reason: 'a name', basicAuth: { password: 'p' }, missing: 'username' },
    { reason: 'a password', basicAuth: { username: 'u' }, missing: 'password' },
  ])('needs $reason too', async ({ basicAuth, missing }) => {
    const { ports } = hosts(() => ({}));
    expect((await measure(ports, { authentication: { basicAuth } })).error).toBe(
      `missing mandatory parameter in metric for basic auth setup: ${missing}`,
    );
  });

  it('is by a token, asked for with the credentials encoded in the header', async () => {
    const { asked, ports } = identity(() => true);
    const oauth2 = { ...OAUTH, scopes: ['a', 'b'] };
    await measure(ports, { authentication: { oauth2 } });
    const [first, second] = asked;
    expect(`${first?.method} ${first?.host}${first?.path}`).toBe('POST http://id/token');
    expect(first?.request.headers['authorization']).toBe(
      `Basic ${base64(utf8('my+id:s%2Be%2Fc'))}`,
    );
    expect(formIn(first?.request)).toBe('grant_type=client_credentials&scope=a+b');
    expect(second?.request.headers['authorization']).toBe('Bearer tok');
  });

  it('is asked for a token with the credentials in the form where the header is refused', async () => {
    const { asked, ports } = identity((request) => formIn(request).includes('client_secret='));
    const { error } = await measure(ports, { authentication: { oauth2: OAUTH } });
    expect(error).toBeUndefined();
    expect(asked[1]?.request.headers).not.toHaveProperty('authorization');
    expect(formIn(asked[1]?.request)).toBe(
      'grant_type=client_credentials&client_id=my+id&client_secret=s%2Be%2Fc',
    );
    expect(asked).toHaveLength(3);
  });

  it('a token counts before a password, an own header before both', async () => {
    const both = { oauth2: OAUTH, basicAuth: BASIC };
    const plain = identity(() => true);
    await measure(plain.ports, { authentication: both });
    expect(plain.asked[1]?.request.headers['authorization']).toBe('Bearer tok');
    const own = identity(() => true);
    const headers = [{ key: 'Authorization', value: 'mine' }];
    await measure(own.ports, { authentication: both, headers });
    expect(own.asked.map(({ request }) => request.headers['authorization'])).toEqual([
      'mine',
      'mine',
    ]);
  });

  it.each([
    {
      reason: 'of another type',
      token: { body: { access_token: 'tok', token_type: 'DPoP' } },
      expected: 'DPoP tok',
    },
    {
      reason: 'without a type',
      token: { body: { access_token: 'tok', token_type: '' } },
      expected: 'Bearer tok',
    },
    {
      reason: 'as a form',
      token: {
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: 'access_token=a%2Bb&token_type=bearer',
      },
      expected: 'Bearer a+b',
    },
  ])('a token $reason is understood', async ({ token, expected }) => {
    const { asked, ports } = identity(() => true, token);
    await measure(ports, { authentication: { oauth2: OAUTH } });
    expect(asked[1]?.request.headers['authorization']).toBe(expected);
  });

  const at = 'Post "http://prom:9090/api/v1/query": ';
  it.each<{ reason: string; token: Reply; error: string }>([
    {
      reason: 'the server refuses',
      token: { status: 401, body: 'who?' },
      error: `${at}oauth2: cannot fetch token: 401 Unauthorized\nResponse: who?`,
    },
    {
      reason: 'the server says why',
      token: { status: 400, body: { error: 'invalid_client', error_description: 'no such' } },
      error: `${at}oauth2: "invalid_client" "no such"`,
    },
    {
      reason: 'an error comes with status 200',
      token: { body: { error: 'invalid_scope' } },
      error: `${at}oauth2: "invalid_scope"`,
    },
    {
      reason: 'there is no token',
      token: { body: {} },
      error: `${at}oauth2: server response missing access_token`,
    },
    {
      reason: 'the answer is no JSON',
      token: { body: '<html>' },
      error: `${at}oauth2: cannot parse json: `,
    },
  ])('when $reason, the error says so', async ({ token, error }) => {
    const { ports } = identity(() => true, token);
    const measured = await measure(ports, { authentication: { oauth2: OAUTH } });
    expect(measured.error?.slice(0, error.length)).toBe(error);
  });

  it('a token server that cannot be reached is named inside the request it was for', async () => {
    const { ports } = hosts(() => ({}));
    const connect: ProviderPorts['connect'] = () => () =>
      Promise.reject(new TransportError('refused', 'connection refused'));
    const measured = await measure({ ...ports, connect }, { authentication: { oauth2: OAUTH } });
    expect(measured.error).toBe(`${at}Post "http://id/token": connection refused`);
  });

  it('a token needs both parts of the credentials', async () => {
    const { ports } = hosts(() => ({}));
    const oauth2 = { ...OAUTH, clientSecret: '' };
    expect((await measure(ports, { authentication: { oauth2 } })).error).toBe(
      'missing mandatory parameter in metric for OAuth2 setup',
    );
  });
});

describe('an answer of Prometheus', () => {
  it.each([
    {
      reason: 'no list of series is none',
      data: { resultType: 'vector', result: null },
      value: '[]',
      error: undefined,
    },
    {
      reason: 'several series are numbers in their order',
      data: { resultType: 'vector', result: [{ value: [1, '2'] }, { value: [1, '1e3'] }] },
      value: '[2,1000]',
      error: undefined,
    },
    {
      reason: 'no number and no end are told from numbers',
      data: {
        resultType: 'vector',
        result: [{ value: [1, 'NaN'] }, { value: [1, '-Inf'] }, { value: [1, '+Inf'] }],
      },
      value: '[NaN,-Inf,+Inf]',
      error: undefined,
    },
    {
      reason: 'a native histogram is no number',
      data: { resultType: 'vector', result: [{ histogram: [1, {}] }] },
      value: undefined,
      error: /^bad_response: unexpected \{"histogram"/,
    },
    {
      reason: 'an empty text is no zero',
      data: { resultType: 'scalar', result: [1, ''] },
      value: undefined,
      error: /^bad_response: unexpected \[1,""\]/,
    },
    {
      reason: 'a word is no number',
      data: { resultType: 'scalar', result: [1, 'many'] },
      value: undefined,
      error: /^bad_response: /,
    },
    {
      reason: 'a list is expected',
      data: { resultType: 'matrix', result: { a: 1 } },
      value: undefined,
      error: /^bad_response: unexpected \{"a":1\}/,
    },
    {
      reason: 'another type is not supported',
      data: { resultType: 'streams', result: [] },
      value: undefined,
      error: /^Prometheus metric type not supported$/,
    },
  ])('$reason', async ({ data, value, error }) => {
    const { ports } = hosts(() => ({ body: { status: 'success', data } }));
    const measured = await measure(ports);
    expect(measured.value).toBe(value);
    if (error === undefined) expect(measured.error).toBeUndefined();
    else expect(measured.error).toMatch(error);
  });

  it.each<{ reason: string; reply: Reply; error: string }>([
    {
      reason: 'an error with status 200 is one',
      reply: { body: { status: 'error', errorType: 'execution', error: 'expired' } },
      error: 'execution: expired',
    },
    {
      reason: 'a query that cannot be run',
      reply: { status: 422, body: { status: 'error', errorType: 'execution', error: 'many' } },
      error: 'execution: many',
    },
    {
      reason: 'success with the status of an error',
      reply: { status: 400, body: EMPTY },
      error: 'bad_response: inconsistent body for response code',
    },
    {
      reason: 'a status of no class that we know',
      reply: { status: 304, body: '' },
      error: 'bad_response: bad response code 304',
    },
    { reason: 'no JSON', reply: { body: '<html>' }, error: 'bad_response: ' },
    { reason: 'null', reply: { body: 'null' }, error: 'Prometheus metric type not supported' },
  ])('$reason is told', async ({ reply, error }) => {
    const { ports } = hosts(() => reply);
    const measured = await measure(ports);
    expect(measured.error?.slice(0, error.length)).toBe(error);
    expect(measured.value).toBeUndefined();
  });

  it('warnings are kept with the measurement', async () => {
    const { ports } = hosts(() => ({ body: { ...EMPTY, warnings: ['slow "shard"', 'partial'] } }));
    expect((await measure(ports)).metadata).toEqual({
      warnings: '"slow \\"shard\\"", "partial"',
    });
  });

  it.each([
    { field: 'start', rangeQuery: { start: 'later', end: 'now()', step: '1m' } },
    { field: 'end', rangeQuery: { start: 'now()', end: 'later', step: '1m' } },
  ])('a range whose $field is no moment is told', async ({ field, rangeQuery }) => {
    const { ports } = hosts(() => ({}));
    expect((await measure(ports, { rangeQuery })).error).toMatch(
      new RegExp(`^failed to parse rangeQuery.${field} as time: `),
    );
  });

  it('a range whose step is no duration is told', async () => {
    const { ports } = hosts(() => ({}));
    const rangeQuery = { start: 'now()', end: 'now()', step: 'often' };
    expect((await measure(ports, { rangeQuery })).error).toMatch(
      /^failed to parse rangeQuery.step as duration: /,
    );
  });
});

describe('time and a query to Prometheus', () => {
  /** Answers only when it is cancelled. */
  const hanging: ProviderPorts['connect'] =
    () =>
    ({ cancel }) => {
      const { promise, reject } = Promise.withResolvers<never>();
      cancel?.onCancel(() => reject(new TransportError('cancelled', 'cancelled')));
      return promise;
    };

  it.each([
    {
      reason: 'after thirty seconds if the metric says nothing',
      timeout: undefined,
      afterMs: 30_000,
    },
    { reason: 'after the seconds that it says', timeout: 7, afterMs: 7000 },
    { reason: 'at once if it says zero', timeout: 0, afterMs: 0 },
  ])('it is given up $reason', async ({ timeout, afterMs }) => {
    const clock = new VirtualClock({ start: NOW, idle: () => Promise.resolve() });
    const ports: ProviderPorts = { clock, env: () => undefined, connect: hanging };
    const state: { measured?: Awaited<ReturnType<typeof measure>> } = {};
    const done = measure(ports, timeout === undefined ? {} : { timeout }).then((measured) => {
      state.measured = measured;
      return undefined;
    });
    if (afterMs > 0) await clock.advance(milliseconds(afterMs - 1));
    expect(state.measured).toBeUndefined();
    await clock.advanceTo(later(NOW, milliseconds(afterMs)));
    await done;
    expect(state.measured?.error).toBe(
      'Post "http://prom:9090/api/v1/query": context deadline exceeded',
    );
    expect((state.measured?.finishedAt ?? 0) - NOW).toBe(afterMs);
  });

  it('over real connections: TLS that cannot be verified is an error unless the metric says so', async () => {
    const certificate = await serverCertificate({
      names: ['localhost'],
      addresses: ['127.0.0.1'],
      nowMs: systemClock.now(),
    });
    const handler = () =>
      Promise.resolve({ status: 200, headers: {}, body: bodyOf(utf8(JSON.stringify(EMPTY))) });
    const listening = await systemListener.listen({ handler, tls: certificate });
    const connect: ProviderPorts['connect'] = (server, { insecure }) =>
      createTransport({ server, insecure }).send;
    const ports: ProviderPorts = { clock: systemClock, env: () => undefined, connect };
    const address = `https://127.0.0.1:${listening.port}`;
    expect((await measure(ports, { address })).error).toMatch(
      /^Post "https:\S+\/api\/v1\/query": cannot reach \S+: /,
    );
    expect((await measure(ports, { address, insecure: true })).value).toBe('[]');
    await listening.close();
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
