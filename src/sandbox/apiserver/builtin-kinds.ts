// The server's own kinds with their defaults and checks.
import type { Deployment, Job, Pod, ReplicaSet, Service } from '../../api/kubernetes.ts';
import type { KubeObject } from '../../api/object.ts';
import { defaultPodSpec, defaultPodTemplate } from '../../api/pod-defaults.ts';
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
  PODS,
  REPLICA_SETS,
  SECRETS,
  SERVICE_ACCOUNTS,
  SERVICES,
} from '../../api/resources.ts';
import { matchesSelector } from '../../api/selector.ts';
import { base64, utf8 } from '../../lib/bytes.ts';
import type { FieldProblem } from '../../schema/structural/problem.ts';
import { SCHEMAS } from './builtin-schemas.ts';
import {
  DATA_COLUMNS,
  DEPLOYMENT_COLUMNS,
  ENDPOINTS_COLUMNS,
  EVENT_COLUMNS,
  JOB_COLUMNS,
  NAMESPACE_COLUMNS,
  NODE_COLUMNS,
  POD_COLUMNS,
  REPLICA_SET_COLUMNS,
  SECRET_COLUMNS,
  SERVICE_COLUMNS,
  SLICE_COLUMNS,
} from './columns.ts';
import { builtin, type ServedKind } from './kinds.ts';

function required(field: string, detail = ''): FieldProblem {
  const message = detail === '' ? 'Required value' : `Required value: ${detail}`;
  return { field, reason: 'FieldValueRequired', message };
}

type Spec = Readonly<Record<string, unknown>>;

function specOf(object: KubeObject): Spec {
  return (object as KubeObject & { readonly spec?: Spec }).spec ?? {};
}

function withSpec(object: KubeObject, spec: Spec): KubeObject {
  return { ...object, spec } as KubeObject;
}

function filled(spec: Spec, defaults: Spec): Spec {
  const missing = Object.entries(defaults).filter(([name]) => spec[name] === undefined);
  return missing.length === 0 ? spec : { ...spec, ...Object.fromEntries(missing) };
}

function podDefaults(object: KubeObject): KubeObject {
  const spec = filled(defaultPodSpec(specOf(object)), {
    serviceAccountName: 'default',
    enableServiceLinks: true,
  });
  const status = (object as Pod).status ?? { phase: 'Pending', qosClass: 'BestEffort' };
  return { ...withSpec(object, spec), status } as KubeObject;
}

function workloadDefaults(defaults: Spec) {
  return (object: KubeObject): KubeObject => {
    const spec = specOf(object);
    const template = spec['template'] === undefined ? {} : { template: podTemplateOf(spec) };
    return withSpec(object, filled({ ...spec, ...template }, defaults));
  };
}

function podTemplateOf(spec: Spec): unknown {
  return defaultPodTemplate(spec['template']);
}

const DEPLOYMENT_DEFAULTS: Spec = {
  replicas: 1,
  progressDeadlineSeconds: 600,
  revisionHistoryLimit: 10,
};

function deploymentDefaults(object: KubeObject): KubeObject {
  const filledUp = workloadDefaults(DEPLOYMENT_DEFAULTS)(object);
  const spec = specOf(filledUp);
  const strategy = (spec['strategy'] ?? {}) as Spec;
  const type = strategy['type'] ?? 'RollingUpdate';
  const rolling =
    type === 'RollingUpdate'
      ? {
          rollingUpdate: filled((strategy['rollingUpdate'] ?? {}) as Spec, {
            maxSurge: '25%',
            maxUnavailable: '25%',
          }),
        }
      : {};
  return withSpec(filledUp, { ...spec, strategy: { ...strategy, type, ...rolling } });
}

/** Its own, or one that follows from the uid, so that it stays the same. */
function clusterIpOf(object: KubeObject): string | undefined {
  const own = (object as Service).spec.clusterIP ?? '';
  if (own !== '') return own;
  const digits = (object.metadata.uid ?? '').replaceAll('-', '').slice(0, 4);
  const number = Number.parseInt(digits === '' ? '0' : digits, 16);
  return `10.96.${Math.trunc(number / 250) % 250}.${(number % 250) + 2}`;
}

function serviceDefaults(object: KubeObject): KubeObject {
  const spec = filled(specOf(object), {
    type: 'ClusterIP',
    sessionAffinity: 'None',
    internalTrafficPolicy: 'Cluster',
    ipFamilies: ['IPv4'],
    ipFamilyPolicy: 'SingleStack',
  });
  const { ports = [] } = (object as Service).spec;
  const address = clusterIpOf(object);
  return withSpec(object, {
    ...spec,
    ...(spec['type'] === 'ExternalName' || address === undefined
      ? {}
      : { clusterIP: address, clusterIPs: [address] }),
    ...(ports.length === 0
      ? {}
      : {
          ports: ports.map((port) => ({
            protocol: 'TCP',
            ...port,
            targetPort: port.targetPort ?? port.port,
          })),
        }),
  });
}

function jobDefaults(object: KubeObject): KubeObject {
  const uid = object.metadata.uid ?? '';
  const own = {
    'batch.kubernetes.io/controller-uid': uid,
    'batch.kubernetes.io/job-name': object.metadata.name,
    'controller-uid': uid,
    'job-name': object.metadata.name,
  };
  const job = object as Job;
  if (job.spec.selector !== undefined) return workloadDefaults(JOB_DEFAULTS)(object);
  const { template } = job.spec;
  const labels = { ...own, ...template.metadata?.labels };
  const spec = {
    ...job.spec,
    selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } },
    template: { ...template, metadata: { ...template.metadata, labels } },
  };
  return workloadDefaults(JOB_DEFAULTS)(withSpec(object, spec));
}

