// Law 7: explains itself. Reasons are never empty, and each code is produced by a test that says when. A code without
// a row does not compile.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ReasonCode } from '../../src/core/reasons.ts';
import { decideAt } from './decide-at.ts';
import { holds, PATIENCE_MS } from './runs.ts';
import { type Change, changed } from './schema-values.ts';
import type { Setup } from './stand/manifests.ts';
import type { Decided } from './stand/stand.ts';
import { STORIES } from './stories.ts';
import { type Act, play } from './story.ts';

interface WorldWithHashes {
  readonly hashes?: { readonly podTemplate?: string };
}

interface Row {
  /** When decisions give the reason. */
  readonly when: string;
  readonly setup?: Partial<Setup>;
  readonly acts?: readonly Act[];
  /** The worlds of the story are decided again with this place changed. */
  readonly but?: Change | ((world: WorldWithHashes) => Change);
  /** The data plane may be this late. */
  readonly propagationDelayMs?: number;
}

const UPDATE: Act = { kind: 'image', version: 2 };
const ANALYSED: Partial<Setup> = { traffic: 'hosts', steps: [{ kind: 'analysis' }] };
const TRIED: Partial<Setup> = {
  traffic: 'hosts',
  steps: [{ kind: 'experiment', isJudged: false }],
};
const STEP = ['rollout', 'spec', 'strategy', 'canary', 'steps', 0] as const;

const ROWS: Readonly<Record<ReasonCode, Row>> = {
  Settled: { when: 'always, as the last of a Rollout' },
  InvalidSpec: {
    when: 'a Service that the spec names is gone',
    setup: { traffic: 'hosts' },
    acts: [{ kind: 'delete', what: 'service' }],
  },
  ClaimingReplicaSets: { when: 'a set that fits has no owner', acts: [{ kind: 'orphan' }] },
  CreatingReplicaSet: { when: 'the template has no set yet' },
  ReplicaSetRefused: {
    when: 'the API server does not take the set of the template',
    but: ({ hashes }) => ({
      path: ['refused'],
      value: [{ kind: 'ReplicaSet', name: `web-${hashes?.podTemplate}`, message: 'no' }],
    }),
  },
  SyncingReplicaSet: {
    when: 'an older template comes back and its set gets a new revision',
    acts: [UPDATE, { kind: 'image', version: 1 }],
  },
  UpdateBegins: { when: 'the template changes', acts: [UPDATE] },
  PauseRecorded: { when: 'its user pauses it', acts: [UPDATE, { kind: 'pause' }] },
  PausedAtStep: {
    when: 'the current step is a pause',
    setup: { steps: [{ kind: 'pause', duration: 5 }] },
    acts: [UPDATE],
  },
  PausedBeforeSwitch: {
    when: 'a blue-green waits for its promotion',
    setup: { traffic: 'switch' },
    acts: [UPDATE],
  },
  StepCompleted: {
    when: 'a step is done',
    setup: { steps: [{ kind: 'weight', weight: 50 }] },
    acts: [UPDATE],
  },
  Promoted: { when: 'the new version becomes the stable one', acts: [UPDATE] },
  ScalingReplicaSet: { when: 'a set gets another size', acts: [{ kind: 'scale', replicas: 4 }] },
  ScalingWorkload: {
    when: 'a Deployment is no longer needed',
    setup: { workload: 'progressively', spec: { replicas: 3 } },
  },
  SwitchingService: {
    when: 'a Service is pointed at a set',
    setup: { traffic: 'services' },
  },
  ShiftingTraffic: {
    when: 'a route or its subsets change',
    setup: { traffic: 'subsets' },
  },
  TrafficMoves: {
    when: 'the proxies may not know yet that the canary has its traffic',
    setup: { traffic: 'subsets', steps: [{ kind: 'weight', weight: 50 }] },
    acts: [UPDATE],
    propagationDelayMs: 5000,
  },
  TrafficRefused: {
    when: 'an abort meets a mesh that lacks a piece',
    setup: { traffic: 'subsets', steps: [{ kind: 'pause' }] },
    acts: [UPDATE, { kind: 'delete', what: 'mesh' }, { kind: 'abort' }],
  },
  WaitingForPods: {
    when: 'the pods that a Service is to select are not ready',
    setup: { traffic: 'services' },
    acts: [{ kind: 'health', version: 2, health: 'bad' }, UPDATE],
  },
  StartingAnalysis: { when: 'a step is an analysis', setup: ANALYSED, acts: [UPDATE] },
  AnalysisNotStarted: {
    when: 'an argument of the analysis cannot be resolved',
    setup: ANALYSED,
    acts: [UPDATE],
    but: {
      path: [...STEP, 'analysis', 'args'],
      value: [{ name: 'x', valueFrom: { fieldRef: { fieldPath: 'spec.nowhere' } } }],
    },
  },
  WaitingForAnalysis: { when: 'a run is under way', setup: ANALYSED, acts: [UPDATE] },
  StartingExperiment: { when: 'a step is an experiment', setup: TRIED, acts: [UPDATE] },
  ExperimentNotStarted: {
    when: 'a template of the experiment names no set',
    setup: TRIED,
    acts: [UPDATE],
    but: { path: [...STEP, 'experiment', 'templates', 0, 'specRef'], value: 'other' },
  },
  WaitingForExperiment: { when: 'an experiment is under way', setup: TRIED, acts: [UPDATE] },
  WaitingForPlugin: {
    when: 'the current step is that of a plugin',
    setup: { steps: [{ kind: 'pause' }] },
    acts: [UPDATE],
    but: { path: [...STEP], value: { plugin: { name: 'shop/approval' } } },
  },
  RestartingPods: {
    when: 'its user wants new pods',
    acts: [
      { kind: 'restart', seconds: 0 },
      { kind: 'wait', seconds: 6 },
    ],
  },
  SyncingMetadata: {
    when: 'a set that becomes stable gets other metadata',
    setup: { roles: { forNew: { labels: { role: 'new' } } } },
    acts: [UPDATE],
  },
  ExperimentSettled: {
    when: 'an experiment has ended',
    setup: TRIED,
    acts: [UPDATE, { kind: 'wait', seconds: 70 }],
  },
  ExperimentInvalid: {
    when: 'a template of an experiment has less than no pods',
    setup: TRIED,
    acts: [UPDATE],
    but: { path: ['experiment', 'spec', 'templates', 0, 'replicas'], value: -1 },
  },
  ExperimentRunning: { when: 'an experiment is under way', setup: TRIED, acts: [UPDATE] },
  RunCompleted: {
    when: 'a run has its verdict',
    setup: ANALYSED,
    acts: [UPDATE, { kind: 'wait', seconds: 70 }],
  },
  RunInvalid: {
    when: 'the interval of a metric cannot be read',
    setup: ANALYSED,
    acts: [UPDATE],
    but: { path: ['run', 'spec', 'metrics', 0, 'interval'], value: 'soon' },
  },
  MeasurementDue: { when: 'a measurement is to be taken', setup: ANALYSED, acts: [UPDATE] },
  MeasurementWaiting: {
    when: 'the next measurement is not due yet',
    setup: ANALYSED,
    acts: [UPDATE],
  },
};

