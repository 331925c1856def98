// Law 8: domain safety. The promises of design.md "Traffic safety", after every single write of random stories.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { checkRescued, isRescuable, RESCUE } from './abort.ts';
import type { Rollout } from '../../src/api/rollout.ts';
import { holds, PATIENCE_MS } from './runs.ts';
import { STORIES, updatesOf } from './stories.ts';
import { type Breakable, play, type Turn } from './story.ts';
import { sceneOf, watchSafety } from './traffic-safety.ts';

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

const BREAKABLE: readonly Breakable[] = [
  'steps',
  'replicas',
  'minReadySeconds',
  'progressDeadlineSeconds',
];

it(
  'an abort reaches it where a mistake has made the spec invalid, too',
  async () => {
    const stories = fc.tuple(
      updatesOf('pods', 'hosts', 'subsets'),
      fc.constantFrom(...BREAKABLE),
      fc.boolean(),
    );
    await holds(
      fc.asyncProperty(stories, async ([{ setup, turns }, what, isSudden]) => {
        const last = RESCUE.length - 1;
        const mistake: Turn = { act: { kind: 'break', what }, after: isSudden ? 0 : 'rest' };
        const all = [...turns, ...RESCUE.slice(0, last), mistake, ...RESCUE.slice(last)];
        let wanted: Rollout | undefined;
        const stand = await play(
          { setup, turns: all },
          {
            before: (current, { act }) => {
              if (act.kind !== 'break') return;
              // From here on the update is frozen: it cannot end in another way.
              fc.pre(isRescuable(current));
              wanted = sceneOf(current.store).rollout;
            },
          },
        );
        checkRescued(stand, setup, wanted);
      }),
      12,
    );
  },
  PATIENCE_MS,
);
