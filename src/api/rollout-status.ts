// The status of a Rollout (rollout.md 1.4).
import {
  any,
  boolean,
  documented,
  integer,
  list,
  long,
  object,
  text,
  time,
} from '../schema/schema.ts';
import { condition } from './condition.ts';

export const pauseCondition = object(
  {
    reason: documented(
      text,
      'CanaryPauseStep, BlueGreenPause, InconclusiveAnalysisRun or InconclusiveExperiment.',
    ),
    startTime: documented(time, 'Since when.'),
  },
  'reason',
  'startTime',
);

export const runReference = object(
  {
    name: documented(text, 'Name of the AnalysisRun.'),
    status: documented(text, 'Its phase when it was last looked at.'),
    message: documented(text, 'Its message.'),
  },
  'name',
  'status',
);

export const weightDestination = object(
  {
    weight: documented(integer, 'Share of the traffic.'),
    serviceName: documented(text, 'Service, or subset, that gets it.'),
    podTemplateHash: documented(text, 'Version behind it.'),
  },
  'weight',
);

export const weights = object(
  {
    canary: documented(weightDestination, 'The new version.'),
    stable: documented(weightDestination, 'The stable version.'),
    additional: documented(list(weightDestination), 'Templates of an experiment step.'),
    verified: documented(boolean, 'What the router says of the weights, where it can tell.'),
  },
  'canary',
  'stable',
);

const stepPluginStatus = object(
  {
    index: documented(integer, 'Index of the step.'),
    name: documented(text, 'Name of the plugin.'),
    operation: documented(text, 'Run, Terminate or Abort.'),
    phase: documented(text, 'Running, Successful, Failed or Error.'),
    message: documented(text, "The plugin's word."),
    startedAt: documented(time, 'First call.'),
    updatedAt: documented(time, 'Last call.'),
    finishedAt: documented(time, 'When it ended.'),
    backoff: documented(text, 'How long it waits after an error.'),
    executions: documented(integer, 'Number of calls.'),
    disabled: documented(boolean, 'The plugin is switched off; the step counts as done.'),
    status: documented(any, 'What the plugin keeps between calls.'),
  },
  'index',
  'name',
  'operation',
);

const awsResource = object(
  {
    name: documented(text, 'Its name.'),
    arn: documented(text, 'Amazon resource name.'),
    fullName: documented(text, 'The last part of the resource name.'),
  },
  'arn',
  'name',
);

const alb = object({
  loadBalancer: documented(awsResource, 'The load balancer.'),
  canaryTargetGroup: documented(awsResource, 'Target group of the canary.'),
  stableTargetGroup: documented(awsResource, 'Target group of the stable version.'),
  ingress: documented(text, 'Ingress that it belongs to.'),
});

const canaryStatus = object({
  currentStepAnalysisRunStatus: documented(runReference, 'The run of the current step.'),
  currentBackgroundAnalysisRunStatus: documented(runReference, 'The run of strategy.analysis.'),
  currentExperiment: documented(text, 'Name of the Experiment of the current step.'),
  weights: documented(weights, 'Traffic as it was last set.'),
  stablePingPong: documented(text, 'Which of the two Services is stable: ping or pong.'),
  stepPluginStatuses: documented(list(stepPluginStatus), 'How far step plugins have come.'),
});

const blueGreenStatus = object({
  previewSelector: documented(text, 'Hash that the preview Service names.'),
  activeSelector: documented(text, 'Hash that the active Service names.'),
  scaleUpPreviewCheckPoint: documented(
    boolean,
    'The preview was approved at its small size and is being scaled up.',
  ),
  prePromotionAnalysisRunStatus: documented(runReference, 'The run before the switch.'),
  postPromotionAnalysisRunStatus: documented(runReference, 'The run after the switch.'),
});

const duration = object({
  rolloutStartedAt: documented(time, 'When the update began.'),
  manualPauseStartedAt: documented(time, 'When a user paused it, while it is paused.'),
  totalManualPauseDurationSeconds: documented(long, 'Seconds that users have held it.'),
  finishedAt: documented(time, 'When it ended.'),
  completionStatus: documented(text, 'How it ended.'),
});

export const rolloutStatus = object({
  abort: documented(boolean, 'The update is aborted; a user sets it too.'),
  abortedAt: documented(time, 'Since when.'),
  pauseConditions: documented(list(pauseCondition), 'Why the controller holds the update.'),
  controllerPause: documented(boolean, 'The controller holds the update.'),
  currentPodHash: documented(text, 'Hash of the template.'),
  currentStepHash: documented(text, 'Hash of the steps: the steps begin anew when it changes.'),
  currentStepIndex: documented(integer, 'Index of the current step; their number when done.'),
  replicas: documented(integer, 'Pods of all versions.'),
  updatedReplicas: documented(integer, 'Pods of the version of the template.'),
  readyReplicas: documented(integer, 'Ready pods of all versions.'),
  availableReplicas: documented(integer, 'Available pods.'),
  HPAReplicas: documented(integer, 'Pods that the scale subresource tells autoscalers of.'),
  selector: documented(text, 'Their selector, for autoscalers.'),
  collisionCount: documented(integer, 'How often the name of a new ReplicaSet was taken.'),
  observedGeneration: documented(text, 'The metadata.generation that this status is about.'),
  conditions: documented(list(condition), 'See the page of conditions.'),
  stableRS: documented(text, 'Hash of the stable version.'),
  restartedAt: documented(time, 'The spec.restartAt that has been carried out.'),
  promoteFull: documented(boolean, 'A user wants no more steps, pauses and analyses.'),
  phase: documented(text, 'Healthy, Progressing, Paused or Degraded.'),
  message: documented(text, 'Why the phase is not Healthy.'),
  workloadObservedGeneration: documented(text, 'Generation of the workloadRef that was seen.'),
  canary: documented(canaryStatus, 'Of a canary.'),
  blueGreen: documented(blueGreenStatus, 'Of a blue-green.'),
  alb: documented(alb, 'AWS resources of the ALB router.'),
  albs: documented(list(alb), 'The same, of several Ingresses.'),
  duration: documented(duration, 'How long the update took.'),
});
