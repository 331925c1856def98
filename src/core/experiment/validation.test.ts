import { expect, it } from 'vitest';
import type { Experiment } from '../../api/experiment.ts';
import { experimentProblem } from './validation.ts';

const SELECTOR = { matchLabels: { app: 'web' } };
const GOOD = { name: 'a', selector: SELECTOR };

interface Row {
  readonly reason: string;
  readonly templates: readonly object[];
  readonly deadline?: number;
  readonly told: string | undefined;
}

const ROWS: readonly Row[] = [
  { reason: 'nothing is wrong', templates: [GOOD], told: undefined },
  {
    reason: 'the selector comes first',
    templates: [GOOD, { name: '' }],
    told: "Rollout has missing field '.Spec.Templates[1].Selector'",
  },
  {
    reason: 'a selector of everything',
    templates: [{ name: 'a', selector: {}, minReadySeconds: 601 }],
    told: 'This experiment is selecting all pods at index 0. A non-empty selector is required.',
  },
  {
    reason: 'ready later than the deadline, which is ten minutes if absent',
    templates: [{ ...GOOD, minReadySeconds: 601 }],
    told: 'MinReadySeconds cannot be longer than ProgressDeadlineSeconds. Check template index 0',
  },
  {
    reason: 'just in time',
    templates: [{ ...GOOD, minReadySeconds: 60 }],
    deadline: 60,
    told: undefined,
  },
  {
    reason: 'no name',
    templates: [{ selector: SELECTOR }],
    told: 'Experiment trial has empty template name at index 0',
  },
  {
    reason: 'a name twice: the first failing row of the first failing template',
    templates: [GOOD, GOOD, { name: 'c' }],
    told: "Experiment trial has repeated template name 'a' in templates",
  },
];

it.each(ROWS)('$reason', ({ templates, deadline, told }) => {
  const experiment = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Experiment',
    metadata: { name: 'trial' },
    spec: { templates, ...(deadline === undefined ? {} : { progressDeadlineSeconds: deadline }) },
  } as unknown as Experiment;
  expect(experimentProblem(experiment)).toBe(told);
});
