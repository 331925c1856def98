// Programs that run beside this one, such as plugins.
import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { type Body, ProcessError, type Programs, type RunningProgram } from '../lib/ports.ts';

export const systemPrograms: Programs = {
  start({ command, args, env }) {
    const { promise, resolve, reject } = Promise.withResolvers<RunningProgram>();
    const ended = Promise.withResolvers<string>();
    const child = spawn(command, [...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.once('spawn', () => {
      resolve({
        stdout: chunksOf(child.stdout),
        stderr: chunksOf(child.stderr),
        ended: ended.promise,
        kill: () => child.kill('SIGKILL'),
      });
    });
    child.on('error', (error: NodeJS.ErrnoException) => {
      const isMissing = error.code === 'ENOENT';
      const message = isMissing
        ? `the program ${command} was not found`
        : `the program ${command} could not be started: ${error.message}`;
      reject(new ProcessError(isMissing ? 'missing' : 'other', message, { cause: error }));
    });
    child.on('exit', (code, signal) => {
      ended.resolve(signal === null ? `exit status ${code ?? 1}` : `signal ${signal}`);
    });
    return promise;
  },
};

async function* chunksOf(output: Readable): Body & AsyncGenerator<Uint8Array> {
  for await (const chunk of output) yield chunk as Uint8Array;
}
