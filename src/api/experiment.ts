// Experiment (experiment.md 1).
import {
  boolean,
  type Infer,
  integer,
  list,
  map,
  object,
  opened,
  text,
  time,
} from '../schema/schema.ts';
import { argument, dryRun, measurementRetention } from './analysis.ts';
import type { KubeObject } from './object.ts';
import { podTemplate } from './pod-template.ts';
import { labelSelector } from './label-selector.ts';

export const runMetadata = object({ labels: map(text), annotations: map(text) });

const template = object(
  {
    name: text,
    replicas: integer,
    minReadySeconds: integer,
    selector: labelSelector,
    template: podTemplate,
    service: object({ name: text }),
  },
  'name',
  'selector',
  'template',
);

const analysisRef = object(
  {
    name: text,
    templateName: text,
    clusterScope: boolean,
    args: list(argument),
    requiredForCompletion: boolean,
  },
  'name',
  'templateName',
);

const spec = object(
  {
    templates: list(template),
    duration: text,
    progressDeadlineSeconds: integer,
    terminate: boolean,
    analyses: list(analysisRef),
    scaleDownDelaySeconds: integer,
    dryRun: list(dryRun),
    measurementRetention: list(measurementRetention),
    analysisRunMetadata: runMetadata,
  },
  'templates',
);

const templateStatus = object(
  {
    name: text,
    replicas: integer,
    updatedReplicas: integer,
    readyReplicas: integer,
    availableReplicas: integer,
    collisionCount: integer,
    status: text,
    message: text,
    lastTransitionTime: time,
    serviceName: text,
    podTemplateHash: text,
  },
  'availableReplicas',
  'name',
  'readyReplicas',
  'replicas',
  'updatedReplicas',
);

const condition = object(
  {
    type: text,
    status: text,
    lastUpdateTime: time,
    lastTransitionTime: time,
    reason: text,
    message: text,
  },
  'lastTransitionTime',
  'lastUpdateTime',
  'message',
  'reason',
  'status',
  'type',
);

const status = object({
  phase: text,
  message: text,
  templateStatuses: list(templateStatus),
  availableAt: time,
  conditions: list(condition),
  analysisRuns: list(
    object(
      { name: text, analysisRun: text, phase: text, message: text },
      'analysisRun',
      'name',
      'phase',
    ),
  ),
});

export const experimentSchema = object({ spec, status: opened(status) }, 'spec');

export type ExperimentSpec = Infer<typeof spec>;
export type ExperimentTemplate = Infer<typeof template>;
export type ExperimentAnalysisRef = Infer<typeof analysisRef>;
export type ExperimentStatus = Infer<typeof status>;
export type TemplateStatus = Infer<typeof templateStatus>;
export type ExperimentCondition = Infer<typeof condition>;

export interface Experiment extends KubeObject {
  readonly spec: ExperimentSpec;
  readonly status?: ExperimentStatus;
}
