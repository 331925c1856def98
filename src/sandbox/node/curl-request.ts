// The request that curl's options mean.
import { base64, utf8 } from '../../lib/bytes.ts';
import type { CurlOptions } from './curl-options.ts';
import { authorityOf, type Target } from './curl-urls.ts';

const USER_AGENT = 'curl/7.88.1';

export interface RequestParts {
  readonly target: Target;
  readonly data: Uint8Array | undefined;
  /** After a redirect that turns everything into GET. */
  readonly isPlain: boolean;
}

export function requestFor(options: CurlOptions, parts: RequestParts) {
  const { target, data } = parts;
  const headers = ownHeaders(options, parts);
  for (const line of options.headers) {
    const [, name = '', mark, value = ''] = /^([^:;]+)([:;])\s*(.*)$/s.exec(line) ?? [];
    // `Name:` takes a header away, `Name;` sends it empty.
    if (mark === ':' && value === '') delete headers[name.toLowerCase()];
    else if (name !== '') headers[name.toLowerCase()] = value;
  }
  const body = data === undefined ? {} : { body: data };
  return { method: methodOf(options, parts), path: target.path, headers, ...body };
}

function methodOf({ method, flags }: CurlOptions, { data, isPlain }: RequestParts): string {
  if (method !== undefined && !isPlain) return method;
  if (flags.has('head')) return 'HEAD';
  return data === undefined ? 'GET' : 'POST';
}

function ownHeaders(options: CurlOptions, { target, data }: RequestParts): Record<string, string> {
  const headers: Record<string, string> = {
    host: authorityOf(target),
    'user-agent': USER_AGENT,
    accept: '*/*',
  };
  if (target.user !== undefined) headers['authorization'] = `Basic ${base64(utf8(target.user))}`;
  if (data === undefined) return headers;
  const isJson = options.data.some(({ kind }) => kind === 'json');
  headers['content-type'] = isJson ? 'application/json' : 'application/x-www-form-urlencoded';
  if (isJson) headers['accept'] = 'application/json';
  headers['content-length'] = String(data.length);
  return headers;
}
