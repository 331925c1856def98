// What an API server refuses in objects of its own kinds, in its wording.
import type {
  Deployment,
  Job,
  Pod,
  PodTemplateSpec,
  ReplicaSet,
  Service,
} from '../../api/kubernetes.ts';
import type { KubeObject } from '../../api/object.ts';
import { matchesSelector } from '../../api/selector.ts';
import { jsonEqual } from '../../lib/equal.ts';
import type { FieldProblem } from '../../schema/structural/problem.ts';
import { labelProblems, nameProblems } from './metadata.ts';

function required(field: string, detail = ''): FieldProblem {
  const message = detail === '' ? 'Required value' : `Required value: ${detail}`;
  return { field, reason: 'FieldValueRequired', message };
}

function invalid(field: string, value: unknown, text: string): FieldProblem {
  const message = `Invalid value: ${JSON.stringify(value)}: ${text}`;
  return { field, reason: 'FieldValueInvalid', message };
}

function forbidden(field: string, text: string): FieldProblem {
  return { field, reason: 'FieldValueForbidden', message: `Forbidden: ${text}` };
}

function supported(
  field: string,
  value: string | undefined,
  allowed: readonly string[],
): FieldProblem[] {
  if (value === undefined || allowed.includes(value)) return [];
  const list = allowed.map((one) => JSON.stringify(one)).join(', ');
  const message = `Unsupported value: ${JSON.stringify(value)}: supported values: ${list}`;
  return [{ field, reason: 'FieldValueNotSupported', message }];
}

function portProblems(field: string, port: number | undefined): FieldProblem[] {
  if (port === undefined) return [required(field)];
  if (port >= 1 && port <= 65_535) return [];
  return [invalid(field, port, 'must be between 1 and 65535, inclusive')];
}

function notNegative(field: string, value: number | undefined): FieldProblem[] {
  if (value === undefined || value >= 0) return [];
  return [invalid(field, value, 'must be greater than or equal to 0')];
}

type PodSpec = NonNullable<Pod['spec']>;

/** Containers of a pod or of a template at `path`. */
export function podSpecProblems(
  spec: PodSpec | undefined,
  path: string,
  policies: readonly string[] = ['Always', 'OnFailure', 'Never'],
): readonly FieldProblem[] {
  const containers = spec?.containers ?? [];
  if (containers.length === 0) return [required(`${path}.containers`)];
  const names = new Set<string>();
  const found = containers.flatMap((container, index) => {
    const at = `${path}.containers[${index}]`;
    const problems = containerProblems(container, at);
    if (names.has(container.name)) {
      const message = `Duplicate value: ${JSON.stringify(container.name)}`;
      problems.push({ field: `${at}.name`, reason: 'FieldValueDuplicate', message });
    }
    names.add(container.name);
    return problems;
  });
  return [...found, ...supported(`${path}.restartPolicy`, spec?.restartPolicy, policies)];
}

function containerProblems(
  container: NonNullable<PodSpec['containers']>[number],
  at: string,
): FieldProblem[] {
  const { name = '', image = '', ports = [] } = container as Partial<typeof container>;
  return [
    ...(name === '' ? [required(`${at}.name`)] : nameProblems(`${at}.name`, name, 'label')),
    ...(image === '' ? [required(`${at}.image`)] : []),
    ...ports.flatMap(({ containerPort }, index) =>
      portProblems(`${at}.ports[${index}].containerPort`, containerPort),
    ),
  ];
}

/** What may change in a pod that is there. */
const MUTABLE: ReadonlySet<string> = new Set([
  'activeDeadlineSeconds',
  'tolerations',
  'terminationGracePeriodSeconds',
  'containers',
  'initContainers',
]);

export function podProblems(
  object: KubeObject,
  before: KubeObject | undefined,
): readonly FieldProblem[] {
  const { spec } = object as Pod;
  const found = podSpecProblems(spec, 'spec');
  if (before === undefined || found.length > 0) return found;
  const old = fixedPart((before as Pod).spec);
  if (jsonEqual(fixedPart(spec), old)) return [];
  const text =
    'pod updates may not change fields other than `spec.containers[*].image`,' +
    '`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only ' +
    'additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be ' +
    'set to 1 if it was previously negative)';
  return [forbidden('spec', text)];
}

function fixedPart(spec: PodSpec): unknown {
  const fixed = Object.entries(spec).filter(([name]) => !MUTABLE.has(name));
  const containers = (spec.containers ?? []).map((one) => ({ ...one, image: '' }));
  return { ...Object.fromEntries(fixed), containers };
}

type Workload = ReplicaSet | Deployment;

export function podTemplateProblems(object: KubeObject): readonly FieldProblem[] {
  const { template } = object as KubeObject & { readonly template?: PodTemplateSpec };
  return [
    ...labelProblems('template.labels', template?.metadata?.labels),
    ...podSpecProblems(template?.spec, 'template.spec'),
  ];
}

