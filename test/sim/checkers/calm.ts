// Promise 8: N passes write what one pass writes. Nothing flaps, no list grows, nothing is written that changes nothing.
import type { AnalysisRun } from '../../../src/api/analysis.ts';
import type { KubeObject } from '../../../src/api/object.ts';
import type { Rollout } from '../../../src/api/rollout.ts';
import type { Destination, Route, Subset } from '../../../src/core/traffic/istio-objects.ts';
import { type Checker, type Entry, NOTHING } from './checker.ts';
import { KEYS } from './scene.ts';

/** More than a Rollout with all its objects needs at one moment while nobody else changes anything. */
const MOST_WRITES = 60;

/** What was seen since anybody else changed something, or time went on. */
interface Stretch {
  readonly at: number;
  writes: number;
  readonly contents: Map<string, string[]>;
}

export function calmChecker(): Checker {
  const stretches = new Map<string, Stretch>();
  return {
    promise: '8: N passes write what one pass writes',
    see: (entry) => {
      const { namespace } = entry.after;
      if (entry.key.endsWith('/events')) return NOTHING;
      if (entry.author !== 'controller') {
        stretches.delete(namespace);
        return NOTHING;
      }
      const known = stretches.get(namespace);
      const stretch =
        known?.at === entry.at ? known : { at: entry.at, writes: 0, contents: new Map() };
      stretches.set(namespace, stretch);
      if (hasAdvanced(entry)) forgetOthers(stretch);
      return [...stormProblems(stretch), ...flapProblems(stretch, entry), ...growthProblems(entry)];
    },
  };
}

/**
 * Another step, version or verdict wants other routes: where no time passes between, they may be as they once were.
 */
function hasAdvanced({ key, change }: Entry): boolean {
  return placeOf(key, change.before) !== placeOf(key, change.object);
}

function placeOf(key: string, object: KubeObject | undefined): string {
  if (key === KEYS.rollouts) {
    const { stableRS, currentPodHash, currentStepIndex, abort } = (object as Rollout)?.status ?? {};
    return JSON.stringify([stableRS, currentPodHash, currentStepIndex, abort]);
  }
  const isJudged = key === KEYS.experiments || key === KEYS.runs;
  return isJudged ? ((object as AnalysisRun | undefined)?.status?.phase ?? '') : '';
}

function forgetOthers({ contents }: Stretch): void {
  for (const name of contents.keys()) if (!name.startsWith(KEYS.rollouts)) contents.delete(name);
}

function stormProblems(stretch: Stretch): readonly string[] {
  stretch.writes += 1;
  return stretch.writes === MOST_WRITES
    ? [`${MOST_WRITES} writes at one moment while nobody else changed anything`]
    : NOTHING;
}

/** All but what the server counts. */
function contentOf({ metadata, ...rest }: KubeObject): string {
  const { resourceVersion: _version, generation: _generation, ...kept } = metadata;
  const { managedFields: _fields, ...plain } = kept as Readonly<Record<string, unknown>>;
  return JSON.stringify([plain, rest]);
}

/** Pods that the status of a Rollout counts; empty for other objects. */
function podsOf(key: string, object: KubeObject): string {
  if (key !== KEYS.rollouts) return '';
  const { replicas, updatedReplicas, readyReplicas, availableReplicas } =
    (object as Rollout).status ?? {};
  return [replicas, updatedReplicas, readyReplicas, availableReplicas].join('/');
}

/** An object that goes back to what it was while nothing else has changed. */
function flapProblems({ contents }: Stretch, { key, change }: Entry): readonly string[] {
  const { metadata, kind } = change.object;
  if (change.type === 'DELETED' || change.before === undefined) return NOTHING;
  const name = `${key}/${metadata.uid ?? metadata.name}`;
  const seen = contents.get(name) ?? [contentOf(change.before)];
  const next = contentOf(change.object);
  // Pods come and go without us, within one moment too, and the status of a Rollout counts them.
  if (podsOf(key, change.before) !== podsOf(key, change.object)) {
    contents.set(name, [next]);
    return NOTHING;
  }
  contents.set(name, [...seen, next]);
  if (seen.at(-1) === next) return [`a write of ${kind} ${metadata.name} changes nothing`];
  return seen.includes(next)
    ? [`${kind} ${metadata.name} goes back to what it was at the same moment`]
    : NOTHING;
}

function twice(names: readonly string[]): readonly string[] {
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
}

/** Lists hold each thing once. */
function growthProblems({ key, change }: Entry): readonly string[] {
  const { object } = change;
  const what = `${object.kind} ${object.metadata.name}`;
  return listsOf(key, object).flatMap(({ list, names }) =>
    twice(names).map((name) => `${list} of ${what} has ${name} twice`),
  );
}

interface Names {
  readonly list: string;
  readonly names: readonly string[];
}

function listsOf(key: string, object: KubeObject): readonly Names[] {
  const { spec = {}, status = {} } = object as KubeObject & {
    readonly spec?: { readonly http?: readonly Route[]; readonly subsets?: readonly Subset[] };
    readonly status?: {
      readonly conditions?: readonly { readonly type: string }[];
      readonly pauseConditions?: readonly { readonly reason: string }[];
    };
  };
  switch (key) {
    case KEYS.routes:
      return routeLists(spec.http ?? []);
    case KEYS.rules:
      return [{ list: 'subsets', names: (spec.subsets ?? []).map(({ name = '' }) => name) }];
    case KEYS.rollouts:
      return [
        { list: 'conditions', names: (status.conditions ?? []).map(({ type }) => type) },
        { list: 'pauses', names: (status.pauseConditions ?? []).map(({ reason }) => reason) },
      ];
    default:
      return [];
  }
}

function destinationText({ destination }: Destination): string {
  return JSON.stringify(destination ?? {});
}

function routeLists(routes: readonly Route[]): readonly Names[] {
  const named = routes.map(({ name = '' }) => name).filter((name) => name !== '');
  return [
    { list: 'routes', names: named },
    ...routes.map(({ name = 'unnamed', route = [] }) => ({
      list: `destinations of route ${name}`,
      names: route.map(destinationText),
    })),
  ];
}
