import { describe, expect, it } from 'vitest';
import { idle } from '../../test/support/cluster.ts';
import { cancellation, sleep } from '../lib/clock.ts';
import { instant, milliseconds, seconds } from '../lib/time.ts';
import { VirtualClock } from '../lib/virtual-clock.ts';
import { budgetsOf } from './budget.ts';
import { BUDGET_FLAGS } from './budget-flags.ts';
import { parseFlags } from './flags.ts';

function budgets(...words: readonly string[]) {
  const clock = new VirtualClock({ start: instant(0), idle });
  return { clock, ...budgetsOf({ clock, flags: parseFlags(words, BUDGET_FLAGS).values }) };
}

/** How many are served in ten seconds of a thousand that want to be. */
async function served(clock: VirtualClock, take: () => Promise<void>): Promise<number> {
  let count = 0;
  for (let index = 0; index < 3000; index += 1) {
    void take().then(() => (count += 1));
  }
  await clock.advance(seconds(10));
  return count;
}

describe('--qps and --burst', () => {
  it('are 40 and 80 for each of three groups of kinds, shared', async () => {
    const { clock, work } = budgets();
    const count = await served(clock, () => work.take());
    const most = 3 * 80 + 10 * 3 * 40;
    // The clock shows whole milliseconds.
    expect([most - 1, most]).toContain(count);
  });

  it('are what is said', async () => {
    const { clock, work } = budgets('--qps', '10', '--burst=1');
    expect(await served(clock, () => work.take())).toBe(3 + 10 * 3 * 10);
  });

  it('Events have as much as one group, and a twentieth of it while work waits or updates do', async () => {
    const { cancel } = cancellation();
    const { clock, work, tell } = budgets();
    const unanswered = Promise.withResolvers<undefined>();
    void work.whileUnderWay(() => unanswered.promise);
    expect(await served(clock, () => tell(cancel, clock.now(), false))).toBe(80 + 10 * 40);
    const crowded = budgets();
    for (let index = 0; index < 3000; index += 1) void crowded.work.take();
    expect(
      await served(crowded.clock, () => crowded.tell(cancel, crowded.clock.now(), false)),
    ).toBe((80 + 10 * 40) / 20);
    const many = budgets();
    const told = await served(many.clock, () => many.tell(cancel, many.clock.now(), true));
    expect(told).toBe((80 + 10 * 40) / 20);
  });

  it('an Event is held back for no longer than three minutes', async () => {
    const { cancel } = cancellation();
    const { clock, tell } = budgets();
    const since = clock.now();
    await clock.advance(seconds(180));
    expect(await served(clock, () => tell(cancel, since, true))).toBe(80 + 10 * 40);
  });

  it('Events have what work leaves, less half a burst, while it rests', async () => {
    const { cancel } = cancellation();
    const { clock, work, tell } = budgets();
    let told = 0;
    const lane = async (): Promise<void> => {
      for (;;) {
        await tell(cancel, clock.now(), false);
        told += 1;
        await sleep(clock, milliseconds(10));
      }
    };
    for (let lanes = 0; lanes < 4; lanes += 1) void lane();
    await clock.advance(seconds(10));
    expect(told).toBeGreaterThan(1000);
    // Work that comes now need not wait.
    let worked = 0;
    for (let index = 0; index < 100; index += 1) void work.take().then(() => (worked += 1));
    await clock.advance(milliseconds(0));
    expect(worked).toBe(100);
  });

  it.each(['--qps=0', '--burst=-1'])('%s is refused', (flag) => {
    expect(() => budgets(flag)).toThrow(/^--(?:qps|burst) -?\d: it is 1 or more requests$/);
  });
});
