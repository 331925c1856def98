import { describe, expect, it } from 'vitest';
import { idle } from '../../test/support/cluster.ts';
import { CONFIG_MAPS } from '../api/resources.ts';
import { ScaledClock } from '../lib/clock.ts';
import type { Clock } from '../lib/ports.ts';
import { seededRandom } from '../lib/random.ts';
import { Timers } from '../lib/timers.ts';
import { instant, type Instant, later, milliseconds, seconds } from '../lib/time.ts';
import { createApiServer } from '../sandbox/apiserver/server.ts';
import { Store } from '../sandbox/apiserver/store.ts';
import { createClient } from './client.ts';
import { whenOverdue } from './overdue.ts';
import { createWatchCache } from './watch-cache.ts';

/** The clock of a process that is busy while it leaps: afterwards everything is due at once. */
class BusyClock implements Clock {
  #now = instant(0);
  #ring: () => void = () => undefined;
  readonly #timers = new Timers({
    now: () => this.#now,
    wake: (_at, run) => {
      this.#ring = run;
      return () => {
        this.#ring = () => undefined;
      };
    },
  });

  now(): Instant {
    return this.#now;
  }

  at(at: Instant, run: () => void) {
    return this.#timers.at(at, run);
  }

  async leap(ms: number): Promise<void> {
    this.#now = later(this.#now, milliseconds(ms));
    this.#ring();
    await idle();
  }
}

describe('a watch that should have ended', () => {
  it.each([
    { reason: 'is given up ten seconds later', leaps: [100_000, 9999, 1], isOverdue: true },
    { reason: 'is waited for until then', leaps: [100_000, 9999], isOverdue: false },
    { reason: 'has ten seconds after a long sleep', leaps: [900_000, 9000], isOverdue: false },
    { reason: 'is given up after these', leaps: [900_000, 10_000], isOverdue: true },
    {
      reason: 'is waited for anew when the process has been busy meanwhile',
      leaps: [100_000, 12_000, 9000],
      isOverdue: false,
    },
    { reason: 'but not for ever', leaps: [100_000, 12_000, 10_000], isOverdue: true },
  ])('$reason', async ({ leaps, isOverdue }) => {
    const clock = new BusyClock();
    let told = 0;
    whenOverdue(clock, later(clock.now(), seconds(100)), () => {
      told += 1;
    });
    for (const ms of leaps) await clock.leap(ms);
    expect(told).toBe(isOverdue ? 1 : 0);
  });

  it('tells nothing any more once that is stopped', async () => {
    const clock = new BusyClock();
    const told: string[] = [];
    const stop = whenOverdue(clock, later(clock.now(), seconds(100)), () => told.push('overdue'));
    await clock.leap(100_000);
    stop();
    await clock.leap(10_000);
    expect(told).toEqual([]);
  });
});

it('no watch is taken for dead on a clock that runs sixty times as fast in a busy process', async () => {
  const busy = new BusyClock();
  const clock = new ScaledClock(busy, 60);
  const random = seededRandom('busy');
  const { handle } = createApiServer({ clock, random, store: new Store({ clock }) });
  const problems: string[] = [];
  const cache = createWatchCache({
    client: createClient({ transport: handle }),
    resource: CONFIG_MAPS,
    clock,
    random,
    onProblem: ({ message }) => problems.push(message),
  });
  cache.start();
  await busy.leap(0);
  // Watches last five to ten seconds here; their ends and what waits for these are often due at once.
  for (let turn = 0; turn < 200; turn += 1) await busy.leap(400);
  expect(problems).toEqual([]);
  cache.stop();
});
