// Experiment (experiment.md 1).
import {
  boolean,
  documented,
  type Infer,
  integer,
  list,
  map,
  object,
  opened,
  text,
  time,
} from '../schema/schema.ts';
import { condition } from './condition.ts';
import { argument, dryRun, measurementRetention } from './analysis.ts';
import type { KubeObject } from './object.ts';
import { podTemplate } from './pod-template.ts';
import { labelSelector } from './label-selector.ts';

export const runMetadata = object({
  labels: documented(map(text), 'Labels of the object.'),
  annotations: documented(map(text), 'Annotations of the object.'),
});

const template = object(
  {
    name: documented(text, 'Name of the template, unique within the Experiment.'),
    replicas: documented(integer, 'Number of pods; 1 if absent.'),
    minReadySeconds: documented(
      integer,
      'Seconds that a pod must be ready before it counts as available; 0 if absent.',
    ),
    selector: documented(labelSelector, 'Which pods belong to the template.'),
    template: documented(podTemplate, 'The pods to run.'),
    service: documented(
      object({ name: documented(text, 'Its name; that of the ReplicaSet if absent.') }),
      'Asks for a Service in front of the pods.',
    ),
  },
  'name',
  'selector',
  'template',
);

const analysisRef = object(
  {
    name: documented(text, 'Name of the analysis, unique within the Experiment.'),
    templateName: documented(text, 'Name of its template.'),
    clusterScope: documented(boolean, 'Whether that is a ClusterAnalysisTemplate.'),
    args: documented(list(argument), 'Values for the arguments of the template.'),
    requiredForCompletion: documented(
      boolean,
      'Whether the Experiment goes on until it has ended.',
    ),
  },
  'name',
  'templateName',
);

const spec = object(
  {
    templates: documented(list(template), 'What runs side by side.'),
    duration: documented(
      text,
      'How long it runs once all pods are available; without it until its analyses end.',
    ),
    progressDeadlineSeconds: documented(
      integer,
      'Seconds that a template may take to become available; 600 if absent.',
    ),
    terminate: documented(boolean, 'Ends the Experiment.'),
    analyses: documented(list(analysisRef), 'What judges it.'),
    scaleDownDelaySeconds: documented(
      integer,
      'Seconds that the pods stay after it has ended; 30 if absent.',
    ),
    dryRun: documented(list(dryRun), 'Metrics that are measured and do not decide.'),
    measurementRetention: documented(
      list(measurementRetention),
      'How many measurements of a metric are kept; 10 if absent.',
    ),
    analysisRunMetadata: documented(runMetadata, 'Labels and annotations of the AnalysisRuns.'),
  },
  'templates',
);

const templateStatus = object(
  {
    name: documented(text, 'Name of the template.'),
    replicas: documented(integer, 'Its pods.'),
    updatedReplicas: documented(integer, 'The same number.'),
    readyReplicas: documented(integer, 'Ready pods.'),
    availableReplicas: documented(integer, 'Available pods.'),
    collisionCount: documented(integer, 'How often the name of its ReplicaSet was taken.'),
    status: documented(text, 'Progressing, Running, Successful, Failed or Error.'),
    message: documented(text, 'Why it failed.'),
    lastTransitionTime: documented(time, 'When its pods last changed in number.'),
    serviceName: documented(text, 'Name of its Service.'),
    podTemplateHash: documented(text, 'Hash of its pods, while it has a Service.'),
  },
  'availableReplicas',
  'name',
  'readyReplicas',
  'replicas',
  'updatedReplicas',
);

const analysisStatus = object(
  {
    name: documented(text, 'Name of the analysis.'),
    analysisRun: documented(text, 'Name of its AnalysisRun.'),
    phase: documented(text, 'Its phase.'),
    message: documented(text, 'Its message.'),
  },
  'analysisRun',
  'name',
  'phase',
);

const status = object({
  phase: documented(text, 'Pending, Running, Successful, Failed, Error or Inconclusive.'),
  message: documented(text, 'Word of the template or the analysis that decided.'),
  templateStatuses: documented(list(templateStatus), 'One for each template.'),
  availableAt: documented(time, 'When all templates were available for the first time.'),
  conditions: documented(list(condition), 'See the page of conditions.'),
  analysisRuns: documented(list(analysisStatus), 'One for each analysis that has begun.'),
});

export const experimentSchema = object(
  {
    spec: documented(spec, 'What is wanted.'),
    status: documented(opened(status), 'What is; written by the controller.'),
  },
  'spec',
);

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
