// The tree of a Rollout or an Experiment, as rows that know nothing of columns (cli.md 3.6).
// Entry points: `rolloutTree`, `experimentTree`.
import type { AnalysisRun } from '../api/analysis.ts';
import type { Experiment } from '../api/experiment.ts';
import type { Pod, ReplicaSet } from '../api/kubernetes.ts';
import { SCALE_DOWN_DEADLINE } from '../api/names.ts';
import type { KubeObject } from '../api/object.ts';
import type { Rollout } from '../api/rollout.ts';
import { between, humanDuration, type Instant, parseInstant } from '../lib/time.ts';
import { type Family, ORDER, ownedBy, revisionOf } from './family.ts';
import {
  type Colour,
  COUNT_ICONS,
  type Icon,
  podIcon,
  replicaSetIcon,
  rolloutIcon,
  runIcon,
} from './icons.ts';
import { shownPhase } from './phase.ts';
import { podView } from './pod.ts';
import { replicaSetStatus, TAG_COLOURS, type Tag, tagsOf } from './replica-set.ts';

/** A piece of text in one colour. */
export interface Piece {
  readonly text: string;
  readonly colour: Colour;
}

export interface Row {
  /** Sign before the name. */
  readonly sign: string;
  readonly name: string;
  /** Colours around the name, innermost first. */
  readonly nameColours: readonly Colour[];
  readonly kind: string;
  /** Revisions have none, not even a blank one. */
  readonly icon: Icon | undefined;
  readonly status: string;
  readonly age: string;
  /** Joined by commas. */
  readonly info: readonly (readonly Piece[])[];
  readonly children: readonly Row[];
}

const EMPTY = { nameColours: [], info: [], children: [] } as const;

function ageOf({ metadata }: KubeObject, now: Instant): string {
  return age(metadata.creationTimestamp, now);
}

function age(since: string | undefined, now: Instant): string {
  const at = parseInstant(since ?? '');
  return at === undefined ? '' : humanDuration(between(at, now));
}

function plain(text: string): readonly Piece[] {
  return [{ text, colour: 'plain' }];
}

export interface TreeOptions {
  readonly family: Family;
  readonly now: Instant;
}

export function rolloutTree(rollout: Rollout, options: TreeOptions): Row {
  const { phase } = shownPhase(rollout);
  return {
    ...EMPTY,
    sign: '\u27F3',
    name: rollout.metadata.name,
    kind: 'Rollout',
    icon: rolloutIcon(phase),
    status: phase,
    age: ageOf(rollout, options.now),
    children: revisionRows(rollout, options),
  };
}

function revisionRows(rollout: Rollout, options: TreeOptions): readonly Row[] {
  const { family } = options;
  const replicaSets = ownedBy(family.replicaSets, rollout);
  const experiments = ownedBy(family.experiments, rollout);
  const analysisRuns = ownedBy(family.analysisRuns, rollout);
  const all: readonly KubeObject[] = [...replicaSets, ...experiments, ...analysisRuns];
  const revisions = [...new Set(all.map(revisionOf))].toSorted((a, b) => b - a);
  return revisions.map((revision) => {
    const isOf = (object: KubeObject) => revisionOf(object) === revision;
    return {
      ...EMPTY,
      sign: '#',
      name: `revision:${revision}`,
      kind: '',
      icon: undefined,
      status: '',
      age: '',
      children: [
        ...ORDER.replicaSets(replicaSets.filter(isOf)).map((set) =>
          replicaSetRow(set, tagsOf(rollout, set), options),
        ),
        ...ORDER.experiments(experiments.filter(isOf)).map((one) => experimentTree(one, options)),
        ...ORDER.analysisRuns(analysisRuns.filter(isOf)).map((run) => runRow(run, options)),
      ],
    };
  });
}

const ENDED: Colour = 'none';

/** Names of what is under way stand out. */
function runColour(phase: string): Colour {
  return phase === 'Pending' || phase === 'Running' ? 'blue' : ENDED;
}

