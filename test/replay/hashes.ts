// ReplicaSets by the keys that traces know them by: the revision under which one was first seen, or experiment and
// template (test/traces/README.md, `hashes`).
import type { ReplicaSet } from '../../src/api/kubernetes.ts';
import { HASH_LABEL, REVISION } from '../../src/api/names.ts';

const UID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

export class Hashes {
  readonly #keys = new Map<string, string>();
  readonly #namespace: string;
  readonly #recorded: string;

  /** `namespace` is where it is played, `recorded` where it was recorded. */
  constructor(namespace: string, recorded: string) {
    this.#namespace = namespace;
    this.#recorded = recorded;
  }

  /** Notes the hash of a set that was made before; the first key counts. */
  know(key: string, hash: string): void {
    if (!this.#keys.has(hash)) this.#keys.set(hash, key);
  }

  /** Notes a set; the first time counts. */
  see(set: ReplicaSet): void {
    const hash = set.metadata.labels?.[HASH_LABEL] ?? '';
    if (hash === '' || this.#keys.has(hash)) return;
    const owner = set.metadata.ownerReferences?.find(({ controller }) => controller === true);
    const key =
      owner?.kind === 'Experiment'
        ? this.#experimentKey(set.metadata.name)
        : set.metadata.annotations?.[REVISION];
    if (key !== undefined) this.#keys.set(hash, key);
  }

  /** `web-HASH-2-0-baseline` is known as `2-0-baseline`. */
  #experimentKey(name: string): string {
    for (const hash of this.#keys.keys()) {
      const at = name.indexOf(`-${hash}-`);
      if (at >= 0) return name.slice(at + hash.length + 2);
    }
    return name;
  }

  key(hash: string | undefined): string | null {
    if (hash === undefined || hash === '') return null;
    return this.#keys.get(hash) ?? hash;
  }

  /** The text with every known hash as its key, in the recorded namespace, and without uids (of runs, in names of Jobs). */
  text(value: string): string {
    let result = value.replaceAll(this.#namespace, this.#recorded).replaceAll(UID, '<uid>');
    for (const [hash, key] of this.#keys) result = result.replaceAll(hash, `<hash:${key}>`);
    return result;
  }

  hashOf(key: string): string | undefined {
    return [...this.#keys].find(([, one]) => one === key)?.[0];
  }
}

/** The same for recorded hashes. */
export function recordedText(value: string, hashes: Readonly<Record<string, string>>): string {
  let result = value;
  for (const [key, hash] of Object.entries(hashes)) {
    result = result.replaceAll(hash, `<hash:${key}>`);
  }
  return result;
}
