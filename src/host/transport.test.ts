// The machine's connections: trust, client certificates, headers, refusals of credentials, proxies, and sentences for
// servers that cannot be reached. What every transport must do is in test/contracts/.
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Credential, Credentials } from '../kube/credentials.ts';
import { fixedCredentials } from '../kube/credentials.ts';
import { bodyOf, readAll, utf8, utf8Text } from '../lib/bytes.ts';
import { cancellation } from '../lib/clock.ts';
import type { HttpRequest, Listening } from '../lib/ports.ts';
import { type ServerCertificate, serverCertificate } from './certificate.ts';
import { systemClock } from './clock.ts';
import { systemListener } from './listener.ts';
import { createTransport, type TransportOptions } from './transport.ts';
import { transportError } from './transport-error.ts';

const GET: HttpRequest = { method: 'GET', path: '/', headers: {} };

async function failureOf(options: TransportOptions): Promise<Error> {
  const transport = createTransport(options);
  try {
    await transport.send(GET);
  } catch (error) {
    if (error instanceof Error) return error;
  } finally {
    transport.close();
  }
  throw new Error('it did not fail');
}

async function bodyFrom(options: TransportOptions, request = GET): Promise<string> {
  const transport = createTransport(options);
  const { body } = await transport.send(request);
  const text = utf8Text(await readAll(body));
  transport.close();
  return text;
}

describe('a transport over TLS', () => {
  let certificate: ServerCertificate;
  let other: ServerCertificate;
  let listening: Listening;
  let server: string;

  beforeAll(async () => {
    const names = { names: ['localhost'], addresses: ['127.0.0.1'] };
    certificate = await serverCertificate({ ...names, nowMs: systemClock.now() });
    other = await serverCertificate({ ...names, nowMs: systemClock.now() });
    listening = await systemListener.listen({
      tls: certificate,
      handler: () => Promise.resolve({ status: 200, headers: {}, body: bodyOf(utf8('hello')) }),
    });
    server = `https://127.0.0.1:${listening.port}`;
  });

  afterAll(() => listening.close());

  it('talks to a server whose authority it knows', async () => {
    expect(await bodyFrom({ server, authorityPem: certificate.authorityPem })).toBe('hello');
  });

  it('talks to any server when it need not verify', async () => {
    expect(await bodyFrom({ server, insecure: true })).toBe('hello');
  });

  it.each([
    { reason: 'no authority is known', more: () => ({}) },
    { reason: 'it has another authority', more: () => ({ authorityPem: other.authorityPem }) },
    {
      reason: 'the certificate is for another name',
      more: () => ({ authorityPem: certificate.authorityPem, serverName: 'elsewhere' }),
    },
    { reason: 'the authority is garbage', more: () => ({ authorityPem: '-----BEGIN X-----' }) },
  ])('refuses a server when $reason, and says what to set', async ({ more }) => {
    const source = 'cluster "shop" of /kubeconfig';
    const failure = await failureOf({ server, source, ...more() });
    expect(failure).toMatchObject({ name: 'TransportError', kind: 'tls' });
    expect(failure.message).toContain(`cannot reach ${server}, the server of ${source}: `);
    expect(failure.message).toMatch(/; set certificate-authority and tls-server-name/);
  });

  it('a server that speaks no TLS is told as such', async () => {
    const plain = await systemListener.listen({
      handler: () => Promise.resolve({ status: 200, headers: {}, body: bodyOf(utf8('x')) }),
    });
    const failure = await failureOf({ server: `https://127.0.0.1:${plain.port}` });
    expect(failure).toMatchObject({ name: 'TransportError', kind: 'tls' });
    await plain.close();
  });

  it('shows its certificate to a server that asks for one', async () => {
    const asking = createServer(
      {
        cert: certificate.certPem,
        key: certificate.keyPem,
        ca: other.authorityPem,
        requestCert: true,
        // The test's certificates are for servers; who it is counts here, not what it is for.
        rejectUnauthorized: false,
      },
      (request, response) => {
        const { subject } = (request.socket as TLSSocket).getPeerCertificate();
        response.end(JSON.stringify(subject ?? null));
      },
    );
    await new Promise<void>((resolve) => asking.listen(0, '127.0.0.1', resolve));
    const { port } = asking.address() as AddressInfo;
    const options = {
      server: `https://127.0.0.1:${port}`,
      authorityPem: certificate.authorityPem,
    };
    const pair = { headers: {}, certPem: other.certPem, keyPem: other.keyPem };
    const credentials = fixedCredentials(pair);
    expect(await bodyFrom(options)).toBe('null');
    expect(await bodyFrom({ ...options, credentials })).toBe('{"CN":"slipway-sandbox"}');
    await new Promise<void>((resolve) => {
      asking.close(() => resolve());
      asking.closeAllConnections();
    });
  });
});

