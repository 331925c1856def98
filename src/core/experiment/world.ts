// Everything an Experiment's decision may look at.
import type { AnalysisRun, AnalysisTemplate, ClusterAnalysisTemplate } from '../../api/analysis.ts';
import type { Experiment } from '../../api/experiment.ts';
import type { ReplicaSet, Service } from '../../api/kubernetes.ts';
import type { KubeObject } from '../../api/object.ts';
import type { Refusal } from '../decision.ts';

export interface ExperimentWorld {
  readonly experiment: Experiment;
  /** ReplicaSets, Services and AnalysisRuns with a controller reference to this Experiment. */
  readonly replicaSets: readonly ReplicaSet[];
  readonly services: readonly Service[];
  readonly analysisRuns: readonly AnalysisRun[];
  /** Templates that the spec names, and those that they name, as far as they exist. */
  readonly analysisTemplates: readonly AnalysisTemplate[];
  readonly clusterAnalysisTemplates: readonly ClusterAnalysisTemplate[];
  /** Pod template hash by template name, with that template's stored collision count (experiment.md 4.1). */
  readonly hashes: Readonly<Record<string, string>>;
  /** Objects that hold a name this Experiment wanted to create, seen after a refused create. */
  readonly taken: readonly KubeObject[];
  /** Objects that this Experiment wanted to create and could not. */
  readonly refused: readonly Refusal[];
}
