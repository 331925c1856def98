// Law 1: pure. The same world at the same moment gives the same answer, and nothing that was handed in is changed.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decideAt } from './decide-at.ts';
import { frozen, holds, PATIENCE_MS } from './runs.ts';
import { STORIES } from './stories.ts';
import { play } from './story.ts';

it(
  'a decision changes nothing of its world and comes out the same again',
  async () => {
    await holds(
      fc.asyncProperty(STORIES, async (story) => {
        await play(story, {
          onDecision: ({ resource, world, now, decision }) => {
            const copy = frozen(world);
            expect(decideAt(resource, copy, now)).toEqual(decision);
            expect(decideAt(resource, copy, now)).toEqual(decision);
          },
        });
      }),
      25,
    );
  },
  PATIENCE_MS,
);
