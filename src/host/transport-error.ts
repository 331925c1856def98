// Failures of connections in our own words: which kind, what was tried, and what to do about it.
import { TransportError } from '../lib/ports.ts';

interface Reached {
  readonly server: string;
  readonly source?: string;
  readonly proxyUrl?: string;
}

const KINDS: Readonly<Record<string, TransportError['kind']>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  ECONNABORTED: 'reset',
  EPIPE: 'reset',
  ETIMEDOUT: 'timeout',
  EPROTO: 'tls',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tls',
  SELF_SIGNED_CERT_IN_CHAIN: 'tls',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls',
  UNABLE_TO_GET_ISSUER_CERT: 'tls',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'tls',
  CERT_SIGNATURE_FAILURE: 'tls',
  CERT_HAS_EXPIRED: 'tls',
  CERT_NOT_YET_VALID: 'tls',
  CERT_REVOKED: 'tls',
  INVALID_PURPOSE: 'tls',
};

function kindOf(code: string): TransportError['kind'] {
  return KINDS[code] ?? (/^ERR_(TLS|SSL|OSSL)/.test(code) ? 'tls' : 'other');
}

/** What to do, where it is the user who chose the server. */
const REMEDIES: Partial<Record<TransportError['kind'], string>> = {
  refused: 'start it, or choose another context',
  timeout: 'see whether the network leads there, or choose another context',
  tls: 'set certificate-authority and tls-server-name of the cluster to what the server has',
};

/** The failure as the port knows it. `source` says where the address was found. */
export function transportError(error: unknown, reached: Reached): TransportError {
  const { code = '' } = error as NodeJS.ErrnoException;
  const kind = kindOf(code);
  const { server, source, proxyUrl } = reached;
  const from = source === undefined ? '' : `, the server of ${source}`;
  const through = proxyUrl === undefined ? '' : ` through the proxy ${proxyUrl}`;
  const remedy = source === undefined ? undefined : REMEDIES[kind];
  const text = `cannot reach ${server}${from}${through}: ${causeOf(error)}`;
  return new TransportError(kind, remedy === undefined ? text : `${text}; ${remedy}`, {
    cause: error,
  });
}

/** A host with several addresses fails once for each. */
function causeOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map((one: unknown) => causeOf(one)).join(', ');
  }
  return error instanceof Error ? error.message : String(error);
}
