// CustomResourceDefinitions of the kinds that steer traffic, Istio's and the Gateway API's, as the mesh of the sandbox
// reads them. Specs are kept whole as users write them; only what a real server would fill in is described.
import type { Crd, PrinterColumn } from '../api/crds.ts';
import type { OpenApi } from '../schema/open-api.ts';

interface MeshKind {
  readonly group: string;
  /** Served versions; objects are kept in the last, the others show the same content. */
  readonly versions: readonly string[];
  readonly kind: string;
  readonly plural: string;
  readonly shortNames: readonly string[];
  readonly scope?: 'Cluster';
  readonly columns: readonly PrinterColumn[];
  readonly spec?: OpenApi;
}

const AGE: PrinterColumn = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };
/** Anything goes. */
const ANY: OpenApi = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

function column(name: string, jsonPath: string): PrinterColumn {
  return { name, type: 'string', jsonPath };
}

const ISTIO = 'networking.istio.io';
const ISTIO_VERSIONS = ['v1', 'v1alpha3', 'v1beta1'] as const;
const GATEWAY_API = 'gateway.networking.k8s.io';
const GATEWAY_API_VERSIONS = ['v1beta1', 'v1'] as const;

function filled(value: string | number): OpenApi {
  return { type: typeof value === 'number' ? 'integer' : 'string', default: value };
}

function open(properties: Readonly<Record<string, OpenApi>>): OpenApi {
  return { ...ANY, properties };
}

function listOf(items: OpenApi): OpenApi {
  return { type: 'array', items };
}

/** Clients that count weights rely on these being filled in. */
const HTTP_ROUTE_SPEC: OpenApi = open({
  parentRefs: listOf(open({ group: filled(GATEWAY_API), kind: filled('Gateway') })),
  rules: listOf(
    open({
      matches: {
        ...listOf(ANY),
        default: [{ path: { type: 'PathPrefix', value: '/' } }],
      },
      backendRefs: listOf(open({ group: filled(''), kind: filled('Service'), weight: filled(1) })),
    }),
  ),
});

const GATEWAY_SPEC: OpenApi = open({
  listeners: listOf(open({ allowedRoutes: { ...ANY, default: { namespaces: { from: 'Same' } } } })),
});

const KINDS: readonly MeshKind[] = [
  {
    group: ISTIO,
    versions: ISTIO_VERSIONS,
    kind: 'VirtualService',
    plural: 'virtualservices',
    shortNames: ['vs'],
    columns: [column('Gateways', '.spec.gateways'), column('Hosts', '.spec.hosts'), AGE],
  },
  {
    group: ISTIO,
    versions: ISTIO_VERSIONS,
    kind: 'DestinationRule',
    plural: 'destinationrules',
    shortNames: ['dr'],
    columns: [column('Host', '.spec.host'), AGE],
  },
  {
    group: ISTIO,
    versions: ISTIO_VERSIONS,
    kind: 'Gateway',
    plural: 'gateways',
    shortNames: ['gw'],
    columns: [AGE],
  },
  {
    group: GATEWAY_API,
    versions: GATEWAY_API_VERSIONS,
    kind: 'GatewayClass',
    plural: 'gatewayclasses',
    shortNames: ['gc'],
    scope: 'Cluster',
    columns: [column('Controller', '.spec.controllerName'), AGE],
  },
  {
    group: GATEWAY_API,
    versions: GATEWAY_API_VERSIONS,
    kind: 'Gateway',
    plural: 'gateways',
    shortNames: ['gtw'],
    columns: [
      column('Class', '.spec.gatewayClassName'),
      column('Programmed', '.status.conditions[?(@.type=="Programmed")].status'),
      AGE,
    ],
    spec: GATEWAY_SPEC,
  },
  {
    group: GATEWAY_API,
    versions: GATEWAY_API_VERSIONS,
    kind: 'HTTPRoute',
    plural: 'httproutes',
    shortNames: [],
    columns: [column('Hostnames', '.spec.hostnames'), AGE],
    spec: HTTP_ROUTE_SPEC,
  },
];

/** The Gateway API's group is one of Kubernetes' own: a server wants to know who may define its kinds. */
const UNAPPROVED = { 'api-approved.kubernetes.io': 'unapproved, as far as a sandbox reads them' };

function crdOf({ group, versions, kind, plural, ...rest }: MeshKind): Crd {
  const annotations = group === GATEWAY_API ? { annotations: UNAPPROVED } : {};
  const { shortNames, scope = 'Namespaced', columns, spec = ANY } = rest;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}`, ...annotations },
    spec: {
      group,
      names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase(), shortNames },
      scope,
      versions: versions.map((name) => ({
        name,
        served: true,
        storage: name === versions.at(-1),
        additionalPrinterColumns: columns,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              apiVersion: { type: 'string' },
              kind: { type: 'string' },
              metadata: { type: 'object' },
              spec,
              status: ANY,
            },
          },
        },
        // The mesh says on the object what it makes of it, and a client's write of the spec must not wipe that out.
        subresources: { status: {} },
      })),
    },
  };
}

export function meshKinds(): readonly Crd[] {
  return KINDS.map(crdOf);
}