export function experimentTree(experiment: Experiment, options: TreeOptions): Row {
  const phase = experiment.status?.phase ?? '';
  const { family } = options;
  return {
    ...EMPTY,
    sign: '\u03A3',
    name: experiment.metadata.name,
    nameColours: [runColour(phase)],
    kind: 'Experiment',
    icon: runIcon(phase),
    status: phase,
    age: ageOf(experiment, options.now),
    children: [
      ...ORDER.replicaSets(ownedBy(family.replicaSets, experiment)).map((set) =>
        replicaSetRow(set, [], options),
      ),
      ...ORDER.analysisRuns(ownedBy(family.analysisRuns, experiment)).map((run) =>
        runRow(run, options),
      ),
    ],
  };
}

/** Time until a set goes; `passed` afterwards. */
function delayOf({ metadata }: ReplicaSet, now: Instant): string | undefined {
  const text = metadata.annotations?.[SCALE_DOWN_DEADLINE] ?? '';
  if (text === '') return undefined;
  const at = parseInstant(text);
  if (at === undefined) return 'delay:';
  return at < now ? 'delay:passed' : `delay:${humanDuration(between(now, at))}`;
}

function replicaSetRow(set: ReplicaSet, tags: readonly Tag[], options: TreeOptions): Row {
  const status = replicaSetStatus(set);
  const delay = delayOf(set, options.now);
  return {
    sign: '\u29C9',
    name: set.metadata.name,
    nameColours: tags.map((tag) => TAG_COLOURS[tag]),
    kind: 'ReplicaSet',
    icon: replicaSetIcon(status),
    status,
    age: ageOf(set, options.now),
    info: [
      ...tags.map((tag) => [{ text: tag, colour: TAG_COLOURS[tag] }]),
      ...(delay === undefined ? [] : [plain(delay)]),
    ],
    children: ORDER.pods(ownedBy(options.family.pods, set)).map((pod) => podRow(pod, options)),
  };
}

function podRow(pod: Pod, { now }: TreeOptions): Row {
  const { status, ready, total, restarts } = podView(pod);
  return {
    ...EMPTY,
    sign: '\u25A1',
    name: pod.metadata.name,
    kind: 'Pod',
    icon: podIcon(status),
    status,
    age: ageOf(pod, now),
    info: [
      plain(`ready:${ready}/${total}`),
      ...(restarts > 0 ? [plain(`restarts:${restarts}`)] : []),
    ],
  };
}

function runRow(run: AnalysisRun, options: TreeOptions): Row {
  const phase = run.status?.phase ?? '';
  const results = run.status?.metricResults ?? [];
  const counts = (['successful', 'failed', 'inconclusive', 'error'] as const).flatMap((name) => {
    const count = results.reduce((sum, result) => sum + (result[name] ?? 0), 0);
    const icon = COUNT_ICONS[name];
    return count === 0 ? [] : [[icon, { text: ` ${count}`, colour: 'plain' as const }]];
  });
  return {
    ...EMPTY,
    sign: '\u03B1',
    name: run.metadata.name,
    nameColours: [runColour(phase)],
    kind: 'AnalysisRun',
    icon: runIcon(phase),
    status: phase,
    age: ageOf(run, options.now),
    info: counts,
    children: jobRows(run, options),
  };
}

function jobRows({ status }: AnalysisRun, { now }: TreeOptions): readonly Row[] {
  const measurements = (status?.metricResults ?? []).flatMap((result) => result.measurements ?? []);
  return measurements.flatMap(({ metadata, phase, startedAt }) => {
    const name = metadata?.['job-name'];
    if (name === undefined) return [];
    const row: Row = {
      ...EMPTY,
      sign: '\u229E',
      name,
      nameColours: [runColour(phase)],
      kind: 'Job',
      icon: runIcon(phase),
      status: phase,
      age: age(startedAt, now),
    };
    return [row];
  });
}
