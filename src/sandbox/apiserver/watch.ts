// Watches: changes of a collection from a version on, as lines of JSON
// (https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes).
import type { KubeObject } from '../../api/object.ts';
import type { Body, Cancel, Clock } from '../../lib/ports.ts';
import { later, seconds } from '../../lib/time.ts';
import type { Filter } from './filter.ts';
import type { ServedKind } from './kinds.ts';
import { type ApiRequest, parameter, wholeNumber } from './request.ts';
import { expired, RequestError } from './status-error.ts';
import { type ChangeType, type Store, type StoreChange, storeKey, watchLine } from './store.ts';
import { tableOf, wantsTable } from './table.ts';

export interface WatchContext {
  readonly store: Store;
  readonly kind: ServedKind;
  readonly request: ApiRequest;
  readonly filter: Filter;
  readonly clock: Clock;
  readonly cancel: Cancel | undefined;
}

/** How often an idle watch tells how far it has got. */
const BOOKMARK_SECONDS = 60;
const DEFAULT_TIMEOUT_SECONDS = 1800;
/** Events that wait for a client which does not read. */
const LARGEST_BACKLOG = 4096;

/** The body of a watch; ends after its time, or when nobody reads it any more. */
export function watchBody(context: WatchContext): Body {
  const { store, kind, request } = context;
  const key = storeKey(kind.resource);
  const version = parameter(request, 'resourceVersion');
  const sendsInitial = parameter(request, 'sendInitialEvents') === 'true';
  const fromNow = version === '' || version === '0' || sendsInitial;
  if (!fromNow && !/^\d+$/.test(version)) {
    throw new RequestError(400, 'BadRequest', `Invalid resource version: ${version}`);
  }
  // Clients begin anew on "expired", but would wait for a version that never comes.
  if (!fromNow && Number(version) > store.revision) throw expired(version);
  const missed = fromNow ? [] : store.since(key, Number(version));
  if (missed === undefined) throw expired(version);
  return new Watch(context, { missed, withCurrent: fromNow, marksEnd: sendsInitial }).body();
}

interface Start {
  readonly missed: readonly StoreChange[];
  /** Begin with everything that is there. */
  readonly withCurrent: boolean;
  /** Tell where that ends. */
  readonly marksEnd: boolean;
}

class Watch {
  readonly #context: WatchContext;
  readonly #start: Start;
  readonly #lines: Uint8Array[] = [];
  readonly #asTable: boolean;
  #hasColumns = false;
  #wake: () => void = () => undefined;
  #isOver = false;
  /** How many lines may wait for the client. */
  #most = Number.POSITIVE_INFINITY;

  constructor(context: WatchContext, start: Start) {
    this.#context = context;
    this.#start = start;
    this.#asTable = wantsTable(context.request.headers['accept'] ?? '');
    // From here on nothing is missed; what was before is put in front.
    this.#begin();
  }

