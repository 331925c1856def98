// Reads of a kind: one object, lists in pages, both as JSON or as a table.
import type { KubeObject } from '../../api/object.ts';
import { base64, fromBase64, utf8, utf8Text } from '../../lib/bytes.ts';
import type { Clock, HttpResponse } from '../../lib/ports.ts';
import { answer } from './answers.ts';
import { filterOf } from './filter.ts';
import type { ServedKind } from './kinds.ts';
import { type ApiRequest, parameter, wholeNumber } from './request.ts';
import { badRequest, notFound, RequestError, tooLarge } from './status-error.ts';
import { type Store, storeKey } from './store.ts';
import { tableOf, wantsTable } from './table.ts';

export interface ReadContext {
  readonly store: Store;
  readonly clock: Clock;
  readonly kind: ServedKind;
  readonly request: ApiRequest;
}

/** The object as the requested version shows it. */
export function shown(
  { kind, request }: Pick<ReadContext, 'kind' | 'request'>,
  object: KubeObject,
) {
  const { group } = kind.resource;
  const apiVersion = group === '' ? request.version : `${group}/${request.version}`;
  return object.apiVersion === apiVersion ? object : { ...object, apiVersion };
}

/** The stored object that the request names. */
export function requested({ store, kind, request }: ReadContext): KubeObject {
  const { name = '', namespace } = request;
  const object = store.get(storeKey(kind.resource), namespace, name);
  if (object === undefined) throw notFound(kind.resource, name);
  return object;
}

function include(request: ApiRequest): 'Metadata' | 'Object' | 'None' {
  const wanted = parameter(request, 'includeObject');
  return wanted === 'Object' || wanted === 'None' ? wanted : 'Metadata';
}

export function readOne(context: ReadContext): HttpResponse {
  const { kind, request, clock } = context;
  const object = shown(context, requested(context));
  if (!wantsTable(request.headers['accept'] ?? '')) return answer(200, object);
  const { resourceVersion } = object.metadata;
  const options = { now: clock.now(), include: include(request), metadata: { resourceVersion } };
  return answer(200, tableOf(kind, [object], options));
}

interface Page {
  readonly objects: readonly KubeObject[];
  /** Where the next one begins. */
  readonly next: string | undefined;
  readonly remaining: number;
}

/** A token names the last object of its page and the version of the first page. */
function tokenOf(revision: number, { metadata }: KubeObject): string {
  const place = `${revision}\n${metadata.namespace ?? ''}/${metadata.name}`;
  return base64(utf8(place)).replaceAll('=', '').replaceAll('+', '-').replaceAll('/', '_');
}

interface Place {
  readonly revision: number;
  /** The last object of the page before. */
  readonly after: string;
}

function placeOf({ store, kind, request }: ReadContext): Place | undefined {
  const token = parameter(request, 'continue');
  if (token === '') return undefined;
  const bytes = fromBase64(token.replaceAll('-', '+').replaceAll('_', '/'));
  const [revision = '', after] = bytes === undefined ? [] : utf8Text(bytes).split('\n');
  if (!/^\d+$/.test(revision) || after === undefined) {
    throw badRequest('continue key is not valid: it was not given by this server');
  }
  if (store.since(storeKey(kind.resource), Number(revision)) === undefined) {
    const message = 'The continue parameter is too old: start the list anew without it';
    throw new RequestError(410, 'Expired', message);
  }
  return { revision: Number(revision), after };
}

function pageOf(context: ReadContext, all: readonly KubeObject[], place: Place | undefined): Page {
  const after = place?.after;
  const pathOf = ({ metadata }: KubeObject) => `${metadata.namespace ?? ''}/${metadata.name}`;
  const rest = after === undefined ? all : all.filter((object) => pathOf(object) > after);
  const limit = wholeNumber(context.request, 'limit') ?? 0;
  if (!(limit > 0) || rest.length <= limit) return { objects: rest, next: undefined, remaining: 0 };
  const objects = rest.slice(0, limit);
  const last = objects.at(-1);
  const revision = place?.revision ?? context.store.revision;
  const next = last === undefined ? undefined : tokenOf(revision, last);
  return { objects, next, remaining: rest.length - objects.length };
}

export function readMany(context: ReadContext): HttpResponse {
  const { store, kind, request, clock } = context;
  const { resource } = kind;
  const filter = filterOf(request, kind);
  const wanted = wholeNumber(request, 'resourceVersion') ?? 0;
  if (wanted > store.revision) throw tooLarge(wanted, store.revision);
  const place = placeOf(context);
  const all = store.list(storeKey(resource), request.namespace).filter(filter);
  const page = pageOf(context, all, place);
  const metadata = {
    // Of the first page: a watch from there tells what has changed since.
    resourceVersion: String(place?.revision ?? store.revision),
    ...(page.next === undefined ? {} : { continue: page.next, remainingItemCount: page.remaining }),
  };
  const objects = page.objects.map((object) => shown(context, object));
  if (wantsTable(request.headers['accept'] ?? '')) {
    const options = { now: clock.now(), include: include(request), metadata };
    return answer(200, tableOf(kind, objects, options));
  }
  const apiVersion =
    resource.group === '' ? request.version : `${resource.group}/${request.version}`;
  return answer(200, { kind: kind.listKind, apiVersion, metadata, items: objects });
}
