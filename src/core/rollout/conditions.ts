// The list of a Rollout's conditions and the rule by which it changes (rollout.md 7.1).
import type { RolloutCondition, RolloutStatus } from '../../api/rollout.ts';
import type { ConditionText, ConditionTypeOf } from '../conditions.ts';
import { formatInstant, type Instant } from '../../lib/time.ts';

export type Conditions = readonly RolloutCondition[];
export type ConditionType = ConditionTypeOf<'Rollout'>;

export interface WantedCondition {
  readonly type: ConditionType;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

export function conditionOf(
  { conditions = [] }: Pick<RolloutStatus, 'conditions'>,
  type: ConditionType,
): RolloutCondition | undefined {
  return conditions.find((condition) => condition.type === type);
}

export function wanted(
  ...[type, status, reason, message]: ConditionText<'Rollout'>
): WantedCondition {
  return { type, status, reason, message };
}

/** Same status and reason: nothing changes, message included. Otherwise it moves to the end of the list. */
export function withCondition(
  conditions: Conditions,
  condition: WantedCondition,
  now: Instant,
): Conditions {
  const current = conditions.find((one) => one.type === condition.type);
  if (current?.status === condition.status && current.reason === condition.reason) {
    return conditions;
  }
  return replaced(conditions, condition, now);
}

/** Replaces it in any case, with a fresh lastUpdateTime; since when it holds is kept if the status is the same. */
export function replaced(
  conditions: Conditions,
  condition: WantedCondition,
  now: Instant,
): Conditions {
  const current = conditions.find((one) => one.type === condition.type);
  const at = formatInstant(now);
  const since =
    current !== undefined && current.status === condition.status ? current.lastTransitionTime : at;
  const next = { ...condition, lastUpdateTime: at, lastTransitionTime: since };
  return [...without(conditions, condition.type), next];
}

export function without(conditions: Conditions, type: ConditionType): Conditions {
  return conditions.some((one) => one.type === type)
    ? conditions.filter((one) => one.type !== type)
    : conditions;
}
