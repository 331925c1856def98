// Standard output and error of the process, its signals, and the end of who reads it.
import type { Stop, Terminal } from '../lib/ports.ts';

const DEFAULT_COLUMNS = 80;

export const systemTerminal: Terminal = {
  out: (text) => {
    process.stdout.write(text);
  },
  err: (text) => {
    process.stderr.write(text);
  },
  get isTty() {
    return process.stdout.isTTY;
  },
  get columns() {
    return process.stdout.columns || DEFAULT_COLUMNS;
  },
};

/** Resolves when all that was written has been handed over, or never will be: a pipe takes only so much at once. */
export async function outputWritten(): Promise<void> {
  const handedOver = (stream: NodeJS.WriteStream): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    // Called after a failure too; that has been told by then.
    stream.write('', () => resolve(undefined));
    return promise;
  };
  await Promise.all([handedOver(process.stdout), handedOver(process.stderr)]);
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Calls `run` at the first signal to stop (a closed terminal too); a second one ends the process at once. */
export function onStopSignal(run: () => void): Stop {
  let isAsked = false;
  const ask = (): void => {
    if (isAsked) process.exit(1);
    isAsked = true;
    run();
  };
  for (const signal of SIGNALS) process.on(signal, ask);
  return () => {
    for (const signal of SIGNALS) process.off(signal, ask);
  };
}

/** Calls `run` when what reads our output has ended, as `head` does after its last line. */
export function onOutputGone(run: () => void): void {
  const failed = (error: NodeJS.ErrnoException): void => {
    if (error.code !== 'EPIPE') throw error;
    run();
  };
  process.stdout.on('error', failed);
  process.stderr.on('error', failed);
}
