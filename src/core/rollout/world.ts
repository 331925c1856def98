// Everything a Rollout's decision may look at: one snapshot, nothing else is read.
import type { KubeObject } from '../../api/object.ts';
import type { AnalysisRun, AnalysisTemplate, ClusterAnalysisTemplate } from '../../api/analysis.ts';
import type { Experiment } from '../../api/experiment.ts';
import type { ReplicaSet, Service } from '../../api/kubernetes.ts';
import type { Rollout } from '../../api/rollout.ts';
import type { Duration } from '../../lib/time.ts';
import type { Answer, Refusal } from '../decision.ts';
import type { RolloutProblem } from './validation/problem.ts';
import type { Workload } from './workload.ts';

/** The Rollout and the objects that its spec names: what decides whether it can be driven at all. */
export type NamedObjects = Pick<
  RolloutWorld,
  | 'rollout'
  | 'workload'
  | 'services'
  | 'virtualServices'
  | 'destinationRules'
  | 'analysisTemplates'
  | 'clusterAnalysisTemplates'
  | 'routerObjects'
>;

export interface RolloutWorld {
  readonly rollout: Rollout;
  /** All ReplicaSets of the namespace that this Rollout owns, and orphans its selector matches (2.9). */
  readonly replicaSets: readonly ReplicaSet[];
  /** AnalysisRuns and Experiments with a controller reference to this Rollout. */
  readonly analysisRuns: readonly AnalysisRun[];
  readonly experiments: readonly Experiment[];
  /** Services, VirtualServices and DestinationRules that the spec names and that exist. */
  readonly services: readonly Service[];
  readonly virtualServices: readonly KubeObject[];
  readonly destinationRules: readonly KubeObject[];
  /** Ingresses, Mappings and App Mesh's objects that the spec names and that exist; absent if it names none. */
  readonly routerObjects?: readonly KubeObject[];
  /** Services and DestinationRules that this Rollout has pointed at its sets, named or not. */
  readonly managedObjects: readonly KubeObject[];
  /** Templates that the spec names, and those that they name, as far as they exist. */
  readonly analysisTemplates: readonly AnalysisTemplate[];
  readonly clusterAnalysisTemplates: readonly ClusterAnalysisTemplate[];
  /** What workloadRef names; its template and selector are in `rollout` already. Absent without a workloadRef. */
  readonly workload?: Workload;
  /** What is dear to compute: made by the shell once per template and once per steps list (2.1, 2.7). */
  readonly hashes: {
    /** Name of a new set: the form with `creationTimestamp: null` (2.2). */
    readonly podTemplate: string;
    /** The form of newer releases; sets that carry it are recognised too. */
    readonly podTemplateCurrent: string;
    readonly steps: string;
  };
  /** What is wrong with the spec or with what it names: `rolloutProblem` of this world, as dear as the hashes. */
  readonly problem: RolloutProblem | undefined;
  /** Objects that hold a name this Rollout wanted to create, seen after a refused create. */
  readonly taken: readonly KubeObject[];
  /** Objects that this Rollout wanted to create and could not: told once, and tried again after a while. */
  readonly refused: readonly Refusal[];
  /** Answers to earlier asks. */
  readonly answers: readonly Answer[];
  /** How late the data plane may learn of a change (traffic.md 7); absent or 0: at once. */
  readonly propagationDelay?: Duration;
  /** Whether a condition that a controller instance adds at first sight is due (event RolloutAddedToInformer). */
  readonly firstSeen: boolean;
}
