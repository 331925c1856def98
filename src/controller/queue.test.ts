import { describe, expect, it } from 'vitest';
import { seededRandom } from '../lib/random.ts';
import { instant, milliseconds, seconds } from '../lib/time.ts';
import { VirtualClock } from '../lib/virtual-clock.ts';
import { type PassResult, Queue } from './queue.ts';

const idle = () => new Promise<void>((resolve) => void setImmediate(resolve));

function queueWith(
  run: (key: string) => Promise<PassResult>,
  {
    workers = 1,
    urgency,
  }: { readonly workers?: number; readonly urgency?: (key: string) => number } = {},
) {
  const clock = new VirtualClock({ start: instant(0), idle });
  const failures: string[] = [];
  const queue = new Queue({
    clock,
    random: seededRandom(1),
    workers,
    ...(urgency === undefined ? {} : { urgency }),
    run,
    onFailure: (key) => failures.push(key),
  });
  return { clock, queue, failures };
}

describe('the queue of keys', () => {
  it('a key added twice before its pass gets one pass', async () => {
    const passes: string[] = [];
    const { clock, queue } = queueWith(async (key) => {
      await idle();
      passes.push(key);
      return 'done';
    });
    queue.add('a');
    queue.add('b');
    queue.add('b');
    for (let turn = 0; turn < 10; turn++) await clock.advance(milliseconds(0));
    expect(passes).toEqual(['a', 'b']);
  });

  it('a key added while its pass runs gets one more pass, never two at once', async () => {
    let running = 0;
    let most = 0;
    let passes = 0;
    const { clock, queue } = queueWith(
      async () => {
        most = Math.max(most, ++running);
        passes++;
        await idle();
        running--;
        return 'done';
      },
      { workers: 5 },
    );
    queue.add('a');
    queue.add('a');
    await idle();
    queue.add('a');
    queue.add('a');
    for (let turn = 0; turn < 10; turn++) await clock.advance(milliseconds(0));
    expect(most).toBe(1);
    expect(passes).toBeGreaterThanOrEqual(2);
  });

  it('failures back off up to ten seconds and success forgets them', async () => {
    const at: number[] = [];
    let failing = true;
    const { clock, queue, failures } = queueWith(async () => {
      at.push(clock.now());
      if (failing) throw new Error('broken');
      return 'done';
    });
    queue.add('a');
    await clock.advance(seconds(60));
    const gaps = at.slice(1).map((moment, index) => moment - (at[index] ?? 0));
    expect(gaps[0]).toBeGreaterThanOrEqual(5);
    expect(gaps.at(-1)).toBeLessThanOrEqual(15_000);
    expect(gaps.at(-1)).toBeGreaterThanOrEqual(10_000);
    expect(failures.length).toBe(at.length);
    failing = false;
    await clock.advance(seconds(20));
    const passes = at.length;
    await clock.advance(seconds(60));
    expect(at.length).toBe(passes);
  });

  it('of two timers the earlier counts', async () => {
    const at: number[] = [];
    const { clock, queue } = queueWith(async () => {
      at.push(clock.now());
      return 'done';
    });
    queue.addAt('a', instant(500));
    queue.addAt('a', instant(900));
    queue.addAt('a', instant(300));
    await clock.advance(seconds(2));
    expect(at).toEqual([300]);
  });

  it('stopping waits for the pass that runs and starts none', async () => {
    let ended = 0;
    const { clock, queue } = queueWith(async () => {
      await idle();
      ended++;
      return 'done';
    });
    queue.add('a');
    queue.add('b');
    queue.addAt('c', instant(500));
    await queue.stop();
    queue.add('d');
    queue.addAt('e', instant(500));
    await clock.advance(seconds(1));
    expect(ended).toBe(1);
  });

  it('the most urgent key is next, and of equal ones the first that came', async () => {
    const passes: string[] = [];
    const { clock, queue } = queueWith(
      async (key) => {
        passes.push(key);
        await idle();
        return 'done';
      },
      { urgency: (key) => Number(key.slice(1)) },
    );
    for (const key of ['a0', 'b0', 'c1', 'd2', 'e1']) queue.add(key);
    for (let turn = 0; turn < 20; turn++) await clock.advance(milliseconds(0));
    expect(passes).toEqual(['a0', 'd2', 'c1', 'e1', 'b0']);
  });

  it('a key that is not urgent does not wait for ever', async () => {
    const passes: string[] = [];
    const { clock, queue } = queueWith(
      async (key) => {
        passes.push(key);
        await idle();
        if (key === 'urgent') queue.add('urgent');
        return 'done';
      },
      { urgency: (key) => (key === 'urgent' ? 1 : 0) },
    );
    queue.add('urgent');
    queue.add('patient');
    await clock.advance(milliseconds(0));
    expect(passes).not.toContain('patient');
    for (let turn = 0; turn < 20; turn++) await clock.advance(seconds(60));
    await queue.stop();
    expect(passes).toContain('patient');
  });
});
