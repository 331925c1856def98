// Rules of a Rollout's spec that need nothing else (rollout.md 10.1). Entry point: `specProblems`.
import type { PodTemplateSpec } from '../../../api/kubernetes.ts';
import type { Rollout } from '../../../api/rollout.ts';
import { antiAffinityProblems } from './anti-affinity.ts';
import { canaryProblems } from './canary.ts';
import { podTemplateProblems } from './pod-template.ts';
import { internal, invalid, invalidPart, type Problem, required, when } from './problem.ts';
import { isEmptySelector, selectorProblems } from './selector.ts';

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
    ...selectionProblems(rollout),
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

/** The selector's own terms, the template, and that the two fit together. */
function selectionProblems(rollout: Rollout): readonly Problem[] {
  const { selector, workloadRef, template = {} } = rollout.spec;
  const field = 'spec.selector';
  const terms = selector === undefined ? [] : selectorProblems(selector, field);
  const isResolved = workloadRef === undefined;
  return [
    ...when(selector === undefined && workloadRef === undefined, () =>
      required(field, "Rollout has missing field '.spec.selector'"),
    ),
    ...terms,
    ...when(selector !== undefined && isEmptySelector(selector), () =>
      invalid(field, {}, 'empty selector is invalid for deployment'),
    ),
    ...when(!isResolved && hasMetadata(template), () =>
      internal('spec.template', 'template must be empty for workload reference rollout'),
    ),
    ...when(terms.length > 0, () =>
      invalidPart(field, { type: 'Selector', value: selector }, 'invalid label selector'),
    ),
    ...(terms.length > 0 || !isResolved ? [] : podTemplateProblems(template, selector)),
  ];
}

function hasMetadata({ metadata }: PodTemplateSpec): boolean {
  return Object.keys({ ...metadata?.labels, ...metadata?.annotations }).length > 0;
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
