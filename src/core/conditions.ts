// The conditions that decisions set (rollout.md 7.2, experiment.md 3, 9): one row each, of which
// docs/reference/conditions.md is made. A condition without a row does not compile.

interface ConditionRow {
  readonly on: 'Rollout' | 'Experiment';
  readonly type: string;
  readonly status: readonly ('True' | 'False' | 'Unknown')[];
  readonly reason: string;
  /** When it is set. */
  readonly when: string;
}

export const CONDITIONS = [
  {
    on: 'Rollout',
    type: 'InvalidSpec',
    status: ['True'],
    reason: 'InvalidSpec',
    when: 'The spec, or something that it refers to, is wrong. Removed once it is right again.',
  },
  {
    on: 'Rollout',
    type: 'Progressing',
    status: ['True'],
    reason: 'NewReplicaSetCreated',
    when: 'The ReplicaSet of the template has been created.',
  },
  {
    on: 'Rollout',
    type: 'Progressing',
    status: ['False'],
    reason: 'ReplicaSetCreateError',
    when: 'The API server has refused the ReplicaSet of the template.',
  },
  {
    on: 'Rollout',
    type: 'Progressing',
    status: ['True'],
    reason: 'FoundNewReplicaSet',
    when: 'The ReplicaSet of the template was there already.',
  },
  {
    on: 'Rollout',
    type: 'Progressing',
    status: ['True'],
    reason: 'ReplicaSetUpdated',
    when: 'Pods of the new version come or become available, a step is done.',
  },
  {
    on: 'Rollout',
    type: 'Progressing',
    status: ['True'],
    reason: 'ReplicaSetNotAvailable',
    when: 'A fully promoted Rollout has just lost its health.',
  },
  {
    on: 'Rollout',
    type: 'Progressing',
    status: ['True'],
    reason: 'NewReplicaSetAvailable',
    when: 'The Rollout is healthy.',
  },
  {
    on: 'Rollout',
    type: 'Progressing',
    status: ['False'],
    reason: 'ProgressDeadlineExceeded',
    when: 'Nothing has moved for spec.progressDeadlineSeconds.',
  },
  {
    on: 'Rollout',
    type: 'Progressing',
    status: ['False'],
    reason: 'RolloutAborted',
    when: 'The update was aborted, by a user or by what its message says.',
  },
  {
    on: 'Rollout',
    type: 'Progressing',
    status: ['Unknown'],
    reason: 'RolloutPaused',
    when: 'The Rollout is paused: time does not count against its deadline.',
  },
  {
    on: 'Rollout',
    type: 'Progressing',
    status: ['Unknown'],
    reason: 'RolloutResumed',
    when: 'The pause has ended: the deadline starts anew.',
  },
  {
    on: 'Rollout',
    type: 'Progressing',
    status: ['Unknown'],
    reason: 'RolloutRetry',
    when: 'An aborted update is tried again.',
  },
  {
    on: 'Rollout',
    type: 'Paused',
    status: ['True', 'False'],
    reason: 'RolloutPaused',
    when: 'The Rollout is paused, or was once.',
  },
  {
    on: 'Rollout',
    type: 'Available',
    status: ['True', 'False'],
    reason: 'AvailableReason',
    when: 'Enough pods are available: of the active set (blue-green), of all sets (canary).',
  },
  {
    on: 'Rollout',
    type: 'Healthy',
    status: ['True', 'False'],
    reason: 'RolloutHealthy',
    when: 'The wanted version runs in full; False only after it was True once.',
  },
  {
    on: 'Rollout',
    type: 'Completed',
    status: ['True', 'False'],
    reason: 'RolloutCompleted',
    when: 'The version of the template is the stable one.',
  },
  {
    on: 'Rollout',
    type: 'ReplicaFailure',
    status: ['True', 'False', 'Unknown'],
    reason: '<of the ReplicaSet>',
    when: 'A ReplicaSet could not make or delete pods; its condition is copied.',
  },
  {
    on: 'Experiment',
    type: 'InvalidSpec',
    status: ['True'],
    reason: 'InvalidSpec',
    when: 'The spec is wrong. Removed once it is right again.',
  },
  {
    on: 'Experiment',
    type: 'Progressing',
    status: ['True'],
    reason: 'ReplicaSetUpdated',
    when: 'A template has come, or its pods have changed in number.',
  },
  {
    on: 'Experiment',
    type: 'Progressing',
    status: ['True'],
    reason: 'NewReplicaSetAvailable',
    when: 'All templates are available and the duration has not passed.',
  },
  {
    on: 'Experiment',
    type: 'Progressing',
    status: ['False'],
    reason: 'ExperimentCompleted',
    when: 'The Experiment was successful.',
  },
] as const satisfies readonly ConditionRow[];

type Kind = 'Rollout' | 'Experiment';
type RowOf<K extends Kind> = Extract<(typeof CONDITIONS)[number], { readonly on: K }>;

/** Types of the conditions of a kind. */
export type ConditionTypeOf<K extends Kind> = RowOf<K>['type'];

/** Type, status, reason and message of a condition of a kind: a row of the table, with its message. */
export type ConditionText<K extends Kind> =
  RowOf<K> extends infer R
    ? R extends {
        readonly type: infer T;
        readonly status: readonly (infer S)[];
        readonly reason: infer Z;
      }
      ? readonly [type: T, status: S, reason: Z extends `<${string}>` ? string : Z, message: string]
      : never
    : never;
