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
export const EPHEMERAL_METADATA = 'rollout.argoproj.io/ephemeral-metadata';
export const NOTIFIED = 'notified.notifications.argoproj.io';
export const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** When a Service, a subset or a route was last changed by us, and what it named before (decision 0006). */
export const SWITCHED = 'slipway.dev/switched';
export const CANARY_SWITCHED = 'slipway.dev/canary-switched';
export const STABLE_SWITCHED = 'slipway.dev/stable-switched';
export const WEIGHTS_SET = 'slipway.dev/weights-set';

export const EXPERIMENT_NAME = 'experiment.argoproj.io/name';
export const EXPERIMENT_TEMPLATE = 'experiment.argoproj.io/template-name';

export const ROLLOUTS_API_VERSION = 'argoproj.io/v1alpha1';
