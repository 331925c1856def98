// Rollout (rollout.md 1): spec, status, and their parts.
import {
  any,
  boolean,
  documented,
  type Infer,
  integer,
  intOrString,
  list,
  long,
  map,
  object,
  oneOf,
  ruled,
  text,
  time,
} from '../schema/schema.ts';
import { dryRun, measurementRetention, templateRef } from './analysis.ts';
import { runMetadata } from './experiment.ts';
import { labelSelector } from './label-selector.ts';
import type { KubeObject } from './object.ts';
import { podTemplate } from './pod-template.ts';
import { trafficRouting } from './traffic-routing.ts';

const stringMatch = object({ exact: text, prefix: text, regex: text });
const metadata = object({ labels: map(text), annotations: map(text) });

const rolloutArgument = object(
  {
    name: text,
    value: text,
    valueFrom: object({
      podTemplateHashValue: oneOf('Latest', 'Stable'),
      fieldRef: object({ fieldPath: text }, 'fieldPath'),
    }),
  },
  'name',
);

const analysisFields = {
  templates: list(templateRef),
  args: list(rolloutArgument),
  dryRun: list(dryRun),
  measurementRetention: list(measurementRetention),
  analysisRunMetadata: runMetadata,
};
const rolloutAnalysis = object(analysisFields);
const backgroundAnalysis = object({ ...analysisFields, startingStep: integer });

const experimentStep = object(
  {
    templates: list(
      object(
        {
          name: text,
          specRef: text,
          replicas: integer,
          metadata,
          selector: labelSelector,
          weight: integer,
          service: object({ name: text }),
        },
        'name',
        'specRef',
      ),
    ),
    duration: text,
    analyses: list(
      object(
        {
          name: text,
          templateName: text,
          clusterScope: boolean,
          args: list(rolloutArgument),
          requiredForCompletion: boolean,
        },
        'name',
        'templateName',
      ),
    ),
    dryRun: list(dryRun),
    analysisRunMetadata: runMetadata,
    scaleDownDelaySeconds: integer,
  },
  'templates',
);

// The order of the members is that of the step hash (rollout.md 2.7).
const canaryStep = object({
  setWeight: documented(integer, 'Share of the traffic, in percent of maxTrafficWeight or 100.'),
  pause: documented(
    object({ duration: intOrString }),
    'Waits; without duration until it is promoted.',
  ),
  experiment: documented(experimentStep, 'Runs an Experiment and waits for its success.'),
  analysis: documented(rolloutAnalysis, 'Runs an AnalysisRun and waits for its success.'),
  setCanaryScale: object({ weight: integer, replicas: integer, matchTrafficWeight: boolean }),
  setHeaderRoute: object({
    name: text,
    match: list(
      object({ headerName: text, headerValue: stringMatch }, 'headerName', 'headerValue'),
    ),
  }),
  setMirrorRoute: object(
    {
      name: text,
      match: list(object({ method: stringMatch, path: stringMatch, headers: map(stringMatch) })),
      percentage: integer,
    },
    'name',
  ),
  plugin: object({ name: text, config: any }, 'name'),
});

const antiAffinity = object({
  preferredDuringSchedulingIgnoredDuringExecution: object({ weight: integer }, 'weight'),
  requiredDuringSchedulingIgnoredDuringExecution: object({}),
});

const blueGreen = object(
  {
    activeService: text,
    previewService: text,
    previewReplicaCount: integer,
    autoPromotionEnabled: boolean,
    autoPromotionSeconds: integer,
    maxUnavailable: intOrString,
    scaleDownDelaySeconds: integer,
    scaleDownDelayRevisionLimit: integer,
    prePromotionAnalysis: rolloutAnalysis,
    postPromotionAnalysis: rolloutAnalysis,
    antiAffinity,
    previewMetadata: metadata,
    activeMetadata: metadata,
    abortScaleDownDelaySeconds: integer,
  },
  'activeService',
);

const canary = object({
  canaryService: text,
  stableService: text,
  steps: list(canaryStep),
  trafficRouting,
  maxUnavailable: intOrString,
  maxSurge: intOrString,
  analysis: backgroundAnalysis,
  antiAffinity,
  canaryMetadata: metadata,
  stableMetadata: metadata,
  scaleDownDelaySeconds: integer,
  scaleDownDelayRevisionLimit: integer,
  abortScaleDownDelaySeconds: integer,
  dynamicStableScale: boolean,
  pingPong: object({ pingService: text, pongService: text }, 'pingService', 'pongService'),
  minPodsPerReplicaSet: integer,
  replicaProgressThreshold: object(
    { type: oneOf('Percent', 'Pods'), value: integer },
    'type',
    'value',
  ),
});

