// A template `check` whose verdict a test can turn, and the metric source that it asks.
import type { KubeObject } from '../../src/api/object.ts';
import { bodyOf, utf8 } from '../../src/lib/bytes.ts';
import type { Transport } from '../../src/lib/ports.ts';

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
} as KubeObject;

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
} as KubeObject;

export const GATE = { templates: [{ templateName: 'check' }] };
export const GUARD = { templates: [{ templateName: 'watch' }] };

/** A metric source that answers with the verdict's value. */
export function metricsOf(verdict: Verdict): Transport {
  return () => {
    const result = [{ metric: {}, value: [0, String(verdict.value)] }];
    const body = JSON.stringify({ status: 'success', data: { resultType: 'vector', result } });
    const headers = { 'content-type': 'application/json' };
    return Promise.resolve({ status: 200, headers, body: bodyOf(utf8(body)) });
  };
}
