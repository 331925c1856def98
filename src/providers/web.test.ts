import { describe, expect, it } from 'vitest';
import type { Metric } from '../api/analysis.ts';
import { base64, bodyOf, utf8, utf8Text } from '../lib/bytes.ts';
import { cancellation } from '../lib/clock.ts';
import { type Clock, type Headers, type HttpRequest, TransportError } from '../lib/ports.ts';
import { instant } from '../lib/time.ts';
import type { ProviderPorts } from './provider.ts';
import { measureWeb } from './web.ts';

type Settings = NonNullable<Metric['provider']['web']>;

const NOW = instant(1_700_000_000_500);
const still: Clock = { now: () => NOW, at: () => () => undefined };

interface Answer {
  readonly status?: number;
  readonly body: string;
  readonly headers?: Headers;
}

/** Servers that answer in turn and note what they were asked. */
function serverOf(...answers: readonly Answer[]) {
  const asked: (HttpRequest & { readonly server: string; readonly insecure: boolean })[] = [];
  const ports: ProviderPorts = {
    clock: still,
    env: () => undefined,
    connect:
      (server, { insecure }) =>
      (request) => {
        const answer = answers[asked.length] ?? answers.at(-1);
        asked.push({ ...request, server, insecure });
        if (answer === undefined) return Promise.reject(new TransportError('refused', 'refused'));
        const { status = 200, body, headers = {} } = answer;
        return Promise.resolve({ status, headers, body: bodyOf(utf8(body)) });
      },
  };
  return { asked, ports };
}

function measure(ports: ProviderPorts, settings: Partial<Settings> = {}) {
  const all: Settings = { url: 'http://gate/check?of=web', ...settings };
  return measureWeb(ports, all, { cancel: cancellation().cancel });
}

const textOf = (body: Uint8Array | undefined) => utf8Text(body ?? new Uint8Array());

