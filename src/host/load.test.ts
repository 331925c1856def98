import { expect, test } from 'vitest';
import { bodyOf, utf8 } from '../lib/bytes.ts';
import type { Transport } from '../lib/ports.ts';
import { seededRandom } from '../lib/random.ts';
import { type LoadOptions, type LoadResult, startLoad } from './load.ts';
import { systemProxy } from './proxy.ts';

async function load(handler: Transport, more: Partial<LoadOptions>) {
  const server = await systemProxy.listen({ handler });
  const results: LoadResult[] = [];
  const running = startLoad({
    origin: `http://127.0.0.1:${server.port}`,
    method: 'GET',
    path: '/status/200',
    headers: { host: 'mock-server' },
    requestsPerSecond: 500,
    total: 100,
    concurrency: 64,
    timeoutMs: 5000,
    random: seededRandom('load'),
    onResult: (result) => results.push(result),
    ...more,
  });
  await running.done;
  await server.close();
  return { results, running };
}

const ANSWER: Transport = () =>
  Promise.resolve({ status: 200, headers: { 'x-tag': 'a' }, body: bodyOf(utf8('hello')) });

test('as many requests are sent as were asked for, and each is told once', async () => {
  const { results, running } = await load(ANSWER, {});
  expect(results).toHaveLength(100);
  expect(results.every(({ status, body }) => status === 200 && body === 'hello')).toBe(true);
  expect(results[0]?.headers['x-tag']).toBe('a');
  expect(running.unsent).toBe(0);
});

test('a server that stalls shows in the times of those that waited behind it', async () => {
  const waiting: (() => void)[] = [];
  let count = 0;
  const { results } = await load(
    async (request) => {
      count += 1;
      // The first holds the only place until ten are due behind it.
      if (count === 1) {
        await new Promise<void>((resolve) => {
          waiting.push(resolve);
          setTimeout(resolve, 200);
        });
      }
      return ANSWER(request);
    },
    { concurrency: 1, requestsPerSecond: 100, total: 10 },
  );
  expect(results).toHaveLength(10);
  // They were due within 100 ms and could begin after 200 ms.
  expect(results.every(({ latencyMs }) => latencyMs > 80)).toBe(true);
});

test('who does not answer in time is no answer', async () => {
  const { results } = await load(() => new Promise(() => undefined), { total: 5, timeoutMs: 100 });
  expect(results.map(({ status, error }) => [status, error])).toEqual(
    Array.from({ length: 5 }, () => [0, 'no answer in time']),
  );
});

test('a connection that is refused is no answer', async () => {
  const server = await systemProxy.listen({ handler: ANSWER });
  await server.close();
  const { results } = await load(ANSWER, { origin: `http://127.0.0.1:${server.port}`, total: 3 });
  expect(results.map(({ status }) => status)).toEqual([0, 0, 0]);
});

test('what could not begin by its end is told', async () => {
  const { results, running } = await load(() => new Promise(() => undefined), {
    concurrency: 1,
    requestsPerSecond: 100,
    total: 20,
    timeoutMs: 50,
  });
  expect(running.unsent).toBe(20 - results.length);
  expect(running.unsent).toBeGreaterThan(0);
});
