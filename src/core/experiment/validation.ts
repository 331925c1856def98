// Whether an Experiment's spec makes sense (experiment.md 3).
import type { Experiment, ExperimentTemplate } from '../../api/experiment.ts';

export const DEFAULT_PROGRESS_DEADLINE_SECONDS = 600;

/** The first problem of the first failing template; undefined if there is none. */
export function experimentProblem({ metadata, spec }: Experiment): string | undefined {
  const deadline = spec.progressDeadlineSeconds ?? DEFAULT_PROGRESS_DEADLINE_SECONDS;
  const names = new Set<string>();
  for (const [index, template] of (spec.templates ?? []).entries()) {
    const problem = templateProblem(template, index, deadline);
    if (problem !== undefined) return problem;
    if ((template.name ?? '') === '') {
      return `Experiment ${metadata.name} has empty template name at index ${index}`;
    }
    if (names.has(template.name)) {
      return `Experiment ${metadata.name} has repeated template name '${template.name}' in templates`;
    }
    names.add(template.name);
  }
  return undefined;
}

function templateProblem(
  { selector, minReadySeconds = 0, replicas = 1 }: ExperimentTemplate,
  index: number,
  deadline: number,
): string | undefined {
  if (selector === undefined) {
    return `Rollout has missing field '.Spec.Templates[${index}].Selector'`;
  }
  const terms =
    Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length;
  if (terms === 0) {
    return `This experiment is selecting all pods at index ${index}. A non-empty selector is required.`;
  }
  if (replicas < 0) {
    return `Replicas cannot be less than 0. Check template index ${index}`;
  }
  return minReadySeconds > deadline
    ? `MinReadySeconds cannot be longer than ProgressDeadlineSeconds. Check template index ${index}`
    : undefined;
}
