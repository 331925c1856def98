// The same objects as a base for kustomize, by file name: `scripts/generate.mjs` writes them into deploy/.
// (https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/)
import { toYaml } from '../../lib/yaml.ts';
import { installObjects } from './objects.ts';

const KINDS = 'kinds.yaml';
const OBJECTS = 'objects.yaml';

/** For overlays to change: namespace, image, arguments, sizes. */
export function kustomizeBase(image: string): ReadonlyMap<string, string> {
  const objects = installObjects({
    namespace: 'argo-rollouts',
    image,
    crds: 'full',
    isNamespaced: false,
    instance: '',
    secretsIn: [],
  });
  const isKind = ({ kind }: { readonly kind: string }) => kind === 'CustomResourceDefinition';
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    // A file of its own: whoever installs the kinds otherwise takes the other one.
    resources: [KINDS, OBJECTS],
  };
  return new Map([
    ['kustomization.yaml', toYaml(kustomization)],
    [KINDS, yamlOf(objects.filter(isKind))],
    [OBJECTS, yamlOf(objects.filter((object) => !isKind(object)))],
  ]);
}

function yamlOf(objects: readonly object[]): string {
  return objects.map(toYaml).join('---\n');
}
