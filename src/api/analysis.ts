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

export const valueFrom = object({
  secretKeyRef: object({ name: text, key: text }, 'key', 'name'),
  fieldRef: object({ fieldPath: text }, 'fieldPath'),
});

export const argument = object({ name: text, value: text, valueFrom }, 'name');

export const dryRun = object({ metricName: text }, 'metricName');

export const measurementRetention = object(
  { metricName: text, limit: integer },
  'limit',
  'metricName',
);

export const templateRef = object({ templateName: text, clusterScope: boolean });

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
  metrics: list(metric),
  args: list(argument),
  dryRun: list(dryRun),
  measurementRetention: list(measurementRetention),
  templates: list(templateRef),
});

const measurement = object(
  {
    phase: text,
    message: text,
    startedAt: time,
    finishedAt: time,
    value: text,
    metadata: map(text),
    resumeAt: time,
  },
  'phase',
);

const metricResult = object(
  {
    name: text,
    phase: text,
    measurements: list(measurement),
    message: text,
    count: integer,
    successful: integer,
    failed: integer,
    inconclusive: integer,
    error: integer,
    consecutiveError: integer,
    dryRun: boolean,
    metadata: map(text),
    consecutiveSuccess: integer,
  },
  'name',
  'phase',
);

const summary = object({
  count: integer,
  successful: integer,
  failed: integer,
  inconclusive: integer,
  error: integer,
});

const runSpec = object(
  {
    metrics: list(metric),
    args: list(argument),
    terminate: documented(boolean, 'Ends the run: what is healthy counts as successful.'),
    dryRun: list(dryRun),
    measurementRetention: list(measurementRetention),
    ttlStrategy: object({
      secondsAfterCompletion: integer,
      secondsAfterFailure: integer,
      secondsAfterSuccess: integer,
    }),
  },
  'metrics',
);

const runStatus = object(
  {
    phase: text,
    message: text,
    metricResults: list(metricResult),
    startedAt: time,
    runSummary: summary,
    dryRunSummary: summary,
    completedAt: time,
  },
  'phase',
);

/** Clients may keep members of their own beside the status; nothing of it is pruned away by us. */
export const analysisRunSchema = object({ spec: runSpec, status: opened(runStatus) }, 'spec');
export const analysisTemplateSchema = object({ spec: templateSpec }, 'spec');

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
