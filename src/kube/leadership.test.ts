import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../api/object.ts';
import { LEASES, NAMESPACES } from '../api/resources.ts';
import { createApiServer } from '../sandbox/apiserver/server.ts';
import { Store } from '../sandbox/apiserver/store.ts';
import { cancellation } from '../lib/clock.ts';
import { seededRandom } from '../lib/random.ts';
import { instant, milliseconds, seconds } from '../lib/time.ts';
import { VirtualClock } from '../lib/virtual-clock.ts';
import { createClient } from './client.ts';
import { ApiError } from './errors.ts';
import { becomeLeader, type Leadership, leadershipProblem } from './leadership.ts';

const TIMES = {
  leaseDuration: seconds(15),
  renewDeadline: seconds(10),
  retryPeriod: seconds(2),
};
const REF = { resource: LEASES, namespace: 'default', name: 'lock' };

interface Spec {
  readonly holderIdentity?: string;
  readonly leaseTransitions?: number;
}

async function started() {
  const clock = new VirtualClock({
    start: instant(Date.UTC(2026, 0, 1)),
    idle: async () => {
      for (let turn = 0; turn < 5; turn += 1) {
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
    },
  });
  const server = createApiServer({ clock, random: seededRandom('api'), store: new Store() });
  const client = createClient({ transport: server.handle, userAgent: 'test' });
  await client.create(NAMESPACES, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'default' },
  });
  const problems: string[] = [];
  const leaders: string[] = [];
  const reads: string[] = [];
  const down = new Set<string>();
  const silent = new Set<string>();
  /** Of those that were silent: answers what they were asked. */
  let answer: () => void = () => undefined;
  const asked: string[] = [];
  const candidate = (identity: string) => {
    const stop = cancellation();
    const one: {
      leadership: Leadership | undefined;
      isDone: boolean;
      readonly leave: () => void;
    } = { leadership: undefined, isDone: false, leave: () => stop.now() };
    const own = createClient({
      transport: (request) => {
        asked.push(`${identity}: ${request.method}`);
        if (silent.has(identity)) {
          return new Promise((resolve) => {
            answer = () => resolve(server.handle(request));
          });
        }
        return down.has(identity)
          ? Promise.reject(new ApiError({ message: `${identity} is cut off` }, 503))
          : server.handle(request);
      },
      userAgent: identity,
    });
    const options = {
      ...TIMES,
      client: own,
      clock,
      random: seededRandom(identity),
      namespace: 'default',
      name: 'lock',
      identity,
      onProblem: (error: Error) => problems.push(error.message),
      onLeader: (leader: string) => leaders.push(`${identity}: ${leader}`),
      onRead: (isRead: boolean) => reads.push(`${identity}: ${isRead ? 'read' : 'not read'}`),
    };
    const wait = async (): Promise<void> => {
      one.leadership = await becomeLeader(options, stop.cancel);
      one.isDone = true;
    };
    void wait();
    return one;
  };
  const lease = async () => (await client.get<KubeObject & { readonly spec: Spec }>(REF)).spec;
  return {
    clock,
    client,
    candidate,
    lease,
    problems,
    leaders,
    reads,
    down,
    silent,
    asked,
    answer: () => answer(),
  };
}

