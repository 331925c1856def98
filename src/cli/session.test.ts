import { describe, expect, it } from 'vitest';
import { bodyOf, utf8 } from '../lib/bytes.ts';
import {
  type HttpRequest,
  type HttpResponse,
  type Transport,
  TransportError,
} from '../lib/ports.ts';
import { formatHttpDate, instant, seconds } from '../lib/time.ts';
import { VirtualClock } from '../lib/virtual-clock.ts';
import { sessionOver } from './session.ts';

const START = Date.UTC(2026, 0, 1);
const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

function session(
  answer: (request: HttpRequest, clock: VirtualClock) => Promise<HttpResponse>,
  more: { readonly limitSeconds?: number } = {},
) {
  const clock = new VirtualClock({ start: instant(START), idle: turn });
  const paths: string[] = [];
  const told: string[] = [];
  const transport: Transport = (request) => {
    paths.push(request.path);
    return answer(request, clock);
  };
  const connected = sessionOver({
    transport,
    clock,
    namespace: 'default',
    server: 'https://here',
    userAgent: 'test',
    onRequest: (line) => told.push(line),
    ...(more.limitSeconds === undefined ? {} : { requestTimeout: seconds(more.limitSeconds) }),
  });
  return { connected, client: connected.client, clock, paths, told };
}

function ok(date: number, text = '{}'): Promise<HttpResponse> {
  const headers = { date: formatHttpDate(instant(date)) };
  return Promise.resolve({ status: 200, headers, body: bodyOf(utf8(text)) });
}

const YEAR = 365 * 86_400_000;

describe('the server’s time', () => {
  it('is that of its latest answer, without a request of its own', async () => {
    const { client, connected, paths } = session(() => ok(START + YEAR));
    await client.raw('GET', '/a');
    expect(await connected.serverNow()).toBe(START + YEAR);
    expect(paths).toEqual(['/a']);
  });

  it('is asked for when the last answer is old', async () => {
    const { client, connected, paths, clock } = session((_request, at) => ok(at.now() + YEAR));
    await client.raw('GET', '/a');
    await clock.advance(seconds(5));
    expect(await connected.serverNow()).toBe(START + YEAR + 5000);
    expect(paths).toEqual(['/a', '/version']);
  });

  it('goes on by our clock when the server has gone', async () => {
    let isThere = true;
    const { connected, clock } = session(() =>
      isThere ? ok(START + YEAR) : Promise.reject(new TransportError('refused', 'gone')),
    );
    expect(await connected.serverNow()).toBe(START + YEAR);
    isThere = false;
    await clock.advance(seconds(7));
    expect(await connected.serverNow()).toBe(START + YEAR + 7000);
  });

  it('is ours where a server tells none', async () => {
    const silent = { status: 200, headers: {}, body: bodyOf(utf8('')) };
    const { connected } = session(() => Promise.resolve(silent));
    expect(await connected.serverNow()).toBe(START);
  });
});

describe('--request-timeout', () => {
  /** Answers never, until it is cancelled. */
  function never({ cancel }: HttpRequest): Promise<HttpResponse> {
    const { promise, reject } = Promise.withResolvers<HttpResponse>();
    cancel?.onCancel(() => reject(new TransportError('cancelled', 'cancelled')));
    return promise;
  }
  const LATE = 'GET /a: no answer within 5 s';

  it('ends a request without an answer', async () => {
    const { client, clock } = session(never, { limitSeconds: 5 });
    const failure = client.raw('GET', '/a').then(String, (error: Error) => error.message);
    await clock.advance(seconds(6));
    expect(await failure).toBe(LATE);
  });

  it('ends an answer that does not', async () => {
    const { client, clock } = session(
      async (request) => ({
        status: 200,
        headers: {},
        body: (async function* () {
          yield utf8('{');
          await never(request);
        })(),
      }),
      { limitSeconds: 5 },
    );
    const failure = client.raw('GET', '/a').then(String, (error: Error) => error.message);
    await clock.advance(seconds(6));
    expect(await failure).toBe(LATE);
  });

  it('leaves no timer behind an answer in time', async () => {
    const { client, clock } = session((_request, at) => ok(at.now()), { limitSeconds: 5 });
    expect((await client.raw('GET', '/a')).text).toBe('{}');
    expect(clock.next()).toBeUndefined();
  });

  it('is not for watches, which are meant to last', async () => {
    let isCancelled = false;
    const { client, clock } = session(
      (request) => {
        request.cancel?.onCancel(() => {
          isCancelled = true;
        });
        return never(request);
      },
      { limitSeconds: 5 },
    );
    const resource = { group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespaced: true };
    const watching = client.watch(resource, { resourceVersion: '1' }).next();
    watching.catch(() => undefined);
    await clock.advance(seconds(60));
    expect(isCancelled).toBe(false);
  });
});

describe('-v 6', () => {
  it('tells each request, what became of it and how long it took', async () => {
    const { client, told } = session(({ path }, at) =>
      path === '/bad' ? Promise.reject(new TransportError('cancelled', 'stopped')) : ok(at.now()),
    );
    await client.raw('GET', '/a?limit=5');
    await client.raw('PATCH', '/bad').catch(() => undefined);
    expect(told).toEqual([
      'GET https://here/a?limit=5 200 in 0 ms',
      'PATCH https://here/bad stopped in 0 ms',
    ]);
  });
});
