// Our program as users start it: bundled, in a process and a home of its own.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { systemClock } from '../../src/host/clock.ts';
import { systemFiles } from '../../src/host/files.ts';
import { sleep } from '../../src/lib/clock.ts';
import { milliseconds } from '../../src/lib/time.ts';

export interface Started {
  readonly pid: number;
  readonly out: () => string;
  readonly err: () => string;
  /** Resolves with everything printed once it matches; fails when the program ends before. */
  prints(pattern: RegExp): Promise<RegExpExecArray>;
  /** Sends one that does not end it. */
  signal(signal: NodeJS.Signals): void;
  /** Sends a signal and gives the exit status; null if the signal killed it. */
  end(signal?: NodeJS.Signals): Promise<number | null>;
  readonly exit: Promise<number | null>;
}

export interface Program {
  /** Where the program's temporary files go, and nothing else. */
  readonly temporary: string;
  readonly folder: string;
  start(args: readonly string[], env?: Readonly<Record<string, string>>): Started;
  /** Ends what is still running, kills what does not heed it, and removes the folder. */
  close(): Promise<void>;
}

const PATIENCE = milliseconds(10_000);

/** Bundles the program; a test file needs it once. */
export async function bundledProgram(): Promise<Program> {
  const folder = await systemFiles.temporaryFolder('slipway-program-');
  const script = `${folder}/program.cjs`;
  await build({
    entryPoints: [fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))],
    outfile: script,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    define: { SLIPWAY_VERSION: '"v0.0.0-test"' },
    logLevel: 'error',
  });
  const temporary = `${folder}/tmp`;
  await systemFiles.write(`${temporary}/.keep`, '');
  const running = new Set<Child>();
  return {
    folder,
    temporary,
    start: (args, env = {}) => {
      const child = spawn(process.execPath, [script, ...args], {
        cwd: folder,
        env: { PATH: process.env['PATH'] ?? '', HOME: folder, TMPDIR: temporary, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      running.add(child);
      child.on('exit', () => running.delete(child));
      return started(child);
    },
    close: async () => {
      const children = [...running];
      const ended = Promise.all(children.map((child) => once(child, 'exit')));
      // First as a user would: what they have started must end, too.
      for (const child of children) child.kill('SIGTERM');
      await Promise.race([ended, sleep(systemClock, PATIENCE)]);
      for (const child of running) child.kill('SIGKILL');
      await systemFiles.remove(folder);
    },
  };
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

function started(child: Child): Started {
  let out = '';
  let err = '';
  const listeners = new Set<() => void>();
  const heard = (): void => {
    for (const listener of listeners) listener();
  };
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
    heard();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  const exit = once(child, 'close').then(([code]) => code as number | null);
  return {
    pid: child.pid ?? 0,
    out: () => out,
    err: () => err,
    exit,
    prints: (pattern) => {
      const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
      const look = (): void => {
        const found = pattern.exec(out);
        if (found !== null) resolve(found);
      };
      listeners.add(look);
      look();
      void exit.then((code) => reject(new Error(`it ended with ${code}: ${err}${out}`)));
      return promise;
    },
    signal: (signal) => {
      child.kill(signal);
    },
    end: (signal = 'SIGINT') => {
      child.kill(signal);
      return exit;
    },
  };
}
