// Rollout (rollout.md 1): the spec, and the types of its parts.
import {
  boolean,
  documented,
  type Infer,
  integer,
  intOrString,
  list,
  object,
  oneOf,
  ruled,
  text,
  time,
} from '../schema/schema.ts';
import { backgroundAnalysis, canaryStep, podMetadata, rolloutAnalysis } from './canary-step.ts';
import type { condition } from './condition.ts';
import { labelSelector } from './label-selector.ts';
import type { KubeObject } from './object.ts';
import { podTemplate } from './pod-template.ts';
import {
  type pauseCondition,
  rolloutStatus,
  type runReference,
  type weightDestination,
  type weights,
} from './rollout-status.ts';
import { trafficRouting } from './traffic-routing.ts';

const antiAffinity = object({
  preferredDuringSchedulingIgnoredDuringExecution: documented(
    object({ weight: documented(integer, 'From 1 to 100.') }, 'weight'),
    'Nodes without pods of the other version are preferred.',
  ),
  requiredDuringSchedulingIgnoredDuringExecution: documented(
    object({}),
    'Nodes with pods of the other version are out of the question.',
  ),
});

const blueGreen = object(
  {
    activeService: documented(text, 'Service of the version that users see.'),
    previewService: documented(text, 'Service of the new version.'),
    previewReplicaCount: documented(
      integer,
      'Number of pods of the new version before it is promoted; all if absent.',
    ),
    autoPromotionEnabled: documented(
      boolean,
      'false waits for a user before the switch; true if absent.',
    ),
    autoPromotionSeconds: documented(integer, 'Seconds of the pause before the switch.'),
    maxUnavailable: documented(
      intOrString,
      'Pods that a restart may take away at once: number or percentage; 25% if absent.',
    ),
    scaleDownDelaySeconds: documented(
      integer,
      'Seconds that the old version stays after the switch; 30 if absent.',
    ),
    scaleDownDelayRevisionLimit: documented(
      integer,
      'How many old versions may wait in that delay; all if absent.',
    ),
    prePromotionAnalysis: documented(rolloutAnalysis, 'Must succeed before the switch.'),
    postPromotionAnalysis: documented(
      rolloutAnalysis,
      'Judges after the switch; a failure switches back.',
    ),
    antiAffinity: documented(antiAffinity, 'Keeps pods of two versions apart.'),
    previewMetadata: documented(podMetadata, 'On pods of the new version, until it is promoted.'),
    activeMetadata: documented(podMetadata, 'On pods of the version that users see.'),
    abortScaleDownDelaySeconds: documented(
      integer,
      'Seconds that the new version stays after an abort; 30 if absent, 0 keeps it.',
    ),
  },
  'activeService',
);

const canary = object({
  canaryService: documented(text, 'Service of the new version.'),
  stableService: documented(text, 'Service of the stable version.'),
  steps: documented(list(canaryStep), 'What is done in turn; without steps a rolling update.'),
  trafficRouting: documented(trafficRouting, 'Routers that shift traffic; none goes by pods.'),
  maxUnavailable: documented(
    intOrString,
    'Pods that may be missing during an update: number or percentage; 25% if absent.',
  ),
  maxSurge: documented(
    intOrString,
    'Pods that may be too many during an update without a router; 25% if absent.',
  ),
  analysis: documented(backgroundAnalysis, 'Judges in the background during the steps.'),
  antiAffinity: documented(antiAffinity, 'Keeps pods of two versions apart.'),
  canaryMetadata: documented(podMetadata, 'On pods of the new version, until it is promoted.'),
  stableMetadata: documented(podMetadata, 'On pods of the stable version.'),
  scaleDownDelaySeconds: documented(
    integer,
    'Seconds that the old version stays after the promotion, with a router; 30 if absent.',
  ),
  scaleDownDelayRevisionLimit: documented(
    integer,
    'How many old versions may wait in that delay; all if absent.',
  ),
  abortScaleDownDelaySeconds: documented(
    integer,
    'Seconds that the new version stays after an abort, with a router; 30 if absent, 0 keeps it.',
  ),
  dynamicStableScale: documented(
    boolean,
    'The stable version shrinks as traffic leaves it; with a router only.',
  ),
  pingPong: documented(
    object(
      {
        pingService: documented(text, 'The first Service.'),
        pongService: documented(text, 'The second Service.'),
      },
      'pingService',
      'pongService',
    ),
    'Two Services that take turns at being stable, in place of canaryService and stableService.',
  ),
  minPodsPerReplicaSet: documented(
    integer,
    'Fewest pods of a version that has any; with a router only.',
  ),
  replicaProgressThreshold: documented(
    object(
      {
        type: documented(oneOf('Percent', 'Pods'), 'What value counts.'),
        value: documented(integer, 'How many.'),
      },
      'type',
      'value',
    ),
    'How much of the wanted size must be available before the next step; all if absent.',
  ),
});

