// Settings of the metric providers (providers.md); exactly one member of a metric's `provider` is set.
import {
  any,
  boolean,
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

const header = object({ key: text, value: text }, 'key', 'value');

const oauth2 = object({ tokenUrl: text, clientId: text, clientSecret: text, scopes: list(text) });

const authentication = object({
  sigv4: object({ region: text, profile: text, roleArn: text }),
  oauth2,
  basicAuth: object({ username: text, password: text }),
});

const prometheus = object({
  address: text,
  query: text,
  authentication,
  timeout: long,
  insecure: boolean,
  headers: list(header),
  rangeQuery: object({ start: text, end: text, step: text }),
});

const kayentaScope = object(
  { scope: text, region: text, step: integer, start: text, end: text },
  'end',
  'region',
  'scope',
  'start',
  'step',
);

const kayenta = object(
  {
    address: text,
    application: text,
    canaryConfigName: text,
    metricsAccountName: text,
    configurationAccountName: text,
    storageAccountName: text,
    threshold: object({ pass: long, marginal: long }, 'marginal', 'pass'),
    scopes: list(
      object(
        { name: text, controlScope: kayentaScope, experimentScope: kayentaScope },
        'controlScope',
        'experimentScope',
        'name',
      ),
    ),
    lookback: boolean,
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
    method: oneOf('GET', 'POST', 'PUT'),
    url: text,
    headers: list(header),
    body: text,
    timeoutSeconds: long,
    jsonPath: text,
    insecure: boolean,
    jsonBody: any,
    authentication,
  },
  'url',
);

const datadog = object({
  interval: textOr('5m'),
  query: text,
  queries: map(text),
  formula: text,
  apiVersion: { ...oneOf('v1', 'v2'), default: 'v1' as const },
  aggregator: oneOf('avg', 'min', 'max', 'sum', 'last', 'percentile', 'mean', 'l2norm', 'area'),
  secretRef: object({ name: text, namespaced: boolean }),
  requestTimeout: textOr('10s'),
});

const metricStat = object({
  metric: object({
    dimensions: list(object({ name: text, value: text })),
    metricName: text,
    namespace: text,
  }),
  period: intOrString,
  stat: text,
  unit: text,
});

const cloudWatch = object(
  {
    interval: text,
    metricDataQueries: list(
      object({
        id: text,
        expression: text,
        label: text,
        metricStat,
        period: intOrString,
        returnData: boolean,
      }),
    ),
  },
  'metricDataQueries',
);

// The order is that of the reference's serialisation; substitution works on it (analysis.md 4).
export const providers = object({
  prometheus,
  kayenta,
  web,
  datadog,
  wavefront: object({ address: text, query: text }),
  newRelic: object({ profile: text, query: text, timeout: long }, 'query'),
  job: object({ metadata: any, spec: any }, 'spec'),
  cloudWatch,
  graphite: object({ address: text, query: text }),
  influxdb: object({ profile: text, query: text }),
  skywalking: object({ address: text, query: text, interval: text }),
  plugin: any,
});
