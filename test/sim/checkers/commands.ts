// Promise 9: the user's last word wins; a command that does not apply changes nothing.
import type { KubeObject } from '../../../src/api/object.ts';
import type { Rollout } from '../../../src/api/rollout.ts';
import { type Checker, type Entry, NOTHING } from './checker.ts';
import { KEYS, rolloutsOf } from './scene.ts';

/** What an abort moves, where there is something to abort; analyses have a life of their own. */
const TOUCHED: ReadonlySet<string> = new Set([KEYS.sets, KEYS.services, KEYS.routes, KEYS.rules]);

/** What a user said last of a Rollout, and when. */
interface Said {
  /** Aborted, and not retried, promoted in full or given another template since. */
  isAborted: boolean;
  pausedAt: number | undefined;
  /** The moment of an abort of what was promoted already, while nothing else has happened. */
  idleAbortAt: number | undefined;
}

export function commandsChecker(): Checker {
  const said = new Map<string, Said>();
  /** When anybody but us last changed something, by namespace. */
  const touched = new Map<string, number>();
  return {
    promise: '9: the user’s last word wins; a command that does not apply changes nothing',
    see: (entry) => {
      const { author, key, at, change } = entry;
      const { uid = '', namespace = '' } = change.object.metadata;
      if (key === KEYS.rollouts && author === 'controller') {
        return controllerProblems(entry, said.get(uid));
      }
      if (key !== KEYS.rollouts) {
        if (author === 'other') {
          touched.set(namespace, at);
          for (const rollout of withOtherTemplate(entry)) {
            const own = said.get(rollout.metadata.uid ?? '');
            if (own !== undefined) own.isAborted = false;
          }
        }
        return idleProblems(entry, said);
      }
      said.set(uid, heard(entry, said.get(uid), touched.get(namespace) !== at));
      touched.set(namespace, at);
      return NOTHING;
    },
  };
}

/** Rollouts whose template comes from the object, which has come or has another one. */
function withOtherTemplate({ change, after }: Entry): readonly Rollout[] {
  const { kind, metadata } = change.object;
  const [is, was] = [change.object, change.before].map((object) =>
    JSON.stringify(contentOf(object)),
  );
  if (is === was) return [];
  return rolloutsOf(after).filter(({ spec, metadata: { namespace } }) => {
    const { workloadRef } = spec;
    const isNamed = workloadRef?.kind === kind && workloadRef.name === metadata.name;
    return isNamed && namespace === metadata.namespace;
  });
}

function contentOf(object: KubeObject | undefined): unknown {
  const { spec, template } = (object ?? {}) as {
    readonly spec?: { readonly template?: unknown };
    readonly template?: unknown;
  };
  return template ?? spec?.template;
}

function isCompleted({ status }: Rollout): boolean {
  return (status?.stableRS ?? '') !== '' && status?.stableRS === status?.currentPodHash;
}

function templateOf(rollout: Rollout | undefined): string {
  const { template, workloadRef, strategy } = rollout?.spec ?? {};
  return JSON.stringify([template, workloadRef, strategy]);
}

/** What a write of anybody but us says; `isAlone`: nothing else came from outside at this moment. */
function heard({ change, at }: Entry, before: Said | undefined, isAlone: boolean): Said {
  const is = change.object as Rollout;
  const was = change.before as Rollout | undefined;
  const isNew = was !== undefined && templateOf(is) !== templateOf(was);
  const aborts = is.status?.abort === true && was?.status?.abort !== true;
  const isPaused = is.spec.paused === true;
  // A full promotion that came before the abort is over; one that comes after it takes it back.
  const hurries =
    (is.status?.promoteFull === true && !aborts) || is.spec.rollbackWindow !== undefined;
  const stands = before?.isAborted === true && is.status?.abort === true;
  return {
    isAborted: (aborts || stands) && !isNew && !hurries && !isCompleted(is),
    pausedAt: isPaused ? (before?.pausedAt ?? at) : undefined,
    idleAbortAt: aborts && isAlone && isCompleted(is) && isSettled(is) ? at : undefined,
  };
}

/** Nothing of the last update is left to do. */
function isSettled({ status, metadata }: Rollout): boolean {
  const healthy = status?.conditions?.find(({ type }) => type === 'Healthy');
  const isObserved = status?.observedGeneration === String(metadata.generation ?? 0);
  return isObserved && healthy?.status === 'True';
}

function controllerProblems({ change, at }: Entry, said: Said | undefined): readonly string[] {
  const is = change.object as Rollout;
  const was = change.before as Rollout | undefined;
  if (said === undefined || was === undefined) return NOTHING;
  const { name } = is.metadata;
  const found: string[] = [];
  if (said.isAborted && was.status?.abort === true && is.status?.abort !== true) {
    found.push(`the abort of ${name} is undone by us`);
  }
  // What was decided before the pause may still be under way at its moment.
  const isHeld = said.pausedAt !== undefined && at > said.pausedAt && is.spec.paused === true;
  const from = was.status?.currentStepIndex;
  const to = is.status?.currentStepIndex;
  const hasStable = (was.status?.stableRS ?? '') !== '';
  const isSame = was.status?.currentPodHash === is.status?.currentPodHash;
  if (isHeld && hasStable && isSame && to !== undefined && from !== undefined && to > from) {
    const isHurried = was.status?.promoteFull === true || is.spec.rollbackWindow !== undefined;
    if (!isHurried) found.push(`${name} goes from step ${from} to ${to} although it is paused`);
  }
  return found;
}

/** After an abort of what is promoted already no pod, Service or route changes. */
function idleProblems(
  { author, key, change, at, after }: Entry,
  said: ReadonlyMap<string, Said>,
): readonly string[] {
  const aborted = after
    .list<Rollout>(KEYS.rollouts)
    .map(({ metadata }) => said.get(metadata.uid ?? ''))
    .filter((one) => one?.idleAbortAt !== undefined);
  if (aborted.length === 0 || !TOUCHED.has(key)) return NOTHING;
  // Anything from outside, or time, may be the reason of what follows.
  if (author !== 'controller' || aborted.some((one) => one?.idleAbortAt !== at)) {
    for (const one of aborted) if (one !== undefined) one.idleAbortAt = undefined;
    return NOTHING;
  }
  const { kind, metadata } = change.object;
  return [`an abort of what is promoted already changes ${kind} ${metadata.name}`];
}
