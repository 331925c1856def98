// A fleet that is updated all at once, on the virtual clock, by a controller with a budget of requests: when each is done.
import { createController } from '../../src/controller/controller.ts';
import { SILENT } from '../../src/controller/log.ts';
import { budgeted, Budget } from '../../src/kube/budget.ts';
import { createClient } from '../../src/kube/client.ts';
import { createEventRecorder } from '../../src/kube/events.ts';
import type { Rollout } from '../../src/api/rollout.ts';
import type { Transport } from '../../src/lib/ports.ts';
import { seededRandom } from '../../src/lib/random.ts';
import { instant, milliseconds, later, seconds } from '../../src/lib/time.ts';
import { VirtualClock } from '../../src/lib/virtual-clock.ts';
import { createSandbox } from '../../src/sandbox/sandbox.ts';
import { idle } from '../support/cluster.ts';
import { deploy, isHealthyAt, RequestCount, update } from './fleet.ts';

export interface FleetOptions {
  readonly count: number;
  readonly perSecond: number;
  readonly eventsPerSecond: number;
}

export interface FleetTimes {
  /** Seconds from the update until each was Healthy, in order. */
  readonly healthy: readonly number[];
  readonly requestsPerUpdate: number;
  readonly eventsPerUpdate: number;
  /** Events that were recorded and not stored. */
  readonly eventsLost: number;
  /** Until the last Event was stored. */
  readonly eventsSeconds: number;
  /** The most requests that were sent in any one second, Events apart. */
  readonly mostPerSecond: number;
}

const START = instant(Date.UTC(2026, 0, 1));
const LIMIT = seconds(3600);
const QUIET = seconds(25);

export async function updateFleet(options: FleetOptions): Promise<FleetTimes> {
  const { count } = options;
  const clock = new VirtualClock({ start: START, idle });
  const random = seededRandom('fleet');
  const sandbox = createSandbox({
    clock,
    random,
    podStartDelay: milliseconds(50),
    podStopDelay: milliseconds(50),
    onProblem: (what, error) => {
      throw new Error(what, { cause: error });
    },
  });
  await during(clock, sandbox.start());
  const requests = new RequestCount();
  const perSecond = new Map<number, number>();
  let lastEvent = 0;
  const seen: Transport = (request) => {
    const { total, events: told } = requests;
    requests.see(request);
    const second = Math.floor(clock.now() / 1000);
    if (requests.total > total) perSecond.set(second, (perSecond.get(second) ?? 0) + 1);
    if (requests.events > told) lastEvent = clock.now();
    return sandbox.api(request);
  };
  const budgetOf = (rate: number) => new Budget({ clock, perSecond: rate, burst: rate });
  const work = budgetOf(options.perSecond);
  const telling = budgetOf(options.eventsPerSecond);
  let eventsLost = 0;
  const events = createEventRecorder({
    client: createClient({ transport: seen }),
    clock,
    component: 'rollouts-controller',
    pace: (cancel) => telling.take(cancel),
    onProblem: () => {
      eventsLost += 1;
    },
  });
  const controller = createController({
    client: createClient({ transport: budgeted(seen, work, clock) }),
    clock,
    random,
    log: SILENT,
    measure: () => Promise.reject(new Error('nothing is measured here')),
    propagationDelay: milliseconds(0),
    events,
    isCrowded: () => work.isCrowded,
  });
  await during(clock, controller.start());
  const names = Array.from({ length: count }, (_, index) => `web-${index}`);
  const healthy = new Map<string, number>();
  let version = 1;
  let begun = clock.now();
  sandbox.store.observe((_key, { object }) => {
    if (object.kind !== 'Rollout' || healthy.has(object.metadata.name)) return;
    if (isHealthyAt(object as Rollout, version)) {
      healthy.set(object.metadata.name, (clock.now() - begun) / 1000);
    }
  });
  const isRest = () => healthy.size === count;
  for (const name of names) await deploy(sandbox.client, name);
  await until(clock, isRest);
  await quiet(clock, requests);
  requests.clear();
  perSecond.clear();
  healthy.clear();
  version = 2;
  begun = clock.now();
  await Promise.all(names.map((name) => update(sandbox.client, name, version)));
  await until(clock, isRest);
  await quiet(clock, requests);
  await during(clock, controller.stop());
  await during(clock, sandbox.stop());
  return {
    healthy: [...healthy.values()].toSorted((a, b) => a - b),
    requestsPerUpdate: requests.total / count,
    eventsPerUpdate: requests.events / count,
    eventsLost,
    eventsSeconds: (lastEvent - begun) / 1000,
    mostPerSecond: Math.max(...perSecond.values()),
  };
}

async function until(clock: VirtualClock, done: () => boolean): Promise<void> {
  if (await clock.runUntil(done, later(clock.now(), LIMIT))) return;
  throw new Error('the fleet has not become healthy within an hour');
}

/** Until nothing has been asked or told for longer than what is not urgent waits after the last of many updates. */
async function quiet(clock: VirtualClock, requests: RequestCount): Promise<void> {
  for (let before = -1; before !== requests.total + requests.events; ) {
    before = requests.total + requests.events;
    await clock.advance(QUIET);
  }
}

async function during(clock: VirtualClock, work: Promise<void>): Promise<void> {
  const state = { isDone: false };
  const watched = work.finally(() => {
    state.isDone = true;
  });
  watched.catch(() => undefined);
  for (let turn = 0; turn < 10_000 && !state.isDone; turn += 1)
    await clock.advance(milliseconds(1));
  await watched;
}
