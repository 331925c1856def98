// The passes of all keys, each with what is remembered of its key from pass to pass. Entry point: `Passes`.
import type { KubeObject } from '../api/object.ts';
import { ROLLOUTS } from '../api/resources.ts';
import type { Caches, DecidedCaches } from './caches.ts';
import { partsOf } from './key.ts';
import type { Kind } from './kind.ts';
import type { ManagedObjects } from './managed-objects.ts';
import { Memory } from './memory.ts';
import { type PassPorts, runPass } from './pass.ts';
import type { PassResult } from './queue.ts';
import { releaseObjects, type ReleasePorts } from './release-objects.ts';
import { RUNS_URGENCY, urgencyOf } from './urgency.ts';

export interface PassesOptions {
  readonly caches: Pick<Caches, 'rollouts'>;
  readonly decided: DecidedCaches;
  readonly managedObjects: Pick<ManagedObjects, 'of'>;
  readonly kinds: readonly Kind[];
  readonly pass: PassPorts;
  readonly release: ReleasePorts;
}

interface Key {
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
}

/** What is remembered is of one object: another one of the same name begins anew. */
interface Remembered {
  readonly uid: string | undefined;
  readonly memory: Memory;
}

export class Passes {
  readonly #options: PassesOptions;
  readonly #memories = new Map<string, Remembered>();
  readonly #kinds: ReadonlyMap<string, Kind>;

  constructor(options: PassesOptions) {
    this.#options = options;
    this.#kinds = new Map(options.kinds.map((kind) => [kind.resource.plural, kind]));
  }

  /** Runs and experiments belong to Rollouts that have begun, and measure by the clock. */
  urgency(key: string): number {
    const { kind, namespace, name } = this.#parse(key) ?? {};
    if (kind?.resource !== ROLLOUTS) return RUNS_URGENCY;
    return urgencyOf(this.#options.caches.rollouts.get(namespace, name ?? ''));
  }

  async run(key: string): Promise<PassResult> {
    const parsed = this.#parse(key);
    if (parsed === undefined) return 'done';
    const memory = this.#memoryOf(key, this.#objectOf(parsed)?.metadata.uid);
    const result = await runPass(this.#options.pass, { ...parsed, key, memory });
    if (result === 'retry' || this.#objectOf(parsed) !== undefined) return result;
    this.#memories.delete(key);
    if (parsed.kind.resource !== ROLLOUTS) return 'done';
    const objects = this.#options.managedObjects.of(parsed);
    return releaseObjects(this.#options.release, parsed, objects);
  }

  #memoryOf(key: string, uid: string | undefined): Memory {
    const known = this.#memories.get(key);
    if (known !== undefined && (uid === undefined || known.uid === uid)) return known.memory;
    known?.memory.end();
    const memory = new Memory();
    this.#memories.set(key, { uid, memory });
    return memory;
  }

  #objectOf({ kind, namespace, name }: Key): KubeObject | undefined {
    const { decided } = this.#options;
    const cache = decided.find(([plural]) => plural === kind.resource.plural)?.[1];
    return cache?.get(namespace, name);
  }

  #parse(key: string): Key | undefined {
    const { plural, namespace, name } = partsOf(key);
    const kind = this.#kinds.get(plural);
    return kind === undefined ? undefined : { kind, namespace, name };
  }

  /** Ends all questions. */
  end(): void {
    for (const { memory } of this.#memories.values()) memory.end();
  }
}
