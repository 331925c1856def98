// Request paths of the API (https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris).
import type { ObjectRef, ResourceType } from '../api/object.ts';

/** `/apis/GROUP/VERSION`, or `/api/v1` for the core group. */
export function groupPath({ group, version }: ResourceType): string {
  return group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
}

/** The collection; without a namespace that of all namespaces. */
export function collectionPath(resource: ResourceType, namespace?: string): string {
  const place =
    namespace === undefined || namespace === '' || !resource.namespaced
      ? ''
      : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${groupPath(resource)}${place}/${resource.plural}`;
}

export function objectPath({ resource, namespace, name }: ObjectRef, subresource?: string): string {
  const path = `${collectionPath(resource, namespace)}/${encodeURIComponent(name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
}

/** Parameters in the order given; those that are undefined are left out. */
export function query(
  parameters: Readonly<Record<string, string | number | boolean | undefined>>,
): string {
  const parts = Object.entries(parameters).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(String(value))}`],
  );
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
}