const workloadRef = object({
  apiVersion: documented(text, 'API version of the object.'),
  kind: documented(text, 'Deployment, ReplicaSet or PodTemplate.'),
  name: documented(text, 'Its name.'),
  scaleDown: documented(
    text,
    'What happens to the pods of the Deployment: never, onsuccess or progressively.',
  ),
});

const spec = ruled(
  object({
    replicas: documented(integer, 'Number of desired pods; 1 if absent.'),
    selector: documented(labelSelector, 'Which pods belong to the Rollout; cannot be changed.'),
    template: documented(podTemplate, 'The pods to run.'),
    workloadRef: documented(workloadRef, 'Takes the template from another object.'),
    minReadySeconds: documented(
      integer,
      'Seconds that a pod must be ready before it counts as available; 0 if absent.',
    ),
    rollbackWindow: documented(
      object({
        revisions: documented(integer, 'How many revisions back are within the window.'),
      }),
      'Going back to a recent revision needs no steps.',
    ),
    strategy: documented(
      object({
        blueGreen: documented(blueGreen, 'The new version beside the old one, then a switch.'),
        canary: documented(canary, 'The new version in steps.'),
      }),
      'How an update goes; exactly one member.',
    ),
    revisionHistoryLimit: documented(integer, 'How many old ReplicaSets are kept; 10 if absent.'),
    paused: documented(boolean, 'Holds the Rollout where it is.'),
    progressDeadlineSeconds: documented(
      integer,
      'Seconds without progress after which the update counts as stuck; 600 if absent.',
    ),
    progressDeadlineAbort: documented(boolean, 'Whether a stuck update is aborted.'),
    restartAt: documented(time, 'Pods that are older are replaced one after the other.'),
    analysis: documented(
      object({
        successfulRunHistoryLimit: documented(
          integer,
          'Successful runs and Experiments that are kept; 5 if absent.',
        ),
        unsuccessfulRunHistoryLimit: documented(integer, 'The same of others; 5 if absent.'),
      }),
      'How much of old analyses is kept.',
    ),
  }),
  '!has(oldSelf.selector) || (has(self.selector) && self.selector == oldSelf.selector)',
  '.spec.selector is immutable',
);

export const rolloutSchema = object(
  {
    spec: documented(spec, 'What is wanted.'),
    status: documented(rolloutStatus, 'What is; written by the controller.'),
  },
  'spec',
);

export type RolloutSpec = Infer<typeof spec>;
export type RolloutStatus = Infer<typeof rolloutStatus>;
export type RolloutCondition = Infer<typeof condition>;
export type PauseCondition = Infer<typeof pauseCondition>;
export type CanaryStrategy = Infer<typeof canary>;
export type BlueGreenStrategy = Infer<typeof blueGreen>;
export type CanaryStep = Infer<typeof canaryStep>;
export type ExperimentStep = NonNullable<CanaryStep['experiment']>;
export type RolloutAnalysis = Infer<typeof rolloutAnalysis>;
export type RolloutArgument = NonNullable<RolloutAnalysis['args']>[number];
export type AnalysisRunReference = Infer<typeof runReference>;
export type TrafficWeights = Infer<typeof weights>;
export type WeightDestination = Infer<typeof weightDestination>;
export type AntiAffinity = Infer<typeof antiAffinity>;

export interface Rollout extends KubeObject {
  readonly spec: RolloutSpec;
  readonly status?: RolloutStatus;
}
