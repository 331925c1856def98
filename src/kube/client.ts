// The Kubernetes API over a `Transport`: typed requests, nothing cached.
// Errors: `ApiError` for the server's refusals, `TransportError` when no answer came or it makes no sense.
import type { Json, KubeObject, ObjectRef, ResourceType } from '../api/object.ts';
import { lines } from '../lib/bytes.ts';
import { type Cancel, type Headers, type HttpResponse, TransportError } from '../lib/ports.ts';
import { ApiError, isExpired, type StatusObject } from './errors.ts';
import { collectionPath, objectPath, query } from './paths.ts';
import { type RequestOptions, Requests, type RequestsOptions } from './requests.ts';

export interface ListOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly cancel?: Cancel;
}

export interface ObjectList<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
  /** Where the next page begins; absent on the last. */
  readonly continue?: string;
}

export interface WatchOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly resourceVersion: string;
  /** The server ends the watch after this time. */
  readonly timeoutSeconds?: number;
  readonly cancel?: Cancel;
}

/** A bookmark carries nothing but the version that the watch has reached. */
export type WatchEvent<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string };

export interface PatchRequest {
  readonly type: 'merge' | 'strategic' | 'json' | 'apply';
  readonly body: Json;
  readonly subresource?: string;
  readonly fieldManager?: string;
  /** Server-side apply: takes fields over from other managers. */
  readonly force?: boolean;
  readonly dryRun?: boolean;
}

export interface DeleteOptions {
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  readonly gracePeriodSeconds?: number;
}

export interface WriteOptions {
  readonly fieldManager?: string;
  readonly dryRun?: boolean;
}

export interface KubeClient {
  get<T extends KubeObject>(ref: ObjectRef, cancel?: Cancel): Promise<T>;
  getSubresource<T>(ref: ObjectRef, subresource: string): Promise<T>;
  /** One page. */
  list<T extends KubeObject>(resource: ResourceType, options?: ListOptions): Promise<ObjectList<T>>;
  /** All pages. */
  listAll<T extends KubeObject>(
    resource: ResourceType,
    options?: ListOptions,
  ): Promise<ObjectList<T>>;
  /** Changes after `resourceVersion`, with bookmarks. Ends when the server ends it. */
  watch<T extends KubeObject>(
    resource: ResourceType,
    options: WatchOptions,
  ): AsyncGenerator<WatchEvent<T>>;
  create<T extends KubeObject>(
    resource: ResourceType,
    object: T,
    options?: WriteOptions,
  ): Promise<T>;
  createSubresource<T>(ref: ObjectRef, subresource: string, body: Json): Promise<T>;
  /** Replaces the object; its resourceVersion is the precondition. */
  update<T extends KubeObject>(
    ref: ObjectRef,
    object: T,
    options?: WriteOptions & { readonly subresource?: string },
  ): Promise<T>;
  patch<T extends KubeObject>(ref: ObjectRef, patch: PatchRequest): Promise<T>;
  delete(ref: ObjectRef, options?: DeleteOptions): Promise<void>;
  /** Any path of the server, its answer as text with its headers. */
  raw(
    method: string,
    path: string,
    options?: RawOptions,
  ): Promise<{ readonly text: string; readonly headers: Headers }>;
  /** As `raw`, with the body still to be read. */
  stream(method: string, path: string, options?: RawOptions): Promise<HttpResponse>;
}

export type RawOptions = RequestOptions;

export interface ClientOptions extends RequestsOptions {
  /** Recorded by the server with each write. */
  readonly fieldManager?: string;
}

const CONTENT_TYPES: Readonly<Record<PatchRequest['type'], string>> = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
};
const PAGE = 500;

interface ListBody<T> {
  readonly items?: readonly T[] | null;
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly apiVersion?: string;
  readonly kind?: string;
}

