// One measurement by whichever provider a metric names (providers.md 1.1). Entry point: `measureWith`.
import type { Metric } from '../api/analysis.ts';
import type { Cancel } from '../lib/ports.ts';
import { measurePrometheus } from './prometheus.ts';
import { measureJob } from './job.ts';
import { measureByPlugin, type PluginSubject } from './plugin.ts';
import type { Measured, ProviderPorts, Taking } from './provider.ts';
import { measureWeb } from './web.ts';

/** Providers that are not built yet, in the order in which a metric with several would be served. */
const LATER = [
  'kayenta',
  'datadog',
  'wavefront',
  'newRelic',
  'cloudWatch',
  'graphite',
  'influxdb',
  'skywalking',
] as const;

/** What is to be measured, with all arguments filled in. */
export interface MeasureRequest extends Taking {
  readonly provider: Metric['provider'];
  /** Whether to find out why there is no data, if there is none. */
  readonly explainsAbsence: boolean;
  /** Whole, for a plugin. */
  readonly plugin?: PluginSubject;
}

/**
 * Takes the measurement. Failures of the outside are measurements with an error; only an API server that does not answer
 * for a Job is thrown, to be asked again.
 */
export function measureWith(
  ports: ProviderPorts,
): (request: MeasureRequest, cancel: Cancel) => Promise<Measured> {
  return async ({ provider, explainsAbsence, plugin, ...taking }, cancel) => {
    const now = ports.clock.now();
    const { prometheus, job, web } = provider;
    if (prometheus !== undefined) {
      return measurePrometheus(ports, prometheus, { cancel, explainsAbsence });
    }
    if (job !== undefined) return measureJob(ports, job, { taking, cancel });
    if (web !== undefined) return measureWeb(ports, web, { cancel });
    const found = LATER.find((name) => provider[name] !== undefined);
    if (found === undefined && plugin !== undefined) {
      return measureByPlugin(ports, { subject: plugin, taking, cancel });
    }
    const error =
      found === undefined
        ? `no valid provider in metric '${taking.metricName}'`
        : `the provider ${found} is not in this version of Slipway yet: use prometheus, web, job or plugin`;
    return { startedAt: now, finishedAt: now, error };
  };
}
