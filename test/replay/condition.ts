// Whether the condition of an action holds (test/traces/README.md, `when`), as far as the objects tell; that nothing has
// changed for a while is the player's to say.
import type { Hashes } from './hashes.ts';
import type { Observer } from './observe.ts';
import type { When } from './trace.ts';

export type Wanted = Exclude<When, 'rest'>;

export function wantedOf(when: When): Wanted {
  return when === 'rest' ? {} : when;
}

export function holds(wanted: Wanted, observer: Observer): boolean {
  const { rollout } = observer;
  const isObserved =
    rollout === undefined ||
    rollout.status?.observedGeneration === String(rollout.metadata.generation ?? 0);
  const isTerminating = observer.pods.some(
    ({ metadata }) => metadata.deletionTimestamp !== undefined,
  );
  return (
    isObserved &&
    !isTerminating &&
    isAsWanted(wanted, observer) &&
    (wanted.anyWeight === true || isWeightBack(observer))
  );
}

/** The sets' own controller has done what their specs say: a slow one leaves everything quiet for a while before. */
export function areSetsFollowed({ sets }: Observer): boolean {
  return sets.every(({ metadata, spec, status }) => {
    const { observedGeneration = 0, replicas = 0 } = status ?? {};
    return observedGeneration >= (metadata.generation ?? 0) && replicas === (spec.replicas ?? 0);
  });
}

function isAsWanted(wanted: Wanted, observer: Observer): boolean {
  const { rollout, experiment, run, hashes } = observer;
  const status = rollout?.status;
  const { phase, message = '' } = rollout?.status ?? experiment?.status ?? run?.status ?? {};
  const isStable = (status?.stableRS ?? '') === (status?.currentPodHash ?? '');
  return (
    (wanted.phase === undefined || wanted.phase === phase) &&
    (wanted.message === undefined || new RegExp(wanted.message).test(message)) &&
    (wanted.step === undefined || wanted.step === status?.currentStepIndex) &&
    (wanted.abort === undefined || wanted.abort === (status?.abort === true)) &&
    (wanted.stable === undefined || wanted.stable === isStable) &&
    isDeployed(wanted, observer) &&
    areSets(wanted, observer) &&
    isAnalysed(wanted, observer, hashes) &&
    isTried(wanted, observer, hashes)
  );
}

function isDeployed({ deployment }: Wanted, { deployments }: Observer): boolean {
  return (
    deployment === undefined || deployments.every(({ spec }) => (spec.replicas ?? 0) === deployment)
  );
}

function areSets({ sets = {}, ready = {} }: Wanted, observer: Observer): boolean {
  const find = (key: string) => observer.sets.find((set) => observer.setKey(set) === key);
  return (
    Object.entries(sets).every(([key, count]) => (find(key)?.spec.replicas ?? 0) === count) &&
    Object.entries(ready).every(([key, count]) => (find(key)?.status?.readyReplicas ?? 0) === count)
  );
}

function isAnalysed({ analysis }: Wanted, { runs }: Observer, hashes: Hashes): boolean {
  if (analysis === undefined) return true;
  const { name = '', phase, count, number = 1 } = analysis;
  const found = runs.filter(({ metadata, status }) => {
    const taken = (status?.metricResults ?? []).reduce(
      (sum, result) => sum + (result.measurements ?? []).length,
      0,
    );
    return (
      hashes.text(metadata.name).includes(name) &&
      (phase === undefined || status?.phase === phase) &&
      (count === undefined || taken >= count)
    );
  });
  return found.length >= number;
}

function isTried({ experiment }: Wanted, { experiments }: Observer, hashes: Hashes): boolean {
  if (experiment === undefined) return true;
  const { name = '', phase, templates, number = 1 } = experiment;
  const found = experiments.filter(({ metadata, status }) => {
    const entries = status?.templateStatuses ?? [];
    return (
      hashes.text(metadata.name).includes(name) &&
      (phase === undefined || status?.phase === phase) &&
      (templates === undefined ||
        (entries.length > 0 && entries.every((one) => one.status === templates)))
    );
  });
  return found.length >= number;
}

/** A routed canary that is Healthy or aborted has its weight back at the stable set. */
function isWeightBack({ rollout }: Observer): boolean {
  const isOver = rollout?.status?.phase === 'Healthy' || rollout?.status?.abort === true;
  const weights = rollout?.status?.canary?.weights;
  return !isOver || weights === undefined || weights.canary.weight === 0;
}
