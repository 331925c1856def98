// Other programs of the machine.
import { spawn } from 'node:child_process';
import { type ProcessExit, ProcessError, type Processes } from '../lib/ports.ts';

/**
 * Runs its arguments as a program that ends with whoever holds the other end of our standard input: that is closed by the
 * system, however its holder ends. The shell waits for the program and ends as it did; interrupts of a terminal are for the
 * holder alone, who ends the program in his own time.
 */
const TIE = `
command -v "$1" >/dev/null || exit 127
trap '' INT
exec 3<&0
"$@" </dev/null 3<&- &
program=$!
trap 'kill "$program" 2>/dev/null' TERM
(while read -r _; do :; done; kill "$program") <&3 >/dev/null 2>&1 &
watcher=$!
exec 3<&-
wait "$program"
code=$?
while kill -0 "$program" 2>/dev/null; do
  wait "$program"
  code=$?
done
kill "$watcher" 2>/dev/null
exit "$code"
`;
/** A shell says so of a program that is not there. */
const MISSING = 127;

/** Where there is no such shell a program is left behind by who is killed. */
const CAN_TIE = process.platform !== 'win32';

export const systemProcesses: Processes = {
  run({ command, args, env, stdin, interactive, isTied, cancel }): Promise<ProcessExit> {
    const { promise, resolve, reject } = Promise.withResolvers<ProcessExit>();
    const isWatched = isTied === true && CAN_TIE;
    const words = isWatched ? ['-c', TIE, 'sh', command, ...args] : [...args];
    const child = spawn(isWatched ? 'sh' : command, words, {
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
      if (isWatched && code === MISSING) {
        reject(new ProcessError('missing', `the program ${command} was not found`));
        return;
      }
      resolve({
        // A program that a signal ended has no code of its own.
        code: code ?? (signal === null ? 1 : 128),
        stdout: Buffer.concat(stdout).toString('utf8'),
        stderr: Buffer.concat(stderr).toString('utf8'),
      });
    });
    // A program may end without reading what it is given.
    child.stdin?.on('error', () => undefined);
    if (!isWatched) child.stdin?.end(stdin ?? '');
    return promise;
  },
};
