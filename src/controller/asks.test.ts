import { describe, expect, it } from 'vitest';
import { idle } from '../../test/support/cluster.ts';
import { type Answer, json, refusal, scriptedServer } from '../../test/support/scripted-server.ts';
import { ROLLOUTS } from '../api/resources.ts';
import type { Ask, Measured } from '../core/decision.ts';
import { createClient } from '../kube/client.ts';
import { base64, utf8 } from '../lib/bytes.ts';
import { type Cancel, TransportError } from '../lib/ports.ts';
import { seededRandom } from '../lib/random.ts';
import { instant, seconds } from '../lib/time.ts';
import { VirtualClock } from '../lib/virtual-clock.ts';
import { fetchAnswers, type Measure } from './asks.ts';
import { Memory } from './memory.ts';

const REFUSED = new TransportError('refused', 'nothing listens');
const NOW = { startedAt: instant(0) };

function shell(measure: Measure = () => Promise.resolve(NOW)) {
  const clock = new VirtualClock({ start: instant(0), idle });
  const server = scriptedServer(() => clock.now(), REFUSED);
  const memory = new Memory();
  const failures: string[] = [];
  let looks = 0;
  const ports = {
    client: createClient({ transport: server.transport }),
    clock,
    random: seededRandom('asks'),
    measure,
    onFailure: (ask: Ask, error: unknown) => failures.push(`${ask.key}: ${String(error)}`),
  };
  const owner = {
    ref: { resource: ROLLOUTS, namespace: 'shop', name: 'web' },
    memory,
    lookAgain: () => {
      looks += 1;
    },
  };
  const ask = (...asks: readonly Ask[]) => fetchAnswers(ports, asks, owner);
  return { clock, server, memory, failures, ask, looks: () => looks };
}

const SECRET: Ask = { kind: 'secret', key: 's', name: 'token' };
const PODS: Ask = { kind: 'pods', key: 'p', labelSelector: 'app=web' };

function measureAsk(key: string): Ask {
  const provider = { prometheus: { address: 'http://prom', query: 'up' } };
  return {
    kind: 'measure',
    key,
    measure: {
      metricName: 'm',
      provider,
      action: 'run',
      run: { namespace: 'shop', name: 'run', uid: 'u' },
      number: 1,
      keep: 10,
      explainsAbsence: false,
    },
  };
}

