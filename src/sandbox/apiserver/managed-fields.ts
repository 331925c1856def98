// `metadata.managedFields`: who set which fields of an object.
import type { KubeObject } from '../../api/object.ts';
import { type FieldSet, fieldsOf, isEmpty, type JsonObject, type Walk } from './field-set.ts';

export interface ManagedFields {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly time: string;
  readonly fieldsType: 'FieldsV1';
  readonly fieldsV1: FieldSet;
  readonly subresource?: string;
}

/** Who writes, and how. */
export interface Writer {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly subresource: string | undefined;
  readonly time: string;
}

type WithManaged = KubeObject['metadata'] & { readonly managedFields?: readonly ManagedFields[] };

export function managedFieldsOf(object: KubeObject | undefined): readonly ManagedFields[] {
  const metadata: WithManaged | undefined = object?.metadata;
  return metadata?.managedFields ?? [];
}

/** The object with these entries, in the order in which a server lists them; empty ones are left out. */
export function withManagedFields(
  object: KubeObject,
  entries: readonly ManagedFields[],
): KubeObject {
  const { managedFields: _before, ...metadata } = object.metadata as WithManaged;
  const kept = entries.filter(({ fieldsV1 }) => !isEmpty(fieldsV1)).toSorted(byPlace);
  if (kept.length === 0) return { ...object, metadata };
  return { ...object, metadata: { ...metadata, managedFields: kept } as WithManaged };
}

function byPlace(a: ManagedFields, b: ManagedFields): number {
  const place = ({ operation, time, manager, subresource = '' }: ManagedFields) =>
    [operation, time, manager, subresource].join('\n');
  return place(a) < place(b) ? -1 : 1;
}

export function entryOf(
  { apiVersion }: KubeObject,
  { manager, operation, subresource, time }: Writer,
  fieldsV1: FieldSet,
): ManagedFields {
  return {
    manager,
    operation,
    apiVersion,
    time,
    fieldsType: 'FieldsV1',
    fieldsV1,
    ...(subresource === undefined ? {} : { subresource }),
  };
}

export function isOf(entry: ManagedFields, writer: Omit<Writer, 'time'>): boolean {
  return (
    entry.manager === writer.manager &&
    entry.operation === writer.operation &&
    entry.subresource === writer.subresource
  );
}

/** A new object whose fields all belong to the one who made it. */
export function ownedByMaker(object: KubeObject, writer: Writer, walk: Walk): KubeObject {
  const fields = fieldsOf(object as unknown as JsonObject, walk);
  return withManagedFields(object, [entryOf(object, writer, fields)]);
}
