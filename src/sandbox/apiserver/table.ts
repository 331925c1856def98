// The table form of objects, which kubectl asks for when people read (kubectl-protocol: Table).
import type { KubeObject } from '../../api/object.ts';
import type { ServedKind } from './kinds.ts';

export interface TableOptions {
  readonly now: number;
  /** What each row carries of its object. */
  readonly include: 'Metadata' | 'Object' | 'None';
}

function definitions({ columns }: ServedKind) {
  const name = {
    name: 'Name',
    type: 'string',
    format: 'name',
    description: 'Name must be unique within a namespace.',
    priority: 0,
  };
  const others = columns.map((column) => ({
    name: column.name,
    type: column.type === 'date' ? 'date' : column.type,
    format: '',
    description: column.description ?? '',
    priority: column.priority ?? 0,
  }));
  return hasOwnName({ columns }) ? others : [name, ...others];
}

/** Events show their name last, if at all. */
function hasOwnName({ columns }: Pick<ServedKind, 'columns'>): boolean {
  return columns.some(({ name }) => name === 'Name');
}

function row(kind: ServedKind, object: KubeObject, { now, include }: TableOptions) {
  const cells = kind.columns.map((column) => column.cell(object, now));
  const metadataOnly = {
    kind: 'PartialObjectMetadata',
    apiVersion: 'meta.k8s.io/v1',
    metadata: object.metadata,
  };
  const carried =
    include === 'None' ? {} : { object: include === 'Object' ? object : metadataOnly };
  return {
    cells: hasOwnName(kind) ? cells : [object.metadata.name, ...cells],
    ...carried,
  };
}

/** `metadata` is that of the list: version and, if there is more, where to go on. */
export function tableOf(
  kind: ServedKind,
  objects: readonly KubeObject[],
  options: TableOptions & { readonly metadata: Readonly<Record<string, unknown>> },
) {
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: options.metadata,
    columnDefinitions: definitions(kind),
    rows: objects.map((object) => row(kind, object, options)),
  };
}

/** Whether the client wants tables. */
export function wantsTable(accept: string): boolean {
  return accept
    .split(',')
    .some((part) => /;\s*as=Table/.test(part) && /g=meta\.k8s\.io/.test(part));
}
