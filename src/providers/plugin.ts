// Metrics that a program of the users' own measures (providers.md 13). How it is spoken to is not known here.
import type { AnalysisRun, Measurement, Metric } from '../api/analysis.ts';
import type { Cancel, Instant } from '../lib/ports.ts';
import { parseInstant } from '../lib/time.ts';
import type { Measured, ProviderPorts, Taking } from './provider.ts';

/** What a plugin is given beside its name. */
export interface PluginSubject {
  readonly run: AnalysisRun;
  /** With all arguments filled in. */
  readonly metric: Metric;
}

/** Plugins as measurements need them. Only what cannot be an outcome is thrown. */
export interface MetricPlugins {
  measure(
    request: PluginSubject & {
      readonly action: 'run' | 'resume' | 'terminate';
      readonly measurement?: Measurement;
      readonly cancel: Cancel;
    },
  ): Promise<
    | { readonly ok: true; readonly measurement: Measurement }
    | { readonly ok: false; readonly error: string }
  >;
  /** What is to be kept with the metric. */
  metadata(metric: Metric, cancel: Cancel): Promise<Readonly<Record<string, string>>>;
  /** Tells the plugin how many measurements are kept; its failures are not ours. */
  collectGarbage(subject: PluginSubject & { readonly cancel: Cancel }, keep: number): Promise<void>;
}

export interface PluginRequest {
  readonly subject: PluginSubject;
  readonly taking: Taking;
  readonly cancel: Cancel;
}

export async function measureByPlugin(
  { clock, plugins }: Pick<ProviderPorts, 'clock' | 'plugins'>,
  { subject, taking, cancel }: PluginRequest,
): Promise<Measured> {
  const startedAt = clock.now();
  const { action, measurement } = taking;
  if (action === 'sweep') return { startedAt, finishedAt: startedAt, phase: 'Inconclusive' };
  if (plugins === undefined) {
    const error = 'plugins are not available here: run `slipway controller` or `slipway sandbox`';
    return { startedAt, finishedAt: startedAt, error };
  }
  const outcome = await plugins.measure({
    ...subject,
    action,
    cancel,
    ...(measurement === undefined ? {} : { measurement }),
  });
  const isFirst = action === 'run' && resultOf(subject) === undefined;
  const metricMetadata = isFirst ? await plugins.metadata(subject.metric, cancel) : {};
  if (action === 'run' && taking.number > taking.keep) {
    await plugins.collectGarbage({ ...subject, cancel }, taking.keep);
  }
  const measured = outcome.ok
    ? measuredOf(outcome.measurement, { startedAt, now: clock.now(), action })
    : { startedAt, finishedAt: clock.now(), error: outcome.error };
  return { ...measured, metricMetadata };
}

function resultOf({ run, metric }: PluginSubject) {
  return run.status?.metricResults?.find(({ name }) => name === metric.name);
}

const PHASES: ReadonlyMap<string, NonNullable<Measured['phase']>> = new Map([
  ['Pending', 'Running'],
  ['Running', 'Running'],
  ['Successful', 'Successful'],
  ['Failed', 'Failed'],
  ['Inconclusive', 'Inconclusive'],
]);

interface Asked {
  readonly startedAt: Instant;
  readonly now: Instant;
  readonly action: Taking['action'];
}

/** A plugin judges for itself: its phase counts, its value is shown. */
function measuredOf(measurement: Measurement, { startedAt, now, action }: Asked): Measured {
  const phase = PHASES.get(measurement.phase);
  const started = parseInstant(measurement.startedAt ?? '') ?? startedAt;
  if (phase === undefined) {
    const error = `the plugin answered with the phase ${JSON.stringify(measurement.phase ?? '')}, which there is not`;
    return { startedAt: started, finishedAt: now, error };
  }
  // Nobody would look at it again: a run that is over has no measurement in flight.
  const isEnd = phase !== 'Running' || action === 'terminate';
  const { value, message, metadata } = measurement;
  return {
    startedAt: started,
    phase: phase === 'Running' && isEnd ? 'Inconclusive' : phase,
    ...(isEnd
      ? { finishedAt: parseInstant(measurement.finishedAt ?? '') ?? now }
      : resumption(measurement)),
    ...(value === undefined ? {} : { value }),
    ...(message === undefined ? {} : { message }),
    ...(metadata === undefined ? {} : { metadata }),
  };
}

function resumption(measurement: Measurement): Pick<Measured, 'resumeAt'> {
  const resumeAt = parseInstant(measurement.resumeAt ?? '');
  return resumeAt === undefined ? {} : { resumeAt };
}
