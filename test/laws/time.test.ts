// Law 4: at rest, no instant before `requeueAt` gives another answer, and `requeueAt` itself does.
import fc from 'fast-check';
import { it } from 'vitest';
import { checkTime } from './at-rest.ts';
import { holds, PATIENCE_MS } from './runs.ts';
import { STORIES } from './stories.ts';
import { play } from './story.ts';

it(
  'at rest the answer stays the same until the moment that the decision names, and changes then',
  async () => {
    await holds(
      fc.asyncProperty(STORIES, async (story) => {
        await play(story, { atRest: checkTime });
      }),
      30,
    );
  },
  PATIENCE_MS,
);
