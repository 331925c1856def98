// Any web address that answers JSON or text (providers.md 3). Entry point: `measureWeb`.
import type { Metric } from '../api/analysis.ts';
import type { ResultValue } from '../expr/value.ts';
import type { Cancel, Headers } from '../lib/ports.ts';
import { seconds } from '../lib/time.ts';
import { attempt, sender, withTimeout } from './http.ts';
import { findFirst } from './json-path.ts';
import { parseJsonPath, type Template } from './json-path-syntax.ts';
import { jsonText } from './json-text.ts';
import { oauthHeader } from './oauth.ts';
import {
  type Answered,
  type Call,
  type Measured,
  ProviderError,
  type ProviderPorts,
  type Send,
} from './provider.ts';

type Settings = NonNullable<NonNullable<Metric['provider']>['web']>;

const DEFAULT_TIMEOUT_SECONDS = 10;
const WHOLE_DOCUMENT = '{$}';

/** Asks once and gives what came, or why nothing did. */
export async function measureWeb(
  ports: ProviderPorts,
  settings: Settings,
  { cancel }: { readonly cancel: Cancel },
): Promise<Measured> {
  const startedAt = ports.clock.now();
  try {
    const template = templateOf(settings);
    const payload = payloadOf(settings);
    const { timeoutSeconds = 0 } = settings;
    const limit = seconds(timeoutSeconds > 0 ? timeoutSeconds : DEFAULT_TIMEOUT_SECONDS);
    const answered = await withTimeout(ports, limit, cancel, (inner) =>
      asked(sender(ports, settings.insecure === true), settings, { payload, cancel: inner }),
    );
    const { result, value } = readAnswer(answered, template);
    return { startedAt, finishedAt: ports.clock.now(), result, value };
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    return { startedAt, finishedAt: ports.clock.now(), error: error.message };
  }
}

function templateOf({ jsonPath = '' }: Settings): Template {
  const parsed = parseJsonPath(jsonPath === '' ? WHOLE_DOCUMENT : jsonPath);
  if (!parsed.ok) throw new ProviderError(parsed.error);
  return parsed.value;
}

function methodOf({ method }: Settings): Call['method'] {
  return method ?? 'GET';
}

interface Payload {
  readonly body?: string;
  readonly headers: Headers;
}

function payloadOf(settings: Settings): Payload {
  const { body = '', jsonBody } = settings;
  const hasJson = jsonBody !== undefined && jsonBody !== null;
  if (body !== '' && hasJson) {
    throw new ProviderError(
      'use either Body or JSONBody; both cannot exists for WebMetric payload',
    );
  }
  if (body === '' && !hasJson) return { headers: {} };
  if (methodOf(settings) === 'GET') {
    throw new ProviderError(
      'Body/JSONBody can only be used with POST or PUT WebMetric Method types',
    );
  }
  if (!hasJson) return { body, headers: {} };
  return { body: JSON.stringify(jsonBody), headers: { 'content-type': 'application/json' } };
}

async function asked(
  send: Send,
  settings: Settings,
  { payload, cancel }: { readonly payload: Payload; readonly cancel: Cancel },
): Promise<Answered> {
  const { url, authentication } = settings;
  const method = methodOf(settings);
  const token = await oauthHeader(authentication?.oauth2, send, {
    headers: {},
    cancel,
    attempt: attempt(method, url),
  });
  const headers = {
    ...ownHeaders(settings),
    ...payload.headers,
    ...(token === undefined ? {} : { authorization: token }),
  };
  const { body } = payload;
  return send(url, { method, headers, ...(body === undefined ? {} : { body }) }, cancel);
}

/** The host is the address's, whatever a header says. */
function ownHeaders({ headers = [] }: Settings): Headers {
  const named = headers.map(({ key, value }) => [key.toLowerCase(), value] as const);
  return Object.fromEntries(named.filter(([name]) => name !== 'host'));
}

interface Answer {
  readonly result: ResultValue;
  readonly value: string;
}

function readAnswer({ status, text }: Answered, template: Template): Answer {
  if (status < 200 || status > 299) {
    throw new ProviderError(`received non 2xx response code: ${status}`);
  }
  const document = documentOf(text);
  if (document === undefined) return { result: { type: 'json', value: text }, value: text };
  const found = findFirst(template, document.json);
  if (!found.ok) throw new ProviderError(`Could not find JSONPath in body: ${found.error}`);
  if (found.value.length === 0) {
    throw new ProviderError('result of web metric produced no value');
  }
  const [value] = found.value;
  const result: ResultValue =
    typeof value === 'bigint'
      ? { type: 'int', value: Number(value) }
      : { type: 'json', value: value ?? null };
  return { result, value: jsonText(value) };
}

/** Undefined if it is not JSON: then it is a text. Numbers beyond all bounds are none. */
function documentOf(text: string): { readonly json: unknown } | undefined {
  try {
    const json: unknown = JSON.parse(text, (_name, value: unknown) => {
      if (value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY) {
        throw new SyntaxError('a number beyond all bounds');
      }
      return value;
    });
    return { json };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
