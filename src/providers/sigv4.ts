// AWS Signature Version 4 of a request
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html). Entry point: `signed`.
import { utf8 } from '../lib/bytes.ts';
import type { Headers, Instant } from '../lib/ports.ts';
import { formatInstant } from '../lib/time.ts';
import { addressOf } from './http.ts';
import type { Call } from './provider.ts';

// Part of every runtime we know (W3C Web Cryptography); the folder compiles without a DOM, so its shape is told here.
declare const crypto: {
  readonly subtle: {
    digest(algorithm: 'SHA-256', data: Uint8Array): Promise<ArrayBuffer>;
    importKey(
      format: 'raw',
      key: Uint8Array,
      algorithm: { readonly name: 'HMAC'; readonly hash: 'SHA-256' },
      extractable: boolean,
      usages: readonly ['sign'],
    ): Promise<object>;
    sign(algorithm: 'HMAC', key: object, data: Uint8Array): Promise<ArrayBuffer>;
  };
};

export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface Signing {
  readonly keys: AwsKeys;
  readonly region: string;
  readonly service: string;
  readonly now: Instant;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';

/** The headers that the request is sent with: those it has, the date, the session and the signature. */
export async function signed(url: string, call: Call, signing: Signing): Promise<Headers> {
  const { keys, region, service, now } = signing;
  const moment = formatInstant(now).replaceAll(/[-:]/g, '');
  const { host, path, query } = partsOf(url);
  const own = {
    ...contentType(call.headers),
    host,
    'x-amz-date': moment,
    ...(keys.sessionToken === undefined ? {} : { 'x-amz-security-token': keys.sessionToken }),
  };
  const names = Object.keys(own).toSorted();
  const canonical = [
    call.method,
    path,
    query,
    ...names.map((name) => `${name}:${(own as Headers)[name]?.trim() ?? ''}`),
    '',
    names.join(';'),
    hex(await sha256(utf8(call.body ?? ''))),
  ].join('\n');
  const scope = `${moment.slice(0, 8)}/${region}/${service}/aws4_request`;
  const text = [ALGORITHM, moment, scope, hex(await sha256(utf8(canonical)))].join('\n');
  const signature = hex(await hmac(await signingKey(signing, moment), text));
  const { host: _sentByTransport, ...sent } = own;
  return {
    ...call.headers,
    ...sent,
    authorization: `${ALGORITHM} Credential=${keys.accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`,
  };
}

function contentType(headers: Headers): Headers {
  const type = headers['content-type'];
  return type === undefined ? {} : { 'content-type': type };
}

async function signingKey({ keys, region, service }: Signing, moment: string): Promise<Uint8Array> {
  let key: Uint8Array = utf8(`AWS4${keys.secretAccessKey}`);
  for (const part of [moment.slice(0, 8), region, service, 'aws4_request']) {
    key = await hmac(key, part);
  }
  return key;
}

interface Parts {
  readonly host: string;
  readonly path: string;
  readonly query: string;
}

/** Each segment of the path is encoded once more than it is sent, as for every service but S3. */
function partsOf(url: string): Parts {
  const { root = '' } = addressOf(url) ?? {};
  const host = root.replace(/^https?:\/\//i, '').toLowerCase();
  const [path = '', query = ''] = url.slice(root.length).split(/\?(.*)/s);
  const segments = (path === '' ? '/' : path).split('/').map(strictly);
  return { host, path: segments.join('/'), query: canonicalQuery(query) };
}

function canonicalQuery(query: string): string {
  const pairs = query.split('&').filter((pair) => pair !== '');
  return pairs
    .map((pair) => {
      const [name = '', value = ''] = pair.split(/=(.*)/s);
      return `${strictly(decoded(name))}=${strictly(decoded(value))}`;
    })
    .toSorted()
    .join('&');
}

function decoded(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '));
}

/** Percent-encoded but for letters, digits and `-._~`. */
function strictly(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `%${code.toString(16).toUpperCase()}`;
  });
}

async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

async function hmac(key: Uint8Array, text: string): Promise<Uint8Array> {
  const imported = await crypto.subtle.importKey(
    'raw',
    key,
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign'],
  );
  return new Uint8Array(await crypto.subtle.sign('HMAC', imported, utf8(text)));
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
