// The Experiment of a step: begun, followed, and ended with it (rollout.md 9.6, experiment.md 10).
// Entry point: `followExperiment`.
import { normal } from '../events.ts';
import type { Experiment, ExperimentSpec, ExperimentTemplate } from '../../api/experiment.ts';
import type { PodTemplateSpec, ReplicaSet } from '../../api/kubernetes.ts';
import { HASH_LABEL, INSTANCE_LABEL, REVISION, ROLLOUTS_API_VERSION } from '../../api/names.ts';
import { EXPERIMENTS } from '../../api/resources.ts';
import type { ExperimentStep } from '../../api/rollout.ts';
import { jsonEqual } from '../../lib/equal.ts';
import { isCompleted as isEnded } from '../analysis/assess.ts';
import { rolloutArguments } from '../analysis/arguments.ts';
import type { Substituted } from '../analysis/substitution.ts';
import type { Write } from '../decision.ts';
import { controllerReference, isControlledBy, refOf } from '../ownership.ts';
import { isRetry, markAbort } from './abort-mark.ts';
import { hasPause, isAborted, type Pass, rolloutRevision } from './pass.ts';
import { hashOf } from './sets.ts';
import { currentStepOf, stepIndexOf } from './weights.ts';

/** The Experiment that the status names, if the current step is an experiment. */
export function storedExperiment({ stored, world }: Pass): Experiment | undefined {
  const name = stored.canary?.currentExperiment;
  return world.experiments.find((experiment) => experiment.metadata.name === name);
}

/** False: the Experiment cannot be built; the pass goes no further. */
export function followExperiment(pass: Pass): boolean {
  const { draft, stored, sets } = pass;
  const step = currentStepOf(pass.rollout)?.experiment;
  if (isAborted(pass) || stored.promoteFull === true || step === undefined) {
    terminateOthers(pass, undefined);
    draft.experiment = undefined;
    return true;
  }
  if (hasPause(pass, 'InconclusiveAnalysisRun')) return true;
  // An inconclusive one stands until a person goes on; a new one beside it would decide nothing (pitfall 40).
  if (hasPause(pass, 'InconclusiveExperiment')) return true;
  if (isRetry(pass) && draft.experiment?.spec.terminate === true) draft.experiment = undefined;
  if (draft.experiment === undefined && sets.stableSet !== undefined && sets.newSet !== undefined) {
    const begun = begin(pass, step);
    if (!begun.ok) {
      draft.reasons.unshift({ code: 'ExperimentNotStarted', message: begun.error });
      return false;
    }
    draft.experiment = begun.value;
  }
  judge(pass);
  terminateOthers(pass, draft.experiment?.metadata.name);
  return true;
}

function judge({ draft }: Pass): void {
  const { experiment } = draft;
  if (experiment === undefined) return;
  const { name } = experiment.metadata;
  if (draft.begun.has(name)) return;
  const { phase = '', message = '' } = experiment.status ?? {};
  switch (phase) {
    case 'Inconclusive':
      draft.pausesAdded.add('InconclusiveExperiment');
      return;
    case 'Failed':
    case 'Error':
      draft.abortCause ??= message === '' ? 'Experiment analysis phase is error/failed' : message;
      return;
    default:
      if (!isEnded(phase)) {
        const text = `Experiment ${name} is under way`;
        draft.reasons.push({ code: 'WaitingForExperiment', message: text });
      }
  }
}

function terminateOthers(pass: Pass, current: string | undefined): void {
  const { world, draft } = pass;
  for (const experiment of world.experiments) {
    const { name } = experiment.metadata;
    const isOver = isEnded(experiment.status?.phase) || experiment.spec.terminate === true;
    if (name === current || isOver) continue;
    markAbort(pass);
    draft.writes.push({
      kind: 'patch',
      ref: refOf(EXPERIMENTS, experiment),
      resourceVersion: experiment.metadata.resourceVersion ?? '',
      patch: { type: 'merge', body: { spec: { terminate: true } } },
      events: [],
    });
  }
}

function begin(pass: Pass, step: ExperimentStep): Substituted<Experiment> {
  const { rollout, world, draft } = pass;
  const spec = experimentSpec(pass, step);
  if (!spec.ok) return spec;
  const hash = hashOf(pass.sets.newSet);
  const revision = rolloutRevision(rollout);
  const base = `${rollout.metadata.name}-${hash}-${revision}-${stepIndexOf(rollout)}`;
  const { namespace, labels } = rollout.metadata;
  const instance = labels?.[INSTANCE_LABEL];
  for (let attempt = 0; ; attempt += 1) {
    const name = attempt === 0 ? base : `${base}-${attempt}`;
    const existing = world.experiments.find((one) => one.metadata.name === name);
    if (existing !== undefined) {
      if (!isReusable(pass, existing, spec.value)) continue;
      draft.begun.add(name);
      draft.events.push(normal('ExperimentCreated', `Created Experiment '${name}'`));
      return { ok: true, value: existing };
    }
    if (isTaken(pass, name)) continue;
    const object: Experiment = {
      apiVersion: ROLLOUTS_API_VERSION,
      kind: 'Experiment',
      metadata: {
        name,
        ...(namespace === undefined ? {} : { namespace }),
        labels: {
          ...labels,
          [HASH_LABEL]: hash,
          ...(instance === undefined ? {} : { [INSTANCE_LABEL]: instance }),
        },
        annotations: { [REVISION]: revision },
        ownerReferences: [controllerReference(rollout)],
      },
      spec: spec.value,
    };
    draft.writes.push(creation(object));
    draft.begun.add(name);
    draft.reasons.push({ code: 'StartingExperiment', message: `starting Experiment ${name}` });
    return { ok: true, value: object };
  }
}

