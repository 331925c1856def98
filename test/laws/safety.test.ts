// Law 8: domain safety. The promises of design.md "Traffic safety", after every single write of random stories.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { checkRescued, isRescuable, RESCUE } from './abort.ts';
import { holds, PATIENCE_MS } from './runs.ts';
import { STORIES, updatesOf } from './stories.ts';
import { play } from './story.ts';
import { watchSafety } from './traffic-safety.ts';

it(
  'no write breaks the sum of the weights, the capacity behind them, the pods in service or what users own',
  async () => {
    await holds(
      fc.asyncProperty(STORIES, async (story) => {
        const found: (() => readonly string[])[] = [];
        await play(story, { onStart: (stand) => found.push(watchSafety(stand)) });
        expect(found.flatMap((read) => read())).toEqual([]);
      }),
      30,
    );
  },
  PATIENCE_MS,
);

it(
  'an abort reaches 100 % on the stable version, whatever has happened before',
  async () => {
    await holds(
      fc.asyncProperty(
        updatesOf('pods', 'hosts', 'ping-pong', 'subsets'),
        async ({ setup, turns }) => {
          const rescued = { setup, turns: [...turns, ...RESCUE] };
          const stand = await play(rescued, {
            before: (current, { act }, index) => {
              if (act.kind === 'abort' && index === rescued.turns.length - 1) {
                fc.pre(isRescuable(current));
              }
            },
          });
          fc.pre(isRescuable(stand));
          checkRescued(stand, setup);
        },
      ),
      12,
    );
  },
  PATIENCE_MS,
);
