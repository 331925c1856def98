// A Rollout whose spec or references make no sense: one condition, and nothing else moves (rollout.md 10.4). Only its
// deadline runs on.
import { warning } from '../events.ts';
import type { RolloutStatus } from '../../api/rollout.ts';
import type { EventNote } from '../decision.ts';
import { conditionOf, replaced, wanted } from './conditions.ts';
import { invalidMessage } from './progress.ts';
import type { Pass } from './pass.ts';
import type { RolloutProblem } from './validation/problem.ts';
import { frozenStatus, withPhase } from './tail.ts';

export function invalidStatus(pass: Pass, problem: RolloutProblem): RolloutStatus {
  return frozenStatus(pass, toldStatus(pass, problem));
}

function toldStatus(pass: Pass, problem: RolloutProblem): RolloutStatus {
  const { rollout, stored, draft, now } = pass;
  const message = invalidMessage(pass, problem.text);
  draft.reasons.unshift({ code: 'InvalidSpec', message });
  const observedGeneration = String(rollout.metadata.generation ?? 0);
  const before = stored.conditions ?? [];
  if (conditionOf(stored, 'InvalidSpec')?.message === message) {
    if (stored.observedGeneration === observedGeneration) return stored;
    return withPhase(pass, { ...stored, observedGeneration, conditions: before });
  }
  draft.events.push(...newProblemEvents(pass, problem, message));
  const condition = wanted('InvalidSpec', 'True', 'InvalidSpec', message);
  const conditions = replaced(before, condition, now);
  return withPhase(pass, { ...stored, observedGeneration, conditions });
}

/** What was there and has gone is told at once (observed-defects 9). */
function newProblemEvents(
  { stored }: Pass,
  { isReference, event }: RolloutProblem,
  message: string,
): readonly EventNote[] {
  const isLoss = isReference && (stored.currentPodHash ?? '') !== '';
  return [
    ...(isLoss ? [warning('InvalidSpec', message)] : []),
    ...(event === undefined ? [] : [event]),
  ];
}
