import { describe, expect, it } from 'vitest';
import { idle } from '../../test/support/cluster.ts';
import { type Answer, json, refusal, scriptedServer } from '../../test/support/scripted-server.ts';
import { utf8Text } from '../lib/bytes.ts';
import { type HttpRequest, type Instant, TransportError } from '../lib/ports.ts';
import { instant, later, milliseconds, seconds } from '../lib/time.ts';
import { VirtualClock } from '../lib/virtual-clock.ts';
import { createClient } from './client.ts';
import { createEventRecorder, type EventRecorderOptions, type RecordedEvent } from './events.ts';

const ABOUT = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Rollout',
  namespace: 'shop',
  name: 'web',
  uid: 'u1',
};

function event(reason: string, message = 'it happened'): RecordedEvent {
  return { about: ABOUT, type: 'Normal', reason, message };
}

const stored = ({ body }: HttpRequest) => json(201, JSON.parse(utf8Text(body ?? new Uint8Array())));
const REFUSED = new TransportError('refused', 'nothing listens');

function recorder(pace?: EventRecorderOptions['pace']) {
  const clock = new VirtualClock({ start: instant(Date.UTC(2026, 0, 1)), idle });
  const server = scriptedServer(() => clock.now(), stored);
  const problems: string[] = [];
  const events = createEventRecorder({
    client: createClient({ transport: server.transport }),
    clock,
    component: 'rollouts-controller',
    ...(pace === undefined ? {} : { pace }),
    onProblem: (error, { reason }) => problems.push(`${reason}: ${error.message}`),
  });
  const asked = () => server.asked.map(({ request }) => summary(request));
  return { clock, server, events, problems, asked };
}

interface Sent {
  readonly metadata?: { readonly name: string; readonly namespace: string };
  readonly reason?: string;
  readonly count?: number;
}

function sent({ body }: HttpRequest): Sent {
  return JSON.parse(utf8Text(body ?? new Uint8Array())) as Sent;
}

/** `POST reason` or `PATCH count`. */
function summary(request: HttpRequest): string {
  const { reason, count } = sent(request);
  return `${request.method} ${reason ?? count}`;
}

