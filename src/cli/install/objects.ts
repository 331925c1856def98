// Everything that a cluster needs to run the controller, as objects (operations.md 8). Pure: `commands/install.ts`
// prints them, `scripts/generate.mjs` makes the kustomize base of them. Entry point: `installObjects`.
//
// Names, labels and selectors are those of the reference's installation: applied over it, they take its place.
import { type Crd, type CrdForm, crds } from '../../api/crds.ts';
import { deployment } from './deployment.ts';
import { labelled, type Manifest, NAME, nameOf, selectorOf } from './manifest.ts';
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
  /** Empty for the instance of objects without its label. */
  readonly instance: string;
  /** Namespaces whose Secrets it may read. */
  readonly secretsIn: readonly string[];
}

/** In the order in which they can be created: what others refer to comes first. */
export function installObjects(options: InstallOptions): readonly (Manifest | Crd)[] {
  const { namespace, isNamespaced, crds: form, secretsIn, instance } = options;
  const app = nameOf(instance);
  const account = { name: app, namespace };
  return [
    ...(isNamespaced ? [] : [labelled('v1', 'Namespace', { name: namespace })]),
    ...(form === 'none' ? [] : crds(form)),
    labelled('v1', 'ServiceAccount', { ...account, app }),
    ...(isNamespaced ? namespacedRights(account) : clusterRights(account)),
    ...secretsIn.flatMap((place) =>
      roleIn({ name: `${app}-secrets`, place, account }, secretRules()),
    ),
    // Whoever installs without the kinds may have the rights of one namespace only.
    ...(isNamespaced && form === 'none' ? [] : peopleRoles()),
    labelled('v1', 'ConfigMap', { name: `${NAME}-config`, namespace }),
    service(account),
    deployment(options),
  ];
}

/** The ServiceAccount of an instance; its name is that of the instance's roles too. */
interface Account {
  readonly name: string;
  readonly namespace: string;
}

function clusterRights(account: Account): readonly Manifest[] {
  const { name, namespace } = account;
  const rules = [...watchedRules(), ...clusterRules()];
  const metadata = { name, app: name };
  return [
    labelled(RBAC, 'ClusterRole', metadata, { rules }),
    labelled(RBAC, 'ClusterRoleBinding', metadata, binding('ClusterRole', name, account)),
    ...roleIn({ name, place: namespace, account }, homeRules()),
  ];
}

function namespacedRights(account: Account): readonly Manifest[] {
  const { name, namespace } = account;
  return roleIn({ name, place: namespace, account }, [...watchedRules(), ...homeRules()]);
}

const RBAC = 'rbac.authorization.k8s.io/v1';

interface RoleOf {
  readonly name: string;
  readonly place: string;
  readonly account: Account;
}

function roleIn({ name, place, account }: RoleOf, rules: readonly Rule[]): readonly Manifest[] {
  const metadata = { name, namespace: place, app: account.name };
  return [
    labelled(RBAC, 'Role', metadata, { rules }),
    labelled(RBAC, 'RoleBinding', metadata, binding('Role', name, account)),
  ];
}

function binding(kind: 'Role' | 'ClusterRole', name: string, account: Account) {
  return {
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name },
    subjects: [{ kind: 'ServiceAccount', name: account.name, namespace: account.namespace }],
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

function service({ name: app, namespace }: Account): Manifest {
  const metadata = { name: `${app}-metrics`, namespace, app };
  const ports = [{ name: 'metrics', port: 8090, protocol: 'TCP', targetPort: 'metrics' }];
  return labelled('v1', 'Service', metadata, { spec: { ports, selector: selectorOf(app) } });
}
