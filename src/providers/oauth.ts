// OAuth2 client credentials (providers.md 1.2): a new token for every measurement.
import { base64, utf8 } from '../lib/bytes.ts';
import type { Cancel, Headers } from '../lib/ports.ts';
import { encoded, formOf } from './http.ts';
import { type Answered, ProviderError, type Send } from './provider.ts';

export interface OAuth2 {
  readonly tokenUrl?: string;
  readonly clientId?: string;
  readonly clientSecret?: string;
  readonly scopes?: readonly string[];
}

export interface TokenRequest {
  /** Go with the request, over what OAuth2 itself sets. */
  readonly headers: Headers;
  /** Set unless there is another Authorization. */
  readonly basic?: string;
  readonly cancel: Cancel;
  /** What the token is for, as messages begin: `Post "URL": `. */
  readonly attempt: string;
}

/** Throws if OAuth2 is wanted, but who asks for the token is not said. */
export function requireClient({
  tokenUrl = '',
  clientId = '',
  clientSecret = '',
}: OAuth2 = {}): void {
  if (tokenUrl !== '' && (clientId === '' || clientSecret === '')) {
    throw new ProviderError('missing mandatory parameter in metric for OAuth2 setup');
  }
}

/** The Authorization header; undefined if OAuth2 is not set up. */
export async function oauthHeader(
  oauth: OAuth2 | undefined,
  send: Send,
  request: TokenRequest,
): Promise<string | undefined> {
  const { tokenUrl = '', clientId = '', clientSecret = '', scopes = [] } = oauth ?? {};
  if (tokenUrl === '') return undefined;
  requireClient(oauth);
  const form = {
    grant_type: 'client_credentials',
    ...(scopes.length === 0 ? {} : { scope: scopes.join(' ') }),
  };
  const pair = base64(utf8(`${encoded(clientId)}:${encoded(clientSecret)}`));
  try {
    return await tokenFrom(send, tokenUrl, { form, authorization: `Basic ${pair}`, request });
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    // Some servers want the credentials in the form; the error of that second try is the one told.
    const withPair = { ...form, client_id: clientId, client_secret: clientSecret };
    return tokenFrom(send, tokenUrl, { form: withPair, authorization: undefined, request });
  }
}

interface Try {
  readonly form: Readonly<Record<string, string>>;
  readonly authorization: string | undefined;
  readonly request: TokenRequest;
}

async function tokenFrom(send: Send, url: string, { form, authorization, request }: Try) {
  const { headers, basic, cancel, attempt } = request;
  const known = authorization ?? basic;
  const all = {
    'content-type': 'application/x-www-form-urlencoded',
    ...(known === undefined ? {} : { authorization: known }),
    ...headers,
  };
  try {
    return tokenOf(await send(url, { method: 'POST', headers: all, body: formOf(form) }, cancel));
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    throw new ProviderError(attempt + error.message, { cause: error });
  }
}

interface TokenBody {
  readonly access_token?: unknown;
  readonly token_type?: unknown;
  readonly error?: unknown;
  readonly error_description?: unknown;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function tokenOf(answered: Answered): string {
  const { status, text } = answered;
  const isRefused = status < 200 || status > 299;
  const body = bodyOf(answered, isRefused);
  const error = textOf(body.error);
  if (error !== '') {
    const description = textOf(body.error_description);
    const more = description === '' ? '' : ` ${JSON.stringify(description)}`;
    throw new ProviderError(`oauth2: ${JSON.stringify(error)}${more}`);
  }
  if (isRefused) {
    throw new ProviderError(`oauth2: cannot fetch token: ${statusLine(status)}\nResponse: ${text}`);
  }
  const token = textOf(body.access_token);
  if (token === '') throw new ProviderError('oauth2: server response missing access_token');
  return `${typeOf(textOf(body.token_type))} ${token}`;
}

const TYPES: Readonly<Record<string, string>> = {
  '': 'Bearer',
  bearer: 'Bearer',
  basic: 'Basic',
  mac: 'MAC',
};

function typeOf(type: string): string {
  return TYPES[type.toLowerCase()] ?? type;
}

const STATUS_TEXTS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

function statusLine(status: number): string {
  const text = STATUS_TEXTS[status];
  return text === undefined ? String(status) : `${status} ${text}`;
}

function bodyOf({ headers, text }: Answered, isRefused: boolean): TokenBody {
  if (/x-www-form-urlencoded|text\/plain/.test(headers['content-type'] ?? ''))
    return formBody(text);
  try {
    return (JSON.parse(text) ?? {}) as TokenBody;
  } catch (error) {
    if (isRefused) return {};
    const cause = error instanceof Error ? error.message : String(error);
    throw new ProviderError(`oauth2: cannot parse json: ${cause}`);
  }
}

function formBody(text: string): TokenBody {
  const pairs = text.split('&').map((pair) => {
    const [name = '', value = ''] = pair.split(/=(.*)/s);
    return [decoded(name), decoded(value)];
  });
  return Object.fromEntries(pairs) as TokenBody;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    // Not encoded after all: taken as it is.
    return text;
  }
}
