// A Rollout whose spec or references make no sense: one condition, and nothing else moves (rollout.md 10.4).
import type { RolloutStatus } from '../../api/rollout.ts';
import { conditionOf, replaced, wanted } from './conditions.ts';
import type { Pass } from './pass.ts';
import { withPhase } from './tail.ts';

export function invalidStatus(pass: Pass, problem: string): RolloutStatus {
  const { rollout, stored, draft, now } = pass;
  const message = `The Rollout "${rollout.metadata.name}" is invalid: ${problem}`;
  draft.reasons.unshift({ code: 'InvalidSpec', message });
  const observedGeneration = String(rollout.metadata.generation ?? 0);
  const current = conditionOf(stored, 'InvalidSpec');
  if (current?.message === message && stored.observedGeneration === observedGeneration) {
    return stored;
  }
  const condition = wanted('InvalidSpec', 'True', 'InvalidSpec', message);
  const conditions =
    current?.message === message
      ? (stored.conditions ?? [])
      : replaced(stored.conditions ?? [], condition, now);
  return withPhase(pass, { ...stored, observedGeneration, conditions });
}
