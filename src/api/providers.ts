// Settings of the metric providers (providers.md); exactly one member of a metric's `provider` is set.
import {
  any,
  boolean,
  documented,
  integer,
  intOrString,
  list,
  long,
  map,
  object,
  oneOf,
  text,
  textOr,
} from '../schema/schema.ts';

const header = object(
  { key: documented(text, 'Name.'), value: documented(text, 'Value.') },
  'key',
  'value',
);

const oauth2 = object({
  tokenUrl: documented(text, 'Where tokens are fetched.'),
  clientId: documented(text, 'Id of the client.'),
  clientSecret: documented(text, 'Secret of the client.'),
  scopes: documented(list(text), 'Scopes that are asked for.'),
});

const sigv4 = object({
  region: documented(text, 'AWS region.'),
  profile: documented(text, 'Profile of the shared configuration.'),
  roleArn: documented(text, 'Role to assume.'),
});

const basicAuth = object({
  username: documented(text, 'Name of the user.'),
  password: documented(text, 'Password of the user.'),
});

const authentication = object({
  sigv4: documented(sigv4, 'AWS signatures.'),
  oauth2: documented(oauth2, 'OAuth 2.0 client credentials.'),
  basicAuth: documented(basicAuth, 'HTTP basic authentication.'),
});

const prometheus = object({
  address: documented(text, 'Base URL of the server.'),
  query: documented(text, 'PromQL.'),
  authentication: documented(authentication, 'How the server knows us.'),
  timeout: documented(long, 'Seconds; 30 if absent.'),
  insecure: documented(boolean, 'Certificates are not verified.'),
  headers: documented(list(header), 'Headers of each request.'),
  rangeQuery: documented(
    object({
      start: documented(text, 'Expression of the first moment, such as now() - duration("5m").'),
      end: documented(text, 'Expression of the last moment.'),
      step: documented(text, 'Duration between two samples.'),
    }),
    'Asks for a range instead of a moment.',
  ),
});

const kayentaScope = object(
  {
    scope: documented(text, 'Name of the scope.'),
    region: documented(text, 'Location.'),
    step: documented(integer, 'Seconds between two samples.'),
    start: documented(text, 'First moment, RFC 3339.'),
    end: documented(text, 'Last moment, RFC 3339.'),
  },
  'end',
  'region',
  'scope',
  'start',
  'step',
);

const kayentaScopes = object(
  {
    name: documented(text, 'Name of the pair.'),
    controlScope: documented(kayentaScope, 'What is compared with.'),
    experimentScope: documented(kayentaScope, 'What is judged.'),
  },
  'controlScope',
  'experimentScope',
  'name',
);

const kayenta = object(
  {
    address: documented(text, 'Base URL of the server.'),
    application: documented(text, 'Name of the application.'),
    canaryConfigName: documented(text, 'Name of the canary configuration.'),
    metricsAccountName: documented(text, 'Account of the metrics.'),
    configurationAccountName: documented(text, 'Account of the configuration.'),
    storageAccountName: documented(text, 'Account of the storage.'),
    threshold: documented(
      object(
        {
          pass: documented(long, 'Score from which it is a success.'),
          marginal: documented(long, 'Score from which it is inconclusive.'),
        },
        'marginal',
        'pass',
      ),
      'What scores mean.',
    ),
    scopes: documented(list(kayentaScopes), 'What is compared.'),
    lookback: documented(boolean, 'Looks back to the start of the run.'),
  },
  'address',
  'application',
  'canaryConfigName',
  'configurationAccountName',
  'metricsAccountName',
  'scopes',
  'storageAccountName',
  'threshold',
);

const web = object(
  {
    method: documented(oneOf('GET', 'POST', 'PUT'), 'GET if absent.'),
    url: documented(text, 'What is asked.'),
    headers: documented(list(header), 'Headers of the request.'),
    body: documented(text, 'Body of the request, as text.'),
    timeoutSeconds: documented(long, 'Seconds; 10 if absent.'),
    jsonPath: documented(text, 'Where the value is in the answer; {$} if absent.'),
    insecure: documented(boolean, 'Certificates are not verified.'),
    jsonBody: documented(any, 'Body of the request, as JSON.'),
    authentication: documented(authentication, 'How the server knows us; oauth2 only.'),
  },
  'url',
);

