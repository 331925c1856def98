// Prometheus (providers.md 2). Entry point: `measurePrometheus`.
import type { Metric } from '../api/analysis.ts';
import { NO_DATA } from '../api/no-data.ts';
import { evaluateTime } from '../expr/condition.ts';
import type { ResultValue } from '../expr/value.ts';
import { base64, utf8 } from '../lib/bytes.ts';
import type { Cancel, Headers, Instant } from '../lib/ports.ts';
import { earlier, parseDuration, seconds } from '../lib/time.ts';
import { awsSession } from './aws.ts';
import { addressOf, attempt, formOf, sender, withTimeout } from './http.ts';
import { oauthHeader, requireClient } from './oauth.ts';
import { absenceOf, type SeriesIndex } from './prometheus-absence.ts';
import {
  type Answered,
  type Measured,
  ProviderError,
  type ProviderPorts,
  type Send,
} from './provider.ts';
import { signed } from './sigv4.ts';

type Settings = NonNullable<NonNullable<Metric['provider']>['prometheus']>;

const DEFAULT_TIMEOUT_SECONDS = 30;
const ADDRESS_VARIABLE = 'ARGO_ROLLOUTS_PROMETHEUS_ADDRESS';

/** Asks once and gives what came, or why nothing did. */
export async function measurePrometheus(
  ports: ProviderPorts,
  settings: Settings,
  { cancel, explainsAbsence }: { readonly cancel: Cancel; readonly explainsAbsence: boolean },
): Promise<Measured> {
  const startedAt = ports.clock.now();
  const query = settings.query ?? '';
  let metricMetadata = {};
  try {
    const base = baseOf(ports, settings);
    if (query !== '') metricMetadata = { ResolvedPrometheusQuery: query };
    const target = targetOf(base, settings, startedAt);
    const limit = seconds(settings.timeout ?? DEFAULT_TIMEOUT_SECONDS);
    const answered = await withTimeout(ports, limit, cancel, (inner) =>
      asked(ports, settings, { ...target, cancel: inner }),
    );
    const { value, result, warnings } = readAnswer(answered);
    const absence =
      explainsAbsence && isWithoutData(result)
        ? await explained(ports, settings, { cancel, now: startedAt })
        : undefined;
    const metadata = {
      ...(warnings === '' ? {} : { warnings }),
      ...(absence === undefined ? {} : { [NO_DATA]: absence }),
    };
    return {
      startedAt,
      finishedAt: ports.clock.now(),
      result,
      value,
      metricMetadata,
      ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
    };
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    const hasMetadata = Object.keys(metricMetadata).length > 0;
    return {
      startedAt,
      finishedAt: ports.clock.now(),
      error: error.message,
      ...(hasMetadata ? { metricMetadata } : {}),
    };
  }
}

/** No series, or only what is not a number. */
function isWithoutData(result: ResultValue): boolean {
  if (result.type === 'float64') return Number.isNaN(result.value);
  return result.type === 'float64[]' && result.value.every((one) => Number.isNaN(one));
}

/** How far back series count as there: Prometheus' own five minutes. */
const LOOK_BACK = seconds(300);
const EXPLAIN_LIMIT = seconds(5);

/** Why there is no data; undefined if that cannot be found out in time. Never spoils the measurement. */
async function explained(
  ports: ProviderPorts,
  settings: Settings,
  { cancel, now }: { readonly cancel: Cancel; readonly now: Instant },
): Promise<string | undefined> {
  try {
    return await withTimeout(ports, EXPLAIN_LIMIT, cancel, (inner) =>
      absenceOf(settings.query ?? '', seriesIndex(ports, settings, { cancel: inner, now })),
    );
  } catch (error) {
    if (error instanceof ProviderError) return undefined;
    throw error;
  }
}

function seriesIndex(
  ports: ProviderPorts,
  settings: Settings,
  { cancel, now }: { readonly cancel: Cancel; readonly now: Instant },
): SeriesIndex {
  const base = baseOf(ports, settings);
  const span = { start: unix(earlier(now, LOOK_BACK)), end: unix(now) };
  const list = async (path: string, selector: string): Promise<readonly unknown[]> => {
    const send = signing(ports, settings, sender(ports, settings.insecure === true));
    const headers = await headersOf(settings, send, { cancel, url: base });
    const query = formOf({ 'match[]': selector, ...span, limit: '1000' });
    const { status, text } = await send(
      `${base}${path}?${query}`,
      { method: 'GET', headers },
      cancel,
    );
    const { data } = bodyOf(text) as { readonly data?: unknown };
    if (status !== 200 || !Array.isArray(data)) throw new ProviderError(statusText(status));
    return data;
  };
  return {
    hasSeries: async (selector) => (await list('/series', selector)).length > 0,
    labelValues: async (label, selector) =>
      (await list(`/label/${encodeURIComponent(label)}/values`, selector)).map(String),
  };
}

