// `exportTo` of Istio's objects: whose callers an object is there for.

export type Visibility =
  | { readonly kind: 'all' }
  | { readonly kind: 'some'; readonly namespaces: ReadonlySet<string>; readonly own: string };

export const EVERYONE: Visibility = { kind: 'all' };

/** `.` is the object's own namespace, `*` all, `~` nobody; empty is all. */
export function visibilityOf(exportTo: readonly string[], own: string): Visibility {
  if (exportTo.length === 0 || exportTo.includes('*')) return EVERYONE;
  // No namespace is called `~`.
  const namespaces = exportTo.map((name) => (name === '.' ? own : name));
  return { kind: 'some', namespaces: new Set(namespaces), own };
}

/**
 * How near an object is to a caller's namespace: 0 its own and nobody else's business, 1 exported to it by name, 2 for
 * all; undefined: not visible. Nearer ones come first, whatever their age.
 */
export function nearness(visibility: Visibility, namespace: string): number | undefined {
  if (visibility.kind === 'all') return 2;
  if (!visibility.namespaces.has(namespace)) return undefined;
  return visibility.own === namespace ? 0 : 1;
}