const datadog = object({
  interval: documented(textOr('5m'), 'How far it looks back.'),
  query: documented(text, 'One query.'),
  queries: documented(map(text), 'Queries by name, with a formula.'),
  formula: documented(text, 'What is computed of the queries.'),
  apiVersion: documented({ ...oneOf('v1', 'v2'), default: 'v1' as const }, 'Version of the API.'),
  aggregator: documented(
    oneOf('avg', 'min', 'max', 'sum', 'last', 'percentile', 'mean', 'l2norm', 'area'),
    'How samples become one value; last if absent.',
  ),
  secretRef: documented(
    object({
      name: documented(text, 'Name of the Secret.'),
      namespaced: documented(boolean, "Whether it is in the run's namespace."),
    }),
    'Secret with address, api-key and app-key.',
  ),
  requestTimeout: documented(textOr('10s'), 'How long an answer may take.'),
});

const cloudWatchMetric = object({
  dimensions: documented(
    list(object({ name: documented(text, 'Name.'), value: documented(text, 'Value.') })),
    'Dimensions.',
  ),
  metricName: documented(text, 'Name of the metric.'),
  namespace: documented(text, 'Namespace of the metric.'),
});

const metricStat = object({
  metric: documented(cloudWatchMetric, 'Which metric.'),
  period: documented(intOrString, 'Seconds of one value.'),
  stat: documented(text, 'Statistic.'),
  unit: documented(text, 'Unit.'),
});

const cloudWatchQuery = object({
  id: documented(text, 'Id of the query.'),
  expression: documented(text, 'Expression over other queries.'),
  label: documented(text, 'Label of the result.'),
  metricStat: documented(metricStat, 'A metric, instead of an expression.'),
  period: documented(intOrString, 'Seconds of one value.'),
  returnData: documented(boolean, 'Whether it is part of the result.'),
});

const cloudWatch = object(
  {
    interval: documented(text, 'How far it looks back; 5m if absent.'),
    metricDataQueries: documented(list(cloudWatchQuery), 'The queries.'),
  },
  'metricDataQueries',
);

const job = object(
  {
    metadata: documented(any, 'Labels and annotations of the Job.'),
    spec: documented(any, 'The JobSpec.'),
  },
  'spec',
);

const address = documented(text, 'Address of the server.');
const profile = documented(text, "Name of the Secret in the controller's namespace.");

// The order is that of the reference's serialisation; substitution works on it (analysis.md 4).
export const providers = object({
  prometheus: documented(prometheus, 'Prometheus, or what speaks its API.'),
  kayenta: documented(kayenta, 'Kayenta.'),
  web: documented(web, 'Any HTTP server that answers in JSON.'),
  datadog: documented(datadog, 'Datadog.'),
  wavefront: documented(object({ address, query: documented(text, 'Query.') }), 'Wavefront.'),
  newRelic: documented(
    object(
      {
        profile,
        query: documented(text, 'NRQL.'),
        timeout: documented(long, 'Seconds; 5 if absent.'),
      },
      'query',
    ),
    'New Relic.',
  ),
  job: documented(job, 'A Kubernetes Job: its success is the success.'),
  cloudWatch: documented(cloudWatch, 'Amazon CloudWatch.'),
  graphite: documented(object({ address, query: documented(text, 'Query.') }), 'Graphite.'),
  influxdb: documented(object({ profile, query: documented(text, 'Flux.') }), 'InfluxDB.'),
  skywalking: documented(
    object({
      address,
      query: documented(text, 'GraphQL.'),
      interval: documented(text, 'How far it looks back.'),
    }),
    'Apache SkyWalking.',
  ),
  plugin: documented(any, 'Metric plugins: settings by name of the plugin; exactly one.'),
});
