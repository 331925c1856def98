// The steps of a canary (rollout.md 1.3, 5.1), and the parts that they share with the rest of the strategy.
import {
  any,
  boolean,
  documented,
  integer,
  intOrString,
  list,
  map,
  object,
  oneOf,
  text,
} from '../schema/schema.ts';
import { dryRun, measurementRetention, templateRef } from './analysis.ts';
import { runMetadata } from './experiment.ts';
import { labelSelector } from './label-selector.ts';

const stringMatch = object({
  exact: documented(text, 'The value as a whole.'),
  prefix: documented(text, 'How the value begins.'),
  regex: documented(text, 'A regular expression (RE2) that the whole value fits.'),
});

export const podMetadata = object({
  labels: documented(map(text), 'Labels to put on the pods.'),
  annotations: documented(map(text), 'Annotations to put on the pods.'),
});

const rolloutArgument = object(
  {
    name: documented(text, 'Name of an argument of the templates.'),
    value: documented(text, 'Its value.'),
    valueFrom: documented(
      object({
        podTemplateHashValue: documented(
          oneOf('Latest', 'Stable'),
          'Hash of the new (Latest) or of the stable version.',
        ),
        fieldRef: documented(
          object(
            {
              fieldPath: documented(
                text,
                "Path in the Rollout, such as metadata.labels['team'] or status.canary.weights.",
              ),
            },
            'fieldPath',
          ),
          'A field of the Rollout.',
        ),
      }),
      'Where the value comes from, instead of value.',
    ),
  },
  'name',
);

const analysisFields = {
  templates: documented(list(templateRef), 'Templates whose metrics are measured together.'),
  args: documented(list(rolloutArgument), 'Values for the arguments of the templates.'),
  dryRun: documented(list(dryRun), 'Metrics that are measured and do not decide.'),
  measurementRetention: documented(
    list(measurementRetention),
    'How many measurements of a metric are kept; 10 if absent.',
  ),
  analysisRunMetadata: documented(runMetadata, 'Labels and annotations of the AnalysisRun.'),
};

export const rolloutAnalysis = object(analysisFields);
export const backgroundAnalysis = object({
  ...analysisFields,
  startingStep: documented(integer, 'Index of the step with which it begins; 0 if absent.'),
});

const experimentTemplate = object(
  {
    name: documented(text, 'Name of the template, unique within the step.'),
    specRef: documented(text, 'Whose pods it runs: canary or stable.'),
    replicas: documented(integer, 'Number of pods; 1 if absent.'),
    metadata: documented(podMetadata, 'Labels and annotations of its pods.'),
    selector: documented(labelSelector, 'Selector of its pods; that of the Rollout if absent.'),
    weight: documented(integer, 'Share of the traffic that it gets, in percent.'),
    service: documented(
      object({ name: documented(text, 'Its name; that of the ReplicaSet if absent.') }),
      'Asks for a Service in front of its pods.',
    ),
  },
  'name',
  'specRef',
);

const experimentAnalysis = object(
  {
    name: documented(text, 'Name of the analysis, unique within the step.'),
    templateName: documented(text, 'Name of its template.'),
    clusterScope: documented(boolean, 'Whether that is a ClusterAnalysisTemplate.'),
    args: documented(list(rolloutArgument), 'Values for the arguments of the template.'),
    requiredForCompletion: documented(
      boolean,
      'Whether the Experiment goes on until it has ended.',
    ),
  },
  'name',
  'templateName',
);

const experimentStep = object(
  {
    templates: documented(list(experimentTemplate), 'What runs side by side.'),
    duration: documented(text, 'How long it runs; without it until its required analyses end.'),
    analyses: documented(list(experimentAnalysis), 'What judges it.'),
    dryRun: documented(list(dryRun), 'Metrics that are measured and do not decide.'),
    analysisRunMetadata: documented(runMetadata, 'Labels and annotations of the AnalysisRuns.'),
    scaleDownDelaySeconds: documented(
      integer,
      'Seconds that its pods stay after it has ended; 30 if absent.',
    ),
  },
  'templates',
);

const canaryScale = object({
  weight: documented(integer, 'Size in percent of spec.replicas.'),
  replicas: documented(integer, 'Size as a number of pods.'),
  matchTrafficWeight: documented(boolean, 'The size follows the weight again.'),
});

const headerRoute = object({
  name: documented(text, 'Name of the route, one of managedRoutes.'),
  match: documented(
    list(
      object(
        {
          headerName: documented(text, 'Name of the header.'),
          headerValue: documented(stringMatch, 'What its value must be; one member.'),
        },
        'headerName',
        'headerValue',
      ),
    ),
    'Headers that must all fit; without any the route is removed.',
  ),
});

const mirrorRoute = object(
  {
    name: documented(text, 'Name of the route, one of managedRoutes.'),
    match: documented(
      list(
        object({
          method: documented(stringMatch, 'HTTP method.'),
          path: documented(stringMatch, 'Path of the request.'),
          headers: documented(map(stringMatch), 'Headers by name.'),
        }),
      ),
      'Requests of which copies go to the canary; without any the route is removed.',
    ),
    percentage: documented(integer, 'Share of these requests, in percent; 100 if absent.'),
  },
  'name',
);

// The order of the members is that of the step hash (rollout.md 2.7).
export const canaryStep = object({
  setWeight: documented(integer, 'Share of the traffic, in percent of maxTrafficWeight or 100.'),
  pause: documented(
    object({
      duration: documented(intOrString, 'Seconds, or a text such as 10m; none waits for ever.'),
    }),
    'Waits; without duration until it is promoted.',
  ),
  experiment: documented(experimentStep, 'Runs an Experiment and waits for its success.'),
  analysis: documented(rolloutAnalysis, 'Runs an AnalysisRun and waits for its success.'),
  setCanaryScale: documented(canaryScale, 'Sizes the canary without regard to its weight.'),
  setHeaderRoute: documented(headerRoute, 'Sends requests with these headers to the canary.'),
  setMirrorRoute: documented(mirrorRoute, 'Sends copies of requests to the canary.'),
  plugin: documented(
    object(
      {
        name: documented(text, 'Name of the plugin, as configured.'),
        config: documented(any, 'What the plugin is told.'),
      },
      'name',
    ),
    'Runs a step plugin and waits for its success.',
  ),
});
