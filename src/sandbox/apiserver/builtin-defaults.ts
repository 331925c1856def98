// What an API server fills into objects of its own kinds.
import type { Job, Pod, Service } from '../../api/kubernetes.ts';
import type { KubeObject } from '../../api/object.ts';
import { defaultPodSpec, defaultPodTemplate } from '../../api/pod-defaults.ts';
import { base64, utf8 } from '../../lib/bytes.ts';

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

export function namespaceDefaults(object: KubeObject): KubeObject {
  const { metadata } = object;
  const labels = { 'kubernetes.io/metadata.name': metadata.name, ...metadata.labels };
  const spec = filled(specOf(object), { finalizers: ['kubernetes'] });
  const whole = { status: { phase: 'Active' }, ...object, metadata: { ...metadata, labels } };
  return withSpec(whole, spec);
}

export function podDefaults(object: KubeObject): KubeObject {
  const { serviceAccountName, serviceAccount } = specOf(object);
  const account = { serviceAccountName: serviceAccountName ?? serviceAccount ?? 'default' };
  const spec = defaultPodSpec({ ...account, enableServiceLinks: true, ...specOf(object) });
  const status = (object as Pod).status ?? { phase: 'Pending', qosClass: 'BestEffort' };
  return { ...withSpec(object, spec), status } as KubeObject;
}

export function workloadDefaults(defaults: Spec) {
  return (object: KubeObject): KubeObject => {
    const spec = specOf(object);
    const template = spec['template'] === undefined ? {} : { template: podTemplateOf(spec) };
    return withSpec(object, filled({ ...spec, ...template }, defaults));
  };
}

/** The template stands at the top. */
export function podTemplateDefaults(object: KubeObject): KubeObject {
  const { template } = object as KubeObject & { readonly template?: unknown };
  return { ...object, template: defaultPodTemplate(template ?? {}) } as KubeObject;
}

function podTemplateOf(spec: Spec): unknown {
  return defaultPodTemplate(spec['template']);
}

const DEPLOYMENT_DEFAULTS: Spec = {
  replicas: 1,
  progressDeadlineSeconds: 600,
  revisionHistoryLimit: 10,
};

export function deploymentDefaults(object: KubeObject): KubeObject {
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

const NODE_PORTS = { first: 30_000, count: 2768 } as const;

/** A port of the nodes, for the types that have one; it follows from the uid too. */
function nodePortOf(
  { spec, metadata }: Service,
  { nodePort, index }: { readonly nodePort?: number; readonly index: number },
) {
  if (spec.type !== 'NodePort' && spec.type !== 'LoadBalancer') return {};
  const digits = Number.parseInt((metadata.uid ?? '').slice(4, 8), 16) || 0;
  return { nodePort: nodePort ?? NODE_PORTS.first + ((digits + index) % NODE_PORTS.count) };
}

export function serviceDefaults(object: KubeObject): KubeObject {
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
          ports: ports.map((port, index) => ({
            protocol: 'TCP',
            ...port,
            targetPort: port.targetPort ?? port.port,
            ...nodePortOf(object as Service, { ...port, index }),
          })),
        }),
  });
}

export function jobDefaults(object: KubeObject): KubeObject {
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

export function secretDefaults(object: KubeObject): KubeObject {
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
