// What all writes have in common: their context, options, the object in the body, the way into the store.
import type { KubeObject } from '../../api/object.ts';
import { jsonEqual } from '../../lib/equal.ts';
import type { HttpResponse, Random } from '../../lib/ports.ts';
import { formatInstant } from '../../lib/time.ts';
import { type AdmissionContext, admittedChange, type FieldValidation } from './admission.ts';
import { answer } from './answers.ts';
import { afterUpdate } from './apply.ts';
import type { ReadContext } from './collections.ts';
import type { Deleter } from './deletion.ts';
import { isObject } from './field-set.ts';
import type { Writer } from './managed-fields.ts';
import { parameter } from './request.ts';
import { badRequest, notAllowed, RequestError } from './status-error.ts';
import { storeKey } from './store.ts';

export interface WriteContext extends ReadContext {
  readonly random: Random;
  readonly deleter: Deleter;
  readonly body: unknown;
  /** Warnings for the client, filled on the way. */
  readonly warnings: string[];
}

/** Options that every write takes; values that are none are refused. */
export function checkOptions({ request }: WriteContext): void {
  const check = (name: string, allowed: readonly string[]): void => {
    const value = parameter(request, name);
    if (value === '' || allowed.includes(value)) return;
    const list = allowed.map((one) => JSON.stringify(one)).join(', ');
    const message = `${name}: Unsupported value: ${JSON.stringify(value)}: supported values: ${list}`;
    throw new RequestError(422, 'Invalid', `the options are invalid: ${message}`);
  };
  check('dryRun', ['All']);
  check('fieldValidation', ['Ignore', 'Strict', 'Warn']);
}

export function admission(context: WriteContext): AdmissionContext {
  const { kind, random, clock, request, warnings } = context;
  const wanted = parameter(request, 'fieldValidation');
  const fieldValidation: FieldValidation =
    wanted === 'Strict' || wanted === 'Ignore' ? wanted : 'Warn';
  return {
    kind,
    random,
    now: formatInstant(clock.now()),
    namespace: request.namespace,
    fieldValidation,
    warn: (message) => warnings.push(message),
  };
}

export function isDryRun({ request }: WriteContext): boolean {
  return request.query.has('dryRun');
}

/** The status is written apart; other subresources change the object itself. */
export function subresourceOf({ request }: WriteContext): 'status' | 'scale' | undefined {
  const { subresource } = request;
  if (subresource === undefined || subresource === 'status' || subresource === 'scale') {
    return subresource;
  }
  throw notAllowed();
}

export function writerOf(context: WriteContext, operation: Writer['operation']): Writer {
  const { request, clock } = context;
  const named = parameter(request, 'fieldManager');
  const agent = request.headers['user-agent'] ?? 'unknown';
  return {
    manager: named === '' ? (agent.split('/')[0] ?? 'unknown') : named,
    operation,
    subresource: subresourceOf(context),
    time: formatInstant(clock.now()),
  };
}

export function done(context: WriteContext, status: number, object: unknown): HttpResponse {
  const warnings = context.warnings.map((text) => `299 - ${JSON.stringify(text)}`);
  return answer(status, object, warnings.length === 0 ? {} : { warning: warnings.join(', ') });
}

/** What the server answers when there is nothing to show. */
export function success(context: WriteContext, status = 200, details?: object): HttpResponse {
  return done(context, status, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    ...(details === undefined ? {} : { details }),
  });
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The body as an object of this kind. */
export function bodyObject({ body, kind, request }: WriteContext): KubeObject {
  if (!isObject(body)) throw badRequest('the request has no object in its body');
  const { resource, versions } = kind;
  const given = textOf(body['apiVersion']);
  const own = versions.map((version) =>
    resource.group === '' ? version : `${resource.group}/${version}`,
  );
  if (given !== '' && !own.includes(given)) {
    const message =
      `the API version in the data (${given}) does not match the expected API version ` +
      `(${own[0] ?? request.version})`;
    throw badRequest(message);
  }
  const name = textOf(body['kind']);
  if (name !== '' && name !== resource.kind) {
    throw badRequest(`the kind of the object (${name}) is not ${resource.kind}`);
  }
  const metadata = isObject(body['metadata']) ? body['metadata'] : {};
  // Checked member by member on the way to the store.
  return {
    ...body,
    apiVersion: own[0] ?? given,
    kind: resource.kind,
    metadata,
  } as unknown as KubeObject;
}

/** Stores `given` in place of `before`; nothing is written if nothing changes. */
export function replace(context: WriteContext, before: KubeObject, given: KubeObject): KubeObject {
  const { store, kind } = context;
  const next = admittedChange(before, given, {
    ...admission(context),
    subresource: subresourceOf(context),
  });
  const owned = afterUpdate(before, next, {
    ...writerOf(context, 'Update'),
    keyed: !kind.isCustom,
  });
  if (jsonEqual(owned, before) || isDryRun(context)) return owned;
  return store.put(storeKey(kind.resource), owned);
}
