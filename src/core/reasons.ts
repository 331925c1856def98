// Why a decision is what it is. A closed set of codes; conditions, output, dashboard and logs render them. Each code is
// produced by at least one named test (test/laws/explains.test.ts); docs/reference/reasons.md is made of these tables.

/** Codes of Rollout decisions, with when they are given. `Settled` closes every list: the phase as it stands. */
export const ROLLOUT_REASONS = {
  Settled: 'Always, as the last one: the phase and the message as they stand.',
  InvalidSpec: 'The spec, or something that it refers to, is wrong; nothing new is begun.',
  ClaimingReplicaSets: 'ReplicaSets that fit are being claimed, or released.',
  CreatingReplicaSet: 'The ReplicaSet of the template is being created.',
  ReplicaSetRefused: 'The API server has refused the ReplicaSet of the template.',
  SyncingReplicaSet:
    'The revision or a member of the ReplicaSet of the template is brought up to date.',
  UpdateBegins: 'The template or the steps have changed: the steps begin anew.',
  PauseRecorded: 'A pause, a resume or a retry by a user is told in the conditions first.',
  PausedAtStep: 'The current step is a pause that has not ended.',
  PausedBeforeSwitch: 'A blue-green update waits to be promoted.',
  StepCompleted: 'The current step is done; the next one begins.',
  Promoted: 'The new version has become the stable one.',
  ScalingReplicaSet: 'A ReplicaSet gets another size.',
  ScalingWorkload: 'The Deployment that spec.workloadRef names gets another size.',
  SwitchingService: 'The selector of a Service gets another hash.',
  ShiftingTraffic: 'Routes are written.',
  TrafficRefused: 'A router could not do what it was told.',
  TrafficMoves: 'Routes have been written and the data plane may not follow them yet.',
  WaitingForPods: 'Pods are not ready in the number that the next change needs.',
  StartingAnalysis: 'An AnalysisRun is being created.',
  AnalysisNotStarted: 'An AnalysisRun could not be made of its templates.',
  WaitingForAnalysis: 'An AnalysisRun is not done.',
  StartingExperiment: 'An Experiment is being created.',
  ExperimentNotStarted: 'An Experiment could not be made of its step.',
  WaitingForExperiment: 'An Experiment is not done.',
  WaitingForPlugin: 'A step plugin is being asked, or says that it is not done.',
  RestartingPods: 'Pods that are older than spec.restartAt are evicted.',
  SyncingMetadata: 'ReplicaSets or pods get the metadata of the role that they have now.',
} as const satisfies Readonly<Record<string, string>>;

/** Codes of Experiment decisions. */
export const EXPERIMENT_REASONS = {
  ExperimentSettled: 'The Experiment is over.',
  ExperimentInvalid: 'The spec is wrong; nothing is begun.',
  ExperimentRunning: 'Templates or analyses are not done.',
} as const satisfies Readonly<Record<string, string>>;

/** Codes of AnalysisRun decisions. */
export const ANALYSIS_REASONS = {
  RunCompleted: 'The run is over.',
  RunInvalid: 'Arguments or metrics are wrong; nothing is measured.',
  MeasurementDue: 'Measurements are being taken.',
  MeasurementWaiting: 'The next measurement is not due yet.',
} as const satisfies Readonly<Record<string, string>>;

export type ReasonCode =
  | keyof typeof ROLLOUT_REASONS
  | keyof typeof EXPERIMENT_REASONS
  | keyof typeof ANALYSIS_REASONS;

export interface Reason {
  readonly code: ReasonCode;
  /** A whole sentence for people: what is waited for or was done, on which object. */
  readonly message: string;
}
