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
  ...(['never', 'onsuccess', 'progressively'] as const).map((workload) => ({
    name: `a Deployment whose template it takes, ${workload} scaled down, is followed and comes back`,
    setup: { workload, spec: { replicas: 4 }, steps: [{ kind: 'pause' as const }] },
    turns: thenRest(
      { kind: 'image', version: 2 },
      { kind: 'delete', what: 'workload' },
      { kind: 'apply again' },
      { kind: 'image', version: 3 },
      { kind: 'promote' },
    ),
  })),
  {
    name: 'an abort while the Deployment of the template is gone comes to rest',
    setup: { workload: 'never', traffic: 'subsets', steps: [{ kind: 'pause' }] },
    turns: [
      ...thenRest({ kind: 'image', version: 2 }, { kind: 'delete', what: 'workload' }),
      ...thenRest({ kind: 'abort' }, { kind: 'apply again' }),
    ],
  },
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
    name: 'an aborted canary without pods is not looked at again when its delay has passed',
    setup: {
      traffic: 'hosts',
      steps: [{ kind: 'scale', scale: { weight: 0 } }],
      background: 'always',
      strategy: { abortScaleDownDelaySeconds: 7, dynamicStableScale: true },
    },
    turns: [
      { act: { kind: 'scale', replicas: 0 }, after: 0 },
      { act: { kind: 'verdict', verdict: 'bad' }, after: 0 },
      { act: { kind: 'image', version: 3 }, after: 'rest' },
    ],
  },
  ...(['hosts', 'ping-pong'] as const).map((traffic) => ({
    name: `an old set whose delay is over stays while the new one lacks pods, by ${traffic}`,
    setup: { traffic, spec: { replicas: 3 } },
    turns: [
      { act: { kind: 'image', version: 2 }, after: 12 },
      ...thenRest({ kind: 'health', version: 2, health: 'half' }, { kind: 'wait', seconds: 70 }),
      ...thenRest({ kind: 'health', version: 2, health: 'good' }, { kind: 'wait', seconds: 70 }),
    ] satisfies readonly Turn[],
  })),
  {
    name: 'a ping-pong Service with traffic is not pointed at a third version that has no pods yet',
    setup: { traffic: 'ping-pong', steps: [{ kind: 'weight', weight: 50 }, { kind: 'pause' }] },
    turns: thenRest({ kind: 'image', version: 2 }, { kind: 'image', version: 3 }),
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
  {
    name: 'a step down to weight 0 takes the traffic away before the pods',
    setup: {
      traffic: 'hosts',
      steps: [
        { kind: 'weight', weight: 50 },
        { kind: 'weight', weight: 0 },
      ],
    },
    turns: thenRest({ kind: 'image', version: 2 }, { kind: 'promote' }),
  },
  {
    name: 'an aborted canary that is held at its minimum of pods does not keep its traffic',
    setup: {
      traffic: 'subsets',
      steps: [{ kind: 'weight', weight: 1 }],
      strategy: { minPodsPerReplicaSet: 2, dynamicStableScale: true },
      spec: { replicas: 2 },
    },
    turns: [
      { act: { kind: 'image', version: 3 }, after: 3 },
      { act: { kind: 'abort' }, after: 'rest' },
    ],
    isRescued: true,
  },
  {
    name: 'an aborted canary that is kept for good (delay 0) does not keep its traffic',
    setup: {
      traffic: 'hosts',
      steps: [{ kind: 'weight', weight: 10 }],
      background: 'from 1',
      strategy: { abortScaleDownDelaySeconds: 0, dynamicStableScale: true },
      spec: { replicas: 2 },
    },
    turns: thenRest({ kind: 'verdict', verdict: 'bad' }, { kind: 'image', version: 3 }),
    isRescued: true,
  },
  {
    name: 'an experiment that is over loses its share before its pods go, though stable lacks pods',
    setup: {
      traffic: 'subsets',
      steps: [{ kind: 'experiment', isJudged: false, weight: 5 }],
      spec: { replicas: 4 },
    },
    turns: [
      ...thenRest({ kind: 'image', version: 3 }),
      { act: { kind: 'health', version: 1, health: 'half' }, after: 0 },
      { act: { kind: 'image', version: 1 }, after: 0 },
    ],
  },
  {
    name: 'a full promotion that its deadline gives up is not taken up again every few seconds',
    setup: { spec: { progressDeadlineSeconds: 3, progressDeadlineAbort: true } },
    turns: [
      ...thenRest({ kind: 'health', version: 3, health: 'bad' }, { kind: 'image', version: 3 }),
      ...thenRest({ kind: 'promote full' }),
      { act: { kind: 'scale', replicas: 7 }, after: 0 },
    ],
  },
  {
    name: 'a healthy Rollout that waits for its restart does not wake for a deadline of progress',
    setup: { traffic: 'hosts', spec: { progressDeadlineSeconds: 3 } },
    turns: thenRest({ kind: 'restart', seconds: 20 }),
  },
  {
    name: 'a stable set that follows the weight keeps its pods until those of the new set are there',
    setup: {
      traffic: 'hosts',
      steps: [
        { kind: 'scale', scale: { replicas: 1 } },
        { kind: 'weight', weight: 100 },
      ],
      strategy: { dynamicStableScale: true },
      spec: { replicas: 3 },
    },
    turns: thenRest({ kind: 'image', version: 2 }),
  },
  {
    name: 'traffic that stable cannot take yet keeps the pods that serve it, in a step down too',
    setup: {
      traffic: 'hosts',
      steps: [
        { kind: 'weight', weight: 50 },
        { kind: 'pause' },
        { kind: 'weight', weight: 0 },
        { kind: 'pause' },
      ],
      spec: { replicas: 4 },
    },
    turns: thenRest(
      { kind: 'image', version: 2 },
      { kind: 'health', version: 1, health: 'half' },
      { kind: 'promote' },
    ),
  },
  {
    name: 'an abort gives stable no more than its pods can take, and its Service does not flip',
    setup: {
      traffic: 'hosts',
      steps: [{ kind: 'weight', weight: 50 }, { kind: 'pause' }],
      spec: { replicas: 4 },
    },
    turns: [
      ...thenRest({ kind: 'image', version: 2 }, { kind: 'health', version: 1, health: 'half' }),
      ...thenRest({ kind: 'abort' }, { kind: 'health', version: 1, health: 'good' }),
    ],
    isRescued: true,
  },
  {
    name: 'an update amid an update takes the weight away before the subset names the new set',
    setup: { traffic: 'subsets', steps: [{ kind: 'weight', weight: 50 }, { kind: 'pause' }] },
    turns: thenRest({ kind: 'image', version: 2 }, { kind: 'image', version: 3 }),
  },
  {
    name: 'an experiment that has lost its pods does not wake at the end of its duration',
    setup: { steps: [{ kind: 'experiment', isJudged: false }] },
    turns: [
      ...thenRest({ kind: 'image', version: 3 }, { kind: 'health', version: 3, health: 'bad' }),
      ...thenRest({ kind: 'promote full' }),
    ],
  },
  {
    name: 'an experiment that has ended without its set does not try to create it for ever',
    setup: { steps: [{ kind: 'experiment', isJudged: false }] },
    turns: [
      ...thenRest({ kind: 'image', version: 2 }),
      { act: { kind: 'delete', what: 'experiment' }, after: 0 },
      ...thenRest({ kind: 'retry' }),
      { act: { kind: 'image', version: 1 }, after: 0 },
    ],
  },
  {
    name: 'a rollback to a stable set that lacks pods wakes when its deadline of progress passes',
    setup: { traffic: 'hosts', steps: [{ kind: 'weight', weight: 50 }, { kind: 'pause' }] },
    turns: [
      { act: { kind: 'health', version: 1, health: 'half' }, after: 0 },
      ...thenRest({ kind: 'image', version: 3 }, { kind: 'image', version: 1 }),
      ...thenRest({ kind: 'promote' }),
    ],
  },
  {
    name: 'a canary at its minimum of pods keeps them while stable cannot take its traffic',
    setup: {
      traffic: 'hosts',
      steps: [
        { kind: 'weight', weight: 25 },
        { kind: 'pause', duration: '30s' },
        { kind: 'weight', weight: 0 },
      ],
      strategy: { minPodsPerReplicaSet: 2 },
    },
    turns: [
      ...thenRest({ kind: 'scale', replicas: 2 }, { kind: 'image', version: 2 }),
      { act: { kind: 'health', version: 1, health: 'bad' }, after: 0 },
    ],
  },
  {
    name: 'a canary without router does not give its stable Service back to a set that it empties',
    setup: {
      traffic: 'services',
      steps: [
        { kind: 'weight', weight: 100 },
        { kind: 'weight', weight: 75 },
      ],
    },
    turns: thenRest({ kind: 'image', version: 3 }),
  },
  {
    name: 'the last pod that is available stays, although its step asks for none',
    setup: {
      traffic: 'subsets',
      steps: [{ kind: 'weight', weight: 0 }],
      strategy: { dynamicStableScale: true },
    },
    turns: [
      { act: { kind: 'health', version: 1, health: 'half' }, after: 0 },
      ...thenRest({ kind: 'image', version: 2 }, { kind: 'steps', steps: [{ kind: 'pause' }] }),
      { act: { kind: 'image', version: 1 }, after: 0 },
    ],
  },
  {
    name: 'an update amid an update with stable shrunk leaves the canary Service until its pods are there',
    setup: {
      traffic: 'hosts',
      steps: [{ kind: 'weight', weight: 50 }, { kind: 'pause' }],
      strategy: { dynamicStableScale: true },
      spec: { replicas: 10 },
    },
    turns: [
      ...thenRest({ kind: 'image', version: 2 }),
      { act: { kind: 'health', version: 1, health: 'bad' }, after: 0 },
      { act: { kind: 'health', version: 3, health: 'half' }, after: 0 },
      ...thenRest({ kind: 'image', version: 3 }),
    ],
  },
  {
    name: 'a blue-green that serves and waits for its verdict is not given up by a deadline of progress',
    setup: {
      traffic: 'switch',
      steps: [{ kind: 'pause' }],
      background: 'from 1',
      spec: { progressDeadlineAbort: true },
    },
    turns: [...thenRest({ kind: 'image', version: 2 }), { act: { kind: 'apply again' }, after: 0 }],
  },
  {
    name: 'a stable set that follows the weights keeps its pods for the weight that it gets in the same pass (I16)',
    setup: {
      traffic: 'hosts',
      steps: [
        { kind: 'scale', scale: { weight: 50 } },
        { kind: 'weight', weight: 50 },
        { kind: 'weight', weight: 0 },
      ],
      strategy: { dynamicStableScale: true },
      spec: { replicas: 5 },
    },
    turns: thenRest({ kind: 'image', version: 3 }),
  },
];

const PLAIN: Setup = { traffic: 'pods', steps: [], background: 'none', strategy: {}, spec: {} };

async function checked(story: Story): Promise<Stand> {
  const found: (() => readonly string[])[] = [];
  const stand = await play(story, {
    onStart: (begun) => found.push(watchSafety(begun)),
    atRest: (resting) => {
      checkSettled(resting);
      checkTime(resting);
    },
  });
  expect(found.flatMap((read) => read())).toEqual([]);
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
