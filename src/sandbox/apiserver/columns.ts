// Table columns of what runs: pods, workloads and Services, as kubectl users know them.
import type {
  Deployment,
  Job,
  Pod,
  PodTemplateSpec,
  ReplicaSet,
  Service,
} from '../../api/kubernetes.ts';
import type { KubeObject } from '../../api/object.ts';
import { selectorText } from '../../api/selector.ts';
import { humanDuration, milliseconds, parseInstant } from '../../lib/time.ts';
import { AGE, type Column } from './kinds.ts';

export function text(name: string, cell: Column['cell'], priority = 0): Column {
  return { name, type: 'string', cell, ...(priority === 0 ? {} : { priority }) };
}

export function number(name: string, cell: Column['cell']): Column {
  return { name, type: 'integer', cell };
}

function podStatus(pod: Pod): string {
  const { status, metadata } = pod;
  if (metadata.deletionTimestamp !== undefined) return 'Terminating';
  for (const container of status?.containerStatuses ?? []) {
    const { waiting, terminated } = container.state ?? {};
    if (waiting?.reason !== undefined) return waiting.reason;
    if (terminated !== undefined) {
      return terminated.reason ?? `ExitCode:${terminated.exitCode}`;
    }
  }
  return status?.reason ?? status?.phase ?? 'Unknown';
}

/** How often containers were started again, and how long ago for the last time. */
function restarts(pod: Pod, now: number): string {
  const statuses = pod.status?.containerStatuses ?? [];
  const count = statuses.reduce((sum, one) => sum + one.restartCount, 0);
  const ends = statuses
    .flatMap(({ lastState }) => parseInstant(lastState?.terminated?.finishedAt ?? '') ?? [])
    .toSorted((x, y) => y - x);
  const [last] = ends;
  if (count === 0 || last === undefined) return String(count);
  return `${count} (${humanDuration(milliseconds(now - last))} ago)`;
}

function readyCount(pod: Pod): string {
  const ready = (pod.status?.containerStatuses ?? []).filter((one) => one.ready).length;
  return `${ready}/${(pod.spec.containers ?? []).length}`;
}

export const POD_COLUMNS: readonly Column[] = [
  text('Ready', (object) => readyCount(object as Pod)),
  text('Status', (object) => podStatus(object as Pod)),
  text('Restarts', (object, now) => restarts(object as Pod, now)),
  AGE,
  text('IP', (object) => (object as Pod).status?.podIP ?? '<none>', 1),
  text('Node', (object) => (object as Pod).spec.nodeName ?? '<none>', 1),
  text('Nominated Node', () => '<none>', 1),
  text('Readiness Gates', () => '<none>', 1),
];

function ports({ spec }: Service): string {
  const list = (spec.ports ?? []).map(({ port, nodePort, protocol = 'TCP' }) =>
    nodePort === undefined ? `${port}/${protocol}` : `${port}:${nodePort}/${protocol}`,
  );
  return list.length === 0 ? '<none>' : list.join(',');
}

function externalAddress({ spec }: Service): string {
  if (spec.type === 'LoadBalancer') return '<pending>';
  const { externalName } = spec as { readonly externalName?: string };
  return spec.type === 'ExternalName' ? (externalName ?? '<none>') : '<none>';
}

function labels(selector: Readonly<Record<string, string>> | undefined): string {
  const shown = selectorText(selector === undefined ? {} : { matchLabels: selector });
  return shown === '' ? '<none>' : shown;
}

export const SERVICE_COLUMNS: readonly Column[] = [
  text('Type', (object) => (object as Service).spec.type ?? 'ClusterIP'),
  text('Cluster-IP', (object) => (object as Service).spec.clusterIP ?? '<none>'),
  text('External-IP', (object) => externalAddress(object as Service)),
  text('Port(s)', (object) => ports(object as Service)),
  AGE,
  text('Selector', (object) => labels((object as Service).spec.selector), 1),
];

interface WithTemplate {
  readonly spec: Deployment['spec'] | ReplicaSet['spec'] | Job['spec'];
}

function namesOf(template: PodTemplateSpec | undefined): string {
  return (template?.spec?.containers ?? []).map(({ name }) => name).join(',');
}

function imagesOf(template: PodTemplateSpec | undefined): string {
  return (template?.spec?.containers ?? []).map(({ image = '' }) => image).join(',');
}

function containerColumns(of: (object: KubeObject) => WithTemplate): readonly Column[] {
  return [
    text('Containers', (object) => namesOf(of(object).spec.template), 1),
    text('Images', (object) => imagesOf(of(object).spec.template), 1),
    text('Selector', (object) => selectorText(of(object).spec.selector), 1),
  ];
}

export const REPLICA_SET_COLUMNS: readonly Column[] = [
  number('Desired', (object) => (object as ReplicaSet).spec.replicas ?? 0),
  number('Current', (object) => (object as ReplicaSet).status?.replicas ?? 0),
  number('Ready', (object) => (object as ReplicaSet).status?.readyReplicas ?? 0),
  AGE,
  ...containerColumns((object) => object as ReplicaSet),
];

export const DEPLOYMENT_COLUMNS: readonly Column[] = [
  text('Ready', (object) => {
    const { spec, status } = object as Deployment;
    return `${status?.readyReplicas ?? 0}/${spec.replicas ?? 0}`;
  }),
  number('Up-to-date', (object) => (object as Deployment).status?.updatedReplicas ?? 0),
  number('Available', (object) => (object as Deployment).status?.availableReplicas ?? 0),
  AGE,
  ...containerColumns((object) => object as Deployment),
];

function podTemplateOf(object: KubeObject): PodTemplateSpec {
  return (object as KubeObject & { readonly template?: PodTemplateSpec }).template ?? {};
}

export const POD_TEMPLATE_COLUMNS: readonly Column[] = [
  text('Containers', (object) => namesOf(podTemplateOf(object))),
  text('Images', (object) => imagesOf(podTemplateOf(object))),
  text('Pod Labels', (object) => labels(podTemplateOf(object).metadata?.labels)),
];

function jobStatus({ status }: Job): string {
  const found = status?.conditions?.find(
    ({ type, status: value }) => value === 'True' && (type === 'Complete' || type === 'Failed'),
  );
  return found?.type ?? 'Running';
}

export const JOB_COLUMNS: readonly Column[] = [
  text('Status', (object) => jobStatus(object as Job)),
  text('Completions', (object) => {
    const { spec, status } = object as Job;
    return `${status?.succeeded ?? 0}/${spec.completions ?? 1}`;
  }),
  text('Duration', (object, now) => jobDuration(object as Job, now)),
  AGE,
  ...containerColumns((object) => object as Job),
];

function jobDuration({ status }: Job, now: number): string {
  const started = parseInstant(status?.startTime ?? '');
  if (started === undefined) return '';
  const ended = parseInstant(status?.completionTime ?? '') ?? now;
  return humanDuration(milliseconds(ended - started));
}
