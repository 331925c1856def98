import { describe, expect, it } from 'vitest';
import { idle } from '../../test/support/cluster.ts';
import { type Answer, json, refusal, scriptedServer } from '../../test/support/scripted-server.ts';
import { utf8Text } from '../lib/bytes.ts';
import { type HttpRequest, TransportError } from '../lib/ports.ts';
import { instant, seconds } from '../lib/time.ts';
import { VirtualClock } from '../lib/virtual-clock.ts';
import { createClient } from './client.ts';
import { createEventRecorder, type RecordedEvent } from './events.ts';

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

const stored: Answer = ({ body }) => json(201, JSON.parse(utf8Text(body ?? new Uint8Array())));
const REFUSED = new TransportError('refused', 'nothing listens');

function recorder() {
  const clock = new VirtualClock({ start: instant(Date.UTC(2026, 0, 1)), idle });
  const server = scriptedServer(() => clock.now(), stored);
  const problems: string[] = [];
  const events = createEventRecorder({
    client: createClient({ transport: server.transport }),
    clock,
    component: 'rollouts-controller',
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
    expect(asked()).toEqual(['POST A', 'POST B', 'PATCH 2', 'PATCH 3']);
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
    events.record(event('A'));
    events.record(event('A'));
    events.record(event('A'));
    await clock.advance(seconds(0));
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

  it('a server that never answers is given up, and the next event gets its turn', async () => {
    const { clock, server, events, asked, problems } = recorder();
    server.next(...Array.from({ length: 6 }, () => REFUSED));
    events.record(event('A'));
    events.record(event('B'));
    await clock.advance(seconds(60));
    expect(asked()).toEqual([...Array.from({ length: 6 }, () => 'POST A'), 'POST B']);
    expect(problems).toEqual(['A: nothing listens']);
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

  it('flush waits for what is under way, and for no pause', async () => {
    const { clock, server, events, asked, problems } = recorder();
    server.next(REFUSED, REFUSED);
    events.record(event('A'));
    events.record(event('B'));
    await clock.advance(seconds(0));
    expect(asked()).toEqual(['POST A']);
    await events.flush();
    expect(asked()).toEqual(['POST A', 'POST A', 'POST B']);
    expect(problems).toEqual(['A: nothing listens']);
    expect(clock.now()).toBe(Date.UTC(2026, 0, 1));
  });

  it('more than can wait are dropped and told', async () => {
    const { clock, events, problems } = recorder();
    for (let index = 0; index < 1002; index += 1) events.record(event(`R${index}`));
    await clock.advance(seconds(0));
    expect(problems).toEqual(['R1001: too many events are waiting to be sent']);
  });
});