/** A client of one API server. */
export function createClient(options: ClientOptions): KubeClient {
  const http = new Requests(options);
  const { fieldManager } = options;
  const list = async <T extends KubeObject>(
    resource: ResourceType,
    { namespace, cancel, ...parameters }: ListOptions = {},
  ): Promise<ObjectList<T>> => {
    const path = collectionPath(resource, namespace) + query(parameters);
    const body = await http.json<ListBody<T>>('GET', path, cancel === undefined ? {} : { cancel });
    return listOf(resource, body);
  };
  return {
    get: (ref, cancel) => http.json('GET', objectPath(ref), cancel === undefined ? {} : { cancel }),
    getSubresource: (ref, subresource) => http.json('GET', objectPath(ref, subresource)),
    list,
    listAll: (resource, all) => everyPage((page) => list(resource, { ...all, ...page })),
    watch: (resource, watch) => watchEvents(http, resource, watch),
    create: (resource, object, write) => {
      const path = collectionPath(resource, object.metadata.namespace);
      return http.json('POST', path + writeQuery(write, fieldManager), { body: toJson(object) });
    },
    createSubresource: (ref, subresource, body) =>
      http.json('POST', objectPath(ref, subresource), { body }),
    update: (ref, object, write) => {
      const path = objectPath(ref, write?.subresource);
      return http.json('PUT', path + writeQuery(write, fieldManager), { body: toJson(object) });
    },
    patch: (ref, patch) => {
      const { type, body, subresource, force } = patch;
      const parameters = { force: type === 'apply' ? force === true : undefined };
      const path = objectPath(ref, subresource) + writeQuery(patch, fieldManager, parameters);
      return http.json('PATCH', path, { body, contentType: CONTENT_TYPES[type] });
    },
    delete: async (ref, wanted = {}) => {
      await http.json('DELETE', objectPath(ref), { body: deleteBody(wanted) });
    },
    raw: (method, path, raw) => http.whole(method, path, raw),
    stream: (method, path, raw) => http.send(method, path, raw ?? {}),
  };
}

function toJson(object: unknown): Json {
  // Objects are plain JSON by construction (style: kept as they came, changed by spread).
  return object as Json;
}

function writeQuery(
  write: WriteOptions | undefined,
  fieldManager: string | undefined,
  more: Readonly<Record<string, boolean | undefined>> = {},
): string {
  return query({
    fieldManager: write?.fieldManager ?? fieldManager,
    dryRun: write?.dryRun === true ? 'All' : undefined,
    ...more,
  });
}

function deleteBody({ uid, resourceVersion, ...rest }: DeleteOptions): Json {
  const preconditions = {
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
  return {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    ...(Object.keys(preconditions).length === 0 ? {} : { preconditions }),
    ...(rest.propagationPolicy === undefined ? {} : { propagationPolicy: rest.propagationPolicy }),
    ...(rest.gracePeriodSeconds === undefined
      ? {}
      : { gracePeriodSeconds: rest.gracePeriodSeconds }),
  };
}

/** Items of a list carry no kind of their own; it follows from the list's. */
function listOf<T extends KubeObject>(resource: ResourceType, body: ListBody<T>): ObjectList<T> {
  const apiVersion = body.apiVersion ?? resource.version;
  const { kind } = resource;
  const { resourceVersion = '', continue: next = '' } = body.metadata ?? {};
  return {
    items: (body.items ?? []).map((item) => ({ ...item, apiVersion, kind })),
    resourceVersion,
    ...(next === '' ? {} : { continue: next }),
  };
}

/**
 * All items at the version of the first page: what changed while the pages were read is told anew by a watch from
 * there. When the place of a next page has expired (410), everything is read at once.
 */
async function everyPage<T>(
  list: (page: ListOptions) => Promise<ObjectList<T>>,
): Promise<ObjectList<T>> {
  const first = await list({ limit: PAGE });
  const items: T[] = [...first.items];
  let next = first.continue;
  try {
    while (next !== undefined) {
      const page = await list({ limit: PAGE, continue: next });
      items.push(...page.items);
      next = page.continue;
    }
  } catch (error) {
    if (!isExpired(error)) throw error;
    return list({});
  }
  return { items, resourceVersion: first.resourceVersion };
}

interface RawEvent<T> {
  readonly type: string;
  readonly object: T & StatusObject;
}

async function* watchEvents<T extends KubeObject>(
  http: Requests,
  resource: ResourceType,
  options: WatchOptions,
): AsyncGenerator<WatchEvent<T>> {
  const { namespace, cancel, ...parameters } = options;
  const path =
    collectionPath(resource, namespace) +
    query({ watch: true, allowWatchBookmarks: true, ...parameters });
  const response = await http.send('GET', path, cancel === undefined ? {} : { cancel });
  for await (const line of lines(response.body)) {
    if (line === '') continue;
    const event = eventOf<T>(line, resource);
    switch (event.type) {
      case 'ADDED':
      case 'MODIFIED':
      case 'DELETED':
        yield { type: event.type, object: event.object };
        break;
      case 'BOOKMARK':
        yield {
          type: 'BOOKMARK',
          resourceVersion: event.object.metadata.resourceVersion ?? '',
        };
        break;
      default:
        throw new ApiError(event.object, event.object.code ?? 500);
    }
  }
}

function eventOf<T>(line: string, { plural }: ResourceType): RawEvent<T> {
  try {
    return JSON.parse(line) as RawEvent<T>;
  } catch (error) {
    const start = line.slice(0, 200);
    const message = `the watch of ${plural} sent a line that is not JSON: ${start}`;
    throw new TransportError('other', message, { cause: error });
  }
}