/** Checks of a Deployment and of a ReplicaSet. */
export function workloadProblems(
  object: KubeObject,
  before: KubeObject | undefined,
): readonly FieldProblem[] {
  const { spec } = object as Workload;
  const found = [
    ...notNegative('spec.replicas', spec.replicas),
    ...notNegative('spec.minReadySeconds', spec.minReadySeconds),
    ...selectorProblems(object),
    ...labelProblems('spec.template.labels', spec.template?.metadata?.labels),
    ...podSpecProblems(spec.template?.spec, 'spec.template.spec', ['Always']),
  ];
  const old = (before as Workload | undefined)?.spec.selector;
  if (old === undefined || jsonEqual(old, spec.selector)) return found;
  return [...found, invalid('spec.selector', spec.selector, 'field is immutable')];
}

function selectorProblems(object: KubeObject): readonly FieldProblem[] {
  const { spec } = object as Workload;
  const labels = spec.template?.metadata?.labels ?? {};
  const { matchLabels = {}, matchExpressions = [] } = spec.selector ?? {};
  if (Object.keys(matchLabels).length + matchExpressions.length === 0) {
    return [invalid('spec.selector', spec.selector, 'empty selector is invalid for deployment')];
  }
  if (matchesSelector(spec.selector, labels)) return [];
  const text = '`selector` does not match template `labels`';
  return [invalid('spec.template.metadata.labels', labels, text)];
}

export function jobProblems(
  object: KubeObject,
  before: KubeObject | undefined,
): readonly FieldProblem[] {
  const { spec } = object as Job;
  const policies = ['OnFailure', 'Never'];
  const found = [
    ...notNegative('spec.parallelism', spec.parallelism),
    ...notNegative('spec.completions', spec.completions),
    ...notNegative('spec.backoffLimit', spec.backoffLimit),
    ...podSpecProblems(spec.template.spec, 'spec.template.spec', policies),
  ];
  const old = (before as Job | undefined)?.spec;
  if (old === undefined) return found;
  return [
    ...found,
    ...(['template', 'selector'] as const)
      .filter((name) => !jsonEqual(old[name], spec[name]))
      .map((name) => invalid(`spec.${name}`, spec[name], 'field is immutable')),
  ];
}

const SERVICE_TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];

export function serviceProblems(
  object: KubeObject,
  before: KubeObject | undefined,
): readonly FieldProblem[] {
  const { spec } = object as Service;
  const { ports = [], type } = spec;
  const isHeadless = spec.clusterIP === 'None' || type === 'ExternalName';
  const seen = new Set<string>();
  return [
    ...(ports.length === 0 && !isHeadless ? [required('spec.ports')] : []),
    ...supported('spec.type', type, SERVICE_TYPES),
    ...ports.flatMap(({ port, protocol = 'TCP', name = '' }, index) => {
      const at = `spec.ports[${index}]`;
      const found = portProblems(`${at}.port`, port);
      if (name === '' && ports.length > 1) found.push(required(`${at}.name`));
      const key = `${port}/${protocol}`;
      if (seen.has(key) || seen.has(`=${name}`)) {
        const value = JSON.stringify(seen.has(key) ? { port, protocol } : name);
        const message = `Duplicate value: ${value}`;
        found.push({ field: at, reason: 'FieldValueDuplicate', message });
      }
      seen.add(key);
      if (name !== '') seen.add(`=${name}`);
      return found;
    }),
    ...addressProblems(spec, (before as Service | undefined)?.spec),
  ];
}

function addressProblems(spec: Service['spec'], old: Service['spec'] | undefined) {
  const { clusterIP = '' } = spec;
  if (old?.clusterIP === undefined || old.clusterIP === clusterIP) return [];
  if (spec.type === 'ExternalName') return [];
  return [invalid('spec.clusterIPs[0]', [clusterIP], 'may not change once set')];
}

interface DataObject extends KubeObject {
  readonly data?: Readonly<Record<string, unknown>>;
  readonly binaryData?: Readonly<Record<string, unknown>>;
  readonly immutable?: boolean;
}

const CONFIG_KEY = /^[-._a-zA-Z0-9]+$/;

/** Keys of a ConfigMap or a Secret; immutable ones stay as they are. */
export function dataProblems(
  object: KubeObject,
  before: KubeObject | undefined,
): readonly FieldProblem[] {
  const { data = {}, binaryData = {} } = object as DataObject;
  const keys = [...Object.keys(data), ...Object.keys(binaryData)];
  const found = keys
    .filter((key) => !CONFIG_KEY.test(key))
    .map((key) => {
      const text =
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. " +
        "'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is " +
        "'[-._a-zA-Z0-9]+')";
      return invalid(`data[${key}]`, key, text);
    });
  const old: DataObject | undefined = before;
  if (old?.immutable !== true) return found;
  const isImmutable = 'field is immutable when `immutable` is set';
  return [
    ...found,
    ...((object as DataObject).immutable === true ? [] : [forbidden('immutable', isImmutable)]),
    ...(jsonEqual(old.data ?? {}, data) ? [] : [forbidden('data', isImmutable)]),
    ...(jsonEqual(old.binaryData ?? {}, binaryData) ? [] : [forbidden('binaryData', isImmutable)]),
  ];
}
