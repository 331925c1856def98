// What `get` adds to the tree where measurements had no data: one line each, newest runs first. An addition of ours; it is
// kept apart from the tree, so that what scripts read stays as it is. Entry point: `noDataLines`.
import type { AnalysisRun } from '../api/analysis.ts';
import { absenceText, NO_DATA } from '../api/no-data.ts';
import type { KubeObject } from '../api/object.ts';
import { type Family, ownedBy } from './family.ts';

const MOST_RUNS = 3;
const QUERY = 'ResolvedPrometheusQuery';

/** Lines about the runs of the object, and of its experiments; empty if all measurements had data. */
export function noDataLines(object: KubeObject, family: Family): readonly string[] {
  const experiments = ownedBy(family.experiments, object);
  return [object, ...experiments]
    .flatMap((owner) => ownedBy(family.analysisRuns, owner))
    .map((run) => ({ created: run.metadata.creationTimestamp ?? '', lines: linesOf(run) }))
    .filter(({ lines }) => lines.length > 0)
    .toSorted((a, b) => Number(a.created < b.created) - Number(a.created > b.created))
    .slice(0, MOST_RUNS)
    .flatMap(({ lines }) => lines);
}

/** The newest reason of each metric. */
function linesOf(run: AnalysisRun): readonly string[] {
  return (run.status?.metricResults ?? []).flatMap(({ name, measurements = [], metadata }) => {
    const without = measurements.findLast((one) => one.metadata?.[NO_DATA] !== undefined);
    const reason = without?.metadata?.[NO_DATA];
    if (reason === undefined) return [];
    const at = without?.startedAt ?? '';
    const text = absenceText({ metric: name, at, reason, query: metadata?.[QUERY] ?? '' });
    return [`AnalysisRun ${run.metadata.name}: ${text}`];
  });
}
