// Other programs of the machine.
import { spawn } from 'node:child_process';
import { type ProcessExit, ProcessError, type Processes } from '../lib/ports.ts';

export const systemProcesses: Processes = {
  run({ command, args, env, stdin, interactive, cancel }): Promise<ProcessExit> {
    const { promise, resolve, reject } = Promise.withResolvers<ProcessExit>();
    const child = spawn(command, [...args], {
      env: { ...process.env, ...env },
      stdio: interactive === true ? ['inherit', 'pipe', 'inherit'] : ['pipe', 'pipe', 'pipe'],
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk));
    const stopWatching = cancel?.onCancel(() => child.kill());
    child.on('error', (error: NodeJS.ErrnoException) => {
      stopWatching?.();
      const isMissing = error.code === 'ENOENT';
      const message = isMissing
        ? `the program ${command} was not found`
        : `the program ${command} could not be started: ${error.message}`;
      reject(new ProcessError(isMissing ? 'missing' : 'other', message, { cause: error }));
    });
    child.on('close', (code, signal) => {
      stopWatching?.();
      resolve({
        // A program that a signal ended has no code of its own.
        code: code ?? (signal === null ? 1 : 128),
        stdout: Buffer.concat(stdout).toString('utf8'),
        stderr: Buffer.concat(stderr).toString('utf8'),
      });
    });
    // A program may end without reading what it is given.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(stdin ?? '');
    return promise;
  },
};
