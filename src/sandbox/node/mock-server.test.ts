import { describe, expect, it } from 'vitest';
import { readAll, utf8Text } from '../../lib/bytes.ts';
import { type Clock, TransportError } from '../../lib/ports.ts';
import { instant } from '../../lib/time.ts';
import { failPercentOf, mockServer } from './mock-server.ts';

const clock: Clock = {
  now: () => instant(0),
  at: (_at, run) => {
    run();
    return () => undefined;
  },
};

function serverWith(failPercent: number) {
  const lines: string[] = [];
  const server = mockServer({
    clock,
    version: '3.0.0',
    hostname: 'web-1',
    failPercent,
    log: (line) => lines.push(line),
  });
  const get = (path: string) => server({ method: 'GET', path, headers: {} });
  return { get, lines };
}

describe('mockServer', () => {
  const rows = [
    { reason: 'tells its version', path: '/version', status: 200, has: '"version":"3.0.0"' },
    { reason: 'answers with the status asked for', path: '/status/418', status: 418, has: '418' },
    { reason: 'knows no status outside of HTTP', path: '/status/99', status: 400, has: '99' },
    { reason: 'answers late', path: '/delay/20', status: 200, has: '"delayMs":20' },
    { reason: 'knows no other path', path: '/', status: 404, has: 'there is no /' },
  ];
  it.each(rows)('$reason', async ({ path, status, has }) => {
    const { get } = serverWith(0);
    const response = await get(path);
    expect(response.status).toBe(status);
    expect(utf8Text(await readAll(response.body))).toContain(has);
  });

  it.each([
    { path: '/close-before-response/1', kind: 'cancelled' },
    { path: '/reset-before-response/1', kind: 'reset' },
  ])('$path gives no answer', async ({ path, kind }) => {
    const failure = await serverWith(0)
      .get(path)
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(TransportError);
    expect((failure as TransportError).kind).toBe(kind);
  });

  it('fails the share of requests that it is told to, evenly spread, and logs each', async () => {
    const { get, lines } = serverWith(30);
    const statuses: number[] = [];
    for (let count = 0; count < 20; count += 1) statuses.push((await get('/status/200')).status);
    expect(statuses.filter((status) => status === 500)).toHaveLength(6);
    expect(statuses.slice(0, 10).filter((status) => status === 500)).toHaveLength(3);
    expect(lines.filter((line) => line.includes(' 500 version=3.0.0 pod=web-1'))).toHaveLength(6);
  });
});

describe('failPercentOf', () => {
  it.each([
    { env: {}, percent: 0 },
    { env: { MOCK_FAIL_PERCENT: '30' }, percent: 30 },
    { env: { MOCK_FAIL_PERCENT: '101' }, percent: 0 },
    { env: { MOCK_FAIL_PERCENT: 'many' }, percent: 0 },
  ])('$env', ({ env, percent }) => {
    expect(failPercentOf(env)).toBe(percent);
  });
});
