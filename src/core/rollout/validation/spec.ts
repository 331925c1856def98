// Rules of a Rollout's spec that need nothing else (rollout.md 10.1). Entry point: `specProblems`.
import type { LabelSelector } from '../../../api/kubernetes.ts';
import type { Rollout } from '../../../api/rollout.ts';
import { matchesSelector } from '../../../api/selector.ts';
import { canaryProblems } from './canary.ts';
import { internal, invalid, type Problem, required, when } from './problem.ts';
import { antiAffinityProblems } from './anti-affinity.ts';

const DEFAULT_DEADLINE_SECONDS = 600;
const DEFAULT_HISTORY = 10;
const NOT_NEGATIVE = 'must be greater than or equal to 0';

/** All problems in their order; users see the first. */
export function specProblems(rollout: Rollout): readonly Problem[] {
  const { spec } = rollout;
  const deadline = spec.progressDeadlineSeconds ?? DEFAULT_DEADLINE_SECONDS;
  const minReady = spec.minReadySeconds ?? 0;
  return [
    ...negative('spec.replicas', spec.replicas),
    ...selectorProblems(rollout),
    ...templateProblems(rollout),
    ...negative('spec.minReadySeconds', spec.minReadySeconds),
    ...negative('spec.revisionHistoryLimit', spec.revisionHistoryLimit),
    ...negative('spec.progressDeadlineSeconds', spec.progressDeadlineSeconds),
    ...when(deadline <= minReady, () =>
      invalid('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds'),
    ),
    ...strategyProblems(rollout),
  ];
}

function negative(field: string, value: number | undefined): readonly Problem[] {
  return when(value !== undefined && value < 0, () => invalid(field, value, NOT_NEGATIVE));
}

function isEmpty(selector: LabelSelector): boolean {
  const terms =
    Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length;
  return terms === 0;
}

const LABEL_PATTERN = '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?';
const LABEL_VALUE = new RegExp(`^${LABEL_PATTERN}$`);
const LABEL_RULE =
  'a valid label must be an empty string or consist of alphanumeric characters, ' +
  "'-', '_' or '.', and must start and end with an alphanumeric character " +
  `(e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '${LABEL_PATTERN}')`;

function selectorProblems({ spec }: Rollout): readonly Problem[] {
  const { selector } = spec;
  if (selector === undefined) {
    return when(spec.workloadRef === undefined, () =>
      required('spec.selector', "Rollout has missing field '.spec.selector'"),
    );
  }
  return [
    ...Object.values(selector.matchLabels ?? {}).flatMap((value) =>
      when(value.length > 63 || !LABEL_VALUE.test(value), () =>
        invalid('spec.selector.matchLabels', value, LABEL_RULE),
      ),
    ),
    ...(selector.matchExpressions ?? []).flatMap((expression, index) => {
      return expressionProblems(expression, `spec.selector.matchExpressions[${index}]`);
    }),
    ...when(isEmpty(selector), () =>
      invalid('spec.selector', {}, 'empty selector is invalid for deployment'),
    ),
  ];
}

const OPERATORS: ReadonlySet<string> = new Set(['In', 'NotIn', 'Exists', 'DoesNotExist']);

function expressionProblems(
  { operator, values = [] }: NonNullable<LabelSelector['matchExpressions']>[number],
  field: string,
): readonly Problem[] {
  const isList = operator === 'In' || operator === 'NotIn';
  if (!OPERATORS.has(operator)) {
    return [invalid(`${field}.operator`, operator, 'not a valid selector operator')];
  }
  if (isList && values.length === 0) {
    const detail = "must be specified when `operator` is 'In' or 'NotIn'";
    return [required(`${field}.values`, detail)];
  }
  return when(!isList && values.length > 0, () => ({
    field: `${field}.values`,
    text:
      `${field}.values: Forbidden: ` +
      "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
  }));
}

function templateProblems(rollout: Rollout): readonly Problem[] {
  const { spec } = rollout;
  const metadata = spec.template?.metadata ?? {};
  if (spec.workloadRef !== undefined) {
    const own = Object.keys({ ...metadata.labels, ...metadata.annotations }).length > 0;
    return when(own, () =>
      internal('spec.template', 'template must be empty for workload reference rollout'),
    );
  }
  return [...labelProblems(rollout), ...podProblems(rollout)];
}

function labelProblems({ spec }: Rollout): readonly Problem[] {
  const { selector } = spec;
  const labels = spec.template?.metadata?.labels ?? {};
  if (selector === undefined || isEmpty(selector)) return [];
  const isKnown = (selector.matchExpressions ?? []).every(({ operator }) =>
    OPERATORS.has(operator),
  );
  return when(isKnown && !matchesSelector(selector, labels), () =>
    invalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'),
  );
}

function podProblems({ spec }: Rollout): readonly Problem[] {
  const pods = spec.template?.spec;
  const restart = pods?.restartPolicy ?? 'Always';
  const field = 'spec.template.spec';
  return [
    ...when((pods?.containers ?? []).length === 0, () => ({
      field: `${field}.containers`,
      text: `${field}.containers: Required value`,
    })),
    ...when(restart !== 'Always', () => ({
      field: `${field}.restartPolicy`,
      text:
        `${field}.restartPolicy: Unsupported value: ` +
        `${JSON.stringify(restart)}: supported values: "Always"`,
    })),
  ];
}

function strategyProblems(rollout: Rollout): readonly Problem[] {
  const { canary, blueGreen } = rollout.spec.strategy ?? {};
  const field = 'spec.strategy.strategy';
  if (canary !== undefined && blueGreen !== undefined) {
    return [
      invalid(field, 'blueGreen: true canary: true', 'Multiple Strategies can not be listed'),
    ];
  }
  if (canary !== undefined) return canaryProblems(rollout, canary);
  if (blueGreen !== undefined) return blueGreenProblems(rollout, blueGreen);
  const missing = '.spec.strategy.canary or .spec.strategy.blueGreen';
  return [required(field, `Rollout has missing field '${missing}'`)];
}

type BlueGreen = NonNullable<NonNullable<Rollout['spec']['strategy']>['blueGreen']>;

function blueGreenProblems({ spec }: Rollout, blueGreen: BlueGreen): readonly Problem[] {
  const { activeService, previewService = '', scaleDownDelayRevisionLimit: limit } = blueGreen;
  const history = spec.revisionHistoryLimit ?? DEFAULT_HISTORY;
  const sameService =
    'This rollout uses the same service for the active and preview services, ' +
    'but two different services are required.';
  const historyLimit =
    "This rollout's revision history limit can not be smaller than the rollout's scale down limit";
  return [
    ...when((activeService ?? '') === previewService, () =>
      invalid('spec.strategy.activeService', activeService ?? '', sameService),
    ),
    ...when(limit !== undefined && limit > history, () =>
      invalid('spec.strategy.scaleDownDelayRevisionLimit', limit, historyLimit),
    ),
    ...antiAffinityProblems(blueGreen.antiAffinity),
  ];
}
