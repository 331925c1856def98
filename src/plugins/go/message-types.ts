// Arguments and answers of the three plugin kinds, in the words of reference-types.ts.

export const MESSAGE_TYPES: Readonly<Record<string, string>> = {
  MetricRunArgs: 'AnalysisRun AnalysisRun, Metric Metric',
  TerminateAndResumeArgs: 'AnalysisRun AnalysisRun, Metric Metric, Measurement Measurement',
  GarbageCollectArgs: 'AnalysisRun AnalysisRun, Metric Metric, Limit int',
  GetMetadataArgs: 'Metric Metric',
  RpcStepContext: 'PluginName string, Config json, Status json',
  RpcStepResult: 'Phase string, Message string, RequeueAfter int, Status json',
  StepArgs: 'Rollout Rollout, Context RpcStepContext',
  StepResponse: 'Result RpcStepResult, Error RpcError',
  RpcError: 'ErrorString string',
  UpdateHashArgs:
    'Rollout Rollout, CanaryHash string, StableHash string, AdditionalDestinations []WeightDestination',
  SetWeightAndVerifyWeightArgs:
    'Rollout Rollout, DesiredWeight int, AdditionalDestinations []WeightDestination',
  SetHeaderArgs: 'Rollout Rollout, SetHeaderRoute SetHeaderRoute',
  SetMirrorArgs: 'Rollout Rollout, SetMirrorRoute SetMirrorRoute',
  RemoveManagedRoutesArgs: 'Rollout Rollout',
  VerifyWeightResponse: 'Verified int, Err RpcError',
};