describe('the event recorder', () => {
  it('tells what happened to whom, when, and who says so', async () => {
    const { clock, server, events } = recorder();
    events.record({ ...event('ScalingUp', 'from 1 to 2'), type: 'Warning' });
    await clock.advance(seconds(0));
    const [first] = server.asked;
    expect(first?.request.path).toBe('/api/v1/namespaces/shop/events');
    expect(sent(first?.request as HttpRequest)).toMatchObject({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: expect.stringMatching(/^web\.[0-9a-f]{16}$/), namespace: 'shop' },
      involvedObject: ABOUT,
      type: 'Warning',
      reason: 'ScalingUp',
      message: 'from 1 to 2',
      source: { component: 'rollouts-controller' },
      firstTimestamp: '2026-01-01T00:00:00Z',
      lastTimestamp: '2026-01-01T00:00:00Z',
      count: 1,
    });
  });

  it('the same once more raises the count of the first', async () => {
    const { clock, server, events, asked } = recorder();
    events.record(event('A'));
    events.record(event('B'));
    events.record(event('A'));
    events.record(event('A'));
    await clock.advance(seconds(0));
    expect(asked()).toEqual(['POST A', 'POST B', 'PATCH 3']);
    const name = sent(server.asked[0]?.request as HttpRequest).metadata?.name;
    expect(server.asked[2]?.request.path).toBe(`/api/v1/namespaces/shop/events/${name}`);
  });

  it('another message, object or type is another event', async () => {
    const { clock, events, asked } = recorder();
    events.record(event('A', 'one'));
    events.record(event('A', 'two'));
    events.record({ ...event('A', 'one'), about: { ...ABOUT, uid: 'u2' } });
    events.record({ ...event('A', 'one'), type: 'Warning' });
    await clock.advance(seconds(0));
    expect(asked()).toEqual(['POST A', 'POST A', 'POST A', 'POST A']);
  });

  it('events of one moment have names of their own', async () => {
    const { clock, server, events } = recorder();
    for (let index = 0; index < 5; index += 1) events.record(event(`R${index}`));
    await clock.advance(seconds(0));
    const names = server.asked.map(({ request }) => sent(request).metadata?.name);
    expect(new Set(names).size).toBe(5);
  });

  it('a name that another recorder has used in the same moment is not used again', async () => {
    const { clock, server, events, problems } = recorder();
    server.next(refusal(409, 'AlreadyExists'), refusal(409, 'AlreadyExists'));
    events.record(event('A'));
    events.record(event('A'));
    await clock.advance(seconds(0));
    const requests = server.asked.map(({ request }) => request);
    const names = requests.slice(0, 3).map((request) => sent(request).metadata?.name);
    expect(new Set(names).size).toBe(3);
    expect(requests[3]?.path).toBe(`/api/v1/namespaces/shop/events/${names[2]}`);
    expect(problems).toEqual([]);
  });

  it('the name of a long object is cut so that it stays one', async () => {
    const { clock, server, events } = recorder();
    events.record({ ...event('A'), about: { ...ABOUT, name: 'x'.repeat(253) } });
    await clock.advance(seconds(0));
    const name = sent(server.asked[0]?.request as HttpRequest).metadata?.name ?? '';
    expect(name.length).toBeLessThanOrEqual(253);
    expect(name).toMatch(/x\.[0-9a-f]{16}$/);
  });

  it('an event that the server has forgotten is told anew', async () => {
    const { clock, server, events, asked, problems } = recorder();
    server.next(stored, refusal(404, 'NotFound'));
    for (let times = 0; times < 3; times += 1) {
      events.record(event('A'));
      await clock.advance(seconds(0));
    }
    expect(asked()).toEqual(['POST A', 'PATCH 2', 'POST A', 'PATCH 2']);
    expect(problems).toEqual([]);
  });

  it('an event is remembered for an hour after it was last told', async () => {
    const { clock, events, asked } = recorder();
    events.record(event('A'));
    events.record(event('B'));
    await clock.advance(seconds(3000));
    events.record(event('A'));
    await clock.advance(seconds(3000));
    events.record(event('A'));
    events.record(event('B'));
    await clock.advance(seconds(3600));
    events.record(event('A'));
    await clock.advance(seconds(0));
    expect(asked()).toEqual(['POST A', 'POST B', 'PATCH 2', 'PATCH 3', 'POST B', 'POST A']);
  });

  it('a server that does not answer is tried again, in order', async () => {
    const { clock, server, events, asked, problems } = recorder();
    server.next(REFUSED, refusal(503, 'ServiceUnavailable'));
    events.record(event('A'));
    events.record(event('B'));
    await clock.advance(seconds(2));
    expect(asked()).toEqual(['POST A', 'POST A', 'POST A', 'POST B']);
    expect(server.asked.map(({ at }) => at - Date.UTC(2026, 0, 1))).toEqual([0, 500, 1500, 1500]);
    expect(problems).toEqual([]);
  });

  it('an event that is not taken for long is tried until it is, and delays no other object', async () => {
    const { clock, server, events, asked, problems } = recorder();
    const busy: Answer = (request) =>
      summary(request) === 'POST A' ? refusal(503, 'ServiceUnavailable') : stored(request);
    server.next(...Array.from({ length: 10 }, () => busy));
    events.record(event('A'));
    for (let index = 0; index < 5; index += 1) {
      events.record({ ...event(`B${index}`), about: { ...ABOUT, uid: `u${index + 2}` } });
    }
    await clock.advance(seconds(0));
    expect(asked()).toEqual(['POST A', 'POST B0', 'POST B1', 'POST B2', 'POST B3', 'POST B4']);
    await clock.advance(seconds(60));
    expect(asked().slice(6)).toEqual(Array.from({ length: 5 }, () => 'POST A'));
    expect(problems).toEqual([]);
  });

  it('what no server has taken for an hour is given up', async () => {
    const { clock, server, events, problems } = recorder();
    server.next(...Array.from({ length: 200 }, () => REFUSED));
    events.record(event('A'));
    await clock.advance(seconds(3500));
    expect(problems).toEqual([]);
    await clock.advance(seconds(200));
    expect(problems).toEqual(['A: nothing listens']);
  });

  it('credentials that are being renewed are waited for', async () => {
    const { clock, server, events, asked, problems } = recorder();
    server.next(refusal(401, 'Unauthorized'));
    events.record(event('A'));
    await clock.advance(seconds(60));
    expect(asked()).toEqual(['POST A', 'POST A']);
    expect(problems).toEqual([]);
  });

  it('a refusal is told and not tried again', async () => {
    const { clock, server, events, asked, problems } = recorder();
    server.next(refusal(403, 'Forbidden'));
    events.record(event('A'));
    events.record(event('B'));
    await clock.advance(seconds(60));
    expect(asked()).toEqual(['POST A', 'POST B']);
    expect(problems).toEqual(['A: the script says Forbidden']);
  });

  it('flush waits for what is under way, for no pause before it, and tries again what fails', async () => {
    const { clock, server, events, asked, problems } = recorder();
    server.next(REFUSED, REFUSED);
    events.record(event('A'));
    events.record(event('B'));
    await clock.advance(seconds(0));
    expect(asked()).toEqual(['POST A']);
    const flushed = events.flush();
    await clock.advance(milliseconds(100));
    await flushed;
    expect(asked()).toEqual(['POST A', 'POST A', 'POST A', 'POST B']);
    expect(problems).toEqual([]);
  });

  it('what is left when there is no more time is told, each by itself, and ends the flush', async () => {
    const { clock, server, events, problems } = recorder();
    server.next(...Array.from({ length: 200 }, () => REFUSED));
    events.record(event('A'));
    events.record(event('B'));
    const flushed = events.flush();
    await clock.advance(seconds(1));
    events.abandon();
    await flushed;
    events.record(event('C'));
    const cause = 'the controller ended before it was sent';
    expect(problems).toEqual([`A: ${cause}`, `B: ${cause}`, `C: ${cause}`]);
    const before = server.asked.length;
    await clock.advance(seconds(60));
    expect(server.asked.length).toBe(before);
  });

  it('however many wait, all are told', async () => {
    const { clock, server, events, problems } = recorder();
    for (let index = 0; index < 5000; index += 1) {
      const uid = `u${index % 500}`;
      events.record({ ...event(`R${Math.floor(index / 500)}`), about: { ...ABOUT, uid } });
    }
    for (let turn = 0; turn < 1000; turn += 1) await clock.advance(seconds(0));
    expect(server.asked.length).toBe(5000);
    expect(problems).toEqual([]);
  });

  it('those of one moment say when they happened, however late they are sent', async () => {
    const { clock, server, events } = recorder();
    server.next(REFUSED);
    events.record(event('A'));
    await clock.advance(seconds(10));
    expect(sent(server.asked.at(-1)?.request as HttpRequest)).toMatchObject({
      firstTimestamp: '2026-01-01T00:00:00Z',
      lastTimestamp: '2026-01-01T00:00:00Z',
    });
  });

  it('its pace is told since when what it tells has waited', async () => {
    const told: Instant[] = [];
    const { clock, events } = recorder((_cancel, since) => {
      told.push(since);
      return Promise.resolve();
    });
    const before = clock.now();
    await clock.advance(seconds(5));
    events.record(event('A'));
    await clock.advance(seconds(5));
    expect(told).toEqual([later(before, seconds(5))]);
  });

  it('objects take turns: who tells much does not delay the others', async () => {
    const turns: (() => void)[] = [];
    const { clock, server, events, asked } = recorder(() => {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      turns.push(() => resolve(undefined));
      return promise;
    });
    for (let index = 0; index < 10; index += 1) events.record(event(`R${index}`));
    events.record({ ...event('B'), about: { ...ABOUT, uid: 'u2' } });
    await clock.advance(seconds(0));
    expect(server.asked).toEqual([]);
    for (let turn = 0; turn < 3; turn += 1) {
      turns.shift()?.();
      await clock.advance(seconds(0));
    }
    expect(asked()).toEqual(['POST R0', 'POST B', 'POST R1']);
  });
});