describe('measureWeb', () => {
  it('gets the address, and the whole document is the result', async () => {
    const { asked, ports } = serverOf({ body: '{"b":[1, 2.0, 1e21], "a": "<é>"}' });
    const measured = await measure(ports);
    expect(asked).toMatchObject([
      { method: 'GET', server: 'http://gate', path: '/check?of=web', insecure: false },
    ]);
    expect(asked[0]?.body).toBeUndefined();
    expect(measured).toEqual({
      startedAt: NOW,
      finishedAt: NOW,
      result: { type: 'json', value: { a: '<é>', b: [1, 2, 1e21] } },
      value: String.raw`{"a":"\u003cé\u003e","b":[1,2,1e+21]}`,
    });
  });

  it.each([
    { jsonPath: '{.n}', value: '5', result: { type: 'json', value: 5 }, reason: 'a number' },
    { jsonPath: '{.s}', value: '"1"', result: { type: 'json', value: '1' }, reason: 'a text' },
    { jsonPath: '{.z}', value: 'null', result: { type: 'json', value: null }, reason: 'null' },
    { jsonPath: '{7}', value: '7', result: { type: 'int', value: 7 }, reason: 'an integer' },
    { jsonPath: '', value: '{"n":5,"s":"1","z":null}', reason: 'all without a path' },
    { jsonPath: '$.n', value: '"$.n"', reason: 'a path without braces: itself' },
    { jsonPath: '{.n}{.s}', value: '5', reason: 'the first value of several' },
  ])('the path $jsonPath gives $reason', async ({ jsonPath, value, result }) => {
    const { ports } = serverOf({ body: '{"n":5,"s":"1","z":null}' });
    const measured = await measure(ports, { jsonPath });
    expect(measured.error).toBeUndefined();
    expect(measured.value).toBe(value);
    if (result !== undefined) expect(measured.result).toEqual(result);
  });

  it.each([
    { body: 'true enough', reason: 'a text is itself, whatever the path' },
    { body: '', reason: 'no body is an empty text' },
    { body: '{"n":1e999}', reason: 'a number beyond all bounds is no JSON' },
  ])('$reason', async ({ body }) => {
    const { ports } = serverOf({ body });
    const measured = await measure(ports, { jsonPath: '{.n}' });
    expect(measured).toMatchObject({ value: body, result: { type: 'json', value: body } });
  });

  it('a body that is null has no data', async () => {
    const { ports } = serverOf({ body: 'null' });
    expect(await measure(ports)).toMatchObject({
      value: 'null',
      result: { type: 'json', value: null },
    });
  });

  it.each([
    { status: 199, isFine: false },
    { status: 200, isFine: true },
    { status: 204, isFine: true },
    { status: 299, isFine: true },
    { status: 300, isFine: false },
    { status: 404, isFine: false },
    { status: 500, isFine: false },
  ])('status $status is an answer: $isFine', async ({ status, isFine }) => {
    const { ports } = serverOf({ status, body: '1' });
    const { error } = await measure(ports);
    expect(error).toBe(isFine ? undefined : `received non 2xx response code: ${status}`);
  });

  it.each([
    {
      settings: { jsonPath: '{.x}' },
      error: 'Could not find JSONPath in body: x is not found',
      reason: 'a path that leads nowhere',
    },
    {
      settings: { jsonPath: '{.list[*]}' },
      error: 'result of web metric produced no value',
      reason: 'a path that gives nothing',
    },
    { settings: { url: '' }, error: 'Get "": unsupported protocol scheme', reason: 'no address' },
  ])('$reason is an error', async ({ settings, error }) => {
    const { ports } = serverOf({ body: '{"list":[]}' });
    const measured = await measure(ports, settings);
    expect(measured).toEqual({ startedAt: NOW, finishedAt: NOW, error });
  });

  it.each([
    {
      settings: { jsonPath: '{.x' },
      error: 'unclosed action',
      reason: 'a path with a mistake',
    },
    {
      settings: { method: 'POST' as const, body: 'a', jsonBody: {} },
      error: 'use either Body or JSONBody; both cannot exists for WebMetric payload',
      reason: 'two bodies',
    },
    {
      settings: { body: 'a' },
      error: 'Body/JSONBody can only be used with POST or PUT WebMetric Method types',
      reason: 'a body to get',
    },
    {
      settings: { method: 'GET' as const, jsonBody: [] },
      error: 'Body/JSONBody can only be used with POST or PUT WebMetric Method types',
      reason: 'a JSON body to get',
    },
    {
      settings: { authentication: { oauth2: { tokenUrl: 'http://id/token', clientId: 'a' } } },
      error: 'missing mandatory parameter in metric for OAuth2 setup',
      reason: 'half a setup of OAuth2',
    },
  ])('$reason is an error before anything is sent', async ({ settings, error }) => {
    const { asked, ports } = serverOf({ body: '1' });
    expect((await measure(ports, settings)).error).toBe(error);
    expect(asked).toEqual([]);
  });

  it.each(['POST', 'PUT'] as const)('%s sends JSON compact, in its order', async (method) => {
    const { asked, ports } = serverOf({ body: '1' });
    const jsonBody = { b: [1, { z: null }], a: '<' };
    const headers = [{ key: 'Content-Type', value: 'text/plain' }];
    await measure(ports, { method, jsonBody, headers });
    expect(asked[0]?.method).toBe(method);
    expect(asked[0]?.headers?.['content-type']).toBe('application/json');
    expect(textOf(asked[0]?.body)).toBe('{"b":[1,{"z":null}],"a":"<"}');
  });

  it('sends a body as it is, with no type but the given one', async () => {
    const { asked, ports } = serverOf({ body: '1' });
    await measure(ports, { method: 'POST', body: 'a b' });
    expect(textOf(asked[0]?.body)).toBe('a b');
    expect(asked[0]?.headers?.['content-type']).toBeUndefined();
  });

  it('of headers with the same name the later counts, and the host is the address’s', async () => {
    const { asked, ports } = serverOf({ body: '1' });
    const headers = [
      { key: 'X-Team', value: 'a' },
      { key: 'x-team', value: 'b' },
      { key: 'Host', value: 'elsewhere' },
    ];
    await measure(ports, { headers, insecure: true });
    expect(asked[0]?.headers?.['x-team']).toBe('b');
    expect(asked[0]?.headers?.['host']).toBeUndefined();
    expect(asked[0]?.insecure).toBe(true);
  });

  it('gets a token first, which goes before an own Authorization', async () => {
    const { asked, ports } = serverOf({ body: '{"access_token":"t0ken"}' }, { body: '1' });
    const oauth2 = {
      tokenUrl: 'http://id/token',
      clientId: 'web',
      clientSecret: 'pass',
      scopes: ['a', 'b'],
    };
    await measure(ports, {
      authentication: { oauth2, basicAuth: { username: 'u', password: 'p' } },
      headers: [{ key: 'Authorization', value: 'mine' }],
    });
    expect(asked[0]).toMatchObject({ method: 'POST', server: 'http://id', path: '/token' });
    expect(asked[0]?.headers?.['authorization']).toBe(`Basic ${base64(utf8('web:pass'))}`);
    expect(textOf(asked[0]?.body)).toBe('grant_type=client_credentials&scope=a+b');
    expect(asked[1]?.headers?.['authorization']).toBe('Bearer t0ken');
  });

  it('a token that is refused is told with the request it was for', async () => {
    const { ports } = serverOf({ status: 401, body: 'no' });
    const oauth2 = { tokenUrl: 'http://id/token', clientId: 'web', clientSecret: 'pass' };
    const { error } = await measure(ports, { method: 'PUT', authentication: { oauth2 } });
    expect(error).toBe(
      'Put "http://gate/check?of=web": oauth2: cannot fetch token: 401 Unauthorized\nResponse: no',
    );
  });

  it('follows where it is sent, and not for ever', async () => {
    const headers = { location: '/there' };
    const moved = serverOf({ status: 302, body: '', headers }, { body: '2' });
    expect((await measure(moved.ports)).value).toBe('2');
    expect(moved.asked[1]).toMatchObject({ server: 'http://gate', path: '/there' });
    const circle = serverOf({ status: 302, body: '', headers });
    expect((await measure(circle.ports)).error).toContain('stopped after 10 redirects');
  });
});
