import { describe, expect, it } from 'vitest';
import { idle } from '../../test/support/cluster.ts';
import { instant, seconds } from '../lib/time.ts';
import { VirtualClock } from '../lib/virtual-clock.ts';
import { Rest } from './rest.ts';

function stand() {
  const clock = new VirtualClock({ start: instant(0), idle });
  const rests: number[] = [];
  const rest = new Rest({ clock, after: seconds(5), onRest: () => rests.push(clock.now()) });
  return { clock, rest, rests };
}

describe('rest', () => {
  it('is told once, that long after the last that was done', async () => {
    const { clock, rest, rests } = stand();
    rest.touch();
    await clock.advance(seconds(3));
    rest.touch();
    await clock.advance(seconds(4));
    expect(rests).toEqual([]);
    await clock.advance(seconds(60));
    expect(rests).toEqual([8000]);
  });

  it('is told again after more was done', async () => {
    const { clock, rest, rests } = stand();
    rest.touch();
    await clock.advance(seconds(10));
    rest.touch();
    await clock.advance(seconds(10));
    expect(rests).toEqual([5000, 15_000]);
  });

  it('is not told before anything was done, nor after the end', async () => {
    const { clock, rest, rests } = stand();
    await clock.advance(seconds(10));
    rest.touch();
    rest.stop();
    await clock.advance(seconds(10));
    expect(rests).toEqual([]);
  });
});
