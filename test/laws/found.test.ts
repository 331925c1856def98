// Stories in which a law was once broken, each named after what was seen. All laws of stories must hold in them.
import { describe, expect, it } from 'vitest';
import { checkRescued, isRescuable, RESCUE } from './abort.ts';
import { checkSettled, checkTime } from './at-rest.ts';
import type { Setup } from './stand/manifests.ts';
import type { Stand } from './stand/stand.ts';
import { type Act, play, type Story, type Turn } from './story.ts';
import { watchSafety } from './traffic-safety.ts';

interface Row {
  readonly name: string;
  readonly setup: Partial<Setup>;
  readonly turns: readonly Turn[];
  /** The story ends with an abort that must reach the stable version. */
  readonly isRescued?: true;
}

function thenRest(...acts: readonly Act[]): readonly Turn[] {
  return acts.map((act) => ({ act, after: 'rest' }));
}

const ROWS: readonly Row[] = [
  {
    name: 'an unclear background analysis beside an unclear experiment is not begun again for ever',
    setup: {
      traffic: 'hosts',
      steps: [{ kind: 'experiment', isJudged: true }],
      background: 'always',
      strategy: { dynamicStableScale: true },
    },
    turns: thenRest({ kind: 'image', version: 3 }, { kind: 'verdict', verdict: 'unclear' }),
  },
  {
    name: 'a missing DestinationRule is told once, not with every pass',
    setup: { traffic: 'subsets' },
    turns: thenRest({ kind: 'delete', what: 'mesh' }),
  },
  {
    name: 'what is missing during an abort is told once, and the analysis of the update is ended',
    setup: { traffic: 'subsets', steps: [{ kind: 'analysis' }], background: 'always' },
    turns: [
      ...thenRest({ kind: 'image', version: 2 }, { kind: 'delete', what: 'mesh' }),
      ...thenRest({ kind: 'abort' }, { kind: 'wait', seconds: 70 }),
    ],
  },
];

const PLAIN: Setup = { traffic: 'pods', steps: [], background: 'none', strategy: {}, spec: {} };

async function checked(story: Story): Promise<Stand> {
  const found: (readonly string[])[] = [];
  const stand = await play(story, {
    onStart: (begun) => found.push(watchSafety(begun)),
    atRest: (resting) => {
      checkSettled(resting);
      checkTime(resting);
    },
  });
  expect(found.flat()).toEqual([]);
  return stand;
}

describe('what a law once found', () => {
  for (const { name, setup, turns, isRescued } of ROWS) {
    it(name, async () => {
      const whole = { ...PLAIN, ...setup };
      const stand = await checked({
        setup: whole,
        turns: [...turns, ...(isRescued ? RESCUE : [])],
      });
      if (isRescued !== true) return;
      expect(isRescuable(stand)).toBe(true);
      checkRescued(stand, whole);
    });
  }
});