function addressText({ env }: ProviderPorts, { address = '' }: Settings): string {
  return address === '' ? (env(ADDRESS_VARIABLE) ?? '') : address;
}

interface Target {
  readonly url: string;
  readonly form: string;
}

/** Unix seconds with their fraction. */
function unix(at: Instant): string {
  return plainNumber(at / 1000);
}

/** Address of the API. Throws if the settings make no sense, whatever is asked. */
function baseOf(ports: ProviderPorts, settings: Settings): string {
  const { timeout = DEFAULT_TIMEOUT_SECONDS, authentication } = settings;
  const text = addressText(ports, settings);
  if (text === '') {
    throw new ProviderError('prometheus address is not configured');
  }
  const address = addressOf(text);
  if (address === undefined) throw new ProviderError('prometheus address is not is url format');
  basicHeader(authentication?.basicAuth);
  requireClient(authentication?.oauth2);
  if (timeout < 0) throw new ProviderError('prometheus timeout should not be negative');
  return `${address.root}${address.path}/api/v1`;
}

function targetOf(base: string, { query = '', rangeQuery }: Settings, now: Instant): Target {
  if (rangeQuery === undefined) {
    return { url: `${base}/query`, form: formOf({ query, time: unix(now) }) };
  }
  const step = parseDuration(rangeQuery.step ?? '');
  const start = moment('start', rangeQuery.start, now);
  const end = moment('end', rangeQuery.end, now);
  if (!step.ok) {
    throw new ProviderError(`failed to parse rangeQuery.step as duration: ${step.error}`);
  }
  const form = {
    query,
    start: unix(start),
    end: unix(end),
    step: plainNumber(step.duration / 1000),
  };
  return { url: `${base}/query_range`, form: formOf(form) };
}

function moment(name: string, expression: string | undefined, now: Instant): Instant {
  const evaluated = evaluateTime(expression ?? '', now);
  if (evaluated.ok) return evaluated.value;
  throw new ProviderError(`failed to parse rangeQuery.${name} as time: ${evaluated.error}`);
}

const NOT_POST: ReadonlySet<number> = new Set([403, 405, 501]);

async function asked(
  ports: ProviderPorts,
  settings: Settings,
  { url, form, cancel }: Target & { readonly cancel: Cancel },
): Promise<Answered> {
  const send = signing(ports, settings, sender(ports, settings.insecure === true));
  const headers = await headersOf(settings, send, { cancel, url });
  const answered = await send(
    url,
    {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
      body: form,
    },
    cancel,
  );
  if (!NOT_POST.has(answered.status)) return answered;
  return send(`${url}?${form}`, { method: 'GET', headers }, cancel);
}

/** Signs each request for Amazon's Prometheus, if the metric says how; an own Authorization stays. */
function signing(ports: ProviderPorts, settings: Settings, send: Send): Send {
  const { authentication, headers = [] } = settings;
  const { sigv4 } = authentication ?? {};
  const isWanted = [sigv4?.region, sigv4?.profile, sigv4?.roleArn].some(
    (one) => (one ?? '') !== '',
  );
  if (sigv4 === undefined || !isWanted) return send;
  if (!addressText(ports, settings).includes('aps-workspaces')) return send;
  const keepsOwn = headers.some(({ key }) => key.toLowerCase() === 'authorization');
  return async (url, call, cancel) => {
    if (keepsOwn) return send(url, call, cancel);
    const session = await awsSession(sigv4, { ports, send, cancel });
    const now = ports.clock.now();
    const signedHeaders = await signed(url, call, { ...session, service: 'aps', now });
    return send(url, { ...call, headers: signedHeaders }, cancel);
  };
}

/** From outside in: OAuth2, basic, own headers; what comes later overrides. */
async function headersOf(
  { authentication, headers = [] }: Settings,
  send: Send,
  { cancel, url }: { readonly cancel: Cancel; readonly url: string },
): Promise<Headers> {
  const { basicAuth, oauth2 } = authentication ?? {};
  const own = Object.fromEntries(headers.map(({ key, value }) => [key.toLowerCase(), value]));
  const basic = basicHeader(basicAuth);
  const token = await oauthHeader(oauth2, send, {
    headers: own,
    ...(basic === undefined ? {} : { basic }),
    cancel,
    attempt: attempt('POST', url),
  });
  return {
    ...(basic === undefined ? {} : { authorization: basic }),
    ...(token === undefined ? {} : { authorization: token }),
    ...own,
  };
}

