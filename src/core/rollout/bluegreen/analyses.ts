// The analyses around the switch of a blue-green (rollout.md 9.2). Entry point: `followGates`.
import type { RolloutAnalysis } from '../../../api/rollout.ts';
import { blueGreenOf } from '../limits.ts';
import { isRetry } from '../abort-mark.ts';
import { hasPause, NO_RUNS, type Pass } from '../pass.ts';
import {
  beginRun,
  type Followed,
  hasNoAnalysis,
  needsNewRun,
  settleRuns,
  storedRun,
} from '../runs.ts';
import { hashOf, isSaturated } from '../sets.ts';
import { isReady } from './gates.ts';

type Gate = 'PrePromotion' | 'PostPromotion';

interface GateOf {
  readonly type: Gate;
  readonly analysis: RolloutAnalysis | undefined;
  /** This is the time for it. */
  readonly isDue: boolean;
  /** The pods are there; needed only to begin. */
  readonly isReady: boolean;
}

/** False: a run cannot be made from its templates; the pass goes no further. */
export function followGates(pass: Pass): boolean {
  const { draft } = pass;
  const pre = followed(pass, preGate(pass));
  const post = followed(pass, postGate(pass));
  for (const one of [pre, post]) {
    if (!('error' in one)) continue;
    draft.reasons.unshift({ code: 'AnalysisNotStarted', message: one.error });
    return false;
  }
  const isOver = hasNoAnalysis(pass);
  const current = [pre, post].map((one) => ('run' in one ? one : undefined));
  settleRuns(
    pass,
    { ...NO_RUNS, PrePromotion: current[0]?.run, PostPromotion: current[1]?.run },
    { isOver, alive: current.map((one) => (one?.isAlive === true ? one.run : undefined)) },
  );
  return true;
}

function preGate(pass: Pass): GateOf {
  const { rollout, stored, sets } = pass;
  const active = stored.blueGreen?.activeSelector ?? '';
  const { previewReplicaCount } = blueGreenOf(rollout) ?? {};
  return {
    type: 'PrePromotion',
    analysis: blueGreenOf(rollout)?.prePromotionAnalysis,
    isDue: active !== '' && active !== hashOf(sets.newSet),
    isReady:
      previewReplicaCount === undefined ? isSaturated(sets.newSet, pass.replicas) : isReady(pass),
  };
}

/** A pass after the switch: what the stored status says of the active Service counts. */
function postGate({ rollout, stored, sets, replicas }: Pass): GateOf {
  return {
    type: 'PostPromotion',
    analysis: blueGreenOf(rollout)?.postPromotionAnalysis,
    isDue: (stored.blueGreen?.activeSelector ?? '') === hashOf(sets.newSet),
    isReady: isSaturated(sets.newSet, replicas),
  };
}

type Kept = Followed & { readonly isAlive?: boolean };

/** A run that is over is ended, and stays in the status. A retry forgets it and begins anew once the pods are there. */
function followed(pass: Pass, gate: GateOf): Kept {
  const current = isRetry(pass) ? undefined : storedRun(pass, gate.type);
  const { analysis } = gate;
  const isWanted = (analysis?.templates ?? []).length > 0 && gate.isDue && !hasNoAnalysis(pass);
  if (analysis === undefined || !isWanted) return { run: current, isAlive: false };
  if (hasPause(pass, 'InconclusiveAnalysisRun') || !gate.isReady || !needsNewRun(pass, current)) {
    return { run: current, isAlive: true };
  }
  return { ...beginRun(pass, analysis, { type: gate.type }), isAlive: true };
}