const JOB_DEFAULTS: Spec = {
  parallelism: 1,
  completions: 1,
  backoffLimit: 6,
  completionMode: 'NonIndexed',
  suspend: false,
};

function secretDefaults(object: KubeObject): KubeObject {
  const { stringData, ...rest } = object as KubeObject & {
    readonly stringData?: Readonly<Record<string, string>>;
    readonly data?: Readonly<Record<string, string>>;
    readonly type?: string;
  };
  const written = Object.entries(stringData ?? {}).map(([key, value]) => [
    key,
    base64(utf8(value)),
  ]);
  const data = { ...rest.data, ...Object.fromEntries(written) };
  return { type: 'Opaque', ...rest, ...(Object.keys(data).length === 0 ? {} : { data }) };
}

function containerProblems(spec: Pod['spec'] | undefined, path: string): readonly FieldProblem[] {
  const containers = spec?.containers ?? [];
  if (containers.length === 0) return [required(`${path}.containers`)];
  return containers.flatMap((container, index) =>
    (container.image ?? '') === '' ? [required(`${path}.containers[${index}].image`)] : [],
  );
}

function selectorProblems(object: KubeObject): readonly FieldProblem[] {
  const { spec } = object as ReplicaSet | Deployment;
  const labels = spec.template?.metadata?.labels ?? {};
  if (matchesSelector(spec.selector, labels)) return [];
  const message = `Invalid value: ${JSON.stringify(labels)}: \`selector\` does not match template \`labels\``;
  return [{ field: 'spec.template.metadata.labels', reason: 'FieldValueInvalid', message }];
}

function workloadProblems(object: KubeObject): readonly FieldProblem[] {
  const { spec } = object as ReplicaSet | Deployment;
  return [
    ...selectorProblems(object),
    ...containerProblems(spec.template?.spec, 'spec.template.spec'),
  ];
}

function serviceProblems(object: KubeObject): readonly FieldProblem[] {
  const { spec } = object as Service;
  const isHeadless = spec.clusterIP === 'None' || spec.type === 'ExternalName';
  if ((spec.ports ?? []).length === 0 && !isHeadless) return [required('spec.ports')];
  const seen = new Set<string>();
  return (spec.ports ?? []).flatMap(({ port, protocol = 'TCP', name = '' }, index) => {
    const key = `${port}/${protocol}/${name}`;
    if (!seen.has(key)) {
      seen.add(key);
      return [];
    }
    const field = `spec.ports[${index}]`;
    const message = `Duplicate value: ${JSON.stringify({ port, protocol })}`;
    return [{ field, reason: 'FieldValueInvalid' as const, message }];
  });
}

const SCALE = {
  spec: '.spec.replicas',
  status: '.status.replicas',
  selector: '.status.selector',
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
  return [
    builtin(NAMESPACES, SCHEMAS.namespace, {
      shortNames: ['ns'],
      hasStatus: true,
      columns: NAMESPACE_COLUMNS,
      defaults: (object) =>
        ({
          spec: { finalizers: ['kubernetes'] },
          status: { phase: 'Active' },
          ...object,
        }) as KubeObject,
    }),
    builtin(NODES, SCHEMAS.node, { shortNames: ['no'], hasStatus: true, columns: NODE_COLUMNS }),
    builtin(PODS, SCHEMAS.pod, {
      shortNames: ['po'],
      categories: ALL,
      hasStatus: true,
      columns: POD_COLUMNS,
      subresources: POD_SUBRESOURCES,
      isGraceful: true,
      defaults: podDefaults,
      problems: (object) => containerProblems((object as Pod).spec, 'spec'),
    }),
    builtin(SERVICES, SCHEMAS.service, {
      shortNames: ['svc'],
      categories: ALL,
      hasStatus: true,
      columns: SERVICE_COLUMNS,
      defaults: serviceDefaults,
      problems: serviceProblems,
    }),
    builtin(ENDPOINTS, SCHEMAS.endpoints, { shortNames: ['ep'], columns: ENDPOINTS_COLUMNS }),
    builtin(CONFIG_MAPS, SCHEMAS.configMap, { shortNames: ['cm'], columns: DATA_COLUMNS }),
    builtin(SECRETS, SCHEMAS.secret, { columns: SECRET_COLUMNS, defaults: secretDefaults }),
    builtin(SERVICE_ACCOUNTS, SCHEMAS.serviceAccount, { shortNames: ['sa'] }),
    builtin(EVENTS, SCHEMAS.event, { shortNames: ['ev'], columns: EVENT_COLUMNS }),
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
      defaults: workloadDefaults({ replicas: 1 }),
      problems: workloadProblems,
    }),
    builtin(JOBS, SCHEMAS.job, {
      categories: ALL,
      hasStatus: true,
      columns: JOB_COLUMNS,
      defaults: jobDefaults,
      problems: (object) =>
        containerProblems((object as Job).spec.template.spec, 'spec.template.spec'),
    }),
    builtin(ENDPOINT_SLICES, SCHEMAS.endpointSlice, { columns: SLICE_COLUMNS }),
    builtin(LEASES, SCHEMAS.lease),
    builtin(CRDS, SCHEMAS.crd, { shortNames: ['crd', 'crds'], hasStatus: true }),
  ];
}