describe('a transport with credentials', () => {
  let listening: Listening;
  let seen: string[] = [];

  beforeAll(async () => {
    listening = await systemListener.listen({
      handler: ({ headers }) => {
        const token = headers['authorization'] ?? '';
        seen.push(token);
        const status = token === 'Bearer good' ? 200 : 401;
        const text = JSON.stringify(headers);
        return Promise.resolve({ status, headers: {}, body: bodyOf(utf8(text)) });
      },
    });
  });

  afterEach(() => {
    seen = [];
  });
  afterAll(() => listening.close());

  /** Gives each credential once; after a refusal the next one. */
  function renewable(...tokens: readonly string[]): Credentials {
    let at = 0;
    return {
      current: () =>
        Promise.resolve({ headers: { authorization: `Bearer ${tokens[at] ?? ''}` } } as Credential),
      refused: () => {
        at += 1;
        return at < tokens.length;
      },
    };
  }

  async function statusWith(credentials: Credentials): Promise<number> {
    const server = `http://127.0.0.1:${listening.port}`;
    const transport = createTransport({ server, credentials });
    const { status, body } = await transport.send({ ...GET, body: utf8('once more') });
    await readAll(body);
    transport.close();
    return status;
  }

  it('asks again once with a new one after 401', async () => {
    expect(await statusWith(renewable('old', 'good'))).toBe(200);
    expect(seen).toEqual(['Bearer old', 'Bearer good']);
  });

  it('gives the refusal when the new one is refused too, or there is none', async () => {
    expect(await statusWith(renewable('old', 'older', 'good'))).toBe(401);
    expect(seen).toHaveLength(2);
    expect(await statusWith(renewable('old'))).toBe(401);
    expect(seen).toHaveLength(3);
  });

  it('several values of a header are sent as several lines', async () => {
    const plain = createHttpServer((request, response) => {
      response.end(JSON.stringify(request.headersDistinct['impersonate-group']));
    });
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    const { port } = plain.address() as AddressInfo;
    const headers = { 'impersonate-group': ['dev', 'ops, all'] };
    const server = `http://127.0.0.1:${port}`;
    const text = await bodyFrom({ server, credentials: fixedCredentials({ headers }) });
    expect(JSON.parse(text)).toEqual(['dev', 'ops, all']);
    await new Promise<void>((resolve) => plain.close(() => resolve()));
  });

  it('does not wait for credentials once it is cancelled', async () => {
    const never: Credentials = {
      current: () => new Promise(() => undefined),
      refused: () => false,
    };
    const transport = createTransport({ server: 'http://127.0.0.1:1', credentials: never });
    let cancelNow: () => void = () => undefined;
    const cancel = {
      cancelled: false,
      onCancel: (run: () => void) => {
        cancelNow = run;
        return () => undefined;
      },
    };
    const sent = transport.send({ ...GET, cancel });
    cancelNow();
    await expect(sent).rejects.toMatchObject({ kind: 'cancelled' });
  });
});

