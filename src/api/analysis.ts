// AnalysisTemplate, ClusterAnalysisTemplate and AnalysisRun (analysis.md 1), with the providers' settings (providers.md).
import {
  boolean,
  documented,
  type Infer,
  integer,
  intOrString,
  list,
  map,
  object,
  opened,
  text,
  time,
} from '../schema/schema.ts';
import type { KubeObject } from './object.ts';
import { providers } from './providers.ts';

const valueFrom = object({
  secretKeyRef: documented(
    object(
      {
        name: documented(text, 'Name of the Secret.'),
        key: documented(text, 'Key in its data.'),
      },
      'key',
      'name',
    ),
    "A Secret in the run's namespace; its value is never shown.",
  ),
  fieldRef: documented(
    object({ fieldPath: documented(text, 'Path in the Rollout that owns the run.') }, 'fieldPath'),
    'A field of the Rollout that owns the run.',
  ),
});

export const argument = object(
  {
    name: documented(text, 'Name of the argument.'),
    value: documented(text, 'Its value; in a template its default.'),
    valueFrom: documented(valueFrom, 'Where the value comes from, instead of value.'),
  },
  'name',
);

export const dryRun = object(
  { metricName: documented(text, 'Name of a metric, or a regular expression for names.') },
  'metricName',
);

export const measurementRetention = object(
  {
    metricName: documented(text, 'Name of a metric, or a regular expression for names.'),
    limit: documented(integer, 'How many of its measurements are kept.'),
  },
  'limit',
  'metricName',
);

export const templateRef = object({
  templateName: documented(text, 'Name of the template.'),
  clusterScope: documented(boolean, 'Whether it is a ClusterAnalysisTemplate.'),
});

// The order of the members is that of the reference's serialisation; substitution works on it (analysis.md 4).
export const metric = object(
  {
    name: documented(text, 'Name of the metric, unique within the run.'),
    interval: documented(text, 'Time between measurements; none means a single measurement.'),
    initialDelay: documented(text, 'Time to wait before the first measurement.'),
    count: documented(
      intOrString,
      'Number of measurements; none or 0 means one, or endless with an interval.',
    ),
    successCondition: documented(text, 'Expression that must hold for a measurement to succeed.'),
    failureCondition: documented(text, 'Expression that makes a measurement fail.'),
    failureLimit: documented(
      intOrString,
      'Failed measurements that are tolerated; -1 tolerates all.',
    ),
    inconclusiveLimit: documented(intOrString, 'Inconclusive measurements that are tolerated.'),
    consecutiveErrorLimit: documented(
      intOrString,
      'Errors in a row that are tolerated; 4 if absent.',
    ),
    provider: documented(providers, 'Where the measurement comes from; exactly one member.'),
    consecutiveSuccessLimit: documented(
      intOrString,
      'Successes in a row that end the metric; 0 is off.',
    ),
  },
  'name',
  'provider',
);

const templateSpec = object({
  metrics: documented(list(metric), 'What is measured.'),
  args: documented(list(argument), 'Arguments of the template.'),
  dryRun: documented(list(dryRun), 'Metrics that are measured and do not decide.'),
  measurementRetention: documented(
    list(measurementRetention),
    'How many measurements of a metric are kept; 10 if absent.',
  ),
  templates: documented(list(templateRef), 'Templates whose metrics are measured too.'),
});

const measurement = object(
  {
    phase: documented(text, 'Running, Successful, Failed, Error or Inconclusive.'),
    message: documented(text, 'Why.'),
    startedAt: documented(time, 'When it was begun.'),
    finishedAt: documented(time, 'When it was done.'),
    value: documented(text, 'What was measured.'),
    metadata: documented(map(text), 'What the provider adds.'),
    resumeAt: documented(time, 'When one that takes long is looked at again.'),
  },
  'phase',
);

