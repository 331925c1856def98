// What was played against what was recorded (test/traces/README.md, "What can be relied on").
import { jsonEqual } from '../../src/lib/equal.ts';
import { recordedText } from './hashes.ts';
import type { Played } from './player.ts';
import type { State, Trace, TraceEvent } from './trace.ts';

/** What hangs on how news fall into passes. */
export interface Pace {
  /** How many times the recorded writes there may be. */
  readonly mostWrites: number;
  /**
   * Whether requests take their time: one pass may then find both templates of an experiment ready, and what an aborted
   * Rollout ends may be over before or after its own next change.
   */
  readonly overlaps: boolean;
}

/** The virtual clock gives each piece of news a pass of its own; the reference's writes differ by a tenth from run to run. */
const ONE_BY_ONE: Pace = { mostWrites: 1.1, overlaps: false };

/** Differences, each a line that says where. */
export function differences(
  trace: Trace,
  played: Played,
  { mostWrites, overlaps }: Pace = ONE_BY_ONE,
): readonly string[] {
  return [
    ...saidDifferences(trace, played),
    ...restDifferences(trace, played),
    ...wayDifferences(trace, played, overlaps),
    ...writeDifference(trace, played, mostWrites),
  ];
}

/** A rule may have taken the way out of the comparison, where ours goes another one on purpose. */
function wayDifferences(trace: Trace, played: Played, overlaps: boolean): readonly string[] {
  if (trace.milestones.length === 0) return [];
  const seen = (list: readonly State[]) =>
    overlaps ? apartWhileAborted(withoutHalfReady(list)) : list;
  return [
    ...milestoneDifferences(
      seen(distinct(trace.milestones.map(inAnyOrder))),
      seen(milestones(played.path)),
    ),
    ...listDifference('phases', trace.phases, phases(played.path)),
    ...eventDifferences(trace, played),
  ];
}

type Phases = Readonly<Record<string, string | null>>;

/** Experiments beside each other move each in its own time: each is compared for itself, and the rest without them. */
function milestoneDifferences(wanted: readonly State[], got: readonly State[]): readonly string[] {
  const experiments = (state: State) => (state['experiments'] ?? {}) as Phases;
  const names = new Set(wanted.flatMap((state) => Object.keys(experiments(state))));
  if (names.size < 2) return listDifference('milestones', wanted, got);
  const apart = (list: readonly State[]) =>
    distinct(list.map((state) => without(state, new Set(['experiments']))));
  const of = (list: readonly State[], name: string) =>
    distinct(list.map((state) => experiments(state)[name] ?? null));
  return [
    ...listDifference('milestones', apart(wanted), apart(got)),
    ...[...names].flatMap((name) =>
      listDifference(`phases of ${name}`, of(wanted, name), of(got, name)),
    ),
  ];
}

function saidDifferences({ actions }: Trace, { said }: Played): readonly string[] {
  const wanted = actions.flatMap((action) => (action.said === undefined ? [] : [action.said]));
  return jsonEqual(wanted, said) ? [] : [`said: expected ${text(wanted)}, got ${text(said)}`];
}

function text(value: unknown): string {
  return JSON.stringify(value) ?? 'nothing';
}

function restDifferences(trace: Trace, played: Played): readonly string[] {
  const found: string[] = [];
  for (const [index, wanted] of trace.rest.entries()) {
    const got = played.rest[index];
    if (got === undefined) {
      found.push(`rest[${index}]: was not reached`);
      continue;
    }
    const isSettled = wanted['settled'] === true;
    found.push(
      ...(isSettled ? settled(trace, index, { wanted, got }) : moving(index, { wanted, got })),
    );
  }
  return found;
}

interface Pair {
  readonly wanted: State;
  readonly got: State;
}

const MOVING = ['phase', 'currentStepIndex', 'abort', 'current', 'stable'] as const;

/** Caught in motion: only what does not move is compared. */
function moving(index: number, { wanted, got }: Pair): readonly string[] {
  const before = wanted['rollout'] as State | null;
  const after = got['rollout'] as State | null;
  if (before === null) return [];
  return MOVING.flatMap((name) => {
    if (jsonEqual(before[name], after?.[name])) return [];
    return [
      `rest[${index}].rollout.${name}: expected ${text(before[name])}, got ${text(after?.[name])}`,
    ];
  });
}

const PARTS = [
  'rollout',
  'replicaSets',
  'services',
  'virtualServices',
  'destinationRules',
  'experiments',
  'analysisRuns',
  'deployments',
] as const;

function settled(trace: Trace, index: number, { wanted, got }: Pair): readonly string[] {
  const hasMotion = trace.rest.some((rest) => rest['settled'] !== true);
  const parts = PARTS.flatMap((part) =>
    difference(
      `rest[${index}].${part}`,
      comparable(part, wanted[part], hasMotion),
      comparable(part, got[part], hasMotion),
    ),
  );
  return [...parts, ...getDifference(trace, index, { wanted, got })];
}

interface TemplateShape {
  readonly serviceName?: unknown;
  readonly set?: unknown;
}

