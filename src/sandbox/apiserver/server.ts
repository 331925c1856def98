// The API server of the sandbox as a function from request to response (design.md "The sandbox"): what the real
// kubectl, our controller and everything else in the sandbox talk to. Entry point: `createApiServer`.
import type { Pod } from '../../api/kubernetes.ts';
import { utf8Text } from '../../lib/bytes.ts';
import type { Clock, HttpRequest, HttpResponse, Random, Transport } from '../../lib/ports.ts';
import { formatHttpDate } from '../../lib/time.ts';
import { parseYaml } from '../../lib/yaml.ts';
import { answer, JSON_TYPE, plain, streamed } from './answers.ts';
import { create, patch, update } from './changes.ts';
import { readMany, readOne, requested } from './collections.ts';
import { Deleter } from './deletion.ts';
import {
  AGGREGATED,
  aggregated,
  CORE_VERSIONS,
  groupDocument,
  groupList,
  healthText,
  resourceList,
  rootPaths,
  SERVER_VERSION,
} from './documents.ts';
import { expireEvents } from './event-expiry.ts';
import { filterOf } from './filter.ts';
import type { ServedKind } from './kinds.ts';
import { openApiDocument, openApiIndex } from './openapi-documents.ts';
import type { PodStreams } from './pod-streams.ts';
import { containerOf } from './pod-containers.ts';
import { bind, evict } from './pod-writes.ts';
import { decodeProtobuf, isProtobuf } from './protobuf.ts';

import { Registry } from './registry.ts';
import { remove, removeAll } from './removal.ts';
import {
  type ApiRequest,
  parameter,
  resourceRequest,
  type SplitPath,
  splitPath,
  wholeNumber,
} from './request.ts';
import { scaleOf } from './scale.ts';
import { answeredReview, isReview } from './reviews.ts';
import {
  badRequest,
  internalError,
  notAllowed,
  RequestError,
  tooBig,
  unknownPath,
} from './status-error.ts';
import { Store, storeKey } from './store.ts';
import type { WriteContext } from './writes.ts';
import { watchBody } from './watch.ts';

export interface ApiServerOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly store: Store;
  /** Logs of pods; absent: there are none. */
  readonly streams?: PodStreams;
}

export interface ApiServer {
  readonly handle: Transport;
  readonly store: Store;
  readonly registry: Registry;
  /** The pod of a request for exec, attach or port-forward; refused like any other request. */
  podOf(path: string): { readonly pod: Pod; readonly request: ApiRequest };
}

export function createApiServer(options: ApiServerOptions): ApiServer {
  const server = new Server(options);
  return {
    handle: (request) => server.handle(request),
    store: options.store,
    registry: server.registry,
    podOf: (path) => server.podOf(path),
  };
}

class Server {
  readonly registry: Registry;
  readonly #options: ApiServerOptions;
  readonly #deleter: Deleter;

  constructor(options: ApiServerOptions) {
    this.#options = options;
    this.registry = new Registry(options.store);
    this.#deleter = new Deleter(options.store, this.registry, options.clock);
    expireEvents(options.store, options.clock);
  }

  async handle(request: HttpRequest): Promise<HttpResponse> {
    const response = await this.#answered(request);
    // What has been answered survives whatever happens to this process.
    if (request.method !== 'GET') await this.#options.store.flush();
    const date = formatHttpDate(this.#options.clock.now());
    return { ...response, headers: { ...response.headers, date } };
  }

  podOf(path: string): { readonly pod: Pod; readonly request: ApiRequest } {
    const request = resourceRequest('GET', splitPath(path), {});
    const kind = request === undefined ? undefined : this.#kindOf(request);
    if (request === undefined || kind?.resource.plural !== 'pods') throw unknownPath();
    const { store, clock } = this.#options;
    return { pod: requested({ store, clock, kind, request }) as Pod, request };
  }

  async #answered(request: HttpRequest): Promise<HttpResponse> {
    try {
      const path = splitPath(request.path);
      return this.#document(request, path) ?? (await this.#resource(request, path));
    } catch (error) {
      const refusal = error instanceof RequestError ? error : internalError(error);
      return answer(refusal.body.code, refusal.body);
    }
  }

