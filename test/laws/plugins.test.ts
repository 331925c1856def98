// The laws of rest, time, purity and crashes for rollouts whose routes and steps are those of plugins.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { checkSettled, checkTime } from './at-rest.ts';
import { decideAt } from './decide-at.ts';
import { objectsOf } from './ending.ts';
import { frozen, holds, PATIENCE_MS } from './runs.ts';
import { storiesOf } from './stories.ts';
import { play, type Story } from './story.ts';

const STORIES = storiesOf('plugin');

it(
  'whatever plugins have said, decisions come to rest, and time changes them when they say so',
  async () => {
    await holds(
      fc.asyncProperty(STORIES, async (story) => {
        await play(story, {
          atRest: (stand) => {
            checkSettled(stand);
            checkTime(stand);
          },
        });
      }),
      40,
    );
  },
  PATIENCE_MS,
);

it(
  'a decision on what plugins have said changes nothing of its world and comes out the same again',
  async () => {
    await holds(
      fc.asyncProperty(STORIES, async (story) => {
        await play(story, {
          onDecision: ({ resource, world, now, decision }) => {
            const copy = frozen(world);
            expect(decideAt(resource, copy, now)).toEqual(decision);
          },
        });
      }),
      15,
    );
  },
  PATIENCE_MS,
);

/** Users act when all is at rest, and metrics stay good, as in crash.test.ts. */
function calm({ setup, turns }: Story): Story {
  const acts = turns.map(({ act }) => act).filter(({ kind }) => kind !== 'verdict');
  return { setup, turns: acts.map((act) => ({ act, after: 'rest' })) };
}

it(
  'a controller that is stopped between two writes, with what plugins said forgotten, ends in the same place',
  async () => {
    const crashes = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 6 });
    await holds(
      fc.asyncProperty(STORIES.map(calm), crashes, async (story, after) => {
        const whole = await play(story, {});
        const crashed = await play(story, {
          before: (stand, _turn, index) => stand.crashAfter(after[index % after.length] ?? 1),
        });
        expect(objectsOf(crashed)).toEqual(objectsOf(whole));
      }),
      12,
    );
  },
  PATIENCE_MS,
);
