// Everything that a cluster needs to run the controller, as objects (operations.md 8). Pure: `commands/install.ts`
// prints them, `scripts/generate.mjs` makes the kustomize base of them. Entry point: `installObjects`.
//
// Names, labels and selectors are those of the reference's installation: applied over it, they take its place.
import { type Crd, type CrdForm, crds } from '../../api/crds.ts';
import { deployment } from './deployment.ts';
import { labelled, type Manifest, NAME, SELECTOR } from './manifest.ts';
import {
  clusterRules,
  homeRules,
  peopleRules,
  type Rule,
  secretRules,
  watchedRules,
} from './rules.ts';

export interface InstallOptions {
  /** Where the controller runs. */
  readonly namespace: string;
  readonly image: string;
  /** `none` leaves the CustomResourceDefinitions to somebody else. */
  readonly crds: CrdForm | 'none';
  /** It watches its own namespace only, and needs no rights beyond it. */
  readonly isNamespaced: boolean;
  /** Namespaces whose Secrets it may read. */
  readonly secretsIn: readonly string[];
}

/** In the order in which they can be created: what others refer to comes first. */
export function installObjects(options: InstallOptions): readonly (Manifest | Crd)[] {
  const { namespace, isNamespaced, crds: form, secretsIn } = options;
  return [
    ...(isNamespaced ? [] : [labelled('v1', 'Namespace', { name: namespace })]),
    ...(form === 'none' ? [] : crds(form)),
    labelled('v1', 'ServiceAccount', { name: NAME, namespace }),
    ...(isNamespaced ? namespacedRights(namespace) : clusterRights(namespace)),
    ...secretsIn.flatMap((place) => {
      const of = { name: `${NAME}-secrets`, place, account: namespace };
      return roleIn(of, secretRules());
    }),
    // Whoever installs without the kinds may have the rights of one namespace only.
    ...(isNamespaced && form === 'none' ? [] : peopleRoles()),
    labelled('v1', 'ConfigMap', { name: `${NAME}-config`, namespace }),
    service(namespace),
    deployment(options),
  ];
}

function clusterRights(namespace: string): readonly Manifest[] {
  const rules = [...watchedRules(), ...clusterRules()];
  return [
    labelled(RBAC, 'ClusterRole', { name: NAME }, { rules }),
    labelled(RBAC, 'ClusterRoleBinding', { name: NAME }, binding('ClusterRole', NAME, namespace)),
    ...roleIn({ name: NAME, place: namespace, account: namespace }, homeRules()),
  ];
}

function namespacedRights(namespace: string): readonly Manifest[] {
  const of = { name: NAME, place: namespace, account: namespace };
  return roleIn(of, [...watchedRules(), ...homeRules()]);
}

const RBAC = 'rbac.authorization.k8s.io/v1';

interface RoleOf {
  readonly name: string;
  readonly place: string;
  /** Namespace of the ServiceAccount. */
  readonly account: string;
}

function roleIn({ name, place, account }: RoleOf, rules: readonly Rule[]): readonly Manifest[] {
  const metadata = { name, namespace: place };
  return [
    labelled(RBAC, 'Role', metadata, { rules }),
    labelled(RBAC, 'RoleBinding', metadata, binding('Role', name, account)),
  ];
}

function binding(kind: 'Role' | 'ClusterRole', name: string, account: string) {
  return {
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name },
    subjects: [{ kind: 'ServiceAccount', name: NAME, namespace: account }],
  };
}

function peopleRoles(): readonly Manifest[] {
  return (['view', 'edit', 'admin'] as const).map((role) => {
    const { metadata, ...rest } = labelled(RBAC, 'ClusterRole', {
      name: `${NAME}-aggregate-to-${role}`,
    });
    const labels = {
      ...metadata.labels,
      [`rbac.authorization.k8s.io/aggregate-to-${role}`]: 'true',
    };
    return { ...rest, metadata: { ...metadata, labels }, rules: peopleRules(role) };
  });
}

function service(namespace: string): Manifest {
  const metadata = { name: `${NAME}-metrics`, namespace };
  const ports = [{ name: 'metrics', port: 8090, protocol: 'TCP', targetPort: 'metrics' }];
  return labelled('v1', 'Service', metadata, { spec: { ports, selector: SELECTOR } });
}