describe('connections to a server on this machine', () => {
  /** Told of each connection; a watch is never answered to its end. */
  async function counting() {
    const counted = { connections: 0 };
    const server = createHttpServer((request, response) => {
      response.write('x');
      if (request.url?.includes('watch=') !== true) response.end();
    });
    server.on('connection', () => (counted.connections += 1));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const transport = createTransport({ server: `http://127.0.0.1:${port}` });
    const stop = (): void => {
      transport.close();
      server.closeAllConnections();
      server.close();
    };
    return { counted, transport, stop };
  }

  it('what is asked at once at first takes turns on one', async () => {
    const { counted, transport, stop } = await counting();
    const asked = Array.from({ length: 5 }, async () => readAll((await transport.send(GET)).body));
    await Promise.all(asked);
    stop();
    expect(counted.connections).toBe(1);
  });

  it('what is asked at once later does not wait for each other', async () => {
    const { counted, transport, stop } = await counting();
    await readAll((await transport.send(GET)).body);
    await Promise.all(Array.from({ length: 5 }, () => transport.send(GET)));
    stop();
    expect(counted.connections).toBe(5);
  });

  it('nothing waits behind a watch', async () => {
    const { counted, transport, stop } = await counting();
    const watch = transport.send({ ...GET, path: '/?watch=true' });
    const others = [transport.send({ ...GET, path: '/?watch=true' }), transport.send(GET)];
    await Promise.all([watch, ...others]);
    stop();
    expect(counted.connections).toBe(3);
  });

  it('one that was left does not keep the others waiting', async () => {
    const { transport, stop } = await counting();
    const gone = cancellation();
    const left = transport.send({ ...GET, cancel: gone.cancel });
    const other = transport.send(GET);
    gone.now();
    await expect(left).rejects.toMatchObject({ kind: 'cancelled' });
    expect((await other).status).toBe(200);
    stop();
  });
});

describe('a server that cannot be reached', () => {
  /** A port on which nothing listens. */
  async function freePort(): Promise<number> {
    const listening = await systemListener.listen({
      handler: () => Promise.reject(new Error('nobody asks')),
    });
    await listening.close();
    return listening.port;
  }

  it('is told with its address, where that stands, and what to do', async () => {
    const server = `https://127.0.0.1:${await freePort()}`;
    const source = 'cluster "shop" of /kubeconfig';
    const failure = await failureOf({ server, source });
    expect(failure).toMatchObject({ name: 'TransportError', kind: 'refused' });
    expect(failure.message).toMatch(
      /^cannot reach https:\S+, the server of cluster "shop" of \/kubeconfig: connect ECONNREFUSED \S+; start it, or choose another context$/,
    );
  });

  it('a name with several addresses is told with each of them', () => {
    // What Node gives when every address of a name has failed.
    const each = [
      new Error('connect ECONNREFUSED ::1:1'),
      new Error('connect ECONNREFUSED 127.0.0.1:1'),
    ];
    const all = Object.assign(new AggregateError(each, ''), { code: 'ECONNREFUSED' });
    const failure = transportError(all, { server: 'http://localhost:1' });
    expect(failure.kind).toBe('refused');
    expect(failure.message).toBe(
      'cannot reach http://localhost:1: connect ECONNREFUSED ::1:1, connect ECONNREFUSED 127.0.0.1:1',
    );
  });

  it('a path that is no path of HTTP fails as a connection does', async () => {
    const transport = createTransport({ server: 'http://127.0.0.1:1' });
    const sent = transport.send({ ...GET, path: '/a b' });
    await expect(sent).rejects.toMatchObject({ name: 'TransportError', kind: 'other' });
  });

  it('through a proxy that is not there, the proxy is told', async () => {
    const proxyUrl = `http://127.0.0.1:${await freePort()}`;
    const failure = await failureOf({ server: 'https://127.0.0.1:6443', proxyUrl });
    expect(failure.message).toContain(`through the proxy ${proxyUrl}: `);
  });

  it('an address that is none is refused at once', () => {
    expect(() => createTransport({ server: 'shop' })).toThrow('"shop" is no address of a server');
  });

  it("a server on this machine is not looked for behind the environment's proxy", async () => {
    const before = process.env['HTTP_PROXY'];
    process.env['HTTP_PROXY'] = `http://127.0.0.1:${await freePort()}`;
    const listening = await systemListener.listen({
      handler: () => Promise.resolve({ status: 200, headers: {}, body: bodyOf(utf8('here')) }),
    });
    try {
      expect(await bodyFrom({ server: `http://127.0.0.1:${listening.port}` })).toBe('here');
    } finally {
      if (before === undefined) delete process.env['HTTP_PROXY'];
      else process.env['HTTP_PROXY'] = before;
      await listening.close();
    }
  });
});
