// A VirtualService as routes (https://istio.io/latest/docs/reference/config/networking/virtual-service/, traffic.md 5).
// Whatever of it the mesh does not do, or a real one would refuse, becomes a problem of the object.
import type { KubeObject } from '../../api/object.ts';
import { compilePattern } from '../../lib/pattern.ts';
import { compileFault } from './fault.ts';
import { compileHeaders, type HeaderChanges, joined } from './header-operations.ts';
import { compileHttpMatch, EVERY_REQUEST } from './http-match.ts';
import { fullHost } from './names.ts';
import { type Field, fieldOf, type Problem } from './reading.ts';
import { compileRetry } from './retry-policy.ts';
import {
  type ConnectionRoute,
  type DirectAction,
  type HttpAction,
  type HttpMatch,
  type HttpRoute,
  MESH,
  type MirrorRule,
  type PathRewrite,
  type RedirectAction,
  type RouteAction,
  type WeightedDestination,
} from './routes.ts';
import { gatewayScope } from './source-match.ts';
import { compileConnectionRoutes } from './connection-route.ts';
import { type Compilation, compileReference, type Reference } from './reference.ts';
import { type Visibility, visibilityOf } from './visibility.ts';
import { weightedPick } from './weights.ts';

export interface CompiledVirtualService {
  /** Full names and wildcards. */
  readonly hosts: readonly string[];
  readonly scopes: ReadonlySet<string>;
  readonly visibility: Visibility;
  readonly http: readonly HttpRoute[];
  /** `tls` before `tcp`, as they are tried. */
  readonly connections: readonly ConnectionRoute[];
  /** What it sends to, for saying what does not exist. */
  readonly references: readonly Reference[];
  readonly problems: readonly Problem[];
}

export function compileVirtualService(object: KubeObject): CompiledVirtualService {
  const problems: Problem[] = [];
  const namespace = object.metadata.namespace ?? '';
  const spec = fieldOf((object as { readonly spec?: unknown }).spec, 'spec', problems);
  const compilation: Compilation = { namespace, references: [] };
  spec.only(['hosts', 'gateways', 'http', 'tls', 'tcp', 'exportTo']);
  const gateways = spec.at('gateways').texts();
  const http = untilEvery(
    spec
      .at('http')
      .items()
      .flatMap((route) => compileHttpRoute(route, compilation)),
  );
  return {
    hosts: spec
      .at('hosts')
      .texts()
      .map((host) => fullHost(host, namespace)),
    scopes: new Set(
      (gateways.length === 0 ? [MESH] : gateways).map((name) => gatewayScope(name, namespace)),
    ),
    visibility: visibilityOf(spec.at('exportTo').texts(), namespace),
    http,
    connections: [
      ...compileConnectionRoutes(spec.at('tls'), compilation),
      ...compileConnectionRoutes(spec.at('tcp'), compilation),
    ],
    references: compilation.references,
    problems,
  };
}

/** Nothing after a route without conditions is ever tried. */
function untilEvery(routes: readonly HttpRoute[]): readonly HttpRoute[] {
  const last = routes.findIndex(({ match }) => match === EVERY_REQUEST);
  return last < 0 ? routes : routes.slice(0, last + 1);
}

const KNOWN = [
  'name',
  'match',
  'route',
  'redirect',
  'directResponse',
  'rewrite',
  'timeout',
  'retries',
  'fault',
  'mirror',
  'mirrors',
  'mirrorPercentage',
  'mirrorPercent',
  'headers',
];

function compileHttpRoute(field: Field, compilation: Compilation): readonly HttpRoute[] {
  field.only(KNOWN);
  const name = field.at('name').text();
  const fault = compileFault(field.at('fault'));
  const action = compileAction(field, compilation);
  if (action === undefined) return [];
  const entries = field.at('match').items();
  const matches: readonly HttpMatch[] =
    entries.length === 0
      ? [EVERY_REQUEST]
      : entries.map((entry) => compileHttpMatch(entry, compilation.namespace));
  return matches.map((match) => ({
    match,
    action,
    ...(name === undefined ? {} : { name }),
    ...(fault === undefined ? {} : { fault }),
  }));
}

function compileAction(field: Field, compilation: Compilation): HttpAction | undefined {
  const headers = compileHeaders(field.at('headers'));
  if (field.at('redirect').isPresent) return compileRedirect(field.at('redirect'), headers);
  if (field.at('directResponse').isPresent)
    return compileDirect(field.at('directResponse'), headers);
  if (field.at('route').items().length > 0) return compileRoute(field, headers, compilation);
  field.invalid('must have a route, a redirect or a directResponse');
  return undefined;
}

const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

function compileRedirect(field: Field, headers: HeaderChanges): RedirectAction | undefined {
  field.only(['uri', 'authority', 'port', 'derivePort', 'scheme', 'redirectCode']);
  const code = field.at('redirectCode').number() ?? 0;
  const status = code === 0 ? 301 : code;
  if (!REDIRECTS.includes(status)) {
    field.at('redirectCode').invalid(`must be one of ${REDIRECTS.join(', ')}`);
    return undefined;
  }
  const uri = field.at('uri').text() ?? '';
  const host = field.at('authority').text() ?? '';
  const scheme = field.at('scheme').text() ?? '';
  const derived = field.at('derivePort').text();
  const port = field.at('port').number() ?? (derived === 'FROM_REQUEST_PORT' ? 'of-request' : 0);
  return {
    kind: 'redirect',
    status,
    responseHeaders: headers.response,
    ...(uri === '' ? {} : { path: { kind: 'full', by: uri } as const }),
    ...(host === '' ? {} : { host }),
    ...(scheme === '' ? {} : { scheme }),
    ...(port === 0 ? {} : { port }),
  };
}

