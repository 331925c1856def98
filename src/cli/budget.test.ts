import { describe, expect, it } from 'vitest';
import { idle } from '../../test/support/cluster.ts';
import { cancellation } from '../lib/clock.ts';
import { instant, seconds } from '../lib/time.ts';
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

  it('Events have as much as one group, and a quarter of it while work waits', async () => {
    const { cancel } = cancellation();
    const { clock, tell } = budgets();
    expect(await served(clock, () => tell(cancel))).toBe(80 + 10 * 40);
    const crowded = budgets();
    for (let index = 0; index < 3000; index += 1) void crowded.work.take();
    expect(await served(crowded.clock, () => crowded.tell(cancel))).toBe((80 + 10 * 40) / 4);
  });

  it.each(['--qps=0', '--burst=-1'])('%s is refused', (flag) => {
    expect(() => budgets(flag)).toThrow(/^--(?:qps|burst) -?\d: it is 1 or more requests$/);
  });
});
