// The HTTP API of Prometheus over a store: `/api/v1/query` and its neighbours, with Prometheus' parameters, status
// codes and error documents. Entry point: `prometheusApi`.
import { unreachable } from '../../lib/assert.ts';
import { bodyOf, utf8, utf8Text } from '../../lib/bytes.ts';
import type { Clock, Duration, HttpRequest, HttpResponse, Transport } from '../../lib/ports.ts';
import { later, milliseconds } from '../../lib/time.ts';
import { plain } from '../apiserver/answers.ts';
import { parseQuery } from '../apiserver/request.ts';
import { type ApiProblem, badData, durationOf, ParameterError, timeOfText } from './parameters.ts';
import { EXPOSITION_TYPE } from './exposition.ts';
import { federatedText } from './federate.ts';
import { isLabelName, labelSetOf } from './labels.ts';
import type { Matcher } from './matcher.ts';
import type { Limits } from './promql/budget.ts';
import { instantQuery, type QueryOptions, type QueryResult, rangeQuery } from './promql/engine.ts';
import { parseSelector } from './promql/parser.ts';
import { quoted } from './promql/quote.ts';
import { jsonText, resultText } from './result-text.ts';
import type { Extent, SeriesStore } from './store.ts';

export interface PrometheusOptions {
  readonly store: SeriesStore;
  readonly clock: Clock;
  readonly limits?: Limits;
}

/** Longest evaluation, whatever a request asks for. */
const QUERY_TIMEOUT = milliseconds(30_000);
const MAX_POINTS = 11_000;
const VERSION = '2.42.0';

/** Parameters of the body (of a form) come before those of the address. */
class Form {
  readonly #sources: readonly ReadonlyMap<string, readonly string[]>[];

  constructor({ path, body, headers }: HttpRequest) {
    const mark = path.indexOf('?');
    const inPath = parseQuery(mark < 0 ? '' : path.slice(mark + 1));
    const isForm = (headers['content-type'] ?? '').includes('application/x-www-form-urlencoded');
    const inBody = parseQuery(isForm && body !== undefined ? utf8Text(body) : '');
    this.#sources = [inBody, inPath];
  }

  /** The first value; empty if there is none. */
  get(name: string): string {
    return this.all(name)[0] ?? '';
  }

  all(name: string): readonly string[] {
    return this.#sources.flatMap((source) => source.get(name) ?? []);
  }
}

/** What a route answers with: the text of `data`, and warnings if there are any. */
interface Answer {
  readonly data: string;
  readonly warnings?: readonly string[];
}

type Route = (form: Form, options: PrometheusOptions) => Answer;

const GET_OR_POST: readonly string[] = ['GET', 'POST'];
const GET: readonly string[] = ['GET'];

const ROUTES: Readonly<Record<string, { methods: readonly string[]; answer: Route }>> = {
  query: { methods: GET_OR_POST, answer: query },
  query_range: { methods: GET_OR_POST, answer: queryRange },
  series: { methods: GET_OR_POST, answer: series },
  labels: { methods: GET_OR_POST, answer: labelNames },
  'status/buildinfo': { methods: GET, answer: buildInfo },
  metadata: { methods: GET, answer: () => ({ data: '{}' }) },
};

export function prometheusApi(options: PrometheusOptions): Transport {
  return (request) => Promise.resolve(answered(request, options));
}

function answered(request: HttpRequest, options: PrometheusOptions): HttpResponse {
  const [path = ''] = request.path.split('?');
  if (path === '/-/ready') return plain(200, 'Prometheus Server is Ready.\n');
  if (path === '/-/healthy') return plain(200, 'Prometheus Server is Healthy.\n');
  if (path === '/federate') return federated(request, options);
  const route = routeOf(path);
  if (route === undefined) return plain(404, '404 page not found\n');
  if (!route.methods.includes(request.method)) return plain(405, 'Method Not Allowed\n');
  try {
    return success(route.answer(new Form(request), options));
  } catch (error) {
    if (!(error instanceof ParameterError)) throw error;
    return failure(error.problem);
  }
}

/** Not a document: the text that another Prometheus scrapes. */
function federated(request: HttpRequest, { store, clock }: PrometheusOptions): HttpResponse {
  if (request.method !== 'GET') return plain(405, 'Method Not Allowed\n');
  try {
    const text = federatedText(store, selectorsOf(new Form(request)), clock.now());
    const body = utf8(text);
    const headers = { 'content-type': EXPOSITION_TYPE, 'content-length': String(body.length) };
    return { status: 200, headers, body: bodyOf(body) };
  } catch (error) {
    if (!(error instanceof ParameterError)) throw error;
    return plain(400, `${error.problem.message}\n`);
  }
}

function routeOf(path: string): { methods: readonly string[]; answer: Route } | undefined {
  const name = /^\/api\/v1\/(.+)$/.exec(path)?.[1] ?? '';
  const label = /^label\/([^/]+)\/values$/.exec(name)?.[1];
  if (label === undefined) return Object.hasOwn(ROUTES, name) ? ROUTES[name] : undefined;
  return { methods: GET, answer: (form, options) => labelValues(label, form, options) };
}

const JSON_HEADERS = { 'content-type': 'application/json' };

