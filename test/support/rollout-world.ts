// The world of a Rollout that owns and names nothing, for tests of one stage of its decision.
import type { Rollout } from '../../src/api/rollout.ts';
import type { RolloutWorld } from '../../src/core/rollout/world.ts';

/** `hash` is that of the current template. */
export function worldOf(
  rollout: Rollout,
  hash: string,
  more: Partial<RolloutWorld> = {},
): RolloutWorld {
  return {
    rollout,
    replicaSets: [],
    analysisRuns: [],
    experiments: [],
    services: [],
    virtualServices: [],
    destinationRules: [],
    managedObjects: [],
    analysisTemplates: [],
    clusterAnalysisTemplates: [],
    hashes: { podTemplate: hash, podTemplateCurrent: hash, steps: '' },
    problem: undefined,
    taken: [],
    refused: [],
    answers: [],
    firstSeen: false,
    ...more,
  };
}
