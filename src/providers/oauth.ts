// OAuth2 client credentials (providers.md 1.2): a new token for every measurement.
import { base64, utf8 } from '../lib/bytes.ts';
import type { Cancel, Headers } from '../lib/ports.ts';
import { formOf } from './http.ts';
import { type Answered, ProviderError, type Send } from './provider.ts';

export interface OAuth2 {
  readonly tokenUrl?: string;
  readonly clientId?: string;
  readonly clientSecret?: string;
  readonly scopes?: readonly string[];
}

/** The Authorization header; undefined if OAuth2 is not set up. */
export async function oauthHeader(
  oauth: OAuth2 | undefined,
  send: Send,
  {
    headers,
    cancel,
    url,
  }: { readonly headers: Headers; readonly cancel: Cancel; readonly url: string },
): Promise<string | undefined> {
  const { tokenUrl = '', clientId = '', clientSecret = '', scopes = [] } = oauth ?? {};
  if (tokenUrl === '') return undefined;
  if (clientId === '' || clientSecret === '') {
    throw new ProviderError('missing mandatory parameter in metric for OAuth2 setup');
  }
  const form = {
    grant_type: 'client_credentials',
    ...(scopes.length === 0 ? {} : { scope: scopes.join(' ') }),
  };
  const ask = async (body: Readonly<Record<string, string>>, more: Headers): Promise<string> => {
    const answered = await send(
      tokenUrl,
      {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded', ...more },
        body: formOf(body),
      },
      cancel,
    );
    return tokenOf(answered, url);
  };
  const pair = `${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`;
  try {
    return await ask(form, { authorization: `Basic ${base64(utf8(pair))}` });
  } catch {
    // Some servers want the credentials in the form; the error of that second try is the one told.
    return ask({ ...form, client_id: clientId, client_secret: clientSecret }, {});
  }
}

interface TokenBody {
  readonly access_token?: string;
  readonly token_type?: string;
  readonly error?: string;
  readonly error_description?: string;
}

function tokenOf(answered: Answered, url: string): string {
  const prefix = `Get "${url}": oauth2: `;
  const body = bodyOf(answered, prefix);
  if ((body.error ?? '') !== '') {
    const description = body.error_description ?? '';
    throw new ProviderError(
      `${prefix}${JSON.stringify(body.error)} ${JSON.stringify(description)}`.trimEnd(),
    );
  }
  if (answered.status < 200 || answered.status > 299) {
    throw new ProviderError(
      `${prefix}cannot fetch token: ${answered.status}\nResponse: ${answered.text}`,
    );
  }
  if ((body.access_token ?? '') === '') {
    throw new ProviderError(`${prefix}server response missing access_token`);
  }
  const type = body.token_type ?? 'Bearer';
  const name = type.toLowerCase() === 'bearer' ? 'Bearer' : type;
  return `${name} ${body.access_token ?? ''}`;
}

function bodyOf({ headers, text, status }: Answered, prefix: string): TokenBody {
  const type = headers['content-type'] ?? '';
  if (/x-www-form-urlencoded|text\/plain/.test(type)) {
    const pairs = text.split('&').map((pair) => pair.split('=').map(decodeURIComponent));
    return Object.fromEntries(pairs) as TokenBody;
  }
  try {
    return JSON.parse(text) as TokenBody;
  } catch (error) {
    if (status < 200 || status > 299) return {};
    const cause = error instanceof Error ? error.message : String(error);
    throw new ProviderError(`${prefix}cannot parse json: ${cause}`);
  }
}
