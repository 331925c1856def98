// Law 5: crash-safe. A controller that is stopped after any prefix of its writes, and started anew, ends in the same
// place, with the same objects.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { objectsOf } from './ending.ts';
import { holds, PATIENCE_MS } from './runs.ts';
import { STORIES } from './stories.ts';
import { play, type Story } from './story.ts';

/** For each act which of the writes that follow it is the controller's last, and so on from the start of the list. */
const CRASHES = fc.array(fc.nat(), { minLength: 1, maxLength: 8 });

/**
 * Users act when all is at rest: what they meet must not depend on how far a controller has come. Metrics stay good: a
 * run that fails while no controller is there stops an update that would have been promoted before it failed.
 */
function calm({ setup, turns }: Story): Story {
  const acts = turns.map(({ act }) => act).filter(({ kind }) => kind !== 'verdict');
  return { setup, turns: acts.map((act) => ({ act, after: 'rest' })) };
}

it(
  'a controller that is stopped after any of its writes ends in the same place',
  async () => {
    await holds(
      fc.asyncProperty(STORIES.map(calm), CRASHES, async (story, crashes) => {
        const marks: number[] = [0];
        const whole = await play(story, { before: (stand) => void marks.push(stand.writes) });
        marks.push(whole.writes);
        /** Between no write at all and the last one that follows the act. */
        const lastWrite = (act: number) => {
          const writes = (marks[act + 1] ?? 0) - (marks[act] ?? 0);
          return (crashes[act % crashes.length] ?? 0) % (writes + 1);
        };
        const crashed = await play(story, {
          onStart: (stand) => stand.crashAfter(lastWrite(0)),
          before: (stand, _turn, index) => stand.crashAfter(lastWrite(index + 1)),
        });
        expect(objectsOf(crashed)).toEqual(objectsOf(whole));
      }),
      15,
    );
  },
  PATIENCE_MS,
);