function basicHeader(
  basic: { readonly username?: string; readonly password?: string } | undefined,
): string | undefined {
  const { username = '', password = '' } = basic ?? {};
  if (username === '' && password === '') return undefined;
  const missing = 'missing mandatory parameter in metric for basic auth setup: ';
  if (username === '') throw new ProviderError(`${missing}username`);
  if (password === '') throw new ProviderError(`${missing}password`);
  return `Basic ${base64(utf8(`${username}:${password}`))}`;
}

interface Body {
  readonly status?: string;
  readonly errorType?: string;
  readonly error?: string;
  readonly warnings?: readonly string[];
  readonly data?: { readonly resultType?: string; readonly result?: unknown };
}

/** Statuses whose body speaks for itself. */
const SPOKEN: ReadonlySet<number> = new Set([400, 422]);

function readAnswer(answered: Answered): {
  readonly result: ResultValue;
  readonly value: string;
  readonly warnings: string;
} {
  const { status, text } = answered;
  const isFine = status >= 200 && status < 300;
  if (!isFine && !SPOKEN.has(status)) throw new ProviderError(statusText(status));
  const body = bodyOf(text);
  if (body.status === 'error') {
    throw new ProviderError(`${body.errorType ?? ''}: ${body.error ?? ''}`);
  }
  if (!isFine) throw new ProviderError('bad_response: inconsistent body for response code');
  const warnings = (body.warnings ?? []).map((one) => JSON.stringify(one)).join(', ');
  return { ...resultOf(body), warnings };
}

function statusText(status: number): string {
  if (status >= 500) return `server_error: server error: ${status}`;
  if (status >= 400) return `client_error: client error: ${status}`;
  return `bad_response: bad response code ${status}`;
}

function bodyOf(text: string): Body {
  try {
    return (JSON.parse(text) ?? {}) as Body;
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new ProviderError(`bad_response: ${cause}`);
  }
}

function resultOf({ data }: Body): { readonly result: ResultValue; readonly value: string } {
  switch (data?.resultType) {
    case 'scalar': {
      const value = numberIn(data.result);
      return { result: { type: 'float64', value }, value: plainNumber(value) };
    }
    case 'vector':
      return listed(members(data.result, 'value'));
    case 'matrix':
      return listed(members(data.result, 'values').flatMap(listOf));
    case 'string':
      throw new ProviderError('unexpected value type "string"');
    default:
      throw new ProviderError('Prometheus metric type not supported');
  }
}

function listed(samples: readonly unknown[]) {
  const value = samples.map(numberIn);
  const result: ResultValue = { type: 'float64[]', value };
  return { result, value: `[${value.map(plainNumber).join(',')}]` };
}

function malformed(what: unknown): ProviderError {
  const text = JSON.stringify(what) ?? String(what);
  return new ProviderError(`bad_response: unexpected ${text.slice(0, 100)} in the result`);
}

/** No list at all is an empty one, as in Go. */
function listOf(value: unknown): readonly unknown[] {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) throw malformed(value);
  return value;
}

/** The member of each series. A native histogram has none: it must not pass for a number. */
function members(series: unknown, name: string): readonly unknown[] {
  return listOf(series).map((one) => {
    const member = (one as Readonly<Record<string, unknown>> | null)?.[name];
    if (member === undefined) throw malformed(one);
    return member;
  });
}

const SPECIAL: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Inf: Number.POSITIVE_INFINITY,
  '+Inf': Number.POSITIVE_INFINITY,
  '-Inf': Number.NEGATIVE_INFINITY,
};

/** The number of a sample `[moment, "number"]`. */
function numberIn(sample: unknown): number {
  const [, text] = listOf(sample);
  if (typeof text !== 'string' || text.trim() === '') throw malformed(sample);
  const special = SPECIAL[text];
  if (special !== undefined) return special;
  const value = Number(text);
  if (Number.isNaN(value)) throw malformed(sample);
  return value;
}

/** Shortest digits, never an exponent (providers.md 1.3). */
export function plainNumber(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const text = String(value);
  const match = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (match === null) return Object.is(value, -0) ? '-0' : text;
  const [, sign = '', first = '', rest = '', exponent = '0'] = match;
  const digits = first + rest;
  const point = 1 + Number(exponent);
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  return `${sign}${digits.padEnd(point, '0')}`;
}