function compileDirect(field: Field, headers: HeaderChanges): DirectAction {
  field.only(['status', 'body']);
  const body = field.at('body');
  body.only(['string']);
  return {
    kind: 'direct',
    status: field.at('status').number() ?? 200,
    body: body.at('string').text() ?? '',
    responseHeaders: headers.response,
  };
}

function compileRoute(field: Field, headers: HeaderChanges, compilation: Compilation): RouteAction {
  const entries = field.at('route').items();
  const destinations = entries.map((entry) =>
    compileDestination(entry, { headers, compilation, isOnly: entries.length === 1 }),
  );
  const rewrite = compileRewrite(field.at('rewrite'));
  const authority = field.at('rewrite').at('authority').text() ?? headers.authority;
  const timeoutMs = field.at('timeout').durationMs() ?? 0;
  if (entries.length > 1 && destinations.every(({ weight }) => weight <= 0)) {
    field.at('route').invalid('total destination weight = 0');
  }
  return {
    kind: 'route',
    destinations,
    // A single destination takes all, whatever its weight.
    pick: weightedPick(entries.length === 1 ? [1] : destinations.map(({ weight }) => weight)),
    missingStatus: 503,
    retry: compileRetry(field.at('retries')),
    mirrors: compileMirrors(field, compilation),
    ...(rewrite === undefined ? {} : { rewrite }),
    ...(authority === undefined ? {} : { authority }),
    ...(timeoutMs <= 0 ? {} : { timeoutMs }),
  };
}

interface DestinationContext {
  readonly headers: HeaderChanges;
  readonly compilation: Compilation;
  readonly isOnly: boolean;
}

/**
 * Headers of a destination among several are changed before those of its route, so that the route has the last word; a
 * single destination's are as if written at the route's end (Envoy's order in either case).
 */
function compileDestination(
  field: Field,
  { headers, compilation, isOnly }: DestinationContext,
): WeightedDestination {
  field.only(['destination', 'weight', 'headers']);
  const own = compileHeaders(field.at('headers'));
  const weight = field.at('weight').number() ?? 0;
  if (weight < 0) field.at('weight').invalid('must not be negative');
  const join = (kind: 'request' | 'response') =>
    isOnly ? joined(headers[kind], own[kind]) : [...own[kind], ...headers[kind]];
  return {
    weight: Math.max(0, weight),
    to: compileReference(field.at('destination'), compilation),
    requestHeaders: join('request'),
    responseHeaders: join('response'),
    ...(own.authority === undefined ? {} : { authority: own.authority }),
  };
}

function compileRewrite(field: Field): PathRewrite | undefined {
  if (!field.isPresent) return undefined;
  field.only(['uri', 'authority', 'uriRegexRewrite']);
  const regex = field.at('uriRegexRewrite');
  if (regex.isPresent) return compileRegexRewrite(regex);
  const uri = field.at('uri').text() ?? '';
  return uri === '' ? undefined : { kind: 'matched', by: uri };
}

function compileRegexRewrite(field: Field): PathRewrite | undefined {
  field.only(['match', 'rewrite']);
  const compiled = compilePattern(field.at('match').text() ?? '');
  if (!compiled.ok) {
    field.at('match').invalid(compiled.error);
    return undefined;
  }
  const { source, flags } = compiled.pattern;
  // RE2 writes groups as `\1`, and a dollar is only a dollar.
  const by = (field.at('rewrite').text() ?? '')
    .replaceAll('$', '$$$$')
    .replace(/\\(\d)/g, (_whole, digit: string) => (digit === '0' ? '$&' : `$${digit}`));
  return { kind: 'regex', pattern: new RegExp(source, `${flags}g`), by };
}

/** Shares of 0 and destinations that cannot be read send nothing. */
function compileMirrors(field: Field, compilation: Compilation): readonly MirrorRule[] {
  const rules: MirrorRule[] = [];
  const add = (destination: Field, percent: number): void => {
    const to = compileReference(destination, compilation);
    if (to !== undefined && percent > 0) rules.push({ to, percent });
  };
  if (field.at('mirror').isPresent) {
    const share = field.at('mirrorPercentage');
    const percent = share.isPresent
      ? (share.at('value').number() ?? 0)
      : (field.at('mirrorPercent').number() ?? 100);
    add(field.at('mirror'), percent);
  }
  for (const mirror of field.at('mirrors').items()) {
    mirror.only(['destination', 'percentage']);
    const share = mirror.at('percentage');
    const percent = share.isPresent ? (share.at('value').number() ?? 0) : 100;
    if (mirror.at('destination').isPresent) add(mirror.at('destination'), percent);
  }
  return rules;
}
