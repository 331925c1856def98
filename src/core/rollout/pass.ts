// One pass over a Rollout: what it looks at, and the draft of its decision that the stages fill in order.
import type { Rollout, RolloutStatus, TrafficWeights } from '../../api/rollout.ts';
import type { AnalysisRun } from '../../api/analysis.ts';
import type { Experiment } from '../../api/experiment.ts';
import { REVISION } from '../../api/names.ts';
import { ROLLOUTS } from '../../api/resources.ts';
import type { Json } from '../../api/object.ts';
import type { Instant } from '../../lib/time.ts';
import type { Ask, EventNote, PatchWrite, Write } from '../decision.ts';
import { refOf } from '../ownership.ts';
import type { Reason } from '../reasons.ts';
import { desiredReplicas } from './limits.ts';
import { setsOf, type RolloutSets } from './sets.ts';
import type { RolloutWorld } from './world.ts';

export type PauseReason =
  | 'CanaryPauseStep'
  | 'BlueGreenPause'
  | 'InconclusiveAnalysisRun'
  | 'InconclusiveExperiment';

/** What an AnalysisRun of a Rollout is for. */
export type RunType = 'Step' | 'Background' | 'PrePromotion' | 'PostPromotion';
export type Runs = Readonly<Record<RunType, AnalysisRun | undefined>>;

export const NO_RUNS: Runs = {
  Step: undefined,
  Background: undefined,
  PrePromotion: undefined,
  PostPromotion: undefined,
};

/** What the stages of a pass have decided so far; lives for one pass. */
export type StepPluginStatus = NonNullable<
  NonNullable<RolloutStatus['canary']>['stepPluginStatuses']
>[number];

export interface Draft {
  readonly writes: Write[];
  /** Told after the status has been written. */
  readonly events: EventNote[];
  /** As in a decision: unknown until routers have been asked. */
  troubles: readonly EventNote[] | undefined;
  readonly asks: Ask[];
  /** Made only by a pass that has nothing else to write; until then their answers are kept by `lastAsks`. */
  readonly lastWrites: Write[];
  readonly lastAsks: Ask[];
  /** As in a decision: of routers and step plugins all, until this pass looks at them. */
  keeps: readonly string[];
  readonly reasons: Reason[];
  /** Moments at which time alone changes the answer; the earliest counts. */
  readonly moments: Instant[];
  readonly pausesAdded: Set<PauseReason>;
  readonly pausesRemoved: Set<PauseReason>;
  arePausesCleared: boolean;
  isAbortRemoved: boolean;
  /** Set when this pass aborts the update; the text may be empty. */
  abortCause: string | undefined;
  /** What routers have accepted, this pass included; undefined without a router. */
  weights: TrafficWeights | undefined;
  /** Runs and the experiment that the next status names. */
  runs: Runs;
  experiment: Experiment | undefined;
  /** A run or an experiment begun in this pass: not judged before the next. */
  readonly begun: Set<string>;
  restartedAt: string | undefined;
  /** What step plugins have said; looked at in this pass or not. */
  readonly stepPlugins: { entries: readonly StepPluginStatus[]; isFollowed: boolean };
  /** Hashes that the Services of a blue-green name after this pass; empty if none. */
  activeSelector: string;
  previewSelector: string;
  /** A user has ended the pause of a blue-green; that counts until the switch can be made. */
  keepsApproval: boolean;
  /** What is wrong with the spec or with what it names, while an abort goes on all the same. */
  problem: string | undefined;
}

export interface Pass {
  readonly world: RolloutWorld;
  /** The Rollout as it counts: without an abort or a full promotion that is void (`withoutVoidWords`). */
  readonly rollout: Rollout;
  /** Its stored status; empty if there is none. */
  readonly stored: RolloutStatus;
  readonly now: Instant;
  readonly sets: RolloutSets;
  /** Desired number of pods. */
  readonly replicas: number;
  readonly draft: Draft;
}

/** How the keys of questions to plugins begin. */
export const ROUTE_KEYS = 'route/';
export const STEP_PLUGIN_KEYS = 'step-plugin/';

function emptyDraft({ status }: Rollout): Draft {
  return {
    writes: [],
    events: [],
    troubles: undefined,
    asks: [],
    lastWrites: [],
    lastAsks: [],
    keeps: [ROUTE_KEYS, STEP_PLUGIN_KEYS],
    reasons: [],
    moments: [],
    pausesAdded: new Set(),
    pausesRemoved: new Set(),
    arePausesCleared: false,
    isAbortRemoved: false,
    abortCause: undefined,
    weights: status?.canary?.weights,
    runs: NO_RUNS,
    experiment: undefined,
    begun: new Set(),
    restartedAt: status?.restartedAt,
    stepPlugins: { entries: status?.canary?.stepPluginStatuses ?? [], isFollowed: false },
    activeSelector: '',
    previewSelector: '',
    keepsApproval: false,
    problem: undefined,
  };
}

export function passOf(world: RolloutWorld, now: Instant): Pass {
  const rollout = withoutVoidWords(world.rollout);
  const stored = rollout.status ?? {};
  return {
    world,
    rollout,
    stored,
    now,
    sets: setsOf({ ...world, rollout }),
    replicas: desiredReplicas(rollout),
    draft: emptyDraft(rollout),
  };
}

/**
 * Drops an abort of a fully promoted Rollout (3.1, 8), and a full promotion that its user has aborted since: an abort
 * that no pass has seen yet has no time, so it came later than the promotion (pitfall 42).
 */
function withoutVoidWords(rollout: Rollout): Rollout {
  const { status } = rollout;
  if (status?.abort !== true) return rollout;
  if (isCompleted(status)) {
    const { abort: _abort, ...rest } = status;
    return { ...rollout, status: rest };
  }
  if (status.promoteFull !== true || status.abortedAt !== undefined) return rollout;
  const { promoteFull: _full, ...rest } = status;
  return { ...rollout, status: rest };
}

/** The stable set is that of the current template. */
export function isCompleted({ stableRS = '', currentPodHash = '' }: RolloutStatus): boolean {
  return stableRS !== '' && stableRS === currentPodHash;
}

export function isAborted({ stored, draft }: Pass): boolean {
  return (stored.abort === true && !draft.isAbortRemoved) || draft.abortCause !== undefined;
}

export function hasPause({ stored }: Pass, reason: PauseReason): boolean {
  return (stored.pauseConditions ?? []).some((condition) => condition.reason === reason);
}

/** Held by its user, or by an analysis that nobody could judge: nothing grows, shrinks or is completed (3.3). */
export function isHalted(pass: Pass): boolean {
  return pass.rollout.spec.paused === true || hasPause(pass, 'InconclusiveAnalysisRun');
}

/** The Rollout's revision, from its annotation. */
export function rolloutRevision({ metadata }: Rollout): string {
  return metadata.annotations?.[REVISION] ?? '';
}

/** A change of the Rollout itself. */
export function rolloutPatch(
  rollout: Rollout,
  body: Json,
  events: readonly EventNote[] = [],
): PatchWrite {
  return {
    kind: 'patch',
    ref: refOf(ROLLOUTS, rollout),
    resourceVersion: rollout.metadata.resourceVersion ?? '',
    patch: { type: 'merge', body },
    events,
  };
}
