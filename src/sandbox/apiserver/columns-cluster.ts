// Table columns of everything that runs nothing: events, addresses, nodes, namespaces, data, roles.
import type { KubeEvent } from '../../api/kubernetes.ts';
import type { KubeObject } from '../../api/object.ts';
import { number, text } from './columns.ts';
import { AGE, age, type Column } from './kinds.ts';

function involved({ involvedObject }: KubeEvent): string {
  return `${(involvedObject.kind ?? '').toLowerCase()}/${involvedObject.name ?? ''}`;
}

function seen(event: KubeEvent): string | undefined {
  const { series, eventTime } = event as WithSeries;
  const all = [series?.lastObservedTime, event.lastTimestamp, event.firstTimestamp, eventTime];
  return all.find((one) => typeof one === 'string' && one !== '') ?? undefined;
}

function source({ source: from = {} }: KubeEvent): string {
  const { component = '', host = '' } = from;
  return host === '' ? component : `${component}, ${host}`;
}

export const EVENT_COLUMNS: readonly Column[] = [
  text('Last Seen', (object, now) => age(seen(object as KubeEvent), now)),
  text('Type', (object) => (object as KubeEvent).type ?? ''),
  text('Reason', (object) => (object as KubeEvent).reason ?? ''),
  text('Object', (object) => involved(object as KubeEvent)),
  text('Subobject', (object) => (object as WithField).involvedObject?.fieldPath ?? '', 1),
  text('Source', (object) => source(object as KubeEvent), 1),
  text('Message', (object) => ((object as KubeEvent).message ?? '').trim()),
  text(
    'First Seen',
    (object, now) => age((object as KubeEvent).firstTimestamp ?? seen(object as KubeEvent), now),
    1,
  ),
  { ...number('Count', (object) => (object as KubeEvent).count ?? 1), priority: 1 },
  text('Name', ({ metadata }) => metadata.name, 1),
];

interface WithField {
  readonly involvedObject?: { readonly fieldPath?: string };
}

/** As the newer API of events has it. */
interface WithSeries extends KubeEvent {
  readonly series?: { readonly lastObservedTime?: string };
  readonly eventTime?: string | null;
}

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
  readonly binaryData?: Readonly<Record<string, string>>;
  readonly type?: string;
}

export const NAMESPACE_COLUMNS: readonly Column[] = [
  text('Status', (object) => (object as WithStatus).status?.phase ?? 'Active'),
  AGE,
];

interface NodeObject extends KubeObject {
  readonly spec?: { readonly unschedulable?: boolean };
  readonly status?: {
    readonly addresses?: readonly { readonly type: string; readonly address: string }[];
    readonly nodeInfo?: Readonly<Record<string, string>>;
  };
}

function nodeInfo(name: string): Column['cell'] {
  return (object) => (object as NodeObject).status?.nodeInfo?.[name] ?? '<unknown>';
}

function nodeAddress(wanted: string): Column['cell'] {
  return (object) => {
    const { addresses = [] } = (object as NodeObject).status ?? {};
    return addresses.find(({ type }) => type === wanted)?.address ?? '<none>';
  };
}

export const NODE_COLUMNS: readonly Column[] = [
  text('Status', (object) =>
    (object as NodeObject).spec?.unschedulable === true ? 'Ready,SchedulingDisabled' : 'Ready',
  ),
  text('Roles', () => '<none>'),
  AGE,
  text('Version', nodeInfo('kubeletVersion')),
  text('Internal-IP', nodeAddress('InternalIP'), 1),
  text('External-IP', nodeAddress('ExternalIP'), 1),
  text('OS-Image', nodeInfo('osImage'), 1),
  text('Kernel-Version', nodeInfo('kernelVersion'), 1),
  text('Container-Runtime', nodeInfo('containerRuntimeVersion'), 1),
];

export const SERVICE_ACCOUNT_COLUMNS: readonly Column[] = [
  number(
    'Secrets',
    (object) => ((object as { readonly secrets?: readonly unknown[] }).secrets ?? []).length,
  ),
  AGE,
];

export const LEASE_COLUMNS: readonly Column[] = [
  text(
    'Holder',
    (object) =>
      (object as { readonly spec?: { readonly holderIdentity?: string } }).spec?.holderIdentity ??
      '',
  ),
  AGE,
];

export const CREATED_COLUMNS: readonly Column[] = [
  {
    name: 'Created At',
    type: 'date',
    cell: ({ metadata }) => metadata.creationTimestamp ?? '<unknown>',
  },
];

export const DATA_COLUMNS: readonly Column[] = [
  number('Data', (object) => {
    const { data = {}, binaryData = {} } = object as WithStatus;
    return Object.keys(data).length + Object.keys(binaryData).length;
  }),
  AGE,
];

export const SECRET_COLUMNS: readonly Column[] = [
  text('Type', (object) => (object as WithStatus).type ?? 'Opaque'),
  ...DATA_COLUMNS,
];

interface BindingObject extends KubeObject {
  readonly roleRef?: { readonly kind?: string; readonly name?: string };
  readonly subjects?: readonly {
    readonly kind?: string;
    readonly name?: string;
    readonly namespace?: string;
  }[];
}

function subjects(object: KubeObject, wanted: string): string {
  return ((object as BindingObject).subjects ?? [])
    .filter(({ kind }) => kind === wanted)
    .map(({ name = '', namespace }) => (namespace === undefined ? name : `${namespace}/${name}`))
    .join(', ');
}

export const BINDING_COLUMNS: readonly Column[] = [
  text('Role', (object) => {
    const { kind = '', name = '' } = (object as BindingObject).roleRef ?? {};
    return `${kind}/${name}`;
  }),
  AGE,
  text('Users', (object) => subjects(object, 'User'), 1),
  text('Groups', (object) => subjects(object, 'Group'), 1),
  text('ServiceAccounts', (object) => subjects(object, 'ServiceAccount'), 1),
];

interface IngressObject extends KubeObject {
  readonly spec?: {
    readonly ingressClassName?: string;
    readonly rules?: readonly { readonly host?: string }[];
    readonly tls?: readonly unknown[];
  };
}

export const INGRESS_COLUMNS: readonly Column[] = [
  text('Class', (object) => (object as IngressObject).spec?.ingressClassName ?? '<none>'),
  text('Hosts', (object) => {
    const hosts = ((object as IngressObject).spec?.rules ?? []).map(({ host = '*' }) => host);
    return hosts.length === 0 ? '*' : hosts.join(',');
  }),
  text('Address', () => ''),
  text('Ports', (object) =>
    ((object as IngressObject).spec?.tls ?? []).length === 0 ? '80' : '80, 443',
  ),
  AGE,
];
