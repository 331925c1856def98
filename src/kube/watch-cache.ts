// What a cluster holds of one kind, kept up to date by list and watch; it never stops by itself.
//
// Flow: list all pages, then watch from the list's version with bookmarks. A watch that ends is resumed from the last
// version seen; an expired version (410) lists anew; every other failure waits with growing, jittered delays.
// Guarantees: `onChange` hands over the old and the new object, in order; a handler's failure cannot stop the reading.
import type { KubeObject, ResourceType } from '../api/object.ts';
import { cancellation, sleep } from '../lib/clock.ts';
import { type Clock, type Random, TransportError } from '../lib/ports.ts';
import { milliseconds } from '../lib/time.ts';
import type { KubeClient } from './client.ts';
import { isExpired } from './errors.ts';

export interface Change<T> {
  readonly before: T | undefined;
  readonly after: T | undefined;
}

export interface WatchCacheOptions<T> {
  readonly client: KubeClient;
  readonly resource: ResourceType;
  readonly clock: Clock;
  readonly random: Random;
  /** All namespaces if absent. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  /** Drops what nobody reads before an object is kept. */
  readonly trim?: (object: T) => T;
  /** Told of every failure; reading goes on. */
  readonly onProblem?: (error: Error) => void;
}

export interface WatchCache<T> {
  readonly resource: ResourceType;
  start(): void;
  stop(): void;
  /** Resolves when the first list is in. */
  readonly synced: Promise<void>;
  get(namespace: string | undefined, name: string): T | undefined;
  /** In no particular order; all namespaces if none is given. */
  list(namespace?: string): readonly T[];
  /** Objects whose controller has that uid, by name. */
  byOwner(uid: string): readonly T[];
  /** Objects of the namespace without controller, by name. */
  orphans(namespace: string): readonly T[];
  /** Returns what ends the subscription. */
  onChange(listener: (change: Change<T>) => void): () => void;
  /** The version that has been read up to. */
  readonly resourceVersion: string;
}

export function createWatchCache<T extends KubeObject>(
  options: WatchCacheOptions<T>,
): WatchCache<T> {
  return new Cache(options);
}

const FIRST_DELAY_MS = 200;
const LAST_DELAY_MS = 30_000;
/** The server ends a watch after this; spread, so that not all caches reconnect at once. */
const WATCH_SECONDS = 300;

function withoutManagedFields<T extends KubeObject>(object: T): T {
  const { managedFields: _managed, ...metadata } = object.metadata as T['metadata'] & {
    readonly managedFields?: unknown;
  };
  return { ...object, metadata };
}

class Cache<T extends KubeObject> implements WatchCache<T> {
  readonly resource: ResourceType;
  readonly synced: Promise<void>;
  readonly #options: WatchCacheOptions<T>;
  readonly #objects = new Map<string, T>();
  readonly #byOwner = new Map<string, Map<string, T>>();
  readonly #listeners = new Set<(change: Change<T>) => void>();
  readonly #stop = cancellation();
  #isSynced: () => void = () => undefined;
  #version = '';
  #failures = 0;

  constructor(options: WatchCacheOptions<T>) {
    this.#options = options;
    this.resource = options.resource;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.synced = promise;
    this.#isSynced = () => resolve(undefined);
  }

  get resourceVersion(): string {
    return this.#version;
  }

  start(): void {
    void this.#run();
  }

  stop(): void {
    this.#stop.now();
    this.#listeners.clear();
  }

  get(namespace: string | undefined, name: string): T | undefined {
    return this.#objects.get(`${namespace ?? ''}/${name}`);
  }

