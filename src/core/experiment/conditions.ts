// Conditions of an Experiment (experiment.md 3, 9).
import type { ExperimentCondition, ExperimentStatus } from '../../api/experiment.ts';
import { formatInstant, type Instant } from '../../lib/time.ts';

type Conditions = readonly ExperimentCondition[];

export interface Wanted {
  readonly type: string;
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}

/** The list with that condition; the same status and reason again change nothing unless `isRewritten`. */
export function withCondition(
  conditions: Conditions,
  wanted: Wanted,
  { now, isRewritten = false }: { readonly now: Instant; readonly isRewritten?: boolean },
): Conditions {
  const current = conditions.find((condition) => condition.type === wanted.type);
  const isSame = current?.status === wanted.status && current.reason === wanted.reason;
  if (isSame && !isRewritten) return conditions;
  const at = formatInstant(now);
  const since = current?.status === wanted.status ? current.lastTransitionTime : at;
  const next = { ...wanted, lastUpdateTime: at, lastTransitionTime: since };
  return [...conditions.filter((condition) => condition.type !== wanted.type), next];
}

export function withoutCondition(conditions: Conditions, type: string): Conditions {
  return conditions.filter((condition) => condition.type !== type);
}

export interface ProgressFacts {
  readonly name: string;
  readonly phase: string;
  /** A template came or one of its counters changed in this pass. */
  readonly hasMoved: boolean;
  readonly stored: ExperimentStatus;
  readonly hasPassedDuration: boolean;
}

/** The condition `Progressing`; undefined leaves it as it is. */
export function progressing(facts: ProgressFacts): Wanted | undefined {
  const subject = `Experiment "${facts.name}"`;
  if (facts.phase === 'Successful') {
    const message = `${subject} has successfully ran and completed.`;
    return { type: 'Progressing', status: 'False', reason: 'ExperimentCompleted', message };
  }
  if (facts.hasMoved) {
    const message = `${subject} is progressing.`;
    return { type: 'Progressing', status: 'True', reason: 'ReplicaSetUpdated', message };
  }
  if (facts.stored.availableAt === undefined || facts.hasPassedDuration) return undefined;
  const message = `${subject} is running.`;
  return { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable', message };
}