/** A run that was watched in motion may have one measurement more or less later on. */
const COUNTED: ReadonlySet<string> = new Set([
  'count',
  'successful',
  'consecutiveSuccess',
  'measurements',
]);

function uncounted(run: State): State {
  const { metrics, ...rest } = run;
  return { ...rest, metrics: (metrics as readonly State[]).map((one) => without(one, COUNTED)) };
}

const DEPLOYMENT_HASH = 'pod-template-hash';

/** Sets of a Deployment have hashes of their own, which are not ours to compute. */
function withoutDeploymentHashes(sets: readonly State[]): readonly State[] {
  const bare = (set: State): State => {
    if (set['owner'] !== 'Deployment') return set;
    const labels = without(set['labels'] as State, new Set([DEPLOYMENT_HASH]));
    return { ...without(set, new Set(['name'])), labels };
  };
  const isTheirs = (set: State) => set['owner'] === 'Deployment';
  const theirs = sets.filter(isTheirs).map(bare);
  return [
    ...theirs.toSorted((a, b) => (text(a['image']) < text(b['image']) ? -1 : 1)),
    ...sets.filter((set) => !isTheirs(set)),
  ];
}

function comparable(part: (typeof PARTS)[number], value: unknown, hasMotion: boolean): unknown {
  switch (part) {
    case 'rollout': {
      const { currentStepHash, ...rest } = (value ?? {}) as State;
      return { ...rest, currentStepHash: currentStepHash !== null && currentStepHash !== false };
    }
    case 'analysisRuns':
      return hasMotion ? (value as readonly State[]).map(uncounted) : value;
    case 'experiments':
      return (value as readonly State[]).map((one) => ({
        ...one,
        templates: (one['templates'] as readonly TemplateShape[]).map(
          ({ serviceName: _service, set: _set, ...template }) => template,
        ),
      }));
    case 'replicaSets':
      return withoutDeploymentHashes(value as readonly State[]);
    case 'deployments':
      return value ?? {};
    case 'destinationRules':
      return Object.fromEntries(
        Object.entries(value as Readonly<Record<string, readonly unknown[]>>).map(
          ([name, [first, second, ...others]]) => [
            name,
            [first, second, ...others.toSorted((a, b) => (text(a) < text(b) ? -1 : 1))],
          ],
        ),
      );
    default:
      return value;
  }
}

/** The first places where two values differ. */
function difference(path: string, wanted: unknown, got: unknown): readonly string[] {
  if (jsonEqual(wanted, got)) return [];
  const isBag = (value: unknown): value is State =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  if (isBag(wanted) && isBag(got)) {
    const names = [...new Set([...Object.keys(wanted), ...Object.keys(got)])];
    return names.flatMap((name) => difference(`${path}.${name}`, wanted[name], got[name]));
  }
  if (Array.isArray(wanted) && Array.isArray(got) && wanted.length === got.length) {
    const items: readonly unknown[] = wanted;
    return items.flatMap((item, index) => difference(`${path}[${index}]`, item, got[index]));
  }
  return [`${path}: expected ${text(wanted)}, got ${text(got)}`];
}

const POD_SUFFIX = /-[bcdfghjklmnpqrstvwxz2456789]{5}(?=\s+Pod\b)/;
/** A kubelet goes to and fro between the two; the recorded nodes tried once. */
const PULL_BACK_OFF = /\bImagePullBackOff\b/;
const AGE = /(?<=\S\s+)(?:\d+[smhdy])+(?=\s|$)/;

/** A line of `get` without what differs from run to run. */
function line(shown: string, hasMotion: boolean): string {
  const isTree = /\s(?:Rollout|ReplicaSet|Pod|Experiment|AnalysisRun|Job)\s/.test(shown);
  const bare = isTree ? shown.replace(POD_SUFFIX, '-<rand>').replace(AGE, '<age>') : shown;
  return bare
    .replace(PULL_BACK_OFF, 'ErrImagePull')
    .replace(/delay:\d\w*/g, 'delay:<age>')
    .replace(hasMotion ? /✔ \d+\s*$/ : /$^/, '✔ <count>')
    .replace(/\s+/g, ' ')
    .trim();
}

function getDifference(
  { hashes, rest }: Trace,
  index: number,
  { wanted, got }: Pair,
): readonly string[] {
  const before = wanted['get'] as readonly string[] | null;
  const after = got['get'] as readonly string[] | null;
  if (before === null) return [];
  const hasMotion = rest.some((one) => one['settled'] !== true);
  const expected = before.map((one) => line(recordedText(one, hashes), hasMotion));
  const shown = (after ?? []).map((one) => line(one, hasMotion));
  const at = expected.findIndex((one, row) => one !== shown[row]);
  if (at < 0 && expected.length === shown.length) return [];
  const row = at < 0 ? expected.length : at;
  return [`rest[${index}].get[${row}]: expected ${text(expected[row])}, got ${text(shown[row])}`];
}

const COUNTS: ReadonlySet<string> = new Set([
  'phase',
  'message',
  'stableDesired',
  'canaryDesired',
  'others',
  'controllerPause',
  'desired',
  'deployments',
]);

