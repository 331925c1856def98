// The objects of the cluster, one revision counter for all, and what changed lately.
//
// Guarantees: every change has its own revision; watchers get changes in order; objects are never changed in place.
import type { KubeObject, ResourceType } from '../../api/object.ts';
import { utf8 } from '../../lib/bytes.ts';
import type { Clock, Database, Instant } from '../../lib/ports.ts';

export type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED';

/** One change. */
export interface StoreChange {
  readonly revision: number;
  readonly type: ChangeType;
  readonly object: KubeObject;
  /** As it was before; undefined for what was added. */
  readonly before: KubeObject | undefined;
  /** The line of a watch that tells of it, made once for all who are told now. */
  line(type: ChangeType): Uint8Array;
}

/** Group and plural: the versions of a kind share their objects. */
export function storeKey({ group, plural }: Pick<ResourceType, 'group' | 'plural'>): string {
  return `${group}/${plural}`;
}

function nameKey({ namespace = '', name }: { readonly namespace?: string; readonly name: string }) {
  return `${namespace}/${name}`;
}

/**
 * How far the revisions of two processes lie apart: what the first had told of when it was killed may not all be on
 * disk, and a watch that goes on from there must be told to begin anew.
 */
const RESTART_GAP = 10_000;

/** Changes that are kept for watches that begin in the past. */
const HISTORY = 4096;
/** And for how long, where there is a clock: as etcd is compacted by a kube-apiserver, those of five minutes stay. */
const KEPT_MS = 300_000;

interface Collection {
  readonly objects: Map<string, KubeObject>;
  /** Names in order, until one comes or goes. */
  names: readonly string[] | undefined;
  readonly history: Change[];
  /** The newest change that is no longer kept. */
  forgotten: number;
  readonly listeners: Set<(change: StoreChange) => void>;
}

export interface StoreOptions {
  /** Without it changes are kept by number alone. */
  readonly clock?: Clock;
  /** Where objects outlive the process; without it they do not. */
  readonly database?: Database;
  /**
   * Told when saving fails (the state on disk is then older than the one in memory), and when somebody who is told of a
   * change throws. Without it the latter fails the change's author, who cannot help it.
   */
  readonly onProblem?: (what: string, error: Error) => void;
}

export class Store {
  readonly #collections = new Map<string, Collection>();
  readonly #owned = new Map<string, Set<string>>();
  /** Where the object with a uid lies: key of its collection and of itself. */
  readonly #places = new Map<string, readonly [string, string]>();
  readonly #options: StoreOptions;
  readonly #observers = new Set<(key: string, change: StoreChange) => void>();
  #revision = 1;
  /** Where this process began: of what was before, only the outcome is known. */
  #firstRevision = 0;
  #unsaved = new Map<string, string | undefined>();
  #saving: Promise<void> | undefined;

  constructor(options: StoreOptions = {}) {
    this.#options = options;
  }

  get revision(): number {
    return this.#revision;
  }