describe('a leader', () => {
  it('is the first that comes, and stays it', async () => {
    const { clock, candidate, lease, leaders } = await started();
    const a = candidate('a');
    await clock.advance(milliseconds(10));
    const b = candidate('b');
    await clock.advance(seconds(120));
    expect(a.leadership?.holds()).toBe(true);
    expect(b.isDone).toBe(false);
    expect(await lease()).toMatchObject({ holderIdentity: 'a', leaseTransitions: 0 });
    expect(leaders).toEqual(['a: a', 'b: a']);
    b.leave();
    await clock.advance(seconds(3));
    expect(b).toMatchObject({ isDone: true, leadership: undefined });
    await a.leadership?.giveUp();
  });

  it('renews its lease with one request, and looks at it only when somebody else has touched it', async () => {
    const { clock, client, candidate, asked } = await started();
    const a = candidate('a');
    await clock.advance(milliseconds(1));
    expect(asked.splice(0)).toEqual(['a: GET', 'a: POST']);
    await clock.advance(seconds(6));
    expect(asked.splice(0)).toEqual(['a: PUT', 'a: PUT', 'a: PUT']);
    await client.patch(REF, { type: 'merge', body: { metadata: { labels: { seen: 'yes' } } } });
    await clock.advance(seconds(4));
    expect(asked.splice(0)).toEqual(['a: PUT', 'a: GET', 'a: PUT', 'a: PUT']);
    await client.delete(REF);
    await clock.advance(seconds(2));
    expect(asked.splice(0)).toEqual(['a: PUT', 'a: GET', 'a: POST']);
    expect(a.leadership?.holds()).toBe(true);
    await a.leadership?.giveUp();
  });

  it('that gives up is followed at once', async () => {
    const { clock, candidate, lease } = await started();
    const a = candidate('a');
    await clock.advance(milliseconds(10));
    const b = candidate('b');
    await clock.advance(seconds(10));
    await a.leadership?.giveUp();
    expect(a.leadership?.holds()).toBe(false);
    await clock.advance(seconds(3));
    expect(b.leadership?.holds()).toBe(true);
    expect(await lease()).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
    await b.leadership?.giveUp();
  });

  it.each([
    { reason: 'renewal', waitMs: 2500 },
    { reason: 'farewell', waitMs: 500 },
  ])('that is not answered gives up all the same ($reason)', async ({ waitMs }) => {
    const { clock, candidate, silent, problems } = await started();
    const a = candidate('a');
    await clock.advance(milliseconds(10));
    silent.add('a');
    await clock.advance(milliseconds(waitMs));
    let isOver = false;
    const ending = (async () => {
      await a.leadership?.giveUp();
      isOver = true;
    })();
    expect(a.leadership?.holds()).toBe(false);
    await clock.advance(seconds(2));
    expect(isOver).toBe(true);
    await ending;
    expect(problems).toEqual([
      'the Lease default/lock was not given up within 1.5 s: the next leader waits for its end',
    ]);
    expect(a.leadership?.lost.cancelled).toBe(false);
    await clock.advance(seconds(60));
    expect(a.leadership?.holds()).toBe(false);
  });

  it('that is to end before it is one does not wait for an answer, and does not lead by a late one', async () => {
    const { clock, candidate, silent, lease, problems, answer } = await started();
    silent.add('a');
    const a = candidate('a');
    await clock.advance(milliseconds(10));
    a.leave();
    await clock.advance(milliseconds(10));
    expect(a).toMatchObject({ isDone: true, leadership: undefined });
    silent.clear();
    answer();
    await clock.advance(seconds(1));
    expect(await lease()).toMatchObject({ holderIdentity: '' });
    expect(problems).toEqual([]);
  });

  it('that cannot reach the server is lost before anybody else begins', async () => {
    const { clock, candidate, down } = await started();
    const a = candidate('a');
    await clock.advance(milliseconds(10));
    const b = candidate('b');
    await clock.advance(seconds(10));
    down.add('a');
    let both = 0;
    for (let second = 0; second < 60; second += 1) {
      await clock.advance(seconds(1));
      if (a.leadership?.holds() === true && b.leadership?.holds() === true) both += 1;
      if (a.leadership?.lost.cancelled === true) expect(a.leadership.holds()).toBe(false);
    }
    expect(both).toBe(0);
    expect(a.leadership?.lost.cancelled).toBe(true);
    expect(b.leadership?.holds()).toBe(true);
    await b.leadership?.giveUp();
    await a.leadership?.giveUp();
  });

  it('stays it over a short failure of the server, and tells of it', async () => {
    const { clock, candidate, down, problems } = await started();
    const a = candidate('a');
    await clock.advance(seconds(5));
    down.add('a');
    await clock.advance(seconds(6));
    down.delete('a');
    await clock.advance(seconds(30));
    expect(a.leadership?.holds()).toBe(true);
    expect(problems.length).toBeGreaterThan(1);
    await a.leadership?.giveUp();
  });

  it('is lost when somebody has taken the lease over', async () => {
    const { clock, client, candidate, lease } = await started();
    const a = candidate('a');
    await clock.advance(seconds(5));
    const taken = await client.get<KubeObject>(REF);
    await client.update(REF, {
      ...taken,
      spec: { ...(await lease()), holderIdentity: 'c' },
    } as never);
    await clock.advance(seconds(3));
    expect(a.leadership?.lost.cancelled).toBe(true);
    expect(await lease()).toMatchObject({ holderIdentity: 'c' });
    await a.leadership?.giveUp();
    expect(await lease()).toMatchObject({ holderIdentity: 'c' });
  });
});

describe('who waits for a turn', () => {
  it.each([
    { reason: 'cut off', trouble: 'down' },
    { reason: 'not answered', trouble: 'silent' },
  ] as const)('hears when the lease cannot be read for its duration ($reason)', async (wanted) => {
    const all = await started();
    const { clock, candidate, reads } = all;
    const a = candidate('a');
    await clock.advance(milliseconds(10));
    const b = candidate('b');
    await clock.advance(seconds(10));
    expect(new Set(reads.splice(0))).toEqual(new Set(['b: read']));
    const trouble = all[wanted.trouble];
    trouble.add('b');
    await clock.advance(seconds(12));
    expect(reads).toEqual([]);
    await clock.advance(seconds(30));
    expect(reads.splice(0)).toEqual(['b: not read']);
    trouble.clear();
    all.answer();
    await clock.advance(seconds(4));
    expect(reads.splice(0)).toContain('b: read');
    await a.leadership?.giveUp();
    await clock.advance(seconds(60));
    expect(b.leadership?.holds()).toBe(true);
    expect(reads.splice(0)).not.toContain('b: not read');
    await b.leadership?.giveUp();
  });

  it('and leaves hears no more', async () => {
    const { clock, candidate, reads, down } = await started();
    const a = candidate('a');
    await clock.advance(milliseconds(10));
    const b = candidate('b');
    await clock.advance(seconds(10));
    down.add('b');
    b.leave();
    reads.splice(0);
    await clock.advance(seconds(60));
    expect(reads).toEqual([]);
    await a.leadership?.giveUp();
  });
});

describe('times that make no sense are told', () => {
  it.each([
    { reason: 'the defaults', times: {}, told: undefined },
    { reason: 'no duration', times: { leaseDuration: seconds(0) }, told: /1s or longer/ },
    {
      reason: 'a deadline after the end',
      times: { renewDeadline: seconds(15) },
      told: /must be longer than --leader-election-renew-deadline/,
    },
    { reason: 'no pause', times: { retryPeriod: seconds(0) }, told: /longer than 0s/ },
    { reason: 'a single try', times: { retryPeriod: seconds(9) }, told: /longer than 1.2 times/ },
  ])('$reason', ({ times, told }) => {
    const problem = leadershipProblem({ ...TIMES, ...times });
    if (told === undefined) expect(problem).toBeUndefined();
    else expect(problem).toMatch(told);
  });
});
