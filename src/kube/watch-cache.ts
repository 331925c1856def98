// What a cluster holds of one kind, kept up to date by list and watch; it never stops by itself.
//
// Flow: list all pages, then watch from the list's version with bookmarks. A watch that ends, or that has said nothing
// when its time was up, is resumed from the last version seen; an expired version (410) lists anew; every other failure
// waits with growing, jittered delays, and no shorter than the server asks.
// Guarantees: `onChange` hands over the old and the new object, in order; a handler's failure cannot stop the reading.
import type { KubeObject, ResourceType } from '../api/object.ts';
import { cancellation, sleep } from '../lib/clock.ts';
import { type Clock, type Random, TransportError } from '../lib/ports.ts';
import { between, later, milliseconds, seconds } from '../lib/time.ts';
import type { KubeClient, WatchEvent } from './client.ts';
import { ApiError, isExpired, isNotFound } from './errors.ts';
import { whenOverdue } from './overdue.ts';

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
  /** The server need not serve this kind (its CRD may come later): until it does there are no such objects. */
  readonly isOptional?: boolean;
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
  /** An optional kind that the server does not serve at present. */
  readonly isAbsent: boolean;
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
/** How often a kind that the server does not serve is asked for. */
const ABSENT_DELAY_MS = 60_000;
/** The server ends a watch after this; spread, so that not all caches reconnect at once. */
const WATCH_SECONDS = 300;
/** A watch that ends sooner is a failure: asking again without a pause would be a loop. */
const SHORTEST_WATCH_MS = 1000;

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
  /** The version has expired and nothing has come since. */
  #isExpired = false;
  #isStarted = false;
  #isAbsent = false;

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

  get isAbsent(): boolean {
    return this.#isAbsent;
  }

  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
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
    if (isExpired(error)) {
      this.#version = '';
      // Once it is how long watches end; a server that answers nothing else must not be asked in a loop.
      if (!this.#isExpired) {
        this.#isExpired = true;
        return;
      }
    }
    if (isNotFound(error) && this.#options.isOptional === true) return this.#absent(error);
    this.#problem(error);
    await this.#pause(error instanceof ApiError ? error.retryAfterSeconds : undefined);
  }

  /** The server does not serve the kind: nothing is there, until it does. */
  async #absent(error: unknown): Promise<void> {
    if (!this.#isAbsent) this.#problem(error);
    this.#isAbsent = true;
    this.#version = '';
    for (const object of this.#objects.values()) this.#remove(object);
    this.#isSynced();
    await this.#wait(ABSENT_DELAY_MS);
  }

  async #pause(leastSeconds = 0): Promise<void> {
    this.#failures += 1;
    const longest = Math.min(LAST_DELAY_MS, FIRST_DELAY_MS * 2 ** (this.#failures - 1));
    const delay = longest / 2 + (longest / 2) * this.#options.random.next();
    await this.#wait(Math.max(delay, leastSeconds * 1000));
  }

  async #wait(delayMs: number): Promise<void> {
    await sleep(this.#options.clock, milliseconds(delayMs), this.#stop.cancel);
  }

  #healthy(): void {
    this.#failures = 0;
    this.#isExpired = false;
  }

  #problem(error: unknown): void {
    try {
      this.#options.onProblem?.(error instanceof Error ? error : new Error(String(error)));
    } catch {
      // Who is told of problems must not become one: reading goes on whatever it does.
    }
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
    this.#isAbsent = false;
    this.#isSynced();
  }

  async #watch(): Promise<void> {
    const { client, resource, namespace, labelSelector, random, clock } = this.#options;
    const timeoutSeconds = Math.round(WATCH_SECONDS * (1 + random.next()));
    const started = clock.now();
    const silence = cancellation();
    const end = later(started, seconds(timeoutSeconds));
    const stopTimer = whenOverdue(clock, end, () => silence.now());
    const stopStop = this.#stop.cancel.onCancel(() => silence.now());
    try {
      const events = client.watch<T>(resource, {
        resourceVersion: this.#version,
        timeoutSeconds,
        cancel: silence.cancel,
        ...(namespace === undefined ? {} : { namespace }),
        ...(labelSelector === undefined ? {} : { labelSelector }),
      });
      const received = await this.#read(events);
      if (silence.cancel.cancelled) throw this.#silent();
      await this.#ended(between(started, clock.now()), received);
    } catch (error) {
      throw silence.cancel.cancelled ? this.#silent(error) : error;
    } finally {
      stopTimer();
      stopStop();
    }
  }

  #silent(cause?: unknown): TransportError {
    const message = `the watch of ${this.resource.plural} did not end in time: its connection is dead`;
    return new TransportError('timeout', message, { cause });
  }

  async #ended(lastedMs: number, received: number): Promise<void> {
    if (lastedMs >= SHORTEST_WATCH_MS) return this.#healthy();
    if (received === 0) {
      this.#problem(
        new TransportError('other', `the watch of ${this.resource.plural} ended at once`),
      );
    }
    await this.#pause();
  }

  /** How many events came. */
  async #read(events: AsyncIterable<WatchEvent<T>>): Promise<number> {
    let received = 0;
    for await (const event of events) {
      if (this.#stop.cancel.cancelled) return received;
      received += 1;
      this.#healthy();
      if (event.type === 'BOOKMARK') this.#reached(event.resourceVersion);
      else {
        // Before anyone is told, so that who looks at once finds the version reached.
        this.#reached(event.object.metadata.resourceVersion);
        if (event.type === 'DELETED') this.#remove(event.object);
        else this.#put(event.object);
      }
    }
    return received;
  }

  #reached(version: string | undefined): void {
    if (version !== undefined && version !== '') this.#version = version;
  }

  #put(object: T): void {
    const key = keyOf(object);
    const before = this.#objects.get(key);
    if (before?.metadata.resourceVersion === object.metadata.resourceVersion) return;
    const after = this.#trimmed(withoutManagedFields(object));
    if (before !== undefined) this.#byOwner.get(ownerKey(before))?.delete(key);
    this.#objects.set(key, after);
    const owner = ownerKey(after);
    const owned = this.#byOwner.get(owner) ?? new Map<string, T>();
    owned.set(key, after);
    this.#byOwner.set(owner, owned);
    this.#tell({ before, after });
  }

  #trimmed(object: T): T {
    try {
      return this.#options.trim?.(object) ?? object;
    } catch (error) {
      this.#problem(error);
      return object;
    }
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
        this.#problem(error);
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