  #document(request: HttpRequest, { segments, query }: SplitPath): HttpResponse | undefined {
    const [first, second, third] = segments;
    const { registry } = this;
    switch (first) {
      case 'version':
        return answer(200, SERVER_VERSION);
      case undefined:
        return answer(200, { paths: rootPaths(registry) });
      case 'healthz':
      case 'livez':
      case 'readyz':
        return plain(200, healthText(first, query.has('verbose')));
      case 'api':
        if (second === undefined) return this.#discovery(request, true);
        return third === undefined ? found(resourceList(registry, '', second)) : undefined;
      case 'apis':
        if (second === undefined) return this.#discovery(request, false);
        if (third === undefined) return found(groupDocument(registry, second));
        return segments.length === 3 ? found(resourceList(registry, second, third)) : undefined;
      case 'openapi':
        return this.#openApi(request, segments);
      default:
        throw unknownPath();
    }
  }

  #discovery({ headers }: HttpRequest, isCore: boolean): HttpResponse {
    const accept = headers['accept'] ?? '';
    if (accept.includes('g=apidiscovery.k8s.io;v=v2;')) {
      return answer(200, aggregated(this.registry, isCore), { 'content-type': AGGREGATED });
    }
    return answer(200, isCore ? CORE_VERSIONS : groupList(this.registry));
  }

  #openApi({ headers }: HttpRequest, segments: readonly string[]): HttpResponse {
    const [, form, root, ...rest] = segments;
    if (form === 'v2') {
      // Older clients insist on this document; an empty one is enough for them.
      const type = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';
      return plain(200, '', type);
    }
    if (root === undefined) return answer(200, openApiIndex(this.registry));
    const [group = '', version = ''] = root === 'api' ? ['', rest[0]] : rest;
    const document = openApiDocument(this.registry, group, version);
    if (document === undefined) throw unknownPath();
    const etag = `"${this.registry.generation}"`;
    if (headers['if-none-match'] === etag) return plain(304, '', JSON_TYPE);
    return answer(200, document, { etag, 'cache-control': 'public, immutable' });
  }

  #kindOf({ group, version, plural }: ApiRequest): ServedKind | undefined {
    return this.registry.find(group, version, plural);
  }

  async #resource(http: HttpRequest, path: SplitPath): Promise<HttpResponse> {
    const request = resourceRequest(http.method, path, http.headers);
    if (request === undefined) throw unknownPath();
    const kind = this.#kindOf(request);
    if (kind === undefined ? !isReview(request) : !serves(kind, request)) throw unknownPath();
    const body = bodyOfRequest(http);
    const review = reviewed(request, body);
    if (review !== undefined) return answer(201, review);
    if (kind === undefined) throw unknownPath();
    const place = this.#placed(kind, request);
    const { store, clock, random } = this.#options;
    const context: WriteContext = {
      store,
      clock,
      random,
      deleter: this.#deleter,
      kind,
      request: place,
      body,
      warnings: [],
    };
    return place.name === undefined ? this.#collection(context, http) : this.#object(context, http);
  }

  /** Namespaced objects are addressed in their namespace; without one only lists are. */
  #placed(kind: ServedKind, request: ApiRequest): ApiRequest {
    if (!kind.resource.namespaced) return { ...request, namespace: undefined };
    if (request.namespace === undefined && request.name !== undefined) throw unknownPath();
    return request;
  }

  #collection(context: WriteContext, http: HttpRequest): HttpResponse {
    const { request, kind, store, clock } = context;
    switch (request.method) {
      case 'GET': {
        if (parameter(request, 'watch') !== 'true' && parameter(request, 'watch') !== '1') {
          return readMany(context);
        }
        const filter = filterOf(request, kind);
        const body = watchBody({ store, kind, request, filter, clock, cancel: http.cancel });
        return streamed(body, JSON_TYPE);
      }
      case 'POST':
        return create(context);
      case 'DELETE': {
        const all = store.list(storeKey(kind.resource), request.namespace);
        return removeAll(context, all.filter(filterOf(request, kind)));
      }
      default:
        throw notAllowed();
    }
  }

  #object(context: WriteContext, http: HttpRequest): HttpResponse {
    const { request, kind } = context;
    const { subresource } = request;
    if (subresource !== undefined) return this.#subresource(context, http, subresource);
    switch (request.method) {
      case 'GET': {
        if (parameter(request, 'watch') !== 'true') return readOne(context);
        const { store, clock } = context;
        const filter = filterOf(request, kind);
        const body = watchBody({ store, kind, request, filter, clock, cancel: http.cancel });
        return streamed(body, JSON_TYPE);
      }
      case 'PUT':
        return update(context);
      case 'PATCH':
        return patch(context);
      case 'DELETE':
        return remove(context);
      default:
        throw notAllowed();
    }
  }

  #subresource(context: WriteContext, http: HttpRequest, subresource: string): HttpResponse {
    const { request, kind } = context;
    const isOwn = kind.subresources[subresource] !== undefined;
    if (subresource === 'log') return this.#log(context, http);
    if (subresource === 'eviction' && request.method === 'POST') return evict(context);
    if (subresource === 'binding' && request.method === 'POST') return bind(context);
    if (isOwn) throw badRequest('Upgrade request required');
    switch (request.method) {
      case 'GET':
        return subresource === 'scale'
          ? answer(200, scaleOf(context, requested(context)))
          : readOne(context);
      case 'PUT':
        return update(context);
      case 'PATCH':
        return patch(context);
      default:
        throw notAllowed();
    }
  }

  #log(context: WriteContext, http: HttpRequest): HttpResponse {
    const { request } = context;
    const { streams } = this.#options;
    const pod = requested(context) as Pod;
    if (streams === undefined) throw badRequest('no node keeps logs of pods here');
    const body = streams.log(pod, {
      container: containerOf(pod, request),
      follow: parameter(request, 'follow') === 'true',
      tailLines: wholeNumber(request, 'tailLines'),
      sinceSeconds: wholeNumber(request, 'sinceSeconds'),
      timestamps: parameter(request, 'timestamps') === 'true',
      previous: parameter(request, 'previous') === 'true',
      cancel: http.cancel,
    });
    return streamed(body, 'text/plain');
  }
}

