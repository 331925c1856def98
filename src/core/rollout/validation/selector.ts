// Rules of label selectors and labels (rollout.md 10.1, rows 2 to 4 and 6). Entry point: `selectorProblems`.
import type { LabelSelector } from '../../../api/kubernetes.ts';
import { labelValueProblems, qualifiedNameProblems } from '../../../api/label-rules.ts';
import { forbidden, invalid, type Problem, required, when } from './problem.ts';

/** Problems of the selector's own terms; one that has any selects nothing at all. */
export function selectorProblems(
  { matchLabels = {}, matchExpressions = [] }: LabelSelector,
  field: string,
): readonly Problem[] {
  return [
    ...labelProblems(matchLabels, `${field}.matchLabels`),
    ...matchExpressions.flatMap((expression, index) =>
      expressionProblems(expression, `${field}.matchExpressions[${index}]`),
    ),
  ];
}

/** Problems of keys and values, sorted by key so that the first one is always the same. */
export function labelProblems(
  labels: Readonly<Record<string, string>>,
  field: string,
): readonly Problem[] {
  return Object.keys(labels)
    .toSorted()
    .flatMap((key) => [
      ...keyProblems(key, field),
      ...labelValueProblems(labels[key] ?? '').map((text) => invalid(field, labels[key], text)),
    ]);
}

export function keyProblems(key: string, field: string): readonly Problem[] {
  return qualifiedNameProblems(key).map((text) => invalid(field, key, text));
}

export function isEmptySelector({ matchLabels, matchExpressions }: LabelSelector): boolean {
  return Object.keys(matchLabels ?? {}).length + (matchExpressions ?? []).length === 0;
}

function expressionProblems(
  { key, operator, values = [] }: NonNullable<LabelSelector['matchExpressions']>[number],
  field: string,
): readonly Problem[] {
  return [
    ...operatorProblems(operator, values, field),
    ...keyProblems(key, `${field}.key`),
    ...values.flatMap((value, index) =>
      labelValueProblems(value).map((text) => invalid(`${field}.values[${index}]`, value, text)),
    ),
  ];
}

function operatorProblems(
  operator: string,
  values: readonly string[],
  field: string,
): readonly Problem[] {
  switch (operator) {
    case 'In':
    case 'NotIn':
      return when(values.length === 0, () =>
        required(`${field}.values`, "must be specified when `operator` is 'In' or 'NotIn'"),
      );
    case 'Exists':
    case 'DoesNotExist':
      return when(values.length > 0, () =>
        forbidden(
          `${field}.values`,
          "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
        ),
      );
    default:
      return [invalid(`${field}.operator`, operator, 'not a valid selector operator')];
  }
}
