// Whether the analysis templates that a Rollout names exist and can become runs (rollout.md 10.3).
import type { AnalysisTemplateSpec, Argument, Metric, TemplateRef } from '../../../api/analysis.ts';
import type { Rollout, RolloutAnalysis } from '../../../api/rollout.ts';
import { effectiveCount } from '../../analysis/metric.ts';
import { resolveMetric } from '../../analysis/substitution.ts';
import { collectTemplates, mergeTemplates } from '../../analysis/templates.ts';
import type { NamedObjects } from '../world.ts';
import { invalid } from './problem.ts';

interface NamedAnalysis {
  readonly field: string;
  readonly analysis: RolloutAnalysis;
  readonly isBackground: boolean;
}

function namedAnalyses({ spec }: Rollout): readonly NamedAnalysis[] {
  const { canary, blueGreen } = spec.strategy ?? {};
  const named: NamedAnalysis[] = [];
  const add = (path: string, analysis: RolloutAnalysis | undefined, isBackground = false) => {
    if (analysis === undefined) return;
    named.push({ field: `spec.strategy.${path}.templates`, analysis, isBackground });
  };
  add('blueGreen.prePromotionAnalysis', blueGreen?.prePromotionAnalysis);
  add('blueGreen.postPromotionAnalysis', blueGreen?.postPromotionAnalysis);
  for (const [index, step] of (canary?.steps ?? []).entries()) {
    add(`canary.steps[${index}].analysis`, step.analysis);
  }
  add('canary.analysis', canary?.analysis, true);
  return named;
}

function isPresent(world: NamedObjects, { templateName, clusterScope }: TemplateRef): boolean {
  const list = clusterScope === true ? world.clusterAnalysisTemplates : world.analysisTemplates;
  return list.some((template) => template.metadata.name === templateName);
}

function missingText({ templateName = '', clusterScope }: TemplateRef): string {
  const kind = clusterScope === true ? 'ClusterAnalysisTemplate' : 'AnalysisTemplate';
  return `${kind} '${templateName}' not found`;
}

/** The first template that is named, by the Rollout or by another template, and is not there. */
export function templateReferenceProblem(world: NamedObjects): string | undefined {
  for (const { field, analysis } of namedAnalyses(world.rollout)) {
    for (const ref of analysis.templates ?? []) {
      if (!isPresent(world, ref)) {
        return invalid(field, ref.templateName ?? '', missingText(ref)).text;
      }
      const nested = missingNested(world, ref, new Set());
      if (nested !== undefined) {
        return invalid('spec.templates', nested.templateName ?? '', missingText(nested)).text;
      }
    }
  }
  return undefined;
}

function missingNested(
  world: NamedObjects,
  ref: TemplateRef,
  seen: Set<string>,
): TemplateRef | undefined {
  const key = `${ref.clusterScope === true}/${ref.templateName ?? ''}`;
  if (seen.has(key)) return undefined;
  seen.add(key);
  const list = ref.clusterScope === true ? world.clusterAnalysisTemplates : world.analysisTemplates;
  const template = list.find((one) => one.metadata.name === ref.templateName);
  for (const inner of template?.spec.templates ?? []) {
    if (!isPresent(world, inner)) return inner;
    const missing = missingNested(world, inner, seen);
    if (missing !== undefined) return missing;
  }
  return undefined;
}

/** The first set of templates that cannot become a run. */
export function templateProblem(world: NamedObjects): string | undefined {
  for (const named of namedAnalyses(world.rollout)) {
    const problem = analysisProblem(world, named);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function analysisProblem(world: NamedObjects, named: NamedAnalysis): string | undefined {
  const { field, analysis, isBackground } = named;
  const refs = analysis.templates ?? [];
  const templates = collectTemplates(refs, world);
  if (!templates.ok) return undefined;
  const names = `templateNames: [${refs.map((ref) => ref.templateName ?? '').join(' ')}]`;
  const { dryRun = [], measurementRetention = [] } = analysis;
  const args = dummyArguments(analysis);
  const merged = mergeTemplates(templates.value, { args, dryRun, measurementRetention });
  if (!merged.ok) return invalid(field, names, merged.error).text;
  if (isBackground) return undefined;
  for (const ref of refs) {
    const template = collectTemplates([ref], world);
    const [spec] = template.ok ? template.value : [];
    const problem = spec === undefined ? undefined : endless(spec, ref.templateName ?? '', args);
    if (problem !== undefined) return invalid(field, ref.templateName ?? '', problem).text;
  }
  return undefined;
}

/** Values are not known yet; what they are does not matter here, only that there will be some. */
function dummyArguments({ args = [] }: RolloutAnalysis): readonly Argument[] {
  return args.map(({ name, value }) => ({ name, value: value ?? 'dummy-value' }));
}

/** A gate must end: each metric needs a count, and its placeholders must be resolvable. */
function endless(
  spec: AnalysisTemplateSpec,
  name: string,
  given: readonly Argument[],
): string | undefined {
  const args = (spec.args ?? []).map((argument): Argument => {
    const own = given.find((one) => one.name === argument.name)?.value;
    return { name: argument.name, value: own ?? argument.value ?? 'dummy-value' };
  });
  for (const metric of spec.metrics ?? []) {
    const resolved = resolveMetric(metric, args);
    if (!resolved.ok) return `AnalysisTemplate ${name}: ${resolved.error}`;
    if (effectiveCount(resolved.value) === undefined) return endlessText(name, resolved.value);
  }
  return undefined;
}

function endlessText(name: string, metric: Metric): string {
  const count = metric.count ?? '<nil>';
  return (
    `AnalysisTemplate ${name} has metric ${metric.name} which runs indefinitely. ` +
    `Invalid value for count: ${count}`
  );
}