function creation(object: Experiment): Write {
  const event = normal('ExperimentCreated', `Created Experiment '${object.metadata.name}'`);
  return { kind: 'create', ref: refOf(EXPERIMENTS, object), object, events: [event] };
}

function isTaken({ world }: Pass, name: string): boolean {
  return world.taken.some(
    (object) => object.kind === 'Experiment' && object.metadata.name === name,
  );
}

/** One that was told to end may end well without having waited: it would wave a retry through. */
function isReusable({ rollout }: Pass, existing: Experiment, spec: ExperimentSpec): boolean {
  const { terminate, ...rest } = existing.spec;
  return (
    terminate !== true &&
    !isEnded(existing.status?.phase) &&
    isControlledBy(existing, rollout.metadata.uid) &&
    jsonEqual(rest, spec)
  );
}

function experimentSpec(pass: Pass, step: ExperimentStep): Substituted<ExperimentSpec> {
  const templates: ExperimentTemplate[] = [];
  for (const template of step.templates ?? []) {
    const built = templateFor(pass, template);
    if (!built.ok) return built;
    templates.push(built.value);
  }
  const analyses = analysesFor(pass, step);
  if (!analyses.ok) return analyses;
  const { progressDeadlineSeconds } = pass.rollout.spec;
  const { duration, dryRun, analysisRunMetadata, scaleDownDelaySeconds } = step;
  return {
    ok: true,
    value: {
      templates,
      ...((duration ?? '') === '' ? {} : { duration: duration ?? '' }),
      ...(progressDeadlineSeconds === undefined ? {} : { progressDeadlineSeconds }),
      ...(analyses.value.length === 0 ? {} : { analyses: analyses.value }),
      ...(scaleDownDelaySeconds === undefined ? {} : { scaleDownDelaySeconds }),
      ...(dryRun === undefined ? {} : { dryRun }),
      ...(analysisRunMetadata === undefined ? {} : { analysisRunMetadata }),
    },
  };
}

type StepTemplate = ExperimentStep['templates'][number];

function sourceOf({ sets }: Pass, specRef: string): ReplicaSet | undefined {
  if (specRef === 'canary') return sets.newSet;
  return specRef === 'stable' ? sets.stableSet : undefined;
}

/** A template made of the live set's pods; a weight alone asks for a Service too. */
function templateFor(pass: Pass, step: StepTemplate): Substituted<ExperimentTemplate> {
  const set = sourceOf(pass, step.specRef);
  if (set === undefined) {
    return { ok: false, error: 'Invalid template step SpecRef: must be canary or stable' };
  }
  const { name, replicas, metadata } = step;
  const selector = step.selector ?? set.spec.selector;
  const minReadySeconds = set.spec.minReadySeconds ?? 0;
  const matchLabels = { ...selector.matchLabels, ...metadata?.labels };
  return {
    ok: true,
    value: {
      name,
      ...(replicas === undefined ? {} : { replicas }),
      ...(minReadySeconds === 0 ? {} : { minReadySeconds }),
      selector: { ...selector, matchLabels },
      template: podsFor(set, metadata),
      ...serviceFor(step),
    },
  };
}

function podsFor(set: ReplicaSet, metadata: StepTemplate['metadata']): PodTemplateSpec {
  const pods = set.spec.template ?? {};
  const labels = { ...pods.metadata?.labels, ...metadata?.labels };
  const annotations = { ...pods.metadata?.annotations, ...metadata?.annotations };
  const annotated = Object.keys(annotations).length === 0 ? {} : { annotations };
  return { ...pods, metadata: { ...pods.metadata, labels, ...annotated } };
}

function serviceFor({ weight, service }: StepTemplate): Pick<ExperimentTemplate, 'service'> {
  if (weight === undefined && service === undefined) return {};
  const name = service?.name ?? '';
  return { service: name === '' ? {} : { name } };
}

function analysesFor(
  { rollout, sets }: Pass,
  step: ExperimentStep,
): Substituted<NonNullable<ExperimentSpec['analyses']>> {
  const analyses: NonNullable<ExperimentSpec['analyses']>[number][] = [];
  for (const { args = [], ...analysis } of step.analyses ?? []) {
    const resolved = rolloutArguments(args, {
      rollout,
      newHash: hashOf(sets.newSet),
      stableHash: hashOf(sets.stableSet),
    });
    if (!resolved.ok) return resolved;
    const own = resolved.value.length === 0 ? {} : { args: resolved.value };
    analyses.push({ ...analysis, ...own });
  }
  return { ok: true, value: analyses };
}