function document(status: number, text: string): HttpResponse {
  const bytes = utf8(text);
  const headers = { ...JSON_HEADERS, 'content-length': String(bytes.length) };
  return { status, headers, body: bodyOf(bytes) };
}

function success({ data, warnings }: Answer): HttpResponse {
  const more = warnings === undefined ? '' : `,"warnings":${jsonText(warnings)}`;
  return document(200, `{"status":"success","data":${data}${more}}`);
}

function failure({ status, type, message }: ApiProblem): HttpResponse {
  return document(status, jsonText({ status: 'error', errorType: type, error: message }));
}

function query(form: Form, options: PrometheusOptions): Answer {
  const time = timeParameter(form, 'time', options.clock.now());
  const given = queryOptions(form, options);
  return valueOf(instantQuery(form.get('query'), time, given), true);
}

function queryRange(form: Form, options: PrometheusOptions): Answer {
  const start = timeOfText(form.get('start'), 'start');
  const end = timeOfText(form.get('end'), 'end');
  if (end < start) throw badData('end timestamp must not be before start time', 'end');
  // Evaluation counts in whole milliseconds.
  const step = Math.trunc(durationOf(form.get('step'), 'step'));
  if (step <= 0) {
    throw badData(
      'zero or negative query resolution step widths are not accepted. Try a positive integer',
      'step',
    );
  }
  // Whole divisions as Go's: the first point comes on top.
  if (Math.floor((end - start) / step) > MAX_POINTS) {
    throw badData(
      'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
    );
  }
  const given = queryOptions(form, options);
  return valueOf(rangeQuery(form.get('query'), { start, end, step }, given), false);
}

function queryOptions(form: Form, { store, clock, limits }: PrometheusOptions): QueryOptions {
  const asked = form.get('timeout');
  const timeout = asked === '' ? QUERY_TIMEOUT : durationOf(asked, 'timeout');
  if (timeout <= 0) {
    const message = 'query timed out in query queue';
    throw new ParameterError({ status: 503, type: 'timeout', message });
  }
  const allowed = Math.min(timeout, QUERY_TIMEOUT) as Duration;
  const deadline = later(clock.now(), allowed);
  return { source: store, clock, deadline, ...(limits === undefined ? {} : { limits }) };
}

/** Prometheus names the parameter for a wrong expression in instant queries only. */
function valueOf(result: QueryResult, isInstant: boolean): Answer {
  if (result.ok) return { data: resultText(result.value) };
  const { kind, message } = result.problem;
  switch (kind) {
    case 'syntax':
      throw badData(message, ...(isInstant ? ['query'] : []));
    case 'type':
      throw badData(message);
    case 'execution':
      throw new ParameterError({ status: 422, type: 'execution', message });
    case 'timeout':
      throw new ParameterError({ status: 503, type: 'timeout', message });
    default:
      return unreachable(kind);
  }
}

function timeParameter(form: Form, name: string, otherwise: number): number {
  const text = form.get(name);
  return text === '' ? otherwise : timeOfText(text, name, `Invalid time value for '${name}'`);
}

function selectorsOf(form: Form, ...named: readonly string[]): readonly (readonly Matcher[])[] {
  return form.all('match[]').map((text) => {
    const parsed = parseSelector(text);
    if (!parsed.ok) throw badData(parsed.error, ...named);
    const { matchers } = parsed.selector;
    if (matchers.some(({ matches }) => !matches(''))) return matchers;
    throw badData('match[] must contain at least one non-empty matcher', ...named);
  });
}

/** `named`: the parameter as errors about selectors name it, where they do. */
function extentOf(form: Form, ...named: readonly string[]): Extent {
  const from = timeParameter(form, 'start', -Infinity);
  const to = timeParameter(form, 'end', Infinity);
  const selectors = selectorsOf(form, ...named);
  return { from, to, ...(selectors.length === 0 ? {} : { selectors }) };
}

function limited(all: readonly unknown[], form: Form): Answer {
  const text = form.get('limit');
  if (text === '') return { data: jsonText(all) };
  const limit = /^[0-9]+$/.test(text) ? Number(text) : undefined;
  if (limit === undefined) throw badData('limit must be a whole number, 0 for none', 'limit');
  if (limit === 0 || all.length <= limit) return { data: jsonText(all) };
  return {
    data: jsonText(all.slice(0, limit)),
    warnings: ['results truncated due to limit'],
  };
}

function series(form: Form, { store }: PrometheusOptions): Answer {
  if (form.all('match[]').length === 0) throw badData('no match[] parameter provided');
  return limited(store.seriesLabels(extentOf(form, 'match[]')).map(labelSetOf), form);
}

function labelNames(form: Form, { store }: PrometheusOptions): Answer {
  return limited(store.labelNames(extentOf(form)), form);
}

function labelValues(name: string, form: Form, { store }: PrometheusOptions): Answer {
  if (!isLabelName(name)) throw badData(`invalid label name: ${quoted(name)}`);
  return limited(store.labelValues(name, extentOf(form)), form);
}

function buildInfo(): Answer {
  return {
    data: jsonText({
      version: VERSION,
      revision: 'slipway-sandbox',
      branch: '',
      buildUser: '',
      buildDate: '',
      goVersion: '',
    }),
  };
}
