// A request's path and parameters, as the API understands them.
import type { Headers } from '../../lib/ports.ts';
import { badRequest } from './status-error.ts';

export interface ApiRequest {
  readonly method: string;
  readonly group: string;
  readonly version: string;
  readonly namespace: string | undefined;
  readonly plural: string;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
  readonly query: ReadonlyMap<string, readonly string[]>;
  readonly headers: Headers;
}

export function parseQuery(text: string): ReadonlyMap<string, readonly string[]> {
  const query = new Map<string, string[]>();
  for (const part of text.split('&')) {
    if (part === '') continue;
    const [name = '', value = ''] = part.split(/=(.*)/s);
    const key = decoded(name);
    query.set(key, [...(query.get(key) ?? []), decoded(value)]);
  }
  return query;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    // Not percent-encoded after all: taken as it is.
    return text;
  }
}

/** The single value of a parameter; empty if it is absent. */
export function parameter({ query }: Pick<ApiRequest, 'query'>, name: string): string {
  return query.get(name)?.at(-1) ?? '';
}

/** A parameter that is a whole number; undefined if it is absent, refused if it is none. */
export function wholeNumber(request: Pick<ApiRequest, 'query'>, name: string): number | undefined {
  const text = parameter(request, name);
  if (text === '') return undefined;
  if (/^-?\d+$/.test(text)) return Number(text);
  throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
}

export interface SplitPath {
  readonly segments: readonly string[];
  readonly query: ReadonlyMap<string, readonly string[]>;
}

export function splitPath(path: string): SplitPath {
  const mark = path.indexOf('?');
  const bare = mark < 0 ? path : path.slice(0, mark);
  const segments = bare.split('/').filter((segment) => segment !== '');
  return {
    segments: segments.map(decoded),
    query: parseQuery(mark < 0 ? '' : path.slice(mark + 1)),
  };
}

/** The resource that a path names; undefined if it has no such form. */
export function resourceRequest(
  method: string,
  { segments, query }: SplitPath,
  headers: Headers,
): ApiRequest | undefined {
  const [root, ...rest] = segments;
  const isCore = root === 'api';
  if (!isCore && root !== 'apis') return undefined;
  const [group = '', version = '', ...path] = isCore ? ['', ...rest] : rest;
  const place = placeOf(path);
  if (version === '' || place === undefined) return undefined;
  return { method, group, version, query, headers, ...place };
}

type Place = Pick<ApiRequest, 'namespace' | 'plural' | 'name' | 'subresource'>;

function placeOf(path: readonly string[]): Place | undefined {
  const [first, second, third, ...rest] = path;
  if (first === undefined) return undefined;
  const isNamespaced = first === 'namespaces' && second !== undefined && third !== undefined;
  // `namespaces/NAME/status` is the namespace itself, not something in it.
  if (isNamespaced && !(third === 'status' || third === 'finalize')) {
    const [name, ...sub] = rest;
    return { namespace: second, plural: third, name, subresource: joined(sub) };
  }
  const sub = [third, ...rest].filter((segment) => segment !== undefined);
  return { namespace: undefined, plural: first, name: second, subresource: joined(sub) };
}

function joined(segments: readonly string[]): string | undefined {
  return segments.length === 0 ? undefined : segments.join('/');
}
