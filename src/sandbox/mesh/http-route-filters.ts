// Filters of an HTTPRoute's rule and of its backends.
import { complainAboutVariables } from './header-operations.ts';
import { compileBackendRef } from './http-route-reference.ts';
import type { HeaderOperation } from './plan.ts';
import type { Field } from './reading.ts';
import type { Compilation } from './reference.ts';
import type { MirrorRule, PathRewrite, RedirectAction } from './routes.ts';

export interface Filters {
  readonly request: readonly HeaderOperation[];
  readonly response: readonly HeaderOperation[];
  readonly redirect?: Omit<RedirectAction, 'responseHeaders'>;
  readonly rewrite?: PathRewrite;
  readonly authority?: string;
  readonly mirrors: readonly MirrorRule[];
  /** All of them can be done. */
  readonly isWhole: boolean;
}

const NO_FILTERS: Filters = { request: [], response: [], mirrors: [], isWhole: true };

export function compileFilters(field: Field, compilation: Compilation): Filters {
  return field
    .items()
    .reduce<Filters>(
      (all, filter) => ({ ...all, ...compileFilter(filter, all, compilation) }),
      NO_FILTERS,
    );
}

function compileFilter(field: Field, before: Filters, compilation: Compilation): Partial<Filters> {
  const type = field.at('type').text() ?? '';
  switch (type) {
    case 'RequestHeaderModifier':
      return { request: [...before.request, ...modified(field.at('requestHeaderModifier'))] };
    case 'ResponseHeaderModifier':
      return { response: [...before.response, ...modified(field.at('responseHeaderModifier'))] };
    case 'RequestMirror':
      return { mirrors: [...before.mirrors, ...mirrorOf(field.at('requestMirror'), compilation)] };
    case 'RequestRedirect':
      return { redirect: redirectOf(field.at('requestRedirect')) };
    case 'URLRewrite':
      return rewriteOf(field.at('urlRewrite'));
    default:
      field.at('type').notSupported(`${type} is not done; requests of this rule get 500`);
      return { isWhole: false };
  }
}

/** Removals, then sets, then additions. */
function modified(field: Field): readonly HeaderOperation[] {
  field.only(['set', 'add', 'remove']);
  const removals = field
    .at('remove')
    .texts()
    .map((name) => ({ kind: 'remove', name: name.toLowerCase() }) as const);
  return [...removals, ...pairs(field.at('set'), 'set'), ...pairs(field.at('add'), 'add')];
}

function pairs(field: Field, kind: 'set' | 'add'): readonly HeaderOperation[] {
  return field.items().flatMap((entry) => {
    const name = entry.at('name').text();
    const value = entry.at('value').text() ?? '';
    complainAboutVariables(entry.at('value'), value);
    return name === undefined ? [] : [{ kind, name: name.toLowerCase(), value }];
  });
}

function mirrorOf(field: Field, compilation: Compilation): readonly MirrorRule[] {
  field.only(['backendRef', 'percent', 'fraction']);
  const to = compileBackendRef(field.at('backendRef'), compilation);
  const fraction = field.at('fraction');
  const percent = fraction.isPresent
    ? ((fraction.at('numerator').number() ?? 0) / (fraction.at('denominator').number() ?? 100)) *
      100
    : (field.at('percent').number() ?? 100);
  return to === undefined || percent <= 0 ? [] : [{ to, percent }];
}

const OWN_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };

/** A new scheme brings its own port; otherwise the port that was asked stays. */
function redirectOf(field: Field): Omit<RedirectAction, 'responseHeaders'> {
  field.only(['scheme', 'hostname', 'path', 'port', 'statusCode']);
  const scheme = field.at('scheme').text()?.toLowerCase();
  const host = field.at('hostname').text();
  const path = pathOf(field.at('path'));
  const own = scheme === undefined ? undefined : OWN_PORTS[scheme];
  return {
    kind: 'redirect',
    status: field.at('statusCode').number() ?? 302,
    port: field.at('port').number() ?? own ?? 'of-request',
    ...(scheme === undefined ? {} : { scheme }),
    ...(host === undefined ? {} : { host }),
    ...(path === undefined ? {} : { path }),
  };
}

function rewriteOf(field: Field): Partial<Filters> {
  field.only(['hostname', 'path']);
  const rewrite = pathOf(field.at('path'));
  const authority = field.at('hostname').text();
  return {
    ...(rewrite === undefined ? {} : { rewrite }),
    ...(authority === undefined ? {} : { authority }),
  };
}

function pathOf(field: Field): PathRewrite | undefined {
  if (!field.isPresent) return undefined;
  field.only(['type', 'replaceFullPath', 'replacePrefixMatch']);
  const type = field.at('type').text();
  if (type === 'ReplaceFullPath') {
    return { kind: 'full', by: field.at('replaceFullPath').text() ?? '/' };
  }
  if (type === 'ReplacePrefixMatch') {
    return { kind: 'segments', by: field.at('replacePrefixMatch').text() ?? '/' };
  }
  field.at('type').notSupported();
  return undefined;
}
