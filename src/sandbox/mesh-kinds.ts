// CustomResourceDefinitions of the Istio kinds that rollouts steer, kept whole as users write them. The sandbox's mesh
// does not read them yet; the controller does.
import type { Crd } from '../api/crds.ts';

const GROUP = 'networking.istio.io';
const VERSIONS = ['v1', 'v1beta1', 'v1alpha3'] as const;
/** The version in which objects are kept; the others show the same content. */
const STORED = 'v1beta1';

function definition(kind: string, plural: string, shortNames: readonly string[]): Crd {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${GROUP}` },
    spec: {
      group: GROUP,
      names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase(), shortNames },
      scope: 'Namespaced',
      versions: VERSIONS.map((name) => ({
        name,
        served: true,
        storage: name === STORED,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              apiVersion: { type: 'string' },
              kind: { type: 'string' },
              metadata: { type: 'object' },
              spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
              status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
            },
          },
        },
        subresources: {},
      })),
    },
  };
}

export function meshKinds(): readonly Crd[] {
  return [
    definition('VirtualService', 'virtualservices', ['vs']),
    definition('DestinationRule', 'destinationrules', ['dr']),
    definition('Gateway', 'gateways', ['gw']),
  ];
}
