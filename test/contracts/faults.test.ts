// What our client makes of servers and networks that fail, over every way to an API server of our own.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CONFIG_MAPS } from '../../src/api/resources.ts';
import { createClient, type KubeClient } from '../../src/kube/client.ts';
import { ApiError, isExpired } from '../../src/kube/errors.ts';
import { utf8 } from '../../src/lib/bytes.ts';
import { cancellation } from '../../src/lib/clock.ts';
import { type Cancel, type HttpResponse, TransportError } from '../../src/lib/ports.ts';
import { between, seconds } from '../../src/lib/time.ts';
import { refusal, text } from '../support/scripted-server.ts';
import { type Interference, type Reached, SERVERS } from './servers.ts';

async function failureOf(work: Promise<unknown>): Promise<Error> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('it did not fail');
}

const REF = { resource: CONFIG_MAPS, namespace: 'default', name: 'kube-root' };
const RESET = () => new TransportError('reset', 'the server went away');

/** A body that sends `start` and then goes on as `end` says. */
function broken(start: string, end: () => Promise<void>): HttpResponse {
  async function* body(): AsyncGenerator<Uint8Array> {
    yield utf8(start);
    await end();
  }
  return { status: 200, headers: { 'content-type': 'application/json' }, body: body() };
}

/** Pends until the request is cancelled. */
function untilCancelled(cancel: Cancel | undefined): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  cancel?.onCancel(() => reject(new TransportError('cancelled', 'cancelled')));
  return promise;
}

