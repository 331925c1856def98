// Labels and annotations with a meaning to us or to clients (rollout.md 2.10).

export const HASH_LABEL = 'rollouts-pod-template-hash';
export const INSTANCE_LABEL = 'argo-rollouts.argoproj.io/controller-instance-id';
export const RUN_TYPE_LABEL = 'rollout-type';
export const STEP_INDEX_LABEL = 'step-index';

/** RFC 3339 moment at which a set is scaled down; the bare key is what clients read. */
export const SCALE_DOWN_DEADLINE = 'scale-down-deadline';
export const MANAGED_BY = 'argo-rollouts.argoproj.io/managed-by-rollouts';
export const REVISION = 'rollout.argoproj.io/revision';
export const REVISION_HISTORY = 'rollout.argoproj.io/revision-history';
export const DESIRED_REPLICAS = 'rollout.argoproj.io/desired-replicas';
/** metadata.generation of what `spec.workloadRef` names, when the Rollout was last told of it. */
export const WORKLOAD_GENERATION = 'rollout.argoproj.io/workload-generation';
export const EPHEMERAL_METADATA = 'rollout.argoproj.io/ephemeral-metadata';
export const NOTIFIED = 'notified.notifications.argoproj.io';
export const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** When a Service, a subset or a route was last changed by us, and what it named before (decision 0006). */
export const SWITCHED = 'slipway.dev/switched';
export const CANARY_SWITCHED = 'slipway.dev/canary-switched';
export const STABLE_SWITCHED = 'slipway.dev/stable-switched';
export const WEIGHTS_SET = 'slipway.dev/weights-set';

/** On a set: keys of metadata that its template has no longer, or anew, and its pods may not know of yet. */
export const METADATA_PENDING = 'slipway.dev/metadata-pending';
/** On a set: what the user's template has under keys that carry metadata of the strategy now. */
export const REPLACED_METADATA = 'slipway.dev/replaced-metadata';
/** What an update had reached before it lost pods (core/rollout/setback.ts). */
export const REACHED = 'slipway.dev/reached';

export const EXPERIMENT_NAME = 'experiment.argoproj.io/name';
export const EXPERIMENT_TEMPLATE = 'experiment.argoproj.io/template-name';

export const ROLLOUTS_API_VERSION = 'argoproj.io/v1alpha1';

interface Key {
  readonly key: string;
  readonly on: string;
  readonly value: string;
}

/** What the keys mean, for the reference page. */
export const KEYS: readonly Key[] = [
  {
    key: HASH_LABEL,
    on: 'label of ReplicaSets, pods, AnalysisRuns and Experiments; selector of Services',
    value: 'hash of the pod template',
  },
  {
    key: INSTANCE_LABEL,
    on: 'label of Rollouts, AnalysisRuns and Experiments',
    value: 'the controller instance that they belong to',
  },
  {
    key: RUN_TYPE_LABEL,
    on: 'label of AnalysisRuns',
    value: 'Step, Background, PrePromotion or PostPromotion',
  },
  { key: STEP_INDEX_LABEL, on: 'label of AnalysisRuns of a step', value: 'index of the step' },
  {
    key: SCALE_DOWN_DEADLINE,
    on: 'annotation of ReplicaSets',
    value: 'moment at which the set is scaled down, RFC 3339',
  },
  {
    key: MANAGED_BY,
    on: 'annotation of Services and routes',
    value: 'the Rollout that manages them',
  },
  {
    key: REVISION,
    on: 'annotation of Rollouts, ReplicaSets, AnalysisRuns and Experiments',
    value: 'number of the revision',
  },
  {
    key: REVISION_HISTORY,
    on: 'annotation of ReplicaSets',
    value: 'earlier revisions of the same template, comma-separated',
  },
  {
    key: DESIRED_REPLICAS,
    on: 'annotation of ReplicaSets',
    value: 'spec.replicas of the Rollout when the set was last scaled',
  },
  {
    key: EPHEMERAL_METADATA,
    on: 'annotation of ReplicaSets',
    value: 'labels and annotations that were put on its pods, as JSON',
  },
  {
    key: METADATA_PENDING,
    on: 'annotation of ReplicaSets',
    value: 'labels and annotations that its pods may still have from before, as JSON',
  },
  {
    key: REPLACED_METADATA,
    on: 'annotation of ReplicaSets',
    value: "what the user's template has under the keys of ephemeral-metadata, as JSON",
  },
  {
    key: SWITCHED,
    on: 'annotation of Services',
    value: 'when the selector was last changed, and what it named before',
  },
  {
    key: CANARY_SWITCHED,
    on: 'annotation of DestinationRules',
    value: 'the same of the canary subset',
  },
  {
    key: STABLE_SWITCHED,
    on: 'annotation of DestinationRules',
    value: 'the same of the stable subset',
  },
  {
    key: WEIGHTS_SET,
    on: 'annotation of VirtualServices',
    value: 'when weights were last changed, and what they were before',
  },
  {
    key: REACHED,
    on: 'annotation of ReplicaSets that have lost pods amid their update',
    value:
      'updated, ready and available pods that there had been, and sizes of the sets at that time',
  },
  {
    key: EXPERIMENT_NAME,
    on: 'annotation of ReplicaSets and Services of an Experiment',
    value: 'the Experiment',
  },
  {
    key: EXPERIMENT_TEMPLATE,
    on: 'annotation of ReplicaSets and Services of an Experiment',
    value: 'its template',
  },
];