function without(state: State, names: ReadonlySet<string>): State {
  return Object.fromEntries(Object.entries(state).filter(([name]) => !names.has(name)));
}

function only(state: State, names: ReadonlySet<string>): State {
  return Object.fromEntries(Object.entries(state).filter(([name]) => names.has(name)));
}

function distinct<T>(list: readonly T[]): readonly T[] {
  return list.filter((one, index) => index === 0 || !jsonEqual(one, list[index - 1]));
}

export function milestones(path: readonly State[]): readonly State[] {
  return distinct(path.map((state) => inAnyOrder(without(state, COUNTS))));
}

/** The templates of an experiment become ready in either order: how many are how far is compared, not which. */
function inAnyOrder(state: State): State {
  const { templates } = state;
  if (typeof templates !== 'object' || templates === null) return state;
  return { ...state, templates: Object.values(templates).map(String).toSorted() };
}

/**
 * Without the states in which one template of an experiment runs and another is about to, where nothing else changes
 * from before the first to after the last. One that stays so, or falls back, is kept.
 */
export function withoutHalfReady(list: readonly State[]): readonly State[] {
  return list.filter(
    (state, index) =>
      !(
        isAllButFor(list[index - 1], state, 'Progressing') &&
        isAllButFor(list[index + 1], state, 'Running')
      ),
  );
}

/** Whether `other` is `state` with all templates in that phase, which not all of them have in `state`. */
function isAllButFor(other: State | undefined, state: State, phase: string): boolean {
  const { templates } = state;
  if (!Array.isArray(templates) || templates.every((one) => one === phase)) return false;
  return jsonEqual(other, { ...state, templates: templates.map(() => phase) });
}

/** What a Rollout has started: told to end by an abort, and waited for by nothing. */
const STARTED: ReadonlySet<string> = new Set(['analysisRuns', 'experiments']);

/**
 * While a Rollout is aborted, its own states and those of what it has started, each in their order: the two take turns as
 * requests fall, since neither waits for the other.
 */
export function apartWhileAborted(list: readonly State[]): readonly State[] {
  const isAborted = (state: State | undefined) => state?.['abort'] === true;
  const apart: State[] = [];
  const started: State[] = [];
  for (const [index, state] of list.entries()) {
    if (isAborted(state)) {
      apart.push(without(state, STARTED));
      started.push(only(state, STARTED));
    } else apart.push(state);
    if (!isAborted(list[index + 1])) apart.push(...started.splice(0));
  }
  return distinct(apart);
}

export function phases(path: readonly State[]): readonly unknown[] {
  const named = path
    .map(({ phase, message }) => [phase ?? null, message ?? null])
    .filter(([phase]) => phase !== null && phase !== 'Progressing' && phase !== '');
  return distinct(named);
}

function listDifference(
  name: string,
  wanted: readonly unknown[],
  got: readonly unknown[],
): readonly string[] {
  const at = wanted.findIndex((one, index) => !jsonEqual(one, got[index]));
  if (at < 0 && wanted.length === got.length) return [];
  const index = at < 0 ? wanted.length : at;
  return [`${name}[${index}]: expected ${text(wanted[index])}, got ${text(got[index])}`];
}

/** Sizes vary; routes are told to be removed by the reference also where there are none (vectors/istio.json has ours). */
function isCompared({ reason, message }: TraceEvent): boolean {
  return reason !== 'ScalingReplicaSet' && !message.endsWith('removed all managed routes.');
}

/** Events of experiments, and those about analyses, come in no fixed order. */
function isUnordered({ about, reason }: TraceEvent): boolean {
  return about.startsWith('Experiment/') || reason.startsWith('AnalysisRun');
}

function shownEvent({ type, reason, message }: TraceEvent): string {
  return `${type} ${reason} ${message}`;
}

function eventDifferences(trace: Trace, played: Played): readonly string[] {
  const wanted = trace.events.filter(isCompared);
  const got = played.events.filter(isCompared);
  const abouts = [...new Set([...wanted, ...got].map(({ about }) => about))];
  return abouts.flatMap((about) => {
    const of = (events: readonly TraceEvent[], unordered: boolean) =>
      events
        .filter((event) => event.about === about && isUnordered(event) === unordered)
        .map(shownEvent);
    const sets = [of(wanted, true), of(got, true)].map((list) => [...new Set(list)].toSorted());
    return [
      ...listDifference(`events of ${about}`, of(wanted, false), distinctEvents(of(got, false))),
      ...listDifference(`events of ${about} (in any order)`, sets[0] ?? [], sets[1] ?? []),
    ];
  });
}

function distinctEvents(list: readonly string[]): readonly string[] {
  return [...new Set(list)];
}

function writeDifference({ writes }: Trace, played: Played, mostWrites: number): readonly string[] {
  const recorded = Object.entries(writes)
    .filter(([name]) => !name.includes('events'))
    .reduce((sum, [, count]) => sum + count, 0);
  const most = Math.ceil(recorded * mostWrites);
  return recorded === 0 || played.writes <= most
    ? []
    : [`writes: expected at most ${most}, got ${played.writes}`];
}