  list(namespace?: string): readonly T[] {
    const all = [...this.#objects.values()];
    return namespace === undefined
      ? all
      : all.filter((object) => object.metadata.namespace === namespace);
  }

  byOwner(uid: string): readonly T[] {
    return sorted(this.#byOwner.get(uid));
  }

  orphans(namespace: string): readonly T[] {
    return sorted(this.#byOwner.get(`/${namespace}`));
  }

  onChange(listener: (change: Change<T>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #run(): Promise<void> {
    const { cancel } = this.#stop;
    while (!cancel.cancelled) {
      try {
        if (this.#version === '') await this.#list();
        await this.#watch();
      } catch (error) {
        if (cancel.cancelled) return;
        await this.#failed(error);
      }
    }
  }

  async #failed(error: unknown): Promise<void> {
    const { clock, random, onProblem } = this.#options;
    if (isExpired(error)) {
      this.#version = '';
      return;
    }
    this.#failures += 1;
    onProblem?.(error instanceof Error ? error : new Error(String(error)));
    const longest = Math.min(LAST_DELAY_MS, FIRST_DELAY_MS * 2 ** (this.#failures - 1));
    const delay = longest / 2 + (longest / 2) * random.next();
    await sleep(clock, milliseconds(delay), this.#stop.cancel);
  }

  async #list(): Promise<void> {
    const { client, resource, namespace, labelSelector } = this.#options;
    const { items, resourceVersion } = await client.listAll<T>(resource, {
      cancel: this.#stop.cancel,
      ...(namespace === undefined ? {} : { namespace }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
    });
    if (this.#stop.cancel.cancelled) return;
    const listed = new Set<string>();
    for (const object of items) {
      listed.add(keyOf(object));
      this.#put(object);
    }
    for (const [key, object] of this.#objects) if (!listed.has(key)) this.#remove(object);
    this.#version = resourceVersion;
    this.#isSynced();
  }

  async #watch(): Promise<void> {
    const { client, resource, namespace, labelSelector, random } = this.#options;
    const events = client.watch<T>(resource, {
      resourceVersion: this.#version,
      timeoutSeconds: Math.round(WATCH_SECONDS * (1 + random.next())),
      cancel: this.#stop.cancel,
      ...(namespace === undefined ? {} : { namespace }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
    });
    let received = 0;
    for await (const event of events) {
      if (this.#stop.cancel.cancelled) return;
      received += 1;
      this.#failures = 0;
      if (event.type === 'BOOKMARK') this.#version = event.resourceVersion;
      else {
        this.#version = event.object.metadata.resourceVersion ?? this.#version;
        if (event.type === 'DELETED') this.#remove(event.object);
        else this.#put(event.object);
      }
    }
    // A server that ends every watch at once must not be asked in a loop without pause.
    if (received === 0 && !this.#stop.cancel.cancelled) {
      throw new TransportError('other', `the watch of ${resource.plural} ended without an event`);
    }
  }

  #put(object: T): void {
    const key = keyOf(object);
    const before = this.#objects.get(key);
    if (before?.metadata.resourceVersion === object.metadata.resourceVersion) return;
    const bare = withoutManagedFields(object);
    const after = this.#options.trim?.(bare) ?? bare;
    if (before !== undefined) this.#byOwner.get(ownerKey(before))?.delete(key);
    this.#objects.set(key, after);
    const owner = ownerKey(after);
    const owned = this.#byOwner.get(owner) ?? new Map<string, T>();
    owned.set(key, after);
    this.#byOwner.set(owner, owned);
    this.#tell({ before, after });
  }

  #remove(object: T): void {
    const key = keyOf(object);
    const before = this.#objects.get(key);
    if (before === undefined) return;
    this.#objects.delete(key);
    const owner = ownerKey(before);
    const owned = this.#byOwner.get(owner);
    owned?.delete(key);
    if (owned?.size === 0) this.#byOwner.delete(owner);
    this.#tell({ before, after: undefined });
  }

  #tell(change: Change<T>): void {
    for (const listener of this.#listeners) {
      try {
        listener(change);
      } catch (error) {
        this.#options.onProblem?.(error instanceof Error ? error : new Error(String(error)));
      }
    }
  }
}

function keyOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

/** The controller's uid; objects without one are kept by namespace. */
function ownerKey({ metadata }: KubeObject): string {
  const owner = metadata.ownerReferences?.find((reference) => reference.controller === true);
  return owner?.uid ?? `/${metadata.namespace ?? ''}`;
}

function sorted<T extends KubeObject>(objects: ReadonlyMap<string, T> | undefined): readonly T[] {
  if (objects === undefined || objects.size === 0) return [];
  return [...objects.values()].toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
}
