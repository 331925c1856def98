import { describe, expect, it } from 'vitest';
import { cancellation, ScaledClock, sleep } from './clock.ts';
import { instant, later, milliseconds, seconds } from './time.ts';
import { VirtualClock } from './virtual-clock.ts';

const idle = () => new Promise<void>((resolve) => void setImmediate(resolve));

describe('the virtual clock', () => {
  it('fires timers in the order of their moments, then of their making', async () => {
    const clock = new VirtualClock({ start: instant(0), idle });
    const fired: string[] = [];
    clock.at(instant(20), () => fired.push('b'));
    clock.at(instant(10), () => fired.push('a'));
    clock.at(instant(20), () => fired.push('c'));
    await clock.advanceTo(instant(20));
    expect(fired).toEqual(['a', 'b', 'c']);
    expect(clock.now()).toBe(20);
  });

  it('lets work started by a timer go on before time moves', async () => {
    const clock = new VirtualClock({ start: instant(0), idle });
    const seen: number[] = [];
    const walk = async () => {
      for (let step = 0; step < 3; step++) {
        await sleep(clock, seconds(1));
        seen.push(clock.now());
      }
    };
    void walk();
    await clock.advance(seconds(5));
    expect(seen).toEqual([1000, 2000, 3000]);
  });

  it('does not fire a stopped timer', async () => {
    const clock = new VirtualClock({ start: instant(0), idle });
    let fired = 0;
    clock.at(instant(5), () => fired++)();
    await clock.advanceTo(instant(10));
    expect(fired).toBe(0);
  });

  it('runs until a condition holds, or says that it never did', async () => {
    const clock = new VirtualClock({ start: instant(0), idle });
    let fired = false;
    clock.at(instant(1000), () => (fired = true));
    expect(await clock.runUntil(() => fired, instant(5000))).toBe(true);
    expect(await clock.runUntil(() => false, instant(5000))).toBe(false);
  });
});

describe('waiting', () => {
  it('a cancelled sleep ends at once and takes its timer off', async () => {
    const clock = new VirtualClock({ start: instant(0), idle });
    const stop = cancellation();
    const slept = sleep(clock, seconds(60), stop.cancel);
    stop.now();
    await slept;
    expect(clock.next()).toBeUndefined();
  });

  it('a scaled clock shows more time and fires earlier', async () => {
    const base = new VirtualClock({ start: instant(1000), idle });
    const fast = new ScaledClock(base, 10);
    let at = 0;
    fast.at(later(fast.now(), seconds(10)), () => (at = base.now()));
    await base.advance(milliseconds(999));
    expect(at).toBe(0);
    await base.advance(milliseconds(1));
    expect(at).toBe(2000);
    expect(fast.now()).toBe(11_000);
  });
});
