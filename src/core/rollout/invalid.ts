// A Rollout whose spec or references make no sense: one condition, and nothing else moves (rollout.md 10.4).
import type { RolloutStatus } from '../../api/rollout.ts';
import { conditionOf, replaced, wanted } from './conditions.ts';
import { invalidMessage } from './progress.ts';
import { type Pass, warning } from './pass.ts';
import type { RolloutProblem } from './validation/problem.ts';
import { withPhase } from './tail.ts';

export function invalidStatus(
  pass: Pass,
  { text, isReference, event }: RolloutProblem,
): RolloutStatus {
  const { rollout, stored, draft, now } = pass;
  const message = invalidMessage(pass, text);
  draft.reasons.unshift({ code: 'InvalidSpec', message });
  const observedGeneration = String(rollout.metadata.generation ?? 0);
  const current = conditionOf(stored, 'InvalidSpec');
  if (current?.message === message && stored.observedGeneration === observedGeneration) {
    return stored;
  }
  // What was there and has gone is told at once (observed-defects 9).
  if (isReference && (stored.currentPodHash ?? '') !== '' && current?.message !== message) {
    draft.events.push(warning('InvalidSpec', message));
  }
  if (event !== undefined && current?.message !== message) draft.events.push(event);
  const condition = wanted('InvalidSpec', 'True', 'InvalidSpec', message);
  const conditions =
    current?.message === message
      ? (stored.conditions ?? [])
      : replaced(stored.conditions ?? [], condition, now);
  return withPhase(pass, { ...stored, observedGeneration, conditions });
}
