// Law 3: applied again and again with no outside change, every decision comes to rest, and at rest it writes nothing.
import fc from 'fast-check';
import { it } from 'vitest';
import { checkSettled } from './at-rest.ts';
import { holds, PATIENCE_MS } from './runs.ts';
import { STORIES } from './stories.ts';
import { play } from './story.ts';

it(
  'whatever has happened, decisions come to rest, and then write, tell and ask nothing',
  async () => {
    await holds(
      fc.asyncProperty(STORIES, async (story) => {
        await play(story, { atRest: checkSettled });
      }),
      30,
    );
  },
  PATIENCE_MS,
);
