// Promise 10: a failed analysis never promotes, and missing data is never success.
import type { AnalysisRun, Measurement, MetricResult } from '../../../src/api/analysis.ts';
import { HASH_LABEL } from '../../../src/api/names.ts';
import type { Rollout } from '../../../src/api/rollout.ts';
import type { Experiment } from '../../../src/api/experiment.ts';
import { isControlledBy } from '../../../src/core/ownership.ts';
import { type Checker, type Entry, NOTHING } from './checker.ts';
import { KEYS } from './scene.ts';

const BAD: ReadonlySet<string> = new Set(['Failed', 'Error']);

export function verdictsChecker(): Checker {
  /** Runs and experiments that ended badly, and whether a user has had the last word since. */
  const failed = new Map<string, { readonly name: string; isOverruled: boolean }>();
  return {
    promise: '10: a failed analysis never promotes, and missing data is never success',
    see: (entry) => {
      const { key, change, author } = entry;
      const { uid = '', name } = change.object.metadata;
      if (key === KEYS.runs || key === KEYS.experiments) {
        const { status } = change.object as AnalysisRun | Experiment;
        if (BAD.has(status?.phase ?? '') && !failed.has(uid)) {
          failed.set(uid, { name, isOverruled: false });
        }
        return author === 'controller' && key === KEYS.runs ? successProblems(entry) : NOTHING;
      }
      if (key !== KEYS.rollouts) return NOTHING;
      if (author === 'controller') return promotionProblems(entry, failed);
      if (hasSpoken(entry)) for (const one of failed.values()) one.isOverruled = true;
      return NOTHING;
    },
  };
}

/** A retry, a promotion or another spec: what failed before is known to the user. */
function hasSpoken({ change }: Entry): boolean {
  const is = change.object as Rollout;
  const was = change.before as Rollout | undefined;
  if (was === undefined) return false;
  const isRetried = was.status?.abort === true && is.status?.abort !== true;
  const isHurried = is.status?.promoteFull === true && was.status?.promoteFull !== true;
  const isMoved = is.status?.currentStepIndex !== was.status?.currentStepIndex;
  const isEdited = JSON.stringify(is.spec) !== JSON.stringify(was.spec);
  return isRetried || isHurried || isMoved || isEdited;
}

function promotionProblems(
  { change, after }: Entry,
  failed: ReadonlyMap<string, { readonly name: string; readonly isOverruled: boolean }>,
): readonly string[] {
  const is = change.object as Rollout;
  const was = change.before as Rollout | undefined;
  const from = was?.status?.stableRS ?? '';
  const to = is.status?.stableRS ?? '';
  // Who promotes in full has asked for no analysis.
  if (from === '' || from === to || was?.status?.promoteFull === true) return NOTHING;
  return [...after.list<AnalysisRun>(KEYS.runs), ...after.list<Experiment>(KEYS.experiments)]
    .filter((one) => isControlledBy(one, is.metadata.uid))
    .filter(({ metadata }) => metadata.labels?.[HASH_LABEL] === to)
    .filter(({ metadata }) => failed.get(metadata.uid ?? '')?.isOverruled === false)
    .map(
      ({ kind, metadata }) =>
        `${is.metadata.name} is promoted although ${kind} ${metadata.name} failed`,
    );
}

function successProblems({ change }: Entry): readonly string[] {
  const run = change.object as AnalysisRun;
  const was = change.before as AnalysisRun | undefined;
  return [
    ...(run.status?.metricResults ?? []).flatMap((result) => measurementProblems(run, result)),
    ...(run.status?.phase === 'Successful' && was?.status?.phase !== 'Successful'
      ? unmeasured(run)
      : NOTHING),
  ];
}

/** A run that nobody ended has measured each of its metrics. */
function unmeasured(run: AnalysisRun): readonly string[] {
  if (run.spec.terminate === true) return NOTHING;
  const dry = new Set((run.spec.dryRun ?? []).map(({ metricName }) => metricName));
  return run.spec.metrics
    .filter(({ name }) => ![...dry].some((pattern) => new RegExp(`^${pattern}$`).test(name)))
    .filter(({ name }) => {
      const found = (run.status?.metricResults ?? []).find((result) => result.name === name);
      return (found?.successful ?? 0) === 0;
    })
    .map(({ name }) => `${run.metadata.name} is successful without a measurement of ${name}`);
}

const EMPTY: ReadonlySet<string> = new Set(['[]', 'NaN', '[NaN]']);
const ASKS_FOR_ABSENCE = /isNaN|isNil|isInf|len\(|default\(/;

/** No data counts as success only where the user's own condition asks for it. */
function measurementProblems(run: AnalysisRun, result: MetricResult): readonly string[] {
  const metric = run.spec.metrics.find(({ name }) => name === result.name);
  const { successCondition = '', failureCondition = '' } = metric ?? {};
  if (ASKS_FOR_ABSENCE.test(`${successCondition} ${failureCondition}`)) return NOTHING;
  const isEmpty = ({ phase, value }: Measurement) =>
    phase === 'Successful' && value !== undefined && EMPTY.has(value);
  return (result.measurements ?? []).some(isEmpty)
    ? [`${run.metadata.name} takes missing data of ${result.name} for success`]
    : NOTHING;
}