  /**
   * Reads what an earlier process left. Listeners are told of it as of something new, oldest first, so that
   * what follows the objects (served kinds, collection of what lost its owner) goes on; its changes are not
   * part of the history.
   */
  async load(): Promise<void> {
    const rows = (await this.#options.database?.load()) ?? [];
    for (const { key, value } of rows) {
      if (key === '#revision') {
        this.#revision = Number(value) + RESTART_GAP;
        continue;
      }
      const [group = '', plural = ''] = key.split('/');
      const object = JSON.parse(value) as KubeObject;
      this.#collection(`${group}/${plural}`).objects.set(nameKey(object.metadata), object);
      this.#place(`${group}/${plural}`, object);
      this.#own(`${group}/${plural}`, undefined, object);
    }
    this.#firstRevision = this.#revision;
    for (const collection of this.#collections.values()) collection.forgotten = this.#revision;
    this.#tellLoaded();
  }

  #tellLoaded(): void {
    const loaded = [...this.#collections].flatMap(([key, collection]) =>
      [...collection.objects.values()].map((object) => ({ key, collection, object })),
    );
    const revisionOf = ({ metadata }: KubeObject) => Number(metadata.resourceVersion);
    for (const { key, collection, object } of loaded.toSorted(
      (a, b) => revisionOf(a.object) - revisionOf(b.object),
    )) {
      const change = {
        revision: revisionOf(object),
        type: 'ADDED',
        object,
        before: undefined,
      } as const;
      this.#call(key, collection, new Change(change));
    }
  }

  /** Resolves when everything is on disk, at once if nothing is kept there. */
  async flush(): Promise<void> {
    while (this.#saving !== undefined) await this.#saving;
  }

  get(key: string, namespace: string | undefined, name: string): KubeObject | undefined {
    return this.#collections.get(key)?.objects.get(`${namespace ?? ''}/${name}`);
  }

  /** By namespace and name. */
  list(key: string, namespace?: string): readonly KubeObject[] {
    const collection = this.#collections.get(key);
    if (collection === undefined) return [];
    collection.names ??= [...collection.objects.keys()].toSorted();
    const found: KubeObject[] = [];
    for (const name of collection.names) {
      const object = collection.objects.get(name);
      if (object === undefined) continue;
      if (namespace === undefined || object.metadata.namespace === namespace) found.push(object);
    }
    return found;
  }

  /** Keys of all collections that hold something. */
  keys(): readonly string[] {
    return [...this.#collections].filter(([, { objects }]) => objects.size > 0).map(([key]) => key);
  }

  /** Stores `object` with a new revision and gives it back with it. */
  put(key: string, object: KubeObject): KubeObject {
    const collection = this.#collection(key);
    const before = collection.objects.get(nameKey(object.metadata));
    const revision = this.#next();
    const stored = {
      ...object,
      metadata: { ...object.metadata, resourceVersion: String(revision) },
    };
    collection.objects.set(nameKey(stored.metadata), stored);
    if (before === undefined) collection.names = undefined;
    this.#place(key, stored);
    this.#own(key, before, stored);
    this.#save(`${key}/${nameKey(stored.metadata)}`, stored);
    const type = before === undefined ? 'ADDED' : 'MODIFIED';
    this.#tell(key, collection, { revision, type, object: stored, before });
    return stored;
  }

  remove(key: string, object: KubeObject): void {
    const collection = this.#collection(key);
    const before = collection.objects.get(nameKey(object.metadata));
    if (before === undefined) return;
    collection.objects.delete(nameKey(object.metadata));
    collection.names = undefined;
    this.#places.delete(before.metadata.uid ?? '');
    this.#own(key, before, undefined);
    this.#save(`${key}/${nameKey(object.metadata)}`, undefined);
    const revision = this.#next();
    const last = {
      ...before,
      metadata: { ...before.metadata, resourceVersion: String(revision) },
    };
    this.#tell(key, collection, { revision, type: 'DELETED', object: last, before });
  }

  /** Objects that name `uid` as an owner: collection key and object. */
  dependents(uid: string): readonly (readonly [string, KubeObject])[] {
    return [...(this.#owned.get(uid) ?? [])].flatMap((path) => {
      const [group = '', plural = '', ...name] = path.split('/');
      const object = this.#collections.get(`${group}/${plural}`)?.objects.get(name.join('/'));
      return object === undefined ? [] : [[`${group}/${plural}`, object] as const];
    });
  }

  hasUid(uid: string): boolean {
    return this.#places.has(uid);
  }

  /** The object with that uid and the key of its collection. */
  byUid(uid: string): readonly [string, KubeObject] | undefined {
    const [key = '', name = ''] = this.#places.get(uid) ?? [];
    const object = this.#collections.get(key)?.objects.get(name);
    return object === undefined ? undefined : [key, object];
  }

  /** Changes after `revision`; undefined when some of them are no longer known. */
  since(key: string, revision: number): readonly StoreChange[] | undefined {
    const collection = this.#collection(key);
    if (revision < collection.forgotten) return undefined;
    return collection.history.filter((change) => change.revision > revision);
  }

  /** Calls back for every change of the collection; returns what ends it. */
  subscribe(key: string, listener: (change: StoreChange) => void): () => void {
    const { listeners } = this.#collection(key);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Calls back for every change of any collection. */
  observe(observer: (key: string, change: StoreChange) => void): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  #next(): number {
    this.#revision += 1;
    return this.#revision;
  }

  #collection(key: string): Collection {
    const known = this.#collections.get(key);
    if (known !== undefined) return known;
    const made: Collection = {
      objects: new Map(),
      names: undefined,
      history: [],
      forgotten: this.#firstRevision,
      listeners: new Set(),
    };
    this.#collections.set(key, made);
    return made;
  }

  #tell(key: string, collection: Collection, change: Omit<StoreChange, 'line'>): void {
    const at = this.#options.clock?.now();
    const full = new Change(change, at);
    collection.history.push(full);
    if (collection.history.length > HISTORY) drop(collection, HISTORY / 4);
    // Not at every change: what is dropped at once has been gathered for as long again.
    const [oldest] = collection.history;
    if (at !== undefined && oldest?.at !== undefined && oldest.at <= at - 2 * KEPT_MS) {
      drop(
        collection,
        collection.history.findIndex((one) => (one.at ?? at) > at - KEPT_MS),
      );
    }
    this.#call(key, collection, full);
  }

  #call(key: string, { listeners }: Collection, change: Change): void {
    const problems: Error[] = [];
    const attempt = (tell: () => void) => {
      try {
        tell();
      } catch (error) {
        problems.push(asError(error));
      }
    };
    for (const listener of listeners) attempt(() => listener(change));
    for (const observer of this.#observers) attempt(() => observer(key, change));
    change.settle();
    this.#failed(key, change, problems);
  }

  #failed(key: string, { type, object }: Change, problems: readonly Error[]): void {
    const [first] = problems;
    if (first === undefined) return;
    const { onProblem } = this.#options;
    if (onProblem === undefined) throw first;
    const { namespace, name } = object.metadata;
    const path = namespace === undefined ? name : `${namespace}/${name}`;
    for (const one of problems) onProblem(`telling that ${key} ${path} was ${type}`, one);
  }

