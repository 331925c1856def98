import { describe, expect, it } from 'vitest';
import { idle } from '../../test/support/cluster.ts';
import { type Answer, json, refusal, scriptedServer } from '../../test/support/scripted-server.ts';
import { cancellation } from '../lib/clock.ts';
import type { HttpRequest } from '../lib/ports.ts';
import { instant, milliseconds, seconds } from '../lib/time.ts';
import { VirtualClock } from '../lib/virtual-clock.ts';
import { Budget, budgeted } from './budget.ts';

const START = instant(Date.UTC(2026, 0, 1));
const OK: Answer = () => json(200, {});

function request(path: string, method = 'GET'): HttpRequest {
  return { method, path, headers: {} };
}

function stand({ perSecond, burst }: { readonly perSecond: number; readonly burst: number }) {
  const clock = new VirtualClock({ start: START, idle });
  const server = scriptedServer(() => clock.now(), OK);
  const budget = new Budget({ clock, perSecond, burst });
  const transport = budgeted(server.transport, budget, clock);
  /** When each request has reached the server. */
  const moments = () => server.asked.map(({ at }) => at - START);
  return { clock, server, budget, transport, moments };
}

function ask(send: (one: HttpRequest) => Promise<unknown>, count: number, path = '/api'): void {
  for (let index = 0; index < count; index += 1) void send(request(path));
}

describe('a budget of requests', () => {
  it('lets a burst go at once and the others evenly, first come first served', async () => {
    const { clock, server, transport, moments } = stand({ perSecond: 10, burst: 2 });
    for (let index = 0; index < 5; index += 1) void transport(request(`/${index}`));
    await clock.advance(seconds(1));
    expect(moments()).toEqual([0, 0, 100, 200, 300]);
    expect(server.asked.map(({ request: { path } }) => path)).toEqual([
      '/0',
      '/1',
      '/2',
      '/3',
      '/4',
    ]);
  });

  it('saves no more than a burst while nobody asks', async () => {
    const { clock, transport, moments } = stand({ perSecond: 10, burst: 2 });
    await clock.advance(seconds(100));
    ask(transport, 4);
    await clock.advance(seconds(1));
    expect(moments()).toEqual([100_000, 100_000, 100_100, 100_200]);
  });

  it('keeps its rate on a clock of whole milliseconds', async () => {
    const { clock, transport, moments } = stand({ perSecond: 120, burst: 1 });
    ask(transport, 1201);
    await clock.advance(seconds(20));
    expect(moments().at(-1)).toBeGreaterThanOrEqual(10_000);
    expect(moments().at(-1)).toBeLessThan(10_010);
  });

  it('watches are not counted', async () => {
    const { clock, transport, moments } = stand({ perSecond: 1, burst: 1 });
    ask(transport, 3, '/api/v1/services?watch=true&resourceVersion=5');
    ask(transport, 1);
    await clock.advance(milliseconds(1));
    expect(moments()).toEqual([0, 0, 0, 0]);
  });

  it('a busy server is left alone for as long as it asks', async () => {
    const { clock, server, transport, moments } = stand({ perSecond: 10, burst: 1 });
    server.next(refusal(429, 'TooManyRequests', { 'retry-after': '3' }));
    ask(transport, 3);
    await clock.advance(seconds(10));
    const [first, second, third = 0] = moments();
    expect([first, second]).toEqual([0, 3000]);
    expect(third).toBeGreaterThan(3090);
  });

  it('a disruption budget that says "not now" holds up nobody', async () => {
    const { clock, server, transport, moments } = stand({ perSecond: 10, burst: 1 });
    server.next(refusal(429, 'TooManyRequests', { 'retry-after': '10' }));
    void transport(request('/api/v1/namespaces/shop/pods/web-1/eviction', 'POST'));
    ask(transport, 1);
    await clock.advance(seconds(1));
    expect(moments()).toEqual([0, 100]);
  });

  it('who gives up waiting takes nothing', async () => {
    const { clock, budget } = stand({ perSecond: 10, burst: 1 });
    const stop = cancellation();
    const served: string[] = [];
    void budget.take().then(() => served.push('a'));
    void budget.take(stop.cancel).then(() => served.push('given up'));
    void budget.take().then(() => served.push('b'));
    stop.now();
    await clock.advance(milliseconds(100));
    expect(served).toEqual(['a', 'given up', 'b']);
  });

  it('is crowded while several wait', async () => {
    const { clock, budget } = stand({ perSecond: 10, burst: 1 });
    const seen: boolean[] = [];
    for (let index = 0; index < 6; index += 1) {
      seen.push(budget.isCrowded);
      void budget.take();
    }
    seen.push(budget.isCrowded);
    await clock.advance(milliseconds(200));
    seen.push(budget.isCrowded);
    expect(seen).toEqual([false, false, false, false, false, true, true, false]);
  });

  it('what costs more waits longer', async () => {
    const { clock, budget } = stand({ perSecond: 10, burst: 4 });
    const served: number[] = [];
    for (let index = 0; index < 3; index += 1) {
      void budget.take(undefined, 4).then(() => served.push(clock.now() - START));
    }
    await clock.advance(seconds(2));
    expect(served).toEqual([0, 400, 800]);
  });
});