const PLAIN: Setup = { traffic: 'pods', steps: [], background: 'none', strategy: {}, spec: {} };

/** The decision, or the one on its world with a place changed; only worlds that have the place are asked. */
function decisionFor({ resource, world, now, decision }: Decided, but: Row['but']) {
  if (but === undefined) return decision;
  const change = typeof but === 'function' ? but(world as WorldWithHashes) : but;
  const [member] = change.path;
  const hasMember = typeof member === 'string' && (world as Record<string, unknown>)[member];
  return hasMember ? decideAt(resource, changed(world, change), now) : decision;
}

describe('a reason is given', () => {
  for (const [code, row] of Object.entries(ROWS)) {
    const { when, setup = {}, acts = [], but, propagationDelayMs = 0 } = row;
    it(`${code} when: ${when}`, async () => {
      const messages = new Set<string>();
      const turns = acts.map((act) => ({ act, after: 'rest' as const }));
      await play(
        { setup: { ...PLAIN, ...setup }, turns },
        {
          propagationDelayMs,
          onDecision: (decided) => {
            const { reasons } = decisionFor(decided, but);
            for (const reason of reasons) if (reason.code === code) messages.add(reason.message);
          },
        },
      );
      expect(messages.size).toBeGreaterThan(0);
      expect([...messages].filter((message) => message.trim() === '')).toEqual([]);
    });
  }
});

it(
  'no decision is without a reason',
  async () => {
    await holds(
      fc.asyncProperty(STORIES, async (story) => {
        await play(story, {
          onDecision: ({ decision }) => expect(decision.reasons.length).toBeGreaterThan(0),
        });
      }),
      10,
    );
  },
  PATIENCE_MS,
);
