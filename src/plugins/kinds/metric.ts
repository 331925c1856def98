// Metric plugins: measurements that a plugin takes (providers.md 13). Entry point: `measurePlugin`.
import type { AnalysisRun, Measurement, Metric } from '../../api/analysis.ts';
import type { Json } from '../../api/object.ts';
import type { Cancel } from '../../lib/ports.ts';
import { PluginError, textOf } from '../plugin-error.ts';
import type { Plugins } from '../plugins.ts';

export interface PluginMeasuring {
  readonly run: AnalysisRun;
  /** With all arguments filled in. */
  readonly metric: Metric;
  readonly action: 'run' | 'resume' | 'terminate';
  /** The one to go on with. */
  readonly measurement?: Measurement;
  readonly cancel: Cancel;
}

/** A measurement in the plugin's words, or what went wrong. */
export type PluginMeasured =
  | { readonly ok: true; readonly measurement: Measurement }
  | { readonly ok: false; readonly error: string };

const METHODS = {
  run: { method: 'Run', type: 'MetricRunArgs', registered: 'RunArgs' },
  resume: {
    method: 'Resume',
    type: 'TerminateAndResumeArgs',
    registered: 'TerminateAndResumeArgs',
  },
  terminate: {
    method: 'Terminate',
    type: 'TerminateAndResumeArgs',
    registered: 'TerminateAndResumeArgs',
  },
} as const;

/** What comes before the reason when a plugin cannot be had. */
const CANNOT_HAVE =
  'failed to create plugin: unable to get metric plugin: unable to start plugin system: ';

/** The name of the plugin that a metric is measured by. */
export function metricPluginName(metric: Metric): string {
  return Object.keys(metric.provider.plugin ?? {})[0] ?? '';
}

/** Never throws: what stands in the way is the outcome. */
export async function measurePlugin(
  plugins: Plugins,
  measuring: PluginMeasuring,
): Promise<PluginMeasured> {
  const { run, metric, action, measurement, cancel } = measuring;
  const { method, type, registered } = METHODS[action];
  const value = {
    analysisRun: run,
    metric,
    ...(measurement === undefined ? {} : { measurement }),
  } as unknown as Json;
  try {
    const answer = (await plugins.call({
      kind: 'metric',
      name: metricPluginName(metric),
      method,
      argument: { type, registered, value },
      answer: 'Measurement',
      cancel,
    })) as unknown as Measurement;
    if (answer.phase !== 'Error') return { ok: true, measurement: answer };
    return { ok: false, error: `failed to ${action} via plugin: ${answer.message ?? ''}` };
  } catch (error) {
    if (!(error instanceof PluginError)) throw error;
    const isUnavailable = error.kind === 'unavailable';
    const text = textOf(error);
    return {
      ok: false,
      error: isUnavailable ? `${CANNOT_HAVE}${text}` : `${method} rpc call error: ${text}`,
    };
  }
}

/** What a plugin wants to be kept with its metric; a failure is kept as such. */
export async function pluginMetadata(
  plugins: Plugins,
  metric: Metric,
  cancel: Cancel,
): Promise<Readonly<Record<string, string>>> {
  try {
    const answer = await plugins.call({
      kind: 'metric',
      name: metricPluginName(metric),
      method: 'GetMetadata',
      argument: {
        type: 'GetMetadataArgs',
        registered: 'GetMetadataArgs',
        value: { metric } as unknown as Json,
      },
      answer: 'map[string]string',
      cancel,
    });
    const metadata = answer as Readonly<Record<string, string>>;
    const { error } = metadata;
    if (error === undefined || error === '') return metadata;
    return { ...metadata, error: `failed to get metadata via plugin: ${error}` };
  } catch (error) {
    if (!(error instanceof PluginError)) throw error;
    return { error: `GetMetadata rpc call error: ${textOf(error)}` };
  }
}

/** Tells the plugin how many measurements are kept; its refusal is thrown as an Error. */
async function collectGarbage(
  plugins: Plugins,
  { run, metric, cancel }: Omit<PluginMeasuring, 'action' | 'measurement'>,
  limit: number,
): Promise<void> {
  const answer = (await plugins.call({
    kind: 'metric',
    name: metricPluginName(metric),
    method: 'GarbageCollect',
    argument: {
      type: 'GarbageCollectArgs',
      registered: 'GarbageCollectArgs',
      value: { analysisRun: run, metric, limit } as unknown as Json,
    },
    answer: 'RpcError',
    cancel,
  })) as { readonly errorString?: string };
  const refusal = answer.errorString ?? '';
  if (refusal !== '')
    throw new PluginError('refused', `failed to garbage collect via plugin: ${refusal}`);
}

/** Plugins as the metric provider asks for them. */
export interface MeasuringPlugins {
  measure(measuring: PluginMeasuring): Promise<PluginMeasured>;
  metadata(metric: Metric, cancel: Cancel): Promise<Readonly<Record<string, string>>>;
  collectGarbage(
    subject: Omit<PluginMeasuring, 'action' | 'measurement'>,
    keep: number,
  ): Promise<void>;
}

/** `onProblem` is told what is of no consequence for a measurement. */
export function measuringPlugins(
  plugins: Plugins,
  onProblem: (text: string) => void,
): MeasuringPlugins {
  return {
    measure: (measuring) => measurePlugin(plugins, measuring),
    metadata: (metric, cancel) => pluginMetadata(plugins, metric, cancel),
    collectGarbage: async (subject, keep) => {
      try {
        await collectGarbage(plugins, subject, keep);
      } catch (error) {
        if (!(error instanceof PluginError)) throw error;
        onProblem(error.message);
      }
    },
  };
}
