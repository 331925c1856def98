// Who must be looked at again when a named object changes: an index from reference to keys.
import type { Reference } from './references.ts';

function idOf(reference: Reference): string {
  return `${reference.kind}/${reference.namespace}/${reference.name}`;
}

/** Kept up to date by each pass; little is done while nothing changes. */
export class Dependents {
  readonly #keysByReference = new Map<string, Set<string>>();
  readonly #referencesByKey = new Map<string, readonly string[]>();

  /** Says what `key` names now; replaces what it named before. */
  set(key: string, references: readonly Reference[]): void {
    const ids = references.map(idOf);
    const known = this.#referencesByKey.get(key);
    if (known?.length === ids.length && ids.every((id, index) => id === known[index])) return;
    this.forget(key);
    this.#referencesByKey.set(key, ids);
    for (const id of ids) {
      const keys = this.#keysByReference.get(id) ?? new Set();
      keys.add(key);
      this.#keysByReference.set(id, keys);
    }
  }

  forget(key: string): void {
    for (const id of this.#referencesByKey.get(key) ?? []) {
      const keys = this.#keysByReference.get(id);
      keys?.delete(key);
      if (keys?.size === 0) this.#keysByReference.delete(id);
    }
    this.#referencesByKey.delete(key);
  }

  of(reference: Reference): readonly string[] {
    return [...(this.#keysByReference.get(idOf(reference)) ?? [])];
  }
}