describe('what a decision asks of the outside', () => {
  it('a secret is read and decoded', async () => {
    const { clock, server, memory, ask, looks } = shell();
    server.next(json(200, { metadata: { name: 'token' }, data: { key: base64(utf8('päss')) } }));
    ask(SECRET);
    await clock.advance(seconds(0));
    expect(server.asked[0]?.request.path).toBe('/api/v1/namespaces/shop/secrets/token');
    expect(memory.answers).toEqual([
      { kind: 'secret', key: 's', name: 'token', secret: { data: { key: 'päss' } } },
    ]);
    expect(looks()).toBe(1);
  });

  it.each([
    { reason: 'is not there', code: 404, name: 'NotFound' },
    { reason: 'may not be read', code: 403, name: 'Forbidden' },
  ])('a secret that $reason is answered with the words of the server', async ({ code, name }) => {
    const { clock, server, memory, ask, failures } = shell();
    server.next(refusal(code, name));
    ask(SECRET);
    await clock.advance(seconds(0));
    expect(memory.answers).toEqual([
      { kind: 'secret', key: 's', name: 'token', secret: { error: `the script says ${name}` } },
    ]);
    expect(failures).toEqual([]);
  });

  it.each<{ reason: string; answer: Answer }>([
    { reason: 'does not answer', answer: REFUSED },
    { reason: 'is broken', answer: refusal(500, 'InternalError') },
    { reason: 'is busy', answer: refusal(429, 'TooManyRequests') },
    { reason: 'does not know us for a moment', answer: refusal(401, 'Unauthorized') },
  ])('a server that $reason says nothing of the secret: it is asked again', async ({ answer }) => {
    const { clock, server, memory, ask, failures, looks } = shell();
    server.next(answer, json(200, { metadata: { name: 'token' }, data: {} }));
    ask(SECRET);
    await clock.advance(seconds(0));
    expect(memory.answers).toEqual([]);
    expect(looks()).toBe(0);
    await clock.advance(seconds(1));
    expect(memory.answers).toMatchObject([{ secret: { data: {} } }]);
    expect(failures).toHaveLength(1);
    expect(looks()).toBe(1);
  });

  it('pods are listed by their labels', async () => {
    const { clock, server, memory, ask } = shell();
    server.next(json(200, { metadata: {}, items: [{ metadata: { name: 'a' } }] }));
    ask(PODS);
    await clock.advance(seconds(0));
    expect(server.asked[0]?.request.path).toContain(
      '/namespaces/shop/pods?labelSelector=app%3Dweb',
    );
    expect(memory.answers).toMatchObject([{ kind: 'pods', pods: [{ kind: 'Pod' }] }]);
  });

  it('a question that fails and fails is asked ever more seldom, never in a loop', async () => {
    const { clock, server, memory, ask, failures, looks } = shell();
    ask(PODS);
    await clock.advance(seconds(60));
    expect(server.asked.length).toBeGreaterThan(10);
    expect(server.asked.length).toBeLessThan(20);
    expect(failures).toHaveLength(server.asked.length);
    expect(looks()).toBe(0);
    memory.end();
    const asked = server.asked.length;
    await clock.advance(seconds(60));
    expect(server.asked).toHaveLength(asked);
  });

  it('is asked once, however often decisions ask for it', async () => {
    let measured = 0;
    const { clock, memory, ask } = shell(() => {
      measured += 1;
      return Promise.resolve({ startedAt: instant(0), value: '1' });
    });
    ask(measureAsk('m/1'));
    ask(measureAsk('m/1'));
    await clock.advance(seconds(0));
    ask(measureAsk('m/1'));
    await clock.advance(seconds(0));
    expect(measured).toBe(1);
    expect(memory.answers).toHaveLength(1);
  });

  /** Measurements that end when the test says so. */
  function held() {
    const cancels: Cancel[] = [];
    const answers: ((measured: Measured) => void)[] = [];
    const measure: Measure = (_ask, cancel) => {
      cancels.push(cancel);
      const { promise, resolve } = Promise.withResolvers<Measured>();
      answers.push(resolve);
      return promise;
    };
    return { measure, cancels, answers };
  }

  it('what is no longer asked is cancelled, and its late answer dropped', async () => {
    const { measure, cancels, answers } = held();
    const { clock, memory, ask, looks } = shell(measure);
    ask(measureAsk('m/1'), measureAsk('m/2'));
    ask(measureAsk('m/2'));
    expect(cancels.map(({ cancelled }) => cancelled)).toEqual([true, false]);
    answers[0]?.({ startedAt: instant(0), error: 'late' });
    await clock.advance(seconds(0));
    expect(memory.answers).toEqual([]);
    expect(looks()).toBe(0);
  });

  it('a question that was dropped and is asked anew is under way once', async () => {
    const { measure, cancels, answers } = held();
    const { clock, memory, ask } = shell(measure);
    ask(measureAsk('m/1'));
    ask();
    ask(measureAsk('m/1'));
    answers[0]?.({ startedAt: instant(0), error: 'late' });
    await clock.advance(seconds(0));
    ask(measureAsk('m/1'));
    expect(cancels.map(({ cancelled }) => cancelled)).toEqual([true, false]);
    answers[1]?.({ startedAt: instant(0), value: '1' });
    await clock.advance(seconds(0));
    expect(memory.answers).toMatchObject([{ key: 'm/1', measured: { value: '1' } }]);
  });

  it('a provider that throws is a failure, told and tried again', async () => {
    let turns = 0;
    const { clock, memory, ask, failures } = shell(() => {
      turns += 1;
      return turns === 1 ? Promise.reject(new Error('a bug')) : Promise.resolve(NOW);
    });
    ask(measureAsk('m/1'));
    await clock.advance(seconds(1));
    expect(failures).toEqual(['m/1: Error: a bug']);
    expect(memory.answers).toHaveLength(1);
  });
});
