// Rewritten paths and the Location of a redirect.
import { unreachable } from '../../lib/assert.ts';
import { splitAuthority } from './names.ts';
import { pathOnly, type RoutedRequest } from './request.ts';
import type { HttpMatch, PathRewrite, RedirectAction } from './routes.ts';

/** The whole path with its query after rewriting. */
export function rewrittenPath(
  whole: string,
  rewrite: PathRewrite,
  matched: HttpMatch['matched'],
): string {
  const path = pathOnly(whole);
  return rewrittenOnly(path, rewrite, matched) + whole.slice(path.length);
}

function rewrittenOnly(path: string, rewrite: PathRewrite, matched: HttpMatch['matched']): string {
  switch (rewrite.kind) {
    case 'full':
      return rewrite.by;
    case 'regex':
      return path.replace(rewrite.pattern, rewrite.by);
    case 'matched':
      return rewrite.by + path.slice(matched === 'whole' ? path.length : matched);
    case 'segments': {
      const rest = path.slice(matched === 'whole' ? path.length : matched);
      const begin = rewrite.by.endsWith('/') ? rewrite.by.slice(0, -1) : rewrite.by;
      const result = begin + (rest === '' || rest.startsWith('/') ? rest : `/${rest}`);
      return result === '' ? '/' : result;
    }
    default:
      return unreachable(rewrite);
  }
}

/**
 * Where a redirect sends the client. The query stays unless the new path brings its own. A port that was asked for
 * stays with its host, unless the scheme changes and it was the old scheme's own.
 */
export function locationOf(
  { head, port }: RoutedRequest,
  redirect: RedirectAction,
  matched: HttpMatch['matched'],
): string {
  const scheme = redirect.scheme ?? head.scheme;
  const wanted = redirect.port === 'of-request' ? port : redirect.port;
  const host = redirect.host ?? hostFor(head, { scheme, isPortWanted: wanted !== undefined });
  const portText = wanted === undefined || wanted === defaultPort(scheme) ? '' : `:${wanted}`;
  const whole =
    redirect.path === undefined ? head.path : redirectPath(head.path, redirect.path, matched);
  return `${scheme}://${host}${portText}${whole}`;
}

function hostFor(
  { authority, scheme: before }: RoutedRequest['head'],
  { scheme, isPortWanted }: { readonly scheme: string; readonly isPortWanted: boolean },
): string {
  const { host, port } = splitAuthority(authority);
  const isDropped = isPortWanted || (scheme !== before && port === defaultPort(before));
  return port === undefined || isDropped ? host : `${host}:${port}`;
}

function redirectPath(whole: string, rewrite: PathRewrite, matched: HttpMatch['matched']): string {
  const brings = rewrite.kind === 'full' && rewrite.by.includes('?');
  return brings ? rewrite.by : rewrittenPath(whole, rewrite, matched);
}

function defaultPort(scheme: string): number {
  return scheme === 'https' ? 443 : 80;
}
