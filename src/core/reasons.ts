// Why a decision is what it is. A closed union of codes; conditions, output, dashboard and logs render them.
// Each kind adds its codes in its own list below; each code is produced by at least one named test.

/** Codes of Rollout decisions. `Settled` closes every list: the phase as it stands. */
export type RolloutReasonCode =
  | 'Settled'
  | 'InvalidSpec'
  | 'ClaimingReplicaSets'
  | 'CreatingReplicaSet'
  | 'SyncingReplicaSet'
  | 'UpdateBegins'
  | 'PauseRecorded'
  | 'PausedAtStep'
  | 'PausedBeforeSwitch'
  | 'StepCompleted'
  | 'Promoted'
  | 'ScalingReplicaSet'
  | 'SwitchingService'
  | 'ShiftingTraffic'
  | 'TrafficRefused'
  | 'TrafficMoves'
  | 'WaitingForPods'
  | 'StartingAnalysis'
  | 'AnalysisNotStarted'
  | 'WaitingForAnalysis'
  | 'StartingExperiment'
  | 'ExperimentNotStarted'
  | 'WaitingForExperiment'
  | 'RestartingPods';

/** Codes of Experiment decisions. */
export type ExperimentReasonCode = 'ExperimentSettled' | 'ExperimentInvalid' | 'ExperimentRunning';

/** Codes of AnalysisRun decisions. */
export type AnalysisReasonCode =
  | 'RunCompleted'
  | 'RunInvalid'
  | 'MeasurementDue'
  | 'MeasurementWaiting';

export type ReasonCode = RolloutReasonCode | ExperimentReasonCode | AnalysisReasonCode;

export interface Reason {
  readonly code: ReasonCode;
  /** A whole sentence for people: what is waited for or was done, on which object. */
  readonly message: string;
}
