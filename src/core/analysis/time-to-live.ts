// What is left to do for a completed run: wait for its time to live (analysis.md 8.4).
import type { AnalysisRunStatus } from '../../api/analysis.ts';
import { ANALYSIS_RUNS } from '../../api/resources.ts';
import { type Instant, later, parseInstant, seconds } from '../../lib/time.ts';
import type { Decision, Write } from '../decision.ts';
import type { AnalysisWorld } from './world.ts';

/** A completed run is deleted once its time to live has passed (analysis.md 8.4). */
export function completedDecision(
  { run }: AnalysisWorld,
  status: AnalysisRunStatus,
  now: Instant,
): Decision<AnalysisRunStatus> {
  const settled = {
    status,
    events: [],
    asks: [],
    reasons: [{ code: 'RunCompleted', message: status.message ?? `the run is ${status.phase}` }],
  } as const;
  const ttl = timeToLive(run.spec.ttlStrategy, status.phase);
  const completedAt = parseInstant(status.completedAt ?? '');
  if (ttl === undefined || completedAt === undefined) return { ...settled, writes: [] };
  const deleteAt = later(completedAt, seconds(ttl + 1));
  if (now < deleteAt) return { ...settled, writes: [], requeueAt: deleteAt };
  const { name, namespace = '', uid = '', resourceVersion = '' } = run.metadata;
  const ref = { resource: ANALYSIS_RUNS, namespace, name };
  const writes: readonly Write[] = [{ kind: 'delete', ref, uid, resourceVersion, events: [] }];
  return { ...settled, writes };
}

function timeToLive(
  strategy:
    | {
        readonly secondsAfterCompletion?: number;
        readonly secondsAfterFailure?: number;
        readonly secondsAfterSuccess?: number;
      }
    | undefined,
  phase: string,
): number | undefined {
  if (phase === 'Successful' && strategy?.secondsAfterSuccess !== undefined) {
    return strategy.secondsAfterSuccess;
  }
  if (phase === 'Failed' && strategy?.secondsAfterFailure !== undefined) {
    return strategy.secondsAfterFailure;
  }
  return strategy?.secondsAfterCompletion;
}
