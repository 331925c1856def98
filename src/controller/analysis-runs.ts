// The snapshot of an AnalysisRun: the run and the answers that have come for it.
import { ANALYSIS_RUNS } from '../api/resources.ts';
import { decide } from '../core/analysis/decide.ts';
import type { Kind } from './kind.ts';
import type { SnapshotPorts } from './rollouts.ts';

export function analysisRunKind(ports: SnapshotPorts): Kind {
  return {
    resource: ANALYSIS_RUNS,
    hasStatusSubresource: false,
    snapshot(namespace, name, memory) {
      const run = ports.caches.analysisRuns.get(namespace, name);
      if (run === undefined || run.metadata.deletionTimestamp !== undefined) return undefined;
      const world = { run, answers: memory.answers };
      return {
        ref: { resource: ANALYSIS_RUNS, namespace, name },
        object: run,
        status: run.status,
        world,
        memory,
        decide: (now) => decide(world, now),
        onCarriedOut: () => undefined,
      };
    },
  };
}
