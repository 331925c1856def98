// Collecting analysis templates and merging them into a run's spec (analysis.md 2).
import type {
  AnalysisRunSpec,
  AnalysisTemplate,
  AnalysisTemplateSpec,
  Argument,
  ClusterAnalysisTemplate,
  DryRun,
  MeasurementRetention,
  TemplateRef,
} from '../../api/analysis.ts';
import { joinedArguments, mergeArguments } from './arguments.ts';
import type { Substituted } from './substitution.ts';

export interface Templates {
  readonly analysisTemplates: readonly AnalysisTemplate[];
  readonly clusterAnalysisTemplates: readonly ClusterAnalysisTemplate[];
}

interface Collected {
  readonly namespaced: Map<string, AnalysisTemplateSpec>;
  readonly cluster: Map<string, AnalysisTemplateSpec>;
}

function find(templates: Templates, { templateName, clusterScope }: TemplateRef) {
  const list =
    clusterScope === true ? templates.clusterAnalysisTemplates : templates.analysisTemplates;
  return list.find((template) => template.metadata.name === templateName);
}

function notFound({ templateName, clusterScope }: TemplateRef): string {
  const kind = clusterScope === true ? 'clusteranalysistemplate' : 'analysistemplate';
  return `${kind}.argoproj.io "${templateName ?? ''}" not found`;
}

/** The specs that `refs` name and those that they name in turn: namespaced ones first, each once. */
export function collectTemplates(
  refs: readonly TemplateRef[],
  templates: Templates,
): Substituted<readonly AnalysisTemplateSpec[]> {
  const collected: Collected = { namespaced: new Map(), cluster: new Map() };
  const problem = collect(refs, templates, collected);
  if (problem !== undefined) return { ok: false, error: problem };
  return { ok: true, value: [...collected.namespaced.values(), ...collected.cluster.values()] };
}

/** Depth first; a template that was seen already is not entered again, which ends cycles too. */
function collect(
  refs: readonly TemplateRef[],
  templates: Templates,
  into: Collected,
): string | undefined {
  for (const ref of refs) {
    const template = find(templates, ref);
    if (template === undefined) return notFound(ref);
    const list = ref.clusterScope === true ? into.cluster : into.namespaced;
    if (list.has(template.metadata.name)) continue;
    list.set(template.metadata.name, template.spec);
    const problem = collect(template.spec.templates ?? [], templates, into);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function twice<T>(items: readonly T[], name: (item: T) => string): string | undefined {
  const seen = new Set<string>();
  for (const item of items) {
    if (seen.has(name(item))) return name(item);
    seen.add(name(item));
  }
  return undefined;
}

export interface Caller {
  readonly args: readonly Argument[];
  readonly dryRun: readonly DryRun[];
  readonly measurementRetention: readonly MeasurementRetention[];
}

/** One run's spec from merged templates and the caller's arguments and rules. The first failing check is told. */
export function mergeTemplates(
  specs: readonly AnalysisTemplateSpec[],
  caller: Caller,
): Substituted<AnalysisRunSpec> {
  const metrics = specs.flatMap((spec) => spec.metrics ?? []);
  const sameMetric = twice(metrics, (metric) => metric.name);
  if (sameMetric !== undefined)
    return { ok: false, error: `two metrics have the same name '${sameMetric}'` };
  const own = {
    dryRun: specs.flatMap((spec) => spec.dryRun ?? []),
    measurementRetention: specs.flatMap((spec) => spec.measurementRetention ?? []),
  };
  const all = {
    dryRun: [...caller.dryRun, ...own.dryRun],
    measurementRetention: [...caller.measurementRetention, ...own.measurementRetention],
  };
  const ownRules = sameRule(own);
  if (ownRules !== undefined) return { ok: false, error: ownRules };
  const joined = joinedArguments(specs.map((spec) => spec.args ?? []));
  if (!joined.ok) return joined;
  const args = mergeArguments(caller.args, joined.value);
  if (!args.ok) return args;
  const allRules = sameRule(all);
  if (allRules !== undefined) return { ok: false, error: allRules };
  return { ok: true, value: runSpec(metrics, args.value, all) };
}

interface Rules {
  readonly dryRun: readonly DryRun[];
  readonly measurementRetention: readonly MeasurementRetention[];
}

function sameRule({ dryRun, measurementRetention }: Rules): string | undefined {
  const dry = twice(dryRun, (rule) => rule.metricName);
  if (dry !== undefined) return `two Dry-Run metric rules have the same name '${dry}'`;
  const kept = twice(measurementRetention, (rule) => rule.metricName);
  return kept === undefined
    ? undefined
    : `two Measurement Retention metric rules have the same name '${kept}'`;
}

function runSpec(
  metrics: AnalysisRunSpec['metrics'],
  args: readonly Argument[],
  { dryRun, measurementRetention }: Rules,
): AnalysisRunSpec {
  return {
    metrics,
    ...(args.length === 0 ? {} : { args }),
    ...(dryRun.length === 0 ? {} : { dryRun }),
    ...(measurementRetention.length === 0 ? {} : { measurementRetention }),
  };
}
