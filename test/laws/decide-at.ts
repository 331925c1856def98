// The `decide` of a kind, on any world of it.
import type { ResourceType } from '../../src/api/object.ts';
import { ANALYSIS_RUNS, EXPERIMENTS } from '../../src/api/resources.ts';
import { decide as decideRun } from '../../src/core/analysis/decide.ts';
import type { AnalysisWorld } from '../../src/core/analysis/world.ts';
import type { Decision } from '../../src/core/decision.ts';
import { decide as decideExperiment } from '../../src/core/experiment/decide.ts';
import type { ExperimentWorld } from '../../src/core/experiment/world.ts';
import { decide as decideRollout } from '../../src/core/rollout/decide.ts';
import type { RolloutWorld } from '../../src/core/rollout/world.ts';
import type { Instant } from '../../src/lib/time.ts';

export function decideAt(resource: ResourceType, world: unknown, now: Instant): Decision<unknown> {
  if (resource === ANALYSIS_RUNS) return decideRun(world as AnalysisWorld, now);
  if (resource === EXPERIMENTS) return decideExperiment(world as ExperimentWorld, now);
  return decideRollout(world as RolloutWorld, now);
}
