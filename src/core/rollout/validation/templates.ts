// Whether the analysis templates that a Rollout names exist and can become runs (rollout.md 10.3).
import type { AnalysisTemplateSpec, Argument, Metric, TemplateRef } from '../../../api/analysis.ts';
import type { Rollout, RolloutAnalysis } from '../../../api/rollout.ts';
import { rolloutArguments } from '../../analysis/arguments.ts';
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
  const templates = expandedTemplates(world, analysis.templates ?? []);
  const names = templates.map(({ name }) => name).join(' ');
  const args = dummyArguments(world.rollout, analysis);
  const merged = mergedProblem(
    templates.map(({ spec }) => spec),
    args,
    analysis,
  );
  if (merged !== undefined) return invalid(field, `templateNames: [${names}]`, merged).text;
  for (const { name, spec } of templates) {
    const problem = isBackground ? open(spec, analysis.args) : endless(spec, name, args);
    if (problem !== undefined) return invalid(field, name, problem).text;
  }
  return undefined;
}

interface NamedTemplate {
  readonly name: string;
  readonly spec: AnalysisTemplateSpec;
}

/** What the references lead to, namespaced templates first, each once (analysis.md 2). */
function expandedTemplates(
  world: NamedObjects,
  refs: readonly TemplateRef[],
): readonly NamedTemplate[] {
  const collected = collectTemplates(refs, world);
  if (!collected.ok) return [];
  const all = [...world.analysisTemplates, ...world.clusterAnalysisTemplates];
  return collected.value.map((spec) => {
    return { name: all.find((one) => one.spec === spec)?.metadata.name ?? '', spec };
  });
}

/** Templates must fit together by themselves first, then with the rules of the analysis that names them. */
function mergedProblem(
  specs: readonly AnalysisTemplateSpec[],
  args: readonly Argument[],
  { dryRun = [], measurementRetention = [] }: RolloutAnalysis,
): string | undefined {
  const plain = mergeTemplates(specs, { args, dryRun: [], measurementRetention: [] });
  if (!plain.ok) return plain.error;
  const ruled = mergeTemplates(specs, { args, dryRun, measurementRetention });
  return ruled.ok ? undefined : ruled.error;
}

/** Hashes are not known yet, and a path that leads nowhere counts as empty: all that matters is that values come. */
function dummyArguments(rollout: Rollout, { args = [] }: RolloutAnalysis): readonly Argument[] {
  const of = { rollout, newHash: 'dummy-new-hash', stableHash: 'dummy-stable-hash' };
  return args.map((argument) => {
    const resolved = rolloutArguments([argument], of);
    return { name: argument.name, value: (resolved.ok && resolved.value[0]?.value) || '' };
  });
}

/** A background analysis ends with the update, but its arguments must come from the Rollout or have a default. */
function open(spec: AnalysisTemplateSpec, given: RolloutAnalysis['args']): string | undefined {
  const needed = (spec.args ?? []).filter(
    ({ value, valueFrom }) => value === undefined && valueFrom === undefined,
  );
  if (needed.length > 0 && given === undefined) {
    return 'missing analysis arguments in rollout spec';
  }
  return needed.find(({ name }) => given?.every((one) => one.name !== name) === true)?.name;
}

/** A gate must end: each metric needs a count, and its placeholders must be resolvable. */
function endless(
  { args = [], metrics = [] }: AnalysisTemplateSpec,
  name: string,
  given: readonly Argument[],
): string | undefined {
  const twofold = args.find(({ value, valueFrom }) => {
    return value !== undefined && valueFrom !== undefined;
  });
  if (twofold !== undefined) {
    return `AnalysisTemplate ${name}: arg '${twofold.name}' has both Value and ValueFrom fields`;
  }
  const values = args.map((argument): Argument => {
    const own = given.find((one) => one.name === argument.name)?.value;
    return { name: argument.name, value: own ?? argument.value ?? 'dummy-value' };
  });
  const resolved: Metric[] = [];
  for (const metric of metrics) {
    const one = resolveMetric(metric, values);
    if (!one.ok) return `AnalysisTemplate ${name}: ${one.error}`;
    resolved.push(one.value);
  }
  const unending = resolved.find((metric) => effectiveCount(metric) === undefined);
  if (unending === undefined) return undefined;
  return (
    `AnalysisTemplate ${name} has metric ${unending.name} which runs indefinitely. ` +
    `Invalid value for count: ${unending.count ?? '<nil>'}`
  );
}
