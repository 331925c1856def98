// Conditions of an Experiment (experiment.md 3, 9).
import type { ExperimentCondition, ExperimentStatus } from '../../api/experiment.ts';
import type { ConditionText, ConditionTypeOf } from '../conditions.ts';
import { formatInstant, type Instant } from '../../lib/time.ts';

type Conditions = readonly ExperimentCondition[];

export interface Wanted {
  readonly type: ConditionTypeOf<'Experiment'>;
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}

export function wanted(...[type, status, reason, message]: ConditionText<'Experiment'>): Wanted {
  return { type, status, reason, message };
}

/** The list with that condition; the same status and reason again change nothing unless `isRewritten`. */
export function withCondition(
  conditions: Conditions,
  condition: Wanted,
  { now, isRewritten = false }: { readonly now: Instant; readonly isRewritten?: boolean },
): Conditions {
  const current = conditions.find(({ type }) => type === condition.type);
  const isSame = current?.status === condition.status && current.reason === condition.reason;
  if (isSame && !isRewritten) return conditions;
  const at = formatInstant(now);
  const since = current?.status === condition.status ? current.lastTransitionTime : at;
  const next = { ...condition, lastUpdateTime: at, lastTransitionTime: since };
  return [...conditions.filter(({ type }) => type !== condition.type), next];
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
    return wanted('Progressing', 'False', 'ExperimentCompleted', message);
  }
  if (facts.hasMoved) {
    const message = `${subject} is progressing.`;
    return wanted('Progressing', 'True', 'ReplicaSetUpdated', message);
  }
  if (facts.stored.availableAt === undefined || facts.hasPassedDuration) return undefined;
  const message = `${subject} is running.`;
  return wanted('Progressing', 'True', 'NewReplicaSetAvailable', message);
}