  #place(key: string, { metadata }: KubeObject): void {
    if (metadata.uid !== undefined) this.#places.set(metadata.uid, [key, nameKey(metadata)]);
  }

  /** Keeps the index from owners to what they own. */
  #own(key: string, before: KubeObject | undefined, after: KubeObject | undefined): void {
    const path = `${key}/${nameKey((after ?? before)?.metadata ?? { name: '' })}`;
    for (const uid of ownersOf(before)) {
      const paths = this.#owned.get(uid);
      paths?.delete(path);
      if (paths?.size === 0) this.#owned.delete(uid);
    }
    for (const uid of ownersOf(after)) {
      const paths = this.#owned.get(uid) ?? new Set();
      paths.add(path);
      this.#owned.set(uid, paths);
    }
  }

  #save(row: string, object: KubeObject | undefined): void {
    if (this.#options.database === undefined) return;
    this.#unsaved.set(row, object === undefined ? undefined : JSON.stringify(object));
    this.#saving ??= this.#saveAll();
  }

  /** Saves what has gathered, again and again until nothing is left. */
  async #saveAll(): Promise<void> {
    const { database, onProblem } = this.#options;
    while (this.#unsaved.size > 0) {
      const rows = [...this.#unsaved].map(([key, value]) => ({ key, value }));
      rows.push({ key: '#revision', value: String(this.#revision) });
      this.#unsaved = new Map();
      try {
        await database?.save(rows);
      } catch (error) {
        onProblem?.('saving the state', asError(error));
      }
    }
    this.#saving = undefined;
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** Forgets the first changes. */
function drop(collection: Collection, count: number): void {
  const dropped = collection.history.splice(0, count);
  collection.forgotten = dropped.at(-1)?.revision ?? collection.forgotten;
}

/** Lines are kept only while the change is being told: what is asked for later is made anew. */
class Change implements StoreChange {
  readonly revision: number;
  readonly type: ChangeType;
  readonly object: KubeObject;
  readonly before: KubeObject | undefined;
  readonly at: Instant | undefined;
  #lines: Map<ChangeType, Uint8Array> | undefined = new Map();

  constructor({ revision, type, object, before }: Omit<StoreChange, 'line'>, at?: Instant) {
    this.at = at;
    this.revision = revision;
    this.type = type;
    this.object = object;
    this.before = before;
  }

  line(type: ChangeType): Uint8Array {
    const known = this.#lines?.get(type);
    if (known !== undefined) return known;
    const made = watchLine(type, this.object);
    this.#lines?.set(type, made);
    return made;
  }

  /** Everybody has been told. */
  settle(): void {
    this.#lines = undefined;
  }
}

/** One event of a watch. */
export function watchLine(type: string, object: unknown): Uint8Array {
  return utf8(`{"type":"${type}","object":${JSON.stringify(object)}}\n`);
}

function ownersOf(object: KubeObject | undefined): readonly string[] {
  return (object?.metadata.ownerReferences ?? []).map((owner) => owner.uid);
}
