import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { readAll } from '../lib/bytes.ts';
import { createTransports } from './transports.ts';

describe('transports to servers that are asked again and again', () => {
  it('one connection serves requests that follow each other', async () => {
    let connections = 0;
    const server = createServer((_request, response) => response.end('ok'));
    server.on('connection', () => {
      connections += 1;
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const connect = createTransports();
    for (let turn = 0; turn < 5; turn += 1) {
      const send = connect(`http://127.0.0.1:${port}`, { insecure: false });
      const { body } = await send({ method: 'GET', path: '/', headers: {} });
      await readAll(body);
    }
    expect(connections).toBe(1);
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  });

  it('whether certificates are verified is not mixed up, and only so many are kept', () => {
    const connect = createTransports();
    const strict = connect('https://a', { insecure: false });
    expect(connect('https://a', { insecure: true })).not.toBe(strict);
    expect(connect('https://a', { insecure: false })).toBe(strict);
    for (let index = 0; index < 64; index += 1) connect(`https://b${index}`, { insecure: false });
    expect(connect('https://a', { insecure: false })).not.toBe(strict);
  });
});