const spec = ruled(
  object({
    replicas: documented(integer, 'Number of desired pods; 1 if absent.'),
    selector: documented(labelSelector, 'Which pods belong to the Rollout; cannot be changed.'),
    template: documented(podTemplate, 'The pods to run.'),
    workloadRef: object({ apiVersion: text, kind: text, name: text, scaleDown: text }),
    minReadySeconds: integer,
    rollbackWindow: object({ revisions: integer }),
    strategy: object({ blueGreen, canary }),
    revisionHistoryLimit: integer,
    paused: documented(boolean, 'Holds the Rollout where it is.'),
    progressDeadlineSeconds: integer,
    progressDeadlineAbort: boolean,
    restartAt: documented(time, 'Pods that are older are replaced one after the other.'),
    analysis: object({ successfulRunHistoryLimit: integer, unsuccessfulRunHistoryLimit: integer }),
  }),
  '!has(oldSelf.selector) || (has(self.selector) && self.selector == oldSelf.selector)',
  '.spec.selector is immutable',
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

const pauseCondition = object({ reason: text, startTime: time }, 'reason', 'startTime');
const runStatus = object({ name: text, status: text, message: text }, 'name', 'status');
const weightDestination = object(
  { weight: integer, serviceName: text, podTemplateHash: text },
  'weight',
);
const weights = object(
  {
    canary: weightDestination,
    stable: weightDestination,
    additional: list(weightDestination),
    verified: boolean,
  },
  'canary',
  'stable',
);

const stepPluginStatus = object(
  {
    index: integer,
    name: text,
    operation: text,
    phase: text,
    message: text,
    startedAt: time,
    updatedAt: time,
    finishedAt: time,
    backoff: text,
    executions: integer,
    disabled: boolean,
    status: any,
  },
  'index',
  'name',
  'operation',
);

const awsResource = object({ name: text, arn: text, fullName: text }, 'arn', 'name');
const alb = object({
  loadBalancer: awsResource,
  canaryTargetGroup: awsResource,
  stableTargetGroup: awsResource,
  ingress: text,
});

const status = object({
  abort: boolean,
  abortedAt: time,
  pauseConditions: list(pauseCondition),
  controllerPause: boolean,
  currentPodHash: text,
  currentStepHash: text,
  currentStepIndex: integer,
  replicas: integer,
  updatedReplicas: integer,
  readyReplicas: integer,
  availableReplicas: integer,
  HPAReplicas: integer,
  selector: text,
  collisionCount: integer,
  observedGeneration: text,
  conditions: list(condition),
  stableRS: text,
  restartedAt: time,
  promoteFull: boolean,
  phase: text,
  message: text,
  workloadObservedGeneration: text,
  canary: object({
    currentStepAnalysisRunStatus: runStatus,
    currentBackgroundAnalysisRunStatus: runStatus,
    currentExperiment: text,
    weights,
    stablePingPong: text,
    stepPluginStatuses: list(stepPluginStatus),
  }),
  blueGreen: object({
    previewSelector: text,
    activeSelector: text,
    scaleUpPreviewCheckPoint: boolean,
    prePromotionAnalysisRunStatus: runStatus,
    postPromotionAnalysisRunStatus: runStatus,
  }),
  alb,
  albs: list(alb),
  duration: object({
    rolloutStartedAt: time,
    manualPauseStartedAt: time,
    totalManualPauseDurationSeconds: long,
    finishedAt: time,
    completionStatus: text,
  }),
});

export const rolloutSchema = object({ spec, status }, 'spec');

export type RolloutSpec = Infer<typeof spec>;
export type RolloutStatus = Infer<typeof status>;
export type RolloutCondition = Infer<typeof condition>;
export type PauseCondition = Infer<typeof pauseCondition>;
export type CanaryStrategy = Infer<typeof canary>;
export type BlueGreenStrategy = Infer<typeof blueGreen>;
export type CanaryStep = Infer<typeof canaryStep>;
export type ExperimentStep = Infer<typeof experimentStep>;
export type RolloutAnalysis = Infer<typeof rolloutAnalysis>;
export type RolloutArgument = Infer<typeof rolloutArgument>;
export type AnalysisRunReference = Infer<typeof runStatus>;
export type TrafficWeights = Infer<typeof weights>;
export type WeightDestination = Infer<typeof weightDestination>;
export type AntiAffinity = Infer<typeof antiAffinity>;

export interface Rollout extends KubeObject {
  readonly spec: RolloutSpec;
  readonly status?: RolloutStatus;
}
