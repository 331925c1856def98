import { describe, expect, it } from 'vitest';
import type { AnalysisRun } from '../api/analysis.ts';
import type { Experiment } from '../api/experiment.ts';
import type { KubeObject } from '../api/object.ts';
import { noDataLines } from './no-data.ts';

const ROLLOUT: KubeObject = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Rollout',
  metadata: { name: 'web', uid: 'u-web' },
};

function owned<T extends KubeObject>(object: KubeObject, uid: string): T {
  const ownerReferences = [{ apiVersion: 'v1', kind: 'Any', name: 'any', uid, controller: true }];
  return { ...object, metadata: { ...object.metadata, ownerReferences } } as unknown as T;
}

function runOf(name: string, uid: string, hour: number, reasons: readonly (string | undefined)[]) {
  const run = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisRun',
    metadata: { name, creationTimestamp: `2026-01-01T0${hour}:00:00Z` },
    spec: { metrics: [] },
    status: {
      phase: 'Running',
      metricResults: [
        {
          name: 'errors',
          phase: 'Running',
          metadata: { ResolvedPrometheusQuery: 'sum(\n  a{b="c"}\n)' },
          measurements: reasons.map((reason, minute) => ({
            phase: 'Failed',
            startedAt: `2026-01-01T0${hour}:0${minute}:00Z`,
            ...(reason === undefined ? {} : { metadata: { NoData: reason } }),
          })),
        },
      ],
    },
  };
  return owned<AnalysisRun>(run, uid);
}

const EMPTY = { replicaSets: [], pods: [], experiments: [], analysisRuns: [] };

describe('noDataLines', () => {
  it('has one line for each metric, with the newest reason, its time and the query in one line', () => {
    const analysisRuns = [runOf('one', 'u-web', 1, ['no a', 'still no a', undefined])];
    expect(noDataLines(ROLLOUT, { ...EMPTY, analysisRuns })).toEqual([
      'AnalysisRun one: metric "errors" had no data at 2026-01-01T01:01:00Z: still no a; ' +
        'query: sum( a{b="c"} )',
    ]);
  });

  it('finds runs of experiments too, and the newest three only', () => {
    const experiment = owned<Experiment>(
      {
        apiVersion: 'argoproj.io/v1alpha1',
        kind: 'Experiment',
        metadata: { name: 'trial', uid: 'u-trial' },
      },
      'u-web',
    );
    const analysisRuns = [
      runOf('oldest', 'u-web', 1, ['no a']),
      runOf('newest', 'u-trial', 4, ['no a']),
      runOf('second', 'u-web', 3, ['no a']),
      runOf('third', 'u-web', 2, ['no a']),
      runOf('of another', 'u-other', 5, ['no a']),
    ];
    const lines = noDataLines(ROLLOUT, { ...EMPTY, experiments: [experiment], analysisRuns });
    expect(lines.map((text) => text.split(':')[0])).toEqual([
      'AnalysisRun newest',
      'AnalysisRun second',
      'AnalysisRun third',
    ]);
  });

  it('says nothing where all measurements had data', () => {
    const analysisRuns = [runOf('one', 'u-web', 1, [undefined])];
    expect(noDataLines(ROLLOUT, { ...EMPTY, analysisRuns })).toEqual([]);
  });
});
