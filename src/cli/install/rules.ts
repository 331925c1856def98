// What the controller may do, as rules of RBAC: what it asks the API server for, and nothing else.
// `test/scenarios/rights.test.ts` compares them with the requests of a whole set of scenarios.
// (https://kubernetes.io/docs/reference/access-authn-authz/rbac/)

/** A rule of a Role or ClusterRole. */
export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

const OURS = 'argoproj.io';
const READ = ['get', 'list', 'watch'] as const;
const FOLLOW = ['list', 'watch'] as const;
/** Of what is created, changed and removed again. */
const OWN = ['create', 'delete', 'get', 'list', 'patch', 'watch'] as const;

/** In every namespace that is watched. */
export function watchedRules(): readonly Rule[] {
  return [
    rule(OURS, ['rollouts'], ['get', 'list', 'patch', 'watch']),
    rule(OURS, ['rollouts/status'], ['patch']),
    rule(OURS, ['analysisruns', 'experiments'], OWN),
    ownershipRule(),
    rule(OURS, ['analysistemplates'], FOLLOW),
    rule('apps', ['replicasets'], OWN),
    rule('', ['services'], OWN),
    // For a workloadRef: followed, and a Deployment is scaled down.
    rule('apps', ['deployments'], ['list', 'patch', 'watch']),
    rule('', ['podtemplates'], FOLLOW),
    // For the metadata of roles, restarts and the pods of Jobs.
    rule('', ['pods'], ['list', 'patch']),
    rule('', ['pods/eviction'], ['create']),
    rule('', ['events'], ['create', 'patch']),
    rule('batch', ['jobs'], ['create', 'delete', 'get', 'list']),
    rule(
      'networking.istio.io',
      ['destinationrules', 'virtualservices'],
      ['list', 'patch', 'watch'],
    ),
  ];
}

/**
 * No request of its own: some clusters (admission plugin OwnerReferencesPermissionEnforcement) let only those name an
 * object as an owner whose deletion waits for its children who may set the owner's finalizers.
 */
export function ownershipRule(): Rule {
  const resources = ['analysisruns/finalizers', 'experiments/finalizers', 'rollouts/finalizers'];
  return rule(OURS, resources, ['update']);
}

/** What has no namespace, for a controller of all of them. */
export function clusterRules(): readonly Rule[] {
  return [rule(OURS, ['clusteranalysistemplates'], FOLLOW)];
}

/** In the controller's own namespace: its turn to lead, and the settings of plugins. */
export function homeRules(): readonly Rule[] {
  return [
    rule('coordination.k8s.io', ['leases'], ['create', 'get', 'update']),
    {
      ...rule('', ['configmaps'], ['get']),
      resourceNames: ['argo-rollouts-config'],
    },
  ];
}

/** Where templates or plugins name Secrets. Granted namespace by namespace, never for a whole cluster. */
export function secretRules(): readonly Rule[] {
  return [rule('', ['secrets'], ['get'])];
}

const KINDS = [
  'analysisruns',
  'analysistemplates',
  'clusteranalysistemplates',
  'experiments',
  'rollouts',
  'rollouts/scale',
] as const;
const EVERYTHING = ['create', 'delete', 'deletecollection', ...READ, 'patch', 'update'].toSorted();

/** For people: added to the cluster's own roles of that name (operations.md 8). */
export function peopleRules(role: 'view' | 'edit' | 'admin'): readonly Rule[] {
  return role === 'view'
    ? [rule(OURS, KINDS, READ)]
    : [rule(OURS, [...KINDS, 'rollouts/status'], EVERYTHING)];
}

function rule(group: string, resources: readonly string[], verbs: readonly string[]): Rule {
  return { apiGroups: [group], resources, verbs };
}
