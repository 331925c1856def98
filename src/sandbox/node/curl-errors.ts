// curl's exit codes and the words for them.
import { TransportError } from '../../lib/ports.ts';
import type { Target } from './curl-urls.ts';
import { NoSuchHostError } from './network.ts';

export const USAGE = 2;
export const UNRESOLVED = 6;
export const REFUSED = 7;
export const PARTIAL = 18;
export const FAILED = 22;
export const UNWRITTEN = 23;
export const TIMEOUT = 28;
export const NO_TLS = 35;
export const TOO_MANY_REDIRECTS = 47;
export const EMPTY_REPLY = 52;
export const RESET = 56;

/** How curl ends: its exit code and what it says about it. */
export class CurlError extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** What a failed request means to curl. */
export function curlErrorOf(
  error: unknown,
  { last, elapsed }: { readonly last: Target | undefined; readonly elapsed: number },
): { readonly code: number; readonly message: string } {
  if (error instanceof CurlError) return error;
  const host = last?.host ?? '';
  if (error instanceof NoSuchHostError) {
    return { code: UNRESOLVED, message: `Could not resolve host: ${host}` };
  }
  if (!(error instanceof TransportError)) throw error;
  switch (error.kind) {
    case 'refused': {
      const where = `${host} port ${last?.port ?? 0} after ${Math.round(elapsed)} ms`;
      return {
        code: REFUSED,
        message: `Failed to connect to ${where}: Couldn't connect to server`,
      };
    }
    case 'cancelled':
      return { code: EMPTY_REPLY, message: 'Empty reply from server' };
    case 'timeout':
      return { code: TIMEOUT, message: 'Connection timed out' };
    case 'tls':
      return {
        code: NO_TLS,
        message: 'OpenSSL/3.0.19: error:0A00010B:SSL routines::wrong version number',
      };
    case 'reset':
      return { code: RESET, message: 'Recv failure: Connection reset by peer' };
    default:
      return { code: PARTIAL, message: 'transfer closed with outstanding read data remaining' };
  }
}
