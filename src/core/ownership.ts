// Controller references: who owns an object, and how an owner marks what it creates.
import type { KubeObject, ObjectRef, OwnerReference, ResourceType } from '../api/object.ts';

/** The reference that makes `owner` the controller of what it creates. */
export function controllerReference({ apiVersion, kind, metadata }: KubeObject): OwnerReference {
  const { name, uid = '' } = metadata;
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}

export function controllerOf({ metadata }: KubeObject): OwnerReference | undefined {
  return metadata.ownerReferences?.find((owner) => owner.controller === true);
}

export function isControlledBy(object: KubeObject, uid: string | undefined): boolean {
  return uid !== undefined && controllerOf(object)?.uid === uid;
}

/** How the API addresses `object`, which is of the kind `resource`. */
export function refOf(resource: ResourceType, { metadata }: KubeObject): ObjectRef {
  const { namespace, name } = metadata;
  return { resource, name, ...(namespace === undefined ? {} : { namespace }) };
}