const metricResult = object(
  {
    name: documented(text, 'Name of the metric.'),
    phase: documented(text, 'Its phase.'),
    measurements: documented(list(measurement), 'The latest of them.'),
    message: documented(text, 'Why.'),
    count: documented(integer, 'Measurements without those that were errors.'),
    successful: documented(integer, 'Successful ones.'),
    failed: documented(integer, 'Failed ones.'),
    inconclusive: documented(integer, 'Inconclusive ones.'),
    error: documented(integer, 'Errors.'),
    consecutiveError: documented(integer, 'Errors in a row, up to now.'),
    dryRun: documented(boolean, 'It does not decide.'),
    metadata: documented(map(text), 'What the provider adds, such as the query as it was sent.'),
    consecutiveSuccess: documented(integer, 'Successes in a row, up to now.'),
  },
  'name',
  'phase',
);

const summary = object({
  count: documented(integer, 'Metrics.'),
  successful: documented(integer, 'Successful ones.'),
  failed: documented(integer, 'Failed ones.'),
  inconclusive: documented(integer, 'Inconclusive ones.'),
  error: documented(integer, 'Those that ended in errors.'),
});

const runSpec = object(
  {
    metrics: documented(list(metric), 'What is measured.'),
    args: documented(list(argument), 'Arguments with their values.'),
    terminate: documented(boolean, 'Ends the run: what is healthy counts as successful.'),
    dryRun: documented(list(dryRun), 'Metrics that are measured and do not decide.'),
    measurementRetention: documented(
      list(measurementRetention),
      'How many measurements of a metric are kept; 10 if absent.',
    ),
    ttlStrategy: documented(
      object({
        secondsAfterCompletion: documented(integer, 'Seconds after any end.'),
        secondsAfterFailure: documented(integer, 'Seconds after a failure.'),
        secondsAfterSuccess: documented(integer, 'Seconds after a success.'),
      }),
      'When a run that has ended is deleted; without it with its revision.',
    ),
  },
  'metrics',
);

const runStatus = object(
  {
    phase: documented(text, 'Pending, Running, Successful, Failed, Error or Inconclusive.'),
    message: documented(text, 'Why.'),
    metricResults: documented(list(metricResult), 'One for each metric that has begun.'),
    startedAt: documented(time, 'When it began.'),
    runSummary: documented(summary, 'How many metrics came out how.'),
    dryRunSummary: documented(summary, 'The same of those that do not decide.'),
    completedAt: documented(time, 'When it ended.'),
  },
  'phase',
);

/** Clients may keep members of their own beside the status; nothing of it is pruned away by us. */
export const analysisRunSchema = object(
  {
    spec: documented(runSpec, 'What is measured.'),
    status: documented(opened(runStatus), 'What came out; written by the controller.'),
  },
  'spec',
);
export const analysisTemplateSchema = object(
  { spec: documented(templateSpec, 'What runs made of it measure.') },
  'spec',
);

export type Argument = Infer<typeof argument>;
export type DryRun = Infer<typeof dryRun>;
export type MeasurementRetention = Infer<typeof measurementRetention>;
export type TemplateRef = Infer<typeof templateRef>;
export type Metric = Infer<typeof metric>;
export type Measurement = Infer<typeof measurement>;
export type MetricResult = Infer<typeof metricResult>;
export type RunSummary = Infer<typeof summary>;
export type AnalysisRunSpec = Infer<typeof runSpec>;
export type AnalysisRunStatus = Infer<typeof runStatus>;
export type AnalysisTemplateSpec = Infer<typeof templateSpec>;

export interface AnalysisTemplate extends KubeObject {
  readonly spec: AnalysisTemplateSpec;
}

export interface ClusterAnalysisTemplate extends KubeObject {
  readonly spec: AnalysisTemplateSpec;
}

export interface AnalysisRun extends KubeObject {
  readonly spec: AnalysisRunSpec;
  readonly status?: AnalysisRunStatus;
}
