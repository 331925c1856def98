// The server's own kinds: names, columns, and where their defaults and checks are. Entry point: `builtinKinds`.
import {
  CONFIG_MAPS,
  CRDS,
  DEPLOYMENTS,
  ENDPOINT_SLICES,
  ENDPOINTS,
  EVENTS,
  JOBS,
  LEASES,
  NAMESPACES,
  NODES,
  POD_TEMPLATES,
  PODS,
  REPLICA_SETS,
  SECRETS,
  SERVICE_ACCOUNTS,
  SERVICES,
} from '../../api/resources.ts';
import {
  dataProblems,
  jobProblems,
  podProblems,
  podTemplateProblems,
  serviceProblems,
  workloadProblems,
} from './builtin-checks.ts';
import {
  deploymentDefaults,
  jobDefaults,
  namespaceDefaults,
  podDefaults,
  podTemplateDefaults,
  secretDefaults,
  serviceDefaults,
  workloadDefaults,
} from './builtin-defaults.ts';
import { SCHEMAS } from './builtin-schemas.ts';
import {
  BINDING_COLUMNS,
  CREATED_COLUMNS,
  DATA_COLUMNS,
  ENDPOINTS_COLUMNS,
  EVENT_COLUMNS,
  INGRESS_COLUMNS,
  LEASE_COLUMNS,
  NAMESPACE_COLUMNS,
  NODE_COLUMNS,
  SECRET_COLUMNS,
  SERVICE_ACCOUNT_COLUMNS,
  SLICE_COLUMNS,
} from './columns-cluster.ts';
import {
  DEPLOYMENT_COLUMNS,
  JOB_COLUMNS,
  POD_COLUMNS,
  POD_TEMPLATE_COLUMNS,
  REPLICA_SET_COLUMNS,
  SERVICE_COLUMNS,
} from './columns.ts';
import { crdDefaults, crdProblems } from './crd-kind.ts';
import { builtin, type ServedKind } from './kinds.ts';

const RBAC = { group: 'rbac.authorization.k8s.io', version: 'v1' } as const;
const ROLES = { ...RBAC, kind: 'Role', plural: 'roles', namespaced: true };
const ROLE_BINDINGS = { ...RBAC, kind: 'RoleBinding', plural: 'rolebindings', namespaced: true };
const CLUSTER_ROLES = { ...RBAC, kind: 'ClusterRole', plural: 'clusterroles', namespaced: false };
const CLUSTER_ROLE_BINDINGS = {
  ...RBAC,
  kind: 'ClusterRoleBinding',
  plural: 'clusterrolebindings',
  namespaced: false,
};
const INGRESSES = {
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'Ingress',
  plural: 'ingresses',
  namespaced: true,
};

const SCALE = {
  spec: '.spec.replicas',
  status: '.status.replicas',
  selector: '.spec.selector',
} as const;

const POD_SUBRESOURCES: ServedKind['subresources'] = {
  attach: { kind: 'PodAttachOptions', verbs: ['create', 'get'] },
  binding: { kind: 'Binding', verbs: ['create'] },
  eviction: { kind: 'Eviction', verbs: ['create'] },
  exec: { kind: 'PodExecOptions', verbs: ['create', 'get'] },
  log: { kind: 'Pod', verbs: ['get'] },
  portforward: { kind: 'PodPortForwardOptions', verbs: ['create', 'get'] },
};

const ALL = ['all'] as const;

/** Everything that is served without a CustomResourceDefinition. */
export function builtinKinds(): readonly ServedKind[] {
  return [...coreKinds(), ...dataKinds(), ...workloadKinds(), ...otherKinds()];
}

function coreKinds(): readonly ServedKind[] {
  return [
    builtin(NAMESPACES, SCHEMAS.namespace, {
      shortNames: ['ns'],
      hasStatus: true,
      columns: NAMESPACE_COLUMNS,
      defaults: namespaceDefaults,
      nameRule: 'label',
      selectableFields: ['status.phase'],
    }),
    builtin(NODES, SCHEMAS.node, {
      shortNames: ['no'],
      hasStatus: true,
      columns: NODE_COLUMNS,
      selectableFields: ['spec.unschedulable'],
    }),
    builtin(PODS, SCHEMAS.pod, {
      shortNames: ['po'],
      categories: ALL,
      hasStatus: true,
      columns: POD_COLUMNS,
      subresources: POD_SUBRESOURCES,
      isGraceful: true,
      defaults: podDefaults,
      problems: podProblems,
      selectableFields: [
        'spec.nodeName',
        'spec.restartPolicy',
        'spec.schedulerName',
        'spec.serviceAccountName',
        'status.phase',
        'status.podIP',
      ],
    }),
    builtin(SERVICES, SCHEMAS.service, {
      shortNames: ['svc'],
      categories: ALL,
      hasStatus: true,
      columns: SERVICE_COLUMNS,
      defaults: serviceDefaults,
      problems: serviceProblems,
      nameRule: 'service',
      selectableFields: ['spec.clusterIP', 'spec.type'],
    }),
  ];
}

