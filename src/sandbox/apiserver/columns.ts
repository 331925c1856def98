// Table columns of the server's own kinds, as kubectl users know them.
import type { Deployment, Job, KubeEvent, Pod, ReplicaSet, Service } from '../../api/kubernetes.ts';
import type { KubeObject } from '../../api/object.ts';
import { selectorText } from '../../api/selector.ts';
import { AGE, age, type Column } from './kinds.ts';

function text(name: string, cell: Column['cell'], priority = 0): Column {
  return { name, type: 'string', cell, ...(priority === 0 ? {} : { priority }) };
}

function number(name: string, cell: Column['cell']): Column {
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

function restarts(pod: Pod): number {
  return (pod.status?.containerStatuses ?? []).reduce((sum, one) => sum + one.restartCount, 0);
}

function readyCount(pod: Pod): string {
  const ready = (pod.status?.containerStatuses ?? []).filter((one) => one.ready).length;
  return `${ready}/${(pod.spec.containers ?? []).length}`;
}

export const POD_COLUMNS: readonly Column[] = [
  text('Ready', (object) => readyCount(object as Pod)),
  text('Status', (object) => podStatus(object as Pod)),
  text('Restarts', (object) => String(restarts(object as Pod))),
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

function labels(selector: Readonly<Record<string, string>> | undefined): string {
  const shown = selectorText(selector === undefined ? {} : { matchLabels: selector });
  return shown === '' ? '<none>' : shown;
}

export const SERVICE_COLUMNS: readonly Column[] = [
  text('Type', (object) => (object as Service).spec.type ?? 'ClusterIP'),
  text('Cluster-IP', (object) => (object as Service).spec.clusterIP ?? '<none>'),
  text('External-IP', () => '<none>'),
  text('Port(s)', (object) => ports(object as Service)),
  AGE,
  text('Selector', (object) => labels((object as Service).spec.selector), 1),
];

interface WithTemplate {
  readonly spec: Deployment['spec'] | ReplicaSet['spec'];
}

function containerColumns(of: (object: KubeObject) => WithTemplate): readonly Column[] {
  const containers = (object: KubeObject) => of(object).spec.template?.spec?.containers ?? [];
  return [
    text(
      'Containers',
      (object) =>
        containers(object)
          .map((one) => one.name)
          .join(','),
      1,
    ),
    text(
      'Images',
      (object) =>
        containers(object)
          .map((one) => one.image ?? '')
          .join(','),
      1,
    ),
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
  AGE,
];

function involved({ involvedObject }: KubeEvent): string {
  return `${(involvedObject.kind ?? '').toLowerCase()}/${involvedObject.name ?? ''}`;
}

export const EVENT_COLUMNS: readonly Column[] = [
  text('Last Seen', (object, now) => age((object as KubeEvent).lastTimestamp, now)),
  text('Type', (object) => (object as KubeEvent).type ?? ''),
  text('Reason', (object) => (object as KubeEvent).reason ?? ''),
  text('Object', (object) => involved(object as KubeEvent)),
  text('Message', (object) => (object as KubeEvent).message ?? ''),
  text('Name', ({ metadata }) => metadata.name, 1),
];

interface EndpointsObject extends KubeObject {
  readonly subsets?: readonly {
    readonly addresses?: readonly { readonly ip: string }[];
    readonly ports?: readonly { readonly port: number }[];
  }[];
  readonly endpoints?: readonly { readonly addresses: readonly string[] }[];
  readonly ports?: readonly { readonly port: number }[];
  readonly addressType?: string;
}

function shortList(items: readonly string[]): string {
  if (items.length === 0) return '<none>';
  const more = items.length > 3 ? ` + ${items.length - 3} more...` : '';
  return items.slice(0, 3).join(',') + more;
}

export const ENDPOINTS_COLUMNS: readonly Column[] = [
  text('Endpoints', (object) => {
    const { subsets = [] } = object as EndpointsObject;
    const all = subsets.flatMap(({ addresses = [], ports: open = [] }) =>
      addresses.flatMap(({ ip }) => open.map(({ port }) => `${ip}:${port}`)),
    );
    return shortList(all);
  }),
  AGE,
];

export const SLICE_COLUMNS: readonly Column[] = [
  text('AddressType', (object) => (object as EndpointsObject).addressType ?? ''),
  text('Ports', (object) =>
    shortList(((object as EndpointsObject).ports ?? []).map(({ port }) => String(port))),
  ),
  text('Endpoints', (object) =>
    shortList(((object as EndpointsObject).endpoints ?? []).flatMap(({ addresses }) => addresses)),
  ),
  AGE,
];

interface WithStatus extends KubeObject {
  readonly status?: {
    readonly phase?: string;
    readonly nodeInfo?: { readonly kubeletVersion?: string };
  };
  readonly data?: Readonly<Record<string, string>>;
  readonly type?: string;
}

export const NAMESPACE_COLUMNS: readonly Column[] = [
  text('Status', (object) => (object as WithStatus).status?.phase ?? 'Active'),
  AGE,
];

export const NODE_COLUMNS: readonly Column[] = [
  text('Status', () => 'Ready'),
  text('Roles', () => '<none>'),
  AGE,
  text('Version', (object) => (object as WithStatus).status?.nodeInfo?.kubeletVersion ?? ''),
];

export const DATA_COLUMNS: readonly Column[] = [
  number('Data', (object) => Object.keys((object as WithStatus).data ?? {}).length),
  AGE,
];

export const SECRET_COLUMNS: readonly Column[] = [
  text('Type', (object) => (object as WithStatus).type ?? 'Opaque'),
  ...DATA_COLUMNS,
];
