// One measurement by whichever provider a metric names (providers.md 1.1). Entry point: `measureWith`.
import type { Metric } from '../api/analysis.ts';
import type { Cancel } from '../lib/ports.ts';
import { measurePrometheus } from './prometheus.ts';
import type { Measured, ProviderPorts } from './provider.ts';

/** Providers that are not built yet, in the order in which a metric with several would be served. */
const LATER = [
  'job',
  'kayenta',
  'web',
  'datadog',
  'wavefront',
  'newRelic',
  'cloudWatch',
  'graphite',
  'influxdb',
  'skywalking',
  'plugin',
] as const;

/** Takes the measurement; failures of the outside are measurements with an error, never thrown. */
export function measureWith(
  ports: ProviderPorts,
): (provider: Metric['provider'], metricName: string, cancel: Cancel) => Promise<Measured> {
  return async (provider, metricName, cancel) => {
    const now = ports.clock.now();
    const { prometheus } = provider;
    if (prometheus !== undefined) return measurePrometheus(ports, prometheus, cancel);
    const found = LATER.find((name) => provider[name] !== undefined);
    const error =
      found === undefined
        ? `no valid provider in metric '${metricName}'`
        : `the provider ${found} is not in this version of Slipway yet: use prometheus`;
    return { startedAt: now, finishedAt: now, error };
  };
}
