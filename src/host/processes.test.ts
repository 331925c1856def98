import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cancellation } from '../lib/clock.ts';
import { systemProcesses } from './processes.ts';

const MODULE = fileURLToPath(new URL('processes.ts', import.meta.url));

/** A program that holds a connection to us for as long as it lives. */
function holder(port: number, then = ''): readonly string[] {
  return ['-e', `require('node:net').connect(${port}, '127.0.0.1').on('connect', () => {${then}})`];
}

describe.runIf(process.platform !== 'win32')('a program that is tied to us', () => {
  let server: Server;
  let port: number;

  beforeEach(async () => {
    server = createServer((socket) => socket.resume().on('error', () => socket.destroy()));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  });
  afterEach(() => server.close());

  const tied = (args: readonly string[], cancel = cancellation().cancel) =>
    systemProcesses.run({ command: process.execPath, args, isTied: true, cancel });

  it('ends when we are killed', async () => {
    const program = JSON.stringify(holder(port));
    const code = `
      import { systemProcesses } from ${JSON.stringify(MODULE)};
      await systemProcesses.run({ command: process.execPath, args: ${program}, isTied: true });`;
    const owner = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: 'inherit',
    });
    const [socket] = (await once(server, 'connection')) as [Socket];
    const closed = once(socket, 'close');
    owner.kill('SIGKILL');
    await closed;
  });

  it('ends when it is told to, and is waited for', async () => {
    const over = cancellation();
    const ended = tied(holder(port), over.cancel);
    const [socket] = (await once(server, 'connection')) as [Socket];
    const closed = once(socket, 'close');
    over.now();
    expect((await ended).code).toBeGreaterThan(128);
    await closed;
  });

  it('tells its status and what it printed', async () => {
    const ended = await tied(['-e', 'console.log("out"); console.error("err"); process.exit(3)']);
    expect(ended).toEqual({ code: 3, stdout: 'out\n', stderr: 'err\n' });
  });

  it('is told to be missing as any other', async () => {
    const run = { command: 'slipway-no-such-program', args: [] };
    for (const isTied of [true, false]) {
      await expect(systemProcesses.run({ ...run, isTied })).rejects.toMatchObject({
        kind: 'missing',
        message: 'the program slipway-no-such-program was not found',
      });
    }
  });
});
