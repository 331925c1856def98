// The analyses of an Experiment: verified before, started once all templates were available, followed to their end
// (experiment.md 6). Entry point: `analysisStep`.
import type { AnalysisRun } from '../../api/analysis.ts';
import type { ExperimentAnalysisRef } from '../../api/experiment.ts';
import { HASH_LABEL, INSTANCE_LABEL } from '../../api/names.ts';
import { ROLLOUTS } from '../../api/resources.ts';
import type { Argument } from '../../api/analysis.ts';
import { isCompleted } from '../analysis/assess.ts';
import { readyRun, terminateRun } from '../analysis/run-object.ts';
import type { Substituted } from '../analysis/substitution.ts';
import { collectTemplates, mergeTemplates } from '../analysis/templates.ts';
import type { EventNote, Write } from '../decision.ts';
import { normal } from '../events.ts';
import { controllerOf } from '../ownership.ts';
import { claimed } from './replica-set.ts';
import type { AnalysisEntry, Situation } from './situation.ts';
import { type ExperimentVariables, substituteExperiment } from './variables.ts';
import type { ExperimentWorld } from './world.ts';

export interface AnalysisStep {
  readonly entry: AnalysisEntry;
  readonly writes: readonly Write[];
  readonly events: readonly EventNote[];
}

/** Undefined: the analysis has no entry yet and gets none. */
export function analysisStep(
  situation: Situation,
  analysis: ExperimentAnalysisRef,
): AnalysisStep | undefined {
  const stored = situation.stored.analysisRuns?.find((entry) => entry.name === analysis.name);
  const before: AnalysisEntry = stored ?? { name: analysis.name, analysisRun: '', phase: '' };
  const next = advanced(situation, analysis, before);
  if (next === undefined) return stored === undefined ? undefined : step(stored);
  return {
    ...next,
    events: transition(situation.world, before.phase, next.entry),
  };
}

type Advanced = Pick<AnalysisStep, 'entry' | 'writes'>;

function step(entry: AnalysisEntry, writes: readonly Write[] = []): AnalysisStep {
  return { entry, writes, events: [] };
}

function failed(entry: AnalysisEntry, message: string): Advanced {
  return step({ ...entry, phase: 'Error', message });
}

function advanced(
  situation: Situation,
  analysis: ExperimentAnalysisRef,
  entry: AnalysisEntry,
): Advanced | undefined {
  const { stored, terminating, world } = situation;
  if (stored.availableAt === undefined) {
    if (isCompleted(entry.phase)) return undefined;
    const problem = missingTemplate(world, analysis);
    return problem === undefined ? step(entry) : failed(entry, problem);
  }
  if (entry.analysisRun === '') {
    return terminating || isCompleted(entry.phase)
      ? undefined
      : started(situation, analysis, entry);
  }
  if (isCompleted(entry.phase)) return undefined;
  const run = world.analysisRuns.find((one) => one.metadata.name === entry.analysisRun);
  if (run === undefined) {
    return failed(entry, `analysisruns.argoproj.io "${entry.analysisRun}" not found`);
  }
  const writes = terminating ? terminationOf(run, analysis.name) : [];
  return step(copied(entry, run), writes);
}

function terminationOf(run: AnalysisRun, name: string): readonly Write[] {
  const event = normal('AnalysisRunTerminating', `Terminating ${name} (${run.metadata.name})`);
  const write = terminateRun(run, [event]);
  return write === undefined ? [] : [write];
}

/** A run without phase yet leaves the entry as it is. */
function copied(entry: AnalysisEntry, run: AnalysisRun): AnalysisEntry {
  const { phase = '', message = '' } = run.status ?? {};
  if (phase === '') return entry;
  const { message: _before, ...rest } = entry;
  return { ...rest, phase, ...(message === '' ? {} : { message }) };
}

function missingTemplate(
  world: ExperimentWorld,
  { name, templateName, clusterScope }: ExperimentAnalysisRef,
): string | undefined {
  const found = collectTemplates([refOfTemplate({ templateName, clusterScope })], world);
  if (found.ok) return undefined;
  const kind = clusterScope === true ? 'ClusterAnalysisTemplate' : 'AnalysisTemplate';
  return `${kind} verification failed for analysis '${name}': ${found.error}`;
}

