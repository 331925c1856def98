// Requests of providers: addresses, timeouts, redirects, and failures in the words of messages (providers.md 1.1).
import { readAll, utf8, utf8Text } from '../lib/bytes.ts';
import { cancellation } from '../lib/clock.ts';
import type { Cancel, Duration } from '../lib/ports.ts';
import { later } from '../lib/time.ts';
import {
  type Answered,
  type Call,
  ProviderError,
  type ProviderPorts,
  type Send,
} from './provider.ts';

export interface Address {
  /** `https://host:port`. */
  readonly root: string;
  /** Path without trailing slash; empty at the root. */
  readonly path: string;
}

/** The parts of an absolute address; undefined if it has no scheme or host. */
export function addressOf(text: string): Address | undefined {
  const match = /^(https?:\/\/[^/?#\s]+)([^?#]*)/i.exec(text);
  const [, root = '', path = ''] = match ?? [];
  return match === null ? undefined : { root, path: path.replace(/\/+$/, '') };
}

/** `application/x-www-form-urlencoded`, in the order given. */
export function formOf(fields: Readonly<Record<string, string>>): string {
  return Object.entries(fields)
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .join('&');
}

/** One value of a form. */
export function encoded(text: string): string {
  return encodeURIComponent(text)
    .replaceAll('%20', '+')
    .replaceAll(/[!'()*]/g, (character) => {
      const code = character.codePointAt(0) ?? 0;
      return `%${code.toString(16).toUpperCase()}`;
    });
}

const REDIRECTS = 10;
const REDIRECTED: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Sends over the ports' transports and follows redirects. */
export function sender({ connect }: ProviderPorts, insecure: boolean): Send {
  return async (url, call, cancel) => {
    let target = url;
    let current = call;
    for (let turn = 0; turn <= REDIRECTS; turn += 1) {
      const answered = await once(connect, { url: target, call: current, insecure }, cancel);
      const location = answered.headers['location'];
      if (!REDIRECTED.has(answered.status) || location === undefined) return answered;
      const next = resolved(target, location);
      current = redirected(current, { status: answered.status, from: target, to: next });
      target = next;
    }
    throw new ProviderError(`${attempt(call.method, url)}stopped after 10 redirects`);
  };
}

/** A Location as an address of its own (RFC 3986, section 5.2, as far as servers use it). */
function resolved(base: string, location: string): string {
  if (/^[a-z][a-z0-9+.-]*:/i.test(location)) return location;
  const { root = '' } = addressOf(base) ?? {};
  if (location.startsWith('//')) return `${root.slice(0, root.indexOf(':') + 1)}${location}`;
  if (location.startsWith('/')) return root + location;
  const [path = ''] = base.split(/[?#]/);
  if (location.startsWith('?')) return path + location;
  const folder = path.length > root.length ? path.slice(0, path.lastIndexOf('/') + 1) : `${path}/`;
  return folder + location;
}

/** As browsers and Go do it: only 307 and 308 keep method and body, and another host gets no credentials. */
function redirected(
  { method, headers, body }: Call,
  { status, from, to }: { readonly status: number; readonly from: string; readonly to: string },
): Call {
  const isElsewhere = addressOf(from)?.root.toLowerCase() !== addressOf(to)?.root.toLowerCase();
  const keepsBody = status >= 307;
  const dropped = [
    ...(isElsewhere ? ['authorization', 'cookie'] : []),
    ...(keepsBody ? [] : ['content-type']),
  ];
  const kept = Object.fromEntries(
    Object.entries(headers).filter(([name]) => !dropped.includes(name)),
  );
  if (!keepsBody) return { method: 'GET', headers: kept };
  return { method, headers: kept, ...(body === undefined ? {} : { body }) };
}

/** `Post "URL": ` before what went wrong. */
export function attempt(method: string, url: string): string {
  return `${capital(method)} "${url}": `;
}

function capital(method: string): string {
  return method.charAt(0) + method.slice(1).toLowerCase();
}

async function once(
  connect: ProviderPorts['connect'],
  {
    url,
    call,
    insecure,
  }: { readonly url: string; readonly call: Call; readonly insecure: boolean },
  cancel: Cancel,
): Promise<Answered> {
  const address = addressOf(url);
  if (address === undefined) {
    throw new ProviderError(`${attempt(call.method, url)}unsupported protocol scheme`);
  }
  try {
    const response = await connect(address.root, { insecure })({
      method: call.method,
      path: url.slice(address.root.length) || '/',
      headers: { 'user-agent': 'slipway', ...call.headers },
      cancel,
      ...(call.body === undefined ? {} : { body: utf8(call.body) }),
    });
    const text = utf8Text(await readAll(response.body));
    return { status: response.status, headers: response.headers, text };
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    const text = cancel.cancelled ? 'context deadline exceeded' : cause;
    throw new ProviderError(`${attempt(call.method, url)}${text}`, { cause: error });
  }
}

/** Runs `work` with a cancel that fires after `limit` or when `outer` does. */
export async function withTimeout<T>(
  { clock }: ProviderPorts,
  limit: Duration,
  outer: Cancel,
  work: (cancel: Cancel) => Promise<T>,
): Promise<T> {
  const inner = cancellation();
  const stopTimer = clock.at(later(clock.now(), limit), () => inner.now());
  const stopOuter = outer.onCancel(() => inner.now());
  try {
    return await work(inner.cancel);
  } finally {
    stopTimer();
    stopOuter();
  }
}
