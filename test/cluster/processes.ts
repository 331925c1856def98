// The processes of the cluster: each with a log of its own, ended when we end, however that happens.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { systemProcesses } from '../../src/host/processes.ts';
import { systemClock } from '../../src/host/clock.ts';
import { cancellation, sleep } from '../../src/lib/clock.ts';
import { milliseconds } from '../../src/lib/time.ts';

export interface Part {
  readonly name: string;
  /** Asks until it is there; throws with the end of its log if it has ended or takes too long. */
  ready(check: () => Promise<boolean>): Promise<void>;
  /** Ends it; resolves when it has ended. */
  stop(): Promise<void>;
}

export interface PartOptions {
  readonly name: string;
  readonly program: string;
  readonly args: Readonly<Record<string, string | number | boolean>>;
  /** Where its log goes, as NAME.log. */
  readonly folder: string;
}

const PATIENCE_MS = 120_000;
const POLL = milliseconds(100);
const LAST_LINES = 15;

export function startPart({ name, program, args, folder }: PartOptions): Part {
  const log = `${folder}/${name}.log`;
  const end = cancellation();
  const flags = Object.entries(args).map(([flag, value]) => `--${flag}=${value}`);
  let hasEnded = false;
  const run = systemProcesses
    .run({
      command: 'sh',
      args: ['-c', 'exec "$@" > "$0" 2>&1', log, program, ...flags],
      isTied: true,
      cancel: end.cancel,
    })
    .finally(() => {
      hasEnded = true;
    });
  // Told by `ready`, or of no interest any more.
  run.catch(() => undefined);
  const failure = (what: string): Error => {
    const lines = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-LAST_LINES);
    return new Error(`${name} ${what}; its log (${log}) ends with\n${lines.join('\n')}`);
  };
  return {
    name,
    ready: async (check) => {
      const last = systemClock.now() + PATIENCE_MS;
      while (!(await check().catch(() => false))) {
        if (hasEnded) throw failure('has ended');
        if (systemClock.now() > last) throw failure(`is not ready after ${PATIENCE_MS / 1000} s`);
        await sleep(systemClock, POLL);
      }
    },
    stop: async () => {
      end.now();
      await run.catch(() => undefined);
    },
  };
}

/** Ports that nobody listens on at this moment. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(Array.from({ length: count }, listening));
  const ports = servers.map(({ port }) => port);
  await Promise.all(servers.map((server) => server.close()));
  return ports;
}

function listening(): Promise<{ readonly port: number; close(): Promise<void> }> {
  const { promise, resolve, reject } = Promise.withResolvers<{
    readonly port: number;
    close(): Promise<void>;
  }>();
  const server = createServer();
  server.once('error', reject);
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const close = async (): Promise<void> => {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      await closed.promise;
    };
    resolve({ port, close });
  });
  return promise;
}
