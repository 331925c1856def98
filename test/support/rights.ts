// Requests as RBAC sees them, and whether objects that were installed grant them
// (https://kubernetes.io/docs/reference/access-authn-authz/authorization/#determine-the-request-verb).
import { installObjects } from '../../src/cli/install/objects.ts';
import { type Rule, secretRules } from '../../src/cli/install/rules.ts';
import { bodyOf, utf8 } from '../../src/lib/bytes.ts';
import type { HttpRequest, HttpResponse } from '../../src/lib/ports.ts';

/** One request: a verb on a resource. */
export interface Asked {
  readonly verb: string;
  readonly group: string;
  /** With its subresource: `pods/eviction`. */
  readonly resource: string;
  /** Absent: all namespaces, or none. */
  readonly namespace?: string;
  readonly name?: string;
}

const VERBS: Readonly<Record<string, string>> = {
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** Undefined for paths that are no resource's: discovery, versions, health. */
export function askedOf({ method, path }: Pick<HttpRequest, 'method' | 'path'>): Asked | undefined {
  const { pathname, searchParams } = new URL(path, 'https://server');
  const parts = pathname.split('/').slice(1).map(decodeURIComponent);
  const isCore = parts[0] === 'api';
  const rest = parts.slice(isCore ? 2 : 3);
  if (rest.length === 0) return undefined;
  const group = isCore ? '' : (parts[1] ?? '');
  const isWithin = rest[0] === 'namespaces' && rest.length > 2;
  const [plural = '', name, subresource] = isWithin ? rest.slice(2) : rest;
  const read = searchParams.get('watch') === 'true' ? 'watch' : 'list';
  return {
    verb: VERBS[method] ?? (name === undefined ? read : 'get'),
    group,
    resource: subresource === undefined ? plural : `${plural}/${subresource}`,
    ...(isWithin ? { namespace: rest[1] ?? '' } : {}),
    ...(name === undefined ? {} : { name }),
  };
}

/** A rule, and where it holds: in one namespace, or everywhere if absent. */
export interface Grant {
  readonly namespace?: string;
  readonly rule: Rule;
}

interface Installed {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly Rule[];
  readonly roleRef?: { readonly kind: string; readonly name: string };
  readonly subjects?: readonly { readonly name: string; readonly namespace: string }[];
}

/** What the bindings among the objects grant to the ServiceAccount among them. */
export function grantsIn(objects: readonly object[]): readonly Grant[] {
  const all = objects as readonly Installed[];
  const account = all.find(({ kind }) => kind === 'ServiceAccount')?.metadata;
  const isAccount = ({ name, namespace }: { readonly name: string; readonly namespace: string }) =>
    name === account?.name && namespace === account.namespace;
  return all
    .filter(({ subjects = [] }) => subjects.some(isAccount))
    .flatMap(({ metadata: { namespace }, roleRef }) => {
      const role = all.find(({ kind, metadata }) => {
        const isThere = kind === 'ClusterRole' || metadata.namespace === namespace;
        return kind === roleRef?.kind && metadata.name === roleRef.name && isThere;
      });
      const place = namespace === undefined ? {} : { namespace };
      return (role?.rules ?? []).map((rule) => ({ ...place, rule }));
    });
}

/** The grants that allow it; empty if it is forbidden. */
export function allowing(grants: readonly Grant[], asked: Asked): readonly Grant[] {
  return grants.filter(({ namespace, rule }) => {
    const names = rule.resourceNames;
    return (
      (namespace === undefined || namespace === asked.namespace) &&
      rule.apiGroups.includes(asked.group) &&
      rule.resources.includes(asked.resource) &&
      rule.verbs.includes(asked.verb) &&
      (names === undefined || (asked.name !== undefined && names.includes(asked.name)))
    );
  });
}

/** `patch apps/replicasets` */
export function textOf({ verb, group, resource }: Omit<Asked, 'name' | 'namespace'>): string {
  return `${verb} ${group === '' ? resource : `${group}/${resource}`}`;
}

/** Everything that rules allow, each verb on each resource. */
export function textsOf(rules: readonly Rule[]): readonly string[] {
  return rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) => verbs.map((verb) => textOf({ verb, group, resource }))),
    ),
  );
}

/** What an installation grants; Secrets everywhere, as if each namespace had been named. */
export function grantsFor(namespace?: string): readonly Grant[] {
  const objects = installObjects({
    namespace: namespace ?? 'argo-rollouts',
    image: 'slipway:test',
    crds: 'none',
    isNamespaced: namespace !== undefined,
    instance: '',
    secretsIn: [],
  });
  return [...grantsIn(objects), ...secretRules().map((rule) => ({ rule }))];
}

export interface Rights {
  /** Requests, each verb on each resource once. */
  readonly asked: ReadonlySet<string>;
  /** Those that the installation does not grant. */
  readonly missing: ReadonlySet<string>;
  see(request: HttpRequest): void;
}

/** Compares requests of a controller with what its installation grants. */
export function watchRights(namespace?: string): Rights {
  const grants = grantsFor(namespace);
  const asked = new Set<string>();
  const missing = new Set<string>();
  return {
    asked,
    missing,
    see: (request) => {
      const one = askedOf(request);
      if (one === undefined) return;
      asked.add(textOf(one));
      if (allowing(grants, one).length === 0) missing.add(textOf(one));
    },
  };
}

/** The API server's word to whoever may not. */
export function forbidden(asked: Asked): HttpResponse {
  const message = `${textOf(asked)} is forbidden: User "system:serviceaccount:argo-rollouts" may not`;
  const status = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'Forbidden' };
  return {
    status: 403,
    headers: { 'content-type': 'application/json' },
    body: bodyOf(utf8(JSON.stringify({ ...status, message, code: 403 }))),
  };
}
