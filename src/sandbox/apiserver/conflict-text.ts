// Conflicts of a server-side apply, as clients print them.
import type { ManagedFields } from './managed-fields.ts';

export interface Conflict
  extends Pick<ManagedFields, 'manager' | 'operation' | 'apiVersion' | 'subresource'> {
  /** Path of the field: `.spec.replicas`. */
  readonly field: string;
}

/** The other manager: by name, subresource and, if it did not apply, the version it used. */
export function conflictManager({ manager, operation, apiVersion, subresource }: Conflict): string {
  const sub = subresource === undefined ? '' : ` with subresource ${JSON.stringify(subresource)}`;
  const using = operation === 'Update' ? ` using ${apiVersion}` : '';
  return `${JSON.stringify(manager)}${sub}${using}`;
}

export function conflictText(conflicts: readonly Conflict[]): string {
  const [only] = conflicts;
  if (only !== undefined && conflicts.length === 1) {
    return `Apply failed with 1 conflict: conflict with ${conflictManager(only)}: ${only.field}`;
  }
  const fields = new Map<string, string[]>();
  for (const conflict of conflicts) {
    const manager = conflictManager(conflict);
    fields.set(manager, [...(fields.get(manager) ?? []), conflict.field]);
  }
  const lines = [...fields.keys()]
    .toSorted()
    .flatMap((manager) => [
      `conflicts with ${manager}:`,
      ...(fields.get(manager) ?? []).map((field) => `- ${field}`),
    ]);
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}`;
}