function refOfTemplate(ref: {
  readonly templateName: string;
  readonly clusterScope: boolean | undefined;
}) {
  const { templateName, clusterScope } = ref;
  return { templateName, ...(clusterScope === undefined ? {} : { clusterScope }) };
}

function started(
  { world }: Situation,
  analysis: ExperimentAnalysisRef,
  entry: AnalysisEntry,
): Advanced {
  const spec = runSpecFor(world, analysis);
  if (!spec.ok) {
    const message = `Failed to create AnalysisRun for analysis '${analysis.name}': ${spec.error}`;
    return failed(entry, message);
  }
  const { metadata, spec: wanted } = world.experiment;
  const instance = metadata.labels?.[INSTANCE_LABEL];
  const run = readyRun({
    owner: world.experiment,
    base: `${metadata.name}-${analysis.name}`,
    spec: spec.value,
    labels: {
      ...(instance === undefined ? {} : { [INSTANCE_LABEL]: instance }),
      ...wanted.analysisRunMetadata?.labels,
    },
    annotations: { ...wanted.analysisRunMetadata?.annotations },
    runs: world.analysisRuns,
    taken: world.taken,
  });
  const { message: _before, ...rest } = entry;
  return step(
    { ...rest, analysisRun: run.name, phase: 'Pending' },
    run.write === undefined ? [] : [run.write],
  );
}

function runSpecFor(world: ExperimentWorld, analysis: ExperimentAnalysisRef) {
  const { templateName, clusterScope } = analysis;
  const templates = collectTemplates([refOfTemplate({ templateName, clusterScope })], world);
  if (!templates.ok) return templates;
  const args = argumentsFor(world, analysis);
  if (!args.ok) return args;
  const { dryRun = [], measurementRetention = [] } = world.experiment.spec;
  return mergeTemplates(templates.value, { args: args.value, dryRun, measurementRetention });
}

function argumentsFor(
  world: ExperimentWorld,
  analysis: ExperimentAnalysisRef,
): Substituted<readonly Argument[]> {
  const variables = variablesOf(world);
  const args: Argument[] = [];
  for (const { name, value } of analysis.args ?? []) {
    if (value === undefined) continue;
    const resolved = substituteExperiment(value, variables);
    if (!resolved.ok) return resolved;
    args.push({ name, value: resolved.value });
  }
  return { ok: true, value: args };
}

function variablesOf(world: ExperimentWorld): ExperimentVariables {
  const { spec, status } = world.experiment;
  const sets = (spec.templates ?? []).flatMap((template) => {
    const [set] = claimed(world, world.replicaSets, template.name);
    if (set === undefined) return [];
    const hash = set.metadata.labels?.[HASH_LABEL] ?? '';
    return [{ template: template.name, name: set.metadata.name, hash }];
  });
  return {
    ...(status?.availableAt === undefined ? {} : { availableAt: status.availableAt }),
    ...(spec.duration === undefined ? {} : { duration: spec.duration }),
    sets,
  };
}

const BAD: ReadonlySet<string> = new Set(['Failed', 'Error', 'Inconclusive']);

/** Told on the Experiment, and as a warning on the Rollout that owns it. */
function transition(
  { experiment }: ExperimentWorld,
  before: string,
  { name, phase, message = '' }: AnalysisEntry,
): readonly EventNote[] {
  if (phase === before || phase === '') return [];
  const text = `AnalysisRun '${name}' transitioned from ${before} -> ${phase}`;
  const own: EventNote = {
    type: BAD.has(phase) ? 'Warning' : 'Normal',
    reason: `AnalysisRun${phase}`,
    message: message === '' ? text : `${text}: ${message}`,
  };
  const owner = controllerOf(experiment);
  if (owner?.kind !== 'Rollout') return [own];
  const { namespace } = experiment.metadata;
  const ref = {
    resource: ROLLOUTS,
    name: owner.name,
    ...(namespace === undefined ? {} : { namespace }),
  };
  return [own, { ...own, type: 'Warning', about: { ref, uid: owner.uid } }];
}
