// An analysis `check` whose one metric answers what a test says.
import type { AnalysisRun } from '../../../src/api/analysis.ts';
import type { Transport } from '../../../src/lib/ports.ts';
import { json } from '../../support/scripted-server.ts';
import type { Web } from '../web.ts';

/** Good at 1, bad at 0, unclear between. */
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
        provider: { prometheus: { address: 'http://metrics:9090', query: 'q' } },
      },
    ],
  },
};

export const GATE = { templates: [{ templateName: 'check' }] };

/** A metric source that answers with `state.value`. */
export function answering(state: { value: number }): Transport {
  return () => {
    const result = [{ metric: {}, value: [0, String(state.value)] }];
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
