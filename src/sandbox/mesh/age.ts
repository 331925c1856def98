// The order in which objects that compete are heard: the oldest first, then by name.
import type { KubeObject } from '../../api/object.ts';

export function keyOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

export function byAge(a: KubeObject, b: KubeObject): number {
  return (
    compared(a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? '') ||
    compared(a.metadata.name, b.metadata.name) ||
    compared(a.metadata.namespace ?? '', b.metadata.namespace ?? '')
  );
}

export function compared(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
