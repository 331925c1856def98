// A template `check` whose verdict a test can turn, and the metric source that it asks.
import type { AnalysisRun } from '../../src/api/analysis.ts';
import type { Transport } from '../../src/lib/ports.ts';
import { json } from '../support/scripted-server.ts';
import type { Web } from './web.ts';

/** 1 succeeds, 0 fails, anything between is inconclusive. */
export interface Verdict {
  value: number;
}

const PROVIDER = { prometheus: { address: 'http://metrics:9090', query: 'q' } };

/** One measurement decides. */
export const CHECK = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'AnalysisTemplate',
  metadata: { name: 'check', namespace: 'default' },
  spec: {
    metrics: [
      {
        name: 'rate',
        count: 1,
        successCondition: 'result[0] == 1',
        failureCondition: 'result[0] == 0',
        provider: PROVIDER,
      },
    ],
  },
};

/** The same every ten seconds, without an end. */
export const WATCH = {
  ...CHECK,
  metadata: { name: 'watch', namespace: 'default' },
  spec: {
    metrics: [
      {
        name: 'rate',
        interval: '10s',
        successCondition: 'result[0] == 1',
        failureCondition: 'result[0] == 0',
        provider: PROVIDER,
      },
    ],
  },
};

export const GATE = { templates: [{ templateName: 'check' }] };
export const GUARD = { templates: [{ templateName: 'watch' }] };

/** A metric source that answers with the verdict's value. */
export function metricsOf(verdict: Verdict): Transport {
  return () => {
    const result = [{ metric: {}, value: [0, String(verdict.value)] }];
    return Promise.resolve(
      json(200, { status: 'success', data: { resultType: 'vector', result } }),
    );
  };
}

/** AnalysisRuns, by name. */
export function runsOf({ cluster }: Web): readonly AnalysisRun[] {
  return cluster.sandbox.store.list(
    'argoproj.io/analysisruns',
    'default',
  ) as readonly AnalysisRun[];
}
