// A fleet that is updated all at once (the figures of larger ones are in docs/benchmarks.md).
import { describe, expect, it } from 'vitest';
import { updateFleet } from './fleet-play.ts';

describe('a fleet that is updated all at once, within a budget of requests', () => {
  it('does not move in lock-step, keeps to its budget, and tells every Event', async () => {
    const count = 30;
    const perSecond = 30;
    const times = await updateFleet({ count, perSecond, eventsPerSecond: 60 });
    const [first = 0] = times.healthy;
    const median = times.healthy[count / 2] ?? 0;
    const last = times.healthy.at(-1) ?? 0;
    // All together they take as long as their requests do; each is done in its turn.
    expect(last).toBeLessThan((count * 19) / perSecond);
    expect(first).toBeLessThan(last / 2);
    expect(median).toBeLessThan(last * 0.75);
    expect(times.requestsPerUpdate).toBe(19);
    // A burst, and then so many in each second.
    expect(times.mostPerSecond).toBeLessThanOrEqual(2 * perSecond + 1);
    expect(times.eventsLost).toBe(0);
    expect(times.eventsPerUpdate).toBe(23);
  }, 60_000);
});
