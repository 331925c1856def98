// Refusals of the API server: `Status` objects with Kubernetes' own wording
// (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/).
import type { ResourceType } from '../../api/object.ts';
import type { FieldProblem } from '../../schema/structural/problem.ts';

export interface StatusBody {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: Readonly<Record<string, never>>;
  readonly status: 'Failure' | 'Success';
  readonly message?: string;
  readonly reason?: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly code: number;
}

/** Ends the handling of a request with that answer. */
export class RequestError extends Error {
  readonly body: StatusBody;
  constructor(code: number, reason: string, message: string, details?: StatusBody['details']) {
    super(message);
    this.name = 'RequestError';
    this.body = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      reason,
      ...(details === undefined ? {} : { details }),
      code,
    };
  }
}

/** `pods`, or `rollouts.argoproj.io`. */
export function qualified({ plural, group }: ResourceType): string {
  return group === '' ? plural : `${plural}.${group}`;
}

function about({ group, plural }: ResourceType, name: string) {
  return { name, ...(group === '' ? {} : { group }), kind: plural };
}

export function notFound(resource: ResourceType, name: string): RequestError {
  const message = `${qualified(resource)} "${name}" not found`;
  return new RequestError(404, 'NotFound', message, about(resource, name));
}

export function alreadyExists(resource: ResourceType, name: string): RequestError {
  const message = `${qualified(resource)} "${name}" already exists`;
  return new RequestError(409, 'AlreadyExists', message, about(resource, name));
}

export function conflict(resource: ResourceType, name: string, cause: string): RequestError {
  const message = `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${cause}`;
  return new RequestError(409, 'Conflict', message, about(resource, name));
}

export const MODIFIED =
  'the object has been modified; please apply your changes to the latest version and try again';

export function badRequest(message: string): RequestError {
  return new RequestError(400, 'BadRequest', message);
}

export function tooBig(limit: number): RequestError {
  const message = `Request entity too large: limit is ${limit}`;
  return new RequestError(413, 'RequestEntityTooLarge', message);
}

/** A mistake of the server's own: told to the client, and no reason to stop. */
export function internalError(error: unknown): RequestError {
  const cause = error instanceof Error ? error.message : String(error);
  return new RequestError(500, 'InternalError', `Internal error occurred: ${cause}`, {
    causes: [{ message: cause }],
  });
}

/** No such path: what the server says to anything that it does not serve. */
export function unknownPath(): RequestError {
  const message = 'the server could not find the requested resource';
  return new RequestError(404, 'NotFound', message, {});
}

export function notAllowed(): RequestError {
  const message = 'the server does not allow this method on the requested resource';
  return new RequestError(405, 'MethodNotAllowed', message, {});
}

export function expired(version: string): RequestError {
  return new RequestError(410, 'Expired', `too old resource version: ${version}`);
}

/** A version that this server has not reached: it was another one's, or it is from before a restart. */
export function tooLarge(version: number, current: number): RequestError {
  const message = `Too large resource version: ${version}, current: ${current}`;
  return new RequestError(504, 'Timeout', `Timeout: ${message}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });
}

export function forbidden(resource: ResourceType, name: string, cause: string): RequestError {
  const message = `${qualified(resource)} "${name}" is forbidden: ${cause}`;
  return new RequestError(403, 'Forbidden', message, about(resource, name));
}

/** Nothing new comes into a namespace that goes; clients tell this refusal from others by its cause. */
export function terminating(resource: ResourceType, name: string, namespace: string): RequestError {
  const cause = `unable to create new content in namespace ${namespace} because it is being terminated`;
  const message = `${qualified(resource)} "${name}" is forbidden: ${cause}`;
  const reason = 'NamespaceTerminating';
  const of = `namespace ${namespace} is being terminated`;
  return new RequestError(403, 'Forbidden', message, {
    ...about(resource, name),
    causes: [{ reason, message: of, field: 'metadata.namespace' }],
  });
}

/** All problems of an object in one refusal. */
export function invalidObject(
  resource: ResourceType,
  name: string,
  problems: readonly FieldProblem[],
): RequestError {
  const texts = problems.map(({ field, message }) => `${field}: ${message}`);
  const list = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  const kind = resource.group === '' ? resource.kind : `${resource.kind}.${resource.group}`;
  return new RequestError(422, 'Invalid', `${kind} "${name}" is invalid: ${list}`, {
    name,
    ...(resource.group === '' ? {} : { group: resource.group }),
    kind: resource.kind,
    causes: problems.map(({ field, reason, message }) => ({ reason, message, field })),
  });
}
