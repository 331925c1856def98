import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { UpgradeRequest } from '../lib/ports.ts';
import { bodyOf, utf8 } from '../lib/bytes.ts';
import { systemListener } from './listener.ts';

describe('a server', () => {
  it('outlives a client that resets its connection while an upgrade is looked at', async () => {
    const asked = Promise.withResolvers<UpgradeRequest>();
    const answered = Promise.withResolvers<undefined>();
    const listening = await systemListener.listen({
      handler: () => Promise.resolve({ status: 200, headers: {}, body: bodyOf(utf8('here')) }),
      upgrade: async (request) => {
        asked.resolve(request);
        await answered.promise;
        await request.refuse({ status: 400, headers: {}, body: bodyOf(utf8('no')) });
      },
    });
    const { address, port } = listening;
    const client = connect({ port, host: address });
    client.on('error', () => undefined);
    client.write(
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    );
    await asked.promise;
    client.resetAndDestroy();
    await once(client, 'close');
    answered.resolve(undefined);
    const response = await fetch(`http://${address}:${port}/`);
    expect(await response.text()).toBe('here');
    await listening.close();
  });
});
