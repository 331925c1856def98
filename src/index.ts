// The public entry: what programs import from the package.
export { crds } from './api/crds.ts';
export { podTemplateHash, stepsHash } from './api/hash.ts';
export { evaluateCondition, type Outcome } from './expr/condition.ts';
export type { ResultValue } from './expr/value.ts';
export type { AnalysisRun, AnalysisTemplate, ClusterAnalysisTemplate } from './api/analysis.ts';
export type { Experiment } from './api/experiment.ts';
export type { Rollout } from './api/rollout.ts';
