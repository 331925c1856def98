// What the server says about itself: version, discovery in both forms (kubectl-protocol: Endpoints).
import type { ServedKind } from './kinds.ts';
import type { Registry } from './registry.ts';

/** The Kubernetes version that the API follows; clients remember its minor, so it stays as it is. */
export const SERVER_VERSION = {
  major: '1',
  minor: '34',
  gitVersion: 'v1.34.0+slipway',
  gitCommit: '0000000000000000000000000000000000000000',
  gitTreeState: 'clean',
  buildDate: '2025-08-27T00:00:00Z',
  goVersion: 'none',
  compiler: 'none',
  platform: 'slipway/sandbox',
} as const;

export const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/** Reviews are created and answered, never stored. */
const REVIEWS = [
  {
    group: 'authorization.k8s.io',
    plural: 'selfsubjectaccessreviews',
    kind: 'SelfSubjectAccessReview',
  },
  {
    group: 'authorization.k8s.io',
    plural: 'selfsubjectrulesreviews',
    kind: 'SelfSubjectRulesReview',
  },
  { group: 'authentication.k8s.io', plural: 'selfsubjectreviews', kind: 'SelfSubjectReview' },
] as const;

interface Listed {
  readonly name: string;
  readonly singularName: string;
  readonly namespaced: boolean;
  readonly kind: string;
  readonly verbs: readonly string[];
  readonly group?: string;
  readonly version?: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
}

const CHANGE = ['get', 'patch', 'update'] as const;

function listed(kind: ServedKind): readonly Listed[] {
  const { resource, singular, shortNames, categories, verbs } = kind;
  const { plural, namespaced } = resource;
  const main: Listed = {
    name: plural,
    singularName: singular,
    namespaced,
    kind: resource.kind,
    verbs,
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
  };
  const sub = (name: string, of: string, allowed: readonly string[]): Listed => ({
    name: `${plural}/${name}`,
    singularName: '',
    namespaced,
    kind: of,
    verbs: allowed,
  });
  return [
    main,
    ...(kind.hasStatus ? [sub('status', resource.kind, CHANGE)] : []),
    ...(kind.scale === undefined
      ? []
      : [{ ...sub('scale', 'Scale', CHANGE), group: 'autoscaling', version: 'v1' }]),
    ...Object.entries(kind.subresources).map(([name, one]) => sub(name, one.kind, one.verbs)),
  ];
}

function reviews(group: string): readonly Listed[] {
  return REVIEWS.filter((one) => one.group === group).map(({ plural, kind }) => ({
    name: plural,
    singularName: kind.toLowerCase(),
    namespaced: false,
    kind,
    verbs: ['create'],
  }));
}

interface GroupVersions {
  readonly group: string;
  readonly versions: readonly string[];
}

/** Named groups in the order in which people meet them. */
export function groupsOf(registry: Registry): readonly GroupVersions[] {
  const versions = new Map<string, Set<string>>();
  for (const { resource, versions: served } of registry.all()) {
    if (resource.group === '') continue;
    const known = versions.get(resource.group) ?? new Set();
    for (const version of served) known.add(version);
    versions.set(resource.group, known);
  }
  for (const { group } of REVIEWS) versions.set(group, versions.get(group) ?? new Set(['v1']));
  return [...versions].map(([group, set]) => ({ group, versions: [...set] }));
}

function resourcesOf(registry: Registry, group: string, version: string): readonly Listed[] {
  const kinds = registry
    .all()
    .filter(({ resource, versions }) => resource.group === group && versions.includes(version));
  return [...kinds.flatMap(listed), ...reviews(group)];
}

function groupVersion(group: string, version: string): string {
  return group === '' ? version : `${group}/${version}`;
}

/** `APIResourceList` of one version; undefined if it is not served. */
export function resourceList(registry: Registry, group: string, version: string) {
  const resources = resourcesOf(registry, group, version);
  if (resources.length === 0) return undefined;
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: groupVersion(group, version),
    resources,
  };
}

function apiGroup({ group, versions }: GroupVersions) {
  const list = versions.map((version) => ({ groupVersion: `${group}/${version}`, version }));
  return { name: group, versions: list, preferredVersion: list[0] };
}

export function groupList(registry: Registry) {
  return {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: groupsOf(registry).map(apiGroup),
  };
}

/** One group; undefined if it is not served. */
export function groupDocument(registry: Registry, group: string) {
  const found = groupsOf(registry).find((one) => one.group === group);
  return found === undefined
    ? undefined
    : { kind: 'APIGroup', apiVersion: 'v1', ...apiGroup(found) };
}

/** Where there is something to read. */
export function rootPaths(registry: Registry): readonly string[] {
  const groups = groupsOf(registry).flatMap(({ group, versions }) => [
    `/apis/${group}`,
    ...versions.map((version) => `/apis/${group}/${version}`),
  ]);
  const health = ['/healthz', '/livez', '/openapi/v3', '/readyz', '/version'];
  return ['/api', '/api/v1', '/apis', ...groups.toSorted(), ...health];
}

/** What a probe answers; everything runs in one process, so it is well if it answers at all. */
export function healthText(probe: string, isVerbose: boolean): string {
  return isVerbose ? `[+]ping ok\n[+]store ok\n${probe} check passed\n` : 'ok';
}

export const CORE_VERSIONS = {
  kind: 'APIVersions',
  versions: ['v1'],
  serverAddressByClientCIDRs: [],
} as const;

function discovered(resources: readonly Listed[], group: string, version: string) {
  const main = resources.filter(({ name }) => !name.includes('/'));
  return main.map((one) => ({
    resource: one.name,
    responseKind: { group, version, kind: one.kind },
    scope: one.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: one.singularName,
    verbs: one.verbs,
    ...(one.shortNames === undefined ? {} : { shortNames: one.shortNames }),
    ...(one.categories === undefined ? {} : { categories: one.categories }),
    subresources: resources
      .filter(({ name }) => name.startsWith(`${one.name}/`))
      .map((sub) => ({
        subresource: sub.name.slice(one.name.length + 1),
        responseKind: {
          group: sub.group ?? group,
          version: sub.version ?? version,
          kind: sub.kind,
        },
        verbs: sub.verbs,
      })),
  }));
}

/** Aggregated discovery of the core group, or of all named groups. */
export function aggregated(registry: Registry, core: boolean) {
  const groups = core ? [{ group: '', versions: ['v1'] }] : groupsOf(registry);
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: groups.map(({ group, versions }) => ({
      metadata: group === '' ? {} : { name: group },
      versions: versions.map((version) => ({
        version,
        freshness: 'Current',
        resources: discovered(resourcesOf(registry, group, version), group, version),
      })),
    })),
  };
}
