// An HTTPRoute of the Gateway API as routes (https://gateway-api.sigs.k8s.io/reference/spec/#httproute, traffic.md 3.9).
import type { KubeObject } from '../../api/object.ts';
import { compileBackends } from './http-route-backends.ts';
import { compileFilters, type Filters } from './http-route-filters.ts';
import { compileRouteMatch, EVERY_PATH, type RankedMatch } from './http-route-match.ts';
import { type Field, fieldOf, type Problem } from './reading.ts';
import type { Compilation, Reference } from './reference.ts';
import type { RetryPolicy } from './plan.ts';
import { DEFAULT_RETRY, retryOnStatuses } from './retry-policy.ts';
import type { HttpAction, HttpRoute, RouteAction } from './routes.ts';
import { weightedPick } from './weights.ts';

export interface CompiledHttpRoute {
  readonly parents: readonly ParentRef[];
  /** Empty: every host of the parent. */
  readonly hostnames: readonly string[];
  readonly rules: readonly RankedRoute[];
  readonly references: readonly Reference[];
  readonly problems: readonly Problem[];
}

/** What the route wants to be attached to. */
export interface ParentRef {
  readonly kind: 'Service' | 'Gateway' | 'other';
  readonly namespace: string;
  readonly name: string;
  readonly sectionName?: string;
  readonly port?: number;
  /** As it stands in the object, to be repeated in its status. */
  readonly written: unknown;
}

/** A rule with what decides its place among the rules of all routes of a host. */
export interface RankedRoute {
  readonly rank: RankedMatch['rank'];
  readonly route: HttpRoute;
}

export const GATEWAY_API = 'gateway.networking.k8s.io';

export function compileHttpRoute(object: KubeObject): CompiledHttpRoute {
  const problems: Problem[] = [];
  const { namespace = '' } = object.metadata;
  const spec = fieldOf((object as { readonly spec?: unknown }).spec, 'spec', problems);
  spec.only(['parentRefs', 'hostnames', 'rules']);
  const compilation: Compilation = { namespace, references: [] };
  return {
    parents: spec
      .at('parentRefs')
      .items()
      .map((field) => parentOf(field, namespace)),
    hostnames: spec
      .at('hostnames')
      .texts()
      .map((host) => host.toLowerCase()),
    rules: spec
      .at('rules')
      .items()
      .flatMap((rule) => compileRule(rule, compilation)),
    references: compilation.references,
    problems,
  };
}

function parentOf(field: Field, namespace: string): ParentRef {
  const group = field.at('group').text() ?? GATEWAY_API;
  const kind = field.at('kind').text() ?? 'Gateway';
  const sectionName = field.at('sectionName').text();
  const port = field.at('port').number();
  return {
    kind: parentKind(group, kind),
    namespace: field.at('namespace').text() ?? namespace,
    name: field.at('name').text() ?? '',
    written: field.value,
    ...(sectionName === undefined ? {} : { sectionName }),
    ...(port === undefined ? {} : { port }),
  };
}

function parentKind(group: string, kind: string): ParentRef['kind'] {
  if ((group === '' || group === 'core') && kind === 'Service') return 'Service';
  return group === GATEWAY_API && kind === 'Gateway' ? 'Gateway' : 'other';
}

function compileRule(field: Field, compilation: Compilation): readonly RankedRoute[] {
  field.only(['name', 'matches', 'filters', 'backendRefs', 'timeouts', 'retry']);
  const name = field.at('name').text();
  const filters = compileFilters(field.at('filters'), compilation);
  const action = compileAction(field, filters, compilation);
  const matches = field.at('matches').items();
  const ranked = matches.length === 0 ? [EVERY_PATH] : matches.map(compileRouteMatch);
  return ranked.map(({ rank, match }) => ({
    rank,
    route: { match, action, ...(name === undefined ? {} : { name }) },
  }));
}

function compileAction(field: Field, filters: Filters, compilation: Compilation): HttpAction {
  if (!filters.isWhole) return failing(filters);
  if (filters.redirect !== undefined) {
    return { ...filters.redirect, responseHeaders: filters.response };
  }
  const destinations = compileBackends(field.at('backendRefs'), filters, compilation);
  const { rewrite, authority, mirrors } = filters;
  return {
    kind: 'route',
    destinations,
    // All weights 0, or no backend at all, is an answer of 500.
    pick: weightedPick(destinations.map(({ weight }) => weight)),
    missingStatus: 500,
    mirrors,
    ...timesOf(field),
    ...(rewrite === undefined ? {} : { rewrite }),
    ...(authority === undefined ? {} : { authority }),
  };
}

/** A rule with a filter that cannot be done must not be followed without it. */
function failing({ response }: Filters): HttpAction {
  return { kind: 'direct', status: 500, body: '', responseHeaders: response };
}

/** Without retries the time of one attempt is the time of all. */
function timesOf(field: Field): Pick<RouteAction, 'retry' | 'timeoutMs'> {
  const timeouts = field.at('timeouts');
  timeouts.only(['request', 'backendRequest']);
  const whole = positive(timeouts.at('request').durationMs());
  const each = positive(timeouts.at('backendRequest').durationMs());
  const retry = retryOf(field.at('retry'), each);
  const timeoutMs = field.at('retry').isPresent ? whole : smaller(whole, each);
  return { retry, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
}

function retryOf(field: Field, perTryTimeoutMs: number | undefined): RetryPolicy {
  if (!field.isPresent) return DEFAULT_RETRY;
  field.only(['attempts', 'codes', 'backoff']);
  const backoffMs = field.at('backoff').durationMs();
  const policy = retryOnStatuses({
    attempts: field.at('attempts').number() ?? 1,
    statuses: field
      .at('codes')
      .items()
      .flatMap((code) => code.number() ?? []),
    ...(backoffMs === undefined ? {} : { backoffMs }),
  });
  return perTryTimeoutMs === undefined ? policy : { ...policy, perTryTimeoutMs };
}

/** A time of 0 is no limit. */
function positive(ms: number | undefined): number | undefined {
  return ms !== undefined && ms > 0 ? ms : undefined;
}

function smaller(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}
