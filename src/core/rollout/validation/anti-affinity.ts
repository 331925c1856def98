// Rules of `antiAffinity`, the same for both strategies (rollout.md 10.1).
import type { AntiAffinity } from '../../../api/rollout.ts';
import { invalid, type Problem, when } from './problem.ts';

const FIELD = 'spec.strategy.antiAffinity';

export function antiAffinityProblems(antiAffinity: AntiAffinity | undefined): readonly Problem[] {
  if (antiAffinity === undefined) return [];
  const preferred = antiAffinity.preferredDuringSchedulingIgnoredDuringExecution;
  const hasRequired = antiAffinity.requiredDuringSchedulingIgnoredDuringExecution !== undefined;
  const hasPreferred = preferred !== undefined;
  const value =
    `antiAffinity.PreferredDuringSchedulingIgnoredDuringExecution: ${hasPreferred} ` +
    `antiAffinity.RequiredDuringSchedulingIgnoredDuringExecution: ${hasRequired}`;
  const weight = preferred?.weight ?? 0;
  return [
    ...when(hasPreferred === hasRequired, () =>
      invalid(FIELD, value, 'AntiAffinity must have exactly one strategy listed'),
    ),
    ...when(hasPreferred && (weight < 1 || weight > 100), () =>
      invalid(`${FIELD}.weight`, weight, 'AntiAffinity weight must be between 1-100'),
    ),
  ];
}
