// What every clock must do, whoever moves it: now and timers together, never early, in order, and taken off for good.
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/host/clock.ts';
import { cancellation, ScaledClock, sleep } from '../../src/lib/clock.ts';
import type { Clock } from '../../src/lib/ports.ts';
import { instant, later, milliseconds } from '../../src/lib/time.ts';
import { VirtualClock } from '../../src/lib/virtual-clock.ts';
import { idle } from '../support/cluster.ts';

interface Row {
  readonly name: string;
  /** The clock, and what lets so much of its time pass. */
  readonly make: () => { readonly clock: Clock; readonly pass: (ms: number) => Promise<void> };
}

/** Really waits on a clock that runs by itself. */
function waited(clock: Clock): (ms: number) => Promise<void> {
  return (ms) => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    clock.at(later(clock.now(), milliseconds(ms)), () => resolve(undefined));
    return promise;
  };
}

function virtual(): VirtualClock {
  return new VirtualClock({ start: instant(1_000_000), idle });
}

const CLOCKS: readonly Row[] = [
  { name: 'system', make: () => ({ clock: systemClock, pass: waited(systemClock) }) },
  {
    name: 'virtual',
    make: () => {
      const clock = virtual();
      return { clock, pass: (ms) => clock.advance(milliseconds(ms)) };
    },
  },
  {
    name: 'twenty times as fast as the system',
    make: () => {
      const clock = new ScaledClock(systemClock, 20);
      return { clock, pass: waited(clock) };
    },
  },
  {
    name: 'twenty times as fast as a virtual one',
    make: () => {
      const base = virtual();
      const clock = new ScaledClock(base, 20);
      return { clock, pass: (ms) => base.advance(milliseconds(ms / 20)) };
    },
  },
];

describe.each(CLOCKS)('a clock: $name', ({ make }) => {
  it('does not go back', async () => {
    const { clock, pass } = make();
    const first = clock.now();
    expect(clock.now()).toBeGreaterThanOrEqual(first);
    await pass(10);
    expect(clock.now()).toBeGreaterThanOrEqual(first + 10);
  });

  it('calls at the moment or later, never before', async () => {
    const { clock, pass } = make();
    const start = clock.now();
    const early: number[] = [];
    let called = 0;
    for (let ms = 1; ms <= 40; ms += 1) {
      const at = later(start, milliseconds(ms));
      clock.at(at, () => {
        called += 1;
        if (clock.now() < at) early.push(clock.now() - at);
      });
    }
    await pass(60);
    expect(called).toBe(40);
    expect(early).toEqual([]);
  });

  it('calls in the order of the moments, those of one moment in the order in which they were set', async () => {
    const { clock, pass } = make();
    const start = clock.now();
    const order: string[] = [];
    for (const [name, ms] of [
      ['c', 50],
      ['a', 10],
      ['b1', 30],
      ['b2', 30],
      ['b3', 30],
    ] as const) {
      clock.at(later(start, milliseconds(ms)), () => order.push(name));
    }
    await pass(80);
    expect(order).toEqual(['a', 'b1', 'b2', 'b3', 'c']);
  });

  it('what lies in the past is called soon, but not at once', async () => {
    const { clock, pass } = make();
    const calls: string[] = [];
    clock.at(instant(clock.now() - 5000), () => calls.push('past'));
    clock.at(clock.now(), () => calls.push('now'));
    expect(calls).toEqual([]);
    await pass(5);
    expect(calls.toSorted()).toEqual(['now', 'past']);
  });

  it('a timer that is taken off is not called, and taking it off again is harmless', async () => {
    const { clock, pass } = make();
    const calls: string[] = [];
    const stop = clock.at(later(clock.now(), milliseconds(10)), () => calls.push('stopped'));
    const stopLate = clock.at(later(clock.now(), milliseconds(10)), () => calls.push('called'));
    stop();
    stop();
    await pass(30);
    stopLate();
    expect(calls).toEqual(['called']);
  });

  it('a timer may set and take off others', async () => {
    const { clock, pass } = make();
    const calls: string[] = [];
    const start = clock.now();
    const victim = clock.at(later(start, milliseconds(20)), () => calls.push('victim'));
    clock.at(later(start, milliseconds(10)), () => {
      victim();
      clock.at(later(clock.now(), milliseconds(5)), () => calls.push('second'));
    });
    // The second is due after the first, whenever a busy machine comes to that.
    for (let turn = 0; turn < 100 && calls.length === 0; turn += 1) await pass(60);
    expect(calls).toEqual(['second']);
  });

  it('sleep ends when its time is up, and at once when it is cancelled', async () => {
    const { clock, pass } = make();
    const start = clock.now();
    const slept = sleep(clock, milliseconds(20));
    await pass(20);
    await slept;
    expect(clock.now()).toBeGreaterThanOrEqual(start + 20);
    const stop = cancellation();
    const long = sleep(clock, milliseconds(3_600_000), stop.cancel);
    stop.now();
    await long;
    await sleep(clock, milliseconds(3_600_000), stop.cancel);
    expect(clock.now() - start).toBeLessThan(3_600_000);
  });
});

describe('the system clock', () => {
  it('takes a moment that is further away than a timer of the runtime can be', async () => {
    const calls: string[] = [];
    const stop = systemClock.at(later(systemClock.now(), milliseconds(2 ** 32)), () =>
      calls.push('early'),
    );
    await waited(systemClock)(10);
    stop();
    expect(calls).toEqual([]);
  });
});