/** Whether the kind has the subresource, if one is asked for. */
function serves(kind: ServedKind, { subresource }: ApiRequest): boolean {
  if (subresource === undefined) return true;
  if (subresource === 'status') return kind.hasStatus;
  if (subresource === 'scale') return kind.scale !== undefined;
  return Object.hasOwn(kind.subresources, subresource);
}

function found(document: unknown): HttpResponse {
  if (document === undefined) throw unknownPath();
  return answer(200, document);
}

/** Bytes of a request's body. */
const LARGEST_BODY = 3 * 1024 * 1024;

/** JSON, YAML (server-side apply), or Kubernetes' protobuf. */
function bodyOfRequest({ body, headers }: HttpRequest): unknown {
  if (body === undefined || body.length === 0) return undefined;
  if (body.length > LARGEST_BODY) throw tooBig(LARGEST_BODY);
  const type = headers['content-type'] ?? '';
  if (isProtobuf(type)) return decodeProtobuf(body);
  const text = utf8Text(body);
  if (!type.includes('yaml')) return jsonOf(text);
  const parsed = parseYaml(text);
  if (!parsed.ok) throw badRequest(`error parsing YAML: ${parsed.error}`);
  return parsed.documents[0];
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw badRequest(`the body of the request is not JSON: ${cause}`);
  }
}

function reviewed({ method, plural }: ApiRequest, body: unknown): unknown {
  if (method !== 'POST' || typeof body !== 'object' || body === null) return undefined;
  return answeredReview(plural, body as Readonly<Record<string, unknown>>);
}