  async *body(): AsyncGenerator<Uint8Array> {
    const stops = this.#subscribe();
    try {
      for (;;) {
        const next = this.#lines.splice(0);
        for (const line of next) yield line;
        if (this.#isOver) return;
        if (next.length > 0) continue;
        const { promise, resolve } = Promise.withResolvers<undefined>();
        this.#wake = () => resolve(undefined);
        await promise;
      }
    } finally {
      for (const stop of stops) stop();
    }
  }

  #begin(): void {
    const { store, kind, filter } = this.#context;
    if (this.#start.withCurrent) {
      const objects = store.list(storeKey(kind.resource)).filter(filter);
      for (const object of objects) this.#send('ADDED', object, watchLine);
      if (this.#start.marksEnd) this.#bookmark({ 'k8s.io/initial-events-end': 'true' });
    }
    for (const change of this.#start.missed) this.#change(change);
    this.#seen = store.revision;
    this.#most = this.#lines.length + LARGEST_BACKLOG;
  }

  #subscribe(): readonly (() => void)[] {
    const { store, kind, clock, cancel, request } = this.#context;
    const wanted = wholeNumber(request, 'timeoutSeconds') ?? 0;
    const timeout = wanted > 0 ? wanted : DEFAULT_TIMEOUT_SECONDS;
    const end = () => {
      this.#isOver = true;
      this.#wake();
    };
    const key = storeKey(kind.resource);
    const stop = store.subscribe(key, (change) => {
      this.#change(change);
      this.#wake();
    });
    // Changes between the making of the body and its first read.
    const missed = store.since(key, this.#seen);
    if (missed === undefined) this.#drop();
    for (const change of missed ?? []) this.#change(change);
    const stops = [
      stop,
      clock.at(later(clock.now(), seconds(timeout)), end),
      ...(cancel === undefined ? [] : [cancel.onCancel(end)]),
    ];
    if (parameter(request, 'allowWatchBookmarks') === 'true') stops.push(this.#bookmarks());
    return stops;
  }

  #seen = 0;

  #change(change: StoreChange): void {
    const { type, object, before, revision } = change;
    if (revision <= this.#seen || this.#isOver) return;
    this.#seen = revision;
    if (this.#lines.length > this.#most) {
      this.#drop();
      return;
    }
    const { filter } = this.#context;
    const isIn = type !== 'DELETED' && filter(object);
    const wasIn = before !== undefined && filter(before);
    const line = (shown: ChangeType) => change.line(shown);
    if (isIn) this.#send(wasIn ? 'MODIFIED' : 'ADDED', object, line);
    else if (wasIn && type === 'DELETED') this.#send('DELETED', object, line);
    else if (wasIn) this.#send('DELETED', lastMatch(before, object), watchLine);
  }

  /** Who does not read is not waited for: what has not been sent is forgotten, and the client begins anew. */
  #drop(): void {
    this.#lines.length = 0;
    this.#isOver = true;
    this.#wake();
  }

  #send(
    type: ChangeType,
    object: KubeObject,
    line: (type: ChangeType, object: KubeObject) => Uint8Array,
  ): void {
    if (this.#asTable) {
      this.#sendTable(type, object);
      return;
    }
    const { kind, request } = this.#context;
    const isOther = isOtherVersion(kind, request, object);
    this.#lines.push(isOther ? watchLine(type, versioned(request, object)) : line(type, object));
  }

  #sendTable(type: ChangeType, object: KubeObject): void {
    const { kind, clock, request } = this.#context;
    const include = parameter(request, 'includeObject');
    const table = tableOf(kind, [object], {
      now: clock.now(),
      include: include === 'Object' || include === 'None' ? include : 'Metadata',
      metadata: { resourceVersion: object.metadata.resourceVersion },
    });
    const shown = this.#hasColumns ? { ...table, columnDefinitions: null } : table;
    this.#hasColumns = true;
    this.#lines.push(watchLine(type, shown));
  }

  #bookmark(annotations: Readonly<Record<string, string>> | undefined): void {
    const { kind, request, store } = this.#context;
    const { group } = kind.resource;
    const object = {
      kind: kind.resource.kind,
      apiVersion: group === '' ? request.version : `${group}/${request.version}`,
      metadata: {
        resourceVersion: String(store.revision),
        creationTimestamp: null,
        ...(annotations === undefined ? {} : { annotations }),
      },
    };
    const shown = this.#asTable
      ? tableOf(kind, [], { now: 0, include: 'None', metadata: object.metadata })
      : object;
    this.#lines.push(watchLine('BOOKMARK', shown));
  }

  #bookmarks(): () => void {
    const { clock } = this.#context;
    let stop: () => void = () => undefined;
    const plan = () => {
      stop = clock.at(later(clock.now(), seconds(BOOKMARK_SECONDS)), () => {
        this.#bookmark(undefined);
        this.#wake();
        plan();
      });
    };
    plan();
    return () => stop();
  }
}

function isOtherVersion(kind: ServedKind, request: ApiRequest, object: KubeObject): boolean {
  return kind.versions.length > 1 && !object.apiVersion.endsWith(`/${request.version}`);
}

function versioned({ group, version }: ApiRequest, object: KubeObject): KubeObject {
  return { ...object, apiVersion: `${group}/${version}` };
}

/** What no longer matches is shown as it last matched, at the version at which it went. */
function lastMatch(before: KubeObject, { metadata }: KubeObject): KubeObject {
  const { resourceVersion = '' } = metadata;
  return { ...before, metadata: { ...before.metadata, resourceVersion } };
}