/** What is kept and read, and runs nothing. */
function dataKinds(): readonly ServedKind[] {
  return [
    builtin(ENDPOINTS, SCHEMAS.endpoints, { shortNames: ['ep'], columns: ENDPOINTS_COLUMNS }),
    builtin(POD_TEMPLATES, SCHEMAS.podTemplate, {
      columns: POD_TEMPLATE_COLUMNS,
      defaults: podTemplateDefaults,
      problems: podTemplateProblems,
    }),
    builtin(CONFIG_MAPS, SCHEMAS.configMap, {
      shortNames: ['cm'],
      columns: DATA_COLUMNS,
      problems: dataProblems,
    }),
    builtin(SECRETS, SCHEMAS.secret, {
      columns: SECRET_COLUMNS,
      defaults: secretDefaults,
      problems: dataProblems,
      selectableFields: ['type'],
    }),
    builtin(SERVICE_ACCOUNTS, SCHEMAS.serviceAccount, {
      shortNames: ['sa'],
      columns: SERVICE_ACCOUNT_COLUMNS,
    }),
    builtin(EVENTS, SCHEMAS.event, {
      shortNames: ['ev'],
      columns: EVENT_COLUMNS,
      selectableFields: [
        'involvedObject.apiVersion',
        'involvedObject.fieldPath',
        'involvedObject.kind',
        'involvedObject.name',
        'involvedObject.namespace',
        'involvedObject.resourceVersion',
        'involvedObject.uid',
        'reason',
        'reportingComponent',
        'source',
        'type',
      ],
    }),
  ];
}

function workloadKinds(): readonly ServedKind[] {
  return [
    builtin(DEPLOYMENTS, SCHEMAS.deployment, {
      shortNames: ['deploy'],
      categories: ALL,
      hasStatus: true,
      scale: SCALE,
      columns: DEPLOYMENT_COLUMNS,
      defaults: deploymentDefaults,
      problems: workloadProblems,
    }),
    builtin(REPLICA_SETS, SCHEMAS.replicaSet, {
      shortNames: ['rs'],
      categories: ALL,
      hasStatus: true,
      scale: SCALE,
      columns: REPLICA_SET_COLUMNS,
      selectableFields: ['status.replicas'],
      defaults: workloadDefaults({ replicas: 1 }),
      problems: workloadProblems,
    }),
    builtin(JOBS, SCHEMAS.job, {
      categories: ALL,
      hasStatus: true,
      columns: JOB_COLUMNS,
      defaults: jobDefaults,
      problems: jobProblems,
      selectableFields: ['status.successful'],
    }),
  ];
}

function otherKinds(): readonly ServedKind[] {
  return [
    builtin(INGRESSES, SCHEMAS.ingress, {
      shortNames: ['ing'],
      hasStatus: true,
      columns: INGRESS_COLUMNS,
    }),
    builtin(ROLES, SCHEMAS.role, { nameRule: 'path', columns: CREATED_COLUMNS }),
    builtin(ROLE_BINDINGS, SCHEMAS.roleBinding, { nameRule: 'path', columns: BINDING_COLUMNS }),
    builtin(CLUSTER_ROLES, SCHEMAS.role, { nameRule: 'path', columns: CREATED_COLUMNS }),
    builtin(CLUSTER_ROLE_BINDINGS, SCHEMAS.roleBinding, {
      nameRule: 'path',
      columns: BINDING_COLUMNS,
    }),
    builtin(ENDPOINT_SLICES, SCHEMAS.endpointSlice, { columns: SLICE_COLUMNS }),
    builtin(LEASES, SCHEMAS.lease, { columns: LEASE_COLUMNS }),
    builtin(CRDS, SCHEMAS.crd, {
      shortNames: ['crd', 'crds'],
      hasStatus: true,
      columns: CREATED_COLUMNS,
      defaults: crdDefaults,
      problems: crdProblems,
    }),
  ];
}
