// Phase and message of a Rollout from its next status (rollout.md 7.5); the first row that fits.
import type { BlueGreenStrategy, Rollout, RolloutStatus } from '../../api/rollout.ts';
import { blueGreenOf, desiredReplicas, isRouted } from './limits.ts';
import { isCompleted as isEnded } from '../analysis/assess.ts';
import { isCompleted } from './pass.ts';

export interface Phase {
  readonly phase: 'Healthy' | 'Progressing' | 'Paused' | 'Degraded';
  readonly message: string;
}

const BAD_REASONS: ReadonlySet<string> = new Set(['RolloutAborted', 'ProgressDeadlineExceeded']);

function degraded({ conditions = [] }: RolloutStatus): Phase | undefined {
  for (const { type, reason, message } of conditions) {
    if (type === 'InvalidSpec') return { phase: 'Degraded', message: `InvalidSpec: ${message}` };
    if (BAD_REASONS.has(reason)) return { phase: 'Degraded', message: `${reason}: ${message}` };
  }
  return undefined;
}

export function phaseOf(rollout: Rollout, status: RolloutStatus): Phase {
  const bad = degraded(status);
  if (bad !== undefined) return bad;
  if (rollout.spec.paused === true) return { phase: 'Paused', message: 'manually paused' };
  const [pause] = status.pauseConditions ?? [];
  if (pause !== undefined) return { phase: 'Paused', message: pause.reason };
  const message = progress(rollout, status);
  return message === undefined
    ? { phase: 'Healthy', message: '' }
    : { phase: 'Progressing', message };
}

/**
 * With a router: healthy only once all traffic has reached the lane of the stable set, and that lane names it
 * (observed-defects 8, decision 0006).
 */
export function routedPhaseOf(rollout: Rollout, status: RolloutStatus): Phase {
  const known = phaseOf(rollout, status);
  const weights = status.canary?.weights;
  if (known.phase !== 'Healthy' || weights === undefined) return known;
  const { canary, stable } = weights;
  const isThere = canary.weight === 0 && (stable.podTemplateHash ?? '') === status.stableRS;
  return isThere
    ? known
    : { phase: 'Progressing', message: 'waiting for all traffic to reach the stable service' };
}

/** What an update still waits for. */
function progress(rollout: Rollout, status: RolloutStatus): string | undefined {
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = status;
  const { restartAt } = rollout.spec;
  if (restartAt !== undefined && restartAt !== status.restartedAt) return 'rollout is restarting';
  if (updatedReplicas < desiredReplicas(rollout)) return 'more replicas need to be updated';
  if (availableReplicas < updatedReplicas) return 'updated replicas are still becoming available';
  const blueGreen = blueGreenOf(rollout);
  if (blueGreen !== undefined) return blueGreenProgress(blueGreen, status);
  if (!isRouted(rollout) && replicas > updatedReplicas) {
    return 'old replicas are pending termination';
  }
  return isCompleted(status) ? undefined : 'waiting for all steps to complete';
}

function blueGreenProgress(
  { postPromotionAnalysis }: BlueGreenStrategy,
  status: RolloutStatus,
): string | undefined {
  const { activeSelector = '', postPromotionAnalysisRunStatus: run } = status.blueGreen ?? {};
  if (activeSelector === '' || activeSelector !== (status.currentPodHash ?? '')) {
    return 'active service cutover pending';
  }
  if (isCompleted(status)) return undefined;
  const isAnalysed = postPromotionAnalysis === undefined || isEnded(run?.status);
  return isAnalysed
    ? 'waiting for post-promotion verification to complete'
    : 'waiting for analysis to complete';
}
