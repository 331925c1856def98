// URLs as curl takes them: without scheme, with ranges `[1-500]` and sets `{a,b}`.

export interface Target {
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly port: number;
  /** Path and query. */
  readonly path: string;
  /** `user:password` before the host. */
  readonly user: string | undefined;
}

export type ParsedUrl =
  | { readonly ok: true; readonly target: Target }
  | { readonly ok: false; readonly code: number; readonly error: string };

const MALFORMED = 3;
const UNSUPPORTED = 1;
const MOST_PORT = 65_535;
const MOST_URLS = 100_000;

export function targetOf(url: string): ParsedUrl {
  const [whole = '', scheme] = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(url) ?? [];
  const name = (scheme ?? 'http').toLowerCase();
  if (name !== 'http' && name !== 'https') {
    const error = `Protocol "${scheme ?? ''}" not supported or disabled in libcurl`;
    return { ok: false, code: UNSUPPORTED, error };
  }
  const target = placeOf(url.slice(whole.length), name);
  if (target !== undefined) return { ok: true, target };
  return { ok: false, code: MALFORMED, error: 'URL using bad/illegal format or missing URL' };
}

/** What stands after the scheme; undefined if it is no place. */
function placeOf(rest: string, scheme: Target['scheme']): Target | undefined {
  const match = /^(?:([^@/?#]*)@)?([^:/?#]+)(?::(\d*))?(?:([/?][^#]*))?(?:#.*)?$/s.exec(rest);
  if (match === null || /\s/.test(rest)) return undefined;
  const [, user, host = '', port = '', after = '/'] = match;
  const number = port === '' ? (scheme === 'https' ? 443 : 80) : Number(port);
  if (number > MOST_PORT) return undefined;
  const path = after.startsWith('/') ? after : `/${after}`;
  return { scheme, host, port: number, path, user };
}

/** What the `Host` header says. */
export function authorityOf({ scheme, host, port }: Target): string {
  return port === (scheme === 'https' ? 443 : 80) ? host : `${host}:${port}`;
}

export function urlOf(target: Target): string {
  return `${target.scheme}://${authorityOf(target)}${target.path}`;
}

/** Where a redirect leads from `from`. */
export function redirected(from: Target, location: string): string {
  if (/^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(location)) return location;
  const origin = `${from.scheme}://${authorityOf(from)}`;
  if (location.startsWith('//')) return `${from.scheme}:${location}`;
  if (location.startsWith('/')) return origin + location;
  const [path = '/'] = from.path.split('?');
  return origin + path.slice(0, path.lastIndexOf('/') + 1) + location;
}

/** All URLs that a pattern means, in curl's order; one that is no pattern means itself. */
export function expanded(pattern: string): readonly string[] {
  const match = /^(.*?)(?:\[(\d+)-(\d+)(?::(\d+))?\]|\{([^{}]*)\})(.*)$/s.exec(pattern);
  if (match === null) return [pattern];
  const [, before = '', from, to = '', step = '1', set, after = ''] = match;
  const values = from === undefined ? (set ?? '').split(',') : range(from, to, Number(step));
  const rest = expanded(after);
  if (values.length * rest.length > MOST_URLS) return [pattern];
  return values.flatMap((value) => rest.map((end) => before + value + end));
}

function range(from: string, to: string, step: number): readonly string[] {
  const first = Number(from);
  const count = Math.floor((Number(to) - first) / Math.max(1, step)) + 1;
  if (count < 1 || count > MOST_URLS) return [`[${from}-${to}]`];
  const width = from.startsWith('0') ? from.length : 0;
  return Array.from({ length: count }, (_, index) =>
    String(first + index * Math.max(1, step)).padStart(width, '0'),
  );
}
