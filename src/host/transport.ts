// A `Transport` over HTTP or HTTPS connections of the machine, kept alive between requests.
import {
  Agent,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { Agent as TlsAgent, request as httpsRequest } from 'node:https';
import {
  type Headers,
  type HttpRequest,
  type HttpResponse,
  type Transport,
  TransportError,
} from '../lib/ports.ts';

export interface TransportOptions {
  /** `https://host:port/prefix`. */
  readonly server: string;
  readonly authorityPem?: string;
  readonly clientCertPem?: string;
  readonly clientKeyPem?: string;
  readonly insecure?: boolean;
  /** Name that the certificate must have, if not the host. */
  readonly serverName?: string;
  /** An HTTP proxy in front of the server; the environment's if absent. */
  readonly proxyUrl?: string;
  /** Headers for every request, asked for anew each time (tokens expire). */
  readonly headers?: () => Promise<Headers>;
}

export interface HostTransport {
  readonly send: Transport;
  /** Closes idle connections. */
  close(): void;
}

/** A transport to one server. Throws `TransportError` for an address that is none. */
export function createTransport(options: TransportOptions): HostTransport {
  const url = addressOf(options.server);
  const isTls = url.protocol === 'https:';
  const proxyEnv =
    options.proxyUrl === undefined
      ? process.env
      : { HTTP_PROXY: options.proxyUrl, HTTPS_PROXY: options.proxyUrl };
  const agent = isTls
    ? new TlsAgent({
        keepAlive: true,
        proxyEnv,
        rejectUnauthorized: options.insecure !== true,
        ...(options.authorityPem === undefined ? {} : { ca: options.authorityPem }),
        ...(options.clientCertPem === undefined ? {} : { cert: options.clientCertPem }),
        ...(options.clientKeyPem === undefined ? {} : { key: options.clientKeyPem }),
        ...(options.serverName === undefined ? {} : { servername: options.serverName }),
      })
    : new Agent({ keepAlive: true, proxyEnv });
  const open = isTls ? httpsRequest : httpRequest;
  const prefix = url.pathname === '/' ? '' : url.pathname.replace(/\/$/, '');
  const send: Transport = async (request) => {
    const headers = { ...request.headers, ...(await options.headers?.()) };
    const target: RequestOptions = {
      agent,
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port === '' ? (isTls ? 443 : 80) : url.port,
      method: request.method,
      path: prefix + request.path,
      headers,
    };
    return exchange(open, target, { request, server: options.server });
  };
  return { send, close: () => agent.destroy() };
}

function addressOf(server: string): URL {
  try {
    return new URL(server);
  } catch (error) {
    throw new TransportError('other', `${JSON.stringify(server)} is no address of a server`, {
      cause: error,
    });
  }
}

function exchange(
  open: typeof httpRequest,
  target: RequestOptions,
  { request, server }: { readonly request: HttpRequest; readonly server: string },
): Promise<HttpResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpResponse>();
  const outgoing = open(target);
  const stop = request.cancel?.onCancel(() => {
    reject(new TransportError('cancelled', `${request.method} ${request.path} was cancelled`));
    outgoing.destroy();
  });
  outgoing.on('response', (incoming: IncomingMessage) => {
    incoming.on('close', () => stop?.());
    resolve({
      status: incoming.statusCode ?? 0,
      headers: headersOf(incoming),
      body: bodyOf(incoming, server),
    });
  });
  outgoing.on('error', (error: NodeJS.ErrnoException) => {
    stop?.();
    reject(transportError(error, server));
  });
  outgoing.end(request.body);
  return promise;
}

function headersOf({ headers }: IncomingMessage): Headers {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  );
}

/** What comes, with failures of the connection in our own words. */
async function* bodyOf(incoming: IncomingMessage, server: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of incoming) yield chunk as Uint8Array;
  } catch (error) {
    throw transportError(error instanceof Error ? error : new Error(String(error)), server);
  }
}

const KINDS: Readonly<Record<string, TransportError['kind']>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  ETIMEDOUT: 'timeout',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tls',
  SELF_SIGNED_CERT_IN_CHAIN: 'tls',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls',
  CERT_HAS_EXPIRED: 'tls',
  ERR_TLS_CERT_ALTNAME_INVALID: 'tls',
};

function transportError(error: NodeJS.ErrnoException, server: string): TransportError {
  const kind = KINDS[error.code ?? ''] ?? 'other';
  const message = `cannot reach ${server}: ${error.message}`;
  return new TransportError(kind, message, { cause: error });
}