describe.each(SERVERS.filter(({ isOurs }) => isOurs))(
  'a client whose server fails, $name',
  (row) => {
    let server: Reached;
    let patient: KubeClient;
    /** Its time-out is so short (20 ms on a clock that runs) that only what never ends may rely on it. */
    let hurried: KubeClient;
    let hasty: KubeClient;
    /** Tells this test's requests from late ones of the test before. */
    let userAgent = '';
    let count = 0;

    beforeAll(async () => {
      server = await row.start();
      await createClient({ transport: server.transport }).create(CONFIG_MAPS, {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: REF.name, namespace: REF.namespace },
      });
    });

    beforeEach(() => {
      const { transport, clock } = server;
      count += 1;
      userAgent = `test-${count}`;
      const options = { transport, userAgent };
      patient = createClient({ ...options, patience: { clock, timeout: seconds(36_000) } });
      hurried = createClient({ ...options, patience: { clock, timeout: seconds(20) } });
      hasty = createClient(options);
    });

    afterEach(() => server.own?.interfere());
    afterAll(() => server.stop());

    /** Answers in turn; after that the server itself does. Gives how often it was asked. */
    function script(...answers: readonly Interference[]): () => number {
      let asked = 0;
      const own = userAgent;
      server.own?.interfere((request, next) => {
        if (request.headers['user-agent'] !== own) return next(request);
        const answer = answers[asked];
        asked += 1;
        return answer === undefined ? next(request) : answer(request, next);
      });
      return () => asked;
    }

    const busy: Interference = () =>
      Promise.resolve(refusal(429, 'TooManyRequests', { 'retry-after': '3' }));
    const down: Interference = () => Promise.resolve(refusal(503, 'ServiceUnavailable'));

    /** Types of the events until the watch ends. */
    async function readWatch(client: KubeClient): Promise<string[]> {
      const types: string[] = [];
      const watch = client.watch(CONFIG_MAPS, { resourceVersion: '1' });
      for await (const event of watch) types.push(event.type);
      return types;
    }

    it('waits as long as a busy server asks, then asks again', async () => {
      const asked = script(busy, busy);
      const started = server.clock.now();
      await server.wait(patient.get(REF));
      expect(asked()).toBe(3);
      expect(between(started, server.clock.now())).toBeGreaterThanOrEqual(6000);
    });

    it('a write is sent again too, once for each refusal', async () => {
      const asked = script(busy);
      const body = { data: { a: '1' } };
      await server.wait(patient.patch(REF, { type: 'merge', body }));
      expect(asked()).toBe(2);
    });

    it('gives up on a busy server after ten tries', async () => {
      const asked = script(...Array.from({ length: 30 }, () => busy));
      const failure = await failureOf(server.wait(patient.get(REF)));
      expect(failure).toMatchObject({ reason: 'TooManyRequests', code: 429, retryAfterSeconds: 3 });
      expect(asked()).toBe(10);
    });

    it('gives up on a busy server when time is up', async () => {
      const asked = script(...Array.from({ length: 30 }, () => busy));
      const failure = await failureOf(server.wait(hurried.get(REF)));
      expect(failure).toMatchObject({ name: 'TransportError', kind: 'timeout' });
      expect(failure.message).toMatch(
        /GET .*kube-root: refused for 20 s: the script says TooManyRequests/,
      );
      expect(asked()).toBeLessThan(10);
    });

    it('without patience a refusal is told at once, with the time to wait', async () => {
      const asked = script(busy);
      const failure = await failureOf(server.wait(hasty.get(REF)));
      expect(failure).toMatchObject({ reason: 'TooManyRequests', retryAfterSeconds: 3 });
      expect(asked()).toBe(1);
    });

    it('a server that is down and names no time is not asked again', async () => {
      const asked = script(down);
      const failure = await failureOf(server.wait(patient.get(REF)));
      expect(failure).toMatchObject({ reason: 'ServiceUnavailable', code: 503 });
      expect(asked()).toBe(1);
    });

    it('a refusal in the words of something else keeps its text and its code', async () => {
      script(() => Promise.resolve(text(502, '<html>bad gateway</html>')));
      const failure = await failureOf(server.wait(patient.get(REF)));
      expect(failure).toBeInstanceOf(ApiError);
      expect(failure).toMatchObject({ code: 502, message: '<html>bad gateway</html>' });
    });

    it('an answer that is no JSON is a failure that shows its beginning', async () => {
      script(() => Promise.resolve(text(200, 'Welcome to the portal')));
      const failure = await failureOf(server.wait(patient.get(REF)));
      expect(failure).toBeInstanceOf(TransportError);
      expect(failure.message).toMatch(/GET .*kube-root: the answer is not JSON: Welcome/);
    });

    it('a connection that ends before the answer is a reset', async () => {
      script(() => Promise.reject(RESET()));
      const failure = await failureOf(server.wait(patient.get(REF)));
      expect(failure).toMatchObject({ name: 'TransportError', kind: 'reset' });
    });

    it('a connection that ends in the middle of an answer is a reset', async () => {
      script(() => Promise.resolve(broken('{"apiVersion":"v1",', () => Promise.reject(RESET()))));
      const failure = await failureOf(server.wait(patient.get(REF)));
      expect(failure).toMatchObject({ name: 'TransportError', kind: 'reset' });
    });

    it('a server that never answers is given up after the time-out', async () => {
      script(({ cancel }) => untilCancelled(cancel));
      const started = server.clock.now();
      const failure = await failureOf(server.wait(hurried.get(REF)));
      expect(failure).toMatchObject({ name: 'TransportError', kind: 'timeout' });
      expect(failure.message).toMatch(/GET .*kube-root: no answer within 20 s/);
      expect(between(started, server.clock.now())).toBeGreaterThanOrEqual(20_000);
    });

    it('a server that stops in the middle of an answer is given up after the time-out', async () => {
      script(({ cancel }) => Promise.resolve(broken('{', () => untilCancelled(cancel))));
      const failure = await failureOf(server.wait(hurried.get(REF)));
      expect(failure).toMatchObject({ name: 'TransportError', kind: 'timeout' });
    });

    it('a request that is cancelled ends at once and tells the server', async () => {
      const stop = cancellation();
      const told = Promise.withResolvers<boolean>();
      script(({ cancel }) => {
        cancel?.onCancel(() => told.resolve(true));
        stop.now();
        return untilCancelled(cancel);
      });
      const failure = await failureOf(server.wait(patient.get(REF, stop.cancel)));
      expect(failure).toMatchObject({ name: 'TransportError', kind: 'cancelled' });
      expect(await server.wait(told.promise)).toBe(true);
    });

    it('a request that is cancelled already is not sent', async () => {
      const stop = cancellation();
      stop.now();
      const asked = script();
      const failure = await failureOf(server.wait(patient.get(REF, stop.cancel)));
      expect(failure).toMatchObject({ name: 'TransportError', kind: 'cancelled' });
      expect(asked()).toBe(0);
    });

    it('a watch that is refused has expired when the status is 410', async () => {
      script(() => Promise.resolve(refusal(410, 'Expired')));
      expect(isExpired(await failureOf(server.wait(readWatch(patient))))).toBe(true);
    });

    it('a watch has expired when an ERROR event says 410', async () => {
      const event = { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } };
      const watch = () => Promise.resolve(text(200, `${JSON.stringify(event)}\n`));
      script(watch);
      expect(isExpired(await failureOf(server.wait(readWatch(patient))))).toBe(true);
    });

    it('an ERROR event of another kind keeps its reason and code', async () => {
      const object = { kind: 'Status', code: 500, reason: 'InternalError', message: 'etcd' };
      const watch = () =>
        Promise.resolve(text(200, `${JSON.stringify({ type: 'ERROR', object })}\n`));
      script(watch);
      const failure = await failureOf(server.wait(readWatch(patient)));
      expect(failure).toMatchObject({ name: 'ApiError', reason: 'InternalError', message: 'etcd' });
    });

    it('a watch whose connection ends in the middle of a line fails', async () => {
      const line = `{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9"}}}\n{"type":"AD`;
      script(() => Promise.resolve(broken(line, () => Promise.reject(RESET()))));
      const failure = await failureOf(server.wait(readWatch(patient)));
      expect(failure).toMatchObject({ name: 'TransportError', kind: 'reset' });
    });

    it('a watch with a line that is no JSON fails and shows it', async () => {
      script(() => Promise.resolve(text(200, 'oops\n')));
      const failure = await failureOf(server.wait(readWatch(patient)));
      expect(failure).toMatchObject({ name: 'TransportError', kind: 'other' });
      expect(failure.message).toBe('the watch of configmaps sent a line that is not JSON: oops');
    });

    it('a watch outlives the time-out of other requests', async () => {
      const line = `{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9"}}}\n`;
      const later = () =>
        new Promise<void>((resolve) => {
          server.clock.at((server.clock.now() + 60_000) as never, resolve);
        });
      script(() => Promise.resolve(broken(line, later)));
      expect(await server.wait(readWatch(hurried))).toEqual(['BOOKMARK']);
    });
  },
);
