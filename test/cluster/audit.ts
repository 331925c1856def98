// What the API server's audit log tells of a controller: its requests, told apart by the token that they came with.
import { readFileSync } from 'node:fs';

export interface Asked {
  readonly verb: string;
  /** Such as `rollouts/status`. */
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly code: number;
  /** When the server had it, in milliseconds. */
  readonly atMs: number;
}

interface AuditEvent {
  readonly stage: string;
  readonly verb: string;
  readonly requestURI: string;
  readonly requestReceivedTimestamp: string;
  readonly user: { readonly extra?: Readonly<Record<string, readonly string[]>> };
  readonly objectRef?: {
    readonly resource?: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code?: number };
}

const CREDENTIAL = 'authentication.kubernetes.io/credential-id';
const READS: ReadonlySet<string> = new Set(['get', 'list', 'watch']);
const REFUSED = 400;
const FORBIDDEN = 403;

/** Requests that came with the token and have been answered, in the order of the log. */
export function askedWith(auditLog: string, token: string): readonly Asked[] {
  if (auditLog === '')
    throw new Error('this cluster is not ours: where its audit log is is not known');
  const id = `JTI=${idOf(token)}`;
  // The last line may still be being written.
  const lines = readFileSync(auditLog, 'utf8').split('\n').slice(0, -1);
  return lines
    .filter((line) => line.includes(id))
    .map((line) => JSON.parse(line) as AuditEvent)
    .filter(({ stage, user }) => {
      return stage === 'ResponseComplete' && user.extra?.[CREDENTIAL]?.includes(id) === true;
    })
    .map(({ verb, objectRef, requestURI, responseStatus, requestReceivedTimestamp }) => {
      const { resource = requestURI, subresource, namespace = '', name = '' } = objectRef ?? {};
      return {
        verb,
        resource: subresource === undefined ? resource : `${resource}/${subresource}`,
        namespace,
        name,
        code: responseStatus?.code ?? 0,
        atMs: Date.parse(requestReceivedTimestamp),
      };
    });
}

/** Changes that were made: of the Lease too, where it is not left out. */
export function writesIn(asked: readonly Asked[], leftOut: readonly string[]): readonly Asked[] {
  return asked.filter(
    ({ verb, resource, code }) => !READS.has(verb) && code < REFUSED && !leftOut.includes(resource),
  );
}

/** Requests that the server has refused for want of rights. */
export function forbiddenIn(asked: readonly Asked[]): readonly Asked[] {
  return asked.filter(({ code }) => code === FORBIDDEN);
}

/** Of a ServiceAccount's token. */
function idOf(token: string): string {
  const [, claims = ''] = token.split('.');
  return (JSON.parse(Buffer.from(claims, 'base64url').toString('utf8')) as { jti: string }).jti;
}
