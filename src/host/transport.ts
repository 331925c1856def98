// A `Transport` over HTTP or HTTPS connections of the machine, kept alive between requests.
import {
  Agent,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { Agent as TlsAgent, request as httpsRequest } from 'node:https';
import type { Credential, Credentials } from '../kube/credentials.ts';
import { readAll } from '../lib/bytes.ts';
import {
  type Cancel,
  type Headers,
  type HttpRequest,
  type HttpResponse,
  type Transport,
  TransportError,
} from '../lib/ports.ts';
import { transportError } from './transport-error.ts';

export interface TransportOptions {
  /** `https://host:port/prefix`. */
  readonly server: string;
  /** Where the address comes from, for messages: `cluster "x" of /home/me/.kube/config`. */
  readonly source?: string;
  readonly authorityPem?: string;
  readonly insecure?: boolean;
  /** Name that the certificate must have, if not the host. */
  readonly serverName?: string;
  /** An HTTP proxy in front of the server; the environment's if absent. */
  readonly proxyUrl?: string;
  readonly credentials?: Credentials;
}

export interface HostTransport {
  readonly send: Transport;
  /** Closes idle connections. */
  close(): void;
}

/**
 * A transport to one server. Throws `TransportError` for an address that is none. What is asked of a server on this machine
 * before its first answer waits for that answer and then uses its connection: a turn there is cheaper than a handshake, of
 * which a command that asks five things at once would make five.
 */
export function createTransport(options: TransportOptions): HostTransport {
  const url = addressOf(options.server);
  const isTls = url.protocol === 'https:';
  const agent = agentFor(options, url);
  const watching = agentFor(options, url);
  if (isLoopback(url)) agent.maxSockets = 1;
  const open = isTls ? httpsRequest : httpRequest;
  const once = async (request: HttpRequest): Promise<Exchanged> => {
    const credential = await orCancelled(options.credentials?.current(), request);
    const target = targetOf(url, request, credential);
    const pool = isWatch(request) ? watching : agent;
    const response = await exchange(open, { ...target, agent: pool }, { request, options });
    agent.maxSockets = Infinity;
    return { response, credential };
  };
  const send: Transport = async (request) => {
    const { response, credential } = await once(request);
    const mayHelp =
      response.status === 401 &&
      credential !== undefined &&
      options.credentials?.refused(credential) === true;
    if (!mayHelp) return response;
    // What is left of the refusal must be read, or its connection is lost.
    await readAll(response.body);
    return (await once(request)).response;
  };
  const close = (): void => {
    agent.destroy();
    watching.destroy();
  };
  return { send, close };
}

function agentFor(options: TransportOptions, url: URL): Agent {
  const { insecure, authorityPem, serverName } = options;
  const proxyEnv = proxyEnvOf(options, url);
  if (url.protocol !== 'https:') return new Agent({ keepAlive: true, proxyEnv });
  return new TlsAgent({
    keepAlive: true,
    proxyEnv,
    rejectUnauthorized: insecure !== true,
    ...(authorityPem === undefined ? {} : { ca: authorityPem }),
    ...(serverName === undefined ? {} : { servername: serverName }),
  });
}

/** A watch keeps its connection for as long as it lasts: nothing may wait behind it. */
function isWatch({ path }: HttpRequest): boolean {
  return path.includes('watch=');
}

interface Exchanged {
  readonly response: HttpResponse;
  readonly credential: Credential | undefined;
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

/** A server on this machine is never behind the environment's proxy, as Go has it too. */
function proxyEnvOf({ proxyUrl }: TransportOptions, url: URL): NodeJS.ProcessEnv {
  if (proxyUrl !== undefined) return { HTTP_PROXY: proxyUrl, HTTPS_PROXY: proxyUrl };
  return isLoopback(url) ? {} : process.env;
}

function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || /^127\.|^\[::1\]$/.test(hostname);
}

function targetOf(
  url: URL,
  request: HttpRequest,
  credential: Credential | undefined,
): RequestOptions {
  const isTls = url.protocol === 'https:';
  const prefix = url.pathname.replace(/\/$/, '');
  const { certPem, keyPem } = credential ?? {};
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (isTls ? 443 : 80) : url.port,
    method: request.method,
    path: prefix + request.path,
    headers: {
      ...request.headers,
      ...(credential?.headers as Readonly<Record<string, string>> | undefined),
      // Said by us: Node sends the body of a DELETE without any length, which is no HTTP.
      ...(request.body === undefined ? {} : { 'content-length': String(request.body.length) }),
    },
    ...(isTls && certPem !== undefined ? { cert: certPem } : {}),
    ...(isTls && keyPem !== undefined ? { key: keyPem } : {}),
  };
}

function cancelled({ method, path }: HttpRequest): TransportError {
  return new TransportError('cancelled', `${method} ${path} was cancelled`);
}

/** What comes of `work`, or a failure as soon as the request is cancelled. */
async function orCancelled<T>(work: Promise<T> | undefined, request: HttpRequest) {
  const { cancel } = request;
  if (cancel?.cancelled === true) throw cancelled(request);
  if (work === undefined || cancel === undefined) return work;
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = cancel.onCancel(() => reject(cancelled(request)));
  try {
    return await Promise.race([work, promise]);
  } finally {
    stop();
  }
}

function exchange(
  open: typeof httpRequest,
  target: RequestOptions,
  { request, options }: { readonly request: HttpRequest; readonly options: TransportOptions },
): Promise<HttpResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpResponse>();
  let outgoing: ReturnType<typeof open>;
  try {
    outgoing = open(target);
  } catch (error) {
    // What Node does not even begin to send fails here.
    throw transportError(error, options);
  }
  const stop = request.cancel?.onCancel(() => {
    reject(cancelled(request));
    outgoing.destroy();
  });
  outgoing.on('response', (incoming: IncomingMessage) => {
    incoming.on('close', () => stop?.());
    resolve({
      status: incoming.statusCode ?? 0,
      headers: headersOf(incoming),
      body: bodyOf(incoming, (error) =>
        isCancelled(request.cancel) ? cancelled(request) : transportError(error, options),
      ),
    });
  });
  outgoing.on('error', (error: NodeJS.ErrnoException) => {
    stop?.();
    reject(transportError(error, options));
  });
  outgoing.end(request.body);
  return promise;
}

function isCancelled(cancel: Cancel | undefined): boolean {
  return cancel?.cancelled === true;
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
async function* bodyOf(
  incoming: IncomingMessage,
  failure: (error: unknown) => TransportError,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of incoming) yield chunk as Uint8Array;
  } catch (error) {
    throw failure(error);
  }
}
