// The Events that decisions send (rollout.md 11, operations.md 10): one row each, of which docs/reference/events.md is
// made. An event whose reason has no row does not compile.

type Subject = 'Rollout' | 'Experiment' | 'AnalysisRun';

interface EventRow {
  /** `<Phase>` stands for the phase that was reached. */
  readonly reason: string;
  readonly on: readonly Subject[];
  /** What makes it a Warning; `never` and `always` included. */
  readonly warning: string;
  /** The message; what varies stands in <>. */
  readonly message: string;
}

const FAILED_OR_ERROR = 'phase Failed or Error';
const BAD_PHASE = 'phase Failed, Error or Inconclusive';

export const EVENTS = [
  {
    reason: 'RolloutAddedToInformer',
    on: ['Rollout'],
    warning: 'never',
    message: 'Rollout resource added to informer: <namespace>/<name>',
  },
  {
    reason: 'RolloutUpdated',
    on: ['Rollout'],
    warning: 'never',
    message: 'Rollout updated to revision <revision>',
  },
  {
    reason: 'NewReplicaSetCreated',
    on: ['Rollout'],
    warning: 'never',
    message: 'Created ReplicaSet <set> (revision <revision>)',
  },
  {
    reason: 'ReplicaSetCreateError',
    on: ['Rollout', 'Experiment'],
    warning: 'always',
    message: 'Failed to create new replica set "<set>": <error>',
  },
  {
    reason: 'ScalingReplicaSet',
    on: ['Rollout', 'Experiment'],
    warning: 'never',
    message: 'Scaled up|down ReplicaSet <set> (revision <revision>) from <size> to <size>',
  },
  {
    reason: 'RolloutNotCompleted',
    on: ['Rollout'],
    warning: 'never',
    message: 'Rollout not completed, started update to revision <revision> (<hash>)',
  },
  {
    reason: 'RolloutStepCompleted',
    on: ['Rollout'],
    warning: 'never',
    message: 'Rollout step <number>/<count> completed (<step>)',
  },
  {
    reason: 'SkipSteps',
    on: ['Rollout'],
    warning: 'never',
    message: 'Rollback to stable|active ReplicaSets [within RollbackWindow]',
  },
  {
    reason: 'RolloutPaused',
    on: ['Rollout'],
    warning: 'never',
    message: 'Rollout is paused (<reason of the first pause condition>)',
  },
  { reason: 'RolloutResumed', on: ['Rollout'], warning: 'never', message: 'Rollout is resumed' },
  {
    reason: 'RolloutCompleted',
    on: ['Rollout'],
    warning: 'never',
    message: 'Rollout completed update to revision <revision> (<hash>): <why it is complete>',
  },
  {
    reason: 'RolloutAborted',
    on: ['Rollout'],
    warning: 'always',
    message: 'Rollout aborted update to revision <revision>[: <cause>]',
  },
  {
    reason: 'InvalidSpec',
    on: ['Rollout'],
    warning: 'always',
    message: 'The Rollout "<name>" is invalid: <first error>',
  },
  {
    reason: 'SwitchService',
    on: ['Rollout'],
    warning: 'never',
    message: "Switched selector for service '<service>' from '<hash>' to '<hash>'",
  },
  {
    reason: 'TrafficWeightUpdated',
    on: ['Rollout'],
    warning: 'never',
    message: 'Traffic weight updated [to <weight>|from <weight> to <weight>][, additional: <list>]',
  },
  { reason: 'TrafficRoutingError', on: ['Rollout'], warning: 'always', message: '<error>' },
  {
    reason: 'Updated VirtualService',
    on: ['Rollout'],
    warning: 'never',
    message: 'VirtualService `<name>` set to desiredWeight <weight>',
  },
  {
    reason: 'VirtualServiceNotFound',
    on: ['Rollout'],
    warning: 'always',
    message: 'VirtualService `<name>` not found',
  },
  {
    reason: 'UpdatedDestinationRule',
    on: ['Rollout'],
    warning: 'never',
    message: 'DestinationRule <name> subset updated (<subset>: <hash>, <subset>: <hash>)',
  },
  {
    reason: 'DestinationRuleSubsetsRemoved',
    on: ['Rollout'],
    warning: 'always',
    message:
      'DestinationRule `<name>` lost subsets that are neither canary nor stable: <subsets>; put them into a DestinationRule of their own',
  },
  {
    reason: 'DestinationRuleNotFound',
    on: ['Rollout'],
    warning: 'always',
    message: 'DestinationRule `<name>` not found',
  },
  {
    reason: 'WeightVerifyError',
    on: ['Rollout'],
    warning: 'always',
    message: 'Failed to verify weight: <error>',
  },
  {
    reason: 'StepPluginTransition',
    on: ['Rollout'],
    warning: FAILED_OR_ERROR,
    message:
      'Step plugin <name> (step <number>) transitioned to <phase>|terminated (<phase>)|aborted (<phase>)',
  },
  {
    reason: 'ReconciliationError',
    on: ['Rollout'],
    warning: 'always',
    message: 'Reconciliation failed with error: <error>',
  },
  {
    reason: 'ExperimentCreated',
    on: ['Rollout'],
    warning: 'never',
    message: "Created Experiment '<name>'",
  },
  {
    reason: 'AnalysisRun<Phase>',
    on: ['Rollout'],
    warning: FAILED_OR_ERROR,
    message: "<type> Analysis Run '<run>' Status New: '<phase>' Previous: '<phase>'",
  },
  {
    reason: 'AnalysisRun<Phase>',
    on: ['Experiment', 'Rollout'],
    warning: `on the Experiment ${BAD_PHASE}; on its Rollout always`,
    message: "AnalysisRun '<analysis>' transitioned from <phase> -> <phase>[: <message>]",
  },
  {
    reason: 'AnalysisRun<Phase>',
    on: ['AnalysisRun'],
    warning: FAILED_OR_ERROR,
    message: 'Analysis Completed. Result: <phase>',
  },
  {
    reason: 'Metric<Phase>',
    on: ['AnalysisRun'],
    warning: FAILED_OR_ERROR,
    message: "Metric '<metric>' Completed. Result: <phase>",
  },
  {
    reason: 'MetricNoData',
    on: ['AnalysisRun'],
    warning: 'always',
    message: 'metric "<metric>" had no data at <time>: <why>; query: <query>',
  },
  {
    reason: 'Experiment<Phase>',
    on: ['Experiment'],
    warning: BAD_PHASE,
    message: 'Experiment transitioned from <phase> -> <phase>',
  },
  {
    reason: 'Template<Phase>',
    on: ['Experiment'],
    warning: FAILED_OR_ERROR,
    message: "Template '<template>' transitioned from <phase> -> <phase>[: <message>]",
  },
  {
    reason: 'AnalysisRunTerminating',
    on: ['Experiment'],
    warning: 'never',
    message: 'Terminating <analysis> (<run>)',
  },
] as const satisfies readonly EventRow[];

type Row = (typeof EVENTS)[number]['reason'];
export type EventReason = Row extends infer R
  ? R extends `${infer Prefix}<Phase>`
    ? `${Prefix}${string}`
    : R
  : never;

/** A Kubernetes Event's type, reason and message. */
export interface EventText {
  readonly type: 'Normal' | 'Warning';
  readonly reason: EventReason;
  readonly message: string;
}

export function normal(reason: EventReason, message: string): EventText {
  return { type: 'Normal', reason, message };
}

export function warning(reason: EventReason, message: string): EventText {
  return { type: 'Warning', reason, message };
}
